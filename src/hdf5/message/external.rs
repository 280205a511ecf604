//! External files message: which files hold a dataset's items, one behind the other.

use crate::{error::Result, hdf5::cursor::Cursor};

/// The files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Local heap with their names.
    pub heap: u64,
    /// In order.
    pub slots: Vec<Slot>,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Where its name is in the heap.
    pub name: u64,
    /// Where in it the part begins.
    pub offset: u64,
    /// How long it is; `u64::MAX` without end.
    pub size: u64,
}

/// Decodes the message.
///
/// # Errors
/// `Malformed`.
pub fn decode(mut c: Cursor<'_>) -> Result<Files> {
    c.version(&[1])?;
    c.skip(5)?;
    let count = c.u16()?;
    let heap = c.defined()?;
    let endless = u64::MAX
        .checked_shr(64_u32.saturating_sub(u32::from(c.widths().length).saturating_mul(8)))
        .unwrap_or(u64::MAX);
    let mut slots = Vec::new();
    for _ in 0..count {
        let (name, offset, size) = (c.length()?, c.length()?, c.length()?);
        slots.push(Slot { name, offset, size: if size == endless { u64::MAX } else { size } });
    }
    Ok(Files { heap, slots })
}
