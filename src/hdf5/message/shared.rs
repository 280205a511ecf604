//! Shared messages: a pointer instead of the content.

use crate::{error::Result, hdf5::cursor::Cursor};

/// Where the content is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Shared {
    /// In the header of a committed object.
    Object(u64),
    /// In the file's heap of shared messages.
    Heap([u8; 8]),
}

/// Decodes a pointer.
///
/// # Errors
/// `Malformed`.
pub fn decode(c: &mut Cursor<'_>) -> Result<Shared> {
    let version = c.version(&[1, 2, 3])?;
    let kind = c.u8()?;
    if version == 1 {
        c.skip(6)?;
    }
    if version == 3 && kind == 1 {
        return Ok(Shared::Heap(c.array()?));
    }
    Ok(Shared::Object(c.defined()?))
}

/// The file's table of shared messages: which heap holds which kinds (bit = message type).
///
/// # Errors
/// `Malformed`.
pub fn table(mut c: Cursor<'_>, count: u8) -> Result<Vec<(u16, u64)>> {
    c.magic(b"SMTB")?;
    let mut heaps = Vec::new();
    for _ in 0..count {
        c.version(&[0])?;
        c.skip(1)?;
        let kinds = c.u16()?;
        c.skip(10)?;
        c.address()?;
        if let Some(heap) = c.address()? {
            heaps.push((kinds, heap));
        }
    }
    c.checksum()?;
    Ok(heaps)
}
