//! `Dataset.look` and `Dataset.array`: groups and arrays as the file has them, whatever a viewer makes of them.

use std::rc::Rc;

use js_sys::{Array, Function, JSON, Promise, Reflect, Uint8Array};
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use super::{Dataset, options::Given};
use crate::{
    array::{self, Select, Values},
    dataset,
    error::{Error, Result},
    tree::{self, Node, Tree},
};

#[wasm_bindgen]
impl Dataset {
    /// What a group or array is, without its values.
    #[wasm_bindgen(skip_typescript)]
    pub fn look(&self, path: String, options: JsValue) -> Promise {
        self.run(options, false, async move |open, _| {
            let (tree, node) = find(open, &path).await?;
            let mut seen = json!({"path": node.path(), "attrs": node.attrs()});
            match &node {
                Node::Group(group) => {
                    seen["kind"] = "group".into();
                    seen["children"] = tree.names(group).await?.into();
                }
                Node::Array(array) => {
                    seen["kind"] = "array".into();
                    seen["dtype"] = array.dtype.name().into();
                    seen["shape"] = array.shape.clone().into();
                    seen["chunks"] = array.chunk.clone().into();
                }
            }
            parse(&seen)
        })
    }

    /// Values of an array, or of a box of it.
    #[wasm_bindgen(skip_typescript)]
    pub fn array(&self, path: String, options: JsValue) -> Promise {
        self.start_work(options, false, Given::to_array, async move |open, given, _| {
            let (tree, node) = find(open, &path).await?;
            let array = match node {
                Node::Array(array) => array,
                Node::Group(group) => {
                    let names = tree.names(&group).await?.unwrap_or_default().join(", ");
                    let error = Error::request(format!("is a group; in it: {names}"));
                    return Err(error.at(&group.path).in_file(tree.name()).hint("name one of its arrays"));
                }
            };
            let select = select(&array, given)?;
            let values = tree::read(&*tree, &array, &select).await?;
            let read = parse(&json!({"path": array.path, "dtype": values.name(), "shape": select.shape()}))?;
            let values = to_typed(values).map_err(|e| e.at(&array.path).in_file(tree.name()))?;
            Reflect::set(&read, &"values".into(), &values).ok();
            Ok(read)
        })
    }
}

/// A path in the AnnData that is open, or from the top of the file where it begins with a slash.
async fn find(open: &dataset::Dataset, path: &str) -> Result<(Rc<dyn Tree>, Node)> {
    let dataset::Dataset::Made(export, _) = open else {
        let error = Error::request("an export folder holds files, no groups and arrays").at(path);
        return Err(error.hint("read its files, by the paths that `paths` gives"));
    };
    let (data, tree) = (export.data(), Rc::clone(export.data().tree()));
    let whole = if path.starts_with('/') { path.to_owned() } else { data.path(path) };
    let node = tree::open(&*tree, whole.trim_matches('/')).await.map_err(|e| e.in_file(tree.name()))?;
    Ok((tree, node))
}

/// What is asked for of an array: axes that are not named are taken whole.
fn select(array: &array::Array, given: &Given) -> Result<Select> {
    let mut select = Select::all(&array.shape);
    let spans = given.spans("select")?;
    if spans.len() > select.0.len() {
        let error = format!("has {} axes, and {} are selected", select.0.len(), spans.len());
        return Err(Error::request(error).at(&array.path));
    }
    for (axis, span) in select.0.iter_mut().zip(spans) {
        *axis = span.unwrap_or_else(|| axis.clone());
    }
    Ok(select)
}

/// Values as JavaScript has them: a typed array, of pairs for complex numbers; a list of strings.
fn to_typed(values: Values) -> Result<JsValue> {
    let class = match &values {
        Values::Text(text) => return Ok(text.iter().map(JsValue::from_str).collect::<Array>().into()),
        Values::Bool(_) | Values::U8(_) | Values::Bytes { .. } => "Uint8Array",
        Values::I8(_) => "Int8Array",
        Values::I16(_) => "Int16Array",
        Values::I32(_) => "Int32Array",
        Values::I64(_) => "BigInt64Array",
        Values::U16(_) => "Uint16Array",
        Values::U32(_) => "Uint32Array",
        Values::U64(_) => "BigUint64Array",
        // Half precision has an array of its own in the newest browsers only.
        Values::F16(_) | Values::F32(_) | Values::Complex { single: true, .. } => "Float32Array",
        Values::F64(_) | Values::Complex { .. } => "Float64Array",
        Values::Record(_) | Values::Lists { .. } => "",
    };
    let values = if let Values::F16(_) = values { Values::F32(values.into_f32()?) } else { values };
    let Some(bytes) = values.to_bytes() else {
        let error = Error::unsupported(format!("items of type {} are not handed over", values.name()));
        return Err(error.hint("`cellucid-wasm cat` prints them"));
    };
    let bytes = Uint8Array::from(&*bytes).buffer();
    let class = Reflect::get(&js_sys::global(), &class.into()).and_then(|class| class.dyn_into::<Function>());
    let made = class.and_then(|class| Reflect::construct(&class, &Array::of1(&bytes)));
    made.map_err(|_| Error::limit("the browser has no memory for the values").hint("select a part of them"))
}

fn parse(value: &Value) -> Result<JsValue> {
    JSON::parse(&value.to_string()).map_err(|_| Error::malformed("has attributes that are no JSON"))
}
