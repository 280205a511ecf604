//! Local files: a `Blob` or `File` read by slices, with offsets as f64 so that files beyond 4 GiB work.

use std::{ops::Range, rc::Rc};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File};

use super::{error::from_local, meter::Meter};
use crate::{
    error::{Pending, Result},
    limits::Limits,
    source::{ByteSource, Identity, Part, check_span},
};

/// Slices read at once: a browser reads them in a process of its own, so waiting overlaps.
const PARALLEL: usize = 8;
/// Largest single read; what is longer than this is no sensible part of a file.
const LARGEST: u64 = 1 << 30;

/// A local file.
pub struct BlobSource {
    name: String,
    blob: Blob,
    len: u64,
    meter: Rc<Meter>,
}

impl BlobSource {
    /// Reads from a blob.
    pub fn new(name: String, blob: Blob, meter: Rc<Meter>) -> Self {
        // Sizes are whole numbers below 2^53.
        let len = blob.size() as u64;
        Self { name, blob, len, meter }
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
            let slice = self.blob.slice_with_f64_and_f64(span.start as f64, span.end as f64);
            let slice = slice.map_err(|e| from_local(&e))?;
            let buffer = JsFuture::from(slice.array_buffer()).await;
            let buffer = buffer.map_err(|e| from_local(&e).offset(span.start))?;
            let bytes = take(&Uint8Array::new(&buffer))?;
            self.meter.arrived(bytes.len());
            crate::source::http::complete(bytes.len(), span.end - span.start)?;
            Ok(bytes)
        };
        read.await.map_err(|e: crate::Error| e.in_file(&self.name))
    }
}

/// Copies bytes into this module's memory.
///
/// # Errors
/// `Limit` when there is no room.
pub fn take(array: &Uint8Array) -> Result<Bytes> {
    let mut bytes = Limits::filled(array.length() as usize, 0_u8, "what was read")?;
    array.copy_to(&mut bytes);
    Ok(bytes.into())
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
            text: format!("file {} {} {}", self.name, self.len, file.last_modified()),
            exact: true,
        })
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        Box::pin(stream::iter(spans).map(|span| self.span(span)).buffered(PARALLEL).try_collect())
    }
}
