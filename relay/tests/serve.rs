//! The program's own server: ranges, what it serves and to whom, many readers at once, the data sets of a folder, https.

mod program;

use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    thread,
};

use program::{Scratch, Server, command, fails, ok, root, sample, text};
use serde_json::{Value, json};

fn sample_bytes() -> Vec<u8> {
    fs::read(sample()).unwrap()
}

/// A reply of the server: status, headers by lower-case name, body.
fn ask(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let host = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let own = headers.iter().any(|(name, _)| *name == "Host");
    let host = if own { String::new() } else { format!("Host: {host}\r\n") };
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(stream, "{method} {path} HTTP/1.1\r\n{host}{lines}Connection: close\r\n\r\n").unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let end = reply.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(reply[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(n, v)| (n.to_lowercase(), v.to_owned()))
        .collect();
    (status, headers, reply[end + 4..].to_vec())
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

#[test]
fn the_server_does_ranges_beyond_4_gib() {
    let scratch = Scratch::new();
    let mut big = fs::File::create(scratch.0.join("big.bin")).unwrap();
    let (len, mark) = (6_u64 << 30, 5_000_000_000_u64);
    big.set_len(len).unwrap();
    big.seek(SeekFrom::Start(mark)).unwrap();
    big.write_all(b"far away").unwrap();
    let server = Server::start(&[scratch.0.to_str().unwrap()]);
    let range = format!("bytes={mark}-{}", mark + 7);
    let (status, headers, body) = ask(&server, "GET", "/data/big.bin", &[("Range", &range)]);
    assert_eq!((status, body.as_slice()), (206, &b"far away"[..]));
    assert_eq!(header(&headers, "content-range"), Some(format!("bytes {mark}-{}/{len}", mark + 7).as_str()));
    let (status, headers, body) = ask(&server, "HEAD", "/data/big.bin", &[]);
    assert_eq!((status, header(&headers, "content-length"), body.len()), (200, Some("6442450944"), 0));
    let (status, headers, _) = ask(&server, "GET", "/data/big.bin", &[("Range", "bytes=6442450944-")]);
    assert_eq!((status, header(&headers, "content-range")), (416, Some("bytes */6442450944")));
    // An HDF5 file that begins beyond 4 GiB: its signature may stand at any power of two from 512 on.
    let mut shifted = fs::File::create(scratch.0.join("shifted.h5ad")).unwrap();
    shifted.seek(SeekFrom::Start(1 << 32)).unwrap();
    shifted.write_all(&sample_bytes()).unwrap();
    let near = ok(&["get", sample().to_str().unwrap(), "points_2d.bin"]);
    assert_eq!(ok(&["get", &format!("{}/data/shifted.h5ad", server.url), "points_2d.bin"]), near);
    assert_eq!(ok(&["get", &scratch.path("shifted.h5ad"), "points_2d.bin"]), near);
}

#[test]
fn the_server_serves_page_module_and_data_and_nothing_else() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.0.join("www")).unwrap();
    fs::create_dir_all(scratch.0.join("pkg")).unwrap();
    fs::create_dir_all(scratch.0.join("a b.zarr")).unwrap();
    scratch.file("www/index.html", b"<!doctype html>");
    scratch.file("pkg/cellucid_bg.wasm", b"\0asm");
    scratch.file("pkg/cellucid.js", b"export {};");
    scratch.file("a b.zarr/.zgroup", b"{}");
    scratch.file(".secret", b"secret");
    let server = Server::start(&[scratch.0.to_str().unwrap()]);
    let cases = [
        ("/", 200, "text/html; charset=utf-8"),
        ("/pkg/cellucid_bg.wasm", 200, "application/wasm"),
        ("/pkg/cellucid.js", 200, "text/javascript; charset=utf-8"),
        ("/data/a%20b.zarr/.zgroup?x=1", 200, "application/json"),
        ("/data/.secret", 404, "text/plain; charset=utf-8"),
        ("/data/../.secret", 404, "text/plain; charset=utf-8"),
        ("/data/%2e%2e/%2e%2e/etc/passwd", 404, "text/plain; charset=utf-8"),
        ("/data/..%2f..%2fetc/passwd", 404, "text/plain; charset=utf-8"),
        ("/data/", 404, "text/plain; charset=utf-8"),
        // A store that holds nothing is listed, and said to be so.
        ("/_cellucid/health", 500, "text/plain; charset=utf-8"),
        ("/_cellucid/else", 404, "text/plain; charset=utf-8"),
    ];
    for (path, status, media) in cases {
        let (found, headers, _) = ask(&server, "GET", path, &[]);
        assert_eq!((found, header(&headers, "content-type")), (status, Some(media)), "{path}");
    }
    assert_eq!(ask(&server, "POST", "/", &[]).0, 404);
    assert_eq!(ask(&server, "PUT", "/", &[]).0, 405);
    assert_eq!(ask(&server, "GET", "/", &[("Host", "evil.example")]).0, 403);
    let script = "/pkg/cellucid.js";
    let (_, headers, _) = ask(&server, "GET", script, &[]);
    let tag = header(&headers, "etag").unwrap();
    assert_eq!(ask(&server, "GET", script, &[("If-None-Match", tag)]).0, 304);
    let (status, _, body) = ask(&server, "GET", script, &[("Range", "bytes=0-4"), ("If-Range", "\"old\"")]);
    assert_eq!((status, body.len()), (200, 10));
}

#[test]
fn other_origins_read_only_when_they_are_ours() {
    let server = Server::start(&[root().join("www/sample").to_str().unwrap()]);
    let allowed = |origin: &str| {
        let (_, headers, _) = ask(&server, "OPTIONS", "/data/sample.h5ad", &[("Origin", origin)]);
        header(&headers, "access-control-allow-origin").map(str::to_owned)
    };
    for origin in ["http://localhost:3000", "https://www.cellucid.com"] {
        assert_eq!(allowed(origin).as_deref(), Some(origin));
    }
    assert_eq!(allowed("https://evil.example"), None);
    let origin = [("Origin", "http://localhost:3000"), ("Range", "bytes=0-7")];
    let (status, headers, body) = ask(&server, "GET", "/data/sample.h5ad", &origin);
    assert_eq!((status, body.as_slice()), (206, &b"\x89HDF\r\n\x1a\n"[..]));
    assert!(header(&headers, "access-control-expose-headers").unwrap().contains("Content-Range"));
}

#[test]
fn a_data_set_is_served_as_the_virtual_files() {
    let source = sample();
    let source = source.to_str().unwrap();
    let server = Server::start(&[source, "--dataset-id", "marrow"]);
    assert!(server.line.ends_with("/?url=/data/sample.h5ad"), "{}", server.line);
    for path in ["dataset_identity.json", "obs_manifest.json", "points_2d.bin", "var/CD3E.values.f32"] {
        let expected = ok(&["get", source, path, "--dataset-id", "marrow"]);
        for address in [format!("/{path}"), format!("/marrow/{path}")] {
            let (status, _, body) = ask(&server, "GET", &address, &[]);
            assert_eq!(status, 200, "{address}");
            assert!(body == expected, "{address}");
        }
    }
    let (status, headers, body) = ask(&server, "HEAD", "/points_2d.bin", &[]);
    assert_eq!((status, header(&headers, "content-length"), body.len()), (200, Some("40000"), 0));
    let health: Value = serde_json::from_slice(&ask(&server, "GET", "/_cellucid/health", &[]).2).unwrap();
    assert_eq!((health["status"].as_str(), health["n_cells"].as_u64()), (Some("ok"), Some(5000)));
    for path in ["/points_2d.bin.gz", "/points_1d.bin", "/obs/nothing.values.f32", "/datasets.json"] {
        assert_eq!(ask(&server, "GET", path, &[]).0, 404, "{path}");
    }
    // The file itself is there too, for the page.
    let raw = format!("{}/data/sample.h5ad", server.url);
    assert_eq!(ok(&["get", &raw, "points_2d.bin"]), ok(&["get", source, "points_2d.bin"]));
}

#[test]
fn many_readers_at_once() {
    let server = Server::start(&[root().join("www/sample").to_str().unwrap()]);
    let whole = sample_bytes();
    thread::scope(|scope| {
        for reader in 0..16_usize {
            let (server, whole) = (&server, &whole);
            scope.spawn(move || {
                for step in 0..20 {
                    let from = (reader * 7919 + step * 104_729) % (whole.len() - 70_000);
                    let to = from + 1 + (reader * 4093 + step) % 65_536;
                    let range = format!("bytes={from}-{}", to - 1);
                    let (status, _, body) = ask(server, "GET", "/data/sample.h5ad", &[("Range", &range)]);
                    assert_eq!(status, 206);
                    assert!(body == whole[from..to], "{range}");
                }
            });
        }
    });
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = fails(1, &["serve", "www", "--port", &port, "--no-browser"]);
    assert!(said.contains(&format!("port {port} is taken")), "{said}");
}

#[test]
fn readers_that_take_their_time_keep_nobody_waiting() {
    let scratch = Scratch::new();
    let large = scratch.0.join("large.bin");
    fs::File::create(&large).unwrap().set_len(64 << 20).unwrap();
    let server = Server::start(&[&text(&scratch.0)]);
    let host = server.url.strip_prefix("http://").unwrap();
    let ask = |more: &str| {
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /data/large.bin HTTP/1.1\r\nHost: {host}\r\n{more}\r\n").unwrap();
        stream
    };
    // More than there are threads to wait with; each has its answer's beginning, and takes no more.
    let slow: Vec<TcpStream> = (0..600)
        .map(|_| {
            let mut stream = ask("");
            stream.read_exact(&mut [0; 64]).unwrap();
            stream
        })
        .collect();
    let mut quick = ask("Range: bytes=1000000-1000009\r\nConnection: close\r\n");
    quick.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut reply = Vec::new();
    quick.read_to_end(&mut reply).unwrap();
    let reply = String::from_utf8_lossy(&reply);
    assert!(reply.starts_with("HTTP/1.1 206") && reply.contains("bytes 1000000-1000009/67108864"), "{reply}");
    // Of those who have gone nothing is left, and who goes on gets all of it.
    let mut last = slow.into_iter().next_back().unwrap();
    let mut rest = Vec::new();
    last.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    while rest.len() < 64 << 20 {
        let mut piece = vec![0; 1 << 20];
        let read = last.read(&mut piece).unwrap();
        assert!(read > 0, "it ended after {} bytes", rest.len());
        rest.extend_from_slice(&piece[..read]);
    }
}

#[test]
fn a_folder_lists_its_data_sets() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.0.join("deep/er")).unwrap();
    fs::copy(sample(), scratch.0.join("one.h5ad")).unwrap();
    fs::copy(sample(), scratch.0.join("deep/er/one.h5ad")).unwrap();
    scratch.file("broken.h5ad", b"not HDF5");
    let exported =
        command(&["export", sample().to_str().unwrap(), &scratch.path("deep/folder")]).output().unwrap();
    assert!(exported.status.success());
    let server = Server::start(&[scratch.0.to_str().unwrap()]);
    let get = |path: &str| {
        let (status, _, body) = ask(&server, "GET", path, &[]);
        (status, body)
    };
    let list: Value = serde_json::from_slice(&get("/_cellucid/datasets").1).unwrap();
    let paths: Vec<&str> =
        list["datasets"].as_array().unwrap().iter().map(|d| d["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/broken/", "/one/", "/folder/", "/one-2/"]);
    let ids: Vec<&str> =
        list["datasets"].as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["broken", "one", "folder", "one-2"]);
    let health: Value = serde_json::from_slice(&get("/_cellucid/health").1).unwrap();
    assert_eq!(health, json!({"status": "ok", "type": "exported", "version": "0.0.9"}));
    let root: Value = serde_json::from_slice(&get("/datasets.json").1).unwrap();
    assert_eq!((&root["version"], &root["datasets"][1]["path"]), (&json!(1), &json!("one/")));
    for id in ["one", "one-2", "folder"] {
        let (status, points) = get(&format!("/{id}/points_2d.bin"));
        assert_eq!((status, points.len()), (200, 5000 * 8), "{id}");
        let identity: Value =
            serde_json::from_slice(&get(&format!("/{id}/dataset_identity.json")).1).unwrap();
        assert_eq!(identity["stats"]["n_cells"], 5000);
    }
    let (status, said) = get("/broken/points_2d.bin");
    assert_eq!(status, 500);
    assert!(String::from_utf8_lossy(&said).contains("broken.h5ad"), "{}", String::from_utf8_lossy(&said));
    assert_eq!(get("/nothing/points_2d.bin").0, 404);
}

#[test]
fn https_and_other_names() {
    let scratch = Scratch::new();
    let (cert, key) = (scratch.path("cert.pem"), scratch.path("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", &key, "-out", &cert])
        .output();
    assert!(made.expect("openssl is there").status.success());
    let wrong = command(&["serve", root().to_str().unwrap(), "--tls-cert", &key, "--tls-key", &key])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("cannot be used for https"));
    let sample = sample();
    let server = Server::start(&[
        sample.to_str().unwrap(),
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--name",
        "data.example",
        "--allow-origin",
        "https://lab.example",
    ]);
    assert!(server.line.starts_with("https://127.0.0.1:"), "{}", server.line);
    let port = server.url.rsplit(':').next().unwrap();
    let curl = |more: &[&str]| {
        let common = ["--silent", "--show-error", "--include", "--cacert", cert.as_str()];
        let out = Command::new("curl").args(common).args(more).output().expect("curl is there");
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let at = |path: &str| format!("https://127.0.0.1:{port}{path}");
    let health = curl(&[&at("/_cellucid/health")]);
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("\"n_cells\": 5000"), "{health}");
    let named = curl(&[
        "-H",
        "Host: data.example:99",
        "-H",
        "Origin: https://lab.example",
        "-r",
        "0-7",
        &at("/data/sample.h5ad"),
    ]);
    assert!(named.starts_with("HTTP/1.1 206"), "{named}");
    assert!(named.contains("access-control-allow-origin: https://lab.example"), "{named}");
    let other = curl(&["-H", "Host: other.example", &at("/data/sample.h5ad")]);
    assert!(other.starts_with("HTTP/1.1 403"), "{other}");
}
