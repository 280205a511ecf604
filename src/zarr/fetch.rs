//! Fetching chunks: all in one batch, parts of one file that lie near each other as one.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;

use crate::{
    error::{Error, Result},
    source::{KeyedSource, Part, merge::Merged},
    tree::Stored,
};

/// The most that is asked for at once.
const MOST: u64 = 16 << 20;

/// The bytes of located chunks, in order; `None` where a key turned out absent.
pub(super) async fn merged(store: &dyn KeyedSource, stored: &[Stored]) -> Result<Vec<Option<Bytes>>> {
    let mut out: Vec<Option<Bytes>> = vec![None; stored.len()];
    let mut wanted = Vec::new();
    let mut whole = Vec::new();
    let mut spans: BTreeMap<&str, Vec<(usize, Range<u64>)>> = BTreeMap::new();
    for (i, place) in stored.iter().enumerate() {
        match place {
            Stored::Absent => {}
            Stored::Here(bytes) => {
                if let Some(slot) = out.get_mut(i) {
                    *slot = Some(bytes.clone());
                }
            }
            Stored::Key { key, part: Part::Span(span) } => {
                spans.entry(key).or_default().push((i, span.clone()));
            }
            Stored::Key { key, part } => {
                wanted.push((key.clone(), part.clone()));
                whole.push(i);
            }
            Stored::Span { .. } => return Err(Error::request("a Zarr store is not one file")),
        }
    }
    let mut plans = Vec::new();
    for (key, parts) in spans {
        let ranges: Vec<_> = parts.iter().map(|(_, range)| range.clone()).collect();
        let plan = Merged::plan(&ranges, store.gap(), MOST);
        wanted.extend(plan.spans.iter().map(|span| (key.to_owned(), Part::Span(span.clone()))));
        plans.push((plan, parts));
    }
    if wanted.is_empty() {
        return Ok(out);
    }
    let mut fetched = store.get_many(&wanted).await?.into_iter();
    for (i, bytes) in whole.into_iter().zip(&mut fetched) {
        if let Some(slot) = out.get_mut(i) {
            *slot = bytes;
        }
    }
    for (plan, parts) in plans {
        let read: Vec<Option<Bytes>> = fetched.by_ref().take(plan.spans.len()).collect();
        // One file: all of its parts are there or none.
        let Some(read) = read.into_iter().collect::<Option<Vec<Bytes>>>() else { continue };
        for ((i, _), bytes) in parts.into_iter().zip(plan.cut(&read)) {
            if let Some(slot) = out.get_mut(i) {
                *slot = Some(bytes);
            }
        }
    }
    Ok(out)
}
