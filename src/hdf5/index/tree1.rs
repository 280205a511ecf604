//! Chunks in a B-tree of version 1.
//!
//! HDF5 File Format Specification, section III.A.1.

use std::{collections::HashSet, ops::Range, rc::Rc};

use super::{Spot, Walk};
use crate::{
    error::Result,
    hdf5::{btree1, cursor::Cursor, space::Decoded},
    order,
};

/// A node, keys as chunk numbers.
struct Node {
    level: u8,
    /// The first chunk of each child.
    keys: Vec<u64>,
    children: Vec<u64>,
    /// Stored size and mask of each child, which only a leaf's are chunks.
    stored: Vec<(u32, u32)>,
}

/// Looks chunks up.
pub(super) async fn locate(walk: &Walk<'_>, root: u64, wanted: &[u64]) -> Result<Vec<Option<Spot>>> {
    let mut found = vec![None; wanted.len()];
    let sorted = order::numbers(wanted.len(), &|a, b| wanted.get(a).cmp(&wanted.get(b)));
    let order: Vec<(u64, usize)> = sorted.into_iter().filter_map(|at| Some((*wanted.get(at)?, at))).collect();
    let mut branches: Vec<(u64, Range<usize>)> = vec![(root, 0..order.len())];
    let mut level = None;
    while !branches.is_empty() {
        let addresses: Vec<u64> = branches.iter().map(|(address, _)| *address).collect();
        let nodes = nodes(walk, &addresses).await?;
        let here = level.unwrap_or_else(|| nodes.first().map_or(0, |node| node.level));
        let mut below: Vec<(u64, Range<usize>)> = Vec::new();
        for ((address, range), node) in branches.into_iter().zip(nodes) {
            if node.level != here || usize::from(here) > walk.space.limits().depth {
                return Err(walk.space.bad(
                    address,
                    format!("a chunk B-tree node of level {} where {here} is due", node.level),
                ));
            }
            for i in range {
                let Some(&(number, slot)) = order.get(i) else { continue };
                // The last child that does not begin behind the chunk.
                let Some(at) = node.keys.partition_point(|&k| k <= number).checked_sub(1) else { continue };
                let Some(&child) = node.children.get(at) else { continue };
                if here > 0 {
                    match below.last_mut() {
                        Some((last, range)) if *last == child && range.end == i => {
                            range.end = i.saturating_add(1);
                        }
                        _ => below.push((child, i..i.saturating_add(1))),
                    }
                } else if node.keys.get(at) == Some(&number)
                    && let (Some(spot), Some(&(size, mask))) = (found.get_mut(slot), node.stored.get(at))
                {
                    *spot = Some(Spot { address: child, size: size.into(), mask });
                }
            }
        }
        level = here.checked_sub(1);
        branches = below;
    }
    Ok(found)
}

/// The first chunks of all leaves' children.
pub(super) async fn all(walk: &Walk<'_>, root: u64, most: usize) -> Result<Vec<u64>> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    let mut level = vec![root];
    for _ in 0..=walk.space.limits().depth {
        if let Some(&twice) = level.iter().find(|address| !seen.insert(**address)) {
            return Err(walk.space.bad(twice, "a chunk B-tree node is met twice"));
        }
        let mut below = Vec::new();
        for node in nodes(walk, &level).await? {
            if node.level > 0 {
                below.extend_from_slice(&node.children)
            } else {
                found.extend_from_slice(&node.keys)
            }
            walk.within(below.len().saturating_add(found.len()), most)?;
        }
        if below.is_empty() {
            return Ok(found);
        }
        level = below;
    }
    Err(walk.space.bad(root, "a chunk B-tree does not come to its leaves"))
}

async fn nodes(walk: &Walk<'_>, addresses: &[u64]) -> Result<Vec<Rc<Node>>> {
    let widths = walk.space.widths();
    let axes = walk.chunks.sides.len() as u64;
    // Size, mask, and an offset per axis and for the item.
    let key = axes.saturating_mul(8).saturating_add(16);
    let len = btree1::length(widths, walk.k, key);
    let end = walk.space.len();
    let fits = |&address: &u64| {
        let start = walk.space.cursor(&[], address, "").origin();
        // The last node of a file may be cut short behind what it uses.
        (address, len.min(end.saturating_sub(start)))
    };
    let wanted: Vec<(u64, u64)> = addresses.iter().map(fits).collect();
    walk.space
        .nodes(walk.owner, &wanted, |at, bytes| {
            let node = decode(walk, walk.space.cursor(bytes, at, "chunk B-tree node"))?;
            let weight = node.keys.len().saturating_mul(24);
            Ok(Decoded(node, weight))
        })
        .await
}

fn decode(walk: &Walk<'_>, mut c: Cursor<'_>) -> Result<Node> {
    let (level, count) = btree1::head(&mut c, 1)?;
    let mut node = Node { level, keys: Vec::new(), children: Vec::new(), stored: Vec::new() };
    let mut at = Vec::new();
    for _ in 0..count {
        node.stored.push((c.u32()?, c.u32()?));
        at.clear();
        for &side in &walk.chunks.sides {
            let offset = c.u64()?;
            if offset.checked_rem(side) != Some(0) {
                return Err(c.bad(format!("a chunk at {offset} along an axis with chunks of {side}")));
            }
            at.push(offset.checked_div(side).unwrap_or(0));
        }
        c.skip(8)?;
        node.keys.push(walk.number(&at));
        node.children.push(c.defined()?);
    }
    if !node.keys.is_sorted() {
        return Err(c.bad("chunks are not in order"));
    }
    Ok(node)
}
