//! Object headers, versions 1 and 2: the list of messages that describe a group or a dataset.
//!
//! HDF5 File Format Specification, section IV.A.1. Decoders only; continuation blocks are fetched in `walk`.

use bytes::Bytes;

use super::cursor::{Cursor, Widths};
use crate::error::Result;

/// One message, not yet interpreted.
#[derive(Clone, Debug)]
pub struct Message {
    /// Type number.
    pub kind: u16,
    /// Bit 1: the body is a pointer to a shared message.
    pub flags: u8,
    /// Creation order (0 where not recorded).
    pub order: u16,
    /// Content.
    pub body: Bytes,
    /// Where its block begins in the file, for errors.
    pub origin: u64,
}

/// Message types that are looked at.
#[allow(missing_docs)]
pub mod kind {
    pub const DATASPACE: u16 = 0x01;
    pub const LINK_INFO: u16 = 0x02;
    pub const DATATYPE: u16 = 0x03;
    pub const OLD_FILL: u16 = 0x04;
    pub const FILL: u16 = 0x05;
    pub const LINK: u16 = 0x06;
    pub const EXTERNAL_FILES: u16 = 0x07;
    pub const LAYOUT: u16 = 0x08;
    pub const GROUP_INFO: u16 = 0x0a;
    pub const FILTERS: u16 = 0x0b;
    pub const ATTRIBUTE: u16 = 0x0c;
    pub const SHARED_TABLE: u16 = 0x0f;
    pub const CONTINUATION: u16 = 0x10;
    pub const SYMBOL_TABLE: u16 = 0x11;
    pub const BTREE_K: u16 = 0x13;
    pub const ATTRIBUTE_INFO: u16 = 0x15;
    pub const LAST_KNOWN: u16 = 0x1a;
}

impl Message {
    /// A cursor over the body.
    pub fn cursor(&self, widths: Widths, what: &'static str) -> Cursor<'_> {
        Cursor::new(&self.body, self.origin, widths, what)
    }
}

/// The beginning of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// 1 or 2.
    pub version: u8,
    /// Flags of version 2; 0 in version 1.
    pub flags: u8,
    /// Bytes before the first message.
    pub start: u64,
    /// Bytes of messages in the first block.
    pub size: u64,
}

impl Prefix {
    /// Length of the whole first block.
    pub fn block(&self) -> u64 {
        let checksum = if self.version == 2 { 4 } else { 0 };
        self.start.saturating_add(self.size).saturating_add(checksum)
    }

    /// Whether attributes carry their creation order.
    pub fn ordered(&self) -> bool {
        self.flags & 4 != 0
    }
}

/// Decodes the beginning of a header, of which at least the first 32 bytes are wanted.
///
/// # Errors
/// `Malformed` when there is no header.
pub fn prefix(mut c: Cursor<'_>) -> Result<Prefix> {
    let first = c.u8()?;
    if first == 1 {
        c.skip(7)?;
        let size = c.u32()?;
        // Messages begin at a multiple of 8.
        return Ok(Prefix { version: 1, flags: 0, start: 16, size: size.into() });
    }
    let magic = c.take(3)?;
    if first != b'O' || magic != b"HDR" {
        return Err(c.bad("there is no object header here"));
    }
    c.version(&[2])?;
    let flags = c.u8()?;
    if flags & 0x20 != 0 {
        c.skip(16)?;
    }
    if flags & 0x10 != 0 {
        c.skip(4)?;
    }
    let size = c.uint(1_usize.checked_shl(u32::from(flags & 3)).unwrap_or(8))?;
    Ok(Prefix { version: 2, flags, start: c.position() as u64, size })
}

/// Decodes the messages of a block: the first one (`start` as the prefix says) or a continuation.
///
/// # Errors
/// `Malformed` when a message overruns the block or a checksum is wrong.
pub fn messages(
    block: &Bytes,
    origin: u64,
    widths: Widths,
    prefix: &Prefix,
    first: bool,
) -> Result<Vec<Message>> {
    let mut c = Cursor::new(block, origin, widths, "object header");
    let mut end = block.len();
    if prefix.version == 2 {
        end = end.saturating_sub(4);
        let mut whole = c.clone();
        whole.skip(end)?;
        whole.checksum()?;
    }
    match (first, prefix.version) {
        (true, _) => c.skip(usize::try_from(prefix.start).unwrap_or(usize::MAX))?,
        (false, 2) => c.magic(b"OCHK")?,
        (false, _) => {}
    }
    let ordered = prefix.version == 2 && prefix.ordered();
    let head = match prefix.version {
        1 => 8,
        _ if ordered => 6,
        _ => 4,
    };
    let mut found = Vec::new();
    // What is left when no message fits any more is a gap.
    while end.saturating_sub(c.position()) >= head {
        let (kind, size, flags, order);
        if prefix.version == 1 {
            (kind, size, flags, order) = (c.u16()?, c.u16()?, c.u8()?, 0);
            c.skip(3)?;
        } else {
            (kind, size, flags) = (c.u8()?.into(), c.u16()?, c.u8()?);
            order = if ordered { c.u16()? } else { 0 };
        }
        let start = c.position();
        c.skip(size.into())?;
        if c.position() > end {
            return Err(c.bad(format!("message of type {kind} overruns its block")));
        }
        if kind > kind::LAST_KNOWN && flags & 0x80 != 0 {
            return Err(c.foreign(format!("message type {kind} is not known and must not be ignored")));
        }
        found.push(Message { kind, flags, order, body: block.slice(start..c.position()), origin });
    }
    Ok(found)
}
