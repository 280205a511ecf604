//! `inspect`: what is in a source, what can be shown, what cannot and why.

use std::io::{self, Write};

use cellucid_wasm::{
    Error, Result,
    anndata::{AnnData, Matrix},
    dataset::Dataset,
    native::{Cache, block_on},
};
use serde_json::{Map, Value, json};

use crate::{
    args::Reading,
    export::size,
    output,
    source::{Opened, cache},
};

pub fn run(source: &str, as_json: bool, reading: &Reading) -> Result<()> {
    let opened = Opened::new(source, &reading.headers)?;
    let (description, index) = block_on(describe(&opened, reading))?;
    output::standard(|out| if as_json { writeln!(out, "{description:#}") } else { tell(out, &description) })?;
    if let Some(cache) = cache(reading) {
        short_of_room(&cache, index).iter().for_each(|notice| output::note(notice));
    }
    Ok(())
}

/// Says beforehand when what is found out about genes will not be kept, for want of room.
fn short_of_room(cache: &Cache, index: u64) -> Option<String> {
    let (folder, most) = cache.place();
    // It is made when something is kept.
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let free = fs4::available_space(there).ok()?.min(most);
    (index > free).then(|| {
        format!(
            "X is stored by row, and the index of its genes may take {}, for which {} has no room ({} are left): each run goes through all of X \
             again; free disk space, set XDG_CACHE_HOME, or store X by column (adata.X = adata.X.tocsc())",
            size(index),
            folder.display(),
            size(free)
        )
    })
}

/// The library's description; where nothing can be drawn, what there is and the reason instead. With it the bytes of a gene index.
async fn describe(opened: &Opened, reading: &Reading) -> Result<(Value, u64)> {
    let index = |data: &AnnData| data.x.as_ref().map_or(0, Matrix::index_size);
    let unreadable = |e: serde_json::Error| Error::malformed(format!("the description is no JSON: {e}"));
    let error = match opened.dataset(reading).await {
        Ok(dataset) => {
            let mut size = 0;
            if let Dataset::Made(export, _) = &dataset {
                export.data().survey().await;
                size = index(export.data());
            }
            let description = serde_json::from_str(&dataset.describe().await?).map_err(unreadable)?;
            return Ok((description, size));
        }
        Err(error) => error,
    };
    // What is no AnnData at all fails here once more, with the same words.
    let chosen = opened.chosen(reading).await?;
    chosen.data.survey().await;
    let mut outline = outline(&chosen.data, opened);
    if let Some(map) = outline.as_object_mut() {
        for (name, value) in chosen.place.json() {
            map.insert(name.into(), serde_json::from_str(&value.text()).map_err(unreadable)?);
        }
        map.insert("not_shown".into(), json!({"reason": error.message, "advice": error.advice()}));
    }
    Ok((outline, index(&chosen.data)))
}

fn outline(data: &AnnData, opened: &Opened) -> Value {
    let column = |name: &String| json!({"key": name});
    let entry = |entry: &cellucid_wasm::anndata::Entry| json!({"key": entry.key, "shape": entry.shape});
    let x = data.x.as_ref().map(|x| json!({"encoding": x.layout(), "dtype": x.dtype(), "shape": x.shape()}));
    json!({
        "format": data.tree().format(),
        "name": opened.name,
        "source": data.tree().name(),
        "n_obs": data.n_obs(),
        "n_vars": data.n_vars(),
        "x": x,
        "obs": data.obs.columns.iter().map(column).collect::<Vec<_>>(),
        "var": data.var.as_ref().map_or(Vec::new(), |var| var.columns.clone()),
        "obsm": data.obsm.iter().map(entry).collect::<Vec<_>>(),
        "skipped": data.skipped().into_iter().map(|s| json!({"object": s.object, "reason": s.reason})).collect::<Vec<_>>(),
    })
}

/// The description for people.
fn tell(out: &mut dyn Write, description: &Value) -> io::Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let field = |name: &str| description.get(name).unwrap_or(&Value::Null);
    let list = |name: &str| field(name).as_array().map(Vec::as_slice).unwrap_or_default();
    writeln!(
        out,
        "{} ({}): {} cells × {} genes",
        text(field("name")),
        text(field("format")),
        thousands(field("n_obs").as_u64().unwrap_or_default()),
        thousands(field("n_vars").as_u64().unwrap_or_default())
    )?;
    for (i, one) in list("inside").iter().enumerate() {
        let size = match (one["n_obs"].as_u64(), one["n_vars"].as_u64()) {
            (Some(cells), Some(genes)) => {
                format!("  {} cells × {} genes", thousands(cells), thousands(genes))
            }
            _ => String::new(),
        };
        let here = if one["root"] == *field("root") { "  (this one)" } else { "" };
        let why = one["reason"].as_str().map_or(String::new(), |why| format!("  cannot be shown: {why}"));
        writeln!(out, "{}#{}{size}{here}{why}", label(i, "inside"), text(&one["root"]))?;
    }
    match field("x") {
        Value::Object(x) => {
            let from = field("layer").as_str().map_or(String::new(), |layer| format!("  ({layer})"));
            writeln!(out, "X       {}{from}", matrix(x))?;
        }
        _ if field("format") == "export" => writeln!(out, "X       a file for each gene")?,
        _ => writeln!(out, "X       none")?,
    }
    let layers: Vec<String> = list("layers").iter().map(text).collect();
    if !layers.is_empty() {
        writeln!(out, "layers  {}", layers.join(", "))?;
    }
    let dims: Vec<(String, u64)> =
        list("embeddings").iter().map(|e| (text(&e["key"]), e["dim"].as_u64().unwrap_or_default())).collect();
    // An export has no obsm, only what is drawn of it.
    if list("obsm").is_empty() && !dims.is_empty() {
        let shown: Vec<String> = dims.iter().map(|(_, dim)| format!("{dim}D")).collect();
        writeln!(out, "points  {}", shown.join(", "))?;
    }
    for (i, entry) in list("obsm").iter().enumerate() {
        let key = text(&entry["key"]);
        let shown: Vec<String> =
            dims.iter().filter(|(k, _)| *k == key).map(|(_, dim)| format!("{dim}D")).collect();
        let shown = if shown.is_empty() { String::new() } else { format!("  shown in {}", shown.join(", ")) };
        writeln!(out, "{}{key} {}{shown}", label(i, "obsm"), shape(&entry["shape"]))?;
    }
    for (i, column) in list("obs").iter().enumerate() {
        let kind = match (column["kind"].as_str(), column["n_categories"].as_u64()) {
            (Some("category"), Some(n)) => format!("  {n} categories"),
            (Some("category"), None) => "  categories".into(),
            (Some(kind), _) => format!("  {kind}"),
            (None, _) => String::new(),
        };
        writeln!(out, "{}{}{kind}", label(i, "obs"), text(&column["key"]))?;
    }
    let var: Vec<String> = list("var").iter().map(text).collect();
    if !var.is_empty() {
        writeln!(out, "var     {}", var.join(", "))?;
    }
    if field("has_connectivity").as_bool() == Some(true) {
        writeln!(out, "graph   obsp/connectivities")?;
    }
    let fields: Vec<String> = list("vector_fields").iter().map(text).collect();
    if !fields.is_empty() {
        writeln!(out, "vectors {}", fields.join(", "))?;
    }
    for skipped in list("skipped") {
        writeln!(out, "cannot be used: {}: {}", text(&skipped["object"]), text(&skipped["reason"]))?;
    }
    if let Value::Object(reason) = field("not_shown") {
        writeln!(out, "cannot be shown: {}", reason.get("reason").map(text).unwrap_or_default())?;
        writeln!(out, "  {}", reason.get("advice").map(text).unwrap_or_default())?;
    }
    Ok(())
}

/// The section's name before its first line, room for it before the others.
fn label(row: usize, name: &str) -> String {
    format!("{:<8}", if row == 0 { name } else { "" })
}

fn matrix(x: &Map<String, Value>) -> String {
    let word = |name: &str| x.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    format!("{} {} {}", word("encoding"), word("dtype"), shape(x.get("shape").unwrap_or(&Value::Null)))
}

fn shape(sides: &Value) -> String {
    let sides: Vec<String> =
        sides.as_array().into_iter().flatten().map(|n| thousands(n.as_u64().unwrap_or_default())).collect();
    sides.join(" × ")
}

fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(super::thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
