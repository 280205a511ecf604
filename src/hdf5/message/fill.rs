//! Fill value messages, old and new: what an item is that was never written.

use crate::{error::Result, hdf5::cursor::Cursor};

/// Decodes the new message: the item's bytes, empty for zeros.
///
/// # Errors
/// `Malformed`.
pub fn decode(mut c: Cursor<'_>) -> Result<Vec<u8>> {
    let version = c.version(&[1, 2, 3])?;
    let given = if version == 3 {
        c.u8()? & 0x20 != 0
    } else {
        c.skip(2)?;
        let defined = c.u8()? != 0;
        defined || version == 1
    };
    if given { sized(c) } else { Ok(Vec::new()) }
}

/// Decodes the old message.
///
/// # Errors
/// `Malformed`.
pub fn sized(mut c: Cursor<'_>) -> Result<Vec<u8>> {
    // A negative size says that the value is not defined.
    match i32::from_le_bytes(c.array()?) {
        size if size <= 0 => Ok(Vec::new()),
        size => Ok(c.take(size.unsigned_abs() as usize)?.to_vec()),
    }
}
