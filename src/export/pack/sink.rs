//! Where the files of a folder go.

use bytes::Bytes;

use super::{
    super::{Route, json::Json},
    Packing,
};
use crate::error::{Pending, Result};

/// Smallest and largest finite value of a file, as doubles.
pub type Range = (f64, f64);

/// A file on its way into a folder.
#[derive(Clone, Debug)]
pub struct Packed {
    /// Where it belongs.
    pub path: String,
    /// Its content, not compressed.
    pub body: Bytes,
    /// The gzip level with which it has to be stored, as its name says.
    pub gzip: Option<u8>,
    /// What its quantised values stand for; the manifests repeat it.
    pub range: Option<Range>,
}

/// Where the files of a folder go.
pub trait Sink {
    /// Takes a file.
    ///
    /// # Errors
    /// `Source` when it cannot be stored.
    fn put<'a>(&'a self, file: Packed) -> Pending<'a, ()>;

    /// Whether a binary file is there already, from a run that was interrupted, and with what range it was put: it is not made
    /// again.
    fn kept(&self, path: &str) -> Option<Option<Range>> {
        let _ = path;
        None
    }

    /// Is told, before the first, how many files there will be, those that are kept among them.
    fn expect(&self, files: usize) {
        let _ = files;
    }
}

/// A folder under way.
pub struct Work<'a> {
    pub packing: &'a Packing,
    pub sink: &'a dyn Sink,
}

impl Work<'_> {
    /// Hands over a binary file.
    pub async fn binary(&self, path: &str, body: Bytes, range: Option<Range>) -> Result<()> {
        let gzip = self.packing.compression;
        self.sink.put(Packed { path: self.packing.path(path), body, gzip, range }).await
    }

    /// Whether a file need not be made, and its range.
    pub fn kept(&self, path: &str) -> Option<Option<Range>> {
        self.sink.kept(&self.packing.path(path))
    }

    /// Hands over a document.
    pub async fn json(&self, route: &Route, json: &Json) -> Result<()> {
        let body = json.text().into();
        self.sink.put(Packed { path: route.path(), body, gzip: None, range: None }).await
    }
}
