//! Our export folders hold the bytes that the reference's `prepare()` writes for the same data (build/packed, made by
//! `./check`): points, columns, codes, outliers, genes, edges and vectors, plain, compressed and quantised.
#![allow(clippy::print_stdout)]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs,
    path::Path,
    rc::Rc,
};

use bytes::Bytes;
use cellucid_wasm::{
    anndata::AnnData,
    error::{Pending, Result},
    export::{Bits, Export, Options, Packed, Packing, Range, Sink},
    limits::Limits,
    native::{File, block_on},
    open::{Source, open},
};
use serde_json::Value;

/// A folder in memory: path to content, not compressed, and the level it would be compressed with.
#[derive(Default)]
struct Shelf(RefCell<BTreeMap<String, (Bytes, Option<u8>)>>);

impl Sink for Shelf {
    fn put<'a>(&'a self, file: Packed) -> Pending<'a, ()> {
        Box::pin(async move {
            let Packed { path, body, gzip, .. } = file;
            let before = self.0.borrow_mut().insert(path.clone(), (body, gzip));
            assert!(before.is_none(), "{path} is written twice");
            Ok(())
        })
    }
}

/// The same shelf, of which an earlier run has left some files, with their ranges.
struct Resumed {
    shelf: Shelf,
    kept: BTreeMap<String, Option<Range>>,
    expected: Cell<usize>,
}

impl Sink for Resumed {
    fn put<'a>(&'a self, file: Packed) -> Pending<'a, ()> {
        assert!(!self.kept.contains_key(&file.path), "{} was there already", file.path);
        self.shelf.put(file)
    }

    fn kept(&self, path: &str) -> Option<Option<Range>> {
        self.kept.get(path).copied()
    }

    fn expect(&self, files: usize) {
        self.expected.set(files);
    }
}

/// Notes every file's range.
#[derive(Default)]
struct Ranges(RefCell<BTreeMap<String, Option<Range>>>);

impl Sink for Ranges {
    fn put<'a>(&'a self, file: Packed) -> Pending<'a, ()> {
        self.0.borrow_mut().insert(file.path, file.range);
        Box::pin(async { Ok(()) })
    }
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("build/packed")
}

fn pack_into(packing: &Packing, sink: &dyn Sink) -> Result<()> {
    let file = File::open(&root().join("input.h5ad")).expect("run ./check once: it makes build/packed");
    block_on(async {
        let tree = open(Source::File(Rc::new(file)), Limits::default()).await?;
        let options = Options { file: "input.h5ad".into(), ..Options::default() };
        Export::open(AnnData::open(tree, "").await?, options)?.pack(packing, sink).await
    })
}

fn pack(packing: &Packing) -> Result<BTreeMap<String, (Bytes, Option<u8>)>> {
    let shelf = Shelf::default();
    pack_into(packing, &shelf)?;
    Ok(shelf.0.into_inner())
}

/// A file of the reference's folder, without its gzip wrapping.
fn theirs(path: &Path) -> Bytes {
    let bytes = Bytes::from(fs::read(path).unwrap());
    if path.extension().is_none_or(|e| e != "gz") {
        return bytes;
    }
    cellucid_wasm::codec::decode(&[cellucid_wasm::codec::Codec::Gzip], bytes, 0, None, 1 << 30).unwrap()
}

fn compare(name: &str, packing: &Packing) -> usize {
    let ours = pack(packing).unwrap();
    let folder = root().join(name);
    let mut compared = 0;
    for (path, (body, gzip)) in &ours {
        let file = folder.join(path);
        assert!(file.exists(), "{name}: the reference has no {path}");
        let theirs = theirs(&file);
        assert_eq!(*gzip, packing.compression.filter(|_| path.ends_with(".gz")), "{path}");
        if !path.ends_with(".json") {
            assert!(*body == theirs, "{name}: {path} differs");
            compared += 1;
            continue;
        }
        let [ours, theirs]: [Value; 2] = [body, &theirs].map(|b| serde_json::from_slice(b).unwrap());
        let keys: &[&str] = match path.as_str() {
            "obs_manifest.json" => {
                &["_obsSchemas", "_continuousFields", "_categoricalFields", "compression", "n_points"]
            }
            "dataset_identity.json" => &["stats", "obs_fields", "export_settings", "id"],
            // Everything in these.
            _ => &[
                "_varSchema",
                "fields",
                "quantization",
                "compression",
                "n_edges",
                "sourcesPath",
                "max_neighbors",
            ],
        };
        for key in keys {
            assert_eq!(ours.get(key), theirs.get(key), "{name}: {path}: {key}");
        }
        compared += 1;
    }
    compared
}

#[test]
fn folders_equal_what_prepare_writes() {
    let packing = |compression, var, obs| Packing { compression, var, obs, ..Packing::default() };
    let mut compared = 0;
    for (name, packing) in [
        ("gz", packing(Some(6), None, None)),
        ("q8", packing(None, Some(Bits::Eight), Some(Bits::Eight))),
        ("q16", packing(Some(1), Some(Bits::Sixteen), Some(Bits::Sixteen))),
        ("mixed", packing(None, Some(Bits::Eight), Some(Bits::Sixteen))),
    ] {
        compared += compare(name, &packing);
    }
    println!("{compared} files compared");
}

#[test]
fn a_plain_folder_is_the_virtual_export_and_genes_can_be_chosen() {
    let all = pack(&Packing::default()).unwrap();
    for (path, (body, _)) in all.iter().filter(|(path, _)| !path.ends_with(".json")) {
        assert!(*body == theirs(&root().join("plain").join(path)), "{path} differs");
    }
    let some = Packing { genes: Some(vec!["IL2".into(), "a b".into()]), ..Packing::default() };
    let some = pack(&some).unwrap();
    let genes: Vec<&String> = some.keys().filter(|path| path.starts_with("var/")).collect();
    assert_eq!(genes, ["var/IL2.values.f32", "var/a_b.values.f32"]);
    let manifest: Value = serde_json::from_slice(&some["var_manifest.json"].0).unwrap();
    assert_eq!(manifest["fields"], serde_json::json!([["IL2"], ["a b"]]));
    let error = pack(&Packing { genes: Some(vec!["IL3".into()]), ..Packing::default() }).unwrap_err();
    assert!(error.to_string().contains("there is no gene \"IL3\""), "{error}");
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let packing = Packing {
        var: Some(Bits::Eight),
        obs: Some(Bits::Sixteen),
        // One gene at a time.
        memory: Some(1),
        ..Packing::default()
    };
    let (whole, ranges) = (pack(&packing).unwrap(), Ranges::default());
    pack_into(&packing, &ranges).unwrap();
    let ranges = ranges.0.into_inner();
    // Whatever was there before, the rest is made, with the same manifests.
    for step in [1, 2, 3] {
        let binary = ranges.iter().filter(|(path, _)| !path.ends_with(".json"));
        let kept = binary.step_by(step).map(|(path, range)| (path.clone(), *range)).collect();
        let sink = Resumed { shelf: Shelf::default(), kept, expected: Cell::new(0) };
        pack_into(&packing, &sink).unwrap();
        let made = sink.shelf.0.into_inner();
        assert_eq!((made.len() + sink.kept.len(), sink.expected.get()), (whole.len(), whole.len()));
        for (path, file) in &made {
            assert!(*file == whole[path], "{path} differs");
        }
    }
}
