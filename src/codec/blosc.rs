//! Blosc chunks: blocks of shuffled items, each block one or several compressed streams.
//!
//! Reads what c-blosc 1 writes (Zarr's `blosc`, HDF5 filter 32001) and the extended chunks of c-blosc 2 that lie in the
//! frames of [`super::blosc2`]. Format: c-blosc's `README_CHUNK_FORMAT.rst`.

use cellucid_kernels::shuffle::{unshuffle, unshuffle_bits};

use super::{Room, blosclz, deflate, lz4, snappy, zstd};
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// Zstandard inside gives the most of one byte.
const RATIO: usize = 32 << 10;

/// A step of the pipeline in front of the compressor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Bytes(usize),
    Bits {
        width: usize,
        /// Before version 3 a block was left alone if its items were no multiple of eight; since then only the items
        /// that are over.
        all_or_none: bool,
    },
    /// Differences (exclusive or) to the chunk's first block, or within that to the item before.
    Delta,
    /// Differences of the bytes of shuffled items.
    ByteDelta(usize),
}

/// A chunk's header.
struct Header {
    width: usize,
    size: u64,
    block: usize,
    codec: u8,
    plain: bool,
    split: bool,
    /// In the order of writing.
    filters: Vec<Filter>,
    /// Where blocks begin.
    len: usize,
    /// c-blosc 2: one value for all items.
    special: u8,
    extended: bool,
    version: u8,
}

impl Header {
    fn parse(input: &[u8]) -> Result<Self> {
        let &[version, _, flags, width, sizes @ ..] =
            input.first_chunk::<16>().ok_or_else(|| Error::malformed("too short for a Blosc header"))?;
        let (sizes, _) = sizes.as_chunks();
        let [size, block, _] = [0, 1, 2].map(|i| sizes.get(i).map_or(0, |b| u32::from_le_bytes(*b)));
        let width = usize::from(width);
        // Both shuffles at once: the mark of c-blosc 2.
        let extended = flags & 5 == 5;
        if !(1..=6).contains(&version) {
            return Err(Error::malformed(format!("unknown Blosc version {version}")));
        }
        let mut header = Self {
            width,
            size: size.into(),
            block: block as usize,
            codec: flags >> 5,
            plain: flags & 2 != 0,
            split: flags & 0x10 == 0,
            filters: Vec::new(),
            len: 16,
            special: 0,
            extended,
            version,
        };
        if extended {
            header.extend(input.get(16..32).ok_or_else(|| Error::malformed("too short for its header"))?)?;
        } else if flags & 1 != 0 && width > 1 {
            header.filters.push(Filter::Bytes(width));
        } else if flags & 4 != 0 {
            header.filters.push(header.bits());
        }
        Ok(header)
    }

    fn bits(&self) -> Filter {
        Filter::Bits { width: self.width, all_or_none: self.version < 3 }
    }

    /// The second half of the header that c-blosc 2 writes.
    fn extend(&mut self, more: &[u8]) -> Result<()> {
        let byte = |i: usize| more.get(i).copied().unwrap_or(0);
        let flags = byte(15);
        if flags & 1 != 0 {
            return Err(Error::unsupported("Blosc2 dictionaries are not read"));
        }
        if flags & 0x88 != 0 {
            return Err(Error::unsupported("lazy or instrumented Blosc2 chunks are not read"));
        }
        self.len = 32;
        self.special = flags >> 4 & 7;
        for i in 0..6_usize {
            let meta = usize::from(byte(i.saturating_add(8)));
            let width = if meta == 0 { self.width } else { meta };
            self.filters.extend(match byte(i) {
                // Cut-off precision needs no undoing.
                0 | 4 | 36 => None,
                1 => Some(Filter::Bytes(width)),
                2 => Some(self.bits()),
                3 => Some(Filter::Delta),
                35 => Some(Filter::ByteDelta(width)),
                other => return Err(Error::unsupported(format!("Blosc2 filter {other} is not read"))),
            });
        }
        Ok(())
    }
}

/// Decodes a chunk.
pub(super) fn decode(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let header = Header::parse(input)?;
    let ratio = if header.special == 0 { RATIO } else { usize::MAX };
    let size = room.declared(header.size, input.len(), ratio)?;
    let mut out = Limits::filled(size, 0, "a chunk")?;
    if size == 0 {
        return Ok(out);
    }
    if header.special > 0 {
        special(&header, input, &mut out)?;
        return Ok(out);
    }
    let short = || Error::malformed(format!("chunk of {} bytes ends early", input.len()));
    if header.plain {
        let from = input.get(header.len..).and_then(|data| data.get(..size)).ok_or_else(short)?;
        out.copy_from_slice(from);
        return Ok(out);
    }
    if header.block == 0 {
        return Err(Error::malformed("blocks of 0 bytes"));
    }
    let (mut scratch, mut planes) = ([Vec::new(), Vec::new()], Vec::new());
    let mut first: Vec<u8> = Vec::new();
    let starts = input.get(header.len..).unwrap_or(&[]).as_chunks().0;
    for (i, block) in out.chunks_mut(header.block).enumerate() {
        let start = u32::from_le_bytes(*starts.get(i).ok_or_else(short)?) as usize;
        let data = input.get(start..).ok_or_else(short)?;
        let streams = if header.splits(block.len()) { header.width } else { 1 };
        if header.filters.is_empty() {
            fill(&header, data, block, streams)?;
            continue;
        }
        let [mut from, mut to] = std::mem::take(&mut scratch);
        from.resize(block.len(), 0);
        fill(&header, data, &mut from, streams)?;
        for filter in header.filters.iter().skip(1).rev() {
            to.resize(block.len(), 0);
            undo(*filter, &from, &mut to, &mut planes, (&first, header.width));
            std::mem::swap(&mut from, &mut to);
        }
        // The last step where the block belongs, not on the way there.
        if let Some(filter) = header.filters.first() {
            undo(*filter, &from, block, &mut planes, (&first, header.width));
        }
        if i == 0 && header.filters.contains(&Filter::Delta) {
            first.extend_from_slice(block);
        }
        scratch = [from, to];
    }
    Ok(out)
}

impl Header {
    /// Whether a block is one stream for each byte of an item. The last block, if shorter, never is; nor were blocks
    /// of few or wide items before there was a flag that says so.
    fn splits(&self, len: usize) -> bool {
        let items = self.block.checked_div(self.width).unwrap_or(0);
        let full = len == self.block && self.width > 1;
        self.split && full && (self.extended || (self.width <= 16 && items >= 128))
    }
}

/// Decompresses a block's streams.
fn fill(header: &Header, data: &[u8], out: &mut [u8], streams: usize) -> Result<()> {
    let short = || Error::malformed("block ends early");
    let side = out.len().checked_div(streams).unwrap_or(0);
    if side == 0 {
        return Err(short());
    }
    let mut rest = data;
    for part in out.chunks_mut(side).take(streams) {
        let (len, tail) = rest.split_first_chunk().ok_or_else(short)?;
        let len = i32::from_le_bytes(*len);
        if header.extended && len <= 0 {
            rest = tail;
            if len < 0 {
                let (&token, tail) = tail.split_first().ok_or_else(short)?;
                if token & 1 == 0 {
                    return Err(Error::unsupported(format!("Blosc2 stream token {token:#x} is not read")));
                }
                part.fill(len.unsigned_abs() as u8);
                rest = tail;
            }
            continue;
        }
        let len = usize::try_from(len).map_err(|_| short())?;
        let (stream, tail) = tail.split_at_checked(len).ok_or_else(short)?;
        if len == part.len() {
            part.copy_from_slice(stream);
        } else {
            decompress(header.codec, stream, part)?;
        }
        rest = tail;
    }
    Ok(())
}

fn decompress(codec: u8, stream: &[u8], out: &mut [u8]) -> Result<()> {
    let room = Room::exact(out.len());
    let decoded = match codec {
        0 => return blosclz::decode(stream, out),
        1 => return lz4::block(stream, out),
        2 => snappy::decode(stream, room)?,
        3 => deflate::zlib(stream, room)?,
        4 => zstd::decode(stream, room)?,
        other => return Err(Error::unsupported(format!("Blosc compressor {other} is not read"))),
    };
    if decoded.len() != out.len() {
        return Err(Error::malformed(format!(
            "stream gives {} bytes where {} are wanted",
            decoded.len(),
            out.len()
        )));
    }
    out.copy_from_slice(&decoded);
    Ok(())
}

fn undo(filter: Filter, from: &[u8], to: &mut [u8], planes: &mut Vec<u8>, delta: (&[u8], usize)) {
    match filter {
        Filter::Bytes(width) => unshuffle(from, to, width),
        Filter::Bits { width, all_or_none } => {
            let items = from.len().checked_div(width).unwrap_or(0);
            let whole = if items % 8 == 0 || !all_or_none { (items & !7).saturating_mul(width) } else { 0 };
            if let (Some((head, tail)), Some((to, end))) =
                (from.split_at_checked(whole), to.split_at_mut_checked(whole))
            {
                unshuffle_bits(head, to, planes, width);
                end.copy_from_slice(tail);
            }
        }
        Filter::Delta => {
            to.copy_from_slice(from);
            let (first, width) = delta;
            if first.is_empty() {
                let stride = match width {
                    1 | 2 | 4 | 8 => width,
                    w if w % 8 == 0 => 8,
                    _ => 1,
                };
                for i in stride..to.len() {
                    let before = i.checked_sub(stride).and_then(|j| to.get(j)).copied().unwrap_or(0);
                    if let Some(byte) = to.get_mut(i) {
                        *byte ^= before;
                    }
                }
            } else {
                to.iter_mut().zip(first).for_each(|(byte, b)| *byte ^= b);
            }
        }
        Filter::ByteDelta(width) => {
            to.copy_from_slice(from);
            let side = to.len().checked_div(width).unwrap_or(0);
            for plane in to.chunks_exact_mut(side.max(1)).take(width) {
                let mut sum = 0_u8;
                for byte in plane {
                    sum = sum.wrapping_add(*byte);
                    *byte = sum;
                }
            }
        }
    }
}

/// A chunk that is one value over and over.
fn special(header: &Header, input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if header.special != 3 {
        *out = constant(header.special, header.width, out.len())?;
        return Ok(());
    }
    let item = input.get(32..).and_then(|value| value.get(..header.width));
    let item = item.ok_or_else(|| Error::malformed("repeated value is not there"))?;
    repeat(item, out);
    Ok(())
}

/// So many bytes of one of the values that c-blosc 2 does not store.
pub(super) fn constant(special: u8, width: usize, size: usize) -> Result<Vec<u8>> {
    let mut out = Limits::filled(size, 0, "a chunk")?;
    match (special, width) {
        // Zeros, and what nobody has set.
        (1 | 4, _) => {}
        (2, 4) => repeat(&f32::NAN.to_le_bytes(), &mut out),
        (2, 8) => repeat(&f64::NAN.to_le_bytes(), &mut out),
        _ => return Err(Error::malformed(format!("unknown special value {special} of {width} bytes"))),
    }
    Ok(out)
}

fn repeat(item: &[u8], out: &mut [u8]) {
    for slot in out.chunks_mut(item.len().max(1)) {
        slot.iter_mut().zip(item).for_each(|(to, from)| *to = *from);
    }
}
