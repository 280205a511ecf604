//! Zarr stores that are damaged, hostile or none at all; and how often a sound one is asked.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    time::Instant,
};

use bytes::Bytes;
use cellucid_wasm::{
    Kind, Limits, Result,
    array::Select,
    codec::checksum::crc32,
    native::block_on,
    open::Source,
    source::{
        counted::{Counted, Counts},
        memory::Folder,
    },
    tree::{Node, Tree, read, read_all},
    zarr::Zarr,
};
use serde_json::{Value, json};

type Files = BTreeMap<String, Bytes>;

fn files(store: &str) -> Files {
    fn walk(root: &Path, folder: &Path, files: &mut Files) {
        for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let key = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                files.insert(key, fs::read(&path).unwrap().into());
            }
        }
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("build").join(store);
    let mut found = Files::new();
    walk(&root, &root, &mut found);
    found
}

fn open(files: Files, limits: Limits) -> Result<Zarr> {
    block_on(Zarr::open(Rc::new(Folder::new("test.zarr", files)), limits))
}

fn store(entries: &[(&str, &str)]) -> Files {
    entries.iter().map(|(key, text)| ((*key).to_owned(), Bytes::from(text.to_string()))).collect()
}

#[test]
fn what_is_no_store_says_what_to_do() {
    for (entries, words) in [
        (&[][..], "choose the folder that holds zarr.json or .zgroup"),
        (&[("readme.txt", ""), ("data/x.csv", "")], "this one holds data/, readme.txt"),
        (&[("pbmc.zarr/zarr.json", "{}")], "\"pbmc.zarr\" inside it"),
        (&[("pbmc/.zgroup", "{}"), ("notes.txt", "")], "\"pbmc\" inside it"),
        (&[("pbmc.h5ad", "")], "\"pbmc.h5ad\" inside it"),
        (&[("0.0", ""), ("0.1", "")], "inside of an array"),
        (&[("0/0", ""), ("1/0", "")], "inside of an array"),
        (&[("c/0/0", "")], "inside of an array"),
    ] {
        let error = open(store(entries), Limits::default()).err().unwrap();
        assert_eq!(error.kind, Kind::Missing);
        let text = error.to_string();
        assert!(
            text.starts_with("test.zarr: ") && text.contains("zarr.json") && text.contains(".zgroup"),
            "{text}"
        );
        assert!(error.advice().contains(words), "{:?}: {}", entries, error.advice());
    }
}

/// People drop, zip and upload the folder around a store just as often as the store.
#[test]
fn a_folder_around_one_store_is_that_store() {
    let open = |entries: &[(&str, &str)]| {
        let folder = Folder::new("dropped", store(entries));
        block_on(cellucid_wasm::open::open(Source::Folder(Rc::new(folder)), Limits::default()))
    };
    let array = array(json!({}));
    for entries in [
        &[("pbmc.zarr/zarr.json", GROUP), ("pbmc.zarr/x/zarr.json", &array), ("notes.txt", "")][..],
        &[("a/b/pbmc/zarr.json", GROUP), ("a/b/pbmc/x/zarr.json", &array), ("a/readme", "")],
        &[
            ("s/zarr.json", GROUP),
            ("s/x/zarr.json", &array),
            ("__MACOSX/s/._zarr.json", "junk"),
            ("other/x.csv", ""),
        ],
    ] {
        let tree = open(entries).unwrap();
        let Node::Array(x) = block_on(tree.open("x")).unwrap().unwrap() else { panic!() };
        assert_eq!(block_on(read_all(&*tree, &x)).unwrap().to_i64().unwrap(), [7; 10]);
    }
    for (entries, words) in [
        (
            &[("a.zarr/zarr.json", GROUP), ("b.zarr/zarr.json", GROUP)][..],
            "open the folder \"a.zarr\" inside it",
        ),
        (&[("a/b/c/d/e/zarr.json", GROUP)], "choose the folder that holds zarr.json"),
        (&[("a/x.csv", ""), ("b/y.csv", "")], "choose the folder that holds zarr.json"),
    ] {
        let error = open(entries).err().unwrap();
        assert!(error.kind == Kind::Missing && error.advice().contains(words), "{error}: {}", error.advice());
    }
}

const GROUP: &str = r#"{"zarr_format": 3, "node_type": "group"}"#;

fn array(changes: Value) -> String {
    let mut document = json!({
        "zarr_format": 3, "node_type": "array", "shape": [10], "data_type": "int32", "fill_value": 7,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [5]}},
        "chunk_key_encoding": {"name": "default"}, "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    });
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    document.to_string()
}

#[test]
fn metadata_that_cannot_be_used_say_why_and_where() {
    let shard = |inner: Value| json!([{"name": "sharding_indexed", "configuration": {"chunk_shape": inner, "codecs": ["bytes"], "index_codecs": ["bytes"]}}]);
    for (changes, kind, words) in [
        (json!({"shape": [-1]}), Kind::Malformed, "shape [-1] is no list of sizes"),
        (json!({"shape": [1, 2]}), Kind::Malformed, "do not fit shape"),
        (json!({"data_type": "float128"}), Kind::Unsupported, "data type \"float128\""),
        (json!({"fill_value": "seven"}), Kind::Malformed, "\"seven\" is no fill value of type int32"),
        (json!({"codecs": ["bytes", "pcodec"]}), Kind::Unsupported, "codec \"pcodec\" is not read"),
        (
            json!({"codecs": [
                {"name": "scale_offset", "configuration": {"offset": 1.0, "scale": 10.0}},
                {"name": "cast_value", "configuration": {"data_type": "int16"}},
                {"name": "bytes", "configuration": {"endian": "little"}},
            ]}),
            Kind::Unsupported,
            "codec \"scale_offset\" is not read",
        ),
        (json!({"codecs": []}), Kind::Malformed, "no codec turns items into bytes"),
        (json!({"codecs": ["gzip", "bytes"]}), Kind::Unsupported, "codec \"gzip\" at this place"),
        (
            json!({"codecs": [{"name": "transpose", "configuration": {"order": [1]}}, "bytes"]}),
            Kind::Malformed,
            "transpose",
        ),
        (json!({"codecs": shard(json!([3]))}), Kind::Malformed, "cannot be cut into chunks"),
        (json!({"codecs": shard(json!([0]))}), Kind::Malformed, "cannot be cut into chunks"),
        (
            json!({"codecs": [shard(json!([5]))[0], "pcodec"]}),
            Kind::Unsupported,
            "codec \"pcodec\" is not read",
        ),
        (
            json!({"codecs": [shard(json!([5]))[0], {"name": "numcodecs.delta", "configuration": {"dtype": "<i4"}}]}),
            Kind::Unsupported,
            "codec \"numcodecs.delta\" at this place",
        ),
        (json!({"chunk_grid": {"name": "rectangular"}}), Kind::Unsupported, "chunk grid \"rectangular\""),
        (
            json!({"chunk_grid": {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [[3, 3, 4]]}}}),
            Kind::Unsupported,
            "chunk grid \"rectilinear\"",
        ),
        (json!({"chunk_key_encoding": {"name": "fanout"}}), Kind::Unsupported, "\"fanout\""),
        (json!({"storage_transformers": [{"name": "x"}]}), Kind::Unsupported, "storage transformers"),
        (json!({"crs": {"name": "x"}}), Kind::Unsupported, "\"crs\" has to be understood"),
        (json!({"node_type": "table"}), Kind::Malformed, "node_type"),
        (json!({"zarr_format": 4}), Kind::Malformed, "zarr_format"),
    ] {
        let files = store(&[("zarr.json", GROUP), ("x/zarr.json", &array(changes.clone()))]);
        let zarr = open(files, Limits::default()).unwrap();
        let error = block_on(zarr.open("x")).err().unwrap_or_else(|| panic!("{changes} opens"));
        assert_eq!(error.kind, kind, "{error}");
        let text = error.to_string();
        assert!(text.starts_with("test.zarr: x: ") && text.contains(words), "{text}");
    }
    // What may be ignored is.
    let optional = array(json!({"crs": {"must_understand": false}}));
    let zarr = open(store(&[("zarr.json", GROUP), ("x/zarr.json", &optional)]), Limits::default()).unwrap();
    let Node::Array(x) = block_on(zarr.open("x")).unwrap().unwrap() else { panic!() };
    assert_eq!(block_on(read_all(&zarr, &x)).unwrap().to_i64().unwrap(), [7; 10]);
    assert!(block_on(zarr.open("x/../x")).unwrap().is_none());
    assert!(block_on(zarr.open("y")).unwrap().is_none());
}

#[test]
fn brain_floats_are_read_as_single_precision() {
    // The upper halves of 1, -2.5 and NaN, then what was never written; big-endian, and in a shard.
    let bits: [u16; 5] = [0x3f80, 0xc020, 0x7fc0, 0x0000, 0x4049];
    let stored: Vec<u8> = bits.iter().flat_map(|b| b.to_be_bytes()).collect();
    let big = json!([{"name": "bytes", "configuration": {"endian": "big"}}]);
    let index = json!(["bytes"]);
    let shard = json!([{"name": "sharding_indexed", "configuration": {"chunk_shape": [5], "codecs": big, "index_codecs": index}}]);
    let sharded = [stored.clone(), 0_u64.to_le_bytes().to_vec(), 10_u64.to_le_bytes().to_vec()].concat();
    for (codecs, file) in [(big, stored), (shard, sharded)] {
        let document = array(json!({"data_type": "bfloat16", "fill_value": "0x3fc0", "codecs": codecs}));
        let mut files = store(&[("zarr.json", GROUP), ("x/zarr.json", &document)]);
        files.insert("x/c/0".into(), file.into());
        let zarr = open(files, Limits::default()).unwrap();
        let Node::Array(x) = block_on(zarr.open("x")).unwrap().unwrap() else { panic!() };
        assert_eq!(x.dtype.name(), "float32");
        let got = block_on(read_all(&zarr, &x)).unwrap().to_f32().unwrap();
        assert!(got[2].is_nan());
        assert_eq!([&got[..2], &got[3..]].concat(), [1.0, -2.5, 0.0, 3.140625, 1.5, 1.5, 1.5, 1.5, 1.5]);
    }
}

/// Documents that say one thing twice, nest without end, or name what lies elsewhere.
#[test]
fn documents_that_lie_about_names_lead_nowhere() {
    let twice = array(json!({})).replacen('{', "{\"shape\": [1000000000000], \"fill_value\": 1,", 1);
    let deep = format!(
        "{{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": {}1{}}}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let outside = json!({
        "zarr_format": 3, "node_type": "group",
        "consolidated_metadata": {"metadata": {"../secret": serde_json::from_str::<Value>(&array(json!({}))).unwrap(), "a//b": {}}},
    });
    let files = store(&[
        ("zarr.json", GROUP),
        ("twice/zarr.json", &twice),
        ("deep/zarr.json", &deep),
        ("out/zarr.json", &outside.to_string()),
        ("secret/zarr.json", &array(json!({}))),
    ]);
    let zarr = open(files, Limits::default()).unwrap();
    // The last one counts, as in Python.
    let Node::Array(x) = block_on(zarr.open("twice")).unwrap().unwrap() else { panic!() };
    assert_eq!(block_on(read_all(&zarr, &x)).unwrap().to_i64().unwrap(), [7; 10]);
    assert_eq!(block_on(zarr.open("deep")).unwrap_err().kind, Kind::Malformed);
    for path in ["out/../secret", "out/a//b", "../secret", "./secret", "out/."] {
        assert!(block_on(zarr.open(path)).unwrap().is_none(), "{path}");
    }
}

/// Codecs around a whole shard: what it becomes may be anything, and it may become much.
#[test]
fn shards_that_were_packed_whole_are_checked_like_others() {
    let inner = json!({"chunk_shape": [1], "codecs": ["bytes"], "index_codecs": ["bytes", "crc32c"]});
    let codecs = json!([{"name": "sharding_indexed", "configuration": inner}, "gzip"]);
    let document = array(json!({"codecs": codecs}));
    // A gzip member of stored blocks.
    let pack = |bytes: &[u8]| {
        let mut packed = vec![31, 139, 8, 0, 0, 0, 0, 0, 0, 3];
        for block in bytes.chunks(60_000) {
            let len = block.len() as u16;
            packed.push(u8::from(block.as_ptr_range().end == bytes.as_ptr_range().end));
            packed.extend([len.to_le_bytes(), (!len).to_le_bytes()].concat());
            packed.extend(block);
        }
        packed.extend(crc32(bytes).to_le_bytes());
        packed.extend((bytes.len() as u32).to_le_bytes());
        packed
    };
    let limits = Limits { chunk: 1 << 12, header: 1 << 12, ..Limits::default() };
    for (file, words) in [
        (pack(&vec![0; 300_000]), "gzip"),
        (pack(&[0; 200]), "index of the shard"),
        (pack(&[1; 10]), "too few for an index"),
        (vec![1, 2, 3], "gzip"),
    ] {
        let mut files = store(&[("zarr.json", GROUP), ("x/zarr.json", &document)]);
        files.insert("x/c/0".into(), file.into());
        let zarr = open(files, limits).unwrap();
        let Node::Array(x) = block_on(zarr.open("x")).unwrap().unwrap() else { panic!() };
        let error = block_on(read_all(&zarr, &x)).unwrap_err();
        assert!(matches!(error.kind, Kind::Malformed | Kind::Limit), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// Where chunks of a shard lie is said by the shard itself: it may lie.
#[test]
fn shards_that_lie_are_refused() {
    let codecs = json!([{"name": "sharding_indexed", "configuration": {"chunk_shape": [1], "codecs": ["bytes"], "index_codecs": ["bytes"]}}]);
    let document = array(json!({"codecs": codecs}));
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..2000 {
        let mut bytes = vec![0; 20];
        for i in 0..5_u64 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let hostile = [u64::MAX, u64::MAX - 3, 1 << 63, 90, 1 << 32][(random % 5) as usize];
            let honest = round % 3 == 0 || i > 1;
            bytes.extend((if honest { i * 4 } else { hostile }).to_le_bytes());
            bytes.extend((if honest || random >> 40 & 1 == 0 { 4 } else { hostile }).to_le_bytes());
        }
        bytes.truncate(100 - (random >> 50) as usize % 2 * (random >> 52) as usize % 100);
        let whole = bytes.len() == 100 && round % 3 == 0;
        let mut files = store(&[("zarr.json", GROUP), ("x/zarr.json", &document)]);
        files.insert("x/c/0".into(), bytes.into());
        let zarr = open(files, Limits::default()).unwrap();
        let Node::Array(x) = block_on(zarr.open("x")).unwrap().unwrap() else { panic!() };
        let got = block_on(read_all(&zarr, &x));
        if whole {
            assert_eq!(got.unwrap().to_i64().unwrap(), [0, 0, 0, 0, 0, 7, 7, 7, 7, 7]);
        } else if let Err(error) = got {
            assert!(matches!(error.kind, Kind::Malformed | Kind::Limit), "{error}");
        }
    }
}

/// Any value of a document replaced by any other, and any byte of it: an error or an answer, soon and small.
#[test]
fn damaged_metadata_give_errors() {
    let limits =
        Limits { result: 1 << 18, chunk: 1 << 18, header: 1 << 20, items: 10_000, index: 1 << 20, depth: 32 };
    let mut random = 0xdead_beef_1234_5678_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below.max(1) as u64) as usize
    };
    let (mut tried, mut refused) = (0, 0);
    for name in ["zarr/stores/listed_v2.zarr", "zarr/stores/listed_v3.zarr"] {
        let files = files(name);
        let documents: Vec<&String> = files
            .keys()
            .filter(|key| [".zarray", ".zgroup", ".zattrs", "zarr.json"].iter().any(|end| key.ends_with(end)))
            .collect();
        assert!(documents.len() > 100);
        for document in documents {
            let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
            let near: Files = files
                .iter()
                .filter(|(key, _)| !key.contains('/') || key.starts_with(&format!("{folder}/")))
                .map(|(key, bytes)| (key.clone(), bytes.clone()))
                .collect();
            let text = &files[document];
            for round in 0..24 {
                let mutated = if round % 2 == 0 {
                    let mut value: Value = serde_json::from_slice(text).unwrap();
                    replace_one(&mut value, &mut next);
                    value.to_string().into_bytes()
                } else {
                    let mut bytes = text.to_vec();
                    let at = next(bytes.len());
                    match next(3) {
                        0 => bytes[at] = b"0123456789-\"[]{},:eE"[next(20)],
                        1 => bytes.truncate(at),
                        _ => bytes[at] ^= 1 << next(8),
                    }
                    bytes
                };
                let shown = String::from_utf8_lossy(&mutated).into_owned();
                let mut near = near.clone();
                near.insert(document.clone(), mutated.into());
                tried += 1;
                let start = Instant::now();
                if let Err(error) = use_node(near, folder, limits) {
                    refused += 1;
                    let right = !matches!(error.kind, Kind::Source | Kind::Cancelled);
                    assert!(right && error.to_string().starts_with("test.zarr: "), "{error}");
                }
                assert!(start.elapsed().as_secs() < 5, "{name} {document}: {shown}");
            }
        }
    }
    assert!(tried > 5000 && refused > tried / 4, "{refused} of {tried}");
}

fn use_node(files: Files, path: &str, limits: Limits) -> Result<()> {
    let zarr = open(files, limits)?;
    match block_on(zarr.open(path))? {
        Some(Node::Array(array)) => drop(block_on(read_all(&zarr, &array))?),
        Some(Node::Group(group)) => drop(block_on(zarr.names(&group))?),
        None => {}
    }
    Ok(())
}

/// Replaces one value somewhere in a document.
fn replace_one(value: &mut Value, next: &mut impl FnMut(usize) -> usize) {
    let inside = match value {
        Value::Array(list) => list.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    if inside > 0 && next(5) > 0 {
        let at = next(inside);
        match value {
            Value::Array(list) => return replace_one(&mut list[at], next),
            Value::Object(members) => {
                if next(8) == 0 {
                    let name = members.keys().nth(at).unwrap().clone();
                    members.shift_remove(&name);
                    return;
                }
                return replace_one(members.values_mut().nth(at).unwrap(), next);
            }
            _ => {}
        }
    }
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    let all = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(3),
        json!(4_294_967_295_u64),
        json!(u64::MAX),
        json!(1e300),
        json!("big"),
        json!(""),
        json!("F"),
        json!("NaN"),
        json!([]),
        json!([0]),
        json!([1, 1]),
        json!([65_536, 65_536, 65_536, 65_536]),
        json!([2_147_483_648_u64, 4]),
        json!({}),
        deep,
        json!("<f8"),
        json!("|O"),
        json!({"id": "delta", "dtype": "<i8", "astype": "<f2"}),
        json!({"name": "transpose", "configuration": {"order": [0]}}),
    ];
    *value = all[next(all.len())].clone();
}

#[test]
fn a_consolidated_store_is_asked_once_and_chunks_of_a_shard_come_together() {
    let counts = Rc::new(Counts::default());
    let folder = Folder::new("test.zarr", files("oracle/fx/zarr/zarr_v3_sharded_end.zarr"));
    let counted = Counted::new(Rc::new(folder), Rc::clone(&counts));
    let zarr = block_on(Zarr::open(Rc::new(counted), Limits::default())).unwrap();
    assert_eq!(counts.rounds.get(), 1);
    let Node::Group(root) = block_on(zarr.open("")).unwrap().unwrap() else { panic!() };
    assert!(block_on(zarr.names(&root)).unwrap().unwrap().contains(&"obsm".to_owned()));
    let Node::Array(x) = block_on(zarr.open("X")).unwrap().unwrap() else { panic!() };
    assert!(block_on(zarr.open("obs/nothing")).unwrap().is_none());
    assert_eq!(counts.rounds.get(), 1, "everything is in the consolidated metadata");
    // One column: the indexes of three shards, then a part of each.
    let column = Select(vec![0..x.shape[0], 3..4]);
    block_on(read(&zarr, &x, &column)).unwrap();
    assert_eq!(
        (counts.rounds.get(), counts.requests.get()),
        (3, 5 + 3 + 2),
        "five names, three indexes, two shards"
    );
    // The indexes are known now.
    block_on(read(&zarr, &x, &column)).unwrap();
    assert_eq!(counts.rounds.get(), 4);
}

#[test]
fn a_store_that_is_not_consolidated_is_listed_group_by_group() {
    let counts = Rc::new(Counts::default());
    let folder = Folder::new("test.zarr", files("oracle/fx/zarr/zarr_v2_unconsolidated.zarr"));
    let counted = Counted::new(Rc::new(folder), Rc::clone(&counts));
    let zarr = block_on(Zarr::open(Rc::new(counted), Limits::default())).unwrap();
    let Node::Group(obs) = block_on(zarr.open("obs")).unwrap().unwrap() else { panic!() };
    let before = counts.rounds.get();
    let names = block_on(zarr.names(&obs)).unwrap().unwrap();
    for name in &names {
        assert!(block_on(zarr.open(&format!("obs/{name}"))).unwrap().is_some());
    }
    assert!(names.len() > 5);
    assert_eq!(counts.rounds.get() - before, 2, "a listing, and all documents of its members together");
}
