//! Attribute values as JSON. No waiting here: variable-length items are looked up in collections that are already
//! there, and what is missing is reported so that it can be fetched first.

use serde_json::{Map, Number, Value};

use super::{
    heap::global::{self, Reference},
    message::datatype::{Bits, Class, Datatype},
    space::Space,
    walk::strings::{self, Collections, Wanted},
};
use crate::{
    array::{DType, Order, Pad},
    error::{Error, Result},
};

/// Most items of an attribute, and most bytes of its text, nested ones counted: heap items may refer to each other.
const MOST: usize = 4 << 20;

/// Reads the values of one attribute.
pub struct Reader<'r> {
    /// For widths and errors.
    pub space: &'r Space,
    /// What was fetched so far.
    pub heap: &'r Collections,
    /// Items that are wanted besides.
    pub missing: Wanted,
    /// What has been read so far.
    pub spent: usize,
}

impl Reader<'_> {
    /// An array of a shape; a scalar when it has no axes.
    ///
    /// # Errors
    /// `Malformed`, `Limit`.
    pub fn array(&mut self, datatype: &Datatype, bytes: &[u8], shape: &[u64]) -> Result<Value> {
        let Some((&side, inner)) = shape.split_first() else { return self.value(datatype, bytes) };
        let step = inner
            .iter()
            .fold(datatype.size as usize, |n, &s| n.saturating_mul(usize::try_from(s).unwrap_or(usize::MAX)));
        let mut values = Vec::new();
        for i in 0..usize::try_from(side).unwrap_or(usize::MAX) {
            self.spend(1)?;
            let start = i.saturating_mul(step);
            let part = bytes.get(start..start.saturating_add(step));
            values.push(self.array(datatype, part.ok_or_else(short)?, inner)?);
        }
        Ok(Value::Array(values))
    }

    fn spend(&mut self, amount: usize) -> Result<()> {
        self.spent = self.spent.saturating_add(amount);
        if self.spent > MOST {
            return Err(Error::limit(format!("an attribute of more than {MOST} items or bytes of text")));
        }
        Ok(())
    }

    /// One item. What JSON has no counterpart for is null.
    fn value(&mut self, datatype: &Datatype, bytes: &[u8]) -> Result<Value> {
        let bytes = bytes.get(..datatype.size as usize).ok_or_else(short)?;
        Ok(match &datatype.class {
            _ if datatype.is_bool() => Value::Bool(bytes != [0]),
            Class::Integer { order, signed, bits } => integer(bytes, *order, *signed, *bits),
            Class::Bitfield { order, bits } => integer(bytes, *order, false, *bits),
            Class::Float { order, form } => float(bytes, form.dtype(bytes.len() as u8, *order)),
            Class::Text { pad } => {
                self.spend(bytes.len())?;
                text(bytes, *pad)
            }
            Class::Opaque => {
                self.spend(bytes.len())?;
                Value::String(bytes.iter().map(|b| format!("{b:02x}")).collect())
            }
            Class::Compound(members) if matches!(datatype.dtype(), Ok(DType::Complex { .. })) => {
                let part = members.first().ok_or_else(short)?;
                self.array(&part.datatype, bytes, &[2])?
            }
            Class::Compound(members) => {
                let mut record = Map::new();
                for member in members {
                    self.spend(1)?;
                    let part = bytes.get(member.offset as usize..).ok_or_else(short)?;
                    record.insert(member.name.clone(), self.value(&member.datatype, part)?);
                }
                Value::Object(record)
            }
            Class::Object => match self.space.cursor(bytes, 0, "object reference").address()? {
                Some(address) if address != 0 => Value::String(format!("@{}", self.space.id(address))),
                _ => Value::Null,
            },
            Class::Enum { base, .. } => self.value(base, bytes)?,
            Class::VarText { .. } => match self.item(bytes, 1)? {
                Some(item) => {
                    self.spend(item.len())?;
                    text(strings::terminated(&item), Pad::Nulls)
                }
                None => Value::String(String::new()),
            },
            Class::VarList(base) => match self.item(bytes, base.size)? {
                Some(item) => {
                    let count = item.len().checked_div(base.size as usize).unwrap_or(0) as u64;
                    self.array(base, &item, &[count])?
                }
                None => Value::Array(Vec::new()),
            },
            Class::Array { base, shape } => {
                let shape: Vec<u64> = shape.iter().map(|&s| s.into()).collect();
                self.array(base, bytes, &shape)?
            }
            Class::Complex(base) => self.array(base, bytes, &[2])?,
            Class::Reference(_) | Class::Time => Value::Null,
        })
    }

    /// A variable-length item; `None` when it is empty or not there yet.
    fn item(&mut self, bytes: &[u8], size: u32) -> Result<Option<Vec<u8>>> {
        let reference: Option<Reference> =
            global::reference(self.space.cursor(bytes, 0, "reference to a heap"))?;
        match reference {
            Some(r)
                if self.heap.get(&r.collection).is_some_and(|c| c.complete || c.item(r.index).is_some()) =>
            {
                strings::item(self.space, self.heap, r, size).map(|item| Some(item.to_vec()))
            }
            Some(r) => {
                self.missing.insert((r.collection, r.index));
                Ok(None)
            }
            None => Ok(None),
        }
    }
}

fn short() -> Error {
    Error::malformed("an attribute has fewer bytes than its type and shape say")
}

fn text(bytes: &[u8], pad: Pad) -> Value {
    let used = match pad {
        Pad::Terminated => strings::terminated(bytes),
        Pad::Nulls => trim(bytes, 0),
        Pad::Spaces => trim(bytes, b' '),
    };
    Value::String(String::from_utf8_lossy(used).into_owned())
}

fn trim(bytes: &[u8], fill: u8) -> &[u8] {
    let used = bytes.iter().rposition(|&b| b != fill).map_or(0, |last| last.saturating_add(1));
    bytes.get(..used).unwrap_or(bytes)
}

/// Up to eight bytes as a number.
fn whole(bytes: &[u8], order: Order) -> Option<u64> {
    let mut low = [0; 8];
    low.get_mut(..bytes.len())?.copy_from_slice(bytes);
    if order == Order::Big {
        low.get_mut(..bytes.len())?.reverse();
    }
    Some(u64::from_le_bytes(low))
}

fn integer(bytes: &[u8], order: Order, signed: bool, bits: Bits) -> Value {
    let Some(whole) = whole(bytes, order) else { return Value::Null };
    // Up to the top, to lose what lies above; down again, to lose what lies below, with the sign where there is one.
    let above = 64_u32.saturating_sub(u32::from(bits.offset).saturating_add(bits.precision.into()));
    let below = 64_u32.saturating_sub(bits.precision.into());
    let top = whole.checked_shl(above).unwrap_or(0);
    if signed {
        Value::from((top as i64).checked_shr(below).unwrap_or(0))
    } else {
        Value::from(top.checked_shr(below).unwrap_or(0))
    }
}

fn float(bytes: &[u8], dtype: Option<DType>) -> Value {
    let number = match dtype {
        Some(DType::Odd(odd)) => odd.read(bytes),
        Some(DType::Float { order, .. }) => match (whole(bytes, order), bytes.len()) {
            (Some(bits), 2) => half::f16::from_bits(bits as u16).to_f64(),
            (Some(bits), 4) => f32::from_bits(bits as u32).into(),
            (Some(bits), _) => f64::from_bits(bits),
            (None, _) => return Value::Null,
        },
        _ => return Value::Null,
    };
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}
