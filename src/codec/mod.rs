//! Undoing what was done to a chunk: compressors, shuffles, checksums.
//!
//! Each codec is a plain function from bytes to bytes under a bound; nothing here waits or knows a file format.
//! A decoder never allocates by what a stream says about itself: only by what the array's description says, and
//! otherwise by what has really been decoded so far.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

pub mod checksum;
pub mod deflate;
mod lzf;
mod room;
mod shuffle;

use bytes::Bytes;

use crate::error::{Error, Result};
pub use room::Room;

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
    /// LZF as h5py writes it: one run of literals and back references, without a header.
    Lzf,
    /// Fletcher's checksum of 32 bits behind the data.
    Fletcher32,
}

impl Codec {
    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            Self::Gzip => "gzip",
            Self::Shuffle { .. } => "shuffle",
            Self::Lzf => "lzf",
            Self::Fletcher32 => "fletcher32",
        }
    }

    /// Bytes after encoding `size` bytes, where that does not depend on the data.
    fn encoded(&self, size: usize) -> Option<usize> {
        match self {
            Self::Shuffle { .. } => Some(size),
            Self::Fletcher32 => size.checked_add(4),
            _ => None,
        }
    }

    fn undo(&self, input: Bytes, room: Room) -> Result<Bytes> {
        Ok(match self {
            Self::Zlib => deflate::zlib(&input, room)?.into(),
            Self::Gzip => deflate::gzip(&input, room)?.into(),
            Self::Shuffle { width } => shuffle::unshuffle(input, *width as usize)?,
            Self::Lzf => lzf::decode(&input, room)?.into(),
            Self::Fletcher32 => checksum::strip_fletcher32(input)?,
        })
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
    let applied = |i: usize| i >= 32 || skip >> i & 1 == 0;
    // Size after each step as far as it is known beforehand: what undoing the step behind has to give.
    let mut rooms = Vec::with_capacity(codecs.len());
    let mut known = size;
    for (i, codec) in codecs.iter().enumerate() {
        rooms.push(Room::new(known, bound));
        if applied(i) {
            known = known.and_then(|size| codec.encoded(size));
        }
    }
    let mut bytes = chunk;
    for ((i, codec), room) in codecs.iter().enumerate().zip(rooms).rev() {
        if !applied(i) {
            continue;
        }
        bytes = codec.undo(bytes, room).and_then(|out| room.check(out)).map_err(|mut e| {
            e.message = format!("{}: {}", codec.name(), e.message);
            e
        })?;
    }
    match size {
        Some(size) if bytes.len() != size => Err(Error::malformed(format!(
            "chunk holds {} bytes where its shape and type ask for {size}",
            bytes.len()
        ))),
        _ => Ok(bytes),
    }
}
