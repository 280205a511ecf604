//! Every virtual file of every oracle fixture equals what `cellucid` 0.0.9 serves, byte for byte.
//!
//! The fixtures and the reference's answers are made by `./check` (see tests/oracle/README.md) below build/oracle.
//! Compared as the specification says (section 15): any NaN equals any NaN; −0.0 and 0.0 are one number in JSON.
#![allow(clippy::print_stdout)]

use std::{fs, path::Path, rc::Rc};

use cellucid_wasm::{
    anndata::AnnData,
    error::Result,
    export::{Export, Options, Route},
    limits::Limits,
    native::{self, block_on},
    open::{Source, open},
};
use serde_json::Value;

/// Stores for which the reference answers 404 by mistake: it takes `obs/` in a path for the data set's id.
const BETTER: &[&str] = &["obs"];

fn options(fixture: &Value) -> Options {
    let mut options = Options {
        created_at: "2000-01-01T00:00:00Z".into(),
        file: name(fixture),
        path: Some(name(fixture)),
        folder: text(fixture, "kind") != "h5ad",
        ..Options::default()
    };
    let args: Vec<&str> =
        fixture["oracle_args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        if arg == "--no-normalize" {
            options.normalize = false;
            continue;
        }
        let value = args.next().unwrap();
        match arg {
            "--gene-id-column" => options.gene_id_column = Some(value.into()),
            "--latent-key" => options.latent_key = Some(value.into()),
            "--dataset-name" => options.dataset_name = Some(value.into()),
            "--dataset-id" => options.dataset_id = Some(value.into()),
            "--centroid-quantile" => options.centroid_quantile = value.parse().unwrap(),
            "--centroid-min-points" => options.centroid_min_points = value.parse().unwrap(),
            other => panic!("unknown option {other}"),
        }
    }
    options
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

fn name(fixture: &Value) -> String {
    text(fixture, "path").rsplit('/').next().unwrap().to_owned()
}

fn export(path: &Path, options: Options) -> Result<Export> {
    let source = if path.is_dir() {
        Source::Folder(Rc::new(native::Folder::open(path)?))
    } else {
        Source::File(Rc::new(native::File::open(path)?))
    };
    block_on(async {
        let tree = open(source, Limits::default()).await?;
        Export::open(AnnData::open(Rc::clone(&tree), "").await?, options)
    })
}

/// Where two files differ, if they do.
fn difference(path: &str, ours: &[u8], theirs: &[u8]) -> Option<String> {
    if ours == theirs {
        return None;
    }
    if path.ends_with(".json") || path.starts_with("_cellucid") {
        let (ours, theirs) = [ours, theirs].map(|b| String::from_utf8_lossy(b).replace("-0.0", "0.0")).into();
        let at = ours.bytes().zip(theirs.bytes()).position(|(a, b)| a != b);
        let at = match at {
            Some(at) => at,
            None if ours.len() == theirs.len() => return None,
            None => ours.len().min(theirs.len()),
        };
        let around = |s: &str| s.chars().skip(at.saturating_sub(40)).take(90).collect::<String>();
        return Some(format!("ours …{}… theirs …{}…", around(&ours), around(&theirs)));
    }
    if ours.len() != theirs.len() {
        return Some(format!("{} bytes, not {}", ours.len(), theirs.len()));
    }
    let floats = path.ends_with(".f32") || path.starts_with("points") || path.starts_with("vectors");
    if !floats {
        let at = ours.iter().zip(theirs).position(|(a, b)| a != b)?;
        return Some(format!("byte {at}"));
    }
    let numbers =
        |b: &[u8]| -> Vec<f32> { b.as_chunks::<4>().0.iter().map(|c| f32::from_le_bytes(*c)).collect() };
    let (ours, theirs) = (numbers(ours), numbers(theirs));
    let at = ours
        .iter()
        .zip(&theirs)
        .position(|(a, b)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan()))?;
    Some(format!("number {at}: ours {:?}, theirs {:?}", ours[at], theirs[at]))
}

/// What became of all stores together.
#[derive(Default)]
struct Tally {
    opened: usize,
    compared: usize,
    more: usize,
    wrong: Vec<String>,
}

impl Tally {
    /// Compares a store with the reference's answers in a folder.
    fn compare(&mut self, name: &str, store: &Path, expected: &Path, options: Options) {
        let index: Value = serde_json::from_slice(&fs::read(expected.join("index.json")).unwrap()).unwrap();
        let export = match export(store, options) {
            Ok(export) => export,
            Err(error) if !index["construct_error"].is_null() => {
                println!("{name}: refused, as by the reference: {error}");
                return;
            }
            Err(error) => return self.wrong.push(format!("{name}: {error}")),
        };
        self.opened += 1;
        for entry in index["entries"].as_array().unwrap() {
            let path = text(entry, "path");
            let ours = Route::parse(path).map(|route| block_on(export.file(&route)));
            if entry["status"] != 200 {
                if matches!(ours, Some(Ok(_))) {
                    self.more += 1;
                    if entry["status"] == 404 && !BETTER.contains(&name) {
                        self.wrong.push(format!("{name} {path}: answered, but the reference says 404"));
                    }
                }
                continue;
            }
            let theirs = fs::read(expected.join(text(entry, "file"))).unwrap();
            self.compared += 1;
            let difference = match ours {
                None => Some("no route".to_owned()),
                Some(Err(error)) => Some(error.to_string()),
                Some(Ok(ours)) => difference(path, &ours.body, &theirs),
            };
            self.wrong.extend(difference.map(|difference| format!("{name} {path}: {difference}")));
        }
    }

    fn finish(self) {
        let Self { opened, compared, more, wrong } = self;
        println!(
            "{opened} stores opened, {compared} files compared, {} differ, {more} only we answer",
            wrong.len()
        );
        assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
        assert!(compared > 0, "nothing was compared");
    }
}

#[test]
fn every_file_equals_the_references() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/oracle");
    let fixtures = fs::read(root.join("fx/fixtures.json")).expect("run ./check once: it makes the fixtures");
    let fixtures: Vec<Value> = serde_json::from_slice(&fixtures).unwrap();
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut tally = Tally::default();
    for fixture in fixtures.iter().filter(|f| text(f, "kind") != "export" && text(f, "name").contains(&only))
    {
        let name = text(fixture, "name");
        let store = root.join("fx").join(text(fixture, "path"));
        tally.compare(name, &store, &root.join("expected").join(name), options(fixture));
    }
    tally.finish();
}

/// Files from packages on PyPI, written years apart by other people.
#[test]
fn real_files_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/real");
    let expected = fs::read_dir(root.join("expected")).expect("run ./check once: it brings the files");
    let mut tally = Tally::default();
    for folder in expected {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let store = match name.strip_suffix("_h5ad").or(name.strip_suffix("_zarr")).unwrap() {
            pbmc if pbmc.starts_with("10x") => root.join(format!("{pbmc}.h5ad")),
            archive => {
                let version = archive.strip_suffix("_adata").unwrap();
                root.join("archives").join(version).join(format!("adata.{}", &name[name.len() - 4..]))
            }
        };
        let file = store.file_name().unwrap().to_string_lossy().into_owned();
        let options = Options {
            created_at: "2000-01-01T00:00:00Z".into(),
            folder: store.is_dir(),
            path: Some(file.clone()),
            file,
            ..Options::default()
        };
        tally.compare(&name, &store, &folder, options);
    }
    tally.finish();
}
