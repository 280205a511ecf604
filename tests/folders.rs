//! Export folders that the real `prepare()` wrote: opened, listed, read.

use std::{fs, path::Path, rc::Rc};

use cellucid_wasm::{
    folder::Folder,
    limits::Limits,
    native::{self, block_on},
};

fn exports() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("build/oracle/fx/exports")
}

fn open(path: &Path, id: Option<&str>) -> cellucid_wasm::Result<Folder> {
    let store = Rc::new(native::Folder::open(path)?);
    block_on(Folder::open(store, id, &Limits::default()))
}

/// Every file below a folder, by relative path.
fn files(root: &Path, below: &Path, list: &mut Vec<String>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(root, &path, list);
        } else {
            list.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
        }
    }
}

#[test]
fn every_file_of_every_kind_of_folder_is_listed_and_read() {
    for name in ["export_plain", "export_gz", "export_q8", "export_q16", "export_q8_gz", "export_q_mixed"] {
        let root = exports().join(name);
        let folder = open(&root, None).unwrap();
        let (mut there, mut listed) = (Vec::new(), folder.paths().to_vec());
        files(&root, &root, &mut there);
        there.sort();
        listed.sort();
        assert_eq!(there, listed, "{name}");
        for path in &there {
            assert_eq!(block_on(folder.file(path)).unwrap().unwrap(), fs::read(root.join(path)).unwrap());
        }
        let about = folder.describe();
        assert_eq!((about["n_obs"].as_u64(), about["embeddings"].as_array().unwrap().len()), (Some(90), 2));
    }
}

#[test]
fn one_columns_row_of_a_folders_manifest() {
    let folder = open(&exports().join("export_q8"), None).unwrap();
    let manifest = block_on(folder.document("obs_manifest.json")).unwrap().unwrap();
    let (mut rows, mut taken) = (0, std::collections::HashSet::new());
    for list in ["_continuousFields", "_categoricalFields"] {
        for row in manifest[list].as_array().unwrap() {
            let name = cellucid_wasm::export::safe(row[0].as_str().unwrap());
            // Of two columns whose names share a file name, the first has it.
            if !taken.insert(name.clone()) {
                continue;
            }
            let one = block_on(folder.field(&name)).unwrap().unwrap();
            assert_eq!(one[list].as_array().unwrap(), std::slice::from_ref(row));
            assert_eq!(
                (&one["_obsSchemas"], &one["n_points"]),
                (&manifest["_obsSchemas"], &manifest["n_points"])
            );
            let both =
                ["_continuousFields", "_categoricalFields"].map(|list| one[list].as_array().unwrap().len());
            assert_eq!(both.iter().sum::<usize>(), 1, "{name}");
            rows += 1;
        }
    }
    assert!(rows > 3);
    assert!(block_on(folder.field("nothing")).unwrap().is_none());
}

#[test]
fn several_below_one_root() {
    let root = exports().join("exports_root");
    // Both carry the same id; the list's order decides, the path tells them apart.
    assert!(open(&root, None).unwrap().paths().contains(&"points_2d.bin".to_owned()));
    assert!(open(&root, Some("two/")).unwrap().paths().contains(&"points_2d.bin.gz".to_owned()));
    let error = open(&root, Some("three")).err().unwrap().to_string();
    assert!(error.contains("has no data set \"three\"") && error.contains("Export_demo"), "{error}");
    let error = open(&exports(), None).err().unwrap().to_string();
    assert!(error.contains("is no export folder"), "{error}");
    let folder = open(&exports().join("export_plain"), None).unwrap();
    assert!(block_on(folder.file("../exports_root/datasets.json")).is_err());
    assert!(block_on(folder.file("nothing.bin")).unwrap().is_none());
}
