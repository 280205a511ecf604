//! Events and commands over HTTP: what a viewer sends reaches clients, what clients say reaches the viewer, and nobody else has a say.

mod program;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Stdio,
    time::Duration,
};

use program::{Server, command, sample};
use serde_json::{Value, json};

const TOKEN: &str = "a-token-of-the-tests";

fn serve(more: &[&str]) -> Server {
    let sample = sample();
    Server::start(&[&[sample.to_str().unwrap(), "--token", TOKEN][..], more].concat())
}

/// A request's status and body.
fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = open(server, method, path, headers, Some(body));
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let end = reply.windows(4).position(|w| w == b"\r\n\r\n").expect("a reply has a head");
    let status = String::from_utf8_lossy(&reply[9..12]).parse().unwrap();
    (status, reply[end + 4..].to_vec())
}

fn open(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> TcpStream {
    let host = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = match body {
        Some(body) if !body.is_empty() => format!("Content-Length: {}\r\n", body.len()),
        _ => String::new(),
    };
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{lines}{length}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // A server that refuses may stop reading.
    stream.write_all(body.unwrap_or_default()).ok();
    stream
}

fn as_client(server: &Server, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
    let bearer = format!("Bearer {TOKEN}");
    let (status, body) = ask(server, method, path, &[("Authorization", &bearer)], body);
    let told = String::from_utf8_lossy(&body).into_owned();
    (status, serde_json::from_slice(&body).unwrap_or(Value::String(told)))
}

/// A new viewer's id and token.
fn admit(server: &Server) -> (String, String) {
    let (status, viewer) = as_client(server, "POST", "/_cellucid/viewers", b"");
    assert_eq!(status, 200, "{viewer}");
    let word = |name: &str| viewer[name].as_str().unwrap().to_owned();
    let (id, token) = (word("viewerId"), word("viewerToken"));
    let page =
        format!("{}/?jupyter=true&viewerId={id}&viewerToken={token}&url=/data/sample.h5ad", server.url);
    assert_eq!(word("url"), page);
    (id, token)
}

fn send(server: &Server, id: &str, token: &str, event: Value) -> (u16, Value) {
    let mut event = event;
    event["viewerId"] = id.into();
    event["viewerToken"] = token.into();
    let (status, body) = ask(server, "POST", "/_cellucid/events", &[], event.to_string().as_bytes());
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// The next messages of an event stream: ids and data.
struct Events(BufReader<TcpStream>);

impl Events {
    fn open(server: &Server, path: &str, headers: &[(&str, &str)]) -> Self {
        let all = [&[("Accept", "text/event-stream")][..], headers].concat();
        let mut lines = BufReader::new(open(server, "GET", path, &all, None));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.to_lowercase().contains("text/event-stream"), "{head}");
        Self(lines)
    }

    /// `None` when the stream has ended.
    fn next(&mut self) -> Option<(String, Value)> {
        let mut id = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(found) = line.trim_end().strip_prefix("id: ") {
                id = found.to_owned();
            }
            if let Some(data) = line.trim_end().strip_prefix("data: ") {
                return Some((id, serde_json::from_str(data).unwrap()));
            }
        }
    }
}

#[test]
fn an_event_reaches_every_client() {
    let server = serve(&[]);
    let (id, token) = admit(&server);
    let path = format!("/_cellucid/events?viewerId={id}&token={TOKEN}");
    let mut stream = Events::open(&server, &path, &[]);
    let sent = json!({"type": "selection", "cells": [3, 1, 4], "source": "lasso", "seq": 1});
    assert_eq!(send(&server, &id, &token, sent.clone()), (200, json!({"status": "ok", "delivered": true})));
    // Again, because the answer was lost: delivered once.
    assert_eq!(send(&server, &id, &token, sent).0, 200);
    let expected = json!({"type": "selection", "source": "lasso", "cells": [3, 1, 4], "viewerId": id});
    assert_eq!(stream.next(), Some(("1".to_owned(), expected.clone())));
    // Half of a million rows, packed as the page packs them: they come whole.
    let bits = "qqqq".repeat(125_000 / 3 + 1);
    let packed = json!({"coding": "bits", "from": 0, "count": 500_004, "data": bits});
    let every = json!({"type": "selection", "cells": packed, "source": "range", "seq": 2});
    let (status, answer) = send(&server, &id, &token, every);
    assert_eq!((status, &answer["delivered"]), (200, &json!(true)), "{answer}");
    let (_, large) = stream.next().unwrap();
    let cells = large["cells"].as_array().unwrap();
    assert_eq!((cells.len(), &cells[0], &cells[1]), (500_004, &json!(1), &json!(3)));
    // Long polls: what is there at once, then what comes.
    let poll = |after: u64, wait: u64| {
        as_client(&server, "GET", &format!("/_cellucid/events?viewerId={id}&after={after}&wait={wait}"), b"")
            .1
    };
    assert_eq!(poll(0, 0)["events"][0], expected);
    assert_eq!(poll(2, 0), json!({"events": [], "last": 2}));
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| poll(2, 20));
        std::thread::sleep(Duration::from_millis(200));
        send(
            &server,
            &id,
            &token,
            json!({"type": "click", "cell": 7, "button": 0, "shift": false, "ctrl": false}),
        );
        waiting.join().unwrap()
    });
    assert_eq!((&waiting["events"][0]["cell"], &waiting["last"]), (&json!(7), &json!(3)));
    // A stream that broke off goes on where it was.
    let mut again = Events::open(&server, &path, &[("Last-Event-ID", "2")]);
    assert_eq!(again.next().unwrap().1["type"], "click");
}

#[test]
fn commands_wait_for_the_page_and_are_answered() {
    let server = serve(&[]);
    let (id, token) = admit(&server);
    let say = |said: Value| {
        as_client(&server, "POST", &format!("/_cellucid/commands?viewerId={id}"), said.to_string().as_bytes())
    };
    let first = say(json!({"type": "setColorBy", "field": "cell_type", "viewerToken": "another", "seq": 99}));
    assert_eq!(first, (200, json!({"status": "ok", "command": 1, "requestId": null})));
    assert_eq!(say(json!({"type": "resetCamera"})).1["command"], 2);
    // The page comes.
    let hello = format!("/_cellucid/relay?viewerId={id}&viewerToken={token}");
    assert_eq!(ask(&server, "GET", &hello, &[], b"").0, 200);
    let path = format!("/_cellucid/commands?viewerId={id}&viewerToken={token}");
    let mut page = Events::open(&server, &path, &[]);
    let (place, colour) = page.next().unwrap();
    let expected =
        json!({"type": "setColorBy", "field": "cell_type", "viewerToken": token, "viewerId": id, "seq": 1});
    assert_eq!(colour, expected);
    assert_eq!(page.next().unwrap().1["seq"], 2);
    send(&server, &id, &token, json!({"type": "command_done", "answers": 1, "seq": 1}));
    // The connection broke, not the page: it goes on after what it saw.
    let mut same = Events::open(&server, &path, &[("Last-Event-ID", &place)]);
    assert_eq!(same.next().unwrap().1["seq"], 2);
    // The page is loaded anew: what had no answer comes again, counted from 1; what had is over.
    assert_eq!(ask(&server, "GET", &hello, &[], b"").0, 200);
    let mut anew = Events::open(&server, &path, &[]);
    let (_, reset) = anew.next().unwrap();
    assert_eq!((&reset["type"], &reset["seq"]), (&json!("resetCamera"), &json!(1)));
    assert_eq!(page.next(), None, "the stream of the earlier load has ended");
    let refused =
        json!({"type": "command_error", "command": "resetCamera", "reason": "no", "answers": 1, "seq": 1});
    assert_eq!(send(&server, &id, &token, refused).1["delivered"], true);
    let (_, all) = as_client(&server, "GET", &format!("/_cellucid/events?viewerId={id}"), b"");
    assert_eq!((&all["events"][0]["answers"], &all["events"][1]["answers"]), (&json!(1), &json!(2)));
    // When the server ends, viewers are told and streams close.
    server.interrupt();
    assert_eq!(anew.next().unwrap().1["type"], "freeze");
    assert_eq!(anew.next(), None);
}

#[test]
fn a_session_comes_up_once() {
    let server = serve(&[]);
    let (id, token) = admit(&server);
    let commands = format!("/_cellucid/commands?viewerId={id}");
    let (_, told) = as_client(&server, "POST", &commands, br#"{"type":"requestSessionBundle"}"#);
    let request = told["requestId"].as_str().unwrap().to_owned();
    let upload = format!("/_cellucid/session_bundle?viewerId={id}&requestId={request}&viewerToken={token}");
    let bundle = [b"CELLUCID_SESSION\n", &[7; 100_000][..]].concat();
    assert_eq!(
        ask(&server, "POST", &upload, &[], &bundle),
        (200, br#"{"status": "ok", "bytes": 100017}"#.to_vec())
    );
    assert_eq!(ask(&server, "POST", &upload, &[], &bundle).0, 404, "a request is used up");
    let fetch = format!("/_cellucid/session_bundle?requestId={request}");
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(ask(&server, "GET", &fetch, &[("Authorization", &bearer)], b""), (200, bundle));
    assert_eq!(ask(&server, "GET", &fetch, &[], b"").0, 401);
    let (_, all) = as_client(&server, "GET", &format!("/_cellucid/events?viewerId={id}"), b"");
    let event = &all["events"][0];
    assert_eq!(
        (&event["type"], &event["status"], &event["bytes"]),
        (&json!("session_bundle"), &json!("ok"), &json!(100_017))
    );
    let kept = event["path"].as_str().unwrap().to_owned();
    assert!(fs::metadata(&kept).is_ok());
    let (_, told) = as_client(&server, "POST", &commands, br#"{"type":"requestSessionBundle"}"#);
    let again = upload.replace(&request, told["requestId"].as_str().unwrap());
    let (status, said) = ask(&server, "POST", &again, &[], b"something else entirely");
    assert_eq!((status, String::from_utf8_lossy(&said).contains("no Cellucid session")), (500, true));
    server.interrupt();
    drop(server);
    assert!(fs::metadata(&kept).is_err(), "what was uploaded does not stay behind");
}

#[test]
fn strangers_have_no_say() {
    let server = serve(&[]);
    let (id, token) = admit(&server);
    let for_clients = [
        ("GET", format!("/_cellucid/events?viewerId={id}")),
        ("GET", format!("/_cellucid/events?viewerId={id}&token=wrong")),
        ("POST", format!("/_cellucid/commands?viewerId={id}")),
        ("POST", format!("/_cellucid/commands?viewerId={id}&token={token}")),
        ("POST", "/_cellucid/viewers".to_owned()),
        ("DELETE", format!("/_cellucid/viewers/{id}")),
        ("GET", "/_cellucid/viewers".to_owned()),
    ];
    for (method, path) in &for_clients {
        assert_eq!(ask(&server, method, path, &[], br#"{"type":"resetCamera"}"#).0, 401, "{method} {path}");
    }
    let wrong = format!("/_cellucid/commands?viewerId={id}&viewerToken=wrong");
    assert_eq!(ask(&server, "GET", &wrong, &[("Accept", "text/event-stream")], b"").0, 404);
    assert_eq!(
        send(&server, &id, "wrong", json!({"type": "click", "cell": 1, "button": 0})).1["delivered"],
        false
    );
    // A page of another origin that somehow knows a token.
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Origin", "https://evil.example")];
    let path = format!("/_cellucid/commands?viewerId={id}");
    assert_eq!(ask(&server, "POST", &path, &headers, br#"{"type":"resetCamera"}"#).0, 403);
    // Bodies that are too large, declared or not, or no messages.
    let large = vec![b' '; (1 << 20) + 1];
    assert_eq!(ask(&server, "POST", "/_cellucid/events", &[], &large).0, 413);
    let pieces = [format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    let mut stream = open(&server, "POST", "/_cellucid/events", &[("Transfer-Encoding", "chunked")], None);
    stream.write_all(&pieces).ok();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok();
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
    for (said, status) in [("{", 400), ("[]", 400), ("{}", 400), (r#"{"type":7}"#, 400)] {
        assert_eq!(as_client(&server, "POST", &path, said.as_bytes()).0, status, "{said}");
    }
    assert_eq!(as_client(&server, "POST", "/_cellucid/commands?viewerId=no", br#"{"type":"freeze"}"#).0, 404);
    assert_eq!(as_client(&server, "DELETE", &format!("/_cellucid/viewers/{id}"), b"").0, 200);
    assert_eq!(as_client(&server, "GET", "/_cellucid/viewers", b"").1, json!({"viewers": []}));
}

#[test]
fn a_pipe_carries_lines() {
    let sample = sample();
    let args = ["serve", sample.to_str().unwrap(), "--pipe", "--port", "0", "--no-browser"];
    let mut child = command(&args);
    let mut child =
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let (url, query) = line.trim().split_once("/?").unwrap();
    let word = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name));
        pair.unwrap().trim_start_matches('=').to_owned()
    };
    let (id, token) = (word("viewerId"), word("viewerToken"));
    let server = Server::reached(url);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"type\":\"clearHighlights\"}\n\nnonsense\n").unwrap();
    let mut page =
        Events::open(&server, &format!("/_cellucid/commands?viewerId={id}&viewerToken={token}"), &[]);
    assert_eq!(page.next().unwrap().1["type"], "clearHighlights");
    line.clear();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("a command is a JSON object"), "{line}");
    send(&server, &id, &token, json!({"type": "ready", "n_cells": 5000, "dimensions": 2}));
    let mut out = BufReader::new(child.stdout.take().unwrap());
    line.clear();
    out.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&told["type"], &told["n_cells"]), (&json!("ready"), &json!(5000)));
    // The end of what is said is the end of the server.
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
