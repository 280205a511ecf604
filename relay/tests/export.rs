//! Export folders: interrupted and gone on with, refused, on full disks; read from folders, archives and servers.

mod program;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use program::{Scratch, Server, amend, command, fails, ok, root, run, sample, shell, text, tree};
use serde_json::{Value, json};

const JOURNAL: &str = ".cellucid-export";
const IDENTITY: &str = "dataset_identity.json";

/// `export` of the sample as a command line, in words.
fn export<'a>(source: &'a str, out: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [&["export", source, out, "--genes", "CD3E,MS4A1,NKG7,LYZ"], options].concat()
}

#[test]
fn a_run_that_ran_out_of_room_goes_on() {
    let scratch = Scratch::new();
    let (out, whole, source) = (scratch.path("out"), scratch.path("whole"), text(&sample()));
    ok(&export(&source, &whole, &[]));
    // No file may be larger than 80 kB: the edges are.
    let (code, said) = shell("trap '' XFSZ; ulimit -f 160; exec \"$0\" \"$@\"", &export(&source, &out, &[]));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("connectivity/edges") && said.contains("goes on where it stopped"), "{said}");
    let left = tree(Path::new(&out));
    assert!(left.contains_key(JOURNAL) && left.contains_key("points_2d.bin"));
    assert!(!left.contains_key(IDENTITY) && !left.keys().any(|path| path.ends_with(".part")), "{left:?}");
    let whole = tree(Path::new(&whole));
    for (path, body) in left.iter().filter(|(path, _)| *path != JOURNAL) {
        assert!(whole[path] == *body, "{path} is not whole");
    }
    assert!(fails(1, &["inspect", &out]).contains(&out), "a folder without identity is no data set");
    // Other options, or other data, are another export.
    let said = fails(1, &export(&source, &out, &["--quantize-var", "8"]));
    assert!(said.contains("interrupted export"), "{said}");
    // What was damaged meanwhile is made again.
    fs::write(Path::new(&out).join("points_2d.bin"), b"damaged").unwrap();
    let said = String::from_utf8(run(&export(&source, &out, &[])).stderr).unwrap();
    let files = left.len() - 1;
    assert!(said.contains(&format!("interrupted export: {files} files are there already")), "{said}");
    assert!(tree(Path::new(&out)) == whole, "the folder is not what one run makes");
    let told = String::from_utf8(ok(&["inspect", &out])).unwrap();
    assert!(told.contains("X       a file for each gene\npoints  2D, 3D\n"), "{told}");
    assert!(fails(1, &export(&source, &out, &[])).contains("is not empty"));
    // Anew, on demand.
    ok(&export(&source, &out, &["--force", "--quiet"]));
    assert!(tree(Path::new(&out)) == whole);
}

#[test]
fn a_run_that_was_killed_goes_on() {
    let scratch = Scratch::new();
    let (out, whole, source) = (scratch.path("out"), scratch.path("whole"), text(&sample()));
    let args = ["export", &source, &out, "--compression", "9", "--jobs", "1"];
    ok(&["export", &source, &whole, "--compression", "9"]);
    let mut child = command(&args).stderr(Stdio::null()).spawn().unwrap();
    let journal = Path::new(&out).join(JOURNAL);
    while fs::read_to_string(&journal).map_or(0, |text| text.lines().count()) < 20 {
        assert!(child.try_wait().unwrap().is_none(), "the export ended before it could be killed");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!Path::new(&out).join(IDENTITY).exists());
    let said = String::from_utf8(run(&args).stderr).unwrap();
    assert!(said.contains("going on with an interrupted export"), "{said}");
    assert!(tree(Path::new(&out)) == tree(Path::new(&whole)));
}

#[test]
fn a_run_that_was_killed_before_it_wrote_anything_does_no_harm() {
    let scratch = Scratch::new();
    let (source, out) = (text(&sample()), scratch.path("out"));
    fs::create_dir(&out).unwrap();
    fs::write(Path::new(&out).join(".cellucid-export.begun"), b"{\"half of a li").unwrap();
    ok(&export(&source, &out, &["--quiet"]));
    let left = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.starts_with('.')).collect::<Vec<_>>(), Vec::<String>::new());
    ok(&["verify", &source, &out]);
}

#[test]
fn progress_is_told_in_lines_where_nobody_watches() {
    let scratch = Scratch::new();
    let (source, out) = (text(&sample()), scratch.path("out"));
    let said = String::from_utf8(run(&export(&source, &out, &[])).stderr).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() > 5 && lines.len() < 14, "{said}");
    assert!(lines[0].contains(" files, ") && lines[0].contains("/s"), "{said}");
    assert!(!said.contains('\r'), "{said}");
    assert!(lines.last().unwrap().contains("written in"), "{said}");
    let (quiet, stats) = (scratch.path("quiet"), scratch.path("stats"));
    assert!(run(&export(&source, &quiet, &["--quiet"])).stderr.is_empty());
    let said = run(&export(&source, &stats, &["--quiet", "--stats"])).stderr;
    let told: Value = serde_json::from_slice(&said).unwrap();
    let written = tree(Path::new(&stats));
    assert_eq!(told["files"].as_u64(), Some(written.len() as u64));
    assert_eq!(told["bytes_out"].as_u64(), Some(written.values().map(|body| body.len() as u64).sum()));
}

/// Makes an archive of a folder; `inside` puts the folder itself into it, too.
fn zip(folder: &Path, archive: &str, inside: bool) {
    let script = "
import pathlib, sys, zipfile
root, inside = pathlib.Path(sys.argv[1]), sys.argv[3] == 'true'
with zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED if inside else zipfile.ZIP_STORED) as archive:
    for path in sorted(root.rglob('*')):
        archive.write(path, path.relative_to(root.parent if inside else root))
";
    let made = Command::new("python3")
        .args(["-c", script, &text(folder), archive, &inside.to_string()])
        .status()
        .unwrap();
    assert!(made.success());
}

#[test]
fn every_kind_of_folder_is_read_from_disk_archive_and_server() {
    let exports = root().join("build/oracle/fx/exports");
    let server = Server::start(&[&text(&exports)]);
    let scratch = Scratch::new();
    let names = ["export_plain", "export_gz", "export_q8", "export_q16", "export_q8_gz", "export_q_mixed"];
    for (i, name) in names.iter().chain(&["exports_root"]).enumerate() {
        let folder = exports.join(name);
        let archive = scratch.path(&format!("{name}.zip"));
        zip(&folder, &archive, i % 2 == 0);
        let address = format!("{}/data/{name}/", server.url);
        let about: Value = serde_json::from_slice(&ok(&["inspect", &text(&folder), "--json"])).unwrap();
        for place in [
            &archive,
            &address,
            &format!("{address}{}", if *name == "exports_root" { "datasets.json" } else { IDENTITY }),
        ] {
            let there: Value = serde_json::from_slice(&ok(&["inspect", place, "--json"])).unwrap();
            for key in ["n_obs", "n_vars", "id", "obs", "embeddings"] {
                assert_eq!(there[key], about[key], "{place}: {key}");
            }
        }
        // The first data set of a root lies in a folder below it.
        let below = if *name == "exports_root" { folder.join("one") } else { folder };
        let files = tree(&below);
        for (path, body) in files.iter().filter(|(path, _)| *path != "datasets.json").step_by(5) {
            for place in [&archive, &address] {
                assert!(ok(&["get", place, path]) == *body, "{place}: {path}");
            }
        }
    }
    let second: Value = serde_json::from_slice(&ok(&[
        "inspect",
        &format!("{}/data/exports_root/#two/", server.url),
        "--json",
    ]))
    .unwrap();
    assert_eq!(second["embeddings"][0]["file"], "points_2d.bin.gz");
}

#[test]
fn points_in_four_dimensions_do_no_harm() {
    let scratch = Scratch::new();
    let (out, source) = (scratch.path("out"), text(&sample()));
    ok(&export(&source, &out, &["--quiet"]));
    fs::write(Path::new(&out).join("points_4d.bin"), [0; 80_000]).unwrap();
    amend(&Path::new(&out).join(IDENTITY), |identity| {
        identity["embeddings"]["available_dimensions"] = json!([2, 3, 4]);
        identity["embeddings"]["files"]["4d"] = "points_4d.bin".into();
    });
    let about: Value = serde_json::from_slice(&ok(&["inspect", &out, "--json"])).unwrap();
    let dims: Vec<u64> =
        about["embeddings"].as_array().unwrap().iter().map(|e| e["dim"].as_u64().unwrap()).collect();
    assert_eq!(dims, [2, 3, 4]);
    assert_eq!(ok(&["get", &out, "points_4d.bin"]).len(), 80_000);
}

/// Status and body of a request.
fn get(server: &Server, path: &str) -> (u16, Vec<u8>) {
    let host = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let status = String::from_utf8_lossy(&reply[9..12]).parse().unwrap();
    (status, reply[end + 4..].to_vec())
}

#[test]
fn folders_are_served_as_the_reference_serves_them() {
    let exports = root().join("build/oracle/fx/exports");
    let json = |reply: (u16, Vec<u8>)| -> Value {
        assert_eq!(reply.0, 200);
        serde_json::from_slice(&reply.1).unwrap()
    };
    let folder = exports.join("export_q8_gz");
    let server = Server::start(&[&text(&folder)]);
    for (path, body) in tree(&folder) {
        assert!(get(&server, &format!("/{path}")) == (200, body), "{path}");
    }
    let health = json(get(&server, "/_cellucid/health"));
    assert_eq!(health, json!({"status": "ok", "type": "exported", "version": "0.0.9"}));
    assert_eq!(json(get(&server, "/_cellucid/info"))["mode"], "standalone");
    let identity = json(get(&server, "/dataset_identity.json"));
    let listed = json(get(&server, "/_cellucid/datasets"));
    assert_eq!(listed["datasets"], json!([{"id": identity["id"], "path": "/", "name": identity["name"]}]));
    for path in ["/points_2d.bin", "/obs/nothing.values.f32", "/var/x.values.u8.gz", "/datasets.json"] {
        assert_eq!(get(&server, path).0, 404, "{path}");
    }
    let root = exports.join("exports_root");
    let server = Server::start(&[&text(&root)]);
    let listed = json(get(&server, "/_cellucid/datasets"));
    let paths: Vec<&Value> = listed["datasets"].as_array().unwrap().iter().map(|one| &one["path"]).collect();
    assert_eq!(paths, ["/one/", "/two/"]);
    for (path, body) in tree(&root) {
        assert!(get(&server, &format!("/{path}")) == (200, body), "{path}");
    }
    // Without a folder in front it is the first one.
    assert_eq!(get(&server, "/points_2d.bin").1, fs::read(root.join("one/points_2d.bin")).unwrap());
}

#[test]
fn names_that_no_file_can_have_stop_an_export_before_it_begins() {
    let scratch = Scratch::new();
    let source = scratch.path("long.h5ad");
    let script = "
import anndata, sys
data = anndata.read_h5ad(sys.argv[1])
names = list(data.var_names)
names[5] = 'x' * 244
names[6] = 'y' * 245
data.var_names = names
data.var['short'] = ['gene %d' % i for i in range(len(names))]
data.write_h5ad(sys.argv[2])
";
    let made = Command::new(root().join("build/venv/bin/python"))
        .args(["-c", script, &text(&sample()), &source])
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let out = scratch.path("out");
    let said = fails(1, &["export", &source, &out]);
    assert!(
        said.contains("gene has too long a name: var/yyyyy") && said.contains("--gene-id-column"),
        "{said}"
    );
    assert!(said.contains("long.h5ad") && !Path::new(&out).exists(), "{said}");
    // What fits, fits; packed names are longer.
    let long = "x".repeat(244);
    ok(&["export", &source, &out, "--genes", &long, "--quiet"]);
    assert!(Path::new(&out).join(format!("var/{long}.values.f32")).exists());
    let packed = scratch.path("packed");
    assert!(
        fails(1, &["export", &source, &packed, "--genes", &long, "--compression", "1"]).contains("xxxxx")
    );
    ok(&["export", &source, &packed, "--gene-id-column", "short", "--quiet"]);
}
