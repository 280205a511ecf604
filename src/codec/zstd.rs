//! Zstandard frames (RFC 8878), one or more.

use std::cell::RefCell;

use zrip_decode::context::DecompressContext;

use super::Room;
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// Bytes that the decoder may write behind the end, and wants to be there: with less it moves what there is to where there are.
const SLACK: usize = 64;

/// A block of 128 KiB of one repeated byte takes four.
const RATIO: usize = (128 << 10) / 4;

thread_local! {
    /// One set of tables for all chunks.
    static CONTEXT: RefCell<DecompressContext> = RefCell::new(DecompressContext::new());
}

/// Decodes all frames of a chunk.
pub(super) fn decode(input: &[u8], room: Room) -> Result<Vec<u8>> {
    // The decoder makes room for what a frame declares as far as the limit allows.
    let most = input.len().saturating_mul(RATIO).min(room.bound());
    let mut out = Limits::room(room.guess(input.len(), RATIO).saturating_add(SLACK), "a chunk")?;
    let decoded = CONTEXT.with(|context| match context.try_borrow_mut() {
        Ok(mut context) => context.decompress_into_with_limit(input, &mut out, most),
        // Cannot happen as nothing above calls back, but would cost time only.
        Err(_) => DecompressContext::new().decompress_into_with_limit(input, &mut out, most),
    });
    match decoded {
        Ok(_) => Ok(out),
        Err(_) if out.len() >= room.bound() && room.size().is_none() => Err(room.over()),
        Err(cause) => Err(Error::malformed(format!("damaged after {} bytes", out.len())).because(cause)),
    }
}
