//! Numbers as bytes: little-endian, one after another.

use super::Values;

impl Values {
    /// The bytes of numbers and of items nobody interprets, as numpy has them in memory; `None` for text, records and lists.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        macro_rules! numbers {
            ($v:expr) => {
                $v.iter().flat_map(|n| n.to_le_bytes()).collect()
            };
        }
        Some(match self {
            Self::Bool(v) => v.iter().map(|&item| u8::from(item)).collect(),
            Self::Bytes { bytes, .. } => bytes.clone(),
            Self::Complex { single: true, items } => {
                items.iter().flatten().flat_map(|&part| (part as f32).to_le_bytes()).collect()
            }
            Self::Complex { items, .. } => {
                items.iter().flatten().flat_map(|part| part.to_le_bytes()).collect()
            }
            Self::I8(v) => numbers!(v),
            Self::I16(v) => numbers!(v),
            Self::I32(v) => numbers!(v),
            Self::I64(v) => numbers!(v),
            Self::U8(v) => v.clone(),
            Self::U16(v) => numbers!(v),
            Self::U32(v) => numbers!(v),
            Self::U64(v) => numbers!(v),
            Self::F16(v) => numbers!(v),
            Self::F32(v) => numbers!(v),
            Self::F64(v) => numbers!(v),
            Self::Text(_) | Self::Record(_) | Self::Lists { .. } => return None,
        })
    }
}
