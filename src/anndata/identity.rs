//! Which data a gene index belongs to: a text that changes when they change.
//!
//! A host or file system that says when a file last changed settles it. Where none does, as with stores of many files, a sample
//! of what is stored is part of the text: the ends and the middle of each array, as they lie there, compressed.

use super::sparse::Sparse;
use crate::{
    array::{Array, grid},
    error::Result,
    shelf::sum,
    tree::{Stored, Tree},
};

/// Says which data a matrix holds; `None` when the place has no name that outlives this visit.
///
/// # Errors
/// Whatever reading the sample says.
pub async fn of(tree: &dyn Tree, matrix: &Sparse) -> Result<Option<String>> {
    let Some(place) = tree.identity() else { return Ok(None) };
    let mut text = place.text;
    for array in [&matrix.data, &matrix.indices, &matrix.indptr] {
        let Array { path, dtype, shape, chunk, codecs, .. } = &**array;
        let steps: Vec<&str> = codecs.iter().map(|codec| codec.name()).collect();
        text.push_str(&format!("\n{path} {} {shape:?} {chunk:?} {}", dtype.name(), steps.join(" ")));
        if !place.exact {
            text.push_str(&format!(" {:x?}", sample(tree, array).await?));
        }
    }
    Ok(Some(text))
}

/// Chunks looked at.
const CHUNKS: u64 = 8;
/// Bytes looked at of each.
const BYTES: u64 = 64 << 10;

/// Sizes and checksums of some chunks as stored.
async fn sample(tree: &dyn Tree, array: &Array) -> Result<Vec<(u64, u32)>> {
    let chunks: u64 = grid(&array.shape, &array.chunk).iter().product();
    let last = chunks.saturating_sub(1);
    let mut some: Vec<u64> = (0..CHUNKS).map(|i| last * i / (CHUNKS - 1)).filter(|&c| c < chunks).collect();
    some.dedup();
    let mut stored: Vec<Stored> = tree.locate(array, &some).await?;
    let mut sizes = Vec::new();
    for place in &mut stored {
        let mut size = 0;
        if let Stored::Span { range, .. } = place {
            size = range.end - range.start;
            range.end = range.end.min(range.start.saturating_add(BYTES));
        }
        sizes.push(size);
    }
    let read = tree.fetch(&stored).await?;
    let sums = read.iter().map(|bytes| bytes.as_ref().map_or(0, |bytes| sum(bytes)));
    Ok(sizes.into_iter().zip(sums).collect())
}
