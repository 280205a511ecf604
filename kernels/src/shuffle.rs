//! Byte and bit shuffle: the first byte (or bit) of all items, then the second of all, and so on. What does not fill
//! an item stays behind.
#![deny(clippy::arithmetic_side_effects)]

/// Items that are put together at a time where one is wider than four bytes.
const RUN: usize = 256;

/// Undoes the byte shuffle of items of `width` bytes into a buffer of the same length.
#[inline(never)]
pub fn unshuffle(input: &[u8], out: &mut [u8], width: usize) {
    let items = input.len().checked_div(width).unwrap_or(0);
    match width {
        0 | 1 => return out.copy_from_slice(input),
        2 => {
            let [a, b] = planes(input, items, 0);
            let slots = out.as_chunks_mut().0;
            slots.iter_mut().zip(a).zip(b).for_each(|((slot, &a), &b)| *slot = [a, b]);
        }
        4 => four(planes(input, items, 0), out.as_chunks_mut().0),
        8 => fours::<2>(input, items, out),
        16 => fours::<4>(input, items, out),
        _ => {
            let whole = items.saturating_mul(width);
            for (byte, plane) in input.chunks_exact(items.max(1)).take(width).enumerate() {
                let slots = out.iter_mut().take(whole).skip(byte).step_by(width);
                slots.zip(plane).for_each(|(slot, &b)| *slot = b);
            }
        }
    }
    tail(input, out, items.saturating_mul(width));
}

/// Some planes from the `first` on.
fn planes<const N: usize>(input: &[u8], items: usize, first: usize) -> [&[u8]; N] {
    let mut all = input.chunks_exact(items.max(1)).skip(first);
    [(); N].map(|()| all.next().unwrap_or_default())
}

/// A loop over four slices and nothing else: that is what compilers make vector instructions of. Apart, because drawn into
/// another it is not.
#[inline(never)]
fn four([a, b, c, d]: [&[u8]; 4], out: &mut [[u8; 4]]) {
    for ((((slot, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *slot = [a, b, c, d];
    }
}

/// Items of `N` times four bytes, by way of their fours.
fn fours<const N: usize>(input: &[u8], items: usize, out: &mut [u8]) {
    let mut parts = [[[0; 4]; RUN]; N];
    let mut done = 0_usize;
    for slots in out.as_chunks_mut::<4>().0.as_chunks_mut::<N>().0.chunks_mut(RUN) {
        for (number, part) in parts.iter_mut().enumerate() {
            let planes = planes(input, items, number.saturating_mul(4));
            four(planes.map(|plane| plane.get(done..).unwrap_or_default()), part);
        }
        for (i, slot) in slots.iter_mut().enumerate() {
            *slot = parts.each_ref().map(|part| part.get(i % RUN).copied().unwrap_or_default());
        }
        done = done.saturating_add(RUN);
    }
}

fn tail(input: &[u8], out: &mut [u8], whole: usize) {
    if let (Some(to), Some(from)) = (out.get_mut(whole..), input.get(whole..)) {
        to.copy_from_slice(from);
    }
}

/// Undoes the bit shuffle of items of `width` bytes, whose number has to be a multiple of eight, into a buffer of
/// the same length; `planes` is a third one, for what lies between.
#[inline(never)]
pub fn unshuffle_bits(input: &[u8], out: &mut [u8], planes: &mut Vec<u8>, width: usize) {
    let items = input.len().checked_div(width).unwrap_or(0);
    let row = items / 8;
    planes.clear();
    if row > 0 {
        // Eight rows hold one byte of all items, a bit each: transposed eight by eight they become those bytes.
        for rows in input.chunks_exact(row.saturating_mul(8)).take(width) {
            let mut bits = [&[][..]; 8];
            bits.iter_mut().zip(rows.chunks_exact(row)).for_each(|(to, from)| *to = from);
            let [a, b, c, d, e, f, g, h] = bits;
            let lower = a.iter().zip(b).zip(c).zip(d);
            let upper = e.iter().zip(f).zip(g).zip(h);
            for ((((a, b), c), d), (((e, f), g), h)) in lower.zip(upper) {
                let square = transpose(u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]));
                planes.extend_from_slice(&square.to_le_bytes());
            }
        }
    }
    let whole = planes.len();
    if let Some(out) = out.get_mut(..whole) {
        unshuffle(planes, out, width);
    }
    tail(input, out, whole);
}

/// Exchanges rows and columns of a square of eight by eight bits, a byte each row.
fn transpose(mut x: u64) -> u64 {
    for (mask, shift) in
        [(0x00aa_00aa_00aa_00aa_u64, 7), (0x0000_cccc_0000_cccc, 14), (0x0000_0000_f0f0_f0f0, 28)]
    {
        let t = (x ^ x >> shift) & mask;
        x ^= t ^ t << shift;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_and_length_comes_back() {
        for width in 1..=20 {
            for len in [0, 1, width, 3 * width + 1, 16 * width, 37 * width + width / 2, 1000, 700 * width] {
                let plain: Vec<u8> = (0..len).map(|i| (i * 7 + i / 256) as u8).collect();
                let items = len / width;
                let mut stored = Vec::new();
                for byte in 0..width {
                    stored.extend((0..items).map(|i| plain[i * width + byte]));
                }
                stored.extend_from_slice(&plain[items * width..]);
                let mut out = vec![0; len];
                unshuffle(&stored, &mut out, width);
                assert_eq!(out, plain, "width {width}, {len} bytes");
            }
        }
    }

    #[test]
    fn bits_come_back() {
        for width in [1, 2, 3, 4, 8, 12] {
            for items in [0_usize, 8, 64, 1000] {
                let plain: Vec<u8> = (0..items * width).map(|i| ((i * i * 31) >> 2) as u8).collect();
                let mut stored = vec![0; plain.len()];
                for bit in 0..8 * width {
                    for item in 0..items {
                        let set = plain[item * width + bit / 8] >> (bit % 8) & 1;
                        stored[bit * items / 8 + item / 8] |= set << (item % 8);
                    }
                }
                let mut out = vec![0; plain.len()];
                unshuffle_bits(&stored, &mut out, &mut Vec::new(), width);
                assert_eq!(out, plain, "width {width}, {items} items");
            }
        }
    }
}
