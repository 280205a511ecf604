//! Where labels are shown: the middle of their cells without the farthest of them (specification: sections 4 and 7).
//!
//! Sums run over a group's cells in the order of the file; that order, and that of each addition, is the contract.

use std::ops::Range;

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
        2 => trim.centroids(rows.as_chunks::<2>().0),
        _ => trim.centroids(rows.as_chunks::<3>().0),
    }
}

/// Cells are gone through in the order of the file, once for each step, and never put together by group: that would wait for memory.
struct Trim<'a> {
    groups: &'a Groups,
    codes: &'a [i32],
    least: usize,
    share: f64,
}

/// Sum of some rows, and of how many.
#[derive(Clone)]
struct Sum<const W: usize> {
    of: [f32; W],
    count: usize,
}

impl<const W: usize> Sum<W> {
    fn mean(&self) -> [f32; W] {
        self.of.map(|sum| sum / self.count as f32)
    }
}

impl Trim<'_> {
    fn centroids<const W: usize>(&self, rows: &[[f32; W]]) -> Vec<Centroid> {
        let all: Vec<[f32; W]> = self.sums(rows, |_, _| true).iter().map(Sum::mean).collect();
        let farthest = self.farthest(rows, &all);
        let near = |group: usize, row: &[f32; W]| {
            let bounds = all.get(group).zip(farthest.get(group));
            bounds.is_some_and(|(centre, farthest)| distance(row, centre) <= *farthest)
        };
        let near = self.sums(rows, near);
        let mut centroids = Vec::with_capacity(all.len());
        for ((label, span), (all, near)) in self.groups.groups.iter().zip(all.iter().zip(&near)) {
            centroids.push(self.choose(*label, span.len(), *all, near));
        }
        centroids
    }

    fn choose<const W: usize>(&self, label: usize, cells: usize, all: [f32; W], near: &Sum<W>) -> Centroid {
        let trimmed = cells > self.least && near.count >= self.least;
        let (position, used) = if trimmed { (near.mean(), near.count) } else { (all, cells) };
        Centroid { label, position: position.to_vec(), used }
    }

    /// Sums of the rows that are taken, by group.
    fn sums<const W: usize>(
        &self,
        rows: &[[f32; W]],
        takes: impl Fn(usize, &[f32; W]) -> bool,
    ) -> Vec<Sum<W>> {
        // −0 and a number is that number, whatever its sign.
        let mut sums = vec![Sum { of: [-0.0; W], count: 0 }; self.groups.groups.len()];
        for (row, &code) in rows.iter().zip(self.codes) {
            let Some(group) = self.groups.of(code).filter(|&group| takes(group, row)) else { continue };
            let Some(sum) = sums.get_mut(group) else { continue };
            for (sum, x) in sum.of.iter_mut().zip(row) {
                *sum += x;
            }
            sum.count += 1;
        }
        sums
    }

    /// How far from its centre a row of a group may be.
    fn farthest<const W: usize>(&self, rows: &[[f32; W]], centres: &[[f32; W]]) -> Vec<f32> {
        let mut keys = vec![0_u32; self.groups.total()];
        let mut next = self.groups.starts();
        for (row, &code) in rows.iter().zip(self.codes) {
            let Some(group) = self.groups.of(code) else { continue };
            let (Some(at), Some(centre)) = (next.get_mut(group), centres.get(group)) else { continue };
            if let Some(slot) = keys.get_mut(*at) {
                *slot = rank_key(distance(row, centre));
            }
            *at += 1;
        }
        let spans = self.groups.groups.iter().map(|(_, span)| span.clone());
        spans.map(|span| quantile(keys.get_mut(span).unwrap_or_default(), self.share)).collect()
    }

    /// Single columns are summed in pairs, so each group's are put together.
    fn single(&self, column: &[f32]) -> Vec<Centroid> {
        let sum = |own: &[f32]| Sum { of: [pairwise_sum(own)], count: own.len() };
        let cells = self.groups.cells(self.codes);
        let of = |(label, span): &(usize, Range<usize>)| {
            let cells = cells.get(span.clone()).unwrap_or_default();
            let own: Vec<f32> = cells.iter().filter_map(|&cell| column.get(cell as usize)).copied().collect();
            let all = sum(&own).mean();
            let mut keys: Vec<u32> = own.iter().map(|&x| rank_key(distance(&[x], &all))).collect();
            let farthest = quantile(&mut keys, self.share);
            let near: Vec<f32> = own.into_iter().filter(|&x| distance(&[x], &all) <= farthest).collect();
            self.choose(*label, cells.len(), all, &sum(&near))
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
