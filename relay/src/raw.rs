//! Numbers as bytes: little-endian, one after another.

use cellucid_wasm::array::Values;

/// The bytes of numbers and of items nobody interprets, as numpy has them in memory; `None` for text, records and lists.
pub fn bytes(values: &Values) -> Option<Vec<u8>> {
    macro_rules! numbers {
        ($v:expr) => {
            $v.iter().flat_map(|n| n.to_le_bytes()).collect()
        };
    }
    Some(match values {
        Values::Bool(v) => v.iter().map(|&item| u8::from(item)).collect(),
        Values::Bytes { bytes, .. } => bytes.clone(),
        Values::Complex { single: true, items } => {
            items.iter().flatten().flat_map(|&part| (part as f32).to_le_bytes()).collect()
        }
        Values::Complex { items, .. } => items.iter().flatten().flat_map(|part| part.to_le_bytes()).collect(),
        Values::I8(v) => numbers!(v),
        Values::I16(v) => numbers!(v),
        Values::I32(v) => numbers!(v),
        Values::I64(v) => numbers!(v),
        Values::U8(v) => v.clone(),
        Values::U16(v) => numbers!(v),
        Values::U32(v) => numbers!(v),
        Values::U64(v) => numbers!(v),
        Values::F16(v) => numbers!(v),
        Values::F32(v) => numbers!(v),
        Values::F64(v) => numbers!(v),
        Values::Text(_) | Values::Record(_) | Values::Lists { .. } => return None,
    })
}
