//! Walks a B-tree of version 2: all records, or those with one hash.

use std::{cmp::Ordering, collections::HashSet};

use crate::{
    error::Result,
    hdf5::{
        btree2::{self, Child, Header},
        space::{Decoded, Space},
    },
};

/// Reads a tree's header.
///
/// # Errors
/// `Malformed`, `Source`.
pub async fn header(space: &Space, address: u64) -> Result<std::rc::Rc<Header>> {
    let len = btree2::header_length(space.widths());
    let deepest = space.limits().depth;
    space
        .node(address, address, len, |at, bytes| {
            Ok(Decoded(btree2::header(space.cursor(bytes, at, "B-tree header"), deepest)?, 128))
        })
        .await
}

/// Nodes of one level, in one batch.
///
/// # Errors
/// `Malformed`, `Source`.
pub async fn nodes(
    space: &Space,
    owner: u64,
    header: &Header,
    children: &[Child],
) -> Result<Vec<std::rc::Rc<btree2::Node>>> {
    let wanted: Vec<(u64, u64)> = children.iter().map(|c| (c.address, header.node)).collect();
    let by_address: std::collections::HashMap<u64, Child> =
        children.iter().map(|&c| (c.address, c)).collect();
    space
        .nodes(owner, &wanted, |at, bytes| {
            let child = by_address.get(&at).copied().unwrap_or(Child { address: at, records: 0, level: 0 });
            let node = header.node(space.cursor(bytes, at, "B-tree node"), bytes, child)?;
            let weight = node.records.len().saturating_add(node.children.len().saturating_mul(24));
            Ok(Decoded(node, weight))
        })
        .await
}

/// The records that `order` finds equal, or all of them: in a tree that is sorted so that `order` of its records goes
/// from less over equal to greater.
///
/// # Errors
/// `Malformed` for a tree with more records than it says, or a node met twice.
pub async fn find(space: &Space, address: u64, order: impl Fn(&[u8]) -> Ordering) -> Result<Vec<Vec<u8>>> {
    let header = header(space, address).await?;
    let mut found = Vec::new();
    let mut level: Vec<Child> = header.root.into_iter().collect();
    let mut seen = HashSet::new();
    while !level.is_empty() {
        for child in &level {
            if !seen.insert(child.address) {
                return Err(space.bad(child.address, "a B-tree node is met twice"));
            }
        }
        let mut below = Vec::new();
        for node in nodes(space, address, &header, &level).await? {
            let mut children = node.children.iter();
            let mut before = Ordering::Less;
            for record in header.records(&node) {
                let here = order(record);
                // The child in front of a record holds what lies between the two around it.
                let within = before != Ordering::Greater && here != Ordering::Less;
                below.extend(children.next().filter(|_| within));
                if here == Ordering::Equal {
                    found.push(record.to_vec());
                }
                before = here;
            }
            below.extend(children.next().filter(|_| before != Ordering::Greater));
        }
        if found.len() as u64 > header.total || found.len() > space.limits().items {
            return Err(space.bad(address, format!("a B-tree of more than {} records", header.total)));
        }
        level = below;
    }
    Ok(found)
}
