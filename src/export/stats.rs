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

/// Mean of each column of a matrix `width` wide.
pub fn column_means(rows: &[f32], width: usize) -> Vec<f32> {
    fn narrow<const W: usize>(rows: &[f32]) -> Vec<f32> {
        // −0 and a number is that number, whatever its sign.
        let mut sums = [-0.0_f32; W];
        for row in rows.as_chunks::<W>().0 {
            for (sum, v) in sums.iter_mut().zip(row) {
                *sum += v;
            }
        }
        sums.to_vec()
    }
    let count = (rows.len() / width.max(1)) as f32;
    let mut sums = match width {
        1 => vec![pairwise_sum(rows)],
        2 => narrow::<2>(rows),
        3 => narrow::<3>(rows),
        _ => {
            let mut sums = vec![-0.0_f32; width];
            for row in rows.chunks_exact(width.max(1)) {
                for (sum, v) in sums.iter_mut().zip(row) {
                    *sum += v;
                }
            }
            sums
        }
    };
    for sum in &mut sums {
        *sum /= count;
    }
    sums
}

/// Distance of each row of a matrix, as wide as the centre, to that centre.
pub fn distances(rows: &[f32], centre: &[f32], out: &mut Vec<f32>) {
    fn narrow<const W: usize>(rows: &[f32], centre: &[f32; W], out: &mut Vec<f32>) {
        out.extend(rows.as_chunks::<W>().0.iter().map(|row| {
            let mut sum = -0.0;
            for (v, c) in row.iter().zip(centre) {
                let difference = v - c;
                sum += difference * difference;
            }
            sum.sqrt()
        }));
    }
    match *centre {
        [x] => narrow(rows, &[x], out),
        [x, y] => narrow(rows, &[x, y], out),
        [x, y, z] => narrow(rows, &[x, y, z], out),
        _ => {
            let mut widths = Widths::new(centre.len());
            out.extend(rows.chunks_exact(centre.len().max(1)).map(|row| widths.distance(row, centre)));
        }
    }
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

/// Linear quantile of distances, in any order; `keys` is room to work in.
pub fn quantile(distances: &[f32], q: f64, keys: &mut Vec<u32>) -> f32 {
    keys.clear();
    keys.extend(distances.iter().map(|&d| rank_key(d)));
    let Some(last) = keys.len().checked_sub(1) else { return f32::NAN };
    if keys.contains(&u32::MAX) {
        return f32::NAN;
    }
    let p = last as f64 * q;
    let low = p.floor();
    if low as usize >= last {
        return keys.iter().max().map_or(f32::NAN, |&key| f32::from_bits(key));
    }
    let (_, a, above) = keys.select_nth_unstable(low as usize);
    let (a, b) = (f32::from_bits(*a), f32::from_bits(above.iter().min().copied().unwrap_or(*a)));
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
    fn narrow_rows_are_summed_as_wide_ones_are() {
        for width in [2_usize, 3, 4, 9] {
            let rows: Vec<f32> = (0..width * 40).map(|i| ((i * 29) % 83) as f32 / 9.0 - 4.0).collect();
            let centre = column_means(&rows, width);
            let mut fast = Vec::new();
            distances(&rows, &centre, &mut fast);
            let mut wide = Widths::new(width);
            let slow: Vec<f32> = rows.chunks(width).map(|row| wide.distance(row, &centre)).collect();
            assert_eq!(fast, slow);
        }
    }

    #[test]
    fn quantiles_interpolate_from_the_nearer_end() {
        let quantile = |x: &[f32], q| quantile(x, q, &mut Vec::new());
        assert_eq!(quantile(&[3.0, 0.0, 2.0, 1.0], 0.5), 1.5);
        assert_eq!(quantile(&[5.0], 0.95), 5.0);
        assert!(quantile(&[1.0, f32::NAN], 0.5).is_nan());
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(quantile(&[2.0, 1.0, f32::INFINITY], 0.4), 1.8);
    }
}
