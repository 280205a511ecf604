//! The golden messages, read by this crate; `tests/js` and the Python tests read the same files.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use cellucid_wasm::{
    Error, Kind, codec,
    protocol::{
        Bundle, CELLS_LIMIT, Coding, Command, Endpoint, Event, Identity, MESSAGE_LIMIT, Packed, Parts, Peer,
        Session, Setting, Step, Uploads, codes, delta_list, pack, pack_codes, pack_delta_list, unpack,
    },
};
use serde_json::{Map, Value, json};

const RELAY: Peer = Peer::Relay { limit: 1 << 20 };

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/messages").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn cases<'a>(golden: &'a Value, list: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let cases = golden[list].as_array().unwrap();
    assert!(!cases.is_empty());
    cases.iter().map(|case| (case["name"].as_str().unwrap_or_default(), case))
}

fn identity(golden: &Value) -> Identity {
    let text = |name: &str| golden["viewer"][name].as_str().unwrap().to_owned();
    Identity { viewer: text("viewerId"), token: text("viewerToken") }
}

fn session(golden: &Value, peer: Peer) -> Session {
    let setting = golden.get("setting").map_or_else(Setting::default, |setting| {
        let text = |name: &str| setting[name].as_str().map(str::to_owned);
        Setting {
            location: text("location").unwrap(),
            origin: text("origin").unwrap(),
            server: text("server"),
            connected: setting["connected"] == true,
            parent: text("parent"),
            agent: text("agent").unwrap(),
        }
    });
    let mut session = Session::new(identity(golden), peer, setting);
    session.tick(golden["now"].as_u64().unwrap_or_default());
    session
}

fn code(error: &Error) -> &'static str {
    error.kind.code()
}

/// An event as JSON, its rows included.
fn event_json(event: &Event) -> Value {
    let mut all = Map::from_iter([("type".to_owned(), event.name().into())]);
    if let Event::Selection { cells, .. } = event {
        all.insert("cells".to_owned(), cells.clone().into());
    }
    all.extend(event.payload());
    all.into()
}

fn without_reason(mut event: Value) -> Value {
    event.as_object_mut().unwrap().remove("reason");
    event
}

#[test]
fn commands() {
    let golden = golden("commands.json");
    for (name, case) in cases(&golden, "cases") {
        let mut session = session(&golden, Peer::Plain);
        let text = case["text"].as_str().map_or_else(|| case["message"].to_string(), str::to_owned);
        let given = session.accept(&text);
        let counts = session.counts();
        if let Some(command) = case.get("run") {
            let Ok(Step::Run(found, seq)) = given else { panic!("{name}: {given:?}") };
            assert_eq!((&found.write(), seq), (command, case["seq"].as_u64()), "{name}");
            assert_eq!(found.name(), command["type"], "{name}");
            assert_eq!(counts.accepted, 1, "{name}");
        } else if let Some(event) = case.get("reply") {
            let Ok(Step::Reply(found)) = given else { panic!("{name}: {given:?}") };
            let found = event_json(&found);
            for word in case["reason"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(found["reason"].as_str().unwrap().contains(word), "{name}: {found}");
            }
            let wrong = event["type"] == "command_error";
            assert_eq!(if wrong { without_reason(found) } else { found }, *event, "{name}");
            assert_eq!((counts.refused, counts.accepted), (u64::from(wrong), u64::from(!wrong)), "{name}");
        } else if let Some(refused) = case.get("refused") {
            assert_eq!(code(&given.unwrap_err()), refused, "{name}");
            assert_eq!(counts.refused, 1, "{name}");
        } else {
            assert_eq!(given.unwrap(), Step::Ignore, "{name}");
            assert_eq!((counts.foreign, counts.accepted + counts.refused), (1, 0), "{name}");
        }
        assert_eq!(session.due(), None, "{name}");
    }
}

#[test]
fn events() {
    let golden = golden("events.json");
    for (name, case) in cases(&golden, "cases") {
        let event = Event::read(&case["event"].to_string()).unwrap();
        assert_eq!(event_json(&event), case["event"], "{name}");
        for (peer, key) in [(Peer::Plain, "plain"), (Peer::Strict, "strict"), (RELAY, "relay")] {
            let mut session = session(&golden, peer);
            let sent = session.announce(&event);
            match case.get(key).and_then(|expected| expected.get("refused")) {
                Some(refused) => assert_eq!(code(&sent.unwrap_err()), refused, "{name}, {key}"),
                None => {
                    let sent = sent.unwrap().map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
                    assert_eq!(sent, case[key], "{name}, {key}");
                    // The order of keys is part of the form: the type first, the envelope last.
                    let keys =
                        |value: &Value| value.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>());
                    assert_eq!(keys(&sent), keys(&case[key]), "{name}, {key}");
                }
            }
            assert_eq!(session.rest(), None, "{name}, {key}");
        }
    }
}

fn rows(spans: &Value) -> Vec<u32> {
    let spans = spans.as_array().unwrap().iter();
    spans
        .flat_map(|span| {
            let [from, to, step] = [0, 1, 2].map(|at| span[at].as_u64().unwrap());
            (from..to).step_by(step as usize).map(|row| row as u32)
        })
        .collect()
}

fn packed(value: &Value) -> Result<Packed, &'static str> {
    let number = |name: &str| value[name].as_u64().and_then(|n| u32::try_from(n).ok()).ok_or("request");
    let coding = if value["coding"] == "bits" { Coding::Bits } else { Coding::Ranges };
    let data = STANDARD.decode(value["data"].as_str().unwrap()).map_err(|_| "malformed")?;
    Ok(Packed { coding, from: number("from")?, count: number("count")?, data })
}

#[test]
fn cells() {
    let golden = golden("cells.json");
    for (name, case) in cases(&golden, "cases") {
        let rows = rows(&case["rows"]);
        let made = pack(&rows);
        match case.get("packed") {
            Some(expected) => assert_eq!(made, packed(expected).unwrap(), "{name}"),
            None => {
                assert_eq!(made.data.len() as u64, case["size"], "{name}");
                assert_eq!(
                    if made.coding == Coding::Bits { "bits" } else { "ranges" },
                    case["coding"],
                    "{name}"
                );
            }
        }
        assert_eq!(unpack(&made, CELLS_LIMIT).unwrap(), rows, "{name}");
    }
    for (name, case) in cases(&golden, "broken") {
        let direct =
            packed(&case["packed"]).and_then(|packed| unpack(&packed, CELLS_LIMIT).map_err(|e| code(&e)));
        assert_eq!(direct.unwrap_err(), case["refused"], "{name}");
        // The same inside a message.
        let message = json!({"type": "selection", "cells": case["packed"], "source": "lasso"});
        Event::read(&message.to_string()).unwrap_err();
    }
    assert_eq!(pack(&[5, 1, 5, 2]), pack(&[1, 2, 5]));
}

#[test]
fn sequences() {
    let golden = golden("sequences.json");
    for (name, case) in cases(&golden, "cases") {
        let mut session = session(&golden, if case["peer"] == "relay" { RELAY } else { Peer::Plain });
        for (at, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let place = format!("{name}, step {at}");
            if let Some(now) = step["at"].as_u64() {
                assert_eq!(sent(session.tick(now)), step["sends"], "{place}");
            } else if step.get("announce").is_some() {
                let event = Event::read(&step["announce"].to_string()).unwrap();
                assert_eq!(sent(session.announce(&event).unwrap()), step["sends"], "{place}");
            } else if let Some(message) = step.get("accept") {
                let mut message = message.as_object().unwrap().clone();
                message.extend(golden["viewer"].as_object().unwrap().clone());
                let first = session.accept(&Value::from(message).to_string()).unwrap();
                let mut given = vec![step_name(first)];
                given.extend(std::iter::from_fn(|| session.due()).map(step_name));
                assert_eq!(Value::from(given), step["gives"], "{place}");
            } else if let Some(wakes) = step.get("wakes") {
                assert_eq!(session.wakes(), wakes.as_u64(), "{place}");
            } else if let Some(expected) = step.get("unacknowledged") {
                let texts = session.unacknowledged().into_iter();
                let numbers: Vec<Value> =
                    texts.map(|text| serde_json::from_str::<Value>(&text).unwrap()["seq"].clone()).collect();
                assert_eq!(Value::from(numbers), *expected, "{place}");
            } else {
                for (count, expected) in step["counts"].as_object().unwrap() {
                    assert_eq!(counted(&session, count), expected.as_u64().unwrap(), "{place}: {count}");
                }
            }
        }
    }
}

fn sent(text: Option<String>) -> Value {
    let Some(text) = text else { return Value::Null };
    let mut value: Value = serde_json::from_str(&text).unwrap();
    for key in ["viewerId", "viewerToken"] {
        value.as_object_mut().unwrap().shift_remove(key);
    }
    value
}

fn step_name(step: Step) -> String {
    match step {
        Step::Run(command, _) => command.name().to_owned(),
        Step::Reply(event) => event.name().to_owned(),
        Step::Ignore => "ignore".to_owned(),
    }
}

fn counted(session: &Session, name: &str) -> u64 {
    let counts = session.counts();
    match name {
        "announced" => counts.announced,
        "thinned" => counts.thinned,
        "withheld" => counts.withheld,
        "accepted" => counts.accepted,
        "replayed" => counts.replayed,
        "refused" => counts.refused,
        "foreign" => counts.foreign,
        "lost" => counts.lost,
        other => panic!("no count is called {other}"),
    }
}

#[test]
fn endpoint() {
    let golden = golden("endpoint.json");
    let mut endpoint = Endpoint::default();
    for viewer in golden["viewers"].as_array().unwrap() {
        let [id, token] = ["viewerId", "viewerToken"].map(|name| viewer[name].as_str().unwrap());
        endpoint.admit(id, token, viewer["lenient"] == true);
    }
    let mut refused = 0;
    for (name, case) in cases(&golden, "cases") {
        if let Some(page) = case.get("renew") {
            let [id, token] = ["viewerId", "viewerToken"].map(|name| page[name].as_str().unwrap());
            assert_eq!(endpoint.renew(id, token), page["renewed"], "{name}");
        }
        let body = case["text"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned);
        let (answer, event) = endpoint.receive(body.as_bytes());
        assert_eq!(u64::from(answer.status), case["status"], "{name}");
        if let Some(expected) = case.get("json") {
            assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap(), *expected, "{name}");
        }
        if let Some(words) = case["error"].as_str() {
            let answer: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(answer["status"], "error", "{name}");
            assert!(answer["message"].as_str().unwrap().contains(words), "{name}: {answer}");
        }
        let event = event.map(|(viewer, event)| {
            assert_eq!(viewer, case["body"]["viewerId"], "{name}");
            event_json(&event)
        });
        assert_eq!(event.unwrap_or_default(), case["event"], "{name}");
        refused += u64::from(case["json"]["delivered"] != true);
    }
    assert_eq!(endpoint.refused, refused);
    let about: Value = serde_json::from_str(&Endpoint::about(true).body).unwrap();
    assert_eq!(about["limit"], 1 << 20);
    assert_eq!(Endpoint::too_large(1 << 20), None);
    assert_eq!(Endpoint::too_large((1 << 20) + 1).unwrap().status, 413);
    endpoint.dismiss("1111111111111111");
    let (answer, _) = endpoint.receive(br#"{"type":"ready","viewerId":"1111111111111111"}"#);
    assert!(answer.body.contains("not_found"));
}

fn bytes(case: &Value) -> Vec<u8> {
    STANDARD.decode(case["bytes"].as_str().unwrap()).unwrap()
}

#[test]
fn bundles() {
    let golden = golden("bundle.json");
    let gunzip = |bytes: &[u8], most: u64| codec::deflate::gzip(bytes, codec::Room::new(None, most as usize));
    let whole = bytes(&golden["bundle"]);
    let bundle = Bundle::read(&whole).unwrap();
    assert_eq!(Value::from(bundle.manifest.clone()), golden["bundle"]["manifest"]);
    let expected = golden["bundle"]["chunks"].as_object().unwrap();
    assert_eq!(bundle.chunks.len(), expected.len());
    for (id, content) in expected {
        let unpacked = bundle.chunk(id).unwrap().unpack(&gunzip).unwrap();
        match content.get("json") {
            Some(json) => assert_eq!(serde_json::from_slice::<Value>(&unpacked).unwrap(), *json, "{id}"),
            None => assert_eq!(Value::from(delta_list(&unpacked).unwrap()), content["rows"], "{id}"),
        }
    }
    assert_eq!(Bundle::read(&bundle.write().unwrap()).unwrap(), bundle);

    for case in golden["rows"].as_array().unwrap() {
        let rows: Vec<u32> =
            case["rows"].as_array().unwrap().iter().map(|row| row.as_u64().unwrap() as u32).collect();
        assert_eq!(delta_list(&bytes(case)).unwrap(), rows);
        assert_eq!(pack_delta_list(&rows).unwrap(), bytes(case));
    }
    for (name, case) in cases(&golden, "codes") {
        let values: Vec<u16> =
            case["codes"].as_array().unwrap().iter().map(|code| code.as_u64().unwrap() as u16).collect();
        assert_eq!(codes(&bytes(case), 1000).unwrap(), values, "{name}");
        if case["readOnly"] != true {
            assert_eq!(pack_codes(&values), bytes(case), "{name}");
        }
    }
    for (name, case) in cases(&golden, "broken") {
        let bytes = bytes(case);
        let refused = match case["kind"].as_str().unwrap() {
            "rows" => delta_list(&bytes).unwrap_err(),
            "codes" => codes(&bytes, 1000).unwrap_err(),
            _ => Bundle::read(&bytes).unwrap_err(),
        };
        assert_eq!(code(&refused), case["refused"], "{name}: {refused}");
    }
    // Every way to cut it off, and a chunk that inflates beyond what it declares.
    for end in 0..whole.len() {
        Bundle::read(&whole[..end]).unwrap_err();
    }
    let mut bomb = bundle.chunks[0].clone();
    bomb.entry.insert("uncompressedBytes".to_owned(), 10.into());
    assert_eq!(bomb.unpack(&gunzip).unwrap_err().at.object.as_deref(), Some("highlights/meta"));
    bomb.entry.insert("codec".to_owned(), "brotli".into());
    assert_eq!(bomb.unpack(&gunzip).unwrap_err().kind, Kind::Unsupported);
    assert_eq!(pack_delta_list(&[2, 1]).unwrap_err().kind, Kind::Request);
}

/// A lasso through sorted cells, and the worst case: each row or not by the toss of a coin.
#[test]
fn large_selections_arrive_whole() {
    let golden = golden("events.json");
    let mut state = 1_u64;
    let mut coin = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 63 == 1
    };
    let tossed: Vec<u32> = (0..1_000_000).filter(|_| coin()).collect();
    assert!(pack(&tossed).data.len() <= 125_000);
    let clustered: Vec<u32> = (0..1_000_000).filter(|row| row / 700 % 3 != 0).collect();
    assert!(pack(&clustered).data.len() <= 5_000);
    let all: Vec<u32> = (0..1_000_000).collect();

    for (cells, limit, messages) in [
        (&tossed, 1 << 20, 1),
        (&clustered, 1 << 20, 1),
        (&all, 2048, 1),
        (&tossed, 20_000, 16),
        (&tossed, 2048, 256),
    ] {
        let mut session = session(&golden, Peer::Relay { limit });
        let event = Event::Selection { cells: cells.clone(), source: "lasso".to_owned() };
        let mut texts = vec![session.announce(&event).unwrap().unwrap()];
        texts.extend(std::iter::from_fn(|| session.rest()));
        assert_eq!(texts.len(), messages);
        let mut parts = Parts::default();
        for (at, text) in texts.iter().enumerate() {
            assert!(text.len() <= limit);
            let whole = parts.take(text).unwrap();
            assert_eq!(whole.is_some(), at + 1 == texts.len());
            if let Some(whole) = whole {
                assert_eq!(whole, event);
            }
        }
    }

    // The reference's server takes one MiB: what fits goes as a plain list, what does not is refused in words.
    let mut plain = session(&golden, Peer::Plain);
    let fits = Event::Selection { cells: (100_000..249_000).collect(), source: "lasso".to_owned() };
    let text = plain.announce(&fits).unwrap().unwrap();
    assert!(text.len() < 1 << 20 && text.contains(",248999]"));
    let error = plain.announce(&Event::Selection { cells: tossed, source: "lasso".to_owned() }).unwrap_err();
    assert_eq!((error.kind, plain.counts().withheld), (Kind::Limit, 1));
    assert!(error.to_string().contains("cells takes more than the 1048576 bytes"), "{error}");
    assert!(error.advice().contains("relay"));
}

#[test]
fn console_lines_are_counted_and_cut() {
    let golden = golden("events.json");
    let mut session = session(&golden, Peer::Plain);
    let line = Event::read(
        &json!({"type": "console", "level": "warn", "message": "é".repeat(5000), "ts": ""}).to_string(),
    );
    let line = line.unwrap();
    let sent = (0..50).filter(|_| session.announce(&line).unwrap().is_some()).count();
    assert_eq!((sent, session.counts().thinned), (20, 30));
    session.tick(golden["now"].as_u64().unwrap() + 1000);
    let text = session.announce(&line).unwrap().unwrap();
    let message: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(message["message"].as_str().unwrap().chars().count(), 4000);
}

#[test]
fn too_much_too_early_is_given_up() {
    let golden = golden("sequences.json");
    let mut session = session(&golden, RELAY);
    let Identity { viewer, token } = identity(&golden);
    let message = |seq: u64| {
        json!({"type": "freeze", "viewerId": viewer, "viewerToken": token, "seq": seq}).to_string()
    };
    let mut run = 0;
    for seq in 10..75 {
        run += u64::from(session.accept(&message(seq)).unwrap() != Step::Ignore);
        run += std::iter::from_fn(|| session.due()).count() as u64;
    }
    assert_eq!((run, session.counts().lost), (65, 9));
    assert_eq!(session.accept(&message(1)).unwrap(), Step::Ignore);
    assert!(matches!(session.accept(&message(75)).unwrap(), Step::Run(Command::Freeze, Some(75))));
}

#[test]
fn huge_messages_are_refused_unread() {
    let golden = golden("commands.json");
    let mut session = session(&golden, Peer::Plain);
    let error = session.accept(&" ".repeat(MESSAGE_LIMIT + 1)).unwrap_err();
    assert_eq!((error.kind, session.counts().oversize), (Kind::Limit, 1));
    // Deep nesting from a stranger is skipped without recursion; from a holder of the token it is refused.
    let deep = |token: &str| {
        let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
        format!(
            "{{\"type\":\"x\",\"viewerId\":\"00ff12ab34cd56ef\",\"viewerToken\":\"{token}\",\"deep\":{open}{close}}}"
        )
    };
    assert!(session.accept(&deep("wrong")).is_ok_and(|step| step == Step::Ignore));
    let step = session.accept(&deep(&identity(&golden).token)).unwrap();
    assert!(matches!(step, Step::Reply(Event::CommandError { .. })), "{step:?}");
    let cells = "1,".repeat(CELLS_LIMIT / 4);
    let many =
        format!("{{\"cells\":[{cells}1],\"type\":\"highlight\",\"viewerId\":\"x\",\"viewerToken\":\"y\"}}");
    assert_eq!(session.accept(&many).unwrap(), Step::Ignore);
}

/// Prefixes and single changed bytes of every golden message: an answer each, never a panic.
#[test]
fn damaged_messages() {
    let (commands, events) = (golden("commands.json"), golden("events.json"));
    let texts = cases(&commands, "cases")
        .filter_map(|(_, case)| case.get("message"))
        .chain(cases(&events, "cases").flat_map(|(_, case)| [&case["event"], &case["relay"]]));
    let mut session = session(&commands, RELAY);
    let mut endpoint = Endpoint::default();
    endpoint.admit("00ff12ab34cd56ef", "0123456789abcdef0123456789abcdef", true);
    let mut tried = 0;
    for text in texts.map(Value::to_string) {
        let mut feed = |bytes: &[u8]| {
            tried += 1;
            endpoint.receive(bytes);
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            drop(session.accept(text));
            while session.due().is_some() {}
            if let Ok(event) = Event::read(text) {
                drop(session.announce(&event));
            }
        };
        for end in 0..text.len() {
            feed(&text.as_bytes()[..end]);
        }
        for at in 0..text.len() {
            for byte in [b'0', b'9', b'"', b'{', b'}', b'[', b',', b'-', 0x80] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = byte;
                feed(&bytes);
            }
        }
    }
    assert!(tried > 50_000);
}

#[test]
fn uploads_are_taken_once() {
    let mut uploads = Uploads::default();
    assert!(uploads.begin("v", "", Some(1), 0).unwrap_err().body.contains("Missing viewerId/requestId"));
    assert_eq!(uploads.begin("v", "r", Some(20), 0).unwrap_err().status, 404);
    uploads.expect("v", "r", 100);
    let upload = uploads.begin("v", "r", Some(20), 50).unwrap();
    let bytes = b"CELLUCID_SESSION\nxyz";
    let (answer, event) =
        upload.finish(bytes, bytes.len() as u64, Some("/tmp/a.cellucid-session".to_owned()));
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status": "ok", "bytes": 20}"#));
    assert_eq!(event.payload()["path"], "/tmp/a.cellucid-session");
    assert_eq!(uploads.begin("v", "r", Some(20), 50).unwrap_err().status, 404, "used up");
    for (length, status) in [(None, 411), (Some(0), 411), (Some((512 << 20) + 1), 413)] {
        uploads.expect("v", "r", 100);
        assert_eq!(uploads.begin("v", "r", length, 50).unwrap_err().status, status);
        assert_eq!(
            uploads.begin("v", "r", Some(20), 50).unwrap_err().status,
            404,
            "a failed upload uses it up too"
        );
    }
    uploads.expect("v", "r", 100);
    assert_eq!(uploads.begin("v", "r", Some(20), 100).unwrap_err().status, 404, "expired");
    for (body, words) in [(&b"CELLUCID_SESSION\n"[..], "ends after 17"), (&[0; 20], "no Cellucid session")] {
        uploads.expect("v", "r", 100);
        let (answer, event) =
            uploads.begin("v", "r", Some(20), 0).unwrap().finish(body, body.len() as u64, None);
        assert_eq!(answer.status, 500);
        assert!(answer.body.contains(words), "{}", answer.body);
        assert_eq!(event.payload()["status"], "error");
    }
}
