//! Checksums of file formats: Fletcher-32 behind HDF5 chunks, lookup3 behind HDF5 metadata.

use bytes::Bytes;

use crate::error::{Error, Result};

/// Fletcher's checksum of 16-bit big-endian words, as HDF5 computes it; an odd last byte is a word's upper half.
pub fn fletcher32(bytes: &[u8]) -> u32 {
    let (words, last) = bytes.as_chunks::<2>();
    let (mut a, mut b) = (0_u32, 0_u32);
    let fold = |sum: u32| (sum & 0xffff).wrapping_add(sum >> 16);
    // So many words can be added before the second sum could leave 32 bits.
    for block in words.chunks(360) {
        for &word in block {
            a = a.wrapping_add(u16::from_be_bytes(word).into());
            b = b.wrapping_add(a);
        }
        (a, b) = (fold(a), fold(b));
    }
    if let [last] = *last {
        a = a.wrapping_add(u32::from(last) << 8);
        b = b.wrapping_add(a);
        (a, b) = (fold(a), fold(b));
    }
    (a, b) = (fold(a), fold(b));
    b << 16 | a
}

/// Takes a trailing Fletcher-32 off and checks it.
pub(super) fn strip_fletcher32(input: Bytes) -> Result<Bytes> {
    let (data, stored) = split4(&input)?;
    let found = fletcher32(data);
    // HDF5 1.6 on little-endian machines stored it with the bytes of each half exchanged; its readers accept both.
    let swapped = (found & 0x00ff_00ff) << 8 | (found >> 8) & 0x00ff_00ff;
    verdict(stored, if stored == swapped { swapped } else { found })?;
    let len = data.len();
    Ok(input.slice(..len))
}

fn split4(input: &[u8]) -> Result<(&[u8], u32)> {
    let (data, sum) =
        input.split_last_chunk::<4>().ok_or_else(|| Error::malformed("no room for a checksum"))?;
    Ok((data, u32::from_le_bytes(*sum)))
}

fn verdict(stored: u32, found: u32) -> Result<()> {
    if stored == found {
        return Ok(());
    }
    Err(Error::malformed(format!("checksum {found:08x} of the data is not the stored {stored:08x}")))
}

/// Bob Jenkins' lookup3 (`hashlittle` with initial value 0): the checksum of HDF5 metadata.
pub fn lookup3(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
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
    fn lookup3_agrees_with_its_author() {
        // From the comments of lookup3.c: hashlittle of these strings with initial value 0.
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }

    #[test]
    fn fletcher32_agrees_with_known_values() {
        // Big-endian words, so the well-known values of the little-endian form do not apply; computed by hand.
        assert_eq!(fletcher32(&[0, 1, 0, 2]), 4 << 16 | 3);
        assert_eq!(fletcher32(&[0, 1, 2]), 0x0202 << 16 | 0x0201);
        assert_eq!(fletcher32(&[]), 0);
    }
}
