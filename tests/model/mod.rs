//! An AnnData against what the Python package read from the same file (tests/fixtures/make/real.py), for several tests.

use std::{path::Path, rc::Rc};

use cellucid_wasm::{
    anndata::{AnnData, Column, Frame},
    array::{Text, Values},
    limits::Limits,
    native::{self, block_on},
    open::{Source, open},
    tree::Tree,
};
use serde_json::Value;

/// A file, folder or archive.
pub fn tree(store: &Path) -> Rc<dyn Tree> {
    let source = if store.is_dir() {
        Source::Folder(Rc::new(native::Folder::open(store).unwrap()))
    } else {
        Source::File(Rc::new(native::File::open(store).unwrap()))
    };
    block_on(open(source, Limits::default())).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Null => vec![f64::NAN],
        number => vec![number.as_f64().unwrap()],
    }
}

fn strings(value: &Value) -> Text {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

fn same(ours: &[f32], theirs: &[f64]) -> bool {
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(a, b)| *a == *b as f32 || (a.is_nan() && b.is_nan()))
}

/// As the expectation spells them: null where the file says that one is missing.
fn spelled(values: impl ExactSizeIterator<Item = impl Into<Value>>, missing: Option<Vec<bool>>) -> Value {
    let missing = missing.unwrap_or_else(|| vec![false; values.len()]);
    values.zip(missing).map(|(x, gone)| if gone { Value::Null } else { x.into() }).collect::<Vec<_>>().into()
}

/// Compares the columns of a frame; gives their number.
fn compare_frame(frame: &Frame, expected: &Value) -> usize {
    let expected = expected.as_object().unwrap();
    assert_eq!(frame.columns, expected.keys().cloned().collect::<Vec<_>>());
    for (i, (name, expected)) in expected.iter().enumerate() {
        match block_on(frame.column(i)).unwrap() {
            Column::Category { codes, labels, ordered, stray: 0 } => {
                let codes: Vec<f64> = codes.into_iter().map(f64::from).collect();
                assert_eq!(codes, numbers(&expected["codes"]), "{name}");
                assert_eq!(labels.iter().collect::<Text>(), strings(&expected["categories"]), "{name}");
                assert_eq!(Some(ordered), expected["ordered"].as_bool(), "{name}");
            }
            Column::Number { values, missing } => {
                let (values, expected) = (values.to_f32().unwrap(), numbers(&expected["values"]));
                let missing = missing.unwrap_or_else(|| vec![false; values.len()]);
                let values: Vec<f32> =
                    values.iter().zip(missing).map(|(x, gone)| if gone { f32::NAN } else { *x }).collect();
                assert!(same(&values, &expected), "{name}");
            }
            Column::Text { values, missing } => {
                let values: Vec<&str> = values.iter().collect();
                assert_eq!(spelled(values.into_iter(), missing), expected["values"], "{name}");
            }
            Column::Bool { values, missing } => {
                assert_eq!(spelled(values.into_iter(), missing), expected["values"], "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    expected.len()
}

/// Compares an AnnData with what anndata read; gives the number of columns and embeddings.
pub fn compare(data: &AnnData, expected: &Value) -> usize {
    assert_eq!(serde_json::json!([data.n_obs(), data.n_vars()]), expected["shape"]);
    assert_eq!(*block_on(data.obs.names()).unwrap(), strings(&expected["obs_names"]));
    assert_eq!(*block_on(data.var_names()).unwrap(), strings(&expected["var_names"]));
    let mut compared = compare_frame(&data.obs, &expected["obs"]);
    compared += compare_frame(data.var.as_ref().unwrap(), &expected["var"]);
    for (key, theirs) in expected["obsm"].as_object().unwrap() {
        let ours = block_on(data.embedding(key).unwrap().read()).unwrap();
        assert!(same(&ours, &numbers(theirs)), "obsm/{key}");
        compared += 1;
    }
    if let Some(x) = expected.get("X") {
        let columns: Vec<u64> = (0..x["first_columns"].as_array().unwrap().len() as u64).collect();
        let matrix = data.x.as_ref().unwrap();
        let ours = block_on(matrix.columns(&**data.tree(), &columns)).unwrap();
        assert_eq!(ours[0].name(), x["dtype"].as_str().unwrap());
        let ours: Vec<f32> = ours.iter().map(Values::to_f32).flat_map(Result::unwrap).collect();
        assert!(same(&ours, &numbers(&x["first_columns"])), "X");
        compared += columns.len();
    }
    compared
}
