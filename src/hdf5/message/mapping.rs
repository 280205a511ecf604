//! Which parts of which datasets make up a virtual one: an item of a global heap.
//!
//! HDF5 File Format Specification, section VIII ("Virtual Dataset Global Heap Block"). Version 1, which HDF5 2.0 writes,
//! names a file or dataset once and refers to where.

use std::rc::Rc;

use super::{
    link::text,
    selection::{self, Selection},
};
use crate::{error::Result, hdf5::cursor::Cursor};

/// The file that holds the virtual dataset itself.
pub const SAME: &str = ".";

/// A part of a virtual dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Name of the file.
    pub file: Rc<str>,
    /// Path in it.
    pub path: Rc<str>,
    /// Items there.
    pub from: Selection,
    /// Items of the virtual dataset.
    pub to: Selection,
}

/// Decodes the list.
///
/// # Errors
/// `Malformed`, `Unsupported`.
pub fn decode(mut c: Cursor<'_>, most: usize) -> Result<Vec<Mapping>> {
    let version = c.version(&[0, 1])?;
    let count = c.length()?;
    let mut maps: Vec<Mapping> = Vec::new();
    for _ in 0..count {
        if maps.len() >= most {
            return Err(c.bad(format!("more than {most} parts")));
        }
        let flags = if version == 0 { 0 } else { c.u8()? };
        if flags & 0xf8 != 0 {
            return Err(c.foreign(format!("flags {flags:#x} of a part")));
        }
        let file = match flags {
            f if f & 4 != 0 => SAME.into(),
            f if f & 1 != 0 => Rc::clone(&earlier(&mut c, &maps)?.file),
            _ => text(c.until_nul()?).into(),
        };
        let path = if flags & 2 != 0 {
            Rc::clone(&earlier(&mut c, &maps)?.path)
        } else {
            text(c.until_nul()?).into()
        };
        let from = selection::decode(&mut c)?;
        let to = selection::decode(&mut c)?;
        maps.push(Mapping { file, path, from, to });
    }
    c.checksum()?;
    Ok(maps)
}

/// The part that has the name first.
fn earlier<'m>(c: &mut Cursor<'_>, maps: &'m [Mapping]) -> Result<&'m Mapping> {
    let number = c.length()?;
    let found = usize::try_from(number).ok().and_then(|at| maps.get(at));
    found.ok_or_else(|| c.bad(format!("a name is that of part {number}, which does not come before")))
}
