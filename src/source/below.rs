//! Part of a source as a source of its own: people drop, zip and upload the folder around a store just as often as the store.

use bytes::Bytes;
use std::rc::Rc;

use super::{Identity, KeyedSource, Part};
use crate::error::Pending;

/// The part of a source below a prefix, as a source of its own.
pub struct Below {
    inner: Rc<dyn KeyedSource>,
    prefix: String,
}

impl Below {
    /// What lies below `prefix` (`""` or ending in `/`).
    pub fn new(inner: Rc<dyn KeyedSource>, prefix: impl Into<String>) -> Self {
        Self { inner, prefix: prefix.into() }
    }
}

impl KeyedSource for Below {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn identity(&self) -> Option<Identity> {
        let Identity { text, exact } = self.inner.identity()?;
        Some(Identity { text: format!("{text}#{}", self.prefix), exact })
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
            let below: Vec<_> =
                wanted.iter().map(|(key, part)| (format!("{}{key}", self.prefix), part.clone())).collect();
            self.inner.get_many(&below).await
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async move { self.inner.list(&format!("{}{prefix}", self.prefix)).await })
    }
}
