//! HDF5 nbit: only the bits of a number that count are stored, packed without gaps; and what has to be done to numbers
//! whose other bits are not a continuation of their sign.

use super::{
    Room,
    bits::{self, Bits},
};
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// The bits of a number that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Significant {
    /// Bytes of the number, 1 to 8.
    pub width: u8,
    /// Most significant byte first.
    pub big: bool,
    /// First bit that counts.
    pub offset: u8,
    /// How many.
    pub precision: u8,
}

/// A part of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A number.
    Number {
        /// First byte.
        at: u32,
        /// Which bits are stored.
        bits: Significant,
    },
    /// Bytes that are stored as they are.
    Plain {
        /// First byte.
        at: u32,
        /// How many.
        len: u32,
    },
}

impl Significant {
    /// Whether the bits lie within the number.
    pub fn is_sound(&self) -> bool {
        let end = self.offset.checked_add(self.precision);
        (1..=8).contains(&self.width)
            && self.precision > 0
            && end.is_some_and(|end| end <= self.width.saturating_mul(8))
    }
}

/// Unpacks items of `width` bytes.
pub(super) fn decode(width: u32, parts: &[Part], input: &[u8], room: Room) -> Result<Vec<u8>> {
    let each: u64 = parts.iter().map(|part| part.stored()).fold(0, u64::saturating_add);
    let stored = (input.len() as u64).saturating_mul(8);
    // The last byte may be filled up: an unknown size is that of as many items as there are bits for.
    let items = stored.checked_div(each).unwrap_or(0);
    let size = match room.size() {
        Some(size) => size,
        None => room.declared(items.saturating_mul(width.into()), input.len(), usize::MAX)?,
    };
    let count = (size as u64).checked_div(width.into()).unwrap_or(0);
    if count > items {
        return Err(Error::malformed(format!("packed numbers end after {items} of {count} items")));
    }
    let mut out = Limits::filled(size, 0_u8, "a chunk")?;
    let mut packed = Bits::new(input);
    for item in out.chunks_exact_mut((width as usize).max(1)) {
        for part in parts {
            part.unpack(item, &mut packed)?;
        }
    }
    Ok(out)
}

impl Part {
    /// Bits it takes.
    fn stored(&self) -> u64 {
        match self {
            Self::Number { bits, .. } => bits.precision.into(),
            Self::Plain { len, .. } => u64::from(*len).saturating_mul(8),
        }
    }

    fn unpack(&self, item: &mut [u8], packed: &mut Bits<'_>) -> Result<()> {
        let (at, len) = match *self {
            Self::Number { at, bits } => (at as usize, usize::from(bits.width)),
            Self::Plain { at, len } => (at as usize, len as usize),
        };
        let slot = item.get_mut(at..at.saturating_add(len));
        let slot =
            slot.ok_or_else(|| Error::malformed(format!("a number at byte {at} lies outside its item")))?;
        match self {
            Self::Number { bits, .. } => {
                let number = packed.take(bits.precision.into())?;
                bits::put(slot, number.checked_shl(bits.offset.into()).unwrap_or(0), bits.big);
            }
            Self::Plain { .. } => {
                for byte in slot {
                    *byte = packed.take(8)? as u8;
                }
            }
        }
        Ok(())
    }
}

/// Moves the bits that count to the bottom and continues the sign above them.
pub(super) fn widen(form: &Significant, signed: bool, input: &[u8]) -> Result<Vec<u8>> {
    let above = 64_u32.saturating_sub(u32::from(form.offset).saturating_add(form.precision.into()));
    let below = 64_u32.saturating_sub(form.precision.into());
    let mut out = Limits::filled(input.len(), 0_u8, "a chunk")?;
    let width = usize::from(form.width.max(1));
    for (slot, item) in out.chunks_exact_mut(width).zip(input.chunks_exact(width)) {
        let top = bits::number(item, form.big).checked_shl(above).unwrap_or(0);
        let number = if signed {
            (top as i64).checked_shr(below).unwrap_or(0) as u64
        } else {
            top.checked_shr(below).unwrap_or(0)
        };
        bits::put(slot, number, form.big);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_plain_bytes_side_by_side() {
        let bits = Significant { width: 2, big: true, offset: 3, precision: 5 };
        let parts = [Part::Number { at: 1, bits }, Part::Plain { at: 0, len: 1 }];
        // 10110 01000001, 00001 01000010
        let stored = [0b1011_0010, 0b0000_1000, 0b0101_0000, 0b1000_0000];
        let got = decode(3, &parts, &stored, Room::exact(6)).unwrap();
        assert_eq!(got, [b'A', 0, 0b1011_0000, b'B', 0, 0b0000_1000]);
        assert!(decode(3, &parts, &stored[..3], Room::exact(6)).is_err());
        assert!(decode(2, &parts, &stored, Room::exact(4)).is_err());
    }

    #[test]
    fn signs_are_continued() {
        let form = Significant { width: 2, big: false, offset: 4, precision: 8 };
        assert_eq!(widen(&form, true, &[0xf0, 0x0f]).unwrap(), [0xff, 0xff]);
        assert_eq!(widen(&form, false, &[0xf0, 0x0f]).unwrap(), [0xff, 0]);
        assert!(form.is_sound() && !Significant { offset: 9, ..form }.is_sound());
    }
}
