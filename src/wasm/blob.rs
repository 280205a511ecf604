//! Local files: a `Blob` or `File` read by slices, with offsets as f64 so that files beyond 4 GiB work.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

use bytes::Bytes;
use futures_util::future::try_join;
use js_sys::{Date, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File};

use super::{beside::Beside, error::from_local, meter::Meter, together};
use crate::{
    error::{Error, Pending, Result},
    limits::Limits,
    source::{ByteSource, Identity, Part, check_span},
};

/// Slices read at once: a browser reads them in a process of its own, so waiting overlaps.
const PARALLEL: usize = 8;
/// Bytes of a part of much to read: no more than a browser brings before anybody takes any of it (2 MiB in Chromium), so that the next parts
/// arrive while one is decoded.
const PART: u64 = 15 << 17;
/// Largest single read; what is longer than this is no sensible part of a file.
const LARGEST: u64 = 1 << 30;

/// Bytes at either end of a file that tell whether it is still the same.
const ENDS: u64 = 2048;
/// Least milliseconds between two looks at them.
const OFTEN: f64 = 500.0;

/// A local file.
pub struct BlobSource {
    name: String,
    blob: Blob,
    len: u64,
    meter: Rc<Meter>,
    watch: Option<Watch>,
    beside: Option<Beside>,
}

/// Notices that somebody writes to a file while it is open. Some browsers refuse to read it from then on, others read whatever is
/// there now: what a writer changes first and last is looked at again.
#[derive(Default)]
pub struct Watch {
    ends: RefCell<Option<(Bytes, Bytes)>>,
    looked: Cell<f64>,
}

impl Watch {
    /// # Errors
    /// `Source` when the file is no longer what it was at the first look.
    pub async fn look(&self, file: &BlobSource) -> Result<()> {
        let now = Date::now();
        if now - self.looked.get() < OFTEN {
            return Ok(());
        }
        self.looked.set(now);
        let (first, last) = (0..file.len.min(ENDS), file.len.saturating_sub(ENDS)..file.len);
        let (first, last) = try_join(file.bytes(&first), file.bytes(&last)).await?;
        let mut ends = self.ends.borrow_mut();
        let same = ends.as_ref().is_none_or(|(head, tail)| *head == first && *tail == last);
        ends.get_or_insert((first, last));
        if same { Ok(()) } else { Err(changed()) }
    }
}

impl BlobSource {
    /// Reads from a blob.
    pub fn new(name: String, blob: Blob, meter: Rc<Meter>) -> Self {
        // Sizes are whole numbers below 2^53.
        let len = blob.size() as u64;
        Self { name, blob, len, meter, watch: None, beside: None }
    }

    /// The same, if it is a file that others may write to.
    #[must_use]
    pub fn watched(mut self) -> Self {
        self.watch = self.blob.is_instance_of::<File>().then(Watch::default);
        self
    }

    /// The same, in a folder where other files may be found.
    #[must_use]
    pub fn beside(mut self, folder: Option<Beside>) -> Self {
        self.beside = folder;
        self
    }

    /// One part; a `Span` past the end is `Malformed`.
    pub async fn part(&self, part: &Part) -> Result<Bytes> {
        let span = match part {
            Part::All => 0..self.len,
            Part::Span(span) => span.clone(),
            Part::Last(n) => self.len.saturating_sub(*n)..self.len,
        };
        self.span(&span).await
    }

    async fn span(&self, span: &Range<u64>) -> Result<Bytes> {
        let read = async {
            check_span(span, self.len)?;
            Limits::size(span.end - span.start, LARGEST, "a read")?;
            self.meter.sent();
            let bytes = self.bytes(span).await?;
            self.meter.arrived(bytes.len());
            Ok(bytes)
        };
        read.await.map_err(|e: Error| e.in_file(&self.name))
    }
}

impl BlobSource {
    /// The bytes of a span within the file.
    async fn bytes(&self, span: &Range<u64>) -> Result<Bytes> {
        let slice = self.blob.slice_with_f64_and_f64(span.start as f64, span.end as f64);
        let slice = slice.map_err(|e| from_local(&e))?;
        let buffer = JsFuture::from(slice.array_buffer()).await;
        let buffer = buffer.map_err(|e| from_local(&e).offset(span.start))?;
        let bytes = take(&Uint8Array::new(&buffer))?;
        if bytes.len() as u64 == span.end - span.start { Ok(bytes) } else { Err(changed()) }
    }
}

/// A file of this machine that is no longer what it was.
pub fn changed() -> Error {
    Error::source("has changed on disk since it was opened").hint("open it again")
}

/// Copies bytes into this module's memory.
///
/// # Errors
/// `Limit` when there is no room.
pub fn take(array: &Uint8Array) -> Result<Bytes> {
    // Asked for first, because making the copy ends the module where there is none to be had.
    drop(Limits::room::<u8>(array.length() as usize, "what was read")?);
    Ok(array.to_vec().into())
}

impl ByteSource for BlobSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Option<Identity> {
        // Only a file has a time of last change; a blob was made by the page and is gone with it.
        let file = self.blob.dyn_ref::<File>()?;
        Some(Identity {
            text: format!("file {} {} {}", self.name, self.len, file.last_modified() as i64),
            exact: true,
        })
    }

    fn batch(&self) -> u64 {
        PART
    }

    fn sibling<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Rc<dyn ByteSource>>> {
        Box::pin(async move {
            let Some(folder) = &self.beside else { return Ok(None) };
            folder.file(path, &self.meter).await
        })
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        let reads = together::spans(spans, PARALLEL, |span| self.span(span));
        let Some(watch) = &self.watch else { return reads };
        Box::pin(async move {
            let look = async { watch.look(self).await.map_err(|e| e.in_file(&self.name)) };
            Ok(try_join(look, reads).await?.1)
        })
    }
}
