//! Chunks as h5py and zarr-python pack them by default. Whatever is damaged panics: every chunk here was written by the library of record.

use cellucid_kernels::shuffle::unshuffle;
use std::cell::RefCell;
use zrip_decode::context::DecompressContext;
use zune_inflate::{DeflateDecoder, DeflateOptions};

thread_local! {
    /// Tables for all chunks, and what lies between the two steps of Blosc.
    static ZSTD: RefCell<DecompressContext> = RefCell::new(DecompressContext::new());
    static SHUFFLED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The `size` bytes of a chunk, in `out` if they were packed.
///
/// # Panics
/// When they are packed in another way than said, or in one that is not known.
pub fn unpack<'a>(stored: &'a [u8], packed: &str, size: usize, out: &'a mut Vec<u8>) -> &'a [u8] {
    match packed {
        "" => return stored,
        "zlib" => *out = inflated(stored, size, false),
        "zstd" => {
            out.clear();
            ZSTD.with_borrow_mut(|context| context.decompress_into_with_limit(stored, out, size))
                .expect("a Zstandard frame");
        }
        "blosc" => {
            out.resize(size, 0);
            SHUFFLED.with_borrow_mut(|between| blosc(stored, between, out));
        }
        other => panic!("nobody unpacks {other}"),
    }
    assert_eq!(out.len(), size, "bytes of a chunk");
    out
}

pub fn inflated(stored: &[u8], size: usize, check: bool) -> Vec<u8> {
    let options = DeflateOptions::default().set_size_hint(size).set_confirm_checksum(check);
    DeflateDecoder::new_with_options(stored, options).decode_zlib().expect("a zlib stream")
}

/// Blocks of LZ4, their bytes shuffled or not: what numcodecs writes unless it is told otherwise.
fn blosc(stored: &[u8], between: &mut Vec<u8>, out: &mut [u8]) {
    let (flags, width) = (stored[2], usize::from(stored[3]));
    let word = |at: usize| u32::from_le_bytes(*stored[at..].first_chunk().expect("four bytes")) as usize;
    let side = word(8);
    assert_eq!(word(4), out.len(), "bytes of a chunk");
    if flags & 2 != 0 {
        out.copy_from_slice(&stored[16..16 + out.len()]);
        return;
    }
    assert_eq!(flags >> 5, 1, "LZ4");
    let shuffled = flags & 1 != 0 && width > 1;
    between.resize(side, 0);
    for (number, block) in out.chunks_mut(side).enumerate() {
        let whole = block.len() == side;
        let streams = if flags & 0x10 == 0 && whole && width > 1 && side / width >= 128 { width } else { 1 };
        let mut start = word(16 + 4 * number);
        let to = if shuffled { &mut between[..block.len()] } else { &mut *block };
        for part in to.chunks_mut(to.len() / streams) {
            let stream = &stored[start + 4..][..word(start)];
            if stream.len() == part.len() {
                part.copy_from_slice(stream);
            } else {
                lz4_flex::block::decompress_into(stream, part).expect("a block of LZ4");
            }
            start += 4 + stream.len();
        }
        if shuffled {
            unshuffle(&between[..block.len()], block, width);
        }
    }
}
