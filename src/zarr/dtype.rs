//! Data types by the names that Zarr v2 (numpy's) and v3 give them.

use serde_json::Value;

use super::json::named;
use crate::{
    array::{DType, Field, Order, Pad, TextForm},
    error::{Error, Result},
};

/// Deepest nesting of records in records.
const DEPTH: usize = 8;

/// A v2 data type: a numpy code, or a list of fields.
pub(super) fn v2(value: &Value, depth: usize) -> Result<DType> {
    match value {
        // An array of objects: what they are, a filter says.
        Value::String(code) if code == "|O" => Ok(DType::Text(TextForm::Packed)),
        Value::String(code) => match code.get(1..2) {
            // Dates and durations are counts since or of some unit.
            Some("M" | "m") => DType::from_numpy(&format!("{}i8", code.get(..1).unwrap_or("<"))),
            _ => DType::from_numpy(code),
        },
        Value::Array(fields) if depth < DEPTH => {
            let mut record = Record::default();
            for field in fields {
                let parts = field.as_array().map(Vec::as_slice).unwrap_or(&[]);
                let (Some(name), Some(dtype)) = (parts.first().and_then(Value::as_str), parts.get(1)) else {
                    return Err(Error::malformed(format!("{field} is no field of a record")));
                };
                let count = match parts.get(2) {
                    None => 1,
                    Some(shape) => shape
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(|side| side.as_u64().unwrap_or(u64::MAX))
                        .fold(1, u64::saturating_mul),
                };
                record.add(name, v2(dtype, depth.saturating_add(1))?, count)?;
            }
            record.finish()
        }
        other => Err(refuse(other)),
    }
}

/// A v3 data type, little-endian.
pub(super) fn v3(value: &Value, depth: usize) -> Result<DType> {
    let (name, configuration) = named(value)?;
    let bytes = || -> Result<u32> {
        let bits = configuration.get("length_bits").and_then(Value::as_u64).map(|bits| bits / 8);
        let bytes = configuration.get("length_bytes").and_then(Value::as_u64).or(bits);
        bytes
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| Error::malformed(format!("data type {value} has no length")))
    };
    let order = Order::Little;
    let int = |bytes, signed| Ok(DType::Int { bytes, signed, order });
    match name {
        "bool" => Ok(DType::Bool),
        "int8" => int(1, true),
        "int16" => int(2, true),
        "int32" => int(4, true),
        "int64" | "numpy.datetime64" | "numpy.timedelta64" => int(8, true),
        "uint8" => int(1, false),
        "uint16" => int(2, false),
        "uint32" => int(4, false),
        "uint64" => int(8, false),
        "float16" => Ok(DType::Float { bytes: 2, order }),
        // Brain floats become single precision on the way; see `codecs`.
        "float32" => Ok(DType::Float { bytes: 4, order }),
        "bfloat16" if depth == 0 => Ok(DType::Float { bytes: 4, order }),
        "float64" => Ok(DType::Float { bytes: 8, order }),
        "complex64" => Ok(DType::Complex { bytes: 4, order }),
        "complex128" => Ok(DType::Complex { bytes: 8, order }),
        "string" | "bytes" | "variable_length_bytes" => Ok(DType::Text(TextForm::Packed)),
        "fixed_length_utf32" | "fixed_length_unicode" => {
            Ok(DType::Text(TextForm::Utf32 { chars: bytes()? / 4, order }))
        }
        "null_terminated_bytes" | "fixed_length_ascii" => {
            Ok(DType::Text(TextForm::Fixed { width: bytes()?, pad: Pad::Nulls }))
        }
        "raw_bytes" | "fixed_length_bytes" => Ok(DType::Bytes { width: bytes()? }),
        "structured" | "struct" if depth < DEPTH => {
            let mut record = Record::default();
            for field in configuration.get("fields").and_then(Value::as_array).into_iter().flatten() {
                // A pair, or an object with the same.
                let name = field.get(0).or_else(|| field.get("name")).and_then(Value::as_str);
                let dtype = field.get(1).or_else(|| field.get("data_type"));
                let (Some(name), Some(dtype)) = (name, dtype) else {
                    return Err(Error::malformed(format!("{field} is no field of a record")));
                };
                record.add(name, v3(dtype, depth.saturating_add(1))?, 1)?;
            }
            record.finish()
        }
        raw => match raw.strip_prefix('r').and_then(|bits| bits.parse::<u32>().ok()) {
            Some(bits) if bits % 8 == 0 => Ok(DType::Bytes { width: bits / 8 }),
            _ => Err(refuse(value)),
        },
    }
}

fn refuse(value: &Value) -> Error {
    Error::unsupported(format!("data type {value} is not read")).hint("store the array as numbers or strings")
}

/// Fields one behind another.
#[derive(Default)]
struct Record {
    fields: Vec<Field>,
    width: u32,
}

impl Record {
    fn add(&mut self, name: &str, dtype: DType, count: u64) -> Result<()> {
        let over = || Error::malformed(format!("field \"{name}\" is too large"));
        if dtype == DType::Text(TextForm::Packed) {
            return Err(Error::unsupported(format!("field \"{name}\" holds objects")));
        }
        let count = u32::try_from(count).map_err(|_| over())?;
        let offset = self.width;
        let bytes = (dtype.width() as u64).saturating_mul(count.into()).saturating_add(offset.into());
        self.width = u32::try_from(bytes).ok().filter(|&width| width < 1 << 30).ok_or_else(over)?;
        // Padding has no name.
        if !name.is_empty() {
            self.fields.push(Field { name: name.to_owned(), offset, count, dtype });
        }
        Ok(())
    }

    fn finish(self) -> Result<DType> {
        // Nothing would tell how many there are.
        if self.fields.is_empty() {
            return Err(Error::malformed("a record without fields"));
        }
        Ok(DType::Record { fields: self.fields, width: self.width })
    }
}

/// The same type in another byte order.
pub(super) fn ordered(dtype: DType, order: Order) -> DType {
    match dtype {
        DType::Int { bytes, signed, .. } => DType::Int { bytes, signed, order },
        DType::Float { bytes, .. } => DType::Float { bytes, order },
        DType::Complex { bytes, .. } => DType::Complex { bytes, order },
        DType::Text(TextForm::Utf32 { chars, .. }) => DType::Text(TextForm::Utf32 { chars, order }),
        DType::Record { fields, width } => {
            let field = |field: Field| Field { dtype: ordered(field.dtype, order), ..field };
            DType::Record { fields: fields.into_iter().map(field).collect(), width }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_of_both_versions_have_the_same_layout() {
        let two =
            json!([["a", "<i4"], ["", "|V4"], ["n", [["x", "|u1"], ["y", "<U2"]]], ["v", "<f8", [2, 3]]]);
        let DType::Record { fields, width } = v2(&two, 0).unwrap() else { panic!() };
        assert_eq!(width, 4 + 4 + 9 + 48);
        let places: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.offset, f.count)).collect();
        assert_eq!(places, [("a", 0, 1), ("n", 8, 1), ("v", 17, 6)]);
        let utf32 = json!({"name": "fixed_length_utf32", "configuration": {"length_bytes": 8}});
        let inner = json!([["x", "uint8"], ["y", utf32]]);
        let three = json!({"name": "structured", "configuration": {"fields": inner}});
        assert_eq!(v3(&three, 0).unwrap(), fields[1].dtype);
        let objects = json!([{"name": "x", "data_type": "uint8"}, {"name": "y", "data_type": utf32}]);
        let three = json!({"name": "struct", "configuration": {"fields": objects}});
        assert_eq!(v3(&three, 0).unwrap(), fields[1].dtype);
    }

    #[test]
    fn hostile_and_unknown_types_are_refused() {
        let mut deep = json!("<i4");
        for _ in 0..50 {
            deep = json!([["a", deep]]);
        }
        let huge = json!([["a", "|V999999999", [999_999_999]]]);
        for value in [deep, huge, json!("<f16"), json!([["a", "|O"]]), json!(7), json!([[1, 2]]), json!("")] {
            assert!(v2(&value, 0).is_err(), "{value}");
        }
        for value in [json!("float128"), json!({"name": "raw_bytes"}), json!("r7"), json!({}), json!(null)] {
            assert!(v3(&value, 0).is_err(), "{value}");
        }
    }
}
