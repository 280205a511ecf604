//! Where labels are shown: the middle of their cells without the farthest of them (specification: sections 4 and 7).
//!
//! Sums run over a group's cells in the order of the file; that order, and that of each addition, is the contract.

use std::ops::Range;

use cellucid_kernels::group::{self, Near};

use super::{
    groups::Groups,
    stats::{distance, pairwise_sum, quantile, rank_key},
};

/// Where a label is to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Centroid {
    /// Position of the label among the labels.
    pub label: usize,
    /// Mean of its cells, in general without the farthest of them.
    pub position: Vec<f32>,
    /// Cells that took part.
    pub used: usize,
}

/// Centroids of all groups in an embedding `width` wide: the mean of those no farther from the mean of all than that `share` of them,
/// unless fewer than `least` would be left.
pub fn centroids(
    groups: &Groups,
    codes: &[i32],
    rows: &[f32],
    width: usize,
    least: usize,
    share: f64,
) -> Vec<Centroid> {
    let trim = Trim { groups, codes, least, share };
    match width {
        1 => trim.single(rows),
        width => trim.centroids(rows, width),
    }
}

/// Cells are gone through in the order of the file, once for each step, and never put together by group: that would wait for memory.
struct Trim<'a> {
    groups: &'a Groups,
    codes: &'a [i32],
    least: usize,
    share: f64,
}

/// Sums of the rows of each group, as wide as rows are, and of how many.
struct Sums {
    of: Vec<f32>,
    counts: Vec<usize>,
}

impl Sums {
    fn means(&self, width: usize) -> Vec<f32> {
        let rows = self.of.chunks_exact(width).zip(&self.counts);
        rows.flat_map(|(row, &count)| row.iter().map(move |sum| sum / count as f32)).collect()
    }
}

impl Trim<'_> {
    fn centroids(&self, rows: &[f32], width: usize) -> Vec<Centroid> {
        let all = self.sums(rows, width, None).means(width);
        let farthest = self.farthest(rows, width, &all);
        let near = self.sums(rows, width, Some(&Near { centres: &all, farthest: &farthest }));
        let means = near.means(width);
        let own = all.chunks_exact(width).zip(means.chunks_exact(width)).zip(&near.counts);
        let mut centroids = Vec::with_capacity(self.groups.groups.len());
        for ((label, span), ((all, near), &used)) in self.groups.groups.iter().zip(own) {
            centroids.push(self.choose(*label, span.len(), all, near, used));
        }
        centroids
    }

    fn choose(&self, label: usize, cells: usize, all: &[f32], near: &[f32], count: usize) -> Centroid {
        let trimmed = cells > self.least && count >= self.least;
        let (position, used) = if trimmed { (near, count) } else { (all, cells) };
        Centroid { label, position: position.to_vec(), used }
    }

    /// Sums of the rows that are near, or of all.
    fn sums(&self, rows: &[f32], width: usize, near: Option<&Near<'_>>) -> Sums {
        let groups = self.groups.groups.len();
        // −0 and a number is that number, whatever its sign.
        let mut sums = Sums { of: vec![-0.0; groups * width], counts: vec![0; groups] };
        let of_label = self.groups.of_label();
        group::sum((rows, width), self.codes, of_label, near, &mut sums.of, &mut sums.counts);
        sums
    }

    /// How far from its centre a row of a group may be.
    fn farthest(&self, rows: &[f32], width: usize, centres: &[f32]) -> Vec<f32> {
        let mut keys = vec![0_u32; self.groups.total()];
        let mut next = self.groups.starts();
        group::rank((rows, width), self.codes, self.groups.of_label(), centres, &mut next, &mut keys);
        let spans = self.groups.groups.iter().map(|(_, span)| span.clone());
        spans.map(|span| quantile(keys.get_mut(span).unwrap_or_default(), self.share)).collect()
    }

    /// Single columns are summed in pairs, so each group's are put together.
    fn single(&self, column: &[f32]) -> Vec<Centroid> {
        let mean = |own: &[f32]| [pairwise_sum(own) / own.len() as f32];
        let cells = self.groups.cells(self.codes);
        let of = |(label, span): &(usize, Range<usize>)| {
            let cells = cells.get(span.clone()).unwrap_or_default();
            let own: Vec<f32> = cells.iter().filter_map(|&cell| column.get(cell as usize)).copied().collect();
            let all = mean(&own);
            let mut keys: Vec<u32> = own.iter().map(|&x| rank_key(distance(&[x], &all))).collect();
            let farthest = quantile(&mut keys, self.share);
            let near: Vec<f32> = own.into_iter().filter(|&x| distance(&[x], &all) <= farthest).collect();
            self.choose(*label, cells.len(), &all, &mean(&near), near.len())
        };
        self.groups.groups.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::stats::Widths, *};

    #[test]
    fn centroids_are_those_of_groups_put_together() {
        // As the specification has it (section 4): gather, measure, trim, gather again.
        fn plainly(rows: &[Vec<f32>], least: usize, share: f64) -> (Vec<f32>, usize) {
            let mean = |rows: &[&Vec<f32>]| -> Vec<f32> {
                let column = |axis: usize| rows.iter().map(|row| row[axis]).collect::<Vec<f32>>();
                let sum = |x: Vec<f32>| match rows[0].len() {
                    1 => pairwise_sum(&x),
                    _ => x.iter().fold(-0.0, |sum, x| sum + x),
                };
                (0..rows[0].len()).map(|axis| sum(column(axis)) / rows.len() as f32).collect()
            };
            let all: Vec<&Vec<f32>> = rows.iter().collect();
            let centre = mean(&all);
            let far = |row: &Vec<f32>| Widths::new(row.len()).distance(row, &centre);
            let mut keys: Vec<u32> = rows.iter().map(|row| rank_key(far(row))).collect();
            let farthest = quantile(&mut keys, share);
            let near: Vec<&Vec<f32>> = rows.iter().filter(|row| far(row) <= farthest).collect();
            if rows.len() > least && near.len() >= least {
                (mean(&near), near.len())
            } else {
                (centre, rows.len())
            }
        }
        for width in [1, 2, 3] {
            for share in [0.6, 0.95] {
                let codes: Vec<i32> = (0..900).map(|i| (i * i) % 7 - 1).collect();
                let mut rows: Vec<f32> = (0..900 * width).map(|i| ((i * 37) % 1009) as f32 / 7.0).collect();
                rows[width * 5] = f32::NAN;
                let groups = Groups::new(&codes, 6, 10);
                for made in centroids(&groups, &codes, &rows, width, 10, share) {
                    let own =
                        codes.iter().zip(rows.chunks(width)).filter(|(code, _)| **code == made.label as i32);
                    let own: Vec<Vec<f32>> = own.map(|(_, row)| row.to_vec()).collect();
                    let (position, used) = plainly(&own, 10, share);
                    let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                    assert_eq!((bits(&made.position), made.used), (bits(&position), used));
                }
            }
        }
    }
}
