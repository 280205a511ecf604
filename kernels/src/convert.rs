//! Numbers of one type as numbers of another, all of them.

macro_rules! singles {
    ($($name:ident $t:ty),*) => { $(
        /// In single precision, each with one rounding.
        #[inline(never)]
        pub fn $name(items: &[$t]) -> Vec<f32> {
            items.iter().map(|&x| x as f32).collect()
        }
    )* };
}
singles!(i8_f32 i8, i16_f32 i16, i32_f32 i32, i64_f32 i64, u8_f32 u8, u16_f32 u16, u32_f32 u32, u64_f32 u64, f64_f32 f64);

macro_rules! positions {
    ($($name:ident $t:ty),*) => { $(
        /// As positions; or else the first that is none.
        ///
        /// # Errors
        /// The first negative number.
        #[inline(never)]
        pub fn $name(items: &[$t]) -> Result<Vec<u64>, $t> {
            match items.iter().find(|x| **x < 0) {
                Some(&wrong) => Err(wrong),
                None => Ok(items.iter().map(|&x| x as u64).collect()),
            }
        }
    )* };
}
positions!(i8_u64 i8, i16_u64 i16, i32_u64 i32, i64_u64 i64);

macro_rules! wider {
    ($($name:ident $t:ty),*) => { $(
        /// As positions.
        #[inline(never)]
        pub fn $name(items: &[$t]) -> Vec<u64> {
            items.iter().map(|&x| x.into()).collect()
        }
    )* };
}
wider!(u8_u64 u8, u16_u64 u16, u32_u64 u32);

macro_rules! narrow {
    ($($name:ident $t:ty),*) => { $(
        /// As numbers below `limit`, in the same memory where they are as wide; 0 in the place of each that is not, and the place of the
        /// first of those.
        #[inline(never)]
        pub fn $name(items: Vec<$t>, limit: usize) -> (Vec<u32>, Option<usize>) {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let least = |x: $t| u32::try_from(x).ok().filter(|x| *x < limit);
            let wrong = items.iter().position(|&x| least(x).is_none());
            (items.into_iter().map(|x| least(x).unwrap_or(0)).collect(), wrong)
        }
    )* };
}
narrow!(i8_u32 i8, i16_u32 i16, i32_u32 i32, i64_u32 i64, u8_u32 u8, u16_u32 u16, u32_u32 u32, u64_u32 u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(i32_u64(&[3, 0]), Ok(vec![3, 0]));
        assert_eq!(i64_u64(&[3, -1, -2]), Err(-1));
        assert_eq!(i32_u32(vec![1, 9, -1], 9), (vec![1, 0, 0], Some(1)));
        assert_eq!(u64_u32(vec![1 << 33, 8], 9), (vec![0, 8], Some(0)));
        assert_eq!(i8_u32(vec![1, 2], 9), (vec![1, 2], None));
    }

    #[test]
    fn one_rounding() {
        assert_eq!(i64_f32(&[16_777_217, i64::MAX]), [16_777_216.0, 9_223_372_036_854_775_807_i64 as f32]);
        assert_eq!(f64_f32(&[0.1, f64::MAX]), [0.1_f32, f32::INFINITY]);
    }
}
