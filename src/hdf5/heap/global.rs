//! Global heap: collections of variable-length items.
//!
//! HDF5 File Format Specification, section III.E.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    error::Result,
    hdf5::cursor::{Cursor, Widths},
    order,
};

/// What a collection takes at least; most take exactly this.
pub const USUAL: u64 = 4096;
/// What an item takes with its head, about: names of cells do.
pub const ITEM: u64 = 40;
/// What those take that are made for many items at once.
pub const LONG: u64 = 64 << 10;

/// A reference to an item of a global heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Items of the sequence (bytes of a string).
    pub len: u32,
    /// Address of the collection.
    pub collection: u64,
    /// Number of the item in it.
    pub index: u32,
}

/// Bytes of a stored reference.
pub fn reference_length(widths: Widths) -> usize {
    usize::from(widths.offset).saturating_add(8)
}

/// Decodes a reference; `None` for one that stands for nothing.
///
/// # Errors
/// `Malformed`.
pub fn reference(mut c: Cursor<'_>) -> Result<Option<Reference>> {
    let len = c.u32()?;
    let collection = c.address()?.filter(|&address| address != 0);
    let index = c.u32()?;
    Ok(collection.filter(|_| len > 0).map(|collection| Reference { len, collection, index }))
}

/// Length of a collection, from its first bytes.
///
/// # Errors
/// `Malformed`.
pub fn length(mut c: Cursor<'_>) -> Result<u64> {
    c.magic(b"GCOL")?;
    c.version(&[1])?;
    c.skip(3)?;
    c.length()
}

/// A collection, or the beginning of one.
#[derive(Clone, Debug)]
pub struct Collection {
    bytes: Bytes,
    /// Bytes of all of it.
    pub len: u64,
    /// All of it is here.
    pub complete: bool,
    /// By number.
    items: Vec<(u16, Range<usize>)>,
}

/// Decodes a collection, or as many of its items as lie in the bytes that are there.
///
/// # Errors
/// `Malformed`.
pub fn collection(mut c: Cursor<'_>, bytes: Bytes) -> Result<Collection> {
    let len = usize::try_from(length(c.clone())?).unwrap_or(usize::MAX);
    let complete = len <= bytes.len();
    let bytes = bytes.slice(..len.min(bytes.len()));
    c.skip(8_usize.saturating_add(c.widths().length.into()))?;
    // Heads of collections and items are padded like the items themselves.
    c.align(8);
    let mut items = Vec::new();
    loop {
        // Less than an item's head may be left over.
        let head = c.position().saturating_add(8).saturating_add(c.widths().length.into());
        if head > bytes.len() {
            break;
        }
        let index = c.u16()?;
        c.skip(6)?;
        let size = usize::try_from(c.length()?).unwrap_or(usize::MAX);
        c.align(8);
        let start = c.position();
        let end = start.saturating_add(size);
        // Item 0 is free space.
        if index == 0 || end > bytes.len() && !complete {
            break;
        }
        if end > bytes.len() {
            return Err(c.bad(format!("item {index} of {size} bytes overruns its collection of {len}")));
        }
        c.skip(size)?;
        items.push((index, start..end));
        c.align(8);
    }
    if !items.is_sorted_by_key(|(index, _)| *index) {
        order::sort_by_key(&mut items, |(index, _)| *index);
    }
    Ok(Collection { bytes, len: len as u64, complete, items })
}

impl Collection {
    /// The item of a number.
    pub fn item(&self, index: u32) -> Option<&[u8]> {
        let at = self.items.binary_search_by_key(&index, |(i, _)| (*i).into()).ok()?;
        self.bytes.get(self.items.get(at)?.1.clone())
    }

    /// Memory it takes.
    pub fn weight(&self) -> usize {
        self.bytes.len().saturating_add(self.items.len().saturating_mul(24))
    }
}
