//! HDF5 scale-offset: numbers as differences from the least of a chunk, in as many bits as the greatest difference needs;
//! floating point numbers after multiplication by a power of ten.
//!
//! A chunk is: bits per number (32 bits), bytes of the minimum (8 bits), minimum (16 bytes), packed numbers.

use super::{
    Room,
    bits::{self, Bits},
};
use crate::{
    error::{Error, Result},
    host,
    limits::Limits,
};

/// Bytes in front of the packed numbers.
const HEAD: usize = 21;

/// What the numbers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleOffset {
    /// Numbers in a chunk.
    pub count: u32,
    /// Bytes of a number: 1, 2, 4 or 8; floating point 4 or 8.
    pub width: u8,
    /// Most significant byte first.
    pub big: bool,
    /// For floating point numbers the power of ten they were multiplied by.
    pub decimals: Option<i32>,
    /// The number that all bits set stand for, its bytes as an integer; `None` when there is none.
    pub fill: Option<u64>,
}

pub(super) fn decode(form: &ScaleOffset, input: &[u8], room: Room) -> Result<Vec<u8>> {
    let width = usize::from(form.width);
    // Equal numbers take no bits at all.
    let size = u64::from(form.count).saturating_mul(form.width.into());
    let size = room.declared(size, input.len(), usize::MAX)?;
    let short = || Error::malformed(format!("{} bytes are fewer than a head", input.len()));
    let (head, packed) = input.split_at_checked(HEAD).ok_or_else(short)?;
    let (bits, head) = head.split_first_chunk::<4>().ok_or_else(short)?;
    let bits = u32::from_le_bytes(*bits);
    let full = u32::from(form.width).saturating_mul(8);
    if bits > full {
        return Err(Error::malformed(format!("numbers of {bits} bits where there are {full}")));
    }
    let (&stored, head) = head.split_first().ok_or_else(short)?;
    let least = bits::number(head.get(..usize::from(stored.min(8))).ok_or_else(short)?, false);
    // What is packed has to be there before there is room for what it becomes.
    let wanted = u64::from(form.count).saturating_mul(bits.into()).div_ceil(8);
    if (packed.len() as u64) < wanted {
        return Err(Error::malformed(format!("{} packed bytes where {wanted} are wanted", packed.len())));
    }
    let mut out = Limits::filled(size, 0_u8, "a chunk")?;
    let mut packed_bits = Bits::new(packed);
    let value = value(form, bits, least);
    for (i, slot) in out.chunks_exact_mut(width).enumerate() {
        let number = if bits == full {
            // Stored as they are, least significant byte first.
            let start = i.saturating_mul(width);
            bits::number(packed.get(start..start.saturating_add(width)).unwrap_or(&[]), false)
        } else {
            value(packed_bits.take(bits)?)
        };
        bits::put(slot, number, form.big);
    }
    Ok(out)
}

/// From a packed number to the bytes of the one it stands for.
fn value(form: &ScaleOffset, bits: u32, least: u64) -> impl Fn(u64) -> u64 {
    let ScaleOffset { width, decimals, fill, .. } = *form;
    // The nearest number to the power, as C's `pow` gives it.
    let power = host::number(&format!("1e{}", decimals.unwrap_or(0))).unwrap_or(1.0);
    let marks = bits::mask(bits);
    move |packed| match (fill, decimals, width) {
        (Some(fill), ..) if packed == marks => fill,
        (_, None, _) => packed.wrapping_add(least),
        (_, _, 4) => {
            let scaled = packed as i32 as f32 / power as f32;
            (scaled + f32::from_bits(least as u32)).to_bits().into()
        }
        _ => (packed as i64 as f64 / power + f64::from_bits(least)).to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(bits: u32, least: u64, packed: &[u8]) -> Vec<u8> {
        let mut chunk = bits.to_le_bytes().to_vec();
        chunk.push(8);
        chunk.extend(least.to_le_bytes());
        chunk.extend([0; 8]);
        chunk.extend(packed);
        chunk
    }

    #[test]
    fn integers_of_both_orders_with_a_fill_value() {
        let form = ScaleOffset { count: 3, width: 2, big: false, decimals: None, fill: Some(0xffff) };
        let stored = chunk(4, (-3_i64) as u64, &[0x01, 0xf0]);
        let got = decode(&form, &stored, Room::exact(6)).unwrap();
        assert_eq!(got, [0xfd, 0xff, 0xfe, 0xff, 0xff, 0xff]);
        let big = decode(&ScaleOffset { big: true, fill: None, ..form }, &stored, Room::exact(6)).unwrap();
        assert_eq!(big, [0xff, 0xfd, 0xff, 0xfe, 0, 12]);
    }

    #[test]
    fn decimals_and_damage() {
        let form = ScaleOffset { count: 2, width: 4, big: false, decimals: Some(2), fill: None };
        let stored = chunk(8, f32::to_bits(1.5).into(), &[0, 25]);
        let got = decode(&form, &stored, Room::exact(8)).unwrap();
        assert_eq!(got, [1.5_f32.to_le_bytes(), 1.75_f32.to_le_bytes()].concat());
        for cut in 0..stored.len() {
            assert!(decode(&form, &stored[..cut], Room::exact(8)).is_err());
        }
        assert!(decode(&form, &chunk(33, 0, &[0; 99]), Room::exact(8)).is_err());
        assert!(decode(&form, &stored, Room::exact(12)).is_err());
    }
}
