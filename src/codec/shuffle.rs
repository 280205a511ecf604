//! Byte shuffle of chunks: the first byte of all items, then the second of all, and so on.

use bytes::Bytes;
use cellucid_kernels::shuffle;

use crate::{error::Result, limits::Limits};

/// Undoes the shuffle of items of `width` bytes.
pub(super) fn unshuffle(input: Bytes, width: usize) -> Result<Bytes> {
    if width < 2 || input.len() < width {
        return Ok(input);
    }
    let mut out = Limits::filled(input.len(), 0, "a chunk")?;
    shuffle::unshuffle(&input, &mut out, width);
    Ok(out.into())
}
