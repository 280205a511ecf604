//! Where two JSON documents of an export say different things. Names, times and addresses are not compared, nor what only one of the
//! writers has a word for; a folder may hold less than its source.

use serde_json::{Map, Value};

use super::Finding;

type Document = Map<String, Value>;

/// The first difference that matters.
pub fn difference(path: &str, there: &Document, source: &Document) -> Option<Finding> {
    match path {
        "dataset_identity.json" => identity(there, source),
        "obs_manifest.json" => obs(there, source),
        "var_manifest.json" => keys(there, source, &["n_points"])
            .or_else(|| schema("_varSchema", there.get("_varSchema"), source.get("_varSchema")))
            .or_else(|| same("fields", there.get("fields")?, source.get("fields")?)),
        _ => keys(there, source, &["n_cells", "n_edges", "max_neighbors", "index_bytes"]),
    }
}

fn identity(there: &Document, source: &Document) -> Option<Finding> {
    let stats =
        |document: &Document| document.get("stats").and_then(Value::as_object).cloned().unwrap_or_default();
    let (stats_there, stats_source) = (stats(there), stats(source));
    let mut wanted = vec!["n_cells", "n_genes"];
    // A folder may have been made without the graph.
    if stats_there.get("has_connectivity") == Some(&Value::Bool(true)) {
        wanted.push("n_edges");
    }
    keys(&stats_there, &stats_source, &wanted)
        .or_else(|| {
            rows("obs_fields", list(there, "obs_fields"), list(source, "obs_fields"), "key", usize::MAX)
        })
        .or_else(|| {
            let embeddings = |d: &Document| d.get("embeddings")?.get("available_dimensions").cloned();
            same("embeddings.available_dimensions", &embeddings(there)?, &embeddings(source)?)
        })
}

fn obs<'d>(there: &'d Document, source: &'d Document) -> Option<Finding> {
    let quantised = |kind: &str, key: &str| {
        let schema = there.get("_obsSchemas").and_then(|schemas| schemas.get(kind));
        schema.and_then(|schema| schema.get(key)) == Some(&Value::Bool(true))
    };
    let parts = |list: &str, kind: &str, key: &str, plain: usize| {
        // Ranges mean something only where values are quantised.
        let compared = if quantised(kind, key) { usize::MAX } else { plain };
        rows(list, self::list(there, list), self::list(source, list), "0", compared)
    };
    let schemas = |kind: &str| {
        let of = |document: &'d Document| document.get("_obsSchemas")?.get(kind);
        schema(&format!("_obsSchemas.{kind}"), of(there), of(source))
    };
    keys(there, source, &["n_points"])
        .or_else(|| schemas("continuous"))
        .or_else(|| schemas("categorical"))
        .or_else(|| parts("_continuousFields", "continuous", "quantized", 1))
        .or_else(|| parts("_categoricalFields", "categorical", "outlierQuantized", 5))
}

/// How files are to be read, as far as both say: a wrong word there makes other values of right bytes.
fn schema(place: &str, there: Option<&Value>, source: Option<&Value>) -> Option<Finding> {
    let (there, source) = (there?.as_object()?, source?.as_object()?);
    there.iter().find_map(|(key, value)| same(&format!("{place}.{key}"), value, source.get(key)?))
}

fn list<'d>(document: &'d Document, key: &str) -> &'d [Value] {
    document.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Values of some keys.
fn keys(there: &Document, source: &Document, keys: &[&str]) -> Option<Finding> {
    keys.iter().find_map(|key| {
        same(key, there.get(*key).unwrap_or(&Value::Null), source.get(*key).unwrap_or(&Value::Null))
    })
}

/// Rows by their name: each of the folder's has to be the source's, in its first `compared` parts.
fn rows(list: &str, there: &[Value], source: &[Value], name: &str, compared: usize) -> Option<Finding> {
    let name_of = |row: &Value| row.get(name).or_else(|| row.get(0)).cloned().unwrap_or_default();
    let by_name: std::collections::HashMap<String, &Value> =
        source.iter().map(|row| (name_of(row).to_string(), row)).collect();
    there.iter().find_map(|row| {
        let place = format!("{list}: {}", name_of(row));
        let Some(wanted) = by_name.get(&name_of(row).to_string()) else {
            return Some(differs(place, "is there", "none"));
        };
        match (row.as_array(), wanted.as_array()) {
            (Some(row), Some(wanted)) => {
                let row = narrow(row.get(..compared.min(row.len())).unwrap_or(row));
                let wanted = narrow(wanted.get(..compared.min(wanted.len())).unwrap_or(wanted));
                same(&place, &row, &wanted)
            }
            _ => same(&place, row, wanted),
        }
    })
}

/// A categorical row as if its codes were as narrow as they can be: `prepare()` may have been told to use wide ones.
fn narrow(row: &[Value]) -> Value {
    let mut row = row.to_vec();
    let few = row.get(1).and_then(Value::as_array).is_some_and(|labels| labels.len() <= 254);
    if few && let [_, _, dtype, missing, ..] = row.as_mut_slice() {
        (*dtype, *missing) = ("uint8".into(), 255.into());
    }
    Value::Array(row)
}

/// The first place at which two values differ.
fn same(place: &str, there: &Value, source: &Value) -> Option<Finding> {
    match (there, source) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| same(&format!("{place}[{i}]"), a, b))
        }
        (Value::Array(a), Value::Array(b)) => {
            let words = |list: &[Value]| format!("{} entries", list.len());
            Some(differs(place.to_owned(), &words(a), &words(b)))
        }
        (Value::Object(a), Value::Object(b)) => a.keys().chain(b.keys()).find_map(|key| {
            let of = |map: &Document| map.get(key).cloned().unwrap_or_default();
            same(&format!("{place}.{key}"), &of(a), &of(b))
        }),
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (a, b) if a == b => None,
        (a, b) => Some(differs(place.to_owned(), &a.to_string(), &b.to_string())),
    }
}

fn differs(place: String, there: &str, source: &str) -> Finding {
    Finding::Differs { place, there: there.to_owned(), source: source.to_owned(), count: 1 }
}
