//! Chunks in a B-tree of version 2.
//!
//! HDF5 File Format Specification, section III.A.2, records of kind 10 and 11.

use std::{collections::HashSet, ops::Range};

use super::{Spot, Walk};
use crate::{
    error::Result,
    hdf5::{
        btree2::{Child, Header},
        walk::records,
    },
    order,
};

/// Looks chunks up.
pub(super) async fn locate(walk: &Walk<'_>, root: u64, wanted: &[u64]) -> Result<Vec<Option<Spot>>> {
    let header = records::header(walk.space, root).await?;
    let kind = if walk.chunks.filtered { 11 } else { 10 };
    if header.kind != kind {
        return Err(walk.space.bad(root, format!("a B-tree of kind {} where {kind} is due", header.kind)));
    }
    let mut found = vec![None; wanted.len()];
    let sorted = order::numbers(wanted.len(), &|a, b| wanted.get(a).cmp(&wanted.get(b)));
    let order: Vec<(u64, usize)> = sorted.into_iter().filter_map(|at| Some((*wanted.get(at)?, at))).collect();
    let mut branches: Vec<(Child, Range<usize>)> = Vec::new();
    branches.extend(header.root.map(|root| (root, 0..order.len())));
    while !branches.is_empty() {
        let children: Vec<Child> = branches.iter().map(|(child, _)| *child).collect();
        let nodes = records::nodes(walk.space, walk.owner, &header, &children).await?;
        let mut below: Vec<(Child, Range<usize>)> = Vec::new();
        for ((child, range), node) in branches.into_iter().zip(nodes) {
            let records = header.records(&node).map(|record| decode(walk, &header, child.address, record));
            let records = records.collect::<Result<Vec<(u64, Spot)>>>()?;
            if !records.is_sorted_by_key(|(number, _)| *number) {
                return Err(walk.space.bad(child.address, "chunks are not in order"));
            }
            for i in range {
                let Some(&(number, slot)) = order.get(i) else { continue };
                let at = records.partition_point(|(n, _)| *n < number);
                match (records.get(at), found.get_mut(slot), node.children.get(at)) {
                    (Some((n, here)), Some(spot), _) if *n == number => *spot = Some(*here),
                    (_, _, Some(&next)) => match below.last_mut() {
                        Some((last, range)) if *last == next && range.end == i => {
                            range.end = i.saturating_add(1);
                        }
                        _ => below.push((next, i..i.saturating_add(1))),
                    },
                    _ => {}
                }
            }
        }
        branches = below;
    }
    Ok(found)
}

/// The chunks of all records.
pub(super) async fn all(walk: &Walk<'_>, root: u64, most: usize) -> Result<Vec<u64>> {
    let header = records::header(walk.space, root).await?;
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    let mut level: Vec<Child> = header.root.into_iter().collect();
    while !level.is_empty() {
        if let Some(twice) = level.iter().find(|child| !seen.insert(child.address)) {
            return Err(walk.space.bad(twice.address, "a B-tree node is met twice"));
        }
        let mut below = Vec::new();
        let nodes = records::nodes(walk.space, walk.owner, &header, &level).await?;
        for (child, node) in level.iter().zip(nodes) {
            for record in header.records(&node) {
                found.push(decode(walk, &header, child.address, record)?.0);
            }
            below.extend_from_slice(&node.children);
            walk.within(below.len().saturating_add(found.len()), most)?;
        }
        level = below;
    }
    Ok(found)
}

fn decode(walk: &Walk<'_>, header: &Header, node: u64, record: &[u8]) -> Result<(u64, Spot)> {
    let mut c = walk.space.cursor(record, node, "record of a chunk");
    let address = c.defined()?;
    let (mut size, mut mask) = (walk.chunks.bytes, 0);
    if walk.chunks.filtered {
        let axes = walk.chunks.sides.len().saturating_mul(8);
        let besides = axes.saturating_add(c.widths().offset.into()).saturating_add(4);
        size = c.uint(walk.size_width(header.record.into(), besides)?)?;
        mask = c.u32()?;
    }
    let at = walk.chunks.sides.iter().map(|_| c.u64()).collect::<Result<Vec<_>>>()?;
    Ok((walk.number(&at), Spot { address, size, mask }))
}
