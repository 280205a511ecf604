//! `datasets`: `datasets.json` of a root that holds several export folders (specification: section 12.5).

use std::{fs, path::Path};

use cellucid_wasm::{Error, Result};
use serde_json::{Map, Value, json};

use super::folder::IDENTITY;
use crate::output;

/// The list's name.
const LIST: &str = "datasets.json";

pub fn run(root: &Path, default: Option<&str>) -> Result<()> {
    let name = root.display().to_string();
    let fail = |e: &std::io::Error| output::failed(e, &name);
    let mut folders: Vec<String> = fs::read_dir(root)
        .map_err(|e| fail(&e))?
        .filter_map(|entry| entry.ok().map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .filter(|folder| root.join(folder).join(IDENTITY).is_file())
        .collect();
    folders.sort_unstable();
    let mut entries = Vec::new();
    for folder in &folders {
        let place = root.join(folder).join(IDENTITY);
        let wrong = |what: &str| Error::malformed(what.to_owned()).in_file(place.display().to_string());
        let text = fs::read(&place).map_err(|e| output::failed(&e, &place.display().to_string()))?;
        let identity: Value = serde_json::from_slice(&text).map_err(|_| wrong("is no JSON"))?;
        let word = |key: &str| identity.get(key).and_then(Value::as_str).unwrap_or(folder).to_owned();
        let mut entry = Map::new();
        entry.insert("id".into(), word("id").into());
        entry.insert("path".into(), format!("{folder}/").into());
        entry.insert("name".into(), word("name").into());
        for key in ["n_cells", "n_genes"] {
            let count = identity.get("stats").and_then(|stats| stats.get(key)).and_then(Value::as_u64);
            entry.extend(count.filter(|&n| n > 0).map(|n| (key.to_owned(), n.into())));
        }
        entries.push(entry);
    }
    let id = |entry: &Map<String, Value>| entry.get("id").and_then(Value::as_str).map(str::to_owned);
    if entries.is_empty() {
        return Err(Error::missing("holds no export folders")
            .in_file(name)
            .hint("name the folder above those that were exported"));
    }
    let default = match default {
        Some(wanted) if entries.iter().any(|entry| id(entry).as_deref() == Some(wanted)) => wanted.to_owned(),
        Some(wanted) => {
            let ids: Vec<String> = entries.iter().filter_map(id).collect();
            return Err(Error::request(format!("there is no data set {wanted:?} in it; there are {ids:?}"))
                .in_file(name));
        }
        None => entries.first().and_then(id).unwrap_or_default(),
    };
    let count = entries.len();
    let list = json!({"version": 1, "default": default, "datasets": entries});
    let text = serde_json::to_string_pretty(&list)
        .map_err(|e| Error::source(format!("cannot be written as JSON: {e}")))?;
    let text = ascii(&text);
    // Beside it first: a reader finds the old list or the new one.
    let (part, place) = (root.join(format!("{LIST}.part")), root.join(LIST));
    output::file(&part, text.as_bytes())?;
    fs::rename(&part, &place).map_err(|e| fail(&e))?;
    output::note(&format!(
        "{}: {count} data set{}, {default} first",
        place.display(),
        if count == 1 { "" } else { "s" }
    ));
    Ok(())
}

/// JSON text as Python writes it: everything beyond ASCII escaped.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}
