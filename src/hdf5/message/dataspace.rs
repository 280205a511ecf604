//! Dataspace message: the shape.

use crate::{error::Result, hdf5::cursor::Cursor};

/// Most axes HDF5 allows.
pub const RANK: usize = 32;

/// The shape of a dataset or an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataspace {
    /// Items along each axis; empty for a scalar.
    pub shape: Vec<u64>,
    /// To where each axis may grow; `u64::MAX` without end.
    pub most: Vec<u64>,
    /// Holds nothing at all, not even an empty array.
    pub null: bool,
}

impl Dataspace {
    /// Number of items.
    pub fn len(&self) -> u64 {
        if self.null { 0 } else { self.shape.iter().fold(1, |n: u64, &s| n.saturating_mul(s)) }
    }
}

/// Decodes the message.
///
/// # Errors
/// `Malformed`.
pub fn decode(mut c: Cursor<'_>) -> Result<Dataspace> {
    let version = c.version(&[1, 2])?;
    let rank = usize::from(c.u8()?);
    let flags = c.u8()?;
    let kind = c.u8()?;
    if version == 1 {
        c.skip(4)?;
    }
    if rank > RANK {
        return Err(c.bad(format!("{rank} axes")));
    }
    let null = version == 2 && kind == 2;
    if version == 2 && kind > 2 {
        return Err(c.bad(format!("kind {kind} is not known")));
    }
    let sides = |c: &mut Cursor<'_>| (0..rank).map(|_| c.length()).collect::<Result<Vec<u64>>>();
    let shape = sides(&mut c)?;
    let most = if flags & 1 == 0 {
        shape.clone()
    } else {
        let undefined = u64::MAX
            .checked_shr(64_u32.saturating_sub(u32::from(c.widths().length).saturating_mul(8)))
            .unwrap_or(u64::MAX);
        sides(&mut c)?.into_iter().map(|n| if n == undefined { u64::MAX } else { n }).collect()
    };
    if let Some((n, most)) = shape.iter().zip(&most).find(|(n, most)| n > most) {
        return Err(c.bad(format!("{n} items along an axis that has at most {most}")));
    }
    Ok(Dataspace { shape, most, null })
}
