//! Local heap: the names of an old group.
//!
//! HDF5 File Format Specification, section III.D.

use crate::{
    error::Result,
    hdf5::cursor::{Cursor, Widths},
};

/// Where the data of a local heap are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes.
    pub size: u64,
    /// Address.
    pub data: u64,
}

/// Length of a header.
pub fn header_length(widths: Widths) -> u64 {
    u64::from(widths.length).saturating_mul(2).saturating_add(8).saturating_add(widths.offset.into())
}

/// Decodes the header.
///
/// # Errors
/// `Malformed`.
pub fn header(mut c: Cursor<'_>) -> Result<Header> {
    c.magic(b"HEAP")?;
    c.version(&[0])?;
    c.skip(3)?;
    let size = c.length()?;
    c.length()?;
    Ok(Header { size, data: c.defined()? })
}

/// The string at an offset.
///
/// # Errors
/// `Malformed` when it lies outside.
pub fn string<'h>(heap: &'h [u8], offset: u64, c: &Cursor<'_>) -> Result<&'h [u8]> {
    let rest = usize::try_from(offset).ok().and_then(|at| heap.get(at..));
    let rest = rest.ok_or_else(|| c.bad(format!("name at {offset} in a heap of {} bytes", heap.len())))?;
    rest.split(|&b| b == 0)
        .next()
        .filter(|s| s.len() < rest.len())
        .ok_or_else(|| c.bad("a name does not end"))
}
