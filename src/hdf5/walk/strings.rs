//! Fetches variable-length items from global heaps, whole collections at a time.

use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use bytes::Bytes;

use crate::{
    array::{Lists, Text},
    error::{Error, Result},
    hdf5::{
        heap::global::{self, Collection, Reference},
        siblings::Siblings,
        space::{Space, apart, number},
    },
    limits::Limits,
};

/// Owner of decoded collections in the space's cache.
const OWNER: u64 = u64::MAX - 1;
/// More collections than this are data rather than metadata: they go past the caches.
const FEW: usize = 16;
/// Bytes that each byte of a reference may stand for on average, besides what the file has: fill values are shared.
const SHARED: u64 = 16;
/// Collections in memory at a time.
const WINDOW: usize = 4096;

/// Collections by address.
pub type Collections = HashMap<u64, Rc<Collection>>;

/// Items that are wanted: collection and number.
pub type Wanted = BTreeSet<(u64, u32)>;

/// Brings the collections of some items. What a page holds of each comes first, and often it holds the items; another
/// batch brings the rest of those where it does not.
///
/// # Errors
/// `Malformed`, `Limit`, `Source`.
pub async fn collections(space: &Space, wanted: &Wanted) -> Result<Collections> {
    let has = |collection: &Collection, address: u64| {
        let mut items = wanted.range((address, 0)..=(address, u32::MAX));
        collection.complete || items.all(|&(_, index)| collection.item(index).is_some())
    };
    let mut addresses: Vec<u64> = wanted.iter().map(|&(address, _)| address).collect();
    addresses.dedup();
    let mut found = Collections::new();
    for &address in &addresses {
        found.extend(space.kept::<Collection>(OWNER, address).map(|collection| (address, collection)));
    }
    addresses.retain(|address| !found.get(address).is_some_and(|c| has(c, *address)));
    let few = addresses.len() <= FEW;
    let fits = |address: u64, len: u64| {
        let at = space.cursor(&[], address, "").origin();
        (address, len.min(space.len().saturating_sub(at)))
    };
    // How far the items of a collection reach is not known, but from afar it is worth guessing: attributes that were written behind
    // many strings are at the end of the last of their collections.
    let far = few && space.is_far();
    let reach = |address: u64| {
        let last =
            wanted.range((address, 0)..=(address, u32::MAX)).next_back().map_or(0, |&(_, index)| index);
        u64::from(last).saturating_add(8).saturating_mul(global::ITEM).min(global::LONG)
    };
    let begin = |&address: &u64| {
        let page = if few { space.page_end(address).max(global::USUAL) } else { global::USUAL };
        fits(address, if far { page.max(reach(address)) } else { page })
    };
    let begun: Vec<(u64, u64)> = addresses.iter().filter(|a| !found.contains_key(a)).map(begin).collect();
    // Those of which a beginning is there already need the rest.
    for (&(address, _), head) in begun.iter().zip(read(space, &begun, few).await?) {
        found.insert(address, decode(space, address, head, few)?);
    }
    let longer = addresses.iter().filter_map(|a| Some((*a, found.get(a)?)));
    let longer = longer.filter(|(address, collection)| !has(collection, *address));
    let longer: Vec<(u64, u64)> = longer.map(|(address, collection)| (address, collection.len)).collect();
    for (&(address, _), whole) in longer.iter().zip(read(space, &longer, few).await?) {
        found.insert(address, decode(space, address, whole, few)?);
    }
    Ok(found)
}

fn decode(space: &Space, address: u64, bytes: Bytes, few: bool) -> Result<Rc<Collection>> {
    // A copy where it is kept: it must not keep whole pages alive.
    let bytes = if few { Bytes::copy_from_slice(&bytes) } else { bytes };
    let c = space.cursor(&bytes, address, "global heap");
    let collection = Rc::new(global::collection(c, bytes.clone())?);
    if few {
        space.keep((OWNER, address), Rc::clone(&collection) as _, collection.weight());
    }
    Ok(collection)
}

async fn read(space: &Space, wanted: &[(u64, u64)], few: bool) -> Result<Vec<Bytes>> {
    if few {
        return space.read_many(wanted).await;
    }
    let mut sum = 0_u64;
    let mut spans = Vec::new();
    for &(address, len) in wanted {
        sum = sum.saturating_add(len);
        spans.push(space.span(address, len)?);
    }
    Limits::size(sum, space.limits().result, "the heaps of an array of strings")?;
    space.data(&spans).await
}

/// The item that a reference stands for.
///
/// # Errors
/// `Malformed` when there is none or it is too short.
pub fn item<'c>(
    space: &Space,
    collections: &'c Collections,
    reference: Reference,
    size: u32,
) -> Result<&'c [u8]> {
    let Reference { len, collection, index } = reference;
    let bytes = u64::from(len).saturating_mul(size.into());
    let item = collections.get(&collection).and_then(|c| c.item(index));
    let part = item.and_then(|item| item.get(..usize::try_from(bytes).ok()?));
    part.ok_or_else(|| {
        let has = item.map_or("nothing".into(), |i| format!("{} bytes", i.len()));
        space.bad(collection, format!("item {index} of a global heap is to have {bytes} bytes and has {has}"))
    })
}

/// The strings that stored references stand for, in the file of a number or, where a reference says so, in another.
///
/// # Errors
/// `Malformed` when one leads nowhere, `Limit`, `Source`.
pub async fn text(files: &Siblings, own: u64, stored: &[u8]) -> Result<Text> {
    let mut text = Text::new();
    each(files, own, stored, 1, |_, item| text.push_bytes(terminated(item))).await?;
    Ok(text)
}

/// The lists that stored references stand for; an element has `width` bytes.
///
/// # Errors
/// As [`text`].
pub async fn lists(files: &Siblings, own: u64, stored: &[u8], width: usize) -> Result<Lists> {
    let mut lists = Lists::default();
    let size = u32::try_from(width).map_err(|_| Error::limit(format!("list elements of {width} bytes")))?;
    each(files, own, stored, size, |len, item| {
        lists.lens.push(len);
        lists.bytes.extend_from_slice(item);
    })
    .await?;
    Ok(lists)
}

/// Hands over each item with the number of its elements, in the order of the references.
async fn each(
    files: &Siblings,
    own: u64,
    stored: &[u8],
    size: u32,
    mut take: impl FnMut(u32, &[u8]),
) -> Result<()> {
    let file = files.file(own)?;
    let width = global::reference_length(file.space.widths());
    let mut references =
        Limits::room(stored.len().checked_div(width).unwrap_or(0), "an array of references")?;
    for one in stored.chunks_exact(width) {
        references.push(global::reference(file.space.cursor(one, 0, "reference to a heap"))?);
    }
    // Items that many references share would be bytes that the file did not pay for.
    let most = file.space.len().max(1 << 24).saturating_add((stored.len() as u64).saturating_mul(SHARED));
    let mut left = most.min(file.space.limits().result);
    // What a virtual dataset put together may lead into other files: their number, counted from 1, is above the address.
    let other = |r: &Option<Reference>| r.map_or(0, |r| number(r.collection));
    for run in references.chunk_by_mut(|a, b| other(a) == other(b)) {
        let file = match run.first().map_or(0, other).checked_sub(1) {
            None => Rc::clone(&file),
            Some(other) => {
                run.iter_mut().flatten().for_each(|r| r.collection = apart(r.collection).1);
                files.file(other)?
            }
        };
        each_in(&file.space, run, size, &mut left, &mut take).await?;
    }
    Ok(())
}

async fn each_in(
    space: &Space,
    mut rest: &[Option<Reference>],
    size: u32,
    left: &mut u64,
    take: &mut impl FnMut(u32, &[u8]),
) -> Result<()> {
    let mut have = Collections::new();
    while !rest.is_empty() {
        // As many as share a bounded number of collections, going on with the last window's.
        let mut wanted = BTreeSet::new();
        let count = rest
            .iter()
            .position(|r| {
                wanted.extend(r.map(|r| r.collection));
                wanted.len() > WINDOW
            })
            .unwrap_or(rest.len());
        let (window, tail) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        let wanted: Wanted = window.iter().flatten().map(|r| (r.collection, r.index)).collect();
        have.retain(|&address, _| wanted.range((address, 0)..=(address, u32::MAX)).next().is_some());
        let lacks = |address: &u64, index: &u32| have.get(address).is_none_or(|c| c.item(*index).is_none());
        let misses: Wanted = wanted.into_iter().filter(|(address, index)| lacks(address, index)).collect();
        have.extend(collections(space, &misses).await?);
        for reference in window {
            let (len, item) = match reference {
                Some(reference) => (reference.len, item(space, &have, *reference, size)?),
                None => (0, &[][..]),
            };
            *left = left
                .checked_sub(item.len() as u64)
                .ok_or_else(|| Error::limit("strings or lists of more bytes than the file has"))?;
            take(len, item);
        }
        rest = tail;
    }
    Ok(())
}

/// C programs write strings that end at a NUL.
pub fn terminated(item: &[u8]) -> &[u8] {
    item.split(|&b| b == 0).next().unwrap_or(item)
}
