//! Parts of a gene on their way to JavaScript while the rest is looked for.

use std::ops::Range;

use js_sys::{Float32Array, Function, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::{anndata::Watch, array::Values};

/// Calls back with `{start, end, total, values}`.
pub struct Partial(pub Function);

impl Watch for Partial {
    fn rows(&self, rows: Range<u64>, columns: &[Values]) {
        let Some(column) = columns.first() else { return };
        let span = rows.start as usize..rows.end as usize;
        let Some(Ok(values)) = column.part(span).map(Values::into_f32) else { return };
        let part = Object::new();
        let fields: [(&str, JsValue); 4] = [
            ("start", (rows.start as f64).into()),
            ("end", (rows.end as f64).into()),
            ("total", (column.len() as f64).into()),
            ("values", Float32Array::from(values.as_slice()).into()),
        ];
        for (name, value) in fields {
            Reflect::set(&part, &name.into(), &value).ok();
        }
        // What a listener throws is its own affair and must not end the read.
        self.0.call1(&JsValue::NULL, &part).ok();
    }
}
