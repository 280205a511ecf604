//! Which chunks may have been written: for arrays cut into so many that looking each up would take for ever.

use super::{Walk, extensible, fixed, tree1, tree2};
use crate::{error::Result, hdf5::message::layout::Index};

/// Bytes that an entry of an index takes at least.
const ENTRY: u64 = 4;

/// Numbers of chunks, ascending.
pub(super) async fn written(walk: &Walk<'_>) -> Result<Vec<u64>> {
    let Some(address) = walk.chunks.address else { return Ok(Vec::new()) };
    let room = walk.space.len().checked_div(ENTRY).unwrap_or(0).max(1);
    let most = usize::try_from(room).unwrap_or(usize::MAX);
    let all = walk.chunks.grid.iter().fold(1_u64, |n, &g| n.saturating_mul(g));
    let mut numbers = match walk.chunks.index {
        Index::Single(_) => vec![0],
        Index::Implicit => {
            // All of them lie there one after another, so that they fit into the file or the index is wrong.
            walk.space.span(address, all.saturating_mul(walk.chunks.bytes))?;
            (0..all).collect()
        }
        Index::Tree1 => tree1::all(walk, address, most).await?,
        Index::Tree2 => tree2::all(walk, address, most).await?,
        Index::Fixed => positions(walk, fixed::all(walk, address, most).await?, None),
        Index::Extensible => positions(walk, extensible::all(walk, address, most).await?, walk.endless()),
    };
    numbers.retain(|&number| number < all);
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

fn positions(walk: &Walk<'_>, positions: Vec<u64>, endless: Option<usize>) -> Vec<u64> {
    positions.into_iter().filter_map(|position| walk.number_at(position, endless)).collect()
}
