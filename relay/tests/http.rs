//! Data over HTTP: ranged reading from hosts that do it right, and from those that do it wrong.

mod program;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use program::{Scratch, Server, fails, ok, root, run, sample};
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
