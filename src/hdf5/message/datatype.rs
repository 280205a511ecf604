//! Datatype message: what an item is in the file.
//!
//! Decodes every class; what this crate has no counterpart for is refused later, by name, when somebody wants the data.

use crate::{
    array::{DType, Field, Odd, Order, Pad, TextForm},
    error::{Error, Result},
    hdf5::cursor::Cursor,
};

/// Deepest nesting of types within types.
const DEPTH: usize = 16;

/// A type and its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datatype {
    /// Bytes per item.
    pub size: u32,
    /// What kind.
    pub class: Class,
}

/// Bits that count within a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// First bit.
    pub offset: u16,
    /// How many.
    pub precision: u16,
}

/// The classes of types.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Class {
    Integer {
        order: Order,
        signed: bool,
        bits: Bits,
    },
    Float {
        order: Order,
        form: Float,
    },
    Text {
        pad: Pad,
    },
    Bitfield {
        order: Order,
        bits: Bits,
    },
    Opaque,
    Compound(Vec<Member>),
    /// Address of an object.
    Object,
    /// Any other reference; the text says which.
    Reference(&'static str),
    Enum {
        base: Box<Datatype>,
        members: Vec<(String, Vec<u8>)>,
    },
    VarText {
        pad: Pad,
    },
    VarList(Box<Datatype>),
    Array {
        base: Box<Datatype>,
        shape: Vec<u32>,
    },
    Complex(Box<Datatype>),
    Time,
}

/// Layout of a floating point number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Float {
    /// Bits that count.
    pub bits: Bits,
    /// Position of the sign.
    pub sign: u8,
    /// Position and size of the exponent.
    pub exponent: (u8, u8),
    /// Position and size of the mantissa.
    pub mantissa: (u8, u8),
    /// What is added to the exponent.
    pub bias: u32,
    /// The mantissa's leading one is not stored, as in IEEE 754.
    pub implied: bool,
    /// VAX byte order, or a number that is none.
    pub foreign: bool,
}

/// A field of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Name.
    pub name: String,
    /// Byte offset.
    pub offset: u32,
    /// Type.
    pub datatype: Datatype,
}

/// Decodes the message.
///
/// # Errors
/// `Malformed`.
pub fn decode(c: &mut Cursor<'_>) -> Result<Datatype> {
    nested(c, DEPTH)
}

fn nested(c: &mut Cursor<'_>, depth: usize) -> Result<Datatype> {
    let Some(depth) = depth.checked_sub(1) else { return Err(c.bad("types are nested too deeply")) };
    let head = c.u8()?;
    let (version, class) = (head >> 4, head & 15);
    if !(1..=5).contains(&version) {
        return Err(c.foreign(format!("version {version} is not known")));
    }
    let flags = c.uint(3)? as u32;
    let size = c.u32()?;
    if size == 0 {
        return Err(c.bad("an item of 0 bytes"));
    }
    let order = if flags & 1 == 0 { Order::Little } else { Order::Big };
    let class = match class {
        0 => Class::Integer { order, signed: flags & 8 != 0, bits: bits(c, size)? },
        1 => float(c, flags, size)?,
        2 => {
            c.skip(2)?;
            Class::Time
        }
        3 => Class::Text { pad: pad(c, flags)? },
        4 => Class::Bitfield { order, bits: bits(c, size)? },
        5 => {
            c.skip((flags & 0xff) as usize)?;
            Class::Opaque
        }
        6 => compound(c, version, flags & 0xffff, size, depth)?,
        7 => match flags & 15 {
            0 if version < 4 => Class::Object,
            1 => Class::Reference("region references"),
            2 => Class::Reference("references of the 1.12 kind"),
            3 => Class::Reference("region references of the 1.12 kind"),
            4 => Class::Reference("attribute references"),
            other => return Err(c.bad(format!("reference of kind {other}"))),
        },
        8 => enumeration(c, version, flags & 0xffff, size, depth)?,
        9 => {
            let base = nested(c, depth)?;
            match flags & 15 {
                0 => Class::VarList(Box::new(base)),
                1 => Class::VarText { pad: pad(c, flags >> 4)? },
                other => return Err(c.bad(format!("variable-length type of kind {other}"))),
            }
        }
        10 => {
            let rank = usize::from(c.u8()?);
            if version < 3 {
                c.skip(3)?;
            }
            let shape = (0..rank).map(|_| c.u32()).collect::<Result<Vec<u32>>>()?;
            if version < 3 {
                c.skip(rank.saturating_mul(4))?;
            }
            let base = nested(c, depth)?;
            let whole = shape.iter().try_fold(base.size, |n, &s| n.checked_mul(s));
            if whole != Some(size) {
                return Err(c.bad(format!("array type {shape:?} of {size} bytes, {} per item", base.size)));
            }
            Class::Array { base: Box::new(base), shape }
        }
        11 => {
            let base = nested(c, depth)?;
            if base.size.checked_mul(2) != Some(size) {
                return Err(c.bad(format!("complex number of {size} bytes, {} per part", base.size)));
            }
            Class::Complex(Box::new(base))
        }
        other => return Err(c.foreign(format!("class {other} is not known"))),
    };
    Ok(Datatype { size, class })
}

fn bits(c: &mut Cursor<'_>, size: u32) -> Result<Bits> {
    let bits = Bits { offset: c.u16()?, precision: c.u16()? };
    let end = u32::from(bits.offset).saturating_add(bits.precision.into());
    if bits.precision == 0 || end > size.saturating_mul(8) {
        return Err(c.bad(format!("bits {}..{end} of {size} bytes", bits.offset)));
    }
    Ok(bits)
}

fn float(c: &mut Cursor<'_>, flags: u32, size: u32) -> Result<Class> {
    let (big, vax) = (flags & 1 != 0, flags & 0x40 != 0);
    let form = Float {
        bits: bits(c, size)?,
        exponent: (c.u8()?, c.u8()?),
        mantissa: (c.u8()?, c.u8()?),
        bias: c.u32()?,
        sign: (flags >> 8) as u8,
        implied: flags >> 4 & 3 == 2,
        foreign: vax,
    };
    // Parts that reach beyond the item would be bits of something else.
    let ends = [form.exponent, form.mantissa, (form.sign, 1)]
        .map(|(at, len)| u32::from(at).saturating_add(len.into()));
    if ends.iter().any(|&end| end > size.saturating_mul(8)) {
        return Err(c.bad(format!("a floating point number of {size} bytes with bits up to {ends:?}")));
    }
    Ok(Class::Float { order: if big { Order::Big } else { Order::Little }, form })
}

fn pad(c: &Cursor<'_>, flags: u32) -> Result<Pad> {
    match flags & 15 {
        0 => Ok(Pad::Terminated),
        1 => Ok(Pad::Nulls),
        2 => Ok(Pad::Spaces),
        other => Err(c.bad(format!("string padding {other} is not known"))),
    }
}

fn name(c: &mut Cursor<'_>, version: u8) -> Result<String> {
    let name = c.until_nul()?;
    if version < 3 {
        let past = name.len().saturating_add(1).checked_rem(8).unwrap_or(0);
        c.skip(8_usize.saturating_sub(past).checked_rem(8).unwrap_or(0))?;
    }
    Ok(String::from_utf8_lossy(name).into_owned())
}

fn compound(c: &mut Cursor<'_>, version: u8, count: u32, size: u32, depth: usize) -> Result<Class> {
    let wide = match size {
        0..0x100 => 1,
        0x100..0x1_0000 => 2,
        0x1_0000..0x100_0000 => 3,
        _ => 4,
    };
    // Nothing would tell how many there are.
    if count == 0 {
        return Err(c.bad("a record without fields"));
    }
    let mut members = Vec::new();
    for _ in 0..count {
        let name = name(c, version)?;
        let offset = if version < 3 { c.u32()? } else { c.uint(wide)? as u32 };
        let mut shape = Vec::new();
        if version == 1 {
            let rank = usize::from(c.u8()?);
            c.skip(11)?;
            for axis in 0..4 {
                let side = c.u32()?;
                if axis < rank {
                    shape.push(side);
                }
            }
        }
        let mut datatype = nested(c, depth)?;
        if !shape.is_empty() {
            let whole = shape.iter().try_fold(datatype.size, |n, &s| n.checked_mul(s)).filter(|&n| n > 0);
            let size = whole.ok_or_else(|| c.bad(format!("field \"{name}\" has shape {shape:?}")))?;
            datatype = Datatype { size, class: Class::Array { base: Box::new(datatype), shape } };
        }
        if offset.checked_add(datatype.size).is_none_or(|end| end > size) {
            return Err(c.bad(format!("field \"{name}\" lies outside its record of {size} bytes")));
        }
        members.push(Member { name, offset, datatype });
    }
    Ok(Class::Compound(members))
}

fn enumeration(c: &mut Cursor<'_>, version: u8, count: u32, size: u32, depth: usize) -> Result<Class> {
    let base = nested(c, depth)?;
    if base.size != size {
        return Err(c.bad(format!("enumeration of {size} bytes on a type of {}", base.size)));
    }
    let names = (0..count).map(|_| name(c, version)).collect::<Result<Vec<_>>>()?;
    let mut members = Vec::new();
    for name in names {
        members.push((name, c.take(size as usize)?.to_vec()));
    }
    Ok(Class::Enum { base: Box::new(base), members })
}

impl Datatype {
    /// Takes apart an array type at the top: the type of an item, and the axes it adds.
    pub fn flat(&self) -> (&Self, Vec<u32>) {
        let (mut datatype, mut axes) = (self, Vec::new());
        while let Class::Array { base, shape } = &datatype.class {
            axes.extend_from_slice(shape);
            datatype = base;
        }
        (datatype, axes)
    }

    /// Whether it is the enumeration that stands for booleans (h5py: FALSE = 0, TRUE = 1).
    pub fn is_bool(&self) -> bool {
        let Class::Enum { members, .. } = &self.class else { return false };
        let named = |want: &str, value: u8| {
            members.iter().any(|(name, bytes)| name == want && bytes.as_slice() == [value])
        };
        self.size == 1 && members.len() == 2 && named("FALSE", 0) && named("TRUE", 1)
    }

    /// The bits that count, where they are not all of the item's.
    pub fn partial(&self) -> Option<Bits> {
        match &self.class {
            Class::Integer { bits, .. } | Class::Bitfield { bits, .. } => {
                (u32::from(bits.precision) != self.size.saturating_mul(8)).then_some(*bits)
            }
            Class::Enum { base, .. } | Class::Array { base, .. } | Class::Complex(base) => base.partial(),
            Class::Compound(members) => members.iter().find_map(|m| m.datatype.partial()),
            _ => None,
        }
    }

    /// Byte order of an integer, and whether it has a sign.
    pub fn integer(&self) -> Option<(Order, bool)> {
        match &self.class {
            Class::Integer { order, signed, .. } => Some((*order, *signed)),
            Class::Bitfield { order, .. } => Some((*order, false)),
            Class::Enum { base, .. } => base.integer(),
            _ => None,
        }
    }

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
