//! Many reads at a time, their results in order: what all sources of a browser do in the same way.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    error::{Error, Pending, Result},
    source::Part,
    wait,
};

/// Each span of one file, at most so many under way.
pub fn spans<'a, F, O>(spans: &'a [Range<u64>], most: usize, one: F) -> Pending<'a, Vec<Bytes>>
where
    F: FnMut(&'a Range<u64>) -> O + 'a,
    O: Future<Output = Result<Bytes>> + 'a,
{
    Box::pin(wait::try_some(spans.iter().map(one), most))
}

/// Each part of the files of a store, at most so many under way; errors name the file below the store.
pub fn parts<'a, F, O>(
    store: &'a str,
    wanted: &'a [(String, Part)],
    most: usize,
    one: F,
) -> Pending<'a, Vec<Option<Bytes>>>
where
    F: Fn(&'a str, &'a Part) -> O + 'a,
    O: Future<Output = Result<Option<Bytes>>> + 'a,
{
    let named = move |(key, part): &'a (String, Part)| {
        let reading = one(key, part);
        async move { reading.await.map_err(|e: Error| e.in_file(format!("{store}/{key}"))) }
    };
    Box::pin(wait::try_some(wanted.iter().map(named), most))
}
