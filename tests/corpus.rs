//! Files that other projects carry as their test files (`tests/fixtures/make/corpus.py`): every object against what h5py or
//! zarr-python reads. An object is right, wrong, or refused with a reason; nothing may be wrong, and nothing may be refused
//! but for a reason named here, which doc/CORRECTNESS.md repeats.
#![allow(clippy::print_stdout)]

mod plain;

use std::{collections::BTreeMap, fs, path::PathBuf, rc::Rc};

use cellucid_wasm::{
    array::Values,
    codec::checksum::crc32,
    limits::Limits,
    native::{self, block_on},
    open::{Source, open},
    tree::{Node, Tree, read_all},
};
use plain::plain;
use serde_json::Value;

/// Why objects of these files are not read: words of the error, and what it is.
const REFUSED: &[(&str, &str)] =
    &[("(zfp) is not read", "numbers that zfp rounded"), ("(fcidecomp) is not read", "pictures in JPEG-LS")];

/// What became of the objects of one package.
#[derive(Default)]
struct Tally {
    files: usize,
    right: usize,
    /// What the library cannot read either, or says nothing of.
    beyond: usize,
    refused: BTreeMap<String, usize>,
}

#[test]
fn files_of_other_projects_hold_what_their_libraries_read() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("build/corpus");
    let text = fs::read(root.join("expected.json")).expect("`./check corpus` makes it");
    let expected: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let (mut tallies, mut wrong, mut unknown) = (BTreeMap::<String, Tally>::new(), Vec::new(), Vec::new());
    for entry in &expected {
        let file = entry["file"].as_str().unwrap();
        let tally = tallies.entry(file.split('/').nth(1).unwrap().to_owned()).or_default();
        tally.files += 1;
        let path = root.join(file);
        let source = if path.is_dir() {
            Source::Folder(Rc::new(native::Folder::open(&path).unwrap()))
        } else {
            Source::File(Rc::new(native::File::open(&path).unwrap()))
        };
        let tree = match block_on(open(source, Limits::default())) {
            Ok(tree) => tree,
            Err(_) if entry.get("error").is_some() => {
                tally.beyond += 1;
                continue;
            }
            Err(error) => {
                wrong.push(format!("{file}: {error}"));
                continue;
            }
        };
        for object in entry["objects"].as_array().into_iter().flatten() {
            let path = object["path"].as_str().unwrap();
            match block_on(check(&*tree, path, object)) {
                Ok(true) => tally.right += 1,
                Ok(false) => tally.beyond += 1,
                Err(Fault::Wrong(what)) => wrong.push(format!("{file}: {path}: {what}")),
                Err(Fault::Refused(error)) => match REFUSED.iter().find(|(words, _)| error.contains(words)) {
                    Some((_, why)) => *tally.refused.entry((*why).to_owned()).or_default() += 1,
                    None => unknown.push(error),
                },
            }
        }
    }
    let mut total = Tally::default();
    for (package, tally) in &tallies {
        let refused: usize = tally.refused.values().sum();
        println!(
            "{package}: {} files, {} objects right, {refused} refused {:?}, {} beyond the library itself",
            tally.files, tally.right, tally.refused, tally.beyond
        );
        total.files += tally.files;
        total.right += tally.right;
        total.beyond += tally.beyond;
        for (why, count) in &tally.refused {
            *total.refused.entry(why.clone()).or_default() += count;
        }
    }
    println!(
        "together: {} files, {} objects right, {} wrong, refused {:?}, {} beyond the library itself",
        total.files,
        total.right,
        wrong.len(),
        total.refused,
        total.beyond
    );
    assert!(
        wrong.is_empty() && unknown.is_empty(),
        "wrong:\n{}\nrefused:\n{}",
        wrong.join("\n"),
        unknown.join("\n")
    );
    assert!(total.files > 80 && total.right > 700, "the corpus has shrunk");
}

enum Fault {
    Wrong(String),
    Refused(String),
}

/// Whether an object is as expected; `false` where there is nothing to compare with.
async fn check(tree: &dyn Tree, path: &str, want: &Value) -> Result<bool, Fault> {
    let refused = |e: cellucid_wasm::Error| Fault::Refused(e.to_string());
    if want.get("error").is_some() {
        // Whatever we say of it, we must say it.
        if let Ok(Some(Node::Array(array))) = tree.open(path).await {
            drop(read_all(tree, &array).await);
        }
        return Ok(false);
    }
    let node = tree.open(path).await.map_err(refused)?;
    match node.ok_or_else(|| Fault::Wrong("is not found".into()))? {
        Node::Group(group) => {
            let names = tree.names(&group).await.map_err(refused)?;
            match want.get("names") {
                Some(wanted) if serde_json::json!(names) != *wanted => {
                    Err(Fault::Wrong(format!("members {names:?} instead of {wanted}")))
                }
                _ if want["kind"] == "group" => Ok(true),
                _ => Err(Fault::Wrong("is a group".into())),
            }
        }
        Node::Array(array) => {
            if serde_json::json!(array.shape) != want["shape"] {
                return Err(Fault::Wrong(format!("shape {:?} instead of {}", array.shape, want["shape"])));
            }
            let got = read_all(tree, &array).await.map_err(refused)?;
            equal(&got, want).map_err(Fault::Wrong)
        }
    }
}

fn equal(got: &Values, want: &Value) -> Result<bool, String> {
    let dtype = want["dtype"].as_str().unwrap_or("none");
    if let Values::Record(columns) = got {
        let fields = want["fields"].as_array().ok_or_else(|| format!("record instead of {dtype}"))?;
        if columns.len() != fields.len() {
            return Err(format!("{} fields instead of {}", columns.len(), fields.len()));
        }
        let mut all = true;
        for (column, field) in columns.iter().zip(fields) {
            if field["name"] != *column.name || field["count"] != column.count {
                return Err(format!("field {} × {} instead of {field}", column.name, column.count));
            }
            all &= equal(&column.values, field).map_err(|e| format!("field {}: {e}", column.name))?;
        }
        return Ok(all);
    }
    if matches!(dtype, "reference" | "list" | "float128") {
        // Addresses are the file's, numbers the library's; lists have no one form, long doubles are rounded here.
        return Ok(false);
    }
    let name = match got {
        Values::Bytes { width, .. } => format!("bytes{width}"),
        other => other.name().to_owned(),
    };
    if name != dtype {
        return Err(format!("{name} instead of {dtype}"));
    }
    let sum = crc32(&plain(got));
    if want["crc"] == sum { Ok(true) } else { Err(format!("other values: {name}, CRC-32 {sum}")) }
}
