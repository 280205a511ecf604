//! Fetches variable-length items from global heaps, whole collections at a time.

use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use bytes::Bytes;

use crate::{
    array::Text,
    error::{Error, Result},
    hdf5::{
        heap::global::{self, Collection, Reference},
        space::Space,
    },
    limits::Limits,
};

/// Owner of decoded collections in the space's cache.
const OWNER: u64 = u64::MAX - 1;
/// More collections than this are data rather than metadata: they go past the caches.
const FEW: usize = 16;
/// Collections in memory at a time.
const WINDOW: usize = 4096;

/// Collections by address.
pub type Collections = HashMap<u64, Rc<Collection>>;

/// Brings collections: one batch for their usual size, another for the rest of larger ones.
///
/// # Errors
/// `Malformed`, `Limit`, `Source`.
pub async fn collections(space: &Space, addresses: &BTreeSet<u64>) -> Result<Collections> {
    let mut found = Collections::new();
    let mut misses = Vec::new();
    for &address in addresses {
        match space.kept::<Collection>(OWNER, address) {
            Some(collection) => _ = found.insert(address, collection),
            None => misses.push(address),
        }
    }
    let few = misses.len() <= FEW;
    let rest = |address| space.len().saturating_sub(space.cursor(&[], address, "").origin());
    let usual: Vec<(u64, u64)> = misses.iter().map(|&a| (a, global::USUAL.min(rest(a)))).collect();
    let heads = read(space, &usual, few).await?;
    let mut longer = Vec::new();
    let mut lengths = Vec::new();
    for (&(address, got), head) in usual.iter().zip(&heads) {
        let len = global::length(space.cursor(head, address, "global heap"))?;
        lengths.push(len);
        if len > got {
            longer.push((address, len));
        }
    }
    let mut tails = read(space, &longer, few).await?.into_iter();
    for ((&(address, got), head), len) in usual.iter().zip(heads).zip(lengths) {
        let whole = if len > got { tails.next().unwrap_or_default() } else { head };
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(whole.len());
        // A copy where it is kept: it must not keep whole pages alive.
        let bytes =
            if few { Bytes::copy_from_slice(whole.get(..len).unwrap_or(&[])) } else { whole.slice(..len) };
        let collection =
            Rc::new(global::collection(space.cursor(&bytes, address, "global heap"), bytes.clone())?);
        if few {
            space.keep((OWNER, address), Rc::clone(&collection) as _, collection.weight());
        }
        found.insert(address, collection);
    }
    Ok(found)
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

/// The strings that stored references stand for.
///
/// # Errors
/// `Malformed` when one leads nowhere, `Limit`, `Source`.
pub async fn text(space: &Space, stored: &[u8]) -> Result<Text> {
    let width = global::reference_length(space.widths());
    let mut references = Limits::room(stored.len().checked_div(width).unwrap_or(0), "an array of strings")?;
    for one in stored.chunks_exact(width) {
        references.push(global::reference(space.cursor(one, 0, "reference to a string"))?);
    }
    let (mut text, mut bytes) = (Text::new(), 0_u64);
    let mut rest = references.as_slice();
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
        let wanted: BTreeSet<u64> = window.iter().flatten().map(|r| r.collection).collect();
        have.retain(|address, _| wanted.contains(address));
        let misses: BTreeSet<u64> = wanted.into_iter().filter(|a| !have.contains_key(a)).collect();
        have.extend(collections(space, &misses).await?);
        for reference in window {
            let item = match reference {
                Some(reference) => item(space, &have, *reference, 1)?,
                None => &[],
            };
            bytes = bytes.saturating_add(item.len() as u64);
            if bytes > space.limits().result {
                return Err(Error::limit(format!("strings of more than {} bytes", space.limits().result)));
            }
            text.push_bytes(terminated(item));
        }
        rest = tail;
    }
    Ok(text)
}

/// C programs write strings that end at a NUL.
pub fn terminated(item: &[u8]) -> &[u8] {
    item.split(|&b| b == 0).next().unwrap_or(item)
}
