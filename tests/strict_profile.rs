//! The strict profile: every fixture's documents obey what the later app demands (valid JSON, exact keys, names of their
//! own, finite positions), and its files have the lengths that the documents promise.
#![allow(clippy::print_stdout)]

use std::{collections::HashSet, fs, path::Path, rc::Rc};

use cellucid_wasm::{
    dataset::Dataset,
    export::{Options, Profile, safe},
    limits::Limits,
    native::{self, block_on},
    open::Source,
};
use serde_json::Value;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

struct Store<'a> {
    name: &'a str,
    data: Dataset,
}

impl Store<'_> {
    fn bytes(&self, path: &str) -> Vec<u8> {
        let file = block_on(self.data.file(path)).unwrap_or_else(|e| panic!("{} {path}: {e}", self.name));
        file.body.to_vec()
    }

    /// Valid JSON has no bare NaN, which this parser would refuse.
    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.bytes(path)).unwrap_or_else(|e| panic!("{} {path}: {e}", self.name))
    }

    fn identity(&self) -> Value {
        let identity = self.json("dataset_identity.json");
        let mut wanted = vec![
            "version",
            "id",
            "name",
            "description",
            "created_at",
            "cellucid_data_version",
            "stats",
            "embeddings",
            "obs_fields",
            "export_settings",
            "source",
        ];
        if identity.get("vector_fields").is_some() {
            wanted.push("vector_fields");
        }
        assert_eq!(keys(&identity), wanted, "{}", self.name);
        assert_eq!(keys(&identity["embeddings"]), ["available_dimensions", "default_dimension", "files"]);
        assert_eq!(keys(&identity["source"]), ["name", "filename"]);
        for field in identity["vector_fields"]["fields"].as_object().into_iter().flat_map(|f| f.values()) {
            let wanted = ["label", "basis", "available_dimensions", "default_dimension", "files"];
            assert_eq!(keys(field), wanted, "{}", self.name);
        }
        identity
    }

    fn points(&self, identity: &Value, cells: u64) {
        for dim in list(&identity["embeddings"], "available_dimensions") {
            let dim = dim.as_u64().unwrap();
            let bytes = self.bytes(&format!("points_{dim}d.bin"));
            assert_eq!(bytes.len() as u64, cells * dim * 4, "{}", self.name);
            let finite = bytes.as_chunks::<4>().0.iter().all(|b| f32::from_le_bytes(*b).abs() <= 1.0001);
            assert!(
                finite || self.name.contains("no_normalize") || self.name.contains("unnormal"),
                "{}",
                self.name
            );
        }
    }

    fn obs(&self, identity: &Value, cells: u64) {
        let manifest = self.json("obs_manifest.json");
        let (numbers, labels) = (list(&manifest, "_continuousFields"), list(&manifest, "_categoricalFields"));
        let mut seen = HashSet::new();
        for row in numbers.iter().chain(labels) {
            let key = row[0].as_str().unwrap();
            assert!(!key.is_empty() && seen.insert(safe(key)), "{}: {key}", self.name);
        }
        let order: Vec<&Value> = list(identity, "obs_fields").iter().map(|f| &f["key"]).collect();
        assert_eq!(
            order,
            numbers.iter().chain(labels).map(|row| &row[0]).collect::<Vec<_>>(),
            "{}",
            self.name
        );
        let schemas = keys(&manifest["_obsSchemas"]);
        assert_eq!(schemas.contains(&"continuous"), !numbers.is_empty());
        assert_eq!(schemas.contains(&"categorical"), !labels.is_empty());
        for row in numbers {
            assert_eq!(row.as_array().unwrap().len(), 1);
            let path = format!("obs/{}.values.f32", safe(row[0].as_str().unwrap()));
            assert_eq!(self.bytes(&path).len() as u64, cells * 4, "{} {path}", self.name);
        }
        for row in labels {
            assert_eq!(row.as_array().unwrap().len(), 5);
            let wide = row[2] == "uint16";
            let count = row[1].as_array().unwrap().len();
            assert_eq!(wide, count > 254, "{}", self.name);
            let path =
                format!("obs/{}.codes.{}", safe(row[0].as_str().unwrap()), if wide { "u16" } else { "u8" });
            let codes: Vec<u64> = match wide {
                true => self
                    .bytes(&path)
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .map(|b| u16::from_le_bytes(*b).into())
                    .collect(),
                false => self.bytes(&path).iter().map(|&b| b.into()).collect(),
            };
            assert_eq!(codes.len() as u64, cells);
            let missing = row[3].as_u64().unwrap();
            assert!(codes.iter().all(|&c| c < count as u64 || c == missing), "{} {path}", self.name);
            for centroids in row[4].as_object().unwrap().values() {
                assert!(centroids.as_array().unwrap().iter().all(|c| c["position"][0].is_number()));
            }
        }
    }

    fn var(&self, identity: &Value) {
        let manifest = self.json("var_manifest.json");
        let fields = list(&manifest, "fields");
        assert_eq!(identity["stats"]["n_genes"].as_u64(), Some(fields.len() as u64), "{}", self.name);
        let mut seen = HashSet::new();
        for row in fields {
            let id = row[0].as_str().unwrap();
            assert!(row.as_array().unwrap().len() == 1 && seen.insert(safe(id)), "{}: gene {id}", self.name);
        }
    }

    fn graph(&self, identity: &Value) {
        if identity["stats"]["has_connectivity"] == false {
            return;
        }
        let manifest = self.json("connectivity_manifest.json");
        let edges = manifest["n_edges"].as_u64().unwrap();
        assert_eq!(identity["stats"]["n_edges"], manifest["n_edges"]);
        let width = manifest["index_bytes"].as_u64().unwrap() as usize;
        let ends = |path: &str| -> Vec<u64> {
            let number = |b: &[u8]| b.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
            self.bytes(path).chunks_exact(width).map(number).collect()
        };
        let (from, to) = (ends("connectivity/edges.src.bin"), ends("connectivity/edges.dst.bin"));
        let pairs: Vec<_> = from.iter().zip(&to).collect();
        assert!(pairs.is_sorted() && pairs.iter().all(|(a, b)| a < b), "{}", self.name);
        let mut degree = std::collections::HashMap::new();
        for end in from.iter().chain(&to) {
            *degree.entry(end).or_insert(0_u64) += 1;
        }
        assert_eq!(manifest["max_neighbors"].as_u64(), Some(degree.values().copied().max().unwrap_or(0)));
        let weights = self.bytes("connectivity/edges.weight.bin");
        assert_eq!((from.len() as u64, weights.len() as u64), (edges, edges * 8));
        assert!(weights.as_chunks::<8>().0.iter().all(|b| f64::from_le_bytes(*b) > 0.0));
    }
}

#[test]
fn every_fixture_obeys_the_later_app() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/oracle/fx");
    let fixtures = fs::read(root.join("fixtures.json")).expect("run ./check once: it makes the fixtures");
    let fixtures: Vec<Value> = serde_json::from_slice(&fixtures).unwrap();
    let (mut obeyed, mut refused) = (0, Vec::new());
    for fixture in fixtures.iter().filter(|f| f["kind"] != "export") {
        let (name, path) = (fixture["name"].as_str().unwrap(), root.join(fixture["path"].as_str().unwrap()));
        let source = match path.is_dir() {
            true => Source::Folder(Rc::new(native::Folder::open(&path).unwrap())),
            false => Source::File(Rc::new(native::File::open(&path).unwrap())),
        };
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let options = Options { profile: Profile::Strict, file, folder: path.is_dir(), ..Options::default() };
        let data = match block_on(Dataset::open(source, "", options, Limits::default())) {
            Ok(data) => data,
            Err(error) => {
                refused.push(format!("{name}: {error}"));
                continue;
            }
        };
        let store = Store { name, data };
        let identity = store.identity();
        let cells = identity["stats"]["n_cells"].as_u64().unwrap();
        if cells > 0 {
            store.points(&identity, cells);
            store.obs(&identity, cells);
        }
        store.var(&identity);
        store.graph(&identity);
        obeyed += 1;
    }
    println!("{obeyed} stores obey; refused:\n{}", refused.join("\n"));
    assert!(obeyed > 200);
    for name in
        ["emb_nan", "emb_inf", "emb_none", "obs_cats_70000", "columns_duplicated", "legacy_no_column_order"]
    {
        assert!(!refused.iter().any(|r| r.starts_with(&format!("{name}:"))), "{name} is refused");
    }
}
