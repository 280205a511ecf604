//! Decoded items in typed buffers, filled run by run straight from chunk bytes.

use std::ops::Range;

use cellucid_kernels::{convert, place};
use half::{f16, slice::HalfFloatSliceExt};

use super::{DType, Order, Pad, Text, TextForm};
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

    /// Copies `n` items out of stored bytes: item `from.at + i * from.by` of `raw` becomes item `to.at + i * to.by`.
    /// Text in fixed form is appended instead, wherever `to` says. Records are put together from their fields by the
    /// caller.
    ///
    /// # Errors
    /// `Malformed` when `raw` is too short, `Request` when the run does not fit.
    pub fn put(&mut self, dtype: &DType, to: Step, raw: &[u8], from: Step, n: usize) -> Result<()> {
        if n == 0 {
            return Ok(());
        }
        let width = dtype.width();
        let last = (n - 1).checked_mul(from.by).and_then(|i| i.checked_add(from.at)).unwrap_or(usize::MAX);
        if last.checked_add(1).and_then(|e| e.checked_mul(width)).is_none_or(|end| end > raw.len()) {
            return Err(Error::malformed(format!(
                "chunk of {} bytes is too short for item {last} of {width} bytes",
                raw.len()
            )));
        }
        let run = Run { to, raw, from, n, width };
        let order = match *dtype {
            DType::Int { order, .. } | DType::Float { order, .. } | DType::Complex { order, .. } => order,
            _ => Order::Little,
        };
        let big = order == Order::Big;
        match (self, dtype) {
            (Self::F32(v), DType::Odd(odd)) => run.each(v, |item| odd.read(item) as f32),
            (Self::F64(v), DType::Odd(odd)) => run.each(v, |item| odd.read(item)),
            (Self::Bool(v), DType::Bool) => run.copy(v, |b: [u8; 1]| b[0] != 0),
            (Self::U8(v), _) => run.bits(v, place::one, big),
            (Self::I8(v), _) => run.bits(bytemuck::cast_slice_mut(v), place::one, big),
            (Self::U16(v), _) => run.bits(v, place::two, big),
            (Self::I16(v), _) => run.bits(bytemuck::cast_slice_mut(v), place::two, big),
            (Self::F16(v), _) => run.bits(v.reinterpret_cast_mut(), place::two, big),
            (Self::U32(v), _) => run.bits(v, place::four, big),
            (Self::I32(v), _) => run.bits(bytemuck::cast_slice_mut(v), place::four, big),
            (Self::F32(v), _) => run.bits(bytemuck::cast_slice_mut(v), place::four, big),
            (Self::U64(v), _) => run.bits(v, place::eight, big),
            (Self::I64(v), _) => run.bits(bytemuck::cast_slice_mut(v), place::eight, big),
            (Self::F64(v), _) => run.bits(bytemuck::cast_slice_mut(v), place::eight, big),
            (Self::Complex { single: true, items }, _) => run.copy(items, |b: [u8; 8]| {
                let (re, im) = halves::<8, 4>(b);
                let part = if big { f32::from_be_bytes } else { f32::from_le_bytes };
                [part(re).into(), part(im).into()]
            }),
            (Self::Complex { items, .. }, _) => run.copy(items, |b: [u8; 16]| {
                let (re, im) = halves::<16, 8>(b);
                let part = if big { f64::from_be_bytes } else { f64::from_le_bytes };
                [part(re), part(im)]
            }),
            (Self::Text(text), DType::Text(form)) => run.text(text, *form),
            (Self::Bytes { width, bytes }, _) => {
                let w = *width;
                for (i, item) in run.items().enumerate() {
                    let start = to.at.saturating_add(i.saturating_mul(to.by)).saturating_mul(w);
                    let slot = bytes.get_mut(start..start.saturating_add(w)).ok_or_else(misfit)?;
                    slot.copy_from_slice(item.get(..w).ok_or_else(misfit)?);
                }
                Ok(())
            }
            _ => Err(misfit()),
        }
    }

    /// Sets `n` items from one stored item.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn fill(&mut self, dtype: &DType, to: Step, item: &[u8], n: usize) -> Result<()> {
        self.put(dtype, to, item, Step { at: 0, by: 0 }, n)
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

fn misfit() -> Error {
    Error::request("items do not fit the buffer they are read into")
}

fn halves<const N: usize, const H: usize>(both: [u8; N]) -> ([u8; H], [u8; H]) {
    let (mut a, mut b) = ([0; H], [0; H]);
    for (slot, byte) in a.iter_mut().chain(&mut b).zip(both) {
        *slot = byte;
    }
    (a, b)
}

struct Run<'a> {
    to: Step,
    raw: &'a [u8],
    from: Step,
    n: usize,
    width: usize,
}

impl Run<'_> {
    fn items(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.n).map(|i| {
            let start = (self.from.at + i * self.from.by) * self.width;
            self.raw.get(start..start + self.width).unwrap_or(&[])
        })
    }

    /// Numbers, as unsigned ones of their width.
    fn bits<T>(&self, out: &mut [T], copy: impl Fn(&mut [T], &[u8], place::Run), big: bool) -> Result<()> {
        let out = out.get_mut(self.to.at..).ok_or_else(misfit)?;
        let raw = self.raw.get(self.from.at.saturating_mul(self.width)..).ok_or_else(misfit)?;
        if self.width != size_of::<T>() || out.len() <= (self.n - 1).saturating_mul(self.to.by) {
            return Err(misfit());
        }
        copy(out, raw, place::Run { to: self.to.by, from: self.from.by, n: self.n, big });
        Ok(())
    }

    fn copy<T, const W: usize>(&self, out: &mut [T], read: impl Fn([u8; W]) -> T) -> Result<()> {
        let out = out.get_mut(self.to.at..).ok_or_else(misfit)?;
        let raw = self.raw.get(self.from.at * W..).ok_or_else(misfit)?;
        if out.len() <= (self.n - 1).saturating_mul(self.to.by) {
            return Err(misfit());
        }
        let (items, _) = raw.as_chunks::<W>();
        if self.to.by == 1 && self.from.by == 1 {
            for (slot, item) in out.iter_mut().zip(items).take(self.n) {
                *slot = read(*item);
            }
        } else if self.from.by == 0 {
            let item = *items.first().ok_or_else(misfit)?;
            out.iter_mut().step_by(self.to.by.max(1)).take(self.n).for_each(|slot| *slot = read(item));
        } else {
            let items = items.iter().step_by(self.from.by);
            for (slot, item) in out.iter_mut().step_by(self.to.by.max(1)).zip(items).take(self.n) {
                *slot = read(*item);
            }
        }
        Ok(())
    }

    /// For items whose width is only known from the file.
    fn each<T>(&self, out: &mut [T], read: impl Fn(&[u8]) -> T) -> Result<()> {
        for (i, item) in self.items().enumerate() {
            let slot = self.to.at.saturating_add(i.saturating_mul(self.to.by));
            *out.get_mut(slot).ok_or_else(misfit)? = read(item);
        }
        Ok(())
    }

    fn text(&self, text: &mut Text, form: TextForm) -> Result<()> {
        match form {
            TextForm::Fixed { pad, .. } => {
                for item in self.items() {
                    text.push_bytes(trim(item, pad));
                }
            }
            TextForm::Utf32 { order, .. } => {
                let unit = if order == Order::Big { u32::from_be_bytes } else { u32::from_le_bytes };
                for item in self.items() {
                    let (units, _) = item.as_chunks::<4>();
                    let used = units.iter().rposition(|u| *u != [0; 4]).map_or(0, |last| last + 1);
                    let string: String = units
                        .iter()
                        .take(used)
                        .map(|u| char::from_u32(unit(*u)).unwrap_or(char::REPLACEMENT_CHARACTER))
                        .collect();
                    text.push(&string);
                }
            }
            TextForm::Packed | TextForm::Heap { .. } => return Err(misfit()),
        }
        Ok(())
    }
}

/// The used part of a fixed-width string.
fn trim(item: &[u8], pad: Pad) -> &[u8] {
    let fill = match pad {
        Pad::Terminated => return item.split(|&b| b == 0).next().unwrap_or(item),
        Pad::Nulls => 0,
        Pad::Spaces => b' ',
    };
    let used = item.iter().rposition(|&b| b != fill).map_or(0, |last| last + 1);
    item.get(..used).unwrap_or(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_strided_on_both_sides_and_checked() {
        let dtype = DType::from_numpy(">i2").unwrap();
        let mut values = Values::zeros(&dtype, 6).unwrap();
        let raw = [0, 1, 0, 2, 0, 3, 0, 4];
        values.put(&dtype, Step { at: 1, by: 2 }, &raw, Step { at: 1, by: 2 }, 2).unwrap();
        assert_eq!(values, Values::I16(vec![0, 2, 0, 4, 0, 0]));
        values.fill(&dtype, Step { at: 4, by: 1 }, &[0, 9], 2).unwrap();
        assert_eq!(values, Values::I16(vec![0, 2, 0, 4, 9, 9]));
        assert!(values.put(&dtype, Step { at: 0, by: 1 }, &raw, Step { at: 3, by: 1 }, 2).is_err());
        assert!(values.put(&dtype, Step { at: 5, by: 1 }, &raw, Step { at: 0, by: 1 }, 2).is_err());
    }

    #[test]
    fn text_forms_lose_their_padding_only() {
        for (code, raw, want) in [
            ("|S4", &b"ab\0\0a\0b\0"[..], ["ab", "a\0b"]),
            ("<U2", b"x\0\0\0\0\0\0\0\xb2\x03\0\0y\0\0\0", ["x", "βy"]),
        ] {
            let dtype = DType::from_numpy(code).unwrap();
            let mut values = Values::zeros(&dtype, 2).unwrap();
            values.put(&dtype, Step { at: 0, by: 1 }, raw, Step { at: 0, by: 1 }, 2).unwrap();
            assert_eq!(values, Values::Text(want.iter().collect()));
        }
        assert_eq!(trim(b"ab  ", Pad::Spaces), b"ab");
        assert_eq!(trim(b"ab\0c", Pad::Terminated), b"ab");
    }
}
