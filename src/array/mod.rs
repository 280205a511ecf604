//! Description of an array, whatever file format it lives in, and the pure arithmetic of reading part of it.
//!
//! Knows codecs (below) but no trees, files or sources.

mod dtype;
mod raw;
mod run;
mod select;
mod text;
mod values;

pub use dtype::{DType, Field, Odd, Order, Pad, TextForm};
pub use select::{Piece, Select, count, grid, piece, pieces};
pub use text::Text;
pub(crate) use values::each_number;
pub use values::{Column, Lists, Step, Values};

use crate::codec::Codec;

/// Attributes of a group or array as JSON; a reference is the path of what it points to, NaN and infinities are
/// strings (`"NaN"`, `"Infinity"`, `"-Infinity"`).
pub type Attrs = serde_json::Map<String, serde_json::Value>;

/// Everything there is to know about an array without reading it.
#[derive(Clone, Debug)]
pub struct Array {
    /// Path in the file, without a leading slash.
    pub path: String,
    /// The format's own handle (HDF5: object header address; Zarr: position in its index).
    pub id: u64,
    /// What an item is.
    pub dtype: DType,
    /// Items along each axis; empty for a scalar.
    pub shape: Vec<u64>,
    /// Items of a chunk along each axis, never 0. Chunks at the upper edges are stored whole unless the format's
    /// `locate` says otherwise. Data stored in one piece are presented as chunks of about 1 MiB.
    pub chunk: Vec<u64>,
    /// The order in which a chunk stores the axes, slowest first; C order is `0, 1, …`.
    pub axes: Vec<usize>,
    /// One item's stored bytes where nothing was written; empty: zeros (empty strings).
    pub fill: Vec<u8>,
    /// What was done to a chunk, in the order of writing; undone backwards.
    pub codecs: Vec<Codec>,
    /// Attributes.
    pub attrs: Attrs,
}

impl Array {
    /// Number of items.
    pub fn len(&self) -> u64 {
        self.shape.iter().fold(1, |n: u64, &s| n.saturating_mul(s))
    }

    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Items of a whole chunk.
    pub fn chunk_len(&self) -> u64 {
        self.chunk.iter().fold(1, |n: u64, &s| n.saturating_mul(s))
    }

    /// The chunk shape under which data stored in one piece are read: whole rows as far as they fit in about 1 MiB.
    pub fn blocks(shape: &[u64], width: usize) -> Vec<u64> {
        let mut room = ((1 << 20) / (width.max(1) as u64)).max(1);
        let mut chunk = vec![1; shape.len()];
        for (side, &len) in chunk.iter_mut().zip(shape).rev() {
            *side = len.clamp(1, room);
            room = if *side == len.max(1) { (room / *side).max(1) } else { 1 };
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_rows_of_about_a_mebibyte() {
        assert_eq!(Array::blocks(&[1_000_000, 50], 4), [5242, 50]);
        assert_eq!(Array::blocks(&[3, 10_000_000], 4), [1, 262_144]);
        assert_eq!(Array::blocks(&[10], 8), [10]);
        assert_eq!(Array::blocks(&[0, 5], 8), [1, 5]);
        assert!(Array::blocks(&[], 8).is_empty());
    }
}
