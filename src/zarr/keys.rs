//! From chunk coordinates to the keys under which chunks are stored.

use serde_json::Value;

use super::json::named;
use crate::error::{Error, Result};

/// How an array spells the keys of its chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    /// The array's path with a slash behind it, empty for the root.
    folder: String,
    /// In front of the coordinates: `c` in the default spelling of v3.
    prefix: &'static str,
    separator: char,
}

impl Keys {
    /// The spelling of v2 under that path.
    pub(super) fn v2(path: &str, separator: Option<&Value>) -> Result<Self> {
        Ok(Self { folder: folder(path), prefix: "", separator: parse(separator, '.')? })
    }

    /// What a v3 document says, under that path.
    pub(super) fn v3(path: &str, encoding: &Value) -> Result<Self> {
        let (name, configuration) = named(encoding)?;
        let separator = configuration.get("separator").or_else(|| encoding.get("separator"));
        match name {
            "default" => Ok(Self { folder: folder(path), prefix: "c", separator: parse(separator, '/')? }),
            "v2" => Self::v2(path, separator),
            other => Err(Error::unsupported(format!("chunk key encoding \"{other}\" is not read"))),
        }
    }

    /// The key of one chunk.
    pub(super) fn key(&self, coordinates: &[u64]) -> String {
        let mut key = self.folder.clone();
        key.push_str(self.prefix);
        for (i, coordinate) in coordinates.iter().enumerate() {
            if i > 0 || !self.prefix.is_empty() {
                key.push(self.separator);
            }
            key.push_str(&coordinate.to_string());
        }
        if coordinates.is_empty() && self.prefix.is_empty() {
            key.push('0');
        }
        key
    }
}

/// A path as what stands in front of the keys below it.
pub(super) fn folder(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}/") }
}

fn parse(separator: Option<&Value>, default: char) -> Result<char> {
    match separator.and_then(Value::as_str) {
        None => Ok(default),
        Some(".") => Ok('.'),
        Some("/") => Ok('/'),
        Some(other) => Err(Error::malformed(format!("chunk keys separated by \"{other}\""))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_spelling() {
        let default = Keys::v3("obs/x", &json!({"name": "default"})).unwrap();
        assert_eq!((default.key(&[1, 2]), default.key(&[])), ("obs/x/c/1/2".into(), "obs/x/c".into()));
        let dotted = json!({"name": "default", "configuration": {"separator": "."}});
        assert_eq!(Keys::v3("", &dotted).unwrap().key(&[1, 2]), "c.1.2");
        let old = Keys::v3("x", &json!({"name": "v2"})).unwrap();
        assert_eq!((old.key(&[1, 2]), old.key(&[])), ("x/1.2".into(), "x/0".into()));
        assert_eq!(Keys::v2("", Some(&json!("/"))).unwrap().key(&[1, 2]), "1/2");
        assert!(Keys::v2("", Some(&json!("-"))).is_err());
        assert!(Keys::v3("", &json!({"name": "fanout"})).is_err());
    }
}
