//! Files from packages on PyPI that nobody here wrote, some of them ten years of anndata old, and files of the newest libraries
//! (tests/fixtures/make/newest.py): names, columns, embeddings and X equal what anndata reads from them (build/real, made by `./check`).
#![allow(clippy::print_stdout)]

mod model;

use std::{fs, path::Path};

use cellucid_wasm::{anndata::AnnData, native::block_on};
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
fn mudata_of_today_holds_what_mudata_finds_in_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/real/archives/newest-mudata");
    let expected = fs::read(folder.join("model.json")).expect("run ./check once: it brings the files");
    let data = block_on(AnnData::open(tree(&folder.join("adata.h5mu")), "mod/rna")).unwrap();
    assert!(compare(&data, &serde_json::from_slice(&expected).unwrap()) > 20);
}
