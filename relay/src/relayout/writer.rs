//! A store's groups and arrays: chunks as they come, documents at the end, when all shapes are known.

use std::sync::Arc;

use cellucid_wasm::{
    Error, Result,
    array::{Attrs, grid},
    codec::checksum::crc32c,
};
use serde_json::{Map, Value, json};

use super::{
    encode::{self, Coding},
    kind::Kind,
    store::Store,
};
use crate::export::Show;

/// Bytes of chunks packed together, per thread.
const TOGETHER: usize = 4 << 20;

/// Version of Zarr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What every anndata reads.
    V2,
    /// With shards: anndata 0.12 with zarr-python 3.
    V3,
}

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
    /// Path and document of every node, in order.
    nodes: Vec<(String, Value)>,
}

impl Writer {
    /// Writes into a store, with so many threads that pack chunks.
    pub fn new(store: Store, format: Format, jobs: usize, show: Arc<Show>) -> Self {
        let (arrays, waiting, raw, nodes) = Default::default();
        Self { store, format, jobs: jobs.max(1), show, arrays, waiting, raw, raw_bytes: 0, nodes }
    }

    /// Tells of progress that is no chunk.
    pub fn show(&self) -> &Show {
        &self.show
    }

    /// Adds a group.
    pub fn group(&mut self, path: &str, attrs: &Attrs) {
        let node = match self.format {
            Format::V2 => json!({"group": {"zarr_format": 2}, "attributes": attrs}),
            Format::V3 => json!({"zarr_format": 3, "node_type": "group", "attributes": attrs}),
        };
        self.nodes.push((path.to_owned(), node));
    }

    /// Begins an array: its number.
    pub fn array(&mut self, mut spec: Spec) -> usize {
        if self.format == Format::V2 {
            spec.shard = None;
        }
        self.arrays.push(Open { spec, shard: None });
        self.arrays.len() - 1
    }

    /// Takes a chunk, whole, its items in C order. Chunks of a shard have to come one after another.
    ///
    /// # Errors
    /// `Source` when what is packed cannot be written.
    pub fn put(&mut self, array: usize, at: Vec<u64>, raw: Vec<u8>) -> Result<()> {
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
            let Some(per) = &open.spec.shard else {
                let key = key(self.format, &open.spec.path, &at);
                self.store.put(&key, &body)?;
                continue;
            };
            let here: Vec<u64> = at.iter().zip(per).map(|(at, per)| at / per).collect();
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
        let spec = &open.spec;
        let node = match self.format {
            Format::V2 => {
                let [dtype, fill, filters, compressor] = spec.kind.v2();
                json!({"array": {
                    "zarr_format": 2, "shape": shape, "chunks": spec.chunk, "dtype": dtype,
                    "fill_value": fill, "order": "C", "filters": filters, "compressor": compressor,
                    "dimension_separator": ".",
                }, "attributes": attrs})
            }
            Format::V3 => v3(spec, shape, attrs).map_err(|e| e.at(&spec.path))?,
        };
        self.nodes.push((spec.path.clone(), node));
        Ok(())
    }

    /// Writes the documents, that which holds all of them last, and moves the store to its place.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn finish(mut self) -> Result<()> {
        self.flush()?;
        match self.format {
            Format::V2 => {
                let mut all = Map::new();
                for (path, node) in &self.nodes {
                    let group = node.get("group").map(|group| (".zgroup", group));
                    let array = node.get("array").map(|array| (".zarray", array));
                    let attrs = node.get("attributes").map(|attrs| (".zattrs", attrs));
                    for (name, document) in [group, array, attrs].into_iter().flatten() {
                        all.insert(join(path, name), document.clone());
                    }
                }
                for (key, document) in &all {
                    self.store.put(key, document.to_string().as_bytes())?;
                }
                let all = json!({"zarr_consolidated_format": 1, "metadata": all});
                self.store.put(".zmetadata", all.to_string().as_bytes())?;
            }
            Format::V3 => {
                let mut root = json!({"zarr_format": 3, "node_type": "group", "attributes": {}});
                let mut all = Map::new();
                for (path, node) in &self.nodes {
                    if path.is_empty() {
                        root = node.clone();
                        continue;
                    }
                    self.store.put(&join(path, "zarr.json"), node.to_string().as_bytes())?;
                    all.insert(path.clone(), node.clone());
                }
                let all = json!({"kind": "inline", "must_understand": false, "metadata": all});
                if let Some(root) = root.as_object_mut() {
                    root.insert("consolidated_metadata".into(), all);
                }
                self.store.put("zarr.json", root.to_string().as_bytes())?;
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

fn v3(spec: &Spec, shape: &[u64], attrs: &Attrs) -> Result<Value> {
    let [kind, fill, mut codecs] = spec.kind.v3()?;
    let mut outer = spec.chunk.clone();
    if let Some(per) = &spec.shard {
        outer.iter_mut().zip(per).for_each(|(side, per)| *side *= per);
        let index = json!([{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]);
        codecs = json!([{"name": "sharding_indexed", "configuration": {
            "chunk_shape": spec.chunk, "codecs": codecs, "index_codecs": index, "index_location": "end",
        }}]);
    }
    Ok(json!({
        "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": kind, "fill_value": fill,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": outer}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "codecs": codecs, "attributes": attrs,
    }))
}

fn key(format: Format, path: &str, at: &[u64]) -> String {
    let parts: Vec<String> = at.iter().map(u64::to_string).collect();
    let name = match (format, parts.as_slice()) {
        (Format::V2, []) => "0".to_owned(),
        (Format::V2, parts) => parts.join("."),
        (Format::V3, []) => "c".to_owned(),
        (Format::V3, parts) => format!("c/{}", parts.join("/")),
    };
    join(path, &name)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// How many chunks a shape has.
pub fn chunks(shape: &[u64], chunk: &[u64]) -> u64 {
    grid(shape, chunk).iter().product()
}

/// Rows that come piece by piece, cut into chunks along the first axis.
pub struct Rows {
    array: usize,
    /// Bytes of a row, rows of a chunk.
    row: usize,
    per: usize,
    /// Coordinates along the other axes: each has one chunk.
    axes: usize,
    next: u64,
    buffer: Vec<u8>,
}

impl Rows {
    /// Rows of so many bytes into an array of so many axes, so many rows to a chunk.
    pub fn new(array: usize, axes: usize, row: usize, per: u64) -> Result<Self> {
        let over = |_| Error::limit("a chunk is too large");
        Ok(Self { array, row, per: usize::try_from(per).map_err(over)?, axes, next: 0, buffer: Vec::new() })
    }

    /// Takes rows.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn push(&mut self, writer: &mut Writer, mut bytes: &[u8]) -> Result<()> {
        let whole = self.row * self.per;
        while !bytes.is_empty() && whole > 0 {
            let (now, rest) = bytes.split_at(bytes.len().min(whole - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = rest;
            if self.buffer.len() == whole {
                self.emit(writer)?;
            }
        }
        Ok(())
    }

    fn emit(&mut self, writer: &mut Writer) -> Result<()> {
        let mut at = vec![0; self.axes];
        if let Some(first) = at.first_mut() {
            *first = self.next;
        }
        self.next += 1;
        writer.put(self.array, at, std::mem::take(&mut self.buffer))
    }

    /// Fills the last chunk up.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn end(mut self, writer: &mut Writer) -> Result<()> {
        if !self.buffer.is_empty() {
            self.buffer.resize(self.row * self.per, 0);
            self.emit(writer)?;
        }
        Ok(())
    }
}
