//! Decoded items in typed buffers, filled run by run straight from chunk bytes.

use std::ops::Range;

use cellucid_kernels::convert;
use half::f16;

use super::{DType, Text};
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// A run's position in a buffer: first item and distance between items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// First item.
    pub at: usize,
    /// Items from one to the next.
    pub by: usize,
}

/// A field of records, as a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The field's name.
    pub name: String,
    /// Items per record (more than one for sub-arrays).
    pub count: usize,
    /// All records' items, one record after another.
    pub values: Values,
}

/// Lists as they are stored: how many elements each has, and the elements' bytes one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Elements of each list.
    pub lens: Vec<u32>,
    /// All elements.
    pub bytes: Vec<u8>,
}

/// Items of one type, C order.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Values {
    Bool(Vec<bool>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F16(Vec<f16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    /// Real and imaginary part; `single` when both were stored in single precision.
    Complex {
        single: bool,
        items: Vec<[f64; 2]>,
    },
    Text(Text),
    /// `width` bytes per item.
    Bytes {
        width: usize,
        bytes: Vec<u8>,
    },
    Record(Vec<Column>),
    /// `count` items per element, `lens` elements per list.
    Lists {
        lens: Vec<u32>,
        count: usize,
        items: Box<Values>,
    },
}

/// Runs the same expression on the vector of whatever number type it is.
macro_rules! each_number {
    ($values:expr, $v:ident => $body:expr, _ => $other:expr) => {
        match $values {
            $crate::array::Values::I8($v) => $body,
            $crate::array::Values::I16($v) => $body,
            $crate::array::Values::I32($v) => $body,
            $crate::array::Values::I64($v) => $body,
            $crate::array::Values::U8($v) => $body,
            $crate::array::Values::U16($v) => $body,
            $crate::array::Values::U32($v) => $body,
            $crate::array::Values::U64($v) => $body,
            $crate::array::Values::F16($v) => $body,
            $crate::array::Values::F32($v) => $body,
            $crate::array::Values::F64($v) => $body,
            _ => $other,
        }
    };
}

pub(crate) use each_number;

impl Values {
    /// `len` zeros (false, empty bytes) of a type; text cannot be filled in place and starts empty.
    ///
    /// # Errors
    /// `Limit` when the memory cannot be had.
    pub fn zeros(dtype: &DType, len: usize) -> Result<Self> {
        let what = "the result";
        Ok(match *dtype {
            DType::Bool => Self::Bool(Limits::filled(len, false, what)?),
            DType::Int { bytes, signed, .. } => match (bytes, signed) {
                (1, true) => Self::I8(Limits::filled(len, 0, what)?),
                (2, true) => Self::I16(Limits::filled(len, 0, what)?),
                (4, true) => Self::I32(Limits::filled(len, 0, what)?),
                (_, true) => Self::I64(Limits::filled(len, 0, what)?),
                (1, false) => Self::U8(Limits::filled(len, 0, what)?),
                (2, false) => Self::U16(Limits::filled(len, 0, what)?),
                (4, false) => Self::U32(Limits::filled(len, 0, what)?),
                (_, false) => Self::U64(Limits::filled(len, 0, what)?),
            },
            DType::Float { bytes: 2, .. } => Self::F16(Limits::filled(len, f16::ZERO, what)?),
            DType::Float { bytes: 4, .. } => Self::F32(Limits::filled(len, 0.0, what)?),
            DType::Odd(odd) if odd.is_single() => Self::F32(Limits::filled(len, 0.0, what)?),
            DType::Float { .. } | DType::Odd(_) => Self::F64(Limits::filled(len, 0.0, what)?),
            DType::Complex { bytes, .. } => {
                Self::Complex { single: bytes == 4, items: Limits::filled(len, [0.0; 2], what)? }
            }
            DType::Text(_) => Self::Text(Text::new()),
            DType::Bytes { width } => {
                let width = width as usize;
                Self::Bytes { width, bytes: Limits::filled(len.saturating_mul(width), 0, what)? }
            }
            DType::Record { .. } | DType::List { .. } => Self::Record(Vec::new()),
        })
    }

    /// Number of items (records count once).
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(v) => v.len(),
            Self::Complex { items, .. } => items.len(),
            Self::Text(v) => v.len(),
            Self::Lists { lens, .. } => lens.len(),
            Self::Bytes { width, bytes } => bytes.len().checked_div(*width).unwrap_or(0),
            Self::Record(columns) => {
                columns.first().map_or(0, |c| c.values.len().checked_div(c.count).unwrap_or(0))
            }
            numbers => each_number!(numbers, v => v.len(), _ => 0),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As [`to_f32`](Self::to_f32), without a copy of what is in single precision already.
    ///
    /// # Errors
    /// As [`to_f32`](Self::to_f32).
    pub fn into_f32(self) -> Result<Vec<f32>> {
        match self {
            Self::F32(items) => Ok(items),
            other => other.to_f32(),
        }
    }

    /// Every item as single precision, each with one rounding; booleans are 0 and 1, complex numbers lose their
    /// imaginary part.
    ///
    /// # Errors
    /// `Unsupported` for what is not a number.
    pub fn to_f32(&self) -> Result<Vec<f32>> {
        Ok(match self {
            Self::Bool(v) => v.iter().map(|&b| f32::from(u8::from(b))).collect(),
            Self::I8(v) => convert::i8_f32(v),
            Self::U8(v) => convert::u8_f32(v),
            Self::I16(v) => convert::i16_f32(v),
            Self::U16(v) => convert::u16_f32(v),
            Self::I32(v) => convert::i32_f32(v),
            Self::U32(v) => convert::u32_f32(v),
            Self::I64(v) => convert::i64_f32(v),
            Self::U64(v) => convert::u64_f32(v),
            Self::F16(v) => v.iter().map(|x| x.to_f32()).collect(),
            Self::F32(v) => v.clone(),
            Self::F64(v) => convert::f64_f32(v),
            Self::Complex { items, .. } => items.iter().map(|x| x[0] as f32).collect(),
            other => return Err(Error::unsupported(format!("{} is not a number", other.name()))),
        })
    }

    /// A copy of some of the items; `None` when they are not there, or are no numbers.
    pub fn part(&self, items: Range<usize>) -> Option<Self> {
        macro_rules! copy {
            ($($kind:ident),*) => { match self {
                $(Self::$kind(v) => Some(Self::$kind(v.get(items)?.to_vec())),)*
                _ => None,
            } };
        }
        copy!(Bool, I8, I16, I32, I64, U8, U16, U32, U64, F16, F32, F64)
    }

    /// Every item as an unsigned position.
    ///
    /// # Errors
    /// `Malformed` for a negative or fractional number, `Unsupported` for what is no integer.
    pub fn to_u64(&self) -> Result<Vec<u64>> {
        fn checked<T: std::fmt::Display>(all: std::result::Result<Vec<u64>, T>) -> Result<Vec<u64>> {
            all.map_err(|wrong| Error::malformed(format!("{wrong} is no valid position")))
        }
        match self {
            Self::I8(v) => checked(convert::i8_u64(v)),
            Self::U8(v) => Ok(convert::u8_u64(v)),
            Self::I16(v) => checked(convert::i16_u64(v)),
            Self::U16(v) => Ok(convert::u16_u64(v)),
            Self::I32(v) => checked(convert::i32_u64(v)),
            Self::U32(v) => Ok(convert::u32_u64(v)),
            Self::I64(v) => checked(convert::i64_u64(v)),
            Self::U64(v) => Ok(v.clone()),
            other => Err(Error::unsupported(format!("{} is no integer type", other.name()))),
        }
    }

    /// Every item as a signed integer.
    ///
    /// # Errors
    /// `Malformed` beyond 2⁶³ − 1, `Unsupported` for what is no integer.
    pub fn to_i64(&self) -> Result<Vec<i64>> {
        Ok(match self {
            Self::Bool(v) => v.iter().map(|&x| x.into()).collect(),
            Self::I8(v) => v.iter().map(|&x| x.into()).collect(),
            Self::U8(v) => v.iter().map(|&x| x.into()).collect(),
            Self::I16(v) => v.iter().map(|&x| x.into()).collect(),
            Self::U16(v) => v.iter().map(|&x| x.into()).collect(),
            Self::I32(v) => v.iter().map(|&x| x.into()).collect(),
            Self::U32(v) => v.iter().map(|&x| x.into()).collect(),
            Self::I64(v) => v.clone(),
            Self::U64(v) => v
                .iter()
                .map(|&x| i64::try_from(x).map_err(|_| Error::malformed(format!("{x} is too large"))))
                .collect::<Result<_>>()?,
            other => return Err(Error::unsupported(format!("{} is no integer type", other.name()))),
        })
    }

    /// The numpy name of the type.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::I8(_) => "int8",
            Self::I16(_) => "int16",
            Self::I32(_) => "int32",
            Self::I64(_) => "int64",
            Self::U8(_) => "uint8",
            Self::U16(_) => "uint16",
            Self::U32(_) => "uint32",
            Self::U64(_) => "uint64",
            Self::F16(_) => "float16",
            Self::F32(_) => "float32",
            Self::F64(_) => "float64",
            Self::Complex { single: true, .. } => "complex64",
            Self::Complex { .. } => "complex128",
            Self::Text(_) => "string",
            Self::Bytes { .. } => "bytes",
            Self::Record(_) => "record",
            Self::Lists { .. } => "list",
        }
    }
}
