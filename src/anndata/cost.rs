//! What a column will cost, before it is read: about so many stored bytes, from a sample of chunks.

use super::{Compressed, Matrix};
use crate::{
    array::{Array, grid},
    error::Result,
    tree::{Part, Stored, Tree},
};

/// Bytes from which on it pays to look.
const MUCH: u64 = 100 << 20;
/// Chunks whose size is looked at, where looking is cheap, and where a chunk has to be fetched to know.
const LOOKED: u64 = 32;
const FETCHED: u64 = 2;

impl Matrix {
    /// About how many bytes have to be read for one more column, 0 when it is at hand. Less than [`MUCH`] is not told exactly:
    /// then it is what an uncompressed matrix takes. Otherwise some chunks are looked at.
    ///
    /// # Errors
    /// Whatever finding chunks says.
    pub async fn cost(&self, tree: &dyn Tree) -> Result<u64> {
        let [rows, columns] = self.shape();
        match self {
            Self::Dense(array) => {
                let width = array.dtype.width() as u64;
                // A column goes through all chunks that lie below each other, and all of each when they are compressed.
                let across =
                    if array.codecs.is_empty() { 1 } else { array.chunk.get(1).copied().unwrap_or(1) };
                let most = rows.saturating_mul(across).saturating_mul(width);
                if most < MUCH || array.codecs.is_empty() {
                    return Ok(most);
                }
                let down = array.shape.first().zip(array.chunk.first());
                let down = down.map_or(0, |(&n, &c)| n.div_ceil(c.max(1)));
                Ok((mean(tree, array).await? * down as f64) as u64)
            }
            Self::Sparse(sparse) => {
                let width = (sparse.data.dtype.width() + sparse.indices.dtype.width()) as u64;
                let most = sparse.data.len().saturating_mul(width);
                let share = match sparse.compressed {
                    Compressed::Columns => return Ok(most / columns.max(1)),
                    Compressed::Rows => sparse.sweep.missing(sparse, tree).await?,
                };
                if most < MUCH || share == 0.0 {
                    return Ok((most as f64 * share) as u64);
                }
                let all = size(tree, &sparse.indices).await? + size(tree, &sparse.data).await?;
                Ok((all * share) as u64)
            }
        }
    }
}

/// About the stored size of an array.
async fn size(tree: &dyn Tree, array: &Array) -> Result<f64> {
    let chunks: u64 = grid(&array.shape, &array.chunk).iter().product();
    Ok(mean(tree, array).await? * chunks as f64)
}

/// About the stored size of a chunk.
async fn mean(tree: &dyn Tree, array: &Array) -> Result<f64> {
    let chunks: u64 = grid(&array.shape, &array.chunk).iter().product();
    let mut some: Vec<u64> = (0..LOOKED.min(chunks)).map(|i| i * chunks / LOOKED.min(chunks)).collect();
    some.dedup();
    let stored = tree.locate(array, &some).await?;
    let mut sizes = Vec::new();
    let mut unknown = Vec::new();
    for place in stored {
        match &place {
            Stored::Span { range, .. } | Stored::Key { part: Part::Span(range), .. } => {
                sizes.push(range.end.saturating_sub(range.start));
            }
            Stored::Key { .. } => unknown.push(place),
            Stored::Here(_) | Stored::Absent => sizes.push(0),
        }
    }
    if sizes.is_empty() {
        // The first chunks of a matrix are no better sample than those in the middle; the last may be short.
        let middle = unknown.len() / 2;
        unknown.drain(..middle);
        unknown.truncate(FETCHED as usize);
        let read = tree.fetch(&unknown).await?;
        sizes.extend(read.iter().map(|bytes| bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)));
    }
    Ok(sizes.iter().sum::<u64>() as f64 / sizes.len().max(1) as f64)
}
