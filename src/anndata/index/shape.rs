//! How a matrix is cut into blocks, and what else has to be the same of an index and of what it is an index of.

use std::ops::Range;

use super::super::sparse::Sparse;
use crate::{array::DType, error::Result, limits::Limits};

/// Blocks that a matrix is cut into, unless that makes them too small or too large.
const BLOCKS: u64 = 32;
/// Fewest and most items of a block: the fewest keep tables and requests cheap, the most bound the memory of a pass.
const ITEMS: Range<u64> = 512 << 10..4 << 20;
/// Items of a block whatever the chunks are: what is larger is decoded more than once.
const LARGEST: u64 = 16 << 20;

/// The shape of what is indexed, which a kept index has to have too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the matrix.
    pub rows: u64,
    /// Columns of the matrix.
    pub columns: usize,
    /// Items in it.
    pub items: u64,
    /// Items per block.
    pub block: u64,
    /// numpy name of the type of its values.
    pub dtype: String,
    /// Bytes of a value.
    pub plain: usize,
    /// Whether its values are of a type that an index takes.
    pub sorts: bool,
}

impl Shape {
    /// What an index of the matrix will look like.
    ///
    /// # Errors
    /// `Limit` when it has more columns than a row may.
    pub fn of(matrix: &Sparse) -> Result<Self> {
        let items = matrix.data.len();
        let chunk = matrix.indices.chunk.first().copied().unwrap_or(1).max(1);
        let block = (items / BLOCKS).clamp(ITEMS.start, ITEMS.end);
        Ok(Self {
            rows: matrix.shape[0],
            columns: Limits::size(matrix.shape[1], u64::from(u32::MAX), "a row")?,
            items,
            // Whole chunks, so that each is decoded once; but a matrix in one chunk is not sorted in one piece.
            block: block.div_ceil(chunk).saturating_mul(chunk).min(LARGEST),
            dtype: matrix.data.dtype.name(),
            plain: matrix.data.dtype.width(),
            sorts: matches!(matrix.data.dtype, DType::Int { .. } | DType::Float { .. }),
        })
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        usize::try_from(self.items.div_ceil(self.block.max(1))).unwrap_or(usize::MAX)
    }

    /// The items of a block.
    pub fn span(&self, block: usize) -> Range<u64> {
        let start = (block as u64).saturating_mul(self.block).min(self.items);
        start..start.saturating_add(self.block).min(self.items)
    }

    /// Bytes of an item, at most.
    pub fn each(&self) -> u64 {
        2 + self.plain as u64
    }

    /// About as many bytes as the whole index takes.
    pub fn estimate(&self) -> u64 {
        let table = (self.blocks() as u64).saturating_mul(self.columns as u64 + 1).saturating_mul(8);
        self.items.saturating_mul(self.each()).saturating_add(table)
    }
}
