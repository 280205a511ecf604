//! Single-precision sums, means, distances and quantiles in exactly the reference's order of operations
//! (specification: section 4). Order is the contract here: nothing may be fused or reassociated.

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

/// Mean of each column over chosen rows of a matrix `width` wide.
pub fn column_means(matrix: &[f32], width: usize, rows: &[u32]) -> Vec<f32> {
    let count = rows.len() as f32;
    if width == 1 {
        let column: Vec<f32> = rows.iter().filter_map(|&i| matrix.get(i as usize).copied()).collect();
        return vec![pairwise_sum(&column) / count];
    }
    let mut sums = vec![0.0_f32; width];
    let mut first = true;
    for &i in rows {
        for (sum, v) in sums.iter_mut().zip(row(matrix, width, i)) {
            *sum = if first { *v } else { *sum + v };
        }
        first = false;
    }
    sums.iter().map(|sum| sum / count).collect()
}

/// Distance of each chosen row to a centre.
pub fn distances(matrix: &[f32], width: usize, rows: &[u32], centre: &[f32]) -> Vec<f32> {
    let mut squares = vec![0.0_f32; width];
    rows.iter()
        .map(|&i| {
            for ((square, v), c) in squares.iter_mut().zip(row(matrix, width, i)).zip(centre) {
                let difference = v - c;
                *square = difference * difference;
            }
            pairwise_sum(&squares).sqrt()
        })
        .collect()
}

fn row(matrix: &[f32], width: usize, i: u32) -> &[f32] {
    let start = i as usize * width;
    matrix.get(start..start + width).unwrap_or(&[])
}

/// Linear quantile of ascending values.
pub fn quantile(sorted: &[f32], q: f64) -> f32 {
    let Some(&last) = sorted.last() else { return f32::NAN };
    if last.is_nan() {
        return f32::NAN; // NaN sorts last.
    }
    let p = (sorted.len() - 1) as f64 * q;
    let low = p.floor();
    let (Some(&a), Some(&b)) = (sorted.get(low as usize), sorted.get(low as usize + 1)) else { return last };
    let t = p - low;
    let d = b - a;
    if t < 0.5 { a + d * t as f32 } else { b - d * (1.0 - t) as f32 }
}

/// The order in which numpy sorts: NaN last.
pub fn ascending(a: &f32, b: &f32) -> std::cmp::Ordering {
    a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
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
    fn quantiles_interpolate_from_the_nearer_end() {
        assert_eq!(quantile(&[0.0, 1.0, 2.0, 3.0], 0.5), 1.5);
        assert_eq!(quantile(&[5.0], 0.95), 5.0);
        assert!(quantile(&[1.0, f32::NAN], 0.5).is_nan());
    }
}
