//! Numbers of any width packed without gaps, most significant bit first.

use crate::error::{Error, Result};

/// Reads packed numbers.
pub(super) struct Bits<'a> {
    bytes: std::slice::Iter<'a, u8>,
    /// Bits taken out of `bytes` and not yet given, the next one highest of the lowest `have`.
    window: u128,
    have: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter(), window: 0, have: 0 }
    }

    /// The next number of `width` bits, at most 64.
    pub(super) fn take(&mut self, width: u32) -> Result<u64> {
        while self.have < width {
            let byte = self.bytes.next().ok_or_else(|| Error::malformed("packed numbers end early"))?;
            self.window = self.window << 8 | u128::from(*byte);
            self.have = self.have.saturating_add(8);
        }
        self.have = self.have.saturating_sub(width);
        let number = self.window.checked_shr(self.have).unwrap_or(0) as u64;
        Ok(number & mask(width))
    }
}

/// The lowest `width` bits.
pub(super) fn mask(width: u32) -> u64 {
    u64::MAX.checked_shr(64_u32.saturating_sub(width)).unwrap_or(0)
}

/// Writes the low bytes of a number over `slot`, which is at most 8 bytes long.
pub(super) fn put(slot: &mut [u8], number: u64, big: bool) {
    for (to, from) in slot.iter_mut().zip(number.to_le_bytes()) {
        *to = from;
    }
    if big {
        slot.reverse();
    }
}

/// The number in at most 8 bytes.
pub(super) fn number(bytes: &[u8], big: bool) -> u64 {
    let add = |n: u64, b: &u8| n << 8 | u64::from(*b);
    if big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_as_they_were_packed() {
        let mut bits = Bits::new(&[0b1010_0110, 0b1111_0000, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 0x80]);
        assert_eq!(bits.take(3).unwrap(), 0b101);
        assert_eq!(bits.take(0).unwrap(), 0);
        assert_eq!(bits.take(9).unwrap(), 0b0_0110_1111);
        assert_eq!(bits.take(12).unwrap(), 0xff);
        assert_eq!(bits.take(64).unwrap(), 0x0102_0304_0506_0708);
        assert_eq!(bits.take(1).unwrap(), 1);
        assert!(bits.take(8).is_err());
        assert_eq!([mask(0), mask(1), mask(64)], [0, 1, u64::MAX]);
        let mut slot = [0; 3];
        put(&mut slot, 0x010203, true);
        assert_eq!((slot, number(&slot, true), number(&slot, false)), ([1, 2, 3], 0x010203, 0x030201));
    }
}
