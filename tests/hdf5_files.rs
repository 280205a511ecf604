//! HDF5 files against h5py: the whole hierarchy, every attribute, every value.
//!
//! `tests/fixtures/make/hdf5_expect.py` wrote down what h5py says; `./check hdf5` makes that.

mod plain;

use std::{
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use cellucid_wasm::{
    array::Values,
    hdf5::Hdf5,
    limits::Limits,
    native::{self, block_on},
    tree::{self, Node, Tree},
};
use plain::plain;
use serde_json::Value;

#[test]
fn stores_of_the_oracle_equal_h5py() {
    compare("oracle", 180);
}

#[test]
fn every_structure_of_every_generation_equals_h5py() {
    compare("expected", 50);
}

/// Compares every file of a folder of expectations, of which there are at least so many.
fn compare(folder: &str, least: usize) {
    let folder = root().join("build/hdf5").join(folder);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}; run ./check hdf5", folder.display()));
    let mut wanted: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    wanted.retain(|p| p.extension().is_some_and(|e| e == "json"));
    wanted.sort();
    assert!(wanted.len() >= least, "{} expectations in {}", wanted.len(), folder.display());
    let (mut wrong, mut objects) = (Vec::new(), 0);
    for path in &wanted {
        let expected: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let values = fs::read(path.with_extension("bin")).unwrap();
        let file = expected["file"].as_str().unwrap();
        let source = Rc::new(native::File::open(&root().join(file)).unwrap());
        let tree = match block_on(Hdf5::open(source, Limits::default())) {
            Ok(tree) => tree,
            Err(error) => {
                wrong.push(format!("{file}: {error}"));
                continue;
            }
        };
        for object in expected["objects"].as_array().unwrap() {
            objects += 1;
            let path = object["path"].as_str().unwrap();
            if let Err(what) = block_on(check(&tree, path, object, &values)) {
                wrong.push(format!("{file}: {path}: {what}"));
            }
        }
    }
    let shown = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {objects} objects differ:\n{shown}", wrong.len());
}

async fn check(tree: &Hdf5, path: &str, want: &Value, values: &[u8]) -> Result<(), String> {
    let kind = want["kind"].as_str().unwrap();
    let node = match (tree.open(path).await, kind) {
        (Ok(None), "missing") | (Err(_), "type" | "round") => return Ok(()),
        (Err(error), "external") => {
            let file = want["file"].as_str().unwrap();
            let named = error.to_string().contains(file);
            return if named { Ok(()) } else { Err(format!("{error} does not name {file}")) };
        }
        (Err(error), _) if want.get("refused").is_some() => {
            let word = want["refused"].as_str().unwrap();
            let named = error.to_string().contains(word);
            return if named { Ok(()) } else { Err(format!("{error} does not say {word}")) };
        }
        (Err(error), _) => return Err(error.to_string()),
        (Ok(None), _) => return Err("is not found".into()),
        (Ok(Some(_)), "missing" | "type" | "external" | "round") => {
            return Err(format!("is {kind}, yet opens"));
        }
        (Ok(Some(node)), _) => node,
    };
    let attrs = serde_json::to_value(node.attrs()).unwrap();
    let order: Vec<_> = node.attrs().keys().collect();
    let wanted: Vec<_> = want["attrs"].as_object().unwrap().keys().collect();
    if attrs != want["attrs"] || order != wanted {
        return Err(format!("attributes {attrs} instead of {}", want["attrs"]));
    }
    match (node, kind) {
        (Node::Group(group), "group") => {
            let names = serde_json::to_value(tree.names(&group).await.unwrap()).unwrap();
            if names == want["names"] {
                Ok(())
            } else {
                Err(format!("children {names} instead of {}", want["names"]))
            }
        }
        (Node::Array(array), "array") => {
            let shape = serde_json::to_value(&array.shape).unwrap();
            if want.get("refused").is_none() && shape != want["shape"] {
                return Err(format!("shape {shape} instead of {}", want["shape"]));
            }
            let got = match (tree::read_all(tree, &array).await, want.get("refused")) {
                (Ok(got), None) => got,
                (Ok(_), Some(word)) => return Err(format!("is read, and is to be refused with {word}")),
                (Err(error), Some(word)) if error.to_string().contains(word.as_str().unwrap()) => {
                    return Ok(());
                }
                (Err(error), _) => return Err(error.to_string()),
            };
            if want.get("dtype").is_none() { Ok(()) } else { equal(&got, want, values) }
        }
        (_, kind) => Err(format!("is no {kind}")),
    }
}

/// Whether values are the ones written down.
fn equal(got: &Values, want: &Value, values: &[u8]) -> Result<(), String> {
    let dtype = want["dtype"].as_str().unwrap();
    if let Values::Record(columns) = got {
        let fields = want["fields"].as_array().ok_or_else(|| format!("record instead of {dtype}"))?;
        if columns.len() != fields.len() {
            return Err(format!("{} fields instead of {}", columns.len(), fields.len()));
        }
        for (column, field) in columns.iter().zip(fields) {
            let name = field["name"].as_str().unwrap();
            if column.name != name || field["count"].as_u64() != Some(column.count as u64) {
                return Err(format!("field {} × {} instead of {field}", column.name, column.count));
            }
            equal(&column.values, field, values).map_err(|e| format!("field {name}: {e}"))?;
        }
        return Ok(());
    }
    if let Values::Lists { lens, count, items } = got {
        let wanted = want["lens"].as_array().ok_or_else(|| format!("lists instead of {dtype}"))?;
        if *count != 1 || !lens.iter().map(|&n| Some(n.into())).eq(wanted.iter().map(Value::as_u64)) {
            return Err(format!("lists of {lens:?} × {count} instead of {wanted:?}"));
        }
        return equal(items, &want["items"], values).map_err(|e| format!("in lists: {e}"));
    }
    if dtype == "reference" && matches!(got, Values::Bytes { .. }) {
        return Ok(());
    }
    if let Values::Text(text) = got {
        let wanted = want["text"].as_array().ok_or_else(|| format!("text instead of {dtype}"))?;
        let differs = text.iter().zip(wanted).position(|(a, b)| Some(a) != b.as_str());
        if text.len() != wanted.len() || differs.is_some() {
            return Err(format!(
                "{} strings instead of {}, first other {differs:?}",
                text.len(),
                wanted.len()
            ));
        }
        return Ok(());
    }
    let name = match got {
        Values::Bytes { width, .. } => format!("bytes{width}"),
        other => other.name().to_owned(),
    };
    if name != dtype {
        return Err(format!("{name} instead of {dtype}"));
    }
    let at = |i: usize| want["span"][i].as_u64().unwrap() as usize;
    let (wanted, got) = (&values[at(0)..at(1)], plain(got));
    match wanted.iter().zip(&got).position(|(a, b)| a != b) {
        None if wanted.len() == got.len() => Ok(()),
        first => Err(format!("{} bytes instead of {}, first other {first:?}", got.len(), wanted.len())),
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
