//! Fill values: from all their spellings in JSON to the bytes that one item would be stored as.

use base64::{Engine, engine::general_purpose::STANDARD};
use half::f16;
use serde_json::Value;

use crate::{
    array::{DType, Order, TextForm},
    error::{Error, Result},
};

/// The same for a v3 data type of that name, where the name says more than the type it is read as.
pub(super) fn v3(value: &Value, name: &str, dtype: &DType) -> Result<Vec<u8>> {
    match (name, value.as_str()) {
        // Half of the bits are stored, all of them are read.
        ("bfloat16", Some(hex)) if hex.starts_with("0x") => bytes(&Value::from(format!("{hex}0000")), dtype),
        ("bytes" | "variable_length_bytes", Some(text)) => {
            let refuse = |_| Error::malformed(format!("fill value \"{text}\" is not base 64"));
            STANDARD.decode(text).map_err(refuse)
        }
        _ => bytes(value, dtype),
    }
}

/// One item's stored bytes; empty for zeros and where nothing is defined.
pub(super) fn bytes(value: &Value, dtype: &DType) -> Result<Vec<u8>> {
    let refuse = || Error::malformed(format!("{value} is no fill value of type {}", dtype.name()));
    let width = dtype.width();
    let mut stored = match (dtype, value) {
        // What zarr-python leaves undefined is zero here.
        (_, Value::Null) => Vec::new(),
        (DType::Bool, value) => match value {
            Value::Bool(set) => vec![u8::from(*set)],
            other => vec![u8::from(other.as_f64().ok_or_else(refuse)? != 0.0)],
        },
        (DType::Int { bytes, order, .. }, value) => int(value, *bytes, *order).ok_or_else(refuse)?,
        (DType::Float { bytes, order }, value) => float(value, *bytes, *order).ok_or_else(refuse)?,
        (DType::Complex { bytes, order }, value) => {
            let zero = Value::from(0);
            let (re, im) = match value.as_array().map(Vec::as_slice) {
                Some([re, im]) => (re, im),
                Some(_) => return Err(refuse()),
                None => (value, &zero),
            };
            let mut both = float(re, *bytes, *order).ok_or_else(refuse)?;
            both.extend(float(im, *bytes, *order).ok_or_else(refuse)?);
            both
        }
        (DType::Text(TextForm::Packed), value) => match value {
            Value::String(text) => text.as_bytes().to_vec(),
            Value::Number(_) => Vec::new(),
            Value::Array(list) => numbers(list).ok_or_else(refuse)?,
            _ => return Err(refuse()),
        },
        (DType::Text(TextForm::Utf32 { order, .. }), Value::String(text)) => {
            text.chars().flat_map(|c| ordered((c as u32).to_le_bytes(), *order)).collect()
        }
        (DType::Record { fields, width }, Value::Object(members)) => {
            let mut item = vec![0; *width as usize];
            for field in fields {
                let Some(member) = members.get(&field.name) else { continue };
                let part = bytes(member, &field.dtype)?;
                let slot = item.get_mut(field.offset as usize..).unwrap_or(&mut []);
                slot.iter_mut().zip(part).for_each(|(to, from)| *to = from);
            }
            item
        }
        // Raw bytes: as numbers, or in base 64.
        (_, Value::Array(list)) => numbers(list).ok_or_else(refuse)?,
        (_, Value::String(text)) => match STANDARD.decode(text) {
            Ok(raw) if raw.len() <= width => raw,
            // Not what the specification asks for, but written.
            _ if dtype.is_text() => text.as_bytes().to_vec(),
            _ => return Err(refuse()),
        },
        // numpy's zero for text and records.
        (_, Value::Number(n)) if n.as_f64() == Some(0.0) => Vec::new(),
        _ => return Err(refuse()),
    };
    if width > 0 && !stored.is_empty() {
        if stored.len() > width {
            return Err(refuse());
        }
        stored.resize(width, 0);
    }
    if stored.iter().all(|&byte| byte == 0) {
        stored.clear();
    }
    Ok(stored)
}

/// Bytes as a list of numbers.
fn numbers(list: &[Value]) -> Option<Vec<u8>> {
    list.iter().map(|v| v.as_u64().and_then(|b| u8::try_from(b).ok())).collect()
}

fn ordered<const N: usize>(mut little: [u8; N], order: Order) -> [u8; N] {
    if order == Order::Big {
        little.reverse();
    }
    little
}

/// Bytes given in order of significance from the lowest.
fn cut(little: [u8; 8], bytes: u8, order: Order) -> Vec<u8> {
    let mut used: Vec<u8> = little.into_iter().take(bytes.into()).collect();
    if order == Order::Big {
        used.reverse();
    }
    used
}

fn int(value: &Value, bytes: u8, order: Order) -> Option<Vec<u8>> {
    let raw = match value {
        Value::Bool(set) => u64::from(*set),
        // Not a time: the smallest number.
        Value::String(text) if text == "NaT" => 1 << 63,
        Value::Number(n) => match (n.as_u64(), n.as_i64()) {
            (Some(n), _) => n,
            (_, Some(n)) => n as u64,
            _ => n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e18)? as i64 as u64,
        },
        _ => return None,
    };
    Some(cut(raw.to_le_bytes(), bytes, order))
}

fn float(value: &Value, bytes: u8, order: Order) -> Option<Vec<u8>> {
    let number = match value {
        Value::Bool(set) => f64::from(u8::from(*set)),
        Value::Number(n) => n.as_f64()?,
        Value::String(text) => match text.as_str() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            // The bits themselves, highest first.
            hex => {
                let raw = u64::from_str_radix(hex.strip_prefix("0x")?, 16).ok()?;
                return (raw.checked_shr(u32::from(bytes).saturating_mul(8)).unwrap_or(0) == 0)
                    .then(|| cut(raw.to_le_bytes(), bytes, order));
            }
        },
        _ => return None,
    };
    let raw = match bytes {
        2 => f16::from_f64(number).to_bits().into(),
        4 => (number as f32).to_bits().into(),
        _ => number.to_bits(),
    };
    Some(cut(raw.to_le_bytes(), bytes, order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Pad;
    use serde_json::json;

    fn fill(code: &str, value: Value) -> Vec<u8> {
        bytes(&value, &DType::from_numpy(code).unwrap()).unwrap()
    }

    #[test]
    fn every_spelling() {
        assert_eq!(fill("<f4", json!("NaN")), f32::NAN.to_le_bytes());
        assert_eq!(fill(">f8", json!("-Infinity")), f64::NEG_INFINITY.to_be_bytes());
        assert_eq!(fill("<f2", json!(1.5)), f16::from_f32(1.5).to_le_bytes());
        assert_eq!(fill("<f4", json!("0x7fc00001")), 0x7fc0_0001_u32.to_le_bytes());
        assert_eq!(fill("<u8", json!(u64::MAX)), [255; 8]);
        assert_eq!(fill(">i2", json!(-2)), [255, 254]);
        assert_eq!(fill("<i8", json!("NaT")), i64::MIN.to_le_bytes());
        assert_eq!(fill("|b1", json!(true)), [1]);
        assert_eq!(fill("<c8", json!(["NaN", 1.0])), [f32::NAN.to_le_bytes(), 1_f32.to_le_bytes()].concat());
        assert_eq!(fill("|S5", json!("YWI=")), b"ab\0\0\0");
        assert_eq!(fill("|V3", json!("AQID")), [1, 2, 3]);
        assert_eq!(fill("|V3", json!([1, 2, 3])), [1, 2, 3]);
        assert_eq!(fill(">U2", json!("β")), [0, 0, 3, 0xb2, 0, 0, 0, 0]);
        for (code, zero) in [("<f4", json!(0)), ("<i4", Value::Null), ("|S3", json!("")), ("<U3", json!(0))] {
            assert_eq!(fill(code, zero), b"", "{code}");
        }
        let packed = DType::Text(TextForm::Packed);
        assert_eq!(bytes(&json!("none"), &packed).unwrap(), b"none");
        for value in [json!("bm9uZQ=="), json!([110, 111, 110, 101])] {
            assert_eq!(v3(&value, "variable_length_bytes", &packed).unwrap(), b"none");
        }
        let single = DType::from_numpy("<f4").unwrap();
        assert_eq!(v3(&json!("0x3fc0"), "bfloat16", &single).unwrap(), 1.5_f32.to_le_bytes());
        assert_eq!(v3(&json!(1.5), "bfloat16", &single).unwrap(), 1.5_f32.to_le_bytes());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let wrong = [("<f4", json!("nan")), ("<f4", json!("0x7fc0000100")), ("<i4", json!(1.5))];
        let more =
            [("<i4", json!("7")), ("|V2", json!([1, 2, 3])), ("|V2", json!([300])), ("<c8", json!([1]))];
        for (code, value) in wrong.into_iter().chain(more) {
            assert!(bytes(&value, &DType::from_numpy(code).unwrap()).is_err(), "{code} {value}");
        }
        let text = DType::Text(TextForm::Fixed { width: 1, pad: Pad::Nulls });
        assert!(bytes(&json!("too long"), &text).is_err());
    }
}
