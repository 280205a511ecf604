//! Sources over memory: files that are already here, and whole stores in tests.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;

use super::{ByteSource, KeyedSource, Part, check_span};
use crate::error::{Pending, Result};

/// One file in memory.
#[derive(Clone, Debug)]
pub struct Memory {
    name: String,
    bytes: Bytes,
}

impl Memory {
    /// A file of that name and content.
    pub fn new(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

impl ByteSource for Memory {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        Box::pin(async move { spans.iter().map(|span| slice(&self.bytes, span)).collect::<Result<_>>() })
    }
}

/// A folder in memory: key to content, listed in the order of the keys.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    name: String,
    files: BTreeMap<String, Bytes>,
}

impl Folder {
    /// A folder of that name and content.
    pub fn new(name: impl Into<String>, files: BTreeMap<String, Bytes>) -> Self {
        Self { name: name.into(), files }
    }
}

impl KeyedSource for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            wanted
                .iter()
                .map(|(key, part)| self.files.get(key).map(|bytes| take(bytes, part)).transpose())
                .collect::<Result<_>>()
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async move { Ok(Some(children(self.files.keys().map(String::as_str), prefix))) })
    }
}

/// A part of a whole that is in memory.
///
/// # Errors
/// `Malformed` when the span lies past the end.
pub fn take(bytes: &Bytes, part: &Part) -> Result<Bytes> {
    let len = bytes.len() as u64;
    match part {
        Part::All => Ok(bytes.clone()),
        Part::Span(span) => slice(bytes, span),
        Part::Last(n) => slice(bytes, &(len.saturating_sub(*n)..len)),
    }
}

/// The names directly below a prefix among flat keys, folders with a trailing `/`, each once, in the keys' order.
pub fn children<'k>(keys: impl Iterator<Item = &'k str>, prefix: &str) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let mut names = Vec::new();
    for key in keys {
        let Some(rest) = key.strip_prefix(prefix).filter(|r| !r.is_empty()) else { continue };
        let name = match rest.find('/') {
            Some(end) => rest.get(..=end).unwrap_or(rest),
            None => rest,
        };
        if seen.insert(name.to_owned()) {
            names.push(name.to_owned());
        }
    }
    names
}

fn slice(bytes: &Bytes, span: &Range<u64>) -> Result<Bytes> {
    check_span(span, bytes.len() as u64)?;
    // Within the length just checked, which fits a usize.
    Ok(bytes.slice(span.start as usize..span.end as usize))
}
