//! Data over HTTP: ranged reading from the program's own server, and from hosts that do it wrong.

mod program;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use program::{Scratch, Server, fails, ok, root, run, sample, text};
use serde_json::Value;

/// How a host treats a request.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Right,
    NoRanges,
    Status(u16),
    Page,
    /// Closes the connection in the middle of every body but the first.
    CutOff,
    /// The same, but only once.
    CutOffOnce,
    /// 503 for two requests, then right.
    Busy,
    OtherBytes,
    NoContentRange,
    Encoded,
    /// Another ETag from the second request on.
    Changed,
    /// Half the size from the second request on.
    Shrunk,
    /// No answer, only a closed connection.
    Silent,
}

/// A host with one file.
struct Host {
    url: String,
    sent: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
}

impl Host {
    fn new(body: Vec<u8>, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/sample.h5ad", listener.local_addr().unwrap());
        let (sent, requests) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (body, sent_here, requests_here) = (Arc::new(body), Arc::clone(&sent), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (body, sent, requests) =
                    (Arc::clone(&body), Arc::clone(&sent_here), Arc::clone(&requests_here));
                thread::spawn(move || {
                    while let Some(true) = answer(stream.as_ref().unwrap(), &body, manner, &sent, &requests) {
                    }
                });
            }
        });
        Self { url, sent, requests }
    }
}

/// Answers one request; whether the connection stays open.
fn answer(
    mut stream: &TcpStream,
    body: &[u8],
    manner: Manner,
    sent: &AtomicU64,
    requests: &AtomicU64,
) -> Option<bool> {
    let mut range = None;
    let mut lines = BufReader::new(stream).lines();
    lines.next()?.ok()?;
    for line in lines {
        let line = line.ok()?.to_ascii_lowercase();
        if let Some(spec) = line.strip_prefix("range: bytes=") {
            let (from, to) = spec.split_once('-')?;
            range = Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?));
        }
        if line.is_empty() {
            break;
        }
    }
    let number = requests.fetch_add(1, Ordering::SeqCst);
    let len = if manner == Manner::Shrunk && number > 0 { body.len() / 2 } else { body.len() };
    let tag = if manner == Manner::Changed && number > 0 { "\"b\"" } else { "\"a\"" };
    let (mut from, to) = range.map_or((0, len), |(from, to)| (from, (to + 1).min(len)));
    let mut status = 206;
    let mut headers = format!("ETag: {tag}\r\n");
    match manner {
        _ if from >= to => status = 416,
        Manner::NoRanges => (status, from) = (200, 0),
        Manner::Status(code) => status = code,
        Manner::Page => status = 200,
        Manner::Busy if number < 2 => status = 503,
        Manner::OtherBytes if number > 0 => from = from.saturating_sub(16),
        Manner::Encoded => headers += "Content-Encoding: gzip\r\n",
        Manner::Silent => return None,
        _ => {}
    }
    let part: &[u8] = match (manner, status) {
        (Manner::NoRanges, _) => body,
        (Manner::Page, _) => {
            headers += "Content-Type: text/html\r\n";
            b"<!doctype html><p>Sign in"
        }
        (_, 206) => {
            if manner != Manner::NoContentRange {
                headers += &format!("Content-Range: bytes {from}-{}/{len}\r\n", to - 1);
            }
            body.get(from..to).unwrap_or_default()
        }
        _ => b"no",
    };
    write!(stream, "HTTP/1.1 {status} Said\r\n{headers}Content-Length: {}\r\n\r\n", part.len()).ok()?;
    let cut = number > 0 && (manner == Manner::CutOff || manner == Manner::CutOffOnce && number == 1);
    let part = if cut { &part[..part.len() / 2] } else { part };
    for piece in part.chunks(16 << 10) {
        stream.write_all(piece).ok()?;
        sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
    }
    if cut {
        stream.shutdown(std::net::Shutdown::Both).ok()?;
        return None;
    }
    Some(true)
}

fn sample_bytes() -> Vec<u8> {
    fs::read(sample()).unwrap()
}

#[test]
fn a_host_that_does_it_right_gives_the_same_bytes_as_the_disk() {
    let host = Host::new(sample_bytes(), Manner::Right);
    for path in ["dataset_identity.json", "points_3d.bin", "var/CD3E.values.f32", "obs/cell_type.codes.u8"] {
        let near = ok(&["get", sample().to_str().unwrap(), path]);
        let before = host.requests.load(Ordering::SeqCst);
        let far = run(&["get", &host.url, path, "--stats"]);
        assert_eq!(far.stdout, near, "{path}: {}", String::from_utf8_lossy(&far.stderr));
        let stats: Value = serde_json::from_slice(&far.stderr).unwrap();
        let requests = host.requests.load(Ordering::SeqCst) - before;
        assert_eq!(stats["requests"].as_u64(), Some(requests), "{path}");
        assert!(requests < 40, "{path} took {requests} requests");
    }
}

#[test]
fn every_wrong_answer_is_named() {
    let cases = [
        (Manner::Status(404), "no such file (status 404)", "check the address"),
        (Manner::Status(403), "refuses access (status 403)", "expired"),
        (Manner::Status(416), "status 416", "download the file"),
        (Manner::Status(500), "failed (status 500)", "try again later"),
        (Manner::Page, "HTML page instead of the file", "download itself"),
        (Manner::CutOff, "broke off after", "try again"),
        (Manner::OtherBytes, "were asked for and the host sent", "download the file"),
        (Manner::NoContentRange, "does not say how large the file is", ""),
        (Manner::Encoded, "compresses what it sends (gzip)", "Content-Encoding"),
        (Manner::Changed, "ETag was \"a\" and now is \"b\"", "open it again"),
        (Manner::Shrunk, "has changed on the host", "open it again"),
        (Manner::Silent, "no answer from the host", "check the address"),
    ];
    let checks = cases.map(|(manner, words, advice)| {
        thread::spawn(move || {
            let host = Host::new(sample_bytes(), manner);
            let said = fails(1, &["get", &host.url, "points_3d.bin"]);
            assert!(said.contains(words), "{words:?} is not in {said}");
            assert!(said.contains(advice), "{advice:?} is not in {said}");
            assert!(said.contains(&host.url), "the address is not in {said}");
        })
    });
    for check in checks {
        check.join().unwrap();
    }
}

#[test]
fn a_host_without_ranges_is_not_asked_for_everything() {
    // Much more than the buffers between two programs hold.
    let host = Host::new(vec![0; 64 << 20], Manner::NoRanges);
    let said = fails(1, &["inspect", &host.url]);
    assert!(said.contains("ignores byte ranges and sends the whole file, 67.1 MB"), "{said}");
    assert!(said.contains("download the file"), "{said}");
    let sent = host.sent.load(Ordering::SeqCst);
    assert!(sent < 16 << 20, "{sent} bytes were taken although only a part was asked for");
}

#[test]
fn what_passes_is_tried_again() {
    let near = ok(&["get", sample().to_str().unwrap(), "points_3d.bin"]);
    for manner in [Manner::Busy, Manner::CutOffOnce] {
        let host = Host::new(sample_bytes(), manner);
        assert_eq!(ok(&["get", &host.url, "points_3d.bin"]), near);
    }
}

#[test]
fn no_such_host() {
    assert!(fails(1, &["inspect", "http://127.0.0.1:9/x.h5ad"]).contains("no answer from the host"));
    let said = fails(1, &["inspect", "http://no-such-host.invalid/x.h5ad"]);
    assert!(said.contains("http://no-such-host.invalid/x.h5ad: no answer from the host"), "{said}");
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
fn objects_beyond_4_gib_read_like_near_ones() {
    let folder = root().join("build/hdf5/far");
    let server = Server::start(&[folder.to_str().unwrap()]);
    for libver in ["earliest", "latest"] {
        let path = |name: &str| folder.join(format!("{name}_{libver}.h5ad")).to_str().unwrap().to_owned();
        let (near, far) = (path("near"), path("far"));
        let about = fs::metadata(&far).unwrap_or_else(|e| panic!("{far}: {e}; run ./check hdf5"));
        assert!(about.len() > 5 << 30, "{far} is short");
        #[cfg(unix)]
        assert!(std::os::unix::fs::MetadataExt::blocks(&about) < 1 << 14, "{far} is not sparse");
        let paths = ["points_2d.bin", "var_manifest.json", "obs_manifest.json", "var/gene%203.values.f32"];
        for path in
            paths.into_iter().chain(["obs/cluster.codes.u8", "obs/score.values.f32", "var/gene_3.values.f32"])
        {
            let wanted = run(&["get", &near, path]);
            for source in [far.clone(), format!("{}/data/far_{libver}.h5ad", server.url)] {
                let got = run(&["get", &source, path]);
                assert_eq!(got.status.code(), wanted.status.code(), "{source} {path}");
                assert!(got.stdout == wanted.stdout, "{source} {path}");
            }
        }
        assert!(ok(&["get", &near, "points_2d.bin"]).len() == 300 * 2 * 4);
    }
}

#[test]
fn files_beside_one_on_a_host_are_found() {
    let folder = root().join("build/beside");
    assert!(folder.is_dir(), "build/beside is not there: ./check makes it");
    let server = Server::start(&[folder.to_str().unwrap()]);
    let whole = folder.join("whole.h5ad");
    for path in ["points_2d.bin", "var/gene3.values.f32"] {
        let source = format!("{}/data/linked.h5ad", server.url);
        assert_eq!(ok(&["get", &source, path]), ok(&["get", whole.to_str().unwrap(), path]), "{path}");
    }
    let alone = Scratch::new();
    fs::copy(folder.join("linked.h5ad"), alone.0.join("linked.h5ad")).unwrap();
    let server = Server::start(&[alone.0.to_str().unwrap()]);
    let said = fails(1, &["get", &format!("{}/data/linked.h5ad", server.url), "points_2d.bin"]);
    assert!(said.contains("\"parts/points 0.h5\" is wanted, and is not beside this file"), "{said}");
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
