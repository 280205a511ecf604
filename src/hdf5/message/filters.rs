//! Filter pipeline message: what is done to each chunk.

use crate::{error::Result, hdf5::cursor::Cursor};

/// Most filters HDF5 allows.
const MOST: u8 = 32;

/// One filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its registered number.
    pub id: u16,
    /// Its name, where the file gives one.
    pub name: String,
    /// Its parameters.
    pub values: Vec<u32>,
}

/// Decodes the message, in the order in which the filters were applied.
///
/// # Errors
/// `Malformed`.
pub fn decode(mut c: Cursor<'_>) -> Result<Vec<Filter>> {
    let version = c.version(&[1, 2])?;
    let count = c.u8()?;
    if count > MOST {
        return Err(c.bad(format!("{count} filters")));
    }
    if version == 1 {
        c.skip(6)?;
    }
    let mut filters = Vec::new();
    for _ in 0..count {
        let id = c.u16()?;
        let named = version == 1 || id >= 256;
        let len = if named { c.u16()? } else { 0 };
        c.skip(2)?;
        let values = c.u16()?;
        let name = c.take(len.into())?;
        let name = name.split(|&b| b == 0).next().unwrap_or(name);
        let name = String::from_utf8_lossy(name).into_owned();
        if version == 1 {
            c.align(8);
        }
        let values = (0..values).map(|_| c.u32()).collect::<Result<Vec<_>>>()?;
        if version == 1 {
            c.align(8);
        }
        filters.push(Filter { id, name, values });
    }
    Ok(filters)
}
