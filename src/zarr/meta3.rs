//! Zarr v3 metadata: `zarr.json` documents to arrays.
//!
//! Format: <https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html>.

use serde_json::{Map, Value};

use super::{Layout, codecs, dtype, fill, json::*, keys::Keys};
use crate::{
    array::Array,
    error::{Error, Result},
};

/// What a document describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeType {
    Array,
    Group,
}

/// Members of a document that are known; others have to say that they may be ignored.
const KNOWN: &[&str] = &[
    "zarr_format",
    "node_type",
    "shape",
    "data_type",
    "chunk_grid",
    "chunk_key_encoding",
    "fill_value",
    "codecs",
    "attributes",
    "dimension_names",
    "storage_transformers",
    "consolidated_metadata",
];

/// Checks a document and says what it describes.
pub(super) fn node_type(document: &Map<String, Value>) -> Result<NodeType> {
    match document.get("zarr_format").and_then(Value::as_u64) {
        Some(3) => {}
        other => return Err(Error::malformed(format!("zarr_format is {other:?}, not 3"))),
    }
    for (name, value) in document {
        let optional = value.get("must_understand") == Some(&Value::Bool(false));
        if !KNOWN.contains(&name.as_str()) && !optional {
            return Err(Error::unsupported(format!(
                "metadata \"{name}\" has to be understood and is not known"
            )));
        }
    }
    match document.get("node_type").and_then(Value::as_str) {
        Some("array") => Ok(NodeType::Array),
        Some("group") => Ok(NodeType::Group),
        other => Err(Error::malformed(format!("node_type is {other:?}"))),
    }
}

/// The array that a document describes.
pub(super) fn array(path: &str, document: &Map<String, Value>) -> Result<(Array, Layout)> {
    let shape = sizes(member(document, "shape")?, "shape")?;
    let (grid, configuration) = named(member(document, "chunk_grid")?)?;
    if grid != "regular" {
        return Err(Error::unsupported(format!("chunk grid \"{grid}\" is not read")));
    }
    let chunk = sizes(configuration.get("chunk_shape").unwrap_or(&Value::Null), "chunk shape")?;
    if chunk.len() != shape.len() {
        return Err(Error::malformed(format!("chunks {chunk:?} do not fit shape {shape:?}")));
    }
    if document.get("storage_transformers").and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
        return Err(Error::unsupported("storage transformers are not read"));
    }
    let name = member(document, "data_type")?;
    let dtype = dtype::v3(name, 0)?;
    let (name, _) = named(name)?;
    let chain = codecs::v3(member(document, "codecs")?, &chunk, &dtype, name)?;
    let dtype = dtype::ordered(dtype, chain.order);
    let array = Array {
        path: path.to_owned(),
        id: 0,
        fill: fill::v3(document.get("fill_value").unwrap_or(&Value::Null), name, &dtype)?,
        dtype,
        shape,
        chunk: chain.inner.unwrap_or(chunk).into_iter().map(|side| side.max(1)).collect(),
        axes: chain.axes,
        codecs: chain.codecs,
        attrs: attributes(document.get("attributes")),
    };
    let keys = Keys::v3(path, member(document, "chunk_key_encoding")?)?;
    Ok((array, Layout { keys, levels: chain.levels }))
}
