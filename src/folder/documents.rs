//! The JSON documents of a folder: read as Python writes them, and the paths that they stand for.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    export,
    limits::Limits,
    source::{KeyedSource, Part},
};

/// A JSON document; `None` when it is not there.
///
/// # Errors
/// `Source` when it cannot be read, `Limit` when it is too long, `Malformed` when it is no JSON object.
pub async fn document(
    store: &dyn KeyedSource,
    prefix: &str,
    name: &str,
    limits: &Limits,
) -> Result<Option<Map<String, Value>>> {
    let Some(bytes) = store.get(&format!("{prefix}{name}"), Part::All).await? else { return Ok(None) };
    Limits::size(bytes.len() as u64, limits.header, "a manifest").map_err(|e| e.at(name))?;
    parse(&bytes).map(Some).map_err(|e| e.at(format!("{prefix}{name}")))
}

/// Reads a JSON object as Python writes it: with bare tokens for what JSON cannot say, which become null.
///
/// # Errors
/// `Malformed` when it is none.
pub fn parse(text: &[u8]) -> Result<Map<String, Value>> {
    match serde_json::from_slice(plain_json(&String::from_utf8_lossy(text)).as_bytes()) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Error::malformed("is no JSON object")),
        Err(error) => Err(Error::malformed("is no JSON").because(error)),
    }
}

/// JSON with `NaN` and infinities outside of strings replaced by null.
fn plain_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut quoted) = (text, false);
    while let Some(c) = rest.chars().next() {
        let token = ["NaN", "-Infinity", "Infinity"].into_iter().find(|t| !quoted && rest.starts_with(t));
        let used = match (token, c) {
            (Some(token), _) => {
                out.push_str("null");
                token.len()
            }
            (None, '\\') if quoted => {
                let escape = rest.chars().nth(1).map_or(0, char::len_utf8);
                let used = 1 + escape;
                out.push_str(rest.get(..used).unwrap_or(rest));
                used
            }
            (None, c) => {
                quoted ^= c == '"';
                out.push(c);
                c.len_utf8()
            }
        };
        rest = rest.get(used..).unwrap_or("");
    }
    out
}

/// The paths a manifest stands for.
pub fn files(manifest: &Map<String, Value>) -> Vec<String> {
    let mut paths = Vec::new();
    let rows = |key: &str| manifest.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let safe = |row: &Value| row.get(0).and_then(Value::as_str).map(export::safe);
    let pattern = |group: &str, key: &str| {
        let schema = match group {
            "" => manifest.get("_varSchema"),
            kind => manifest.get("_obsSchemas").and_then(|s| s.get(kind)),
        };
        schema.and_then(|s| s.get(key)).and_then(Value::as_str).unwrap_or("").to_owned()
    };
    for (list, group) in [("_continuousFields", "continuous"), ("fields", "")] {
        let pattern = pattern(group, "pathPattern");
        paths.extend(rows(list).iter().filter_map(safe).map(|key| pattern.replace("{key}", &key)));
    }
    let (codes, outliers) =
        (pattern("categorical", "codesPathPattern"), pattern("categorical", "outlierPathPattern"));
    for row in rows("_categoricalFields") {
        let Some(key) = safe(&row) else { continue };
        let ext = if row.get(2).and_then(Value::as_str) == Some("uint8") { "u8" } else { "u16" };
        paths.push(codes.replace("{key}", &key).replace("{ext}", ext));
        paths.push(outliers.replace("{key}", &key));
    }
    for key in ["sourcesPath", "destinationsPath", "weightsPath"] {
        paths.extend(manifest.get(key).and_then(Value::as_str).map(str::to_owned));
    }
    paths.retain(|path| !path.is_empty());
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    paths
}

/// The strings of a map below a map.
pub fn strings(map: &Map<String, Value>, keys: &[&str]) -> Vec<String> {
    let mut at = keys.split_first().and_then(|(first, rest)| Some((map.get(*first)?, rest)));
    while let Some((value, rest)) = at {
        match rest.split_first() {
            Some((key, rest)) => at = value.get(*key).map(|v| (v, rest)),
            None => {
                let values = value.as_object().into_iter().flat_map(Map::values);
                return values.filter_map(Value::as_str).map(str::to_owned).collect();
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_tokens_become_null_outside_of_strings() {
        assert_eq!(
            plain_json(r#"{"NaN": [NaN, -Infinity, "a\"NaN"], "x": Infinity}"#),
            r#"{"NaN": [null, null, "a\"NaN"], "x": null}"#
        );
    }
}
