//! doc/STATUS.md is true as far as names go: every file it calls a proof is among those that the tests read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_proof_is_a_file() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let known = known(&root.join("build"));
    let page = fs::read_to_string(root.join("doc/STATUS.md")).unwrap();
    let mut proofs = 0;
    let mut wrong = Vec::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let last = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or("");
        for name in last.split('`').skip(1).step_by(2) {
            proofs += 1;
            if !known.iter().any(|file| matches(name, file)) {
                wrong.push(format!("`{name}` in: {line}"));
            }
        }
    }
    assert!(proofs > 60, "only {proofs} proofs found: has the page another form?");
    assert!(wrong.is_empty(), "no such file:\n{}", wrong.join("\n"));
}

#[test]
fn patterns_match_whole_names() {
    assert!(
        matches("x_*", "x_dense")
            && matches("*", "")
            && matches("a*c", "abc")
            && matches("zarr_v?_csc", "zarr_v3_csc")
    );
    assert!(
        !matches("x_", "x_dense") && !matches("x_*", "ax_") && !matches("a*c", "abd") && !matches("a?", "a")
    );
}

/// Names of fixtures, and of files without what marks only their format.
fn known(build: &Path) -> BTreeSet<String> {
    let list = fs::read_to_string(build.join("oracle/fx/fixtures.json")).expect("./check oracle makes it");
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let mut known: BTreeSet<String> =
        list.as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap().to_owned()).collect();
    let folders = [
        "hdf5/files",
        "zarr/stores",
        "zarr/zips",
        "codecs",
        "real",
        "real/archives",
        "several",
        "unreadable",
    ];
    for folder in folders {
        let entries = fs::read_dir(build.join(folder))
            .unwrap_or_else(|e| panic!("build/{folder}: {e}; ./check makes it"));
        for entry in entries {
            let name = entry.unwrap().file_name().into_string().unwrap();
            known.insert(name.trim_end_matches(".h5").trim_end_matches(".zarr").to_owned());
        }
    }
    known
}

/// `*` stands for anything, `?` for one character.
fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => name
            .char_indices()
            .map(|(i, _)| i)
            .chain([name.len()])
            .any(|i| matches(rest.as_str(), &name[i..])),
        Some(c) => {
            let mut own = name.chars();
            own.next().is_some_and(|o| c == '?' || o == c) && matches(rest.as_str(), own.as_str())
        }
    }
}
