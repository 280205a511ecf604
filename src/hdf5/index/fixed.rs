//! Chunks in a fixed array: an entry for each that the dataset may ever have.
//!
//! HDF5 File Format Specification, section VII.C.

use std::rc::Rc;

use super::{Spot, Walk};
use crate::{
    error::Result,
    hdf5::{cursor::Cursor, space::Decoded},
};

/// The array's header.
#[derive(Clone, Copy, Debug)]
struct Header {
    entry: usize,
    /// Entries per page.
    page: u64,
    count: u64,
    block: Option<u64>,
}

/// The array's one data block: its entries, or which of its pages were written.
enum Block {
    Entries(Vec<Option<Spot>>),
    Pages(Vec<u8>),
}

impl Header {
    fn pages(&self) -> u64 {
        if self.count > self.page { self.count.div_ceil(self.page.max(1)) } else { 0 }
    }

    fn entries(&self, count: u64) -> u64 {
        count.saturating_mul(self.entry as u64)
    }

    /// Address and length of a page of the block at `start`.
    fn page_at(&self, walk: &Walk<'_>, start: u64, page: u64) -> (u64, u64) {
        let step = self.entries(self.page).saturating_add(4);
        let length = self.length(&walk.space.cursor(&[], start, ""));
        let from = start.saturating_add(length).saturating_add(page.saturating_mul(step));
        let count = self.count.saturating_sub(page.saturating_mul(self.page)).min(self.page);
        (from, self.entries(count).saturating_add(4))
    }

    /// Length of the block without pages.
    fn length(&self, c: &Cursor<'_>) -> u64 {
        let body = if self.pages() > 0 { self.pages().div_ceil(8) } else { self.entries(self.count) };
        body.saturating_add(10).saturating_add(c.widths().offset.into())
    }
}

/// The header, and the block with where it is.
async fn open(walk: &Walk<'_>, address: u64) -> Result<(Rc<Header>, Option<(u64, Rc<Block>)>)> {
    let space = walk.space;
    let widths = space.widths();
    let len = 12_u64.saturating_add(widths.offset.into()).saturating_add(widths.length.into());
    let header = space
        .node(walk.owner, address, len, |at, bytes| {
            Ok(Decoded(header(walk, space.cursor(bytes, at, "fixed array"))?, 64))
        })
        .await?;
    let Some(start) = header.block else { return Ok((header, None)) };
    let length = header.length(&space.cursor(&[], start, ""));
    let block = space
        .node(walk.owner, start, length, |at, bytes| {
            let block = block(walk, &header, space.cursor(bytes, at, "block of a fixed array"))?;
            let weight = bytes.len().saturating_mul(2);
            Ok(Decoded(block, weight))
        })
        .await?;
    Ok((header, Some((start, block))))
}

/// Positions of all entries of pages that were written.
pub(super) async fn all(walk: &Walk<'_>, address: u64, most: usize) -> Result<Vec<u64>> {
    let (header, Some((start, block))) = open(walk, address).await? else { return Ok(Vec::new()) };
    let written = match &*block {
        Block::Entries(entries) => return Ok((0..entries.len() as u64).collect()),
        Block::Pages(written) => written,
    };
    let mut found = Vec::new();
    for page in (0..header.pages()).filter(|&page| bit(written, page)) {
        let (from, len) = header.page_at(walk, start, page);
        walk.space.span(from, len)?;
        let first = page.saturating_mul(header.page);
        let count = header.count.saturating_sub(first).min(header.page);
        walk.within(found.len().saturating_add(usize::try_from(count).unwrap_or(usize::MAX)), most)?;
        found.extend(first..first.saturating_add(count));
    }
    Ok(found)
}

/// Looks chunks up.
pub(super) async fn locate(walk: &Walk<'_>, address: u64, wanted: &[u64]) -> Result<Vec<Option<Spot>>> {
    let space = walk.space;
    let (header, Some((start, block))) = open(walk, address).await? else {
        return Ok(vec![None; wanted.len()]);
    };
    let positions = wanted.iter().map(|&n| walk.position(n, None)).collect::<Result<Vec<_>>>()?;
    let written = match &*block {
        Block::Entries(entries) => {
            let entry = |&p: &u64| usize::try_from(p).ok().and_then(|p| *entries.get(p)?);
            return Ok(positions.iter().map(entry).collect());
        }
        Block::Pages(written) => written,
    };
    let page_of = |position: u64| position.checked_div(header.page).unwrap_or(0);
    let mut pages: Vec<u64> = positions
        .iter()
        .filter(|p| **p < header.count)
        .map(|&p| page_of(p))
        .filter(|&p| bit(written, p))
        .collect();
    pages.sort_unstable();
    pages.dedup();
    let spans: Vec<(u64, u64)> = pages.iter().map(|&page| header.page_at(walk, start, page)).collect();
    let read = space
        .nodes(walk.owner, &spans, |at, bytes| {
            let count = (bytes.len().saturating_sub(4)).checked_div(header.entry).unwrap_or(0);
            let mut c = space.cursor(bytes, at, "page of a fixed array");
            let entries = entries(walk, &mut c, header.entry, count)?;
            c.checksum()?;
            Ok(Decoded(entries, bytes.len().saturating_mul(2)))
        })
        .await?;
    let spot = |&position: &u64| {
        let page = read.get(pages.binary_search(&page_of(position)).ok()?)?;
        *page.get(usize::try_from(position.checked_rem(header.page)?).ok()?)?
    };
    Ok(positions.iter().map(spot).collect())
}

fn header(walk: &Walk<'_>, mut c: Cursor<'_>) -> Result<Header> {
    c.magic(b"FAHD")?;
    c.version(&[0])?;
    let client = c.u8()?;
    let entry = usize::from(c.u8()?);
    let bits = c.u8()?;
    let count = c.length()?;
    let block = c.address()?;
    c.checksum()?;
    walk.check_entry(&c, client, entry)?;
    let page = 1_u64.checked_shl(bits.into()).ok_or_else(|| c.bad(format!("pages of 2^{bits} entries")))?;
    Ok(Header { entry, page, count, block })
}

fn block(walk: &Walk<'_>, header: &Header, mut c: Cursor<'_>) -> Result<Block> {
    c.magic(b"FADB")?;
    c.version(&[0])?;
    c.skip(1)?;
    c.address()?;
    let block = match header.pages() {
        0 => {
            let count = usize::try_from(header.count).unwrap_or(usize::MAX);
            Block::Entries(entries(walk, &mut c, header.entry, count)?)
        }
        pages => Block::Pages(c.take(usize::try_from(pages.div_ceil(8)).unwrap_or(usize::MAX))?.to_vec()),
    };
    c.checksum()?;
    Ok(block)
}

/// Decodes entries that follow one another.
pub(super) fn entries(
    walk: &Walk<'_>,
    c: &mut Cursor<'_>,
    size: usize,
    count: usize,
) -> Result<Vec<Option<Spot>>> {
    let bytes = count.checked_mul(size).filter(|&n| n <= c.left());
    bytes.ok_or_else(|| c.bad(format!("{count} entries in {} bytes", c.left())))?;
    (0..count).map(|_| walk.entry(c, size)).collect()
}

/// Whether a page was written: most significant bit first.
pub(super) fn bit(bits: &[u8], at: u64) -> bool {
    let byte = usize::try_from(at / 8).ok().and_then(|i| bits.get(i)).copied().unwrap_or(0);
    byte.checked_shr(7_u32.saturating_sub((at % 8) as u32)).unwrap_or(0) & 1 == 1
}
