//! Checksums of file formats, and taking them off the data they guard.

use bytes::Bytes;
pub use cellucid_kernels::checksum::{crc32, crc32c, fletcher32};

use crate::error::{Error, Result};

/// A checksum of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// Adler's, as in zlib streams.
    Adler32,
    /// The cyclic one of gzip and zip.
    Crc32,
    /// Castagnoli's cyclic one.
    Crc32c,
    /// Fletcher's as HDF5 computes it.
    Fletcher32,
    /// Bob Jenkins' `hashlittle` of lookup3 with a start value: 0 for HDF5 metadata.
    Lookup3 {
        /// The start value.
        start: u32,
    },
}

impl Sum {
    /// Its value for some bytes.
    pub fn of(self, bytes: &[u8]) -> u32 {
        match self {
            Self::Adler32 => adler32(bytes),
            Self::Crc32 => crc32(bytes),
            Self::Crc32c => crc32c(bytes),
            Self::Fletcher32 => fletcher32(bytes),
            Self::Lookup3 { start } => hash_little(bytes, start),
        }
    }

    /// Takes a checksum off the front or the end of data and checks it.
    pub(super) fn strip(self, input: Bytes, front: bool) -> Result<Bytes> {
        let split = if front {
            input.split_first_chunk::<4>()
        } else {
            input.split_last_chunk::<4>().map(|(data, sum)| (sum, data))
        };
        let (sum, data) = split.ok_or_else(|| Error::malformed("no room for a checksum"))?;
        let (stored, found) = (u32::from_le_bytes(*sum), self.of(data));
        // HDF5 before 1.6.3 stored Fletcher's with the bytes of each half exchanged on little-endian machines.
        let swapped = (found & 0x00ff_00ff) << 8 | (found >> 8) & 0x00ff_00ff;
        if stored != found && (self, stored) != (Self::Fletcher32, swapped) {
            return Err(Error::malformed(format!(
                "checksum {found:08x} of the data is not the stored {stored:08x}"
            )));
        }
        let at = if front { 4 } else { 0 };
        let len = data.len();
        Ok(input.slice(at..len.saturating_add(at)))
    }
}

/// Adler's checksum.
pub fn adler32(bytes: &[u8]) -> u32 {
    let mut sum = simd_adler32::Adler32::new();
    sum.write(bytes);
    sum.finish()
}

/// The checksum of HDF5 metadata: Bob Jenkins' lookup3 (`hashlittle`) with start value 0.
pub fn lookup3(bytes: &[u8]) -> u32 {
    hash_little(bytes, 0)
}

fn hash_little(bytes: &[u8], start: u32) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32).wrapping_add(start);
    let (mut a, mut b, mut c) = (start, start, start);
    // The last block, full or not, is mixed differently; nothing is mixed for no bytes at all.
    let Some(last) = bytes.len().checked_sub(1).map(|n| n / 12) else { return c };
    for (i, block) in bytes.chunks(12).enumerate() {
        let mut padded = [0; 12];
        padded.iter_mut().zip(block).for_each(|(to, from)| *to = *from);
        let mut words = [0; 3];
        words.iter_mut().zip(padded.as_chunks().0).for_each(|(w, bytes)| *w = u32::from_le_bytes(*bytes));
        let [x, y, z] = words;
        (a, b, c) = (a.wrapping_add(x), b.wrapping_add(y), c.wrapping_add(z));
        (a, b, c) = if i == last { finish(a, b, c) } else { mix(a, b, c) };
    }
    c
}

fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    for [x, y, z] in [[4, 6, 8], [16, 19, 4]] {
        a = a.wrapping_sub(c) ^ c.rotate_left(x);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(y);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(z);
        b = b.wrapping_add(a);
    }
    (a, b, c)
}

fn finish(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    for [x, y, z] in [[14, 11, 25], [16, 4, 14]] {
        c = (c ^ b).wrapping_sub(b.rotate_left(x));
        a = (a ^ c).wrapping_sub(c.rotate_left(y));
        b = (b ^ a).wrapping_sub(a.rotate_left(z));
    }
    c = (c ^ b).wrapping_sub(b.rotate_left(24));
    (a, b, c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_their_authors_publish() {
        // The check values of the CRC catalogue, of RFC 1950's example text and of the comments of lookup3.c.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
        assert_eq!(hash_little(b"Four score and seven years ago", 1), 0xcd62_8161);
    }

    #[test]
    fn checksums_are_checked_and_taken_off_either_end() {
        let sum = Sum::Crc32c.of(b"cells").to_le_bytes();
        let front = Bytes::from([&sum[..], b"cells"].concat());
        let end = Bytes::from([b"cells", &sum[..]].concat());
        assert_eq!(Sum::Crc32c.strip(front.clone(), true).unwrap(), "cells");
        assert_eq!(Sum::Crc32c.strip(end, false).unwrap(), "cells");
        assert!(Sum::Crc32.strip(front.clone(), true).is_err());
        assert!(Sum::Crc32c.strip(front.slice(1..), true).is_err());
        assert!(Sum::Crc32c.strip(front.slice(..3), true).is_err());
    }
}
