//! Data layout message: where and how a dataset's items lie.

use crate::{error::Result, hdf5::cursor::Cursor};

/// Where the items are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Layout {
    /// In the message itself.
    Compact(Vec<u8>),
    /// In one piece; `None`: nothing was written. The size is not known in the oldest versions.
    Contiguous { address: Option<u64>, size: Option<u64> },
    /// In chunks; the last side is the size of an item.
    Chunked { sides: Vec<u64>, address: Option<u64>, index: Index },
    /// In other datasets: which ones says an item of a global heap.
    Virtual { heap: Option<u64>, index: u32 },
}

/// How chunks are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Index {
    /// B-tree version 1, used before HDF5 1.10.
    Tree1,
    /// One chunk: stored size and filter mask where it is filtered.
    Single(Option<(u64, u32)>),
    /// All chunks of equal size, one after another.
    Implicit,
    Fixed,
    Extensible,
    Tree2,
}

/// The message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where the items are.
    pub layout: Layout,
    /// Chunks that stick out of the array are not filtered.
    pub plain_edges: bool,
}

/// Decodes the message.
///
/// # Errors
/// `Malformed`, `Unsupported` for an index that is not known.
pub fn decode(mut c: Cursor<'_>) -> Result<Message> {
    let version = c.version(&[1, 2, 3, 4, 5])?;
    let plain = |layout| Ok(Message { layout, plain_edges: false });
    if version < 3 {
        return plain(old(c)?);
    }
    match c.u8()? {
        0 => {
            let size = c.u16()?;
            plain(Layout::Compact(c.take(size.into())?.to_vec()))
        }
        1 => plain(Layout::Contiguous { address: c.address()?, size: Some(c.length()?) }),
        2 if version == 3 => {
            let rank = rank(&mut c)?;
            let address = c.address()?;
            let sides = (0..rank).map(|_| c.u32().map(u64::from)).collect::<Result<_>>()?;
            plain(Layout::Chunked { sides, address, index: Index::Tree1 })
        }
        2 => chunked(c),
        3 => plain(Layout::Virtual { heap: c.address()?, index: c.u32()? }),
        class => Err(c.bad(format!("class {class} is not known"))),
    }
}

fn rank(c: &mut Cursor<'_>) -> Result<usize> {
    let rank = usize::from(c.u8()?);
    if (2..=super::dataspace::RANK.saturating_add(1)).contains(&rank) {
        return Ok(rank);
    }
    Err(c.bad(format!("{rank} sides, the item's among them")))
}

fn old(mut c: Cursor<'_>) -> Result<Layout> {
    let count = usize::from(c.u8()?);
    let class = c.u8()?;
    c.skip(5)?;
    let address = if class == 0 { None } else { c.address()? };
    let sides = (0..count).map(|_| c.u32().map(u64::from)).collect::<Result<Vec<_>>>()?;
    match class {
        0 => {
            let size = c.u32()?;
            Ok(Layout::Compact(c.take(size as usize)?.to_vec()))
        }
        1 => Ok(Layout::Contiguous { address, size: None }),
        2 if count >= 2 => Ok(Layout::Chunked { sides, address, index: Index::Tree1 }),
        _ => Err(c.bad(format!("class {class} with {count} sides"))),
    }
}

fn chunked(mut c: Cursor<'_>) -> Result<Message> {
    let flags = c.u8()?;
    let rank = rank(&mut c)?;
    let width = c.u8()?;
    let sides = (0..rank).map(|_| c.uint(width.into())).collect::<Result<_>>()?;
    let index = match c.u8()? {
        1 if flags & 2 != 0 => Index::Single(Some((c.length()?, c.u32()?))),
        1 => Index::Single(None),
        2 => Index::Implicit,
        // What follows is repeated in the index's own header.
        3 => {
            c.skip(1)?;
            Index::Fixed
        }
        4 => {
            c.skip(5)?;
            Index::Extensible
        }
        5 => {
            c.skip(6)?;
            Index::Tree2
        }
        kind => return Err(c.foreign(format!("chunk index of kind {kind}"))),
    };
    let address = c.address()?;
    Ok(Message { layout: Layout::Chunked { sides, address, index }, plain_edges: flags & 1 != 0 })
}
