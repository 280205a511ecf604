//! Nodes of B-trees version 1 and the leaves of old groups.
//!
//! HDF5 File Format Specification, sections III.A.1 and III.C. Decoders only.

use super::{cursor::Cursor, message::link::Target};
use crate::error::Result;

/// A node of a group's tree: children with, in front of each, the heap offset of a name that is not greater than
/// any in it, and after the last one that of the greatest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupNode {
    /// 0: the children are leaves.
    pub level: u8,
    /// Heap offsets of names, one more than children.
    pub keys: Vec<u64>,
    /// Addresses.
    pub children: Vec<u64>,
}

/// Length of a node with `2 k` children and keys of `key` bytes.
pub fn length(c: super::cursor::Widths, k: u16, key: u64) -> u64 {
    let children = u64::from(k).saturating_mul(2);
    let address = u64::from(c.offset);
    let pairs = children.saturating_mul(address.saturating_add(key));
    address.saturating_mul(2).saturating_add(8).saturating_add(pairs).saturating_add(key)
}

/// Decodes what precedes the keys: level and number of children.
pub(super) fn head(c: &mut Cursor<'_>, kind: u8) -> Result<(u8, usize)> {
    c.magic(b"TREE")?;
    let found = c.u8()?;
    if found != kind {
        return Err(c.bad(format!("node of kind {found} in a tree of kind {kind}")));
    }
    let level = c.u8()?;
    let count = c.u16()?;
    c.address()?;
    c.address()?;
    Ok((level, count.into()))
}

/// Decodes a node of a group's tree.
///
/// # Errors
/// `Malformed`.
pub fn group_node(mut c: Cursor<'_>) -> Result<GroupNode> {
    let (level, count) = head(&mut c, 0)?;
    let (mut keys, mut children) = (Vec::new(), Vec::new());
    for _ in 0..count {
        keys.push(c.length()?);
        children.push(c.defined()?);
    }
    keys.push(c.length()?);
    Ok(GroupNode { level, keys, children })
}

/// A link of an old group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Heap offset of the name.
    pub name: u64,
    /// What it leads to; the path of a soft link is still to be read from the heap.
    pub to: Result<Target, u32>,
    /// Where the child's own links are, when it is a group and the file says so here.
    pub ahead: Option<super::message::group::SymbolTable>,
}

/// Decodes a leaf.
///
/// # Errors
/// `Malformed`.
pub fn leaf(mut c: Cursor<'_>) -> Result<Vec<Symbol>> {
    c.magic(b"SNOD")?;
    c.version(&[1])?;
    c.skip(1)?;
    let count = c.u16()?;
    (0..count).map(|_| symbol(&mut c)).collect()
}

fn symbol(c: &mut Cursor<'_>) -> Result<Symbol> {
    // As wide as a length, whatever the specification says: the reference library writes it so.
    let name = c.length()?;
    let header = c.address()?;
    let kind = c.u32()?;
    c.skip(4)?;
    let mut scratch = c.inside(c.clone().take(16)?, "symbol table entry");
    c.skip(16)?;
    let mut ahead = None;
    let to = match (kind, header) {
        (2, _) => Err(scratch.u32()?),
        (_, Some(header)) => {
            // Two addresses of 8 bytes fill the scratch space exactly.
            if kind == 1
                && let (Some(tree), Some(heap)) = (scratch.address()?, scratch.address()?)
            {
                ahead = Some(super::message::group::SymbolTable { tree, heap });
            }
            Ok(Target::Hard(header))
        }
        (_, None) => return Err(c.bad("a link leads nowhere")),
    };
    Ok(Symbol { name, to, ahead })
}
