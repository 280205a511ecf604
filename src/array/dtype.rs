//! What one item of an array is, as stored.

use crate::error::{Error, Result};

/// Byte order of stored numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// What fills the rest of a fixed-width string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pad {
    /// The string ends at the first NUL.
    Terminated,
    /// Trailing NULs are not part of it.
    Nulls,
    /// Trailing spaces are not part of it.
    Spaces,
}

/// How text is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextForm {
    /// `width` bytes of UTF-8 each.
    Fixed {
        /// Bytes per item.
        width: u32,
        /// What fills the rest.
        pad: Pad,
    },
    /// `chars` UTF-32 code units each, NUL padded (numpy `<U`).
    Utf32 {
        /// Code units per item.
        chars: u32,
        /// Order of each unit.
        order: Order,
    },
    /// The chunk itself is a count and length-prefixed strings (Zarr `vlen-utf8`).
    Packed,
    /// Items are references of `width` bytes that the tree resolves (HDF5 global heap).
    Heap {
        /// Bytes per reference.
        width: u32,
    },
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Byte offset within the item.
    pub offset: u32,
    /// Items of it per record (more than one for sub-arrays).
    pub count: u32,
    /// What each is.
    pub dtype: DType,
}

/// A floating point number as it is made: `bfloat16`, `long double` and the like. Positions are of bits, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Odd {
    /// Bytes per item, at most 16.
    pub bytes: u8,
    /// Byte order.
    pub order: Order,
    /// Position of the sign.
    pub sign: u8,
    /// Position and size of the exponent.
    pub exponent: (u8, u8),
    /// Position and size of the mantissa.
    pub mantissa: (u8, u8),
    /// What is added to the exponent.
    pub bias: u32,
    /// The mantissa's leading one is not stored.
    pub implied: bool,
}

impl Odd {
    /// Whether single precision holds every such number.
    pub fn is_single(&self) -> bool {
        self.exponent.1 <= 8 && self.mantissa.1 <= 23 + u8::from(!self.implied) && self.bias <= 127
    }

    /// The number that some bytes stand for, rounded once where it does not fit a double.
    pub fn read(&self, item: &[u8]) -> f64 {
        let add = |whole: u128, byte: &u8| whole << 8 | u128::from(*byte);
        let whole = match self.order {
            Order::Little => item.iter().rev().fold(0, add),
            Order::Big => item.iter().fold(0, add),
        };
        let part = |(at, size): (u8, u8)| {
            let mask = u128::MAX.checked_shr(128_u32.saturating_sub(size.into())).unwrap_or(0);
            whole.checked_shr(at.into()).unwrap_or(0) & mask
        };
        let (exponent, mantissa) = (part(self.exponent) as i64, part(self.mantissa));
        let size = u32::from(self.mantissa.1);
        let top = 1_u128.checked_shl(size.saturating_sub(u32::from(!self.implied))).unwrap_or(0);
        let most = (1_i64 << self.exponent.1.min(62)) - 1;
        let magnitude = if exponent == most && most > 0 {
            if mantissa & top.wrapping_sub(1) == 0 { f64::INFINITY } else { f64::NAN }
        } else {
            let whole = if self.implied && exponent > 0 { mantissa | top } else { mantissa };
            let places = i64::from(size) - i64::from(!self.implied);
            scale(whole as f64, exponent.max(1) - i64::from(self.bias) - places)
        };
        if part((self.sign, 1)) == 1 { -magnitude } else { magnitude }
    }
}

/// `number` times two to a power, in steps that are powers themselves.
fn scale(mut number: f64, mut power: i64) -> f64 {
    // Beyond this nothing is left of any number.
    power = power.clamp(-40_000, 40_000);
    while power != 0 && number != 0.0 && number.is_finite() {
        let step = power.clamp(-1000, 1000);
        number *= 2_f64.powi(step as i32);
        power -= step;
    }
    number
}

/// The type of an item as stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// One byte, zero is false.
    Bool,
    /// Two's complement or unsigned integer.
    Int {
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Whether negative numbers exist.
        signed: bool,
        /// Byte order.
        order: Order,
    },
    /// IEEE 754 number.
    Float {
        /// 2, 4 or 8.
        bytes: u8,
        /// Byte order.
        order: Order,
    },
    /// A floating point number of another form, read as the next larger IEEE 754 one.
    Odd(Odd),
    /// Two IEEE 754 numbers: real and imaginary part.
    Complex {
        /// Bytes of each part: 4 or 8.
        bytes: u8,
        /// Byte order.
        order: Order,
    },
    /// Text.
    Text(TextForm),
    /// Bytes nobody here interprets (opaque data, references).
    Bytes {
        /// Bytes per item.
        width: u32,
    },
    /// Lists of any length: references that the tree gathers.
    List {
        /// What an element is made of.
        item: Box<DType>,
        /// Items of an element.
        count: u32,
        /// Bytes per reference.
        width: u32,
    },
    /// Named fields at fixed offsets.
    Record {
        /// The fields, in the file's order.
        fields: Vec<Field>,
        /// Bytes per item, padding included.
        width: u32,
    },
}

impl DType {
    /// Stored bytes per item; 0 where items have no fixed width ([`TextForm::Packed`]).
    pub fn width(&self) -> usize {
        match *self {
            Self::Bool => 1,
            Self::Int { bytes, .. } | Self::Float { bytes, .. } => bytes.into(),
            Self::Odd(Odd { bytes, .. }) => bytes.into(),
            Self::Complex { bytes, .. } => usize::from(bytes) * 2,
            Self::Text(TextForm::Fixed { width, .. } | TextForm::Heap { width }) => width as usize,
            Self::Text(TextForm::Utf32 { chars, .. }) => (chars as usize).saturating_mul(4),
            Self::Text(TextForm::Packed) => 0,
            Self::Bytes { width } | Self::Record { width, .. } | Self::List { width, .. } => width as usize,
        }
    }

    /// Whether items are numbers in the widest sense (booleans and complex numbers too).
    pub fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Bool | Self::Int { .. } | Self::Float { .. } | Self::Odd(_) | Self::Complex { .. }
        )
    }

    /// Whether items are text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// The numpy name: `float32`, `int64`, `bool`, `string`, `bytes8`, `record`, `list`.
    pub fn name(&self) -> String {
        match self {
            Self::Bool => "bool".into(),
            Self::Int { bytes, signed, .. } => {
                format!("{}int{}", if *signed { "" } else { "u" }, u32::from(*bytes) * 8)
            }
            Self::Float { bytes, .. } => format!("float{}", u32::from(*bytes) * 8),
            Self::Odd(odd) => if odd.is_single() { "float32" } else { "float64" }.into(),
            Self::Complex { bytes, .. } => format!("complex{}", u32::from(*bytes) * 16),
            Self::Text(_) => "string".into(),
            Self::Bytes { width } => format!("bytes{width}"),
            Self::Record { .. } => "record".into(),
            Self::List { .. } => "list".into(),
        }
    }

    /// A type from a numpy type string such as `<f4`, `|b1`, `>i8`, `|S10`, `<U5`, `|V8`.
    ///
    /// # Errors
    /// `Unsupported` for what numpy has and this crate does not read (dates, objects, long doubles).
    pub fn from_numpy(code: &str) -> Result<Self> {
        let refuse = || {
            Error::unsupported(format!("data type \"{code}\" is not read"))
                .hint("store the array as numbers or strings")
        };
        let mut chars = code.chars();
        let order = match chars.next() {
            Some('<' | '|' | '=') => Order::Little,
            Some('>') => Order::Big,
            _ => return Err(refuse()),
        };
        let kind = chars.next().ok_or_else(refuse)?;
        let width: u32 = chars.as_str().parse().map_err(|_| refuse())?;
        let small = u8::try_from(width).unwrap_or(0);
        Ok(match (kind, width) {
            ('b', 1) => Self::Bool,
            ('i' | 'u', 1 | 2 | 4 | 8) => Self::Int { bytes: small, signed: kind == 'i', order },
            ('f', 2 | 4 | 8) => Self::Float { bytes: small, order },
            ('c', 8 | 16) => Self::Complex { bytes: small / 2, order },
            ('S', _) => Self::Text(TextForm::Fixed { width, pad: Pad::Nulls }),
            ('U', _) => Self::Text(TextForm::Utf32 { chars: width, order }),
            ('V', _) => Self::Bytes { width },
            _ => return Err(refuse()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_floats_have_the_value_of_their_bits() {
        let (order, sign) = (Order::Little, 15);
        let brain =
            Odd { bytes: 2, order, sign, exponent: (7, 8), mantissa: (0, 7), bias: 127, implied: true };
        for bits in (0..=u16::MAX).step_by(7) {
            let (read, want) = (brain.read(&bits.to_le_bytes()), f32::from_bits(u32::from(bits) << 16));
            assert!(read == f64::from(want) || read.is_nan() && want.is_nan(), "{bits:04x}: {read} {want}");
        }
        assert!(brain.is_single());
        // A double taken for an odd form is itself.
        let double = Odd {
            bytes: 8,
            order: Order::Big,
            sign: 63,
            exponent: (52, 11),
            mantissa: (0, 52),
            bias: 1023,
            implied: true,
        };
        for number in [0.1, -3e300, 5e-324, -2.2e-308, 0.0, f64::MAX, f64::INFINITY] {
            assert_eq!(double.read(&number.to_be_bytes()), number);
        }
        let long = Odd {
            bytes: 16,
            order,
            sign: 79,
            exponent: (64, 15),
            mantissa: (0, 64),
            bias: 16_383,
            implied: false,
        };
        let mut one_and_half = [0; 16];
        one_and_half[7] = 0xc0;
        one_and_half[8..10].copy_from_slice(&0x3fff_u16.to_le_bytes());
        assert_eq!(long.read(&one_and_half), 1.5);
        one_and_half[8..10].copy_from_slice(&0x7fff_u16.to_le_bytes());
        assert!(long.read(&one_and_half).is_nan() && !long.is_single());
        one_and_half[8..10].copy_from_slice(&0xfffe_u16.to_le_bytes());
        assert_eq!(long.read(&one_and_half), f64::NEG_INFINITY);
    }
}
