//! Lists of varying length, for which Zarr has no form that every reader knows: as their items, and where each begins.

use cellucid_wasm::{
    Result,
    array::{Attrs, Values},
};
use serde_json::json;

use super::{copy, writer::Writer};

/// What is said of them.
pub const WORDS: &str = "lists of varying length become their values and where each begins";

/// Writes lists as a group of `values`, `offsets` and, where they lie along several axes, `shape`.
///
/// # Errors
/// What writing says; `Unsupported` for lists of what cannot be written.
pub fn write(writer: &mut Writer, lists: &Values, shape: &[u64], path: &str, attrs: &Attrs) -> Result<()> {
    let Values::Lists { lens, count, items } = lists else {
        let kind = match lists {
            Values::Text(_) => ["string-array", "0.2.0"],
            Values::Record(_) => ["rec-array", "0.2.0"],
            _ => ["array", "0.2.0"],
        };
        return copy::values(writer, lists, shape, path, &encoded(Attrs::new(), kind));
    };
    writer.group(path, &encoded(attrs.clone(), ["dict", "0.1.0"]));
    let mut offsets = vec![0_i64];
    offsets.extend(lens.iter().scan(0, |end, &len| {
        *end += i64::from(len);
        Some(*end)
    }));
    let elements = offsets.last().copied().unwrap_or(0) as u64;
    let mut inner = vec![elements];
    inner.extend((*count != 1).then_some(*count as u64));
    write(writer, items, &inner, &format!("{path}/values"), &Attrs::new())?;
    let count = offsets.len() as u64;
    write(writer, &Values::I64(offsets), &[count], &format!("{path}/offsets"), &Attrs::new())?;
    if shape.len() == 1 {
        return Ok(());
    }
    let sides = Values::I64(shape.iter().map(|&side| side as i64).collect());
    write(writer, &sides, &[shape.len() as u64], &format!("{path}/shape"), &Attrs::new())
}

fn encoded(mut attrs: Attrs, [kind, version]: [&str; 2]) -> Attrs {
    attrs.insert("encoding-type".into(), json!(kind));
    attrs.insert("encoding-version".into(), json!(version));
    attrs
}
