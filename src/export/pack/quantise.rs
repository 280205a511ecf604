//! Numbers as codes of one or two bytes, with the range that they stand for.

use bytes::Bytes;

use super::{
    super::{fields::range, floats},
    Range,
};

/// Width of quantised values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bits {
    /// One byte.
    Eight,
    /// Two bytes.
    Sixteen,
}

impl Bits {
    /// File name's ending.
    pub(in crate::export) fn ext(bits: Option<Self>) -> &'static str {
        match bits {
            None => "f32",
            Some(Self::Eight) => "u8",
            Some(Self::Sixteen) => "u16",
        }
    }

    pub(in crate::export) fn dtype(bits: Option<Self>) -> &'static str {
        match bits {
            None => "float32",
            Some(Self::Eight) => "uint8",
            Some(Self::Sixteen) => "uint16",
        }
    }

    pub(in crate::export) fn number(self) -> u64 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }

    /// Codes of values, and the range they stand for; what is not finite gets the largest code.
    fn quantize(self, values: &[f32]) -> (Bytes, f64, f64) {
        let (low, mut high) = range(values);
        if high == low {
            high = low + 1.0;
        }
        let top = match self {
            Self::Eight => 254.0_f32,
            Self::Sixteen => 65_534.0,
        };
        let (origin, scale) = (low as f32, (f64::from(top) / (high - low)) as f32);
        // Not `clamp`: what it says of wrong bounds brings a printer of decimal numbers.
        let code = |&value: &f32| {
            if value.is_finite() {
                ((value - origin) * scale).max(0.0).min(top) as u16
            } else {
                top as u16 + 1
            }
        };
        let bytes: Vec<u8> = match self {
            Self::Eight => values.iter().map(|v| code(v) as u8).collect(),
            Self::Sixteen => values.iter().flat_map(|v| code(v).to_le_bytes()).collect(),
        };
        (bytes.into(), low, high)
    }
}

/// A file's bytes, and the range of its values where they are quantised.
pub fn packed(values: Vec<f32>, bits: Option<Bits>) -> (Bytes, Option<Range>) {
    match bits {
        None => (floats(values), None),
        Some(bits) => {
            let (body, low, high) = bits.quantize(&values);
            (body, Some((low, high)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantisation_truncates_and_marks_what_is_not_finite() {
        let (codes, low, high) = Bits::Eight.quantize(&[0.0, 1.0, 2.0, 3.0, f32::NAN, f32::INFINITY, -1.0]);
        assert_eq!(codes, [63_u8, 127, 190, 254, 255, 255, 0].as_slice());
        assert_eq!((low, high), (-1.0, 3.0));
    }
}
