//! Runs of stored items put into typed buffers, straight from chunk bytes.

use cellucid_kernels::place;
use half::slice::HalfFloatSliceExt;

use super::{DType, Order, Pad, Step, Text, TextForm, Values};
use crate::error::{Error, Result};

impl Values {
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
