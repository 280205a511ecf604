//! Checksums of whole chunks.
#![deny(clippy::arithmetic_side_effects)]

use std::sync::LazyLock;

/// CRC-32 as gzip and zip use it.
#[inline(never)]
pub fn crc32(bytes: &[u8]) -> u32 {
    static TABLES: LazyLock<Box<Tables>> = LazyLock::new(|| tables(0xedb8_8320));
    crc(&TABLES, bytes)
}

/// CRC-32C (Castagnoli).
#[inline(never)]
pub fn crc32c(bytes: &[u8]) -> u32 {
    static TABLES: LazyLock<Box<Tables>> = LazyLock::new(|| tables(0x82f6_3b78));
    crc(&TABLES, bytes)
}

/// What a byte adds to a cyclic checksum when so many bytes follow it.
type Tables = [[u32; 256]; 16];

/// Computed on first use: as constants they would be most of what a browser downloads of this file.
fn tables(polynomial: u32) -> Box<Tables> {
    let mut tables: Box<Tables> = Box::new([[0; 256]; 16]);
    let mut before = [0; 256];
    for (n, slot) in before.iter_mut().enumerate() {
        *slot = (0..8).fold(n as u32, |c, _| if c & 1 == 1 { c >> 1 ^ polynomial } else { c >> 1 });
    }
    let first = before;
    for table in tables.iter_mut() {
        *table = before;
        for slot in &mut before {
            *slot = *slot >> 8 ^ look(&first, *slot as u8);
        }
    }
    tables
}

fn look(table: &[u32; 256], byte: u8) -> u32 {
    table.get(usize::from(byte)).copied().unwrap_or(0)
}

fn crc(tables: &Tables, bytes: &[u8]) -> u32 {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let mut crc = u32::MAX;
    for block in blocks {
        let mut block = *block;
        block.iter_mut().zip(crc.to_le_bytes()).for_each(|(byte, c)| *byte ^= c);
        crc = block.iter().zip(tables.iter().rev()).fold(0, |crc, (&byte, table)| crc ^ look(table, byte));
    }
    let [first, ..] = tables;
    !rest.iter().fold(crc, |crc, &byte| crc >> 8 ^ look(first, byte ^ crc as u8))
}

/// Fletcher's checksum of 16-bit big-endian words, as HDF5 computes it; an odd last byte is a word's upper half.
#[inline(never)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fletcher32_of_short_texts() {
        // Big-endian words, so the well-known values of the little-endian form do not apply; computed by hand.
        assert_eq!(fletcher32(&[0, 1, 0, 2]), 4 << 16 | 3);
        assert_eq!(fletcher32(&[0, 1, 2]), 0x0202 << 16 | 0x0201);
        assert_eq!(fletcher32(&[]), 0);
    }

    #[test]
    fn long_and_odd_lengths_agree_with_bit_by_bit() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| (i.wrapping_mul(i) >> 3) as u8).collect();
        for len in [0, 1, 15, 16, 17, 31, 33, 99_999] {
            let slow = bytes[..len].iter().fold(u32::MAX, |c, &b| {
                (0..8).fold(c ^ u32::from(b), |c, _| if c & 1 == 1 { c >> 1 ^ 0x82f6_3b78 } else { c >> 1 })
            });
            assert_eq!(crc32c(&bytes[..len]), !slow, "{len}");
        }
    }
}
