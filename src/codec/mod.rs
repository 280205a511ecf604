//! Undoing what was done to a chunk: compressors, shuffles, checksums.
//!
//! Each codec is a plain function from bytes to bytes under a bound; nothing here waits or knows a file format.
//! A decoder never allocates by what a stream says about itself: only by what the array's description says, and
//! otherwise by what has really been decoded so far.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod bits;
mod bitshuffle;
mod blosc;
mod blosc2;
mod blosclz;
mod bz2;
pub mod checksum;
pub mod deflate;
mod lz4;
mod lzf;
mod lzma;
mod nbit;
pub mod number;
mod room;
mod scaleoffset;
mod shuffle;
mod snappy;
mod szip;
pub mod wire;
mod zstd;

use bytes::Bytes;

use crate::error::{Error, Result};
pub use bitshuffle::Packing;
use checksum::Sum;
pub use lzma::LzmaForm;
pub use nbit::{Part, Significant};
use number::Number;
pub use room::Room;
pub use scaleoffset::ScaleOffset;
pub use szip::Szip;

/// One step of a chunk's pipeline, with what its decoder needs to know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Codec {
    /// A zlib stream (HDF5 deflate, numcodecs `zlib`).
    Zlib,
    /// A gzip stream, possibly of several members.
    Gzip,
    /// Zstandard frames.
    Zstd,
    /// A Blosc chunk.
    Blosc,
    /// A Blosc2 contiguous frame (HDF5 filter 32026).
    Blosc2,
    /// Blocks of shuffled bits, packed or not (HDF5 filter 32008).
    Bitshuffle {
        /// Bytes per item.
        width: u32,
        /// Items per block where blocks are not packed; 0 for the default.
        block: u32,
        /// What was done to each block.
        packing: Packing,
    },
    /// An LZ4 block behind its decoded size (numcodecs).
    Lz4,
    /// LZ4 blocks with sizes in front (HDF5 filter 32004).
    Lz4Frames,
    /// bzip2 streams.
    Bz2,
    /// LZMA as Python writes it.
    Lzma(LzmaForm),
    /// LZF as h5py writes it: one run of literals and back references, without a header.
    Lzf,
    /// Byte shuffle of items of so many bytes.
    Shuffle {
        /// Bytes per item.
        width: u32,
    },
    /// Fletcher's checksum behind the data, as HDF5 writes it.
    Fletcher32,
    /// A checksum in front of or behind the data.
    Checksum {
        /// Which.
        sum: Sum,
        /// In front.
        front: bool,
    },
    /// Differences between neighbours instead of numbers.
    Delta {
        /// Type of the differences.
        stored: Number,
        /// Type of the numbers.
        plain: Number,
    },
    /// `(x - offset) * scale` instead of `x`.
    Scale {
        /// Type of what is stored.
        stored: Number,
        /// Type of the numbers.
        plain: Number,
        /// Factor.
        scale: f64,
        /// What was subtracted before.
        offset: f64,
    },
    /// Another type of numbers.
    Cast {
        /// Type of what is stored.
        stored: Number,
        /// Type of the numbers.
        plain: Number,
    },
    /// Eight booleans a byte (numcodecs).
    PackBits,
    /// HDF5 scale-offset.
    ScaleOffset(ScaleOffset),
    /// HDF5 nbit.
    NBit {
        /// Bytes per item.
        width: u32,
        /// What an item is made of.
        parts: Vec<Part>,
    },
    /// HDF5 szip.
    Szip(Szip),
    /// No compression: integers of which not all bits count, made whole.
    Widen {
        /// Which bits count.
        bits: Significant,
        /// Whether the highest of them is a sign.
        signed: bool,
    },
}

impl Codec {
    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Blosc => "blosc",
            Self::Blosc2 => "blosc2",
            Self::Bitshuffle { .. } => "bitshuffle",
            Self::Lz4 | Self::Lz4Frames => "lz4",
            Self::Bz2 => "bzip2",
            Self::Lzma(_) => "lzma",
            Self::Lzf => "lzf",
            Self::Shuffle { .. } => "shuffle",
            Self::Fletcher32 => "fletcher32",
            Self::Checksum { .. } => "checksum",
            Self::Delta { .. } => "delta",
            Self::Scale { .. } => "fixedscaleoffset",
            Self::Cast { .. } => "astype",
            Self::PackBits => "packbits",
            Self::ScaleOffset(_) => "scale-offset",
            Self::NBit { .. } => "nbit",
            Self::Szip(_) => "szip",
            Self::Widen { .. } => "widen",
        }
    }

    /// Bytes after encoding `size` bytes, where that does not depend on the data.
    fn encoded(&self, size: usize) -> Option<usize> {
        match self {
            Self::Fletcher32 | Self::Checksum { .. } => size.checked_add(4),
            Self::Delta { stored, plain }
            | Self::Scale { stored, plain, .. }
            | Self::Cast { stored, plain } => {
                size.checked_div(plain.bytes.into())?.checked_mul(stored.bytes.into())
            }
            Self::PackBits => size.div_ceil(8).checked_add(1),
            Self::Shuffle { .. } | Self::Widen { .. } => Some(size),
            _ => None,
        }
    }

    fn undo(&self, input: Bytes, room: Room) -> Result<Bytes> {
        let out = match self {
            Self::Zlib => alone(|| deflate::zlib(&input, room)),
            Self::Gzip => alone(|| deflate::gzip(&input, room)),
            Self::Zstd => alone(|| zstd::decode(&input, room)),
            Self::Blosc => alone(|| blosc::decode(&input, room)),
            Self::Blosc2 => alone(|| blosc2::decode(&input, room)),
            Self::Bitshuffle { width, block, packing } => {
                alone(|| bitshuffle::decode(&input, *width as usize, *block as usize, *packing, room))
            }
            Self::Lz4 => alone(|| lz4::sized(&input, room)),
            Self::Lz4Frames => alone(|| lz4::framed(&input, room)),
            Self::Bz2 => alone(|| bz2::decode(&input, room)),
            Self::Lzma(form) => alone(|| lzma::decode(&input, form, room)),
            Self::Lzf => alone(|| lzf::decode(&input, room)),
            Self::Shuffle { width } => return alone(|| shuffle::unshuffle(input, *width as usize)),
            Self::Fletcher32 => return alone(|| Sum::Fletcher32.strip(input, false)),
            Self::Checksum { sum, front } => return alone(|| sum.strip(input, *front)),
            Self::Delta { stored, plain } => alone(|| number::delta(&input, *stored, *plain)),
            Self::Scale { stored, plain, scale, offset } => {
                alone(|| number::scale(&input, *stored, *plain, *scale, *offset))
            }
            Self::Cast { stored, plain } => alone(|| number::cast(&input, *stored, *plain)),
            Self::PackBits => alone(|| number::unpack_bits(&input)),
            Self::ScaleOffset(form) => alone(|| scaleoffset::decode(form, &input, room)),
            Self::NBit { width, parts } => alone(|| nbit::decode(*width, parts, &input, room)),
            Self::Szip(form) => alone(|| szip::decode(form, &input, room)),
            Self::Widen { bits, signed } => alone(|| nbit::widen(bits, *signed, &input)),
        };
        out.map(Bytes::from)
    }
}

/// Runs a decoder in a function of its own: drawn together they are one that browsers take a tenth of a second to optimise, which they
/// begin as soon as any of them has run for long.
#[inline(never)]
fn alone<T>(decode: impl FnOnce() -> T) -> T {
    decode()
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
