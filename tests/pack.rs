//! Our export folders hold the bytes that the reference's `prepare()` writes for the same data (build/packed, made by
//! `./check`): points, columns, codes, outliers, genes, edges and vectors, plain, compressed and quantised.
#![allow(clippy::print_stdout)]

use std::{cell::RefCell, collections::BTreeMap, fs, path::Path, rc::Rc};

use bytes::Bytes;
use cellucid_wasm::{
    anndata::AnnData,
    error::{Pending, Result},
    export::{Bits, Export, Options, Packing, Sink},
    limits::Limits,
    native::{File, block_on},
    open::{Source, open},
};
use serde_json::Value;

/// A folder in memory: path to content, not compressed, and the level it would be compressed with.
#[derive(Default)]
struct Shelf(RefCell<BTreeMap<String, (Bytes, Option<u8>)>>);

impl Sink for Shelf {
    fn put<'a>(&'a self, path: String, body: Bytes, gzip: Option<u8>) -> Pending<'a, ()> {
        Box::pin(async move {
            assert!(
                self.0.borrow_mut().insert(path.clone(), (body, gzip)).is_none(),
                "{path} is written twice"
            );
            Ok(())
        })
    }
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("build/packed")
}

fn pack(packing: &Packing) -> Result<BTreeMap<String, (Bytes, Option<u8>)>> {
    let file = File::open(&root().join("input.h5ad")).expect("run ./check once: it makes build/packed");
    let shelf = Shelf::default();
    block_on(async {
        let tree = open(Source::File(Rc::new(file)), Limits::default()).await?;
        let options = Options { file: "input.h5ad".into(), ..Options::default() };
        Export::open(AnnData::open(tree, "").await?, options)?.pack(packing, &shelf).await
    })?;
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
    let packing = |compression, var, obs| Packing { compression, var, obs, genes: None };
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
