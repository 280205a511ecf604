//! Cells by label: where each label's points lie, and how far from its group's middle a cell is
//! (specification: sections 4 and 7).
//!
//! Sums run over a group's cells in the order of the file; that order, and that of each addition, is the contract.

use std::ops::Range;

use super::stats::{Widths, column_means, distances, pairwise_sum, quantile, rank_key};

/// The groups with enough cells.
pub struct Groups {
    /// Label of each group and where its cells stand in `cells`.
    groups: Vec<(usize, Range<usize>)>,
    /// Cells, ascending within a group.
    cells: Vec<u32>,
    /// Group of each label; `u32::MAX` for labels with too few cells.
    of_label: Vec<u32>,
}

impl Groups {
    /// Sorts cells by code, by counting; codes below zero belong nowhere.
    pub fn new(codes: &[i32], labels: usize, least: usize) -> Self {
        let mut counts = vec![0_usize; labels];
        for &code in codes {
            if let Some(count) = usize::try_from(code).ok().and_then(|c| counts.get_mut(c)) {
                *count += 1;
            }
        }
        let (mut groups, mut of_label, mut total) = (Vec::new(), vec![u32::MAX; labels], 0);
        let mut next = vec![usize::MAX; labels];
        for (label, &count) in counts.iter().enumerate().filter(|(_, count)| **count >= least.max(1)) {
            if let (Some(group), Some(start)) = (of_label.get_mut(label), next.get_mut(label)) {
                (*group, *start) = (groups.len() as u32, total);
            }
            groups.push((label, total..total + count));
            total += count;
        }
        let mut cells = vec![0_u32; total];
        for (cell, &code) in codes.iter().enumerate() {
            let at = usize::try_from(code).ok().and_then(|c| next.get_mut(c));
            if let Some(at) = at
                && let Some(slot) = cells.get_mut(*at)
            {
                *slot = cell as u32;
                *at += 1;
            }
        }
        Self { groups, cells, of_label }
    }

    /// Label and cells of each group, by label.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[u32])> {
        self.groups.iter().map(|(label, span)| (*label, self.cells.get(span.clone()).unwrap_or(&[])))
    }

    /// Group of a code.
    fn of(&self, code: i32) -> Option<usize> {
        let group = usize::try_from(code).ok().and_then(|c| self.of_label.get(c)).copied()?;
        (group != u32::MAX).then_some(group as usize)
    }
}

/// Room for one group's rows, used again for the next.
#[derive(Default)]
pub struct Room {
    rows: Vec<f32>,
    kept: Vec<f32>,
    distances: Vec<f32>,
    keys: Vec<u32>,
}

impl Room {
    /// Mean of a group without its farthest members, and how many took part.
    pub fn centroid(
        &mut self,
        matrix: &[f32],
        width: usize,
        cells: &[u32],
        least: usize,
        share: f64,
    ) -> (Vec<f32>, usize) {
        match width {
            2 => gather::<2>(matrix, cells, &mut self.rows),
            3 => gather::<3>(matrix, cells, &mut self.rows),
            _ => {
                self.rows.clear();
                for &cell in cells {
                    let start = cell as usize * width;
                    self.rows.extend_from_slice(matrix.get(start..start + width).unwrap_or(&[]));
                }
            }
        }
        let centre = column_means(&self.rows, width);
        if cells.len() <= least {
            return (centre, cells.len());
        }
        self.distances.clear();
        distances(&self.rows, &centre, &mut self.distances);
        let threshold = quantile(&self.distances, share, &mut self.keys);
        match width {
            2 => keep::<2>(&self.rows, &self.distances, threshold, &mut self.kept),
            3 => keep::<3>(&self.rows, &self.distances, threshold, &mut self.kept),
            _ => {
                self.kept.clear();
                for (row, distance) in self.rows.chunks_exact(width.max(1)).zip(&self.distances) {
                    if *distance <= threshold {
                        self.kept.extend_from_slice(row);
                    }
                }
            }
        }
        let kept = self.kept.len() / width.max(1);
        if kept >= least { (column_means(&self.kept, width), kept) } else { (centre, cells.len()) }
    }
}

/// The rows of some cells, one behind the other.
fn gather<const W: usize>(matrix: &[f32], cells: &[u32], out: &mut Vec<f32>) {
    let (rows, _) = matrix.as_chunks::<W>();
    out.clear();
    out.resize(cells.len() * W, 0.0);
    let found = cells.iter().filter_map(|&cell| rows.get(cell as usize));
    let mut n = 0;
    for (slot, row) in out.as_chunks_mut::<W>().0.iter_mut().zip(found) {
        *slot = *row;
        n += W;
    }
    out.truncate(n);
}

/// The rows that are no farther away.
fn keep<const W: usize>(rows: &[f32], distances: &[f32], farthest: f32, out: &mut Vec<f32>) {
    out.clear();
    out.resize(rows.len(), 0.0);
    let near = rows.as_chunks::<W>().0.iter().zip(distances).filter(|(_, distance)| **distance <= farthest);
    let mut n = 0;
    for (slot, (row, _)) in out.as_chunks_mut::<W>().0.iter_mut().zip(near) {
        *slot = *row;
        n += W;
    }
    out.truncate(n);
}

/// Distances of cells from the middle of their group, made from rows that come in blocks: first the middles of all of them,
/// then the distances.
pub struct Spread<'a> {
    groups: &'a Groups,
    codes: &'a [i32],
    width: usize,
    /// Sums of each group, then means.
    middles: Vec<f32>,
    /// Single columns are summed in pairs, so they are kept whole.
    column: Vec<f32>,
    /// By cell; NaN for cells without a group.
    distances: Vec<f32>,
}

impl<'a> Spread<'a> {
    /// For a matrix `width` wide with a row for each code.
    pub fn new(groups: &'a Groups, codes: &'a [i32], width: usize) -> Self {
        // −0 and a number is that number, whatever its sign.
        let middles = vec![-0.0; groups.groups.len() * width];
        let column = Vec::with_capacity(if width == 1 { codes.len() } else { 0 });
        Self { groups, codes, width, middles, column, distances: Vec::new() }
    }

    /// The first time: adds a block of rows, the first of which is `start`.
    pub fn add(&mut self, start: usize, rows: &[f32]) {
        if self.width == 1 {
            return self.column.extend_from_slice(rows);
        }
        let codes = self.codes.get(start..).unwrap_or(&[]);
        for (row, &code) in rows.chunks_exact(self.width.max(1)).zip(codes) {
            let Some(group) = self.groups.of(code) else { continue };
            let sums = self.middles.get_mut(group * self.width..(group + 1) * self.width);
            for (sum, v) in sums.unwrap_or(&mut []).iter_mut().zip(row) {
                *sum += v;
            }
        }
    }

    /// Between the two: makes means of the sums.
    pub fn divide(&mut self) {
        for (group, (_, cells)) in self.groups.iter().enumerate() {
            let count = cells.len() as f32;
            let middle = self.middles.get_mut(group * self.width..(group + 1) * self.width);
            let middle = middle.unwrap_or(&mut []);
            if let [only] = middle {
                let own: Vec<f32> =
                    cells.iter().filter_map(|&cell| self.column.get(cell as usize)).copied().collect();
                *only = pairwise_sum(&own);
            }
            for mean in middle {
                *mean /= count;
            }
        }
        self.distances.reserve_exact(self.codes.len());
    }

    /// The second time: measures a block of rows.
    pub fn measure(&mut self, rows: &[f32]) {
        let codes = self.codes.get(self.distances.len()..).unwrap_or(&[]);
        let mut squares = Widths::new(self.width);
        for (row, &code) in rows.chunks_exact(self.width.max(1)).zip(codes) {
            let middle =
                self.groups.of(code).and_then(|g| self.middles.get(g * self.width..(g + 1) * self.width));
            self.distances.push(middle.map_or(f32::NAN, |middle| squares.distance(row, middle)));
        }
    }

    /// At last: for each cell the share of its group that is no farther from the middle.
    pub fn ranks(self) -> Vec<f32> {
        let mut out = vec![f32::NAN; self.codes.len()];
        let mut order: Vec<u64> = Vec::new();
        for (_, cells) in self.groups.iter() {
            order.clear();
            order.extend(cells.iter().map(|&cell| {
                let distance = self.distances.get(cell as usize).copied().unwrap_or(f32::NAN);
                u64::from(rank_key(distance)) << 32 | u64::from(cell)
            }));
            order.sort_unstable();
            let count = cells.len() as f32;
            let mut within = 0;
            for ties in order.chunk_by(|a, b| a >> 32 == b >> 32) {
                within += ties.len();
                for &tie in ties {
                    if let Some(slot) = out.get_mut((tie & u64::from(u32::MAX)) as usize) {
                        *slot = within as f32 / count;
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_grouped_by_label_and_small_groups_left_out() {
        let groups = Groups::new(&[1, 0, 1, -1, 2, 2, 1, 7], 3, 2);
        let found: Vec<_> = groups.iter().map(|(label, cells)| (label, cells.to_vec())).collect();
        assert_eq!(found, [(1, vec![0, 2, 6]), (2, vec![4, 5])]);
        assert_eq!([0, 1, 2, -1, 9].map(|code| groups.of(code)), [None, Some(0), Some(1), None, None]);
    }

    #[test]
    fn blocks_of_any_size_give_the_same_ranks() {
        for width in [1, 2, 9] {
            let codes: Vec<i32> = (0..50).map(|i| i % 3 - i % 7 / 6).collect();
            let rows: Vec<f32> = (0..50 * width).map(|i| ((i * 37) % 101) as f32 / 7.0).collect();
            let groups = Groups::new(&codes, 3, 2);
            let ranks = |block: usize| {
                let mut spread = Spread::new(&groups, &codes, width);
                for (i, rows) in rows.chunks(block * width).enumerate() {
                    spread.add(i * block, rows);
                }
                spread.divide();
                for rows in rows.chunks(block * width) {
                    spread.measure(rows);
                }
                spread.ranks().iter().map(|rank| rank.to_bits()).collect::<Vec<_>>()
            };
            assert_eq!(ranks(50), ranks(7));
            assert_eq!(ranks(50), ranks(1));
        }
    }
}
