//! Numbers as a gene index keeps them: in the matrix' own type, or in less where less says the same.

use bytemuck::cast_vec;
use cellucid_kernels::sort;
use half::f16;

use super::super::sparse::Add;
use crate::{
    array::Values,
    error::{Error, Result},
};

/// How a block keeps its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the matrix has them.
    Plain,
    /// Whole numbers up to 255.
    One,
    /// Whole numbers up to 65,535.
    Two,
    /// Doubles that are singles.
    Single,
}

impl Form {
    /// All of them, in the order of their codes.
    const ALL: [Self; 4] = [Self::Plain, Self::One, Self::Two, Self::Single];

    /// Its number in a file.
    pub fn code(self) -> u8 {
        Self::ALL.iter().position(|&form| form == self).unwrap_or(0) as u8
    }

    /// From its number in a file.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Bytes of a value whose type has `plain` bytes.
    pub fn width(self, plain: usize) -> usize {
        match self {
            Self::Plain => plain,
            Self::One => 1,
            Self::Two => 2,
            Self::Single => 4,
        }
    }

    /// The shortest form of all of some values.
    fn of<T: Item>(values: &[T]) -> Self {
        if T::WIDTH > 2
            && let Some(most) = T::most(values)
        {
            return if most <= 255 { Self::One } else { Self::Two };
        }
        let single = T::WIDTH > 4 && values.iter().all(|v| v.single().is_some());
        if single { Self::Single } else { Self::Plain }
    }
}

/// Values in the form that they are kept in.
pub struct Numbers {
    /// Bytes of a value in the matrix' own type.
    pub plain: usize,
    /// How they are kept.
    pub form: Form,
    /// What is kept of them.
    pub bits: Bits,
}

/// Values as bits of the width that they are kept in: what moves them need not know what they mean.
pub enum Bits {
    /// One byte each.
    One(Vec<u8>),
    /// Two.
    Two(Vec<u16>),
    /// Four.
    Four(Vec<u32>),
    /// Eight.
    Eight(Vec<u64>),
}

impl Bits {
    /// Bytes of one.
    fn width(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Two(_) => 2,
            Self::Four(_) => 4,
            Self::Eight(_) => 8,
        }
    }

    /// Bytes they take.
    pub fn size(&self) -> usize {
        match self {
            Self::One(v) => v.len(),
            Self::Two(v) => v.len() * 2,
            Self::Four(v) => v.len() * 4,
            Self::Eight(v) => v.len() * 8,
        }
    }

    /// Some of them as a segment has them: their bytes, lowest first, one after the other.
    pub fn some(&self, places: &[u32]) -> Vec<u8> {
        fn all<T: Copy, const W: usize>(v: &[T], places: &[u32], bytes: fn(T) -> [u8; W]) -> Vec<u8> {
            places.iter().filter_map(|&at| v.get(at as usize)).flat_map(|&v| bytes(v)).collect()
        }
        match self {
            Self::One(v) => all(v, places, u8::to_le_bytes),
            Self::Two(v) => all(v, places, u16::to_le_bytes),
            Self::Four(v) => all(v, places, u32::to_le_bytes),
            Self::Eight(v) => all(v, places, u64::to_le_bytes),
        }
    }
}

impl Numbers {
    /// Values in the shortest form that says the same.
    ///
    /// # Errors
    /// `Unsupported` for what is no plain number.
    pub fn new(values: Values) -> Result<Self> {
        use Bits::{Eight, Four, One, Two};
        fn all<T: Item>(values: Vec<T>, plain: impl FnOnce(Vec<T>) -> Bits) -> Numbers {
            let form = Form::of(&values);
            let bits = match form {
                Form::Plain => plain(values),
                Form::One => One(T::to_u8(&values)),
                Form::Two => Two(T::to_u16(&values)),
                Form::Single => Four(values.iter().map(|v| v.single().unwrap_or(0.0).to_bits()).collect()),
            };
            Numbers { plain: T::WIDTH, form, bits }
        }
        Ok(match values {
            Values::I8(v) => all(v, |v| One(cast_vec(v))),
            Values::U8(v) => all(v, One),
            Values::I16(v) => all(v, |v| Two(cast_vec(v))),
            Values::U16(v) => all(v, Two),
            Values::F16(v) => all(v, |v| Two(v.into_iter().map(f16::to_bits).collect())),
            Values::I32(v) => all(v, |v| Four(cast_vec(v))),
            Values::U32(v) => all(v, Four),
            Values::F32(v) => all(v, |v| Four(cast_vec(v))),
            Values::I64(v) => all(v, |v| Eight(cast_vec(v))),
            Values::U64(v) => all(v, Eight),
            Values::F64(v) => all(v, |v| Eight(cast_vec(v))),
            other => return Err(Error::unsupported(format!("a matrix of {} is not indexed", other.name()))),
        })
    }

    /// How they are kept: the form, and the bytes of a value in the matrix' own type.
    ///
    /// # Errors
    /// `Malformed` when its parts do not agree, with each other or with so many values.
    pub fn kept(&self, items: usize) -> Result<(Form, usize)> {
        let each = self.form.width(self.plain);
        if self.bits.width() == each && self.bits.size() == items.saturating_mul(each) {
            Ok((self.form, self.plain))
        } else {
            Err(Error::malformed("indices and data are of different lengths"))
        }
    }
}

/// A number of a matrix.
pub trait Item: Add {
    /// Bytes of it.
    const WIDTH: usize;

    /// The same as a small whole number, if it is one to the last bit.
    fn small(self) -> Option<u16>;

    /// The greatest, if all are small whole numbers.
    fn most(values: &[Self]) -> Option<u16> {
        values.iter().try_fold(0, |most: u16, v| Some(most.max(v.small()?)))
    }

    /// As whole numbers up to 255, which all of them have to be.
    fn to_u8(values: &[Self]) -> Vec<u8> {
        values.iter().map(|v| v.small().unwrap_or(0) as u8).collect()
    }

    /// As small whole numbers, which all of them have to be.
    fn to_u16(values: &[Self]) -> Vec<u16> {
        values.iter().map(|v| v.small().unwrap_or(0)).collect()
    }

    /// From a small whole number.
    fn from_small(small: u16) -> Self;

    /// The same as a single, if it is one to the last bit.
    fn single(self) -> Option<f32> {
        None
    }

    /// From a single.
    fn from_single(single: f32) -> Self {
        Self::from_small(single as u16)
    }

    /// Writes it to the front of `to`, which has room for it.
    fn write(self, to: &mut [u8]);

    /// Reads it back from exactly its bytes.
    fn read(from: &[u8]) -> Self;
}

fn put<const N: usize>(to: &mut [u8], bytes: [u8; N]) {
    if let Some(to) = to.first_chunk_mut::<N>() {
        *to = bytes;
    }
}

fn take<const N: usize>(from: &[u8]) -> [u8; N] {
    from.first_chunk::<N>().copied().unwrap_or([0; N])
}

macro_rules! whole {
    ($($t:ty),*) => { $(impl Item for $t {
        const WIDTH: usize = size_of::<$t>();

        fn small(self) -> Option<u16> {
            u16::try_from(self).ok()
        }

        fn from_small(small: u16) -> Self {
            small as $t
        }

        fn write(self, to: &mut [u8]) {
            put(to, self.to_le_bytes());
        }

        fn read(from: &[u8]) -> Self {
            Self::from_le_bytes(take(from))
        }
    })* };
}
whole!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! real {
    ($($t:ident $most:ident $to_u8:ident $to_u16:ident),*) => { $(impl Item for $t {
        const WIDTH: usize = size_of::<$t>();

        fn most(values: &[Self]) -> Option<u16> {
            sort::$most(values)
        }

        fn to_u8(values: &[Self]) -> Vec<u8> {
            sort::$to_u8(values)
        }

        fn to_u16(values: &[Self]) -> Vec<u16> {
            sort::$to_u16(values)
        }

        fn small(self) -> Option<u16> {
            let small = self as u16;
            // Bits, not values: -0 is not 0.
            (Self::from(small).to_bits() == self.to_bits()).then_some(small)
        }

        fn from_small(small: u16) -> Self {
            small.into()
        }

        fn single(self) -> Option<f32> {
            let single = self as f32;
            (Self::from(single).to_bits() == self.to_bits()).then_some(single)
        }

        fn from_single(single: f32) -> Self {
            single.into()
        }

        fn write(self, to: &mut [u8]) {
            put(to, self.to_le_bytes());
        }

        fn read(from: &[u8]) -> Self {
            Self::from_le_bytes(take(from))
        }
    })* };
}
real!(f32 most_f32 f32_u8 f32_u16, f64 most_f64 f64_u8 f64_u16);

impl Item for f16 {
    const WIDTH: usize = 2;

    fn small(self) -> Option<u16> {
        None
    }

    fn from_small(small: u16) -> Self {
        Self::from_f32(small.into())
    }

    fn write(self, to: &mut [u8]) {
        put(to, self.to_le_bytes());
    }

    fn read(from: &[u8]) -> Self {
        Self::from_le_bytes(take(from))
    }
}
