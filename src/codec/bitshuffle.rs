//! Bitshuffle, HDF5 filter 32008: bits shuffled in blocks, each of which may be compressed.
//!
//! Format: the bitshuffle package's `bshuf_h5filter.c` and `bitshuffle.h`.

use cellucid_kernels::shuffle::unshuffle_bits;

use super::{Room, lz4, zstd};
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// What is done to a block after its bits are shuffled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Nothing.
    None,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// Decodes a chunk of items of `width` bytes in blocks of `block` items (0: the default of the package).
pub(super) fn decode(
    input: &[u8],
    width: usize,
    block: usize,
    packing: Packing,
    room: Room,
) -> Result<Vec<u8>> {
    let short = || Error::malformed(format!("chunk of {} bytes ends early", input.len()));
    let (size, side, mut rest) = if packing == Packing::None {
        (room.declared(input.len() as u64, input.len(), 1)?, default_block(block, width), input)
    } else {
        let (size, rest) = input.split_first_chunk().ok_or_else(short)?;
        let (side, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let ratio = if packing == Packing::Lz4 { 255 } else { 32 << 10 };
        let items = (u32::from_be_bytes(*side) as usize).checked_div(width).unwrap_or(0);
        (room.declared(u64::from_be_bytes(*size), rest.len(), ratio)?, items, rest)
    };
    // Blocks are made of groups of eight items; what fills no group follows the blocks as it is.
    if side == 0 || side % 8 != 0 {
        return Err(Error::malformed(format!("blocks of {side} items")));
    }
    let group = width.saturating_mul(8);
    let whole = size.saturating_sub(size.checked_rem(group).unwrap_or(size));
    let mut out = Limits::filled(size, 0, "a chunk")?;
    let (blocks, tail) = out.split_at_mut_checked(whole).ok_or_else(short)?;
    let (mut scratch, mut planes) = (Vec::new(), Vec::new());
    for part in blocks.chunks_mut(side.saturating_mul(width)) {
        let data = if packing == Packing::None {
            let (data, after) = rest.split_at_checked(part.len()).ok_or_else(short)?;
            rest = after;
            data
        } else {
            let (len, after) = rest.split_first_chunk().ok_or_else(short)?;
            let (data, after) =
                after.split_at_checked(u32::from_be_bytes(*len) as usize).ok_or_else(short)?;
            rest = after;
            unpack(packing, data, part.len(), &mut scratch)?;
            &scratch
        };
        unshuffle_bits(data, part, &mut planes, width);
    }
    tail.copy_from_slice(rest.get(..tail.len()).ok_or_else(short)?);
    Ok(out)
}

fn unpack(packing: Packing, data: &[u8], size: usize, out: &mut Vec<u8>) -> Result<()> {
    if packing == Packing::Lz4 {
        out.resize(size, 0);
        return lz4::block(data, out);
    }
    *out = zstd::decode(data, Room::exact(size))?;
    if out.len() == size {
        return Ok(());
    }
    Err(Error::malformed(format!("block gives {} bytes where {size} are wanted", out.len())))
}

/// About 8 KiB, in groups of eight items, at least 128 items.
fn default_block(block: usize, width: usize) -> usize {
    match block {
        0 => (8192_usize.checked_div(width).unwrap_or(0) & !7).max(128),
        block => block,
    }
}
