//! Chunks in an extensible array: for a dataset that grows along one axis without end.
//!
//! HDF5 File Format Specification, section VII.D. The first entries lie in the index block; the others in data blocks of
//! doubling size, the first of which the index block points to itself, the later ones through secondary blocks; large
//! data blocks are cut into pages.

mod blocks;
mod slots;

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use super::{
    Spot, Walk,
    fixed::{bit, entries},
};
use crate::{error::Result, hdf5::space::Decoded, order};
use blocks::{Index, addresses, header, index};
use slots::{Header, Slot, power};

/// A secondary block: which pages were written, block after block, and where the data blocks are.
struct Secondary {
    written: Vec<u8>,
    blocks: Vec<Option<u64>>,
}

/// Address and length of what holds a slot: a data block, or a page of one if the second says so. `None`: the page was
/// never written.
fn place(walk: &Walk<'_>, header: &Header, data: &Data, slot: Slot) -> Option<((u64, u64), bool)> {
    let widths = walk.space.widths();
    let head = 6_u64.saturating_add(widths.offset.into()).saturating_add(header.offset() as u64);
    let bytes = |count: u64| count.saturating_mul(header.entry as u64).saturating_add(4);
    if header.pages(slot.group) == 0 {
        return Some(((data.address, head.saturating_add(bytes(header.block(slot.group)))), false));
    }
    let (page, _) = header.split(slot);
    let written = data.written.get(usize::try_from(page).ok()?).copied().unwrap_or(false);
    let from = head.saturating_add(4).saturating_add(page.saturating_mul(bytes(header.page)));
    let span = (data.address.saturating_add(from), bytes(header.page));
    (written || slot.group < header.inline()).then_some((span, true))
}

/// The header and the index block.
async fn open(walk: &Walk<'_>, address: u64) -> Result<(Rc<Header>, Option<Rc<Index>>)> {
    let space = walk.space;
    let widths = space.widths();
    let len =
        u64::from(widths.length).saturating_mul(6).saturating_add(16).saturating_add(widths.offset.into());
    let header = space
        .node(walk.owner, address, len, |at, bytes| {
            Ok(Decoded(header(walk, space.cursor(bytes, at, "extensible array"))?, 64))
        })
        .await?;
    let Some(at) = header.index else { return Ok((header, None)) };
    let (blocks, secondary) =
        (header.before(header.inline()), header.groups().saturating_sub(header.inline()));
    let len = blocks
        .saturating_add(secondary.into())
        .saturating_mul(widths.offset.into())
        .saturating_add(header.direct.saturating_mul(header.entry as u64))
        .saturating_add(10)
        .saturating_add(widths.offset.into());
    let index = space
        .node(walk.owner, at, len, |at, bytes| {
            let c = space.cursor(bytes, at, "index block of an extensible array");
            Ok(Decoded(index(walk, &header, c, blocks, secondary)?, bytes.len().saturating_mul(2)))
        })
        .await?;
    Ok((header, Some(index)))
}

/// Positions of all entries of blocks and pages that were written.
pub(super) async fn all(walk: &Walk<'_>, address: u64, most: usize) -> Result<Vec<u64>> {
    let space = walk.space;
    let (header, Some(index)) = open(walk, address).await? else { return Ok(Vec::new()) };
    let mut found: Vec<u64> = (0..header.direct).collect();
    for group in 0..header.groups() {
        // What points to the blocks of a group has to be in the file, so there are not too many of them.
        let there = match group.checked_sub(header.inline()) {
            None => true,
            Some(at) => index.secondary.get(at as usize).copied().flatten().is_some(),
        };
        if !there || power(group / 2) > space.len() {
            continue;
        }
        let slots: Vec<Slot> = (0..power(group / 2)).map(|block| Slot { group, block, entry: 0 }).collect();
        for ((_, block), data) in data_blocks(walk, &header, &index, slots.iter()).await? {
            let pages = header.pages(group);
            let len = if pages == 0 { header.block(group) } else { header.page };
            for page in 0..pages.max(1) {
                let slot = Slot { group, block, entry: page.saturating_mul(len) };
                let Some(((from, bytes), _)) = place(walk, &header, &data, slot) else { continue };
                space.span(from, bytes)?;
                walk.within(found.len().saturating_add(usize::try_from(len).unwrap_or(usize::MAX)), most)?;
                let first = header.position(slot);
                found.extend(first..first.saturating_add(len));
            }
        }
    }
    Ok(found)
}

/// Looks chunks up.
pub(super) async fn locate(walk: &Walk<'_>, address: u64, wanted: &[u64]) -> Result<Vec<Option<Spot>>> {
    let (header, Some(index)) = open(walk, address).await? else { return Ok(vec![None; wanted.len()]) };
    let endless = walk.endless();
    let positions = wanted.iter().map(|&n| walk.position(n, endless)).collect::<Result<Vec<_>>>()?;
    let slots: Vec<Option<Slot>> = positions.iter().map(|&p| header.slot(p)).collect();
    let blocks = data_blocks(walk, &header, &index, slots.iter().flatten()).await?;
    let parts = parts(walk, &header, &blocks, slots.iter().flatten()).await?;
    let spot = |(&position, slot): (&u64, &Option<Slot>)| match slot {
        None => *index.entries.get(usize::try_from(position).ok()?)?,
        Some(slot) => {
            let (page, entry) = header.split(*slot);
            *parts.get(&(slot.group, slot.block, page))?.get(usize::try_from(entry).ok()?)?
        }
    };
    Ok(positions.iter().zip(&slots).map(spot).collect())
}

/// A data block, with the bits that say which of its pages were written.
struct Data {
    address: u64,
    written: Vec<bool>,
}

/// Finds the data blocks of some slots, through secondary blocks where need be.
async fn data_blocks(
    walk: &Walk<'_>,
    header: &Header,
    index: &Index,
    slots: impl Iterator<Item = &Slot>,
) -> Result<BTreeMap<(u32, u64), Data>> {
    let space = walk.space;
    let wanted = order::set(slots.map(|s| (s.group, s.block)));
    let inline = header.inline();
    let mut groups: Vec<(u32, u64)> = Vec::new();
    for &(group, _) in &wanted {
        let at = group.checked_sub(inline).and_then(|g| *index.secondary.get(g as usize)?);
        groups.extend(at.map(|address| (group, address)).filter(|new| groups.last() != Some(new)));
    }
    let group_at: HashMap<u64, u32> = groups.iter().map(|&(g, a)| (a, g)).collect();
    let bits = |group: u32| header.pages(group).div_ceil(8);
    let length = |group: u32| {
        let each = u64::from(space.widths().offset).saturating_add(bits(group));
        let head = 10_u64.saturating_add(space.widths().offset.into()).saturating_add(header.offset() as u64);
        power(group / 2).saturating_mul(each).saturating_add(head)
    };
    let spans: Vec<(u64, u64)> = groups.iter().map(|&(g, a)| (a, length(g))).collect();
    let read = space
        .nodes(walk.owner, &spans, |at, bytes| {
            let group = group_at.get(&at).copied().unwrap_or(0);
            let mut c = space.cursor(bytes, at, "secondary block of an extensible array");
            c.magic(b"EASB")?;
            c.version(&[0])?;
            c.skip(1)?;
            c.address()?;
            c.skip(header.offset())?;
            let bitmaps = power(group / 2).saturating_mul(bits(group));
            let written = c.take(usize::try_from(bitmaps).unwrap_or(usize::MAX))?.to_vec();
            let blocks = addresses(&mut c, power(group / 2))?;
            c.checksum()?;
            Ok(Decoded(Secondary { written, blocks }, bytes.len().saturating_mul(2)))
        })
        .await?;
    let secondary: HashMap<u64, Rc<Secondary>> =
        groups.iter().map(|&(g, _)| u64::from(g)).zip(read).collect();
    let mut found = BTreeMap::new();
    for (group, block) in wanted {
        let (address, written) = if group < inline {
            let at = header.before(group).saturating_add(block);
            (usize::try_from(at).ok().and_then(|i| *index.blocks.get(i)?), vec![true])
        } else {
            let Some(secondary) = secondary.get(&group.into()) else { continue };
            // Each block has whole bytes of bits, yet the bits of all blocks follow each other without gaps.
            let pages = header.pages(group);
            let first = block.saturating_mul(pages);
            let written = (0..pages).map(|p| bit(&secondary.written, first.saturating_add(p))).collect();
            (usize::try_from(block).ok().and_then(|i| *secondary.blocks.get(i)?), written)
        };
        found.extend(address.map(|address| ((group, block), Data { address, written })));
    }
    Ok(found)
}

/// Entries of a data block or of one of its pages.
type Part = Rc<Vec<Option<Spot>>>;

/// Reads the data blocks, or those of their pages that hold some slots.
async fn parts(
    walk: &Walk<'_>,
    header: &Header,
    blocks: &BTreeMap<(u32, u64), Data>,
    slots: impl Iterator<Item = &Slot>,
) -> Result<BTreeMap<(u32, u64, u64), Part>> {
    let space = walk.space;
    let mut spans = BTreeMap::new();
    for &slot in slots {
        let Some(data) = blocks.get(&(slot.group, slot.block)) else { continue };
        if let Some(place) = place(walk, header, data, slot) {
            spans.insert((slot.group, slot.block, header.split(slot).0), place);
        }
    }
    let places: Vec<(u64, u64)> = spans.values().map(|(span, _)| *span).collect();
    let paged: HashMap<u64, bool> = spans.values().map(|((address, _), paged)| (*address, *paged)).collect();
    let read = space
        .nodes(walk.owner, &places, |at, bytes| {
            let mut c = space.cursor(bytes, at, "data block of an extensible array");
            if paged.get(&at) == Some(&false) {
                c.magic(b"EADB")?;
                c.version(&[0])?;
                c.skip(1)?;
                c.address()?;
                c.skip(header.offset())?;
            }
            let count = c.left().saturating_sub(4).checked_div(header.entry).unwrap_or(0);
            let entries = entries(walk, &mut c, header.entry, count)?;
            c.checksum()?;
            Ok(Decoded(entries, bytes.len().saturating_mul(2)))
        })
        .await?;
    Ok(spans.into_keys().zip(read).collect())
}
