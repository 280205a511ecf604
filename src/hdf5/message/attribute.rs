//! Attribute message: a small named value with its own type and shape.

use super::{
    dataspace::{self, Dataspace},
    datatype::{self, Datatype},
    shared::{self, Shared},
};
use crate::{error::Result, hdf5::cursor::Cursor};

/// Something that is here or elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part<T> {
    Here(T),
    Elsewhere(Shared),
}

/// An attribute, its value still as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Type.
    pub datatype: Part<Datatype>,
    /// Shape.
    pub space: Part<Dataspace>,
    /// Value.
    pub data: Vec<u8>,
}

/// Decodes the message.
///
/// # Errors
/// `Malformed`.
pub fn decode(mut c: Cursor<'_>) -> Result<Attribute> {
    let version = c.version(&[1, 2, 3])?;
    // Reserved in version 1.
    let flags = c.u8()? & if version == 1 { 0 } else { 3 };
    let (name, datatype, space) = (c.u16()?, c.u16()?, c.u16()?);
    if version == 3 {
        c.skip(1)?;
    }
    let mut part = |len: u16| {
        let part = c.take(len.into())?;
        if version == 1 {
            c.align(8);
        }
        Ok(part)
    };
    let (name, datatype, space) = (part(name)?, part(datatype)?, part(space)?);
    let datatype = {
        let mut c = c.inside(datatype, "datatype of an attribute");
        if flags & 1 == 0 {
            Part::Here(datatype::decode(&mut c)?)
        } else {
            Part::Elsewhere(shared::decode(&mut c)?)
        }
    };
    let space = {
        let mut c = c.inside(space, "dataspace of an attribute");
        if flags & 2 == 0 {
            Part::Here(dataspace::decode(c)?)
        } else {
            Part::Elsewhere(shared::decode(&mut c)?)
        }
    };
    Ok(Attribute { name: super::link::text(name), datatype, space, data: c.rest().to_vec() })
}
