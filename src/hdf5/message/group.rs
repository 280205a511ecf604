//! The messages that say where a group's links or an object's attributes are.

use crate::{error::Result, hdf5::cursor::Cursor};

/// Link info or attribute info: where the many are, and whether they are in order of creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dense {
    /// Creation order is recorded.
    pub ordered: bool,
    /// Fractal heap that holds them; `None` when they are in the header.
    pub heap: Option<u64>,
    /// B-tree over their names.
    pub names: Option<u64>,
}

/// Decodes a link info message (`wide`) or an attribute info message.
///
/// # Errors
/// `Malformed`.
pub fn dense(mut c: Cursor<'_>, wide: bool) -> Result<Dense> {
    c.version(&[0])?;
    let flags = c.u8()?;
    let ordered = flags & 1 != 0;
    if ordered {
        c.skip(if wide { 8 } else { 2 })?;
    }
    Ok(Dense { ordered, heap: c.address()?, names: c.address()? })
}

/// Where an old group's links are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolTable {
    /// B-tree of version 1.
    pub tree: u64,
    /// Local heap with the names.
    pub heap: u64,
}

/// Decodes a symbol table message.
///
/// # Errors
/// `Malformed`.
pub fn symbol_table(mut c: Cursor<'_>) -> Result<SymbolTable> {
    Ok(SymbolTable { tree: c.defined()?, heap: c.defined()? })
}
