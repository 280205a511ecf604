//! Cells by label, and how far from its group's middle a cell is (specification: sections 4 and 7).
//!
//! Sums run over a group's cells in the order of the file; that order, and that of each addition, is the contract.

use std::ops::Range;

use super::stats::{Widths, pairwise_sum, rank_key};

/// The groups with enough cells.
pub struct Groups {
    /// Label of each group, and which cells are its own when they are sorted by group.
    pub(super) groups: Vec<(usize, Range<usize>)>,
    /// Group of each label; `u32::MAX` for labels with too few cells.
    of_label: Vec<u32>,
}

impl Groups {
    /// Counts cells by code; codes below zero belong nowhere.
    pub fn new(codes: &[i32], labels: usize, least: usize) -> Self {
        let mut counts = vec![0_usize; labels];
        for &code in codes {
            if let Some(count) = usize::try_from(code).ok().and_then(|c| counts.get_mut(c)) {
                *count += 1;
            }
        }
        let (mut groups, mut of_label, mut total) = (Vec::new(), vec![u32::MAX; labels], 0);
        let enough = counts.iter().zip(&mut of_label).enumerate().filter(|(_, (n, _))| **n >= least.max(1));
        for (label, (&count, group)) in enough {
            *group = groups.len() as u32;
            groups.push((label, total..total + count));
            total += count;
        }
        Self { groups, of_label }
    }

    /// Cells of all groups, ascending within each.
    pub(super) fn cells(&self, codes: &[i32]) -> Vec<u32> {
        let mut cells = vec![0_u32; self.total()];
        let mut next = self.starts();
        for (cell, &code) in codes.iter().enumerate() {
            if let Some(at) = self.of(code).and_then(|group| next.get_mut(group))
                && let Some(slot) = cells.get_mut(*at)
            {
                *slot = cell as u32;
                *at += 1;
            }
        }
        cells
    }

    /// Cells in groups.
    pub(super) fn total(&self) -> usize {
        self.groups.last().map_or(0, |(_, span)| span.end)
    }

    pub(super) fn starts(&self) -> Vec<usize> {
        self.groups.iter().map(|(_, span)| span.start).collect()
    }

    /// Group of each label; `u32::MAX` for those that have none.
    pub(super) fn of_label(&self) -> &[u32] {
        &self.of_label
    }

    /// Group of a code.
    pub(super) fn of(&self, code: i32) -> Option<usize> {
        let group = usize::try_from(code).ok().and_then(|c| self.of_label.get(c)).copied()?;
        (group != u32::MAX).then_some(group as usize)
    }
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
        let cells = if self.width == 1 { self.groups.cells(self.codes) } else { Vec::new() };
        for (group, (_, span)) in self.groups.groups.iter().enumerate() {
            let count = span.len() as f32;
            let middle = self.middles.get_mut(group * self.width..(group + 1) * self.width);
            let middle = middle.unwrap_or(&mut []);
            if let [only] = middle {
                let cells = cells.get(span.clone()).unwrap_or_default();
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
        let cells = self.groups.cells(self.codes);
        for (_, span) in &self.groups.groups {
            let cells = cells.get(span.clone()).unwrap_or_default();
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
        let codes = [1, 0, 1, -1, 2, 2, 1, 7];
        let groups = Groups::new(&codes, 3, 2);
        assert_eq!(groups.groups, [(1, 0..3), (2, 3..5)]);
        assert_eq!(groups.cells(&codes), [0, 2, 6, 4, 5]);
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
