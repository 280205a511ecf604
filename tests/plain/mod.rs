//! Values as the scripts that make the expectations write them.

use cellucid_wasm::array::Values;

/// Little-endian bytes, or texts each with a NUL behind it; nothing of records and lists, which are compared part by part.
pub fn plain(values: &Values) -> Vec<u8> {
    macro_rules! bytes {
        ($v:expr) => {
            $v.iter().flat_map(|x| x.to_le_bytes()).collect()
        };
    }
    match values {
        Values::Bool(v) => v.iter().map(|&b| b.into()).collect(),
        Values::I8(v) => bytes!(v),
        Values::U8(v) => v.clone(),
        Values::I16(v) => bytes!(v),
        Values::U16(v) => bytes!(v),
        Values::I32(v) => bytes!(v),
        Values::U32(v) => bytes!(v),
        Values::I64(v) => bytes!(v),
        Values::U64(v) => bytes!(v),
        Values::F16(v) => bytes!(v),
        Values::F32(v) => bytes!(v),
        Values::F64(v) => bytes!(v),
        Values::Complex { single: true, items } => {
            items.iter().flatten().flat_map(|&x| (x as f32).to_le_bytes()).collect()
        }
        Values::Complex { items, .. } => items.iter().flatten().flat_map(|x| x.to_le_bytes()).collect(),
        Values::Bytes { bytes, .. } => bytes.clone(),
        Values::Text(text) => text.iter().flat_map(|t| [t.as_bytes(), b"\0"].concat()).collect(),
        Values::Record(_) | Values::Lists { .. } => Vec::new(),
    }
}
