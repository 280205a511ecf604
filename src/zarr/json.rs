//! Metadata documents: JSON as Python writes it, and asking it for what has to be there.

use serde_json::{Map, Value};

use crate::{
    array::Attrs,
    error::{Error, Result},
    limits::Limits,
};

/// Parses a document; `NaN` and infinities, which Python writes bare, become strings.
pub(super) fn parse(text: &[u8], limits: &Limits, key: &str) -> Result<Map<String, Value>> {
    Limits::size(text.len() as u64, limits.header, "a metadata document").map_err(|e| e.at(key))?;
    let parsed = match serde_json::from_slice(text) {
        Ok(value) => Ok(value),
        Err(first) => serde_json::from_slice(&quoted(text)).map_err(|_| first),
    };
    match parsed {
        Ok(Value::Object(document)) => Ok(document),
        Ok(_) => Err(Error::malformed("metadata is JSON but no object").at(key)),
        Err(cause) => Err(Error::malformed("metadata is not JSON").because(cause).at(key)),
    }
}

/// The text with bare `NaN`, `Infinity` and `-Infinity` in quotes.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().saturating_add(16));
    let (mut rest, mut inside) = (text, false);
    while let Some((&byte, tail)) = rest.split_first() {
        if inside {
            let len = if byte == b'\\' { 2 } else { 1 };
            let (head, tail) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            out.extend_from_slice(head);
            inside = byte != b'"';
            rest = tail;
            continue;
        }
        let word = [&b"NaN"[..], b"Infinity", b"-Infinity"].into_iter().find(|word| rest.starts_with(word));
        if let Some(word) = word {
            out.push(b'"');
            out.extend_from_slice(word);
            out.push(b'"');
            rest = rest.get(word.len()..).unwrap_or(&[]);
            continue;
        }
        inside = byte == b'"';
        out.push(byte);
        rest = tail;
    }
    out
}

/// A named member that has to be there.
pub(super) fn member<'v>(document: &'v Map<String, Value>, name: &str) -> Result<&'v Value> {
    document.get(name).ok_or_else(|| Error::malformed(format!("metadata lacks \"{name}\"")))
}

/// A list of sizes.
pub(super) fn sizes(value: &Value, what: &str) -> Result<Vec<u64>> {
    let all = value.as_array().and_then(|list| list.iter().map(Value::as_u64).collect::<Option<Vec<_>>>());
    let all = all.ok_or_else(|| Error::malformed(format!("{what} {value} is no list of sizes")))?;
    // numpy allows 64 axes.
    if all.len() > 64 {
        return Err(Error::malformed(format!("{what} has {} axes", all.len())));
    }
    Ok(all)
}

/// The attributes of a document, empty where there are none.
pub(super) fn attributes(value: Option<&Value>) -> Attrs {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// A name with a configuration: `"name"`, `{"name": …, "configuration": {…}}`.
pub(super) fn named(value: &Value) -> Result<(&str, &Value)> {
    let name = value.as_str().or_else(|| value.get("name").and_then(Value::as_str));
    let name = name.ok_or_else(|| Error::malformed(format!("{value} is no name with a configuration")))?;
    Ok((name, value.get("configuration").unwrap_or(&Value::Null)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_nan_becomes_a_string_and_text_stays() {
        let text = br#"{"a": NaN, "b": [-Infinity, Infinity], "c NaN": "x\"NaN, \\", "d": 1.5}"#;
        let parsed = parse(text, &Limits::default(), ".zattrs").unwrap();
        let want =
            serde_json::json!({"a": "NaN", "b": ["-Infinity", "Infinity"], "c NaN": "x\"NaN, \\", "d": 1.5});
        assert_eq!(Value::Object(parsed), want);
    }

    #[test]
    fn what_is_no_document_is_said() {
        let limits = Limits { header: 40, ..Limits::default() };
        for (text, says) in [(&b"[1]"[..], "no object"), (b"{\"a\": ", "not JSON"), (&[b' '; 41], "limit")] {
            let error = parse(text, &limits, "X/.zarray").unwrap_err().to_string();
            assert!(error.starts_with("X/.zarray: ") && error.contains(says), "{error}");
        }
    }
}
