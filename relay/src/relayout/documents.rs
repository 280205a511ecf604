//! What a store's groups and arrays are described by, in both versions of Zarr.

use cellucid_wasm::{Result, array::Attrs};
use serde_json::{Map, Value, json};

use super::writer::Spec;

/// Version of Zarr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What every anndata reads.
    V2,
    /// With shards: anndata 0.12 with zarr-python 3.
    V3,
}

/// What describes the groups and arrays of a store, in order.
pub struct Documents {
    format: Format,
    /// Path and document of every node.
    nodes: Vec<(String, Value)>,
}

impl Documents {
    /// None yet.
    pub fn new(format: Format) -> Self {
        Self { format, nodes: Vec::new() }
    }

    /// Adds a group.
    pub fn group(&mut self, path: &str, attrs: &Attrs) {
        let node = match self.format {
            Format::V2 => json!({"group": {"zarr_format": 2}, "attributes": attrs}),
            Format::V3 => json!({"zarr_format": 3, "node_type": "group", "attributes": attrs}),
        };
        self.nodes.push((path.to_owned(), node));
    }

    /// Adds an array.
    ///
    /// # Errors
    /// `Unsupported` for what the version has no type for.
    pub fn array(&mut self, spec: &Spec, shape: &[u64], attrs: &Attrs) -> Result<()> {
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

    /// All files of a store that are no chunks, the one that holds the others last.
    pub fn files(&self) -> Vec<(String, String)> {
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
                let mut files: Vec<_> = all.iter().map(|(key, one)| (key.clone(), one.to_string())).collect();
                let all = json!({"zarr_consolidated_format": 1, "metadata": all});
                files.push((".zmetadata".to_owned(), all.to_string()));
                files
            }
            Format::V3 => {
                let mut root = json!({"zarr_format": 3, "node_type": "group", "attributes": {}});
                let (mut all, mut files) = (Map::new(), Vec::new());
                for (path, node) in &self.nodes {
                    if path.is_empty() {
                        root = node.clone();
                        continue;
                    }
                    files.push((join(path, "zarr.json"), node.to_string()));
                    all.insert(path.clone(), node.clone());
                }
                let all = json!({"kind": "inline", "must_understand": false, "metadata": all});
                if let Some(root) = root.as_object_mut() {
                    root.insert("consolidated_metadata".into(), all);
                }
                files.push(("zarr.json".to_owned(), root.to_string()));
                files
            }
        }
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

/// The key of a chunk or shard.
pub fn key(format: Format, path: &str, at: &[u64]) -> String {
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
