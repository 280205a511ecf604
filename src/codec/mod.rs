//! Undoing what was done to a chunk: compressors, shuffles, checksums.
//!
//! Each codec is a plain function from bytes to bytes under a bound; nothing here waits or knows a file format.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use bytes::Bytes;

use crate::error::{Error, Result};

/// One step of a chunk's pipeline, with what its decoder needs to know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Codec {
    /// A zlib stream (HDF5 deflate, numcodecs `zlib`).
    Zlib,
    /// A gzip stream, possibly of several members.
    Gzip,
    /// Byte shuffle of items of so many bytes.
    Shuffle {
        /// Bytes per item.
        width: u32,
    },
}

impl Codec {
    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            Self::Gzip => "gzip",
            Self::Shuffle { .. } => "shuffle",
        }
    }
}

/// Undoes a pipeline, last step first. Bit `i` of `skip` says that step `i` was not applied to this chunk.
///
/// `size` is the decoded size where it is known; no step may produce more than `bound` bytes.
///
/// # Errors
/// `Malformed` when a stream is damaged, a checksum does not match or the size is not the one declared; `Limit`
/// when a stream would inflate beyond `bound`.
pub fn decode(codecs: &[Codec], chunk: Bytes, skip: u32, size: Option<usize>, bound: usize) -> Result<Bytes> {
    let _ = (size, bound);
    let mut bytes = chunk;
    for (i, codec) in codecs.iter().enumerate().rev() {
        if i < 32 && skip >> i & 1 == 1 {
            continue;
        }
        bytes = Err::<Bytes, _>(Error::unsupported(format!("codec {} is not read", codec.name())))?;
    }
    Ok(bytes)
}
