//! A block of a gene index that is not sorted yet: who waits for its items need not wait for the sort as well.

use std::rc::Rc;

use super::block::{Block, Head, row_spans};
use super::item::{Bits, Numbers};
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

    /// Takes items from `first` on: their columns, all of them columns that are there, and values. `starts` says where each row of the
    /// matrix begins, ascending.
    ///
    /// # Errors
    /// `Malformed` when there are not as many values as columns, or more of them than a block can have.
    pub fn new(
        number: u64,
        first: u64,
        indices: Vec<u16>,
        values: Numbers,
        starts: Rc<Vec<u64>>,
        columns: usize,
    ) -> Result<Self> {
        let head = Head::new(number, first, indices.len(), &starts, columns, &values)?;
        Ok(Self { head, first, indices, bits: values.bits, starts })
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
        (self.indices.len() * 2 + self.bits.size()) as u64
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
