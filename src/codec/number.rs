//! Filters that do arithmetic on numbers: delta, fixed scale and offset, and changes of type.

use half::f16;

use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// What a number is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Two's complement.
    Signed,
    /// Never negative.
    Unsigned,
    /// IEEE 754.
    Float,
    /// The upper half of a single precision number (`bfloat16`).
    Brain,
}

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// What it is made of.
    pub form: Form,
    /// 1, 2, 4 or 8.
    pub bytes: u8,
    /// Most significant byte first.
    pub big: bool,
}

/// A number on its way from one type to another.
#[derive(Clone, Copy)]
enum Value {
    Int(i64),
    Float(f64),
}

impl Number {
    fn read(self, item: &[u8]) -> Value {
        let mut bytes = [0; 8];
        let width = item.len().min(8);
        // Little-endian, sign not yet extended.
        for (i, &byte) in item.iter().take(8).enumerate() {
            let at = if self.big { width.saturating_sub(i).saturating_sub(1) } else { i };
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
        }
        let raw = u64::from_le_bytes(bytes);
        let unused = 64_u32.saturating_sub(u32::from(self.bytes).saturating_mul(8));
        match (self.form, self.bytes) {
            (Form::Unsigned, _) => Value::Int(raw as i64),
            (Form::Signed, _) => {
                Value::Int((raw.checked_shl(unused).unwrap_or(0) as i64).checked_shr(unused).unwrap_or(0))
            }
            (Form::Float, 2) => Value::Float(f16::from_bits(raw as u16).to_f64()),
            (Form::Float, 4) => Value::Float(f32::from_bits(raw as u32).into()),
            (Form::Float, _) => Value::Float(f64::from_bits(raw)),
            (Form::Brain, _) => Value::Float(f32::from_bits((raw as u32) << 16).into()),
        }
    }

    fn write(self, value: Value, out: &mut Vec<u8>) {
        let raw = match (self.form, self.bytes, value) {
            (Form::Float, bytes, value) => {
                let value = match value {
                    Value::Int(i) => i as f64,
                    Value::Float(f) => f,
                };
                match bytes {
                    2 => f16::from_f64(value).to_bits().into(),
                    4 => (value as f32).to_bits().into(),
                    _ => value.to_bits(),
                }
            }
            // Nothing is turned into these: only what is read has them.
            (Form::Brain, _, Value::Float(f)) => u64::from((f as f32).to_bits() >> 16),
            (_, _, Value::Int(i)) => i as u64,
            (Form::Unsigned, 8, Value::Float(f)) if f >= 0.0 => f as u64,
            (_, _, Value::Float(f)) => f as i64 as u64,
        };
        let bytes = raw.to_le_bytes();
        let used = bytes.get(..usize::from(self.bytes)).unwrap_or(&bytes);
        if self.big {
            out.extend(used.iter().rev());
        } else {
            out.extend_from_slice(used);
        }
    }
}

/// Turns numbers of one type into numbers of another.
fn map(input: &[u8], from: Number, to: Number, mut step: impl FnMut(Value) -> Value) -> Result<Vec<u8>> {
    let width = usize::from(from.bytes).max(1);
    if input.len().checked_rem(width) != Some(0) {
        return Err(Error::malformed(format!(
            "{} bytes are no whole number of items of {width}",
            input.len()
        )));
    }
    let items = input.len().checked_div(width).unwrap_or(0);
    let mut out = Limits::room(items.saturating_mul(to.bytes.into()), "a chunk")?;
    for item in input.chunks_exact(width) {
        to.write(step(from.read(item)), &mut out);
    }
    Ok(out)
}

/// Undoes differences between neighbours.
pub(super) fn delta(input: &[u8], stored: Number, plain: Number) -> Result<Vec<u8>> {
    let (mut int, mut float) = (0_i64, 0_f64);
    let single = (plain.form, plain.bytes) == (Form::Float, 4);
    map(input, stored, plain, |value| match (plain.form, value) {
        (Form::Float, value) => {
            let step = match value {
                Value::Int(i) => i as f64,
                Value::Float(f) => f,
            };
            float += step;
            if single {
                float = f64::from(float as f32);
            }
            Value::Float(float)
        }
        (_, Value::Int(step)) => {
            int = int.wrapping_add(step);
            Value::Int(int)
        }
        (_, Value::Float(step)) => {
            int = int.wrapping_add(step as i64);
            Value::Int(int)
        }
    })
}

/// Undoes `(x - offset) * scale`.
pub(super) fn scale(input: &[u8], stored: Number, plain: Number, scale: f64, offset: f64) -> Result<Vec<u8>> {
    // numpy divides in the stored type where that is a float, else in double precision.
    let single = stored.form == Form::Float && stored.bytes < 8;
    map(input, stored, plain, |value| {
        Value::Float(match value {
            Value::Float(f) if single => (f as f32 / scale as f32 + offset as f32).into(),
            Value::Float(f) => f / scale + offset,
            Value::Int(i) if (stored.form, stored.bytes) == (Form::Unsigned, 8) => {
                i as u64 as f64 / scale + offset
            }
            Value::Int(i) => i as f64 / scale + offset,
        })
    })
}

/// Changes the type only.
pub(super) fn cast(input: &[u8], stored: Number, plain: Number) -> Result<Vec<u8>> {
    if stored == plain {
        return Ok(input.to_vec());
    }
    map(input, stored, plain, |value| match value {
        // Above what a signed number holds.
        Value::Int(i) if i < 0 && (stored.form, plain.form) == (Form::Unsigned, Form::Float) => {
            Value::Float(i as u64 as f64)
        }
        value => value,
    })
}

/// Undoes numcodecs' packing of booleans: the number of unused bits, then eight booleans a byte, first one highest.
pub(super) fn unpack_bits(input: &[u8]) -> Result<Vec<u8>> {
    let (&unused, packed) = input.split_first().ok_or_else(|| Error::malformed("is empty"))?;
    let items = packed.len().saturating_mul(8).checked_sub(unused.into());
    let items = items
        .filter(|_| unused < 8)
        .ok_or_else(|| Error::malformed(format!("{unused} unused bits in {} bytes", packed.len())))?;
    let mut out = Limits::room(packed.len().saturating_mul(8), "a chunk")?;
    for byte in packed {
        out.extend((0..8).rev().map(|bit| byte >> bit & 1));
    }
    out.truncate(items);
    Ok(out)
}
