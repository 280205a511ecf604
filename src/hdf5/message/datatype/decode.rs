//! From the bytes of the message to a type: every class there is.

use super::{Bits, Class, Datatype, Float, Member};
use crate::{
    array::{Order, Pad},
    error::Result,
    hdf5::cursor::Cursor,
};

/// Deepest nesting of types within types.
const DEPTH: usize = 16;

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
