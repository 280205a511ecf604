//! Deflate streams (RFC 1951). The decoder is another crate's, but what is called at one place only is drawn into its caller.

use zune_inflate::{DeflateDecoder, DeflateOptions, errors::DecodeErrorStatus};

/// Why a stream was not decoded; with the bytes that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// There are more than the limit.
    Over,
    /// It ends early.
    Short(usize),
    /// It is damaged.
    Damaged(usize),
}

/// Decodes a bare stream into a buffer of `hint` bytes at first, and of at most about `limit`.
///
/// # Errors
/// As [`Stop`] says.
#[inline(never)]
pub fn inflate(input: &[u8], hint: usize, limit: usize) -> Result<Vec<u8>, Stop> {
    let options = DeflateOptions::default().set_size_hint(hint).set_limit(limit);
    DeflateDecoder::new_with_options(input, options).decode_deflate().map_err(|stop| match stop.error {
        DecodeErrorStatus::OutputLimitExceeded(..) => Stop::Over,
        DecodeErrorStatus::InsufficientData => Stop::Short(stop.data.len()),
        _ => Stop::Damaged(stop.data.len()),
    })
}
