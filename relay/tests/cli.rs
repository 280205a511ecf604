//! The command line on real files: results against the reference's answers and h5py, failures in words and exit codes.

mod program;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use program::{Scratch, command, fails, ok, root, run, sample, text, tree};
use serde_json::Value;

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn exported_folders_are_the_references_files() {
    let oracle = root().join("build/oracle");
    let fixtures = fs::read(oracle.join("fx/fixtures.json")).expect("`./check oracle` makes the fixtures");
    let mut compared = 0;
    for fixture in json(&fixtures).as_array().unwrap() {
        let name = fixture["name"].as_str().unwrap();
        let family = [
            "base_csr",
            "base_csc",
            "emb_all_explicit",
            "centroid_options",
            "gene_id_column",
            "latent_X_pca",
            "gene_id_column_cat",
            "gene_id_column_float",
            "emb_no_normalize",
            "latent_override",
            "latent_override_missing",
            "centroid_options_bad",
            "named_by_option",
        ];
        if !family.contains(&name) {
            continue;
        }
        let scratch = Scratch::new();
        let out = scratch.path("out");
        let source = text(&oracle.join("fx").join(fixture["path"].as_str().unwrap()));
        let options: Vec<&str> =
            fixture["oracle_args"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        ok(&[&["export", &source, &out], options.as_slice()].concat());
        let index = json(&fs::read(oracle.join("expected").join(name).join("index.json")).unwrap());
        let answers: BTreeMap<&str, &Value> = index["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (entry["path"].as_str().unwrap(), entry))
            .collect();
        let written = tree(Path::new(&out));
        for (path, body) in &written {
            let entry =
                answers.get(path.as_str()).unwrap_or_else(|| panic!("{name}: {path} is not the reference's"));
            let expected =
                fs::read(oracle.join("expected").join(name).join(entry["file"].as_str().unwrap())).unwrap();
            assert!(*body == expected, "{name}: {path} differs");
            compared += 1;
        }
        for path in ["dataset_identity.json", "obs_manifest.json", "var_manifest.json"] {
            assert!(written.contains_key(path), "{name}: {path} was not written");
        }
    }
    assert!(compared > 100, "only {compared} files compared");
}

#[test]
fn packed_folders_are_read_back() {
    let scratch = Scratch::new();
    let (plain, packed) = (scratch.path("plain"), scratch.path("packed"));
    let source = text(&sample());
    ok(&["export", &source, &plain, "--genes", "CD3E,MS4A1"]);
    ok(&[
        "export",
        &source,
        &packed,
        "--genes",
        "CD3E,MS4A1",
        "--quantize-var",
        "16",
        "--quantize-obs",
        "8",
        "--compression",
        "6",
    ]);
    let genes = |folder: &str| {
        tree(Path::new(folder)).into_keys().filter(|k| k.starts_with("var/")).collect::<Vec<_>>()
    };
    assert_eq!(genes(&plain), ["var/CD3E.values.f32", "var/MS4A1.values.f32"]);
    assert_eq!(genes(&packed), ["var/CD3E.values.u16.gz", "var/MS4A1.values.u16.gz"]);
    // An exported folder is itself a source.
    let read = ok(&["get", &packed, "var/CD3E.values.u16.gz"]);
    assert_eq!(read, fs::read(Path::new(&packed).join("var/CD3E.values.u16.gz")).unwrap());
    assert_eq!(json(&ok(&["inspect", &packed, "--json"]))["n_obs"], 5000);
    assert!(fails(1, &["export", &source, &plain]).contains("is not empty"));
    ok(&["export", &source, &plain, "--force", "--genes", "CD3E"]);
    assert!(fails(2, &["export", &source, &scratch.path("none"), "--genes", "NOSUCH"]).contains("NOSUCH"));
}

#[test]
fn one_file_and_what_it_took() {
    let source = text(&sample());
    let output = run(&["get", &source, "var/CD3E.values.f32", "--stats"]);
    assert!(output.status.success());
    assert_eq!(output.stdout.len(), 5000 * 4);
    let stats = json(&output.stderr);
    assert_eq!(stats["bytes_out"], 20_000);
    assert!(stats["requests"].as_u64().unwrap() > 0 && stats["seconds"].as_f64().unwrap() > 0.0);
    let len = fs::metadata(sample()).unwrap().len();
    assert!(stats["bytes_read"].as_u64().unwrap() <= len, "{stats}");

    let scratch = Scratch::new();
    let out = scratch.path("gene.bin");
    assert!(ok(&["get", &source, "/var/CD3E.values.f32", "--out", &out]).is_empty());
    assert_eq!(fs::read(out).unwrap(), output.stdout);

    let identity =
        |options: &[&str]| json(&ok(&[&["get", &source, "dataset_identity.json"], options].concat()));
    let named = identity(&["--dataset-name", "Marrow (v2)", "--dataset-id", "marrow"]);
    assert_eq!((named["name"].as_str(), named["id"].as_str()), (Some("Marrow (v2)"), Some("marrow")));
    assert_eq!(named["created_at"], "2000-01-01T00:00:00Z");
    assert!(identity(&[]).get("_anndata_adapter").is_some());
    assert!(identity(&["--profile", "strict"]).get("_anndata_adapter").is_none());
}

#[test]
fn what_a_pass_over_rows_found_is_kept_for_the_next_run() {
    let scratch = Scratch::new();
    let source = text(&root().join("build/bench/20000x500_csr_gzip.h5ad"));
    let get = |genes: &[&str], more: &[&str]| {
        let paths: Vec<String> = genes.iter().map(|gene| format!("var/{gene}.values.f32")).collect();
        let mut all = vec!["get", &source];
        all.extend(paths.iter().map(String::as_str));
        all.extend_from_slice(more);
        all.push("--stats");
        let output = command(&all).env("XDG_CACHE_HOME", &scratch.0).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.stdout, json(&output.stderr)["bytes_read"].as_u64().unwrap())
    };
    const PASS: u64 = 1_500_000;
    let (right, read) = get(&["Gene00007"], &["--no-cache"]);
    assert!(right.len() == 80_000 && read > PASS && fs::read_dir(&scratch.0).unwrap().next().is_none());
    let (first, read) = get(&["Gene00008"], &[]);
    assert!(read > PASS);
    let (second, read) = get(&["Gene00007"], &[]);
    assert!(second == right && read < PASS / 2, "{read} bytes read");
    // Several: each in its file; behind each other nobody could tell them apart.
    let several = ["get", &source, "var/Gene00007.values.f32", "var/Gene00008.values.f32"];
    assert!(fails(2, &several).contains("--out FOLDER"));
    let out = scratch.path("genes");
    get(&["Gene00007", "Gene00008"], &["--out", &out]);
    assert_eq!(fs::read(Path::new(&out).join("var/Gene00008.values.f32")).unwrap(), first);
    // Damaged, then changed: neither is believed.
    let kept: Vec<PathBuf> =
        fs::read_dir(scratch.0.join("cellucid-wasm")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let mut bytes = fs::read(&kept[0]).unwrap();
    bytes.iter_mut().step_by(1000).for_each(|byte| *byte ^= 1);
    fs::write(&kept[0], bytes).unwrap();
    let (again, read) = get(&["Gene00007"], &[]);
    assert!(again == right && read > PASS);
    assert!(get(&["Gene00007"], &[]).1 < PASS / 2);
}

#[test]
fn arrays_are_written_as_h5py_reads_them() {
    let script = "
import h5py, hashlib, json, numpy, sys
seen = {}
def visit(name, item):
    if isinstance(item, h5py.Dataset):
        if h5py.check_string_dtype(item.dtype):
            values = numpy.atleast_1d(item.asstr()[()]).ravel().tolist()
            body = ''.join(json.dumps(v, ensure_ascii=False) + '\\n' for v in values).encode()
        else:
            body = item[()].tobytes()
        seen[name] = hashlib.md5(body).hexdigest(), list(item.shape)
h5py.File(sys.argv[1]).visititems(visit)
print(json.dumps(seen))
";
    let python =
        Command::new(root().join("build/venv/bin/python")).args(["-c", script]).arg(sample()).output();
    let python = python.expect("`./check python` makes the environment");
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let truth = json(&python.stdout);
    let truth = truth.as_object().unwrap();
    assert!(truth.len() > 40);
    let scratch = Scratch::new();
    for (name, expected) in truth {
        let output = run(&["cat", &text(&sample()), name]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(json(&output.stderr)["shape"], expected[1], "{name}");
        let sum = Command::new("md5sum").arg(scratch.file("array", &output.stdout)).output().unwrap();
        let sum = String::from_utf8(sum.stdout).unwrap();
        assert_eq!(sum.split(' ').next(), expected[0].as_str(), "{name}");
    }
    let attrs = json(&ok(&["cat", &text(&sample()), "obs/cell_type", "--attrs"]));
    assert_eq!(attrs["encoding-type"], "categorical");
}

#[test]
fn what_is_in_it() {
    let source = text(&sample());
    let about = json(&ok(&["inspect", &source, "--json"]));
    assert_eq!((about["n_obs"].as_u64(), about["n_vars"].as_u64()), (Some(5000), Some(340)));
    assert_eq!(about["embeddings"].as_array().unwrap().len(), 2);
    let told = String::from_utf8(ok(&["inspect", &source])).unwrap();
    for word in [
        "5,000 cells × 340 genes",
        "csr float32",
        "X_umap 5,000 × 2  shown in 2D",
        "cell_type  16 categories",
    ] {
        assert!(told.contains(word), "{word:?} is not in\n{told}");
    }
    // A file without anything to draw is still described.
    let bare = text(&root().join("build/oracle/fx/h5ad/emb_none.h5ad"));
    let told = String::from_utf8(ok(&["inspect", &bare])).unwrap();
    assert!(told.contains("cannot be shown: no embedding can be drawn"), "{told}");
    assert!(fails(1, &["get", &bare, "points_2d.bin"]).contains("no embedding can be drawn"));
}

#[test]
fn what_is_not_to_be_read_says_so() {
    let scratch = Scratch::new();
    let whole = fs::read(sample()).unwrap();
    let cases = [
        (scratch.file("empty.h5ad", b""), "empty"),
        (scratch.file("page.h5ad", b"<!DOCTYPE html><html></html>"), "HTML"),
        (scratch.file("packed.h5ad", b"\x1f\x8b\x08\x00rest"), "gzip"),
        (scratch.file("table.h5ad", b"cell,gene\n1,2\n"), "is not an HDF5 file"),
        (scratch.file("cut.h5ad", &whole[..whole.len() / 2]), "cut"),
        (scratch.file("stump.h5ad", &whole[..64]), "stump"),
        (scratch.path("nothing.h5ad"), "no such file"),
    ];
    for (source, word) in &cases {
        let said = fails(1, &["inspect", source]);
        assert!(said.contains(word) && said.contains(source.as_str()), "{word:?} is not in {said}");
        assert_eq!(said.lines().count(), 2, "a message and an advice: {said}");
    }
    let source = text(&sample());
    assert!(fails(1, &["get", &source, "obs/nothing.values.f32"]).contains("no column \"nothing\""));
    assert!(fails(1, &["get", &source, "points_2d.bin.gz"]).contains("no virtual file"));
    assert!(fails(1, &["cat", &source, "obs/nothing"]).contains("is not in the file"));
    assert!(fails(2, &["cat", &source, "obs"]).contains("cell_type"));
    assert!(fails(2, &["inspect", "ftp://host/file.h5ad"]).contains("ftp"));
}

#[test]
fn misuse_is_told_from_failure() {
    assert!(fails(2, &[]).contains("Usage"));
    assert!(fails(2, &["gett"]).contains("get"));
    assert!(fails(2, &["get", "x"]).contains("PATH"));
    assert!(fails(2, &["inspect", "x", "--header", "no colon"]).contains("Name: value"));
    assert!(fails(2, &["export", "x", "y", "--compression", "10"]).contains("1..=9"));
    for jobs in ["0", "100000"] {
        assert!(fails(2, &["export", "x", "y", "--jobs", jobs]).contains("1..=256"));
        assert!(fails(2, &["relayout", "x", "y", "--jobs", jobs]).contains("1..=256"));
    }
    assert!(fails(2, &["relayout", &text(&sample()), "x.h5ad"]).contains("name it x.zarr or x.zarr.zip"));
    assert!(fails(2, &["inspect", ""]).contains("empty text"));
    assert!(fails(1, &["inspect", "-"]).contains("write it to a file first"));
    let scratch = Scratch::new();
    let none = fails(2, &["export", &text(&sample()), &scratch.path("out"), "--genes", "NOPE"]);
    assert!(none.contains("no gene \"NOPE\"") && none.contains("check the name"), "{none}");
    #[cfg(unix)]
    {
        assert!(fails(2, &["inspect", "/dev/null"]).contains("a pipe or a device"));
        let link = scratch.path("link.h5ad");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(fails(1, &["inspect", &link]).contains("leads nowhere"));
    }
    assert!(fails(2, &["serve", ".", "--page", "src"]).contains("no index.html"));
    let help = String::from_utf8(ok(&["--help"])).unwrap();
    for command in ["inspect", "get", "cat", "export", "serve"] {
        assert!(help.contains(command));
    }
}

#[test]
fn what_cannot_be_written_says_so() {
    let source = text(&sample());
    let scratch = Scratch::new();
    let no_folder = scratch.path("no/such/file");
    assert!(
        fails(1, &["get", &source, "points_2d.bin", "--out", &no_folder]).contains("folder does not exist")
    );
    assert!(
        fails(1, &["get", &source, "points_2d.bin", "--out", &scratch.path("")]).contains("it is a folder")
    );
    let file = scratch.file("taken", b"by others");
    assert!(fails(1, &["export", &source, &file]).contains("a file where a folder has to be"));
    assert_eq!(fs::read(&file).unwrap(), b"by others");
    if Path::new("/dev/full").exists() {
        assert!(fails(1, &["get", &source, "points_2d.bin", "--out", "/dev/full"]).contains("disk is full"));
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output =
            command(&["cat", &source, "X/data"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("disk is full"));
    }
    let mut child =
        command(&["cat", &source, "X/data"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    // As `| head` does: no failure, and nothing to say.
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(141), "{said}");
    assert!(!said.contains("cellucid-wasm:"), "{said}"); // but for the array's type, which `cat` tells
}

/// What a run prints to a terminal, and its exit code.
#[cfg(unix)]
fn terminal(args: &[&str]) -> (String, i32) {
    let script = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let program = env!("CARGO_BIN_EXE_cellucid-wasm");
    let ran = Command::new("python3").args(["-c", script, program]).args(args).stdin(Stdio::null()).output();
    let ran = ran.unwrap();
    (String::from_utf8_lossy(&ran.stdout).replace("\r\n", "\n"), ran.status.code().unwrap())
}

#[test]
#[cfg(unix)]
fn terminals_get_text() {
    let sample = text(&sample());
    let (said, code) = terminal(&["get", &sample, "points_2d.bin"]);
    assert!(code == 2 && said.contains("points_2d.bin is binary") && said.contains("--out FILE"), "{said}");
    let (said, code) = terminal(&["get", &sample, "obs_manifest.json", "--no-cache"]);
    assert!(code == 0 && said.starts_with('{'), "{said}");
    for (object, width) in [("obs/n_counts", 1), ("obsm/X_umap_3d", 3)] {
        let (said, code) = terminal(&["cat", &sample, object]);
        assert_eq!((code, said.lines().count()), (0, 5001), "{object}");
        let first: Value = said.lines().nth(1).unwrap().parse().unwrap();
        assert_eq!(first.as_array().map_or(1, Vec::len), width, "{first}");
        // The same numbers as the bytes that a program gets.
        let bytes = ok(&["cat", &sample, object]);
        let number: [u8; 4] = bytes[..4].try_into().unwrap();
        let first = if width == 1 {
            first.as_i64().unwrap() == i64::from(i32::from_le_bytes(number))
        } else {
            first[0].as_f64().unwrap() as f32 == f32::from_le_bytes(number)
        };
        assert!(first, "{object}");
    }
}
