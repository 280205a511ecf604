//! The fuzz targets without a fuzzer: seeds, and every input that a fuzzer once found something with.

use std::{fs, path::Path};

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

/// Each target with where its seeds are, besides `fuzz/regressions`.
/// A target's name, its body, and where its seeds are.
type Target = (&'static str, fn(&[u8]), &'static [&'static str]);

const TARGETS: [Target; 7] = [
    ("hdf5_open", fuzz::hdf5_open, &["build/hdf5/files/seeds"]),
    ("hdf5_index", fuzz::hdf5_index, &["build/hdf5/files/seeds"]),
    ("codec", fuzz::codec, &[]),
    ("zarr_meta", fuzz::zarr_meta, &[]),
    ("zip", fuzz::zip, &["build/zarr/zips"]),
    ("slices", fuzz::slices, &["build/hdf5/files/seeds"]),
    ("message", fuzz::message, &[]),
];

#[test]
fn what_fuzzers_found_stays_mended() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut replayed = 0;
    for (name, target, seeds) in TARGETS {
        let kept = root.join("fuzz/regressions").join(name);
        let folders = seeds.iter().map(|folder| root.join(folder)).chain([kept]);
        for folder in folders.filter(|folder| folder.exists()) {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    println!("{name} {}", path.display());
                    let mut input = fs::read(&path).unwrap();
                    if name == "slices" && !folder.starts_with(root.join("fuzz")) {
                        // How the file is cut, which seeds of other targets lack.
                        input.extend([3, 10, 200, 0, 128, 50, 255, 7]);
                    }
                    target(&input);
                    replayed += 1;
                }
            }
        }
    }
    assert!(replayed > 25, "only {replayed} inputs: ./check hdf5 and ./check stores make the seeds");
}

#[test]
fn every_target_is_a_program_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for (name, ..) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
        let program = fs::read_to_string(root.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("cellucid_fuzz::{name}(data)")), "{name} runs something else");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}
