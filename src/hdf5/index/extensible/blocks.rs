//! What the header and the index block look like.

use super::{
    super::{Spot, Walk, fixed::entries},
    slots::{Header, power},
};
use crate::{error::Result, hdf5::cursor::Cursor};

/// The index block.
pub struct Index {
    pub entries: Vec<Option<Spot>>,
    pub blocks: Vec<Option<u64>>,
    pub secondary: Vec<Option<u64>>,
}

/// Addresses that follow each other.
pub fn addresses(c: &mut Cursor<'_>, count: u64) -> Result<Vec<Option<u64>>> {
    if count > c.left() as u64 {
        return Err(c.bad(format!("{count} addresses in {} bytes", c.left())));
    }
    (0..count).map(|_| c.address()).collect()
}

/// Decodes the header.
pub fn header(walk: &Walk<'_>, mut c: Cursor<'_>) -> Result<Header> {
    c.magic(b"EAHD")?;
    c.version(&[0])?;
    let client = c.u8()?;
    let entry = usize::from(c.u8()?);
    let (bits, direct, least, pointers, page) = (c.u8()?, c.u8()?, c.u8()?, c.u8()?, c.u8()?);
    for _ in 0..6 {
        c.length()?;
    }
    let index = c.address()?;
    c.checksum()?;
    walk.check_entry(&c, client, entry)?;
    if bits > 64 || page >= 64 || !least.is_power_of_two() || !pointers.is_power_of_two() {
        return Err(c.bad(format!(
            "numbers of {bits} bits, blocks of {least} entries, {pointers} in a secondary block, pages of 2^{page}"
        )));
    }
    Ok(Header {
        entry,
        bits,
        direct: direct.into(),
        least: least.into(),
        pointers: pointers.into(),
        page: power(page.into()),
        index,
    })
}

/// Decodes the index block.
pub fn index(
    walk: &Walk<'_>,
    header: &Header,
    mut c: Cursor<'_>,
    blocks: u64,
    secondary: u32,
) -> Result<Index> {
    c.magic(b"EAIB")?;
    c.version(&[0])?;
    c.skip(1)?;
    c.address()?;
    let count = usize::try_from(header.direct).unwrap_or(usize::MAX);
    let entries = entries(walk, &mut c, header.entry, count)?;
    let index = Index {
        entries,
        blocks: addresses(&mut c, blocks)?,
        secondary: addresses(&mut c, secondary.into())?,
    };
    c.checksum()?;
    Ok(index)
}
