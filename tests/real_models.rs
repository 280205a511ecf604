//! Files from packages on PyPI that nobody here wrote, some of them ten years of anndata old, and files of the newest libraries
//! (tests/fixtures/make/newest.py): names, columns, embeddings and X equal what anndata reads from them (build/real, made by `./check`).
#![allow(clippy::print_stdout)]

mod model;

use std::{fs, path::Path};

use cellucid_wasm::{
    anndata::AnnData,
    export::{Export, Options, Profile, Route},
    native::block_on,
};
use model::{compare, tree};
use serde_json::Value;

#[test]
fn real_files_hold_what_anndata_finds_in_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/real");
    let mut count = 0;
    for folder in fs::read_dir(root.join("expected")).expect("run ./check once: it brings the files") {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let (stem, suffix) = name.rsplit_once('_').unwrap();
        let stores = match stem.strip_suffix("_adata") {
            None => vec![root.join(format!("{stem}.{suffix}"))],
            Some(version) => {
                let archive = root.join("archives").join(version);
                // Every Zarr store is there twice: unpacked, and as the archive that it came in.
                let zip = (suffix == "zarr").then(|| archive.join("adata.zarr.zip"));
                [archive.join(format!("adata.{suffix}"))].into_iter().chain(zip).collect()
            }
        };
        let expected: Value = serde_json::from_slice(&fs::read(folder.join("model.json")).unwrap()).unwrap();
        for store in stores {
            let data = block_on(AnnData::open(tree(&store), "")).unwrap();
            let compared = compare(&data, &expected);
            println!("{}: {compared} columns and embeddings", store.strip_prefix(&root).unwrap().display());
            count += 1;
        }
    }
    assert!(count > 30);
}

#[test]
fn factors_that_seuratdisk_wrote_are_categories_except_for_the_reference() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/real/archives/r-seuratdisk/adata.h5ad");
    let described = |profile| {
        let data = block_on(AnnData::open(tree(&store), "")).unwrap();
        let options = Options { profile, ..Options::default() };
        let export = Export::open(data, options).unwrap();
        let kinds: Value = serde_json::from_str(&block_on(export.describe()).unwrap().text()).unwrap();
        let columns = kinds["obs"].as_array().unwrap().iter();
        let kinds: Vec<String> = columns
            .map(|c| format!("{} {}", c["key"].as_str().unwrap(), c["kind"].as_str().unwrap()))
            .collect();
        (export, kinds)
    };
    let (reference, kinds) = described(Profile::Reference);
    assert!(kinds.contains(&"kind continuous".into()), "{kinds:?}");
    let read = |export: &Export, path: &str| {
        block_on(export.file(&Route::parse(path).unwrap())).map(|file| file.body)
    };
    let codes = read(&reference, "obs/kind.values.f32").unwrap();
    let (strict, kinds) = described(Profile::Strict);
    for factor in ["kind category", "lost category", "stage category", "count continuous"] {
        assert!(kinds.contains(&factor.into()), "{factor}: {kinds:?}");
    }
    let labels = read(&strict, "obs/kind.labels.json").unwrap();
    assert_eq!(&labels[..], br#"["B cell", "NK", "T cell"]"#);
    let ours: Vec<f32> = read(&strict, "obs/kind.codes.u8").unwrap().iter().map(|&c| c.into()).collect();
    assert_eq!(bytemuck::cast_slice::<f32, u8>(&ours), &codes[..]);
    // What is missing there is a negative number in the file.
    let lost = read(&strict, "obs/lost.codes.u8").unwrap();
    assert!(lost.contains(&255) && lost.iter().all(|&code| code < 2 || code == 255), "{lost:?}");
}

#[test]
fn mudata_of_today_holds_what_mudata_finds_in_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/real/archives/newest-mudata");
    let expected = fs::read(folder.join("model.json")).expect("run ./check once: it brings the files");
    let data = block_on(AnnData::open(tree(&folder.join("adata.h5mu")), "mod/rna")).unwrap();
    assert!(compare(&data, &serde_json::from_slice(&expected).unwrap()) > 20);
}
