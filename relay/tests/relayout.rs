//! `relayout`: what it writes is the same data to anndata, whatever the source and the store; a gene is one piece afterwards; runs that
//! fail leave nothing.

mod program;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    sync::OnceLock,
    thread,
    time::Duration,
};

use program::{Scratch, command, fails, ok, root, run, sample, shell, text, tree};
use serde_json::Value;

fn python(args: &[&str]) -> Output {
    let script = root().join("tests/fixtures/make/relayout.py");
    let mut command = Command::new(root().join("build/venv/bin/python"));
    command.arg(script).args(args).output().expect("`./check python` makes the environment")
}

/// The same data in every layout, made once.
fn kinds() -> &'static Scratch {
    static KINDS: OnceLock<Scratch> = OnceLock::new();
    KINDS.get_or_init(|| {
        let scratch = Scratch::new();
        let made = python(&["make", &scratch.path("")]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        scratch
    })
}

/// What anndata makes of a copy, after it was found to be the same.
fn same(original: &str, copy: &str) -> String {
    let output = python(&["same", original, copy]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{original} {copy}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn stats(args: &[&str]) -> Value {
    let output = run(&[args, &["--stats", "--quiet"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

#[test]
fn anndata_reads_the_same_from_every_store() {
    let kinds = kinds();
    let scratch = Scratch::new();
    for (source, options, out, found) in [
        ("csr.h5ad", &[][..], "csr.zarr", "csc float32 500 70"),
        ("csr.h5ad", &["--format", "3"], "csr3.zarr", "csc float32 500 70"),
        ("csr.h5ad", &["--memory", "1"], "csr.zarr.zip", "csc float32 500 70"),
        ("csc.h5ad", &["--format", "3", "--jobs", "1"], "csc.zarr.zip", "csc float32 500 70"),
        ("dense.h5ad", &[], "dense.zarr", "dense float32 500 70"),
        ("dense.h5ad", &["--format", "3"], "dense3.zarr", "dense float32 500 70"),
        ("dense.h5ad", &["--sparse"], "sparse.zarr", "csc float32 500 70"),
        (
            "v2.zarr",
            &["--layer", "counts", "--layer", "dense", "--layer", "raw"],
            "v2.zarr",
            "csc float32 500 70",
        ),
        ("v3.zarr", &["--format", "3"], "v3.zarr", "csc float32 500 70"),
    ] {
        let (source, out) = (kinds.path(source), scratch.path(out));
        let args = [&["relayout", &source, &out, "--quiet"], options].concat();
        let output = run(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{args:?}: {said}");
        assert_eq!(same(&source, &out), found, "{args:?}");
        // And this project reads the same of it as of the original.
        for path in ["var/Gene7.values.f32", "var/Gene4.values.f32", "obs/kind.codes.u8", "points_2d.bin"] {
            assert!(ok(&["get", &source, path]) == ok(&["get", &out, path]), "{args:?}: {path}");
        }
    }
    let left: Vec<_> = fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn little_memory_gives_the_same_store() {
    let scratch = Scratch::new();
    let source = text(&root().join("build/bench/20000x500_csr_gzip.h5ad"));
    let (much, little) = (scratch.path("much.zarr"), scratch.path("little.zarr"));
    let told = stats(&["relayout", &source, &much]);
    assert_eq!(told["stretches"], 1, "{told}");
    let told = stats(&["relayout", &source, &little, "--memory", "2"]);
    assert!(told["stretches"].as_u64().unwrap() > 4, "{told}");
    assert!(tree(Path::new(&much)) == tree(Path::new(&little)));
    // The source is read once.
    let len = fs::metadata(&source).unwrap().len();
    assert!(told["bytes_read"].as_u64().unwrap() < len + len / 10, "{told}");
}

#[test]
fn a_gene_is_one_piece_afterwards() {
    let scratch = Scratch::new();
    let source = text(&root().join("build/bench/20000x500_csr_gzip.h5ad"));
    let get = |source: &str| {
        let output = run(&["get", source, "var/Gene00007.values.f32", "--stats", "--no-cache"]);
        assert!(output.status.success());
        let told: Value = serde_json::from_slice(&output.stderr).unwrap();
        (output.stdout, told["requests"].as_u64().unwrap(), told["bytes_read"].as_u64().unwrap())
    };
    let (gene, _, before) = get(&source);
    for (out, options, requests, bytes) in [
        ("two.zarr", &[][..], 30, 500_000),
        ("three.zarr", &["--format", "3"], 30, 500_000),
        ("two.zarr.zip", &[], 12, 500_000),
    ] {
        let out = scratch.path(out);
        ok(&[&["relayout", &source, &out, "--quiet"], options].concat());
        let (again, asked, read) = get(&out);
        assert!(again == gene, "{out}");
        assert!(
            asked <= requests && read <= bytes && read < before / 4,
            "{out}: {asked} requests, {read} of {before} bytes"
        );
    }
}

#[test]
fn runs_that_fail_leave_nothing() {
    let scratch = Scratch::new();
    let source = text(&sample());
    let out = scratch.path("out.zarr");
    let nothing = |what: &str| {
        let left: Vec<_> =
            fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "{what}: {left:?}");
    };
    for out in [&out, &scratch.path("out.zarr.zip")] {
        let (code, said) =
            shell("trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\"", &["relayout", &source, out]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("cannot be written") && !said.contains("ZipWriter"), "{said}");
        nothing(out);
    }
    let missing = scratch.path("no/out.zarr");
    assert!(fails(1, &["relayout", &source, &missing]).contains("folder does not exist"));
    let exported = text(&root().join("build/oracle/fx/exports/export_plain"));
    fails(1, &["relayout", &exported, &out]);
    fails(2, &["relayout", &source, &out, "--layer", "nothing"]);
    fails(1, &["relayout", &format!("{source}#obs"), &out]);
    nothing("what cannot be read");
    // What is there is kept until the new one is whole.
    ok(&["relayout", &source, &out, "--quiet"]);
    let whole = tree(Path::new(&out));
    assert!(fails(1, &["relayout", &source, &out]).contains("is there already"));
    shell("trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\"", &["relayout", &source, &out, "--force"]);
    assert!(tree(Path::new(&out)) == whole);
    ok(&["relayout", &source, &out, "--force", "--quiet", "--format", "3"]);
    assert!(tree(Path::new(&out)).contains_key("zarr.json"));
    // Neither may lie in the other.
    for bad in [out.clone(), format!("{out}/in.zarr"), text(&scratch.0)] {
        assert!(fails(2, &["relayout", &out, &bad, "--force"]).contains("a place of its own"));
    }
    assert!(Path::new(&out).join("zarr.json").exists());
}

#[test]
fn a_run_that_was_killed_leaves_nothing_under_the_name() {
    let scratch = Scratch::new();
    let (source, out) = (text(&root().join("build/bench/20000x500_csr_gzip.h5ad")), scratch.path("out.zarr"));
    let mut child =
        command(&["relayout", &source, &out, "--jobs", "1"]).stderr(Stdio::null()).spawn().unwrap();
    let part = scratch.0.join(".out.zarr.part/obs");
    while !part.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!Path::new(&out).exists());
    ok(&["relayout", &source, &out, "--quiet"]);
    assert!(!part.exists() && Path::new(&out).join(".zmetadata").exists());
}

#[test]
fn what_cannot_be_copied_is_named() {
    let scratch = Scratch::new();
    let source = scratch.path("odd.h5ad");
    let script = "
import h5py, numpy, sys, shutil
shutil.copy(sys.argv[1], sys.argv[2])
with h5py.File(sys.argv[2], 'r+') as file:
    file.require_group('uns').create_dataset('lists', (2,), h5py.vlen_dtype(numpy.int32))
with h5py.File(sys.argv[3], 'w') as file:
    with h5py.File(sys.argv[1]) as whole:
        for name in whole:
            whole.copy(name, file)
    file['X/indices'][7] = 100000
";
    let bad = scratch.path("bad.h5ad");
    let made = Command::new(root().join("build/venv/bin/python"))
        .args(["-c", script, &text(&sample()), &source, &bad])
        .status();
    assert!(made.unwrap().success());
    let out = scratch.path("out.zarr");
    let output = run(&["relayout", &source, &out, "--quiet"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("left out: uns/lists: lists of varying length"),
        "{said}"
    );
    let said = fails(1, &["relayout", &bad, &out, "--force"]);
    assert!(
        said.contains("X/indices") && said.contains("bad.h5ad") && said.contains("outside 0..340"),
        "{said}"
    );
}
