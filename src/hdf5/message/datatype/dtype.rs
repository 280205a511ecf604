//! From a type of the file to one that the rest of the crate knows.

use super::{Class, Datatype, Float, Member};
use crate::{
    array::{DType, Field, Odd, Order, TextForm},
    error::{Error, Result},
};

impl Datatype {
    /// The type as the rest of the crate knows it; object references become bytes.
    ///
    /// # Errors
    /// `Unsupported`, with the type's name.
    pub fn dtype(&self) -> Result<DType> {
        let refuse = |what: String| {
            Err(Error::unsupported(format!("data type {what} is not read"))
                .hint("store the array as plain numbers or strings"))
        };
        let small = u8::try_from(self.size).unwrap_or(0);
        match &self.class {
            _ if self.is_bool() => Ok(DType::Bool),
            Class::Integer { order, signed, .. } => match self.size {
                1 | 2 | 4 | 8 => Ok(DType::Int { bytes: small, signed: *signed, order: *order }),
                _ => refuse(format!("integer of {} bytes", self.size)),
            },
            Class::Bitfield { order, .. } => match self.size {
                1 | 2 | 4 | 8 => Ok(DType::Int { bytes: small, signed: false, order: *order }),
                _ => refuse(format!("bit field of {} bytes", self.size)),
            },
            Class::Float { order, form } => match form.dtype(small, *order) {
                Some(dtype) => Ok(dtype),
                None => refuse(format!("floating point number of {} bytes", self.size)),
            },
            Class::Text { pad } => Ok(DType::Text(TextForm::Fixed { width: self.size, pad: *pad })),
            Class::VarText { .. } => Ok(DType::Text(TextForm::Heap { width: self.size })),
            Class::Opaque | Class::Object | Class::Reference(_) => Ok(DType::Bytes { width: self.size }),
            Class::Enum { base, .. } => base.dtype(),
            Class::Complex(base) => complex(base).map_or_else(|| refuse("complex".into()), Ok),
            Class::Compound(members) => self.record(members),
            Class::VarList(base) => {
                let (item, axes) = base.flat();
                let count = axes.iter().fold(1, |n: u32, &s| n.saturating_mul(s));
                Ok(DType::List { item: Box::new(item.dtype()?), count, width: self.size })
            }
            Class::Array { .. } => refuse("array within an array".into()),
            Class::Time => refuse("time".into()),
        }
    }

    fn record(&self, members: &[Member]) -> Result<DType> {
        if let [re, im] = members
            && re.datatype == im.datatype
            && re.offset == 0
            && im.offset == re.datatype.size
            && self.size == re.datatype.size.saturating_mul(2)
            && (re.name.as_str(), im.name.as_str()) == ("r", "i")
            && let Some(complex) = complex(&re.datatype)
        {
            return Ok(complex);
        }
        let mut fields = Vec::new();
        for member in members {
            let (item, axes) = member.datatype.flat();
            fields.push(Field {
                name: member.name.clone(),
                offset: member.offset,
                count: axes.iter().fold(1, |n: u32, &s| n.saturating_mul(s)),
                dtype: item.dtype()?,
            });
        }
        Ok(DType::Record { fields, width: self.size })
    }
}

fn complex(part: &Datatype) -> Option<DType> {
    match part.dtype() {
        Ok(DType::Float { bytes: bytes @ (4 | 8), order }) => Some(DType::Complex { bytes, order }),
        _ => None,
    }
}

impl Float {
    /// As the rest of the crate knows it; `None` for what it does not.
    pub fn dtype(&self, bytes: u8, order: Order) -> Option<DType> {
        if self.foreign || !(1..=16).contains(&bytes) || self.exponent.1 > 30 || self.mantissa.1 > 126 {
            return None;
        }
        let plain = match (bytes, self.sign, self.exponent, self.mantissa, self.bias) {
            (2, 15, (10, 5), (0, 10), 15) | (4, 31, (23, 8), (0, 23), 127) => self.implied,
            (8, 63, (52, 11), (0, 52), 1023) => self.implied,
            _ => false,
        };
        if plain && self.bits.offset == 0 {
            return Some(DType::Float { bytes, order });
        }
        let Self { sign, exponent, mantissa, bias, implied, .. } = *self;
        Some(DType::Odd(Odd { bytes, order, sign, exponent, mantissa, bias, implied }))
    }
}
