//! Counts what reaches a source: for `--stats`, progress and the request budgets in tests.

use std::{cell::Cell, ops::Range, rc::Rc};

use bytes::Bytes;

use super::{ByteSource, Identity, KeyedSource, Part};
use crate::error::Pending;

/// Running totals, shared between a source and whoever shows them.
#[derive(Debug, Default)]
pub struct Counts {
    /// Requests (spans or keys) sent.
    pub requests: Cell<u64>,
    /// Batches: requests that went out together are one.
    pub rounds: Cell<u64>,
    /// Bytes that arrived.
    pub bytes: Cell<u64>,
}

impl Counts {
    fn sent(&self, requests: usize) {
        if requests > 0 {
            self.requests.set(self.requests.get() + requests as u64);
            self.rounds.set(self.rounds.get() + 1);
        }
    }

    fn arrived(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() + bytes as u64);
    }
}

/// A source that counts.
pub struct Counted<S: ?Sized> {
    counts: Rc<Counts>,
    inner: Rc<S>,
}

impl<S: ?Sized> Counted<S> {
    /// Counts what goes to `inner`.
    pub fn new(inner: Rc<S>, counts: Rc<Counts>) -> Self {
        Self { counts, inner }
    }
}

impl<S: ByteSource + ?Sized> ByteSource for Counted<S> {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn identity(&self) -> Option<Identity> {
        self.inner.identity()
    }

    fn is_far(&self) -> bool {
        self.inner.is_far()
    }

    fn gap(&self) -> u64 {
        self.inner.gap()
    }

    fn batch(&self) -> u64 {
        self.inner.batch()
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.inner.seconds(bytes)
    }

    fn sibling<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Rc<dyn ByteSource>>> {
        Box::pin(async move {
            let counted = |inner| Rc::new(Counted::new(inner, Rc::clone(&self.counts))) as Rc<dyn ByteSource>;
            Ok(self.inner.sibling(path).await?.map(counted))
        })
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        Box::pin(async move {
            self.counts.sent(spans.len());
            let read = self.inner.read_many(spans).await?;
            self.counts.arrived(read.iter().map(Bytes::len).sum());
            Ok(read)
        })
    }
}

impl<S: KeyedSource + ?Sized> KeyedSource for Counted<S> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn identity(&self) -> Option<Identity> {
        self.inner.identity()
    }

    fn is_far(&self) -> bool {
        self.inner.is_far()
    }

    fn gap(&self) -> u64 {
        self.inner.gap()
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.inner.seconds(bytes)
    }

    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            self.counts.sent(wanted.len());
            let got = self.inner.get_many(wanted).await?;
            self.counts.arrived(got.iter().flatten().map(Bytes::len).sum());
            Ok(got)
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async move {
            self.counts.sent(1);
            self.inner.list(prefix).await
        })
    }
}
