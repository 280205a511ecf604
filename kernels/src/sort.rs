//! Items of a matrix stored by row, into segments by column: each column's rows, then its values.

/// Counts how often each number comes; what is beyond the last is left out.
#[inline(never)]
pub fn count(numbers: &[u32], counts: &mut [u32]) {
    for &number in numbers {
        if let Some(count) = counts.get_mut(number as usize) {
            *count = count.wrapping_add(1);
        }
    }
}

macro_rules! scatter {
    ($($name:ident $t:ident),*) => { $(
        /// Puts a row's items into the segments of their columns. `next` has for each column at which byte of `segments` its next row
        /// number and its next value go, and is moved on; row numbers take four bytes where `wide`, else two, little-endian.
        #[inline(never)]
        pub fn $name(row: u32, wide: bool, indices: &[u32], data: &[$t], next: &mut [(u32, u32)], segments: &mut [u8]) {
            if wide {
                put(row.to_le_bytes(), indices, data, $t::to_le_bytes, next, segments);
            } else {
                put((row as u16).to_le_bytes(), indices, data, $t::to_le_bytes, next, segments);
            }
        }
    )* };
}
scatter!(one u8, two u16, four u32, eight u64);

#[inline(always)]
fn put<T: Copy, const R: usize, const W: usize>(
    row: [u8; R],
    indices: &[u32],
    data: &[T],
    bytes: impl Fn(T) -> [u8; W],
    next: &mut [(u32, u32)],
    segments: &mut [u8],
) {
    for (&index, &value) in indices.iter().zip(data) {
        let Some((row_at, value_at)) = next.get_mut(index as usize) else { continue };
        if let Some(to) = segments.get_mut(*row_at as usize..).and_then(|s| s.first_chunk_mut()) {
            *to = row;
        }
        if let Some(to) = segments.get_mut(*value_at as usize..).and_then(|s| s.first_chunk_mut()) {
            *to = bytes(value);
        }
        *row_at = row_at.wrapping_add(R as u32);
        *value_at = value_at.wrapping_add(W as u32);
    }
}

macro_rules! small {
    ($($most:ident $to_u8:ident $to_u16:ident $t:ident $small:expr),*) => { $(
        /// The greatest, if all are whole numbers up to 65,535 to the last bit.
        #[inline(never)]
        pub fn $most(values: &[$t]) -> Option<u16> {
            values.iter().try_fold(0, |most: u16, &x| Some(most.max($small(x)?)))
        }

        /// As whole numbers up to 255, which all of them have to be.
        #[inline(never)]
        pub fn $to_u8(values: &[$t]) -> Vec<u8> {
            values.iter().map(|&x| x as u8).collect()
        }

        /// As whole numbers up to 65,535, which all of them have to be.
        #[inline(never)]
        pub fn $to_u16(values: &[$t]) -> Vec<u16> {
            values.iter().map(|&x| x as u16).collect()
        }
    )* };
}
// Bits, not values: -0 is not 0.
small!(
    most_f32 f32_u8 f32_u16 f32 |x: f32| Some(x as u16).filter(|&s| f32::from(s).to_bits() == x.to_bits()),
    most_f64 f64_u8 f64_u16 f64 |x: f64| Some(x as u16).filter(|&s| f64::from(s).to_bits() == x.to_bits())
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_go_to_their_columns() {
        let mut counts = [0; 2];
        count(&[1, 0, 1, 7], &mut counts);
        assert_eq!(counts, [1, 2]);
        // Column 0 has one item, column 1 two: rows of two bytes, then values of one.
        let (mut next, mut segments) = ([(0, 2), (3, 7)], [0; 9]);
        one(5, false, &[1, 0], &[10, 20], &mut next, &mut segments);
        one(6, false, &[1], &[30], &mut next, &mut segments);
        assert_eq!(segments, [5, 0, 20, 5, 0, 6, 0, 10, 30]);
        let (mut next, mut segments) = ([(0, 4)], [0; 12]);
        eight(70_000, true, &[0, 9], &[u64::MAX, 1], &mut next, &mut segments);
        assert_eq!(segments[..5], [0x70, 0x11, 1, 0, 255]);
    }

    #[test]
    fn small_whole_numbers_are_seen() {
        assert_eq!(most_f32(&[0.0, 300.0, 7.0]), Some(300));
        assert_eq!(
            [most_f32(&[-0.0]), most_f32(&[0.5]), most_f64(&[65_536.0]), most_f64(&[f64::NAN])],
            [None; 4]
        );
        assert_eq!((f64_u8(&[255.0, 0.0]), f32_u16(&[65_535.0])), (vec![255, 0], vec![65_535]));
    }
}
