//! A store's groups and arrays: chunks as they come, documents at the end, when all shapes are known. Chunks that an earlier run has
//! written are neither packed nor written again.

use std::{rc::Rc, sync::Arc};

use cellucid_wasm::{
    Result,
    array::{Attrs, grid},
    codec::checksum::crc32c,
};

use super::{
    documents::{Documents, Format, key},
    encode::{self, Coding},
    journal::Journal,
    kind::Kind,
    store::Store,
};
use crate::export::Show;

/// Bytes of chunks packed together, per thread.
const TOGETHER: usize = 4 << 20;

/// An array to be written.
pub struct Spec {
    /// Its path.
    pub path: String,
    /// What its items are.
    pub kind: Kind,
    /// Items of a chunk along each axis.
    pub chunk: Vec<u64>,
    /// Chunks of a shard along each axis, where the format has shards; `None`: each chunk is a file.
    pub shard: Option<Vec<u64>>,
}

struct Open {
    spec: Spec,
    shard: Option<Shard>,
}

/// A shard that grows: where it is among shards, its chunks as they came, and where each is.
struct Shard {
    at: Vec<u64>,
    body: Vec<u8>,
    places: Vec<[u64; 2]>,
}

/// A store that is being written.
pub struct Writer {
    store: Store,
    format: Format,
    jobs: usize,
    show: Arc<Show>,
    arrays: Vec<Open>,
    /// Chunks that are not packed yet: array and coordinates beside what is to be packed.
    waiting: Vec<(usize, Vec<u64>)>,
    raw: Vec<(Coding, Vec<u8>)>,
    raw_bytes: usize,
    documents: Documents,
}

impl Writer {
    /// Writes into a store, with so many threads that pack chunks.
    pub fn new(store: Store, format: Format, jobs: usize, show: Arc<Show>) -> Self {
        let (arrays, waiting, raw) = Default::default();
        let documents = Documents::new(format);
        Self { store, format, jobs: jobs.max(1), show, arrays, waiting, raw, raw_bytes: 0, documents }
    }

    /// Tells of progress that is no chunk.
    pub fn show(&self) -> &Show {
        &self.show
    }

    /// What is written down for the next run.
    pub fn journal(&self) -> &Rc<Journal> {
        self.store.journal()
    }

    /// Nothing of what was written is of use to anyone.
    pub fn discard(&mut self) {
        self.store.discard();
    }

    /// Adds a group.
    pub fn group(&mut self, path: &str, attrs: &Attrs) {
        self.documents.group(path, attrs);
    }

    /// Begins an array: its number.
    pub fn array(&mut self, mut spec: Spec) -> usize {
        if self.format == Format::V2 {
            spec.shard = None;
        }
        self.arrays.push(Open { spec, shard: None });
        self.arrays.len() - 1
    }

    /// Whether an earlier run has written a chunk, with its whole shard where there are shards.
    pub fn has(&mut self, array: usize, at: &[u64]) -> bool {
        let Some(open) = self.arrays.get(array) else { return false };
        let key = key(self.format, &open.spec.path, &stored(&open.spec, at));
        self.store.has(&key)
    }

    /// How many chunks along the first axis an earlier run has written, all in a row, of an array that has one along the others.
    pub fn begun(&mut self, array: usize, shape: &[u64]) -> u64 {
        let Some(open) = self.arrays.get(array) else { return 0 };
        let count = chunks(shape, &open.spec.chunk);
        let mut at = vec![0; shape.len()];
        (0..count)
            .take_while(|&n| {
                if let Some(first) = at.first_mut() {
                    *first = n;
                }
                self.has(array, &at)
            })
            .count() as u64
    }

    /// Takes a chunk, whole, its items in C order. Chunks of a shard have to come one after another.
    ///
    /// # Errors
    /// `Source` when what is packed cannot be written.
    pub fn put(&mut self, array: usize, at: Vec<u64>, raw: Vec<u8>) -> Result<()> {
        if self.has(array, &at) {
            self.show.step(0);
            return Ok(());
        }
        let Some(open) = self.arrays.get(array) else { return Ok(()) };
        self.raw_bytes += raw.len();
        self.raw.push((open.spec.kind.coding(), raw));
        self.waiting.push((array, at));
        if self.raw_bytes >= TOGETHER * self.jobs { self.flush() } else { Ok(()) }
    }

    /// Packs and writes what waits.
    fn flush(&mut self) -> Result<()> {
        let packed = encode::all(self.jobs, &self.raw)?;
        self.raw.clear();
        self.raw_bytes = 0;
        for ((array, at), body) in std::mem::take(&mut self.waiting).into_iter().zip(packed) {
            self.show.step(body.len() as u64);
            let Some(open) = self.arrays.get_mut(array) else { continue };
            let here = stored(&open.spec, &at);
            let Some(per) = &open.spec.shard else {
                self.store.put(&key(self.format, &open.spec.path, &here), &body)?;
                continue;
            };
            if open.shard.as_ref().is_some_and(|shard| shard.at != here)
                && let Some(whole) = open.shard.take()
            {
                self.store.put(&key(self.format, &open.spec.path, &whole.at), &whole.finish())?;
            }
            let chunks = usize::try_from(per.iter().product::<u64>()).unwrap_or(usize::MAX);
            let shard = open.shard.get_or_insert_with(|| Shard {
                at: here,
                body: Vec::new(),
                places: vec![[u64::MAX; 2]; chunks],
            });
            let inner = at.iter().zip(per).fold(0, |n, (at, per)| n * per + at % per);
            if let Some(place) = shard.places.get_mut(inner as usize) {
                *place = [shard.body.len() as u64, body.len() as u64];
                shard.body.extend_from_slice(&body);
            }
        }
        Ok(())
    }

    /// Ends an array, whose shape is known by now.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn close(&mut self, array: usize, shape: &[u64], attrs: &Attrs) -> Result<()> {
        self.flush()?;
        let Some(open) = self.arrays.get_mut(array) else { return Ok(()) };
        if let Some(last) = open.shard.take() {
            self.store.put(&key(self.format, &open.spec.path, &last.at), &last.finish())?;
        }
        self.documents.array(&open.spec, shape, attrs)?;
        self.store.settle()
    }

    /// Makes sure that all that was closed is there for the next run.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn secure(&mut self) -> Result<()> {
        self.store.secure()
    }

    /// Writes the documents, that which holds all of them last, and moves the store to its place.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn finish(mut self) -> Result<()> {
        self.flush()?;
        for (key, document) in self.documents.files() {
            // An archive takes no name twice.
            if !self.store.has(&key) {
                self.store.put(&key, document.as_bytes())?;
            }
        }
        self.store.finish()
    }
}

impl Shard {
    /// The chunks, then where each is, then a checksum of that.
    fn finish(self) -> Vec<u8> {
        let mut whole = self.body;
        let index: Vec<u8> = self.places.iter().flatten().flat_map(|n| n.to_le_bytes()).collect();
        whole.extend_from_slice(&index);
        whole.extend_from_slice(&crc32c(&index).to_le_bytes());
        whole
    }
}

/// Coordinates of what a chunk is stored in: itself, or its shard.
fn stored(spec: &Spec, at: &[u64]) -> Vec<u64> {
    match &spec.shard {
        Some(per) => at.iter().zip(per).map(|(at, per)| at / per).collect(),
        None => at.to_vec(),
    }
}

/// How many chunks a shape has.
pub fn chunks(shape: &[u64], chunk: &[u64]) -> u64 {
    grid(shape, chunk).iter().product()
}
