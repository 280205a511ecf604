//! Every array, attribute and order of names of real stores against zarr-python (`tests/fixtures/make/zarr_expect.py`).

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use cellucid_wasm::{
    Limits,
    array::Values,
    native::{Folder, block_on},
    tree::{Group, Node, Tree, read_all},
    zarr::Zarr,
};
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn open(store: &Path) -> Zarr {
    let folder = Folder::open(store).unwrap();
    block_on(Zarr::open(Rc::new(folder), Limits::default())).unwrap_or_else(|e| panic!("{e}"))
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> Value {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text.into()
}

/// Values as the expectation spells them.
fn spell(values: &Values) -> Value {
    macro_rules! numbers {
        ($v:expr) => {
            hex($v.iter().flat_map(|x| x.to_le_bytes()))
        };
    }
    match values {
        Values::Bool(v) => hex(v.iter().map(|&b| u8::from(b))),
        Values::Complex { single: true, items } => {
            hex(items.iter().flat_map(|x| x.map(|part| (part as f32).to_le_bytes())).flatten())
        }
        Values::Complex { items, .. } => hex(items.iter().flat_map(|x| x.map(f64::to_le_bytes)).flatten()),
        Values::Text(text) => text.iter().collect(),
        Values::Bytes { bytes, .. } => hex(bytes.iter().copied()),
        Values::Record(columns) => {
            columns.iter().map(|c| json!([c.name, spell(&c.values)])).collect::<Vec<_>>().into()
        }
        Values::I8(v) => numbers!(v),
        Values::I16(v) => numbers!(v),
        Values::I32(v) => numbers!(v),
        Values::I64(v) => numbers!(v),
        Values::U8(v) => numbers!(v),
        Values::U16(v) => numbers!(v),
        Values::U32(v) => numbers!(v),
        Values::U64(v) => numbers!(v),
        Values::F16(v) => numbers!(v),
        Values::F32(v) => numbers!(v),
        Values::F64(v) => numbers!(v),
        Values::Lists { .. } => unreachable!("Zarr has none"),
    }
}

/// What differs between a node and what zarr-python made of it.
fn differences(zarr: &Zarr, path: &str, want: &Value) -> Vec<String> {
    let node = match block_on(zarr.open(path)) {
        Ok(Some(node)) => node,
        Ok(None) => return vec!["is not there".into()],
        Err(e) => return vec![e.to_string()],
    };
    let mut wrong = Vec::new();
    let mut compare = |what: &str, got: Value, want: &Value| {
        if got != *want {
            let short = |v: &Value| v.to_string().chars().take(300).collect::<String>();
            wrong.push(format!("{what}: {} instead of {}", short(&got), short(want)));
        }
    };
    compare("attributes", Value::Object(node.attrs().clone()), &want["attrs"]);
    match node {
        Node::Group(group) => {
            let names = block_on(zarr.names(&group)).unwrap().unwrap();
            compare("names", names.into(), &want["names"]);
        }
        Node::Array(array) => {
            compare("dtype", array.dtype.name().into(), &want["dtype"]);
            compare("shape", array.shape.clone().into(), &want["shape"]);
            match block_on(read_all(zarr, &array)) {
                Ok(values) => compare("values", spell(&values), &want["values"]),
                Err(e) => wrong.push(e.to_string()),
            }
        }
    }
    wrong
}

struct Expected {
    name: String,
    store: PathBuf,
    nodes: serde_json::Map<String, Value>,
}

/// The stores whose expectation has a name with that beginning.
fn expected(prefix: &str) -> Vec<Expected> {
    let folder = root().join("build/zarr/expected");
    let entries = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}; `./check stores` makes it", folder.display()));
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.starts_with(prefix) {
            let document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let store = root().join(document["store"].as_str().unwrap());
            found.push(Expected { name, store, nodes: document["nodes"].as_object().unwrap().clone() });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Compares all stores of a kind; gives the number of stores and of nodes.
fn all_equal(prefix: &str) -> (usize, usize) {
    let (mut wrong, mut stores, mut nodes) = (Vec::new(), 0, 0);
    for expected in expected(prefix).into_iter().filter(|e| e.store.is_dir()) {
        let zarr = open(&expected.store);
        for (path, want) in &expected.nodes {
            for difference in differences(&zarr, path, want) {
                wrong.push(format!("{}/{path}: {difference}", expected.name));
            }
        }
        // Nothing more either.
        let mut seen = BTreeSet::new();
        walk(&zarr, "", &mut seen);
        let listed: BTreeSet<String> = expected.nodes.keys().cloned().collect();
        assert_eq!(seen, listed, "{}", expected.name);
        stores += 1;
        nodes += expected.nodes.len();
    }
    assert!(wrong.is_empty(), "{} of {nodes} nodes differ:\n{}", wrong.len(), wrong.join("\n"));
    (stores, nodes)
}

fn walk(zarr: &Zarr, path: &str, seen: &mut BTreeSet<String>) {
    seen.insert(path.to_owned());
    let Some(Node::Group(group)) = block_on(zarr.open(path)).unwrap() else { return };
    let group: &Group = &group;
    for name in block_on(zarr.names(group)).unwrap().unwrap() {
        let child = if path.is_empty() { name } else { format!("{path}/{name}") };
        walk(zarr, &child, seen);
    }
}

#[test]
fn stores_of_the_oracle_equal_zarr_python() {
    let (stores, nodes) = all_equal("zarr_");
    assert!(stores >= 45 && nodes > 1500, "{stores} stores, {nodes} nodes");
}

#[test]
fn stores_of_every_type_codec_and_fill_by_zarr_python_3() {
    let (stores, nodes) = all_equal("python3_");
    assert!(stores == 2 && nodes > 200, "{stores} stores, {nodes} nodes");
}

#[test]
fn stores_by_zarr_python_2() {
    let (stores, nodes) = all_equal("python2_");
    assert!(stores == 1 && nodes > 100, "{stores} stores, {nodes} nodes");
}

#[test]
fn stores_without_consolidated_metadata_are_listed() {
    assert_eq!(all_equal("listed_").0, 2);
}

#[test]
fn a_root_may_be_an_array_and_attributes_may_hold_nan() {
    assert_eq!(all_equal("array_").0, 2);
    assert_eq!(all_equal("attributes").0, 1);
}

#[test]
fn archives_of_old_anndata_versions() {
    let (stores, nodes) = all_equal("v0.");
    assert!(stores == 3 && nodes > 200, "{stores} stores, {nodes} nodes");
}

#[test]
fn stores_of_anndata_0_13() {
    let (stores, nodes) = all_equal("newest-");
    assert!(stores == 6 && nodes > 500, "{stores} stores, {nodes} nodes");
}
