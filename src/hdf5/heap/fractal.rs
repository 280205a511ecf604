//! Fractal heap: links and attributes of new groups, in direct blocks below a doubling table of indirect ones.
//!
//! HDF5 File Format Specification, section III.G.

use crate::{
    error::Result,
    hdf5::{
        btree2::width,
        cursor::Cursor,
        message::filters::{self, Filter},
    },
};

/// Bytes to read for a header whose length is not known yet; filtered heaps may need more.
pub const HEADER: u64 = 512;

/// A heap's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    id: u16,
    checked: bool,
    /// B-tree of huge objects.
    pub huge: Option<u64>,
    table: u64,
    start: u64,
    most_direct: u64,
    offset: usize,
    length: usize,
    /// Where the blocks begin.
    pub root: Option<Block>,
    /// What is done to direct blocks and huge objects.
    pub filters: Vec<Filter>,
}

/// A block of the heap, which covers a part of its address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Address in the file.
    pub address: u64,
    /// First byte of the heap that it covers.
    pub from: u64,
    /// Bytes of the heap that it covers.
    pub size: u64,
    /// What is stored.
    pub form: Form,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Form {
    /// Objects. Stored length and filter mask, where filtered.
    Direct(Option<(u64, u32)>),
    /// Other blocks, in so many rows.
    Indirect(u64),
}

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Id {
    /// In the blocks.
    Managed { offset: u64, len: u64 },
    /// By itself in the file; `filtered` gives mask and true length.
    Huge { address: u64, len: u64, filtered: Option<(u32, u64)> },
    /// By itself in the file, to be looked up in the tree of huge objects.
    HugeKey(u64),
    /// Right here.
    Tiny(Vec<u8>),
}

/// Length of a header, from its first bytes.
///
/// # Errors
/// `Malformed`.
pub fn header_length(mut c: Cursor<'_>) -> Result<u64> {
    c.magic(b"FRHP")?;
    c.skip(3)?;
    let filters = c.u16()?;
    let widths = c.widths();
    let plain = 26_u64
        .saturating_add(u64::from(widths.length).saturating_mul(12))
        .saturating_add(u64::from(widths.offset).saturating_mul(3));
    Ok(match filters {
        0 => plain,
        len => plain.saturating_add(widths.length.into()).saturating_add(4).saturating_add(len.into()),
    })
}

/// Decodes a header.
///
/// # Errors
/// `Malformed`.
pub fn header(mut c: Cursor<'_>) -> Result<Header> {
    c.magic(b"FRHP")?;
    c.version(&[0])?;
    let id = c.u16()?;
    let filter_length = c.u16()?;
    let flags = c.u8()?;
    let most_managed = u64::from(c.u32()?);
    c.length()?;
    let huge = c.address()?;
    c.length()?;
    c.address()?;
    for _ in 0..8 {
        c.length()?;
    }
    let table = u64::from(c.u16()?);
    let (start, most_direct) = (c.length()?, c.length()?);
    let bits = c.u16()?;
    c.skip(2)?;
    let root = c.address()?;
    let rows = u64::from(c.u16()?);
    let (mut stored, mut pipeline) = (None, Vec::new());
    if filter_length > 0 {
        stored = Some((c.length()?, c.u32()?));
        pipeline = filters::decode(c.inside(c.clone().take(filter_length.into())?, "filters of a heap"))?;
        c.skip(filter_length.into())?;
    }
    c.checksum()?;
    let doubling = start.is_power_of_two() && most_direct.is_power_of_two() && table.is_power_of_two();
    if !doubling || start > most_direct || most_direct > 1 << 32 || bits > 64 || id < 2 {
        return Err(c.bad(format!(
            "blocks of {start} to {most_direct} bytes, {table} in a row, offsets of {bits} bits"
        )));
    }
    // An offset within the largest direct block, or the largest managed object, whichever is narrower.
    let length = most_direct.ilog2().div_ceil(8).max(1) as usize;
    let mut found = Header {
        id,
        checked: flags & 2 != 0,
        huge,
        table,
        start,
        most_direct,
        offset: usize::from(bits.div_ceil(8)),
        length: length.min(width(most_managed)),
        root: None,
        filters: pipeline,
    };
    found.root = root.map(|address| match rows {
        0 => Block { address, from: 0, size: start, form: Form::Direct(stored) },
        rows => {
            let size = (0..rows).fold(0_u64, |n, r| n.saturating_add(found.row(r).saturating_mul(table)));
            Block { address, from: 0, size, form: Form::Indirect(rows) }
        }
    });
    Ok(found)
}

impl Header {
    /// Size of the blocks of a row.
    fn row(&self, row: u64) -> u64 {
        let doubled = u32::try_from(row.saturating_sub(1)).ok().and_then(|n| 1_u64.checked_shl(n));
        self.start.saturating_mul(doubled.unwrap_or(u64::MAX))
    }

    /// Rows of direct blocks.
    fn direct_rows(&self) -> u64 {
        u64::from(self.most_direct.ilog2().saturating_sub(self.start.ilog2())).saturating_add(2)
    }

    /// Stored length of a block.
    pub fn stored(&self, block: &Block, c: super::super::cursor::Widths) -> u64 {
        match block.form {
            Form::Direct(Some((stored, _))) => stored,
            Form::Direct(None) => block.size,
            Form::Indirect(rows) => {
                let address = u64::from(c.offset);
                let filtered =
                    if self.filters.is_empty() { 0 } else { u64::from(c.length).saturating_add(4) };
                let direct = rows.min(self.direct_rows()).saturating_mul(self.table);
                let indirect = rows.saturating_sub(self.direct_rows()).saturating_mul(self.table);
                direct
                    .saturating_mul(address.saturating_add(filtered))
                    .saturating_add(indirect.saturating_mul(address))
                    .saturating_add(address)
                    .saturating_add(self.offset as u64)
                    .saturating_add(9)
            }
        }
    }

    /// Decodes an indirect block: its children that exist, in the heap's order.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn indirect(&self, mut c: Cursor<'_>, block: &Block, rows: u64) -> Result<Vec<Block>> {
        c.magic(b"FHIB")?;
        c.version(&[0])?;
        c.address()?;
        let from = c.uint(self.offset)?;
        if from != block.from {
            return Err(c.bad(format!("block for byte {from} of the heap instead of {}", block.from)));
        }
        let mut children = Vec::new();
        let mut from = block.from;
        for row in 0..rows {
            let size = self.row(row);
            for _ in 0..self.table {
                let address = c.address()?;
                let form = if row < self.direct_rows() {
                    let filtered = !self.filters.is_empty();
                    Form::Direct(if filtered { Some((c.length()?, c.u32()?)) } else { None })
                } else {
                    // As many rows as it takes to cover its part of the heap.
                    let first = self.start.ilog2().saturating_add(self.table.ilog2());
                    Form::Indirect(u64::from(size.ilog2().saturating_sub(first)).saturating_add(1))
                };
                if let Some(address) = address {
                    children.push(Block { address, from, size, form });
                }
                from = from.saturating_add(size);
            }
        }
        c.checksum()?;
        Ok(children)
    }

    /// Checks a direct block after unfiltering. Offsets of objects count from its very first byte.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn direct(&self, mut c: Cursor<'_>, bytes: &[u8], block: &Block) -> Result<()> {
        c.magic(b"FHDB")?;
        c.version(&[0])?;
        c.address()?;
        let from = c.uint(self.offset)?;
        if from != block.from || bytes.len() as u64 != block.size {
            return Err(c.bad(format!("{} bytes for byte {from} of the heap", bytes.len())));
        }
        if self.checked {
            let at = c.position();
            let stored = c.u32()?;
            let mut blank = bytes.to_vec();
            if let Some(field) = blank.get_mut(at..at.saturating_add(4)) {
                field.fill(0);
            }
            let found = crate::codec::checksum::lookup3(&blank);
            if found != stored {
                return Err(c.bad(format!("checksum is {found:08x}, the file says {stored:08x}")));
            }
        }
        Ok(())
    }

    /// Decodes an object's identifier.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn id(&self, mut c: Cursor<'_>) -> Result<Id> {
        let head = c.u8()?;
        let room = u64::from(self.id).saturating_sub(1);
        match head >> 4 {
            0 => Ok(Id::Managed { offset: c.uint(self.offset)?, len: c.uint(self.length)? }),
            1 => {
                let w = c.widths();
                let plain = u64::from(w.offset).saturating_add(w.length.into());
                let filtered = plain.saturating_add(4).saturating_add(w.length.into());
                if !self.filters.is_empty() && filtered <= room {
                    let (address, len) = (c.defined()?, c.length()?);
                    let filtered = Some((c.u32()?, c.length()?));
                    Ok(Id::Huge { address, len, filtered })
                } else if self.filters.is_empty() && plain <= room {
                    Ok(Id::Huge { address: c.defined()?, len: c.length()?, filtered: None })
                } else {
                    Ok(Id::HugeKey(c.uint(usize::try_from(room.min(8)).unwrap_or(8))?))
                }
            }
            2 => {
                // Short identifiers keep the length in four bits, long ones in twelve.
                let mut len = usize::from(head & 15);
                if self.id > 18 {
                    len = len << 8 | usize::from(c.u8()?);
                }
                Ok(Id::Tiny(c.take(len.saturating_add(1))?.to_vec()))
            }
            kind => Err(c.bad(format!("heap object of kind {kind}"))),
        }
    }
}
