//! Numbers as a chunk has them, little-endian, in fewer bytes where those say the same. All of a chunk is gone through whatever it holds:
//! a loop that may end early takes one number at a time. Appended, so that what they go to need not be filled first.

/// Numbers that are made at once, where the processor has them at hand.
const ROUND: usize = 1024;

/// Appends what is made of each number; the result says whether any was odd, which ends nothing.
#[inline(always)]
fn append<const W: usize, T: Copy + Default>(
    bytes: &[u8],
    to: &mut Vec<T>,
    one: impl Fn([u8; W]) -> (T, bool),
) -> bool {
    let mut any = false;
    let mut short = [T::default(); ROUND];
    for round in bytes.as_chunks::<W>().0.chunks(ROUND) {
        for (to, item) in short.iter_mut().zip(round) {
            let (item, odd) = one(*item);
            any |= odd;
            *to = item;
        }
        to.extend_from_slice(short.get(..round.len()).unwrap_or_default());
    }
    any
}

macro_rules! indices {
    ($($name:ident $t:ident $as:ident),*) => { $(
        /// Appends whole numbers below `limit`, at most 65,536; `false` when there are others, which come out as anything.
        #[inline(never)]
        pub fn $name(bytes: &[u8], limit: u32, to: &mut Vec<u16>) -> bool {
            !append(bytes, to, |item| {
                let item = $t::from_le_bytes(item) as $as;
                (item as u16, item >= $as::from(limit))
            })
        }
    )* };
}
indices!(i32_u16 i32 u32, i64_u16 i64 u64);

macro_rules! small {
    ($($name:ident $t:ident),*) => { $(
        /// Appends whole numbers up to 255, to the last bit; `false` when there are others, which come out as anything.
        #[inline(never)]
        pub fn $name(bytes: &[u8], to: &mut Vec<u8>) -> bool {
            !append(bytes, to, |item| {
                let item = $t::from_le_bytes(item);
                let small = item as i32 as u8;
                // Bits, not values: -0 is not 0.
                (small, $t::from(small).to_bits() != item.to_bits())
            })
        }
    )* };
}
small!(f32_u8 f32, f64_u8 f64);

macro_rules! all {
    ($($name:ident $t:ident),*) => { $(
        /// Appends numbers as they are.
        #[inline(never)]
        pub fn $name(bytes: &[u8], to: &mut Vec<$t>) {
            append(bytes, to, |item| ($t::from_le_bytes(item), false));
        }
    )* };
}
all!(f32_all f32, f64_all f64);

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(items: &[[u8; N]]) -> Vec<u8> {
        items.concat()
    }

    #[test]
    fn columns_that_are_there() {
        let mut to = Vec::new();
        assert!(i32_u16(&bytes(&[0, 7, 65_535].map(i32::to_le_bytes)), 65_536, &mut to));
        assert_eq!(to, [0, 7, 65_535]);
        for wrong in [7, -1, i32::MAX, i32::MIN] {
            assert!(!i32_u16(&bytes(&[0, wrong, 1].map(i32::to_le_bytes)), 7, &mut to), "{wrong}");
        }
        to.clear();
        assert!(i64_u16(&bytes(&[6, 5, 4].map(i64::to_le_bytes)), 7, &mut to));
        assert_eq!(to, [6, 5, 4]);
        assert!(!i64_u16(&bytes(&[1 << 32, 5, 4].map(i64::to_le_bytes)), 7, &mut to));
    }

    #[test]
    fn counts_to_the_last_bit() {
        let mut to = Vec::new();
        assert!(f32_u8(&bytes(&[0.0, 255.0, 1.0].map(f32::to_le_bytes)), &mut to));
        assert_eq!(to, [0, 255, 1]);
        for other in [-0.0, 256.0, 0.5, -1.0, f32::NAN, f32::INFINITY, 1e-45] {
            assert!(!f32_u8(&bytes(&[1.0, other, 2.0].map(f32::to_le_bytes)), &mut to), "{other}");
            assert!(!f64_u8(&bytes(&[1.0, other.into(), 2.0].map(f64::to_le_bytes)), &mut to), "{other}");
        }
        to.clear();
        assert!(f64_u8(&bytes(&[3.0, 2.0, 1.0].map(f64::to_le_bytes)), &mut to));
        assert_eq!(to, [3, 2, 1]);
    }
}
