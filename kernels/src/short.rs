//! Numbers as a chunk has them, little-endian, in fewer bytes where those say the same. All of a chunk is gone through whatever it holds:
//! a loop that may end early takes one number at a time.

macro_rules! indices {
    ($($name:ident $t:ident $as:ident),*) => { $(
        /// Whole numbers below `limit`, at most 65,536; `false` when there are others, which come out as anything.
        #[inline(never)]
        pub fn $name(bytes: &[u8], limit: u32, to: &mut [u16]) -> bool {
            let mut wrong = false;
            for (to, item) in to.iter_mut().zip(bytes.as_chunks().0) {
                let item = $t::from_le_bytes(*item) as $as;
                wrong |= item >= $as::from(limit);
                *to = item as u16;
            }
            !wrong
        }
    )* };
}
indices!(i32_u16 i32 u32, i64_u16 i64 u64);

macro_rules! small {
    ($($name:ident $t:ident),*) => { $(
        /// Whole numbers up to 255, to the last bit; `false` when there are others, which come out as anything.
        #[inline(never)]
        pub fn $name(bytes: &[u8], to: &mut [u8]) -> bool {
            let mut other = false;
            for (to, item) in to.iter_mut().zip(bytes.as_chunks().0) {
                let item = $t::from_le_bytes(*item);
                let small = item as i32 & 255;
                // Bits, not values: -0 is not 0.
                other |= $t::from(small as u8).to_bits() != item.to_bits();
                *to = small as u8;
            }
            !other
        }
    )* };
}
small!(f32_u8 f32, f64_u8 f64);

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(items: &[[u8; N]]) -> Vec<u8> {
        items.concat()
    }

    #[test]
    fn columns_that_are_there() {
        let mut to = [0; 3];
        assert!(i32_u16(&bytes(&[0, 7, 65_535].map(i32::to_le_bytes)), 65_536, &mut to));
        assert_eq!(to, [0, 7, 65_535]);
        for wrong in [7, -1, i32::MAX, i32::MIN] {
            assert!(!i32_u16(&bytes(&[0, wrong, 1].map(i32::to_le_bytes)), 7, &mut to), "{wrong}");
        }
        assert!(i64_u16(&bytes(&[6, 5, 4].map(i64::to_le_bytes)), 7, &mut to));
        assert_eq!(to, [6, 5, 4]);
        assert!(!i64_u16(&bytes(&[1 << 32, 5, 4].map(i64::to_le_bytes)), 7, &mut to));
    }

    #[test]
    fn counts_to_the_last_bit() {
        let mut to = [0; 3];
        assert!(f32_u8(&bytes(&[0.0, 255.0, 1.0].map(f32::to_le_bytes)), &mut to));
        assert_eq!(to, [0, 255, 1]);
        for other in [-0.0, 256.0, 0.5, -1.0, f32::NAN, f32::INFINITY, 1e-45] {
            assert!(!f32_u8(&bytes(&[1.0, other, 2.0].map(f32::to_le_bytes)), &mut to), "{other}");
            assert!(!f64_u8(&bytes(&[1.0, other.into(), 2.0].map(f64::to_le_bytes)), &mut to), "{other}");
        }
        assert!(f64_u8(&bytes(&[3.0, 2.0, 1.0].map(f64::to_le_bytes)), &mut to));
        assert_eq!(to, [3, 2, 1]);
    }
}
