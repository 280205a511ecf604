//! LZ4 blocks in the framings that Zarr (numcodecs) and HDF5 (filter 32004) give them.

use super::Room;
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// One byte of a block adds at most 255 to a length.
const RATIO: usize = 255;

/// A block that fills `out` exactly.
pub(super) fn block(input: &[u8], out: &mut [u8]) -> Result<()> {
    // Lengths are sums of bytes; a hostile run of them must not overflow a 32-bit sum.
    let full = input.chunks(1 << 20).filter(|part| part.iter().all(|&b| b == 255)).count();
    if full > 14 {
        return Err(Error::malformed("length in an LZ4 block is out of range"));
    }
    match lz4_flex::block::decompress_into(input, out) {
        Ok(len) if len == out.len() => Ok(()),
        Ok(len) => Err(Error::malformed(format!("block gives {len} bytes where {} are wanted", out.len()))),
        Err(cause) => Err(Error::malformed("damaged block").because(cause)),
    }
}

/// numcodecs: the decoded size in 32 bits, then one block.
pub(super) fn sized(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let (size, data) =
        input.split_first_chunk().ok_or_else(|| Error::malformed("too short for its header"))?;
    let size = room.declared(u32::from_le_bytes(*size).into(), data.len(), RATIO)?;
    let mut out = Limits::filled(size, 0, "a chunk")?;
    block(data, &mut out)?;
    Ok(out)
}

/// HDF5: the decoded size in 64 bits and the block size in 32, then for each block its encoded size in 32 bits and
/// its bytes, plain where encoding would not have made them shorter; all big-endian.
pub(super) fn framed(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let short = || Error::malformed("ends early");
    let (size, rest) = input.split_first_chunk().ok_or_else(short)?;
    let (side, mut rest) = rest.split_first_chunk().ok_or_else(short)?;
    let size = room.declared(u64::from_be_bytes(*size), rest.len(), RATIO)?;
    let side = (u32::from_be_bytes(*side) as usize).min(size);
    if side == 0 && size > 0 {
        return Err(Error::malformed("blocks of 0 bytes"));
    }
    let mut out = Limits::filled(size, 0, "a chunk")?;
    for part in out.chunks_mut(side.max(1)) {
        let (len, tail) = rest.split_first_chunk().ok_or_else(short)?;
        let (data, tail) = tail.split_at_checked(u32::from_be_bytes(*len) as usize).ok_or_else(short)?;
        if data.len() == part.len() {
            part.copy_from_slice(data);
        } else {
            block(data, part)?;
        }
        rest = tail;
    }
    Ok(out)
}
