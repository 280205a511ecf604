//! `relayout`: what it writes is the same data to anndata, whatever the source and the store; a gene is one piece afterwards; runs that
//! fail leave nothing.

mod program;

use std::{
    collections::BTreeMap,
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
        let scratch = Scratch::named("kinds");
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
    // The source is read once, but for pages of 64 kB that metadata lie in.
    let len = fs::metadata(&source).unwrap().len();
    assert!(told["bytes_read"].as_u64().unwrap() < len + len / 6, "{told}");
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
fn runs_that_cannot_succeed_leave_nothing() {
    let scratch = Scratch::new();
    let source = text(&sample());
    let out = scratch.path("out.zarr");
    let nothing = |what: &str| {
        let left: Vec<_> =
            fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "{what}: {left:?}");
    };
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
    // What that left is of another format.
    let other = ["relayout", &source, &out, "--quiet", "--format", "3"];
    fs::rename(&out, scratch.path("aside")).unwrap();
    assert!(fails(1, &other).contains("begun by an interrupted run"));
    fs::rename(scratch.path("aside"), &out).unwrap();
    ok(&[&other[..], &["--force"]].concat());
    nothing_hidden(&scratch);
    assert!(tree(Path::new(&out)).contains_key("zarr.json"));
    // Neither may lie in the other.
    for bad in [out.clone(), format!("{out}/in.zarr"), text(&scratch.0)] {
        assert!(fails(2, &["relayout", &out, &bad, "--force"]).contains("a place of its own"));
    }
    assert!(Path::new(&out).join("zarr.json").exists());
}

fn nothing_hidden(scratch: &Scratch) {
    let names = fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name());
    let hidden: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

/// What an archive holds, by name.
fn unzipped(place: &str) -> BTreeMap<String, Vec<u8>> {
    let scratch = Scratch::new();
    let script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    let done = Command::new("python3").args(["-c", script, place, &scratch.path("")]).status();
    assert!(done.unwrap().success());
    tree(&scratch.0)
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let scratch = Scratch::new();
    let bench = |layout: &str| text(&root().join(format!("build/bench/20000x500_{layout}_gzip.h5ad")));
    let tall = kinds().path("tall.h5ad");
    // Most that a file may have, in half kilobytes: less than the stretches take, X's shard, the archive.
    for (source, out, options, limit) in [
        (bench("csr"), "folder.zarr", &["--memory", "2"][..], "6000"),
        (bench("csr"), "shards.zarr", &["--memory", "2", "--format", "3"], "6000"),
        (bench("csc"), "columns.zarr", &["--format", "3"], "3000"),
        (tall.clone(), "turned.zarr", &["--memory", "4", "--sparse"], "4000"),
        (tall, "dense.zarr", &["--memory", "4"], "8000"),
        (bench("csc"), "archive.zarr.zip", &[], "11000"),
    ] {
        let (whole, out) = (scratch.path(&format!("whole-{out}")), scratch.path(out));
        let args = |out| [&["relayout", source.as_str(), out, "--jobs", "1"], options].concat();
        let once = stats(&args(&whole));
        let limited = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"");
        let (code, said) = shell(&limited, &args(&out));
        assert_eq!(code, Some(1), "{out}: {said}");
        assert!(
            said.contains("goes on where this one stopped") && !said.contains("ZipWriter"),
            "{out}: {said}"
        );
        assert!(!Path::new(&out).exists());
        let rest = stats(&args(&out));
        let [all, left] = [&once, &rest].map(|told| told["bytes_read"].as_u64().unwrap());
        assert!(left < all - all / 4, "{out}: {left} of {all} bytes were read again");
        let [all, left] = [&once, &rest].map(|told| told["bytes_out"].as_u64().unwrap());
        assert!(left < all, "{out}: {left} of {all} bytes were written again");
        if out.ends_with(".zip") {
            assert!(unzipped(&out) == unzipped(&whole), "{out}");
        } else {
            assert!(tree(Path::new(&out)) == tree(Path::new(&whole)), "{out}");
        }
    }
    nothing_hidden(&scratch);
}

#[test]
fn what_changed_since_is_not_gone_on_with() {
    let scratch = Scratch::new();
    let (source, out) = (scratch.path("data.h5ad"), scratch.path("out.zarr"));
    fs::copy(root().join("build/bench/20000x500_csc_gzip.h5ad"), &source).unwrap();
    let args = ["relayout", &source, &out, "--quiet"];
    let (code, said) = shell("trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"", &args);
    assert_eq!(code, Some(1), "{said}");
    // A chunk that was damaged meanwhile is made again.
    let part = scratch.0.join(".out.zarr.part");
    let chunk = part.join("store/obs/cell_type/codes/0");
    let mut body = fs::read(&chunk).unwrap();
    body[20] ^= 1;
    fs::write(&chunk, &body).unwrap();
    let whole = scratch.path("whole.zarr");
    ok(&["relayout", &source, &whole, "--quiet"]);
    ok(&args);
    assert!(tree(Path::new(&out)) == tree(Path::new(&whole)));
    fs::remove_dir_all(&out).unwrap();
    let (code, said) = shell("trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"", &args);
    assert_eq!(code, Some(1), "{said}");
    // Other data of the same name and size.
    fs::File::open(&source).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
    assert!(fails(1, &args).contains("with other data, or with other options"));
    ok(&[&args[..], &["--force"]].concat());
    assert!(tree(Path::new(&out)) == tree(Path::new(&whole)));
    nothing_hidden(&scratch);
}

#[test]
fn a_run_that_was_killed_leaves_nothing_under_the_name() {
    let scratch = Scratch::new();
    let (source, out) = (text(&root().join("build/bench/20000x500_csr_gzip.h5ad")), scratch.path("out.zarr"));
    let mut child =
        command(&["relayout", &source, &out, "--jobs", "1"]).stderr(Stdio::null()).spawn().unwrap();
    let part = scratch.0.join(".out.zarr.part/store/obs");
    while !part.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!Path::new(&out).exists());
    ok(&["relayout", &source, &out, "--quiet"]);
    assert!(Path::new(&out).join(".zmetadata").exists());
    nothing_hidden(&scratch);
}

#[test]
#[cfg(unix)]
fn ctrl_c_says_what_to_do_next() {
    let scratch = Scratch::new();
    let source = text(&root().join("build/bench/20000x500_csr_gzip.h5ad"));
    for (task, out, part) in
        [("relayout", "out.zarr", ".out.zarr.part/store/obs"), ("export", "out", "out/.cellucid-export")]
    {
        let out = scratch.path(out);
        let child = command(&[task, &source, &out, "--jobs", "1"]).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        while !scratch.0.join(part).exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be interrupted");
            thread::sleep(Duration::from_millis(1));
        }
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.contains("interrupted") && said.contains("goes on where this one stopped"), "{said}");
        ok(&[task, &source, &out, "--quiet"]);
    }
    nothing_hidden(&scratch);
}

#[test]
fn lists_are_carried_and_what_cannot_be_is_named() {
    let scratch = Scratch::new();
    let source = scratch.path("odd.h5ad");
    let script = "
import h5py, numpy, sys, shutil
shutil.copy(sys.argv[1], sys.argv[2])
with h5py.File(sys.argv[2], 'r+') as file:
    lists = file.require_group('uns').create_dataset('lists', (3,), h5py.vlen_dtype(numpy.int32))
    lists[0], lists[2] = [4, 5, 6], [-7, 8]
    words = file['uns'].create_dataset('words', (2,), h5py.vlen_dtype(h5py.string_dtype()))
    words[1] = numpy.array(['a', 'β'], dtype=object)
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
    let words =
        |path: &str| format!("{path}: lists of varying length become their values and where each begins\n");
    assert!(output.status.success(), "{said}");
    assert_eq!(said, words("uns/lists") + &words("uns/words"));
    for (path, want) in [
        ("offsets", [0_i64, 3, 3, 5].map(i64::to_le_bytes).concat()),
        ("values", [4_i32, 5, 6, -7, 8].map(i32::to_le_bytes).concat()),
    ] {
        assert_eq!(ok(&["cat", &out, &format!("uns/lists/{path}")]), want, "{path}");
    }
    let text = ok(&["cat", &out, "uns/words/values"]);
    assert_eq!(String::from_utf8(text).unwrap(), "\"a\"\n\"β\"\n");
    let read = "
import anndata, sys
lists = anndata.read_zarr(sys.argv[1]).uns['lists']
print([part.tolist() for part in __import__('numpy').split(lists['values'], lists['offsets'][1:-1])])
";
    let read = Command::new(root().join("build/venv/bin/python"))
        .args(["-W", "ignore", "-c", read, &out])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&read.stdout).trim(), "[[4, 5, 6], [], [-7, 8]]", "{read:?}");
    let said = fails(1, &["relayout", &bad, &out, "--force"]);
    assert!(
        said.contains("X/indices") && said.contains("bad.h5ad") && said.contains("outside 0..340"),
        "{said}"
    );
}
