//! A block of a gene index that is not sorted yet: who waits for its items need not wait for the sort as well.

use std::rc::Rc;

use super::block::{Block, Head, Parts, row_spans};
use super::item::Bits;
use crate::{
    array::Values,
    error::{Error, Result},
    limits::Limits,
};

/// Items as they came, in the form that they will be kept in.
pub struct Loose {
    /// What it will be.
    pub head: Head,
    /// Its first item's number in the matrix.
    first: u64,
    /// Column of each item.
    indices: Vec<u16>,
    bits: Bits,
    /// Where each row of the matrix begins.
    starts: Rc<Vec<u64>>,
}

impl Loose {
    /// Most columns that a matrix may have.
    pub const COLUMNS: usize = 1 << 16;

    /// Takes items as they came; `starts` are those of `parts`.
    ///
    /// # Errors
    /// As [`Block::new`].
    pub fn new(parts: Parts<'_>, starts: Rc<Vec<u64>>) -> Result<Self> {
        let (first, columns) = (parts.first, parts.indices);
        let mut indices = Limits::room(columns.len(), "the gene index")?;
        indices.extend(columns.iter().map(|&column| column as u16));
        let (head, bits) = Block::outline(parts)?;
        Ok(Self { head, first, indices, bits, starts })
    }

    /// The block, sorted.
    ///
    /// # Errors
    /// `Limit` when there is no memory for it.
    pub fn sort(&self) -> Result<Block> {
        let mut indices: Vec<u32> = Limits::room(self.indices.len(), "the gene index")?;
        indices.extend(self.indices.iter().map(|&column| u32::from(column)));
        Block::sort(self.head.clone(), self.first, &indices, &self.bits, &self.starts)
    }

    /// Adds a column's values to `out`, going through all items for it.
    ///
    /// # Errors
    /// As [`Head::add`].
    pub fn add(&self, column: u64, out: &mut Values) -> Result<()> {
        let column = u16::try_from(column).map_err(|_| Error::malformed("the gene index lacks a column"))?;
        let hits = hits(&self.indices, column);
        let last = self.first.saturating_add(self.indices.len() as u64);
        let rows = self.head.base..self.starts.len() as u64;
        let mut rows = row_spans(&self.starts, rows, self.first..last);
        let mut here = rows.next();
        let mut segment = Vec::with_capacity(hits.len() * 8);
        for &hit in &hits {
            while here.as_ref().is_some_and(|(_, span)| span.end <= hit) {
                here = rows.next();
            }
            let row = here.as_ref().map_or(0, |(row, _)| row.saturating_sub(self.head.base));
            self.head.push_row(row as u32, &mut segment);
        }
        self.bits.push(&hits, &mut segment);
        self.head.add(&segment, out)
    }

    /// Bytes it takes.
    pub fn len(&self) -> u64 {
        (self.indices.len() * 2 + self.bits.len()) as u64
    }
}

/// Positions of a column. In stretches, most of which have none, so that the loop over one is plain.
fn hits(indices: &[u16], column: u16) -> Vec<usize> {
    const STRETCH: usize = 64;
    let mut hits = Vec::new();
    for (number, stretch) in indices.chunks(STRETCH).enumerate() {
        if stretch.iter().fold(false, |any, &other| any | (other == column)) {
            let within = stretch.iter().enumerate().filter(|&(_, &other)| other == column);
            hits.extend(within.map(|(at, _)| number * STRETCH + at));
        }
    }
    hits
}
