//! What an array's items are, in the words of Zarr 2 and 3.

use cellucid_wasm::{
    Error, Result,
    array::{Column, Values},
};
use serde_json::{Value, json};

use super::encode::{Coding, LEVEL};

/// What an array's items are.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Numbers of one type.
    Numbers {
        /// numpy's code, such as `<f4`.
        code: String,
        /// numpy's name, such as `float32`.
        name: String,
        /// Bytes of each.
        width: usize,
    },
    /// Text.
    Text,
    /// Records: name, numpy's code, Zarr 3's type and items of each field.
    Records {
        /// The fields.
        fields: Vec<(String, String, Value, usize)>,
        /// Bytes of each record.
        width: usize,
    },
}

impl Kind {
    /// What some values are stored as; of text in records the longest decides.
    ///
    /// # Errors
    /// `Unsupported` for what Zarr has no type for.
    pub fn of(values: &Values) -> Result<Self> {
        let (code, width) = match values {
            Values::Text(_) => return Ok(Self::Text),
            Values::Record(columns) => return records(columns),
            Values::Lists { .. } => {
                return Err(Error::unsupported("lists of varying length are not written here"));
            }
            Values::Bool(_) => ("|b1".to_owned(), 1),
            Values::I8(_) => ("|i1".to_owned(), 1),
            Values::U8(_) => ("|u1".to_owned(), 1),
            Values::I16(_) => ("<i2".to_owned(), 2),
            Values::U16(_) => ("<u2".to_owned(), 2),
            Values::F16(_) => ("<f2".to_owned(), 2),
            Values::I32(_) => ("<i4".to_owned(), 4),
            Values::U32(_) => ("<u4".to_owned(), 4),
            Values::F32(_) => ("<f4".to_owned(), 4),
            Values::I64(_) => ("<i8".to_owned(), 8),
            Values::U64(_) => ("<u8".to_owned(), 8),
            Values::F64(_) => ("<f8".to_owned(), 8),
            Values::Complex { single, .. } => {
                let width = if *single { 8 } else { 16 };
                (format!("<c{width}"), width)
            }
            Values::Bytes { width, .. } => (format!("|V{width}"), (*width).max(1)),
        };
        let name = match values {
            Values::Bytes { width, .. } => format!("r{}", width * 8),
            other => other.name().to_owned(),
        };
        Ok(Self::Numbers { code, name, width })
    }

    /// Bytes of an item; 0 for text.
    pub fn width(&self) -> usize {
        match self {
            Self::Text => 0,
            Self::Numbers { width, .. } | Self::Records { width, .. } => *width,
        }
    }

    /// How chunks of it are packed.
    pub fn coding(&self) -> Coding {
        match self {
            Self::Numbers { width, .. } => Coding::Blosc(*width),
            Self::Text | Self::Records { .. } => Coding::Zstd,
        }
    }

    /// Type, fill value, filters and compressor of `.zarray`.
    pub fn v2(&self) -> [Value; 4] {
        let zstd = json!({"id": "zstd", "level": LEVEL});
        match self {
            Self::Text => [json!("|O"), json!(""), json!([{"id": "vlen-utf8"}]), zstd],
            Self::Numbers { code, width, .. } => {
                let blosc =
                    json!({"id": "blosc", "cname": "zstd", "clevel": LEVEL, "shuffle": 1, "blocksize": 0});
                let fill = match code.get(1..2) {
                    Some("b") => json!(false),
                    Some("c") => json!([0.0, 0.0]),
                    Some("f") => json!(0.0),
                    Some("V") => json!(zeros(*width)),
                    _ => json!(0),
                };
                [json!(code), fill, Value::Null, blosc]
            }
            Self::Records { fields, width } => {
                let field = |(name, code, _, count): &(String, String, Value, usize)| match count {
                    1 => json!([name, code]),
                    many => json!([name, code, [many]]),
                };
                [fields.iter().map(field).collect(), json!(zeros(*width)), Value::Null, zstd]
            }
        }
    }

    /// Type, fill value and codecs of `zarr.json`.
    ///
    /// # Errors
    /// `Unsupported` for records with fields of several items.
    pub fn v3(&self) -> Result<[Value; 3]> {
        let zstd = json!({"name": "zstd", "configuration": {"level": LEVEL, "checksum": false}});
        Ok(match self {
            Self::Text => [json!("string"), json!(""), json!([{"name": "vlen-utf8"}, zstd])],
            Self::Numbers { code, name, width } => {
                let bytes = match width {
                    1 => json!({"name": "bytes"}),
                    _ => json!({"name": "bytes", "configuration": {"endian": "little"}}),
                };
                let blosc = json!({"name": "blosc", "configuration": {
                    "cname": "zstd", "clevel": LEVEL, "shuffle": "shuffle", "typesize": width, "blocksize": 0,
                }});
                let fill = if code.contains('V') { json!(vec![0; *width]) } else { self.v2()[1].clone() };
                [json!(name), fill, json!([bytes, blosc])]
            }
            Self::Records { fields, width } => {
                if fields.iter().any(|(.., count)| *count != 1) {
                    return Err(Error::unsupported("records with several items in a field are not written")
                        .hint("write Zarr 2"));
                }
                let fields: Value = fields.iter().map(|(name, _, kind, _)| json!([name, kind])).collect();
                let kind = json!({"name": "structured", "configuration": {"fields": fields}});
                [kind, json!(zeros(*width)), json!([{"name": "bytes"}, zstd])]
            }
        })
    }
}

fn records(columns: &[Column]) -> Result<Kind> {
    let mut width = 0;
    let mut fields = Vec::new();
    for column in columns {
        let (code, kind, each) = match &column.values {
            Values::Text(text) => {
                let chars = longest(text.iter());
                let kind =
                    json!({"name": "fixed_length_utf32", "configuration": {"length_bytes": chars * 4}});
                (format!("<U{chars}"), kind, chars * 4)
            }
            other => match Kind::of(other)? {
                Kind::Numbers { code, name, width } => (code, json!(name), width),
                _ => return Err(Error::unsupported("records in records are not written")),
            },
        };
        width += each * column.count;
        fields.push((column.name.clone(), code, kind, column.count));
    }
    Ok(Kind::Records { fields, width })
}

/// Records as numpy has them in memory, without gaps; text in UTF-32.
///
/// # Errors
/// As [`Kind::of`].
pub fn record_bytes(columns: &[Column]) -> Result<Vec<u8>> {
    let Kind::Records { width, .. } = records(columns)? else { return Ok(Vec::new()) };
    let rows = columns.first().map_or(0, |column| column.values.len() / column.count.max(1));
    let parts: Vec<(usize, Vec<u8>)> = columns
        .iter()
        .map(|column| {
            let bytes = match &column.values {
                Values::Text(text) => {
                    let chars = longest(text.iter());
                    let padded = |text: &str| -> Vec<u8> {
                        let units = text.chars().map(u32::from).chain(std::iter::repeat(0));
                        units.take(chars).flat_map(u32::to_le_bytes).collect()
                    };
                    text.iter().flat_map(padded).collect()
                }
                other => other.to_bytes().unwrap_or_default(),
            };
            (bytes.len() / rows.max(1), bytes)
        })
        .collect();
    let mut out = Vec::with_capacity(rows * width);
    for row in 0..rows {
        for (each, bytes) in &parts {
            out.extend_from_slice(bytes.get(row * each..(row + 1) * each).unwrap_or_default());
        }
    }
    Ok(out)
}

fn longest<'a>(text: impl Iterator<Item = &'a str>) -> usize {
    text.map(|text| text.chars().count()).max().unwrap_or(0).max(1)
}

/// So many zero bytes in Base64.
fn zeros(bytes: usize) -> String {
    let end = ["", "==", "="][bytes % 3];
    format!("{}{end}", "A".repeat(bytes.div_ceil(3) * 4 - end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_no_gaps_and_text_is_as_wide_as_the_longest() {
        let columns = [
            Column { name: "x".into(), count: 1, values: Values::Text(["a", "βc"].iter().collect()) },
            Column { name: "y".into(), count: 1, values: Values::I16(vec![1, -2]) },
        ];
        let kind = Kind::of(&Values::Record(columns.to_vec())).unwrap();
        assert_eq!(kind.v2()[0], json!([["x", "<U2"], ["y", "<i2"]]));
        assert_eq!(kind.width(), 10);
        let bytes = record_bytes(&columns).unwrap();
        assert_eq!(bytes, b"a\0\0\0\0\0\0\0\x01\0\xb2\x03\0\0c\0\0\0\xfe\xff");
        assert_eq!(["AA==", "AAA=", "AAAA", "AAAAAA=="].map(str::to_owned), [1, 2, 3, 4].map(zeros));
    }
}
