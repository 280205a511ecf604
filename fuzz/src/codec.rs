//! Codecs: any pipeline over any bytes.

use bytes::Bytes;
use cellucid_wasm::codec::{self, Codec, LzmaForm, Packing, ScaleOffset, Significant, Szip};

/// The most that may come out.
const BOUND: usize = 1 << 20;

/// The first byte chooses, the next five are parameters, the rest is the chunk.
pub fn codec(data: &[u8]) {
    let Some((head, chunk)) = data.split_first_chunk::<6>() else { return };
    let [which, a, b, c, d, flags] = *head;
    let last = match which % 17 {
        0 => Codec::Zlib,
        1 => Codec::Gzip,
        2 => Codec::Zstd,
        3 => Codec::Blosc,
        4 => Codec::Blosc2,
        5 => {
            let packing = [Packing::None, Packing::Lz4, Packing::Zstd][usize::from(c % 3)];
            Codec::Bitshuffle { width: a.max(1).into(), block: u32::from(b) * 8, packing }
        }
        6 => Codec::Lz4,
        7 => Codec::Lz4Frames,
        8 => Codec::Bz2,
        9 => Codec::Lzf,
        10 => Codec::ScaleOffset(ScaleOffset {
            count: u32::from(b) << (c % 12),
            width: [1, 2, 4, 8][usize::from(a % 4)],
            big: d & 1 == 1,
            decimals: (d & 2 == 2).then_some(i32::from(c) - 8),
            fill: (d & 4 == 4).then_some(b.into()),
        }),
        11 => {
            let bits = Significant {
                width: [1, 2, 4, 8][usize::from(a % 4)],
                big: d & 1 == 1,
                offset: b % 64,
                precision: c % 65,
            };
            if !bits.is_sound() {
                return;
            }
            Codec::Widen { bits, signed: d & 2 == 2 }
        }
        12 => match Szip::new(u32::from(d), u32::from(a), u32::from(b % 70), 1 + u32::from(c) * 8) {
            Some(form) => Codec::Szip(form),
            None => return,
        },
        13 => Codec::Lzma(LzmaForm::Container),
        14 => Codec::PackBits,
        15 => Codec::Fletcher32,
        _ => Codec::Shuffle { width: a.into() },
    };
    let codecs = if flags & 1 == 1 { vec![Codec::Shuffle { width: 4 }, last] } else { vec![last] };
    // Sizes that are a little off are the interesting ones.
    let size = (flags & 2 == 2).then(|| usize::from(flags >> 2) << (d % 12));
    if let Ok(out) = codec::decode(&codecs, Bytes::copy_from_slice(chunk), 0, size, BOUND) {
        assert!(size.is_none_or(|size| out.len() == size), "{} bytes", out.len());
        assert!(out.len() <= BOUND + BOUND / 8 + (1 << 16), "{} bytes", out.len());
    }
}
