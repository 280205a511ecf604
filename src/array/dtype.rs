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
            Self::Complex { bytes, .. } => usize::from(bytes) * 2,
            Self::Text(TextForm::Fixed { width, .. } | TextForm::Heap { width }) => width as usize,
            Self::Text(TextForm::Utf32 { chars, .. }) => (chars as usize).saturating_mul(4),
            Self::Text(TextForm::Packed) => 0,
            Self::Bytes { width } | Self::Record { width, .. } => width as usize,
        }
    }

    /// Whether items are numbers in the widest sense (booleans and complex numbers too).
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Bool | Self::Int { .. } | Self::Float { .. } | Self::Complex { .. })
    }

    /// Whether items are text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// The numpy name: `float32`, `int64`, `bool`, `string`, `bytes8`, `record`.
    pub fn name(&self) -> String {
        match self {
            Self::Bool => "bool".into(),
            Self::Int { bytes, signed, .. } => {
                format!("{}int{}", if *signed { "" } else { "u" }, u32::from(*bytes) * 8)
            }
            Self::Float { bytes, .. } => format!("float{}", u32::from(*bytes) * 8),
            Self::Complex { bytes, .. } => format!("complex{}", u32::from(*bytes) * 16),
            Self::Text(_) => "string".into(),
            Self::Bytes { width } => format!("bytes{width}"),
            Self::Record { .. } => "record".into(),
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
