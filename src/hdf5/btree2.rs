//! Nodes of B-trees version 2, which index links, attributes, huge objects and chunks.
//!
//! HDF5 File Format Specification, section III.A.2. Decoders only: records stay bytes, their owners interpret them.

use bytes::Bytes;

use super::cursor::{Cursor, Widths};
use crate::error::Result;

/// Bytes of a node that are neither records nor pointers.
const OVERHEAD: u64 = 10;

/// A tree's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the records are.
    pub kind: u8,
    /// Bytes of every node.
    pub node: u64,
    /// Bytes of a record.
    pub record: u16,
    /// Levels above the leaves.
    pub depth: u16,
    /// Root, when there is any record.
    pub root: Option<Child>,
    /// Records in the whole tree.
    pub total: u64,
    /// Width of the record counts of children, and per level that of the sums below.
    widths: (usize, Vec<usize>),
}

/// A pointer to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its address.
    pub address: u64,
    /// Records in it.
    pub records: u64,
    /// 0: a leaf.
    pub level: u16,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its records, in order, one after another.
    pub records: Bytes,
    /// Its children: one before each record and one after the last; none in a leaf.
    pub children: Vec<Child>,
}

/// Length of a header.
pub fn header_length(widths: Widths) -> u64 {
    22_u64.saturating_add(widths.offset.into()).saturating_add(widths.length.into())
}

/// Decodes a header.
///
/// # Errors
/// `Malformed`.
pub fn header(mut c: Cursor<'_>, deepest: usize) -> Result<Header> {
    c.magic(b"BTHD")?;
    c.version(&[0])?;
    let kind = c.u8()?;
    let node = u64::from(c.u32()?);
    let record = c.u16()?;
    let depth = c.u16()?;
    c.skip(2)?;
    let address = c.address()?;
    let records = u64::from(c.u16()?);
    let total = c.length()?;
    c.checksum()?;
    if usize::from(depth) > deepest {
        return Err(c.bad(format!("tree of {depth} levels")));
    }
    if record == 0 || node < OVERHEAD.saturating_add(record.into()) {
        return Err(c.bad(format!("records of {record} bytes in nodes of {node}")));
    }
    let widths = widths(&c, node, record, depth)?;
    let root = address.filter(|_| total > 0).map(|address| Child { address, records, level: depth });
    Ok(Header { kind, node, record, depth, root, total, widths })
}

/// The widths of counts follow from how many records a node of each level can hold at most.
fn widths(c: &Cursor<'_>, node: u64, record: u16, depth: u16) -> Result<(usize, Vec<usize>)> {
    let room = node.saturating_sub(OVERHEAD);
    let record = u64::from(record);
    let leaf = room.checked_div(record).unwrap_or(0);
    let count = width(leaf);
    let mut sums = vec![0];
    let mut sum = leaf;
    for _ in 0..depth {
        let below = sums.last().copied().unwrap_or(0);
        let pointer = u64::from(c.widths().offset).saturating_add(count as u64).saturating_add(below as u64);
        let most = room.saturating_sub(pointer).checked_div(record.saturating_add(pointer)).unwrap_or(0);
        if most == 0 {
            return Err(c.bad(format!("records of {record} bytes in inner nodes of {node}")));
        }
        sum = most.saturating_add(1).saturating_mul(sum).saturating_add(most);
        sums.push(width(sum));
    }
    Ok((count, sums))
}

/// Bytes that a number up to `most` needs.
pub fn width(most: u64) -> usize {
    (most.max(1).ilog2() / 8).saturating_add(1) as usize
}

impl Header {
    /// Decodes a node.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn node(&self, mut c: Cursor<'_>, bytes: &Bytes, child: Child) -> Result<Node> {
        c.magic(if child.level == 0 { b"BTLF" } else { b"BTIN" })?;
        c.version(&[0])?;
        let kind = c.u8()?;
        if kind != self.kind {
            return Err(c.bad(format!("node of kind {kind} in a tree of kind {}", self.kind)));
        }
        let start = c.position();
        let len = child.records.checked_mul(self.record.into()).and_then(|n| usize::try_from(n).ok());
        c.skip(len.ok_or_else(|| c.bad(format!("{} records", child.records)))?)?;
        let records = bytes.slice(start..c.position());
        let mut children = Vec::new();
        if let Some(level) = child.level.checked_sub(1) {
            let (count, sums) = &self.widths;
            let sum = sums.get(usize::from(level)).copied().unwrap_or(0);
            for _ in 0..=child.records {
                let address = c.defined()?;
                let records = c.uint(*count)?;
                c.skip(sum)?;
                children.push(Child { address, records, level });
            }
        }
        c.checksum()?;
        Ok(Node { records: Bytes::copy_from_slice(&records), children })
    }

    /// The records of a node, one by one.
    pub fn records<'n>(&self, node: &'n Node) -> impl ExactSizeIterator<Item = &'n [u8]> {
        node.records.chunks_exact(usize::from(self.record.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::width;

    #[test]
    fn counts_are_as_wide_as_their_greatest_value_needs() {
        assert_eq!([0, 1, 255, 256, 65_535, 65_536].map(width), [1, 1, 1, 2, 2, 3]);
    }
}
