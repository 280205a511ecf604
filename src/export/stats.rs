//! Single-precision sums, means, distances and quantiles in exactly the reference's order of operations
//! (specification: section 4). Order is the contract here: nothing may be fused or reassociated.

use cellucid_kernels::group;

/// Sum of a vector: halves down to 128 items, eight running sums below that.
pub fn pairwise_sum(x: &[f32]) -> f32 {
    let n = x.len();
    if n < 8 {
        return x.iter().fold(-0.0, |sum, v| sum + v);
    }
    if n > 128 {
        let half = n / 2 - (n / 2) % 8;
        let (a, b) = x.split_at(half);
        return pairwise_sum(a) + pairwise_sum(b);
    }
    let (blocks, rest) = x.as_chunks::<8>();
    let mut blocks = blocks.iter();
    let mut r = *blocks.next().unwrap_or(&[0.0; 8]);
    for block in blocks {
        for (sum, v) in r.iter_mut().zip(block) {
            *sum += v;
        }
    }
    let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    rest.iter().fold(sum, |sum, v| sum + v)
}

/// Distance of a row to a centre.
pub fn distance<const W: usize>(row: &[f32; W], centre: &[f32; W]) -> f32 {
    let mut sum = -0.0;
    for (v, c) in row.iter().zip(centre) {
        let difference = v - c;
        sum += difference * difference;
    }
    sum.sqrt()
}

/// Room for the squares of one row's differences.
pub struct Widths(Vec<f32>);

impl Widths {
    /// For rows of that width.
    pub fn new(width: usize) -> Self {
        Self(vec![0.0; width])
    }

    /// Distance of a row to a centre.
    pub fn distance(&mut self, row: &[f32], centre: &[f32]) -> f32 {
        for ((square, v), c) in self.0.iter_mut().zip(row).zip(centre) {
            let difference = v - c;
            *square = difference * difference;
        }
        pairwise_sum(&self.0).sqrt()
    }
}

/// A number whose order is that of distances, NaN last.
pub fn rank_key(distance: f32) -> u32 {
    // Distances have no sign but that of zero, which this takes away.
    if distance.is_nan() { u32::MAX } else { (distance + 0.0).to_bits() }
}

/// Linear quantile of distances, which are given as [`rank_key`]s, in any order; they are put into another.
pub fn quantile(keys: &mut [u32], q: f64) -> f32 {
    let Some(last) = keys.len().checked_sub(1) else { return f32::NAN };
    if keys.contains(&u32::MAX) {
        return f32::NAN;
    }
    let p = last as f64 * q;
    let low = p.floor();
    if low as usize >= last {
        return keys.iter().max().map_or(f32::NAN, |&key| f32::from_bits(key));
    }
    let Some((a, b)) = group::select(keys, low as usize) else { return f32::NAN };
    let (a, b) = (f32::from_bits(a), f32::from_bits(b.unwrap_or(a)));
    let t = p - low;
    let d = b - a;
    if t < 0.5 { a + d * t as f32 } else { b - d * (1.0 - t) as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_follow_the_blocks() {
        let x: Vec<f32> = (0..300).map(|i| 1.0 / (i as f32 + 3.0)).collect();
        // numpy 2.4: np.add.reduce of the same values.
        let exact: f64 = x.iter().map(|&v| f64::from(v)).sum();
        assert!((f64::from(pairwise_sum(&x)) - exact).abs() < 1e-6);
        assert_eq!(pairwise_sum(&[]).to_bits(), (-0.0_f32).to_bits());
        assert_eq!(pairwise_sum(&[1e8, 1.0, -1e8]), 0.0);
    }

    #[test]
    fn narrow_rows_are_as_far_as_wide_ones() {
        for row in [[0.5, -2.0, 7.25], [1e-3, 1e3, 0.1]] {
            assert_eq!(distance(&row, &[0.1, 0.2, 0.3]), Widths::new(3).distance(&row, &[0.1, 0.2, 0.3]));
        }
    }

    #[test]
    fn quantiles_interpolate_from_the_nearer_end() {
        let quantile = |x: &[f32], q| quantile(&mut x.iter().map(|&x| rank_key(x)).collect::<Vec<_>>(), q);
        assert_eq!(quantile(&[3.0, 0.0, 2.0, 1.0], 0.5), 1.5);
        assert_eq!(quantile(&[5.0], 0.95), 5.0);
        assert!(quantile(&[1.0, f32::NAN], 0.5).is_nan());
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(quantile(&[2.0, 1.0, f32::INFINITY], 0.4), 1.8);
    }
}
