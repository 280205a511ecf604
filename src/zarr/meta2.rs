//! Zarr v2 metadata: `.zarray` and `.zattrs` documents to arrays.
//!
//! Format: <https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html>.

use serde_json::{Map, Value};

use super::{Layout, codecs, dtype, fill, json::*, keys::Keys};
use crate::{
    array::{Array, Attrs},
    error::{Error, Result},
};

/// The array that a `.zarray` document describes.
pub(super) fn array(path: &str, document: &Map<String, Value>, attrs: Attrs) -> Result<(Array, Layout)> {
    version(document)?;
    let shape = sizes(member(document, "shape")?, "shape")?;
    let chunk = sizes(member(document, "chunks")?, "chunks")?;
    if chunk.len() != shape.len() {
        return Err(Error::malformed(format!("chunks {chunk:?} do not fit shape {shape:?}")));
    }
    let code = member(document, "dtype")?;
    let dtype = dtype::v2(code, 0)?;
    let null = Value::Null;
    let optional = |name: &str| document.get(name).unwrap_or(&null);
    let objects = code.as_str() == Some("|O");
    let codecs = codecs::v2(optional("filters"), optional("compressor"), objects)?;
    let axes = match document.get("order").and_then(Value::as_str) {
        None | Some("C") => (0..shape.len()).collect(),
        Some("F") => (0..shape.len()).rev().collect(),
        Some(other) => return Err(Error::malformed(format!("order \"{other}\""))),
    };
    let array = Array {
        path: path.to_owned(),
        id: 0,
        fill: fill::bytes(optional("fill_value"), &dtype)?,
        dtype,
        shape,
        chunk: chunk.into_iter().map(|side| side.max(1)).collect(),
        axes,
        codecs,
        attrs,
    };
    let keys = Keys::v2(path, document.get("dimension_separator"))?;
    Ok((array, Layout { keys, levels: Vec::new() }))
}

/// Checks the version that a `.zarray` or `.zgroup` states.
pub(super) fn version(document: &Map<String, Value>) -> Result<()> {
    match document.get("zarr_format").and_then(Value::as_u64) {
        Some(2) => Ok(()),
        other => Err(Error::malformed(format!("zarr_format is {other:?}, not 2"))),
    }
}
