//! Full disks, real ones where the machine lets us have a small one: what is put aside goes elsewhere, what cannot be is told, nothing is
//! left half-written, and the same command goes on.

mod program;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
    thread,
    time::Duration,
};

use program::{Scratch, ok, root, run, sample, shell, text, tree};

const IDENTITY: &str = "dataset_identity.json";
const UNMOUNTED: &str = "no file system of its own is to be had here";

/// A matrix stored by row whose gene index has eight blocks, 24 MB together; an export of it takes 20 MB and a little.
fn rows() -> String {
    static MADE: OnceLock<Scratch> = OnceLock::new();
    let scratch = MADE.get_or_init(|| {
        let scratch = Scratch::named("rows");
        let script = "
import anndata, numpy, scipy.sparse, sys
cells, genes = 20_000, 250
values = numpy.random.default_rng(1).random((cells, genes), dtype='float32')
values[values < 0.16] = 0
anndata.AnnData(scipy.sparse.csr_matrix(values), obsm={'X_umap': values[:, :2].copy()}).write_h5ad(sys.argv[1])
";
        let python = root().join("build/venv/bin/python");
        let made = Command::new(python).args(["-c", script, &scratch.path("rows.h5ad")]).status();
        assert!(made.unwrap().success());
        scratch
    });
    scratch.path("rows.h5ad")
}

/// The command that puts a file system of its own, so large, at a place, for programs that `unshare -rm` starts; `None` where that is not
/// allowed.
fn mount(place: &str, size: &str) -> Option<String> {
    let mount = format!("mount -t tmpfs -o size={size} none '{place}'");
    let can = Command::new("unshare").args(["-rm", "sh", "-c", &mount]).stderr(Stdio::null()).status();
    can.is_ok_and(|status| status.success()).then_some(mount)
}

/// What the program did on small disks of its own: exit code, standard error, and what else `then` printed.
struct Ran {
    code: Option<i32>,
    said: String,
    listed: String,
}

/// Runs the program where file systems so large are mounted at places, with a cache, then a shell command; `None` where that is not allowed.
fn on_disks(disks: &[(&str, &str)], cache: &str, args: &[&str], then: &str) -> Option<Ran> {
    let mounts: Vec<String> = disks.iter().map(|(place, size)| mount(place, size)).collect::<Option<_>>()?;
    let script = format!(
        "{} && XDG_CACHE_HOME='{cache}' \"$0\" \"$@\"; code=$?; {then}; exit $code",
        mounts.join(" && ")
    );
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script, env!("CARGO_BIN_EXE_cellucid-wasm")])
        .args(args)
        .current_dir(root())
        .env("SOURCE_DATE_EPOCH", "946684800")
        .output()
        .unwrap();
    Some(Ran {
        code: output.status.code(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
        listed: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_and_leaves_no_data_set() {
    let scratch = Scratch::new();
    let (place, source) = (scratch.path("small"), text(&sample()));
    fs::create_dir(&place).unwrap();
    let out = format!("{place}/out");
    let args = ["export", &source, &out, "--genes", "CD3E,MS4A1,NKG7,LYZ", "--jobs", "1"];
    let Some(ran) = on_disks(&[(&place, "192k")], "", &args, &format!("find '{place}' -type f")) else {
        return eprintln!("{UNMOUNTED}");
    };
    let Ran { code, said, listed } = ran;
    assert_eq!(code, Some(1), "{listed}{said}");
    assert!(said.contains("the disk is full") && said.contains("goes on where it stopped"), "{said}");
    assert!(listed.contains("points_2d.bin") && !listed.contains(IDENTITY), "{listed}");
    assert!(!listed.contains(".part"), "{listed}");
}

#[test]
fn what_does_not_fit_into_memory_is_put_aside_and_cleared_up() {
    let scratch = Scratch::new();
    let source = rows();
    let (whole, aside, short) = (scratch.path("whole"), scratch.path("aside"), scratch.path("short"));
    ok(&["export", &source, &whole, "--quiet"]);
    let whole = tree(Path::new(&whole));
    // Of the gene index 2 MB may be in memory.
    let said = run(&["export", &source, &aside, "--no-cache", "--memory", "4"]).stderr;
    assert!(!String::from_utf8_lossy(&said).contains("X is stored by row"));
    assert!(tree(Path::new(&aside)) == whole);
    // No room for it either: the matrix is passed over more than once. No other file is as large.
    let args = ["export", &source, &short, "--no-cache", "--memory", "4"];
    let (code, said) = shell("trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"", &args);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("each further gene goes through all of X again") && said.contains("File too large"),
        "{said}"
    );
    assert!(tree(Path::new(&short)) == whole);
}

/// Files of the cache that were being written.
fn unfinished(cache: &str) -> usize {
    let Ok(files) = fs::read_dir(Path::new(cache).join("cellucid-wasm")) else { return 0 };
    files.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part")).count()
}

#[test]
#[cfg(target_os = "linux")]
fn a_cache_that_is_full_is_left_for_the_folder_that_is_written() {
    let scratch = Scratch::new();
    let source = rows();
    let (cache, disk, whole, out) =
        (scratch.path("cache"), scratch.path("disk"), scratch.path("whole"), scratch.path("out"));
    ok(&["export", &source, &whole, "--quiet", "--no-cache"]);
    let whole = tree(Path::new(&whole));
    [&cache, &disk].into_iter().for_each(|place| fs::create_dir(place).unwrap());
    let args = |out| ["export", &source, out, "--memory", "4", "--stats"];
    let free = format!("df --output=used -k '{cache}' | tail -1; find '{cache}' -type f");
    let Some(ran) = on_disks(&[(&cache, "4m")], &cache, &args(&out), &free) else {
        return eprintln!("{UNMOUNTED}");
    };
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(!ran.said.contains("X is stored by row"), "{}", ran.said);
    assert_eq!(ran.listed.trim(), "0", "the cache's disk is as it was");
    assert!(tree(Path::new(&out)) == whole);
    // It went through the matrix once: as much was read as with a cache that has room.
    let read = |said: &str| -> u64 {
        let line = said.lines().rfind(|line| line.starts_with('{')).unwrap();
        serde_json::from_str::<serde_json::Value>(line).unwrap()["bytes_read"].as_u64().unwrap()
    };
    let roomy = scratch.path("roomy");
    let roomy = run(&[&args(&roomy)[..], &["--no-cache"]].concat());
    let roomy = String::from_utf8(roomy.stderr).unwrap();
    assert_eq!(read(&ran.said), read(&roomy));

    // Two full disks: the export has what room there is, and it is told what that costs. All its files take 20 MB.
    let out = format!("{disk}/out");
    let copy = format!("find '{cache}' -type f; cp -r '{out}' '{}'", scratch.path("copy"));
    let disks = [(&*cache, "1m"), (&*disk, "24m")];
    let ran = on_disks(&disks, &cache, &args(&out), &copy).unwrap();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert_eq!(ran.listed, "", "nothing is left on the cache's disk");
    let told = [
        "each further gene goes through all of X again",
        "No space left on device",
        "which the export itself may need",
    ];
    assert!(told.iter().all(|words| ran.said.contains(words)), "{}", ran.said);
    assert!(read(&ran.said) > read(&roomy));
    assert!(tree(Path::new(&scratch.path("copy"))) == whole);
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_killed_run_put_aside_goes() {
    let scratch = Scratch::new();
    let (source, cache) = (rows(), scratch.path("cache"));
    fs::create_dir(&cache).unwrap();
    for (options, out) in [(&[][..], "cached"), (&["--no-cache"], "nameless")] {
        let out = scratch.path(out);
        // Packed by one thread, genes take long enough to be interrupted.
        let slow = ["--compression", "9", "--jobs", "1"];
        let args = [&["export", &source, &out, "--memory", "4", "--quiet"], options, &slow].concat();
        let start = || {
            Command::new(env!("CARGO_BIN_EXE_cellucid-wasm"))
                .args(&args)
                .env("XDG_CACHE_HOME", &cache)
                .spawn()
                .unwrap()
        };
        let mut child = start();
        // Genes are written when the index is there.
        while !Path::new(&out).join("var").exists() {
            assert!(child.try_wait().unwrap().is_none(), "the export ended before it could be killed");
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(unfinished(&cache), usize::from(options.is_empty()));
        let names = tree(Path::new(&out)).into_keys();
        assert!(names.into_iter().all(|name| name.starts_with(['d', 'o', 'v', 'p', '.', 'c'])));
        // The next run of anything clears up, whether it goes on or not.
        assert!(start().wait().unwrap().success());
        assert_eq!(unfinished(&cache), 0);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_kept_is_told() {
    let scratch = Scratch::new();
    let (source, cache) = (rows(), scratch.path("cache"));
    fs::create_dir(&cache).unwrap();
    let gene = ["get", &source, "var/7.values.f32", "--out", &scratch.path("gene")];
    let listed = format!("find '{cache}' -type f");
    let Some(ran) = on_disks(&[(&cache, "1m")], &cache, &gene, &listed) else {
        return eprintln!("{UNMOUNTED}");
    };
    assert_eq!((ran.code, &*ran.listed), (Some(0), ""), "{}", ran.said);
    assert!(
        ran.said.contains("the next visit goes through all of X once more")
            && ran.said.contains("No space left on device"),
        "{}",
        ran.said
    );
    let ran = on_disks(&[(&cache, "1m")], &cache, &["inspect", &source], ":").unwrap();
    assert!(ran.said.contains("has no room") && ran.said.contains("XDG_CACHE_HOME"), "{}", ran.said);
    // With room nothing is said.
    let ran = on_disks(&[(&cache, "64m")], &cache, &["inspect", &source], ":").unwrap();
    assert_eq!(ran.said, "");
    let ran = on_disks(&[(&cache, "64m")], &cache, &gene, ":").unwrap();
    assert_eq!(ran.said, "");
}

#[test]
#[cfg(target_os = "linux")]
fn an_archive_on_a_full_disk_goes_on_when_there_is_room() {
    let scratch = Scratch::new();
    let (source, disk) = (text(&root().join("build/bench/20000x500_csr_gzip.h5ad")), scratch.path("disk"));
    fs::create_dir(&disk).unwrap();
    let out = format!("{disk}/out.zarr.zip");
    // Its 6.6 MB do not fit; then the disk grows.
    let again = format!("mount -o remount,size=32m '{disk}' && \"$0\" \"$@\"; ls -A '{disk}'");
    let Some(ran) = on_disks(&[(&disk, "5m")], "", &["relayout", &source, &out], &again) else {
        return eprintln!("{UNMOUNTED}");
    };
    assert_eq!((ran.code, ran.listed.trim()), (Some(1), "out.zarr.zip"), "{}", ran.said);
    let told = [
        "the disk is full",
        "the same command goes on where this one stopped",
        "going on with what an interrupted run",
    ];
    assert!(told.iter().all(|words| ran.said.contains(words)), "{}", ran.said);
    assert!(!ran.said.contains("ZipWriter"), "{}", ran.said);
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_warns_once() {
    let scratch = Scratch::new();
    let (cache, log) = (scratch.path("cache"), scratch.path("log"));
    fs::create_dir(&cache).unwrap();
    let Some(mount) = mount(&cache, "1m") else { return eprintln!("{UNMOUNTED}") };
    let script = format!("{mount} && XDG_CACHE_HOME='{cache}' exec \"$0\" \"$@\" 2>'{log}'");
    let mut child = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script, env!("CARGO_BIN_EXE_cellucid-wasm")])
        .args(["serve", &rows(), "--port", "0", "--no-browser"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let host = line.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap();
    for gene in [7, 8] {
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /var/{gene}.values.f32 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        assert!(reply.starts_with(b"HTTP/1.1 200") && reply.len() > 80_000);
    }
    let said = || fs::read_to_string(&log).unwrap();
    // It is kept, or not, when the answer is out; the second gene waits for that.
    let warned = said().matches("warning: ").count();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(warned, 1, "{}", said());
    assert!(said().contains("rows.h5ad: X is stored by row"), "{}", said());
}
