//! Blosc2 contiguous frames, HDF5 filter 32026: Blosc chunks, an index of them, and for arrays of several dimensions
//! how their blocks tile them.
//!
//! Format: c-blosc2's `README_CFRAME_FORMAT.rst` and `README_B2ND_METALAYER.rst`. Its header has fixed places up to the
//! metalayers; numbers in it are big-endian.

use super::{Room, blosc};
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// Where the list of metalayers begins: an array head, then the size of the list.
const LAYERS: usize = 0x57;

/// Decodes a frame.
pub(super) fn decode(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let damaged = || Error::malformed("damaged Blosc2 frame");
    if input.get(2..10) != Some(b"b2frame\0") {
        return Err(Error::malformed("not a Blosc2 frame"));
    }
    let field = |at: usize, len: usize| -> Result<u64> {
        let bytes = input.get(at..at.saturating_add(len)).ok_or_else(damaged)?;
        Ok(bytes.iter().fold(0, |n, &b| n << 8 | u64::from(b)))
    };
    let place = |at: usize, len: usize| usize::try_from(field(at, len)?).map_err(|_| damaged());
    let (header, stored, side) = (place(0x0c - 1, 4)?, place(0x27, 8)?, place(0x3a, 4)?);
    let tiling = Tiling::find(input)?;
    let width = place(0x30, 4)?;
    // The last chunk of a plain frame may be short, those of an array are whole.
    let size = field(0x1e, 8)?;
    let whole = match &tiling {
        None => room.declared(size, input.len(), usize::MAX)?,
        Some(tiling) => {
            room.declared(tiling.bytes(width).ok_or_else(damaged)?, input.len(), usize::MAX)?;
            Limits::size(size, (room.bound() as u64).saturating_mul(16).saturating_add(1 << 20), "a frame")?
        }
    };
    if whole > 0 && side == 0 {
        return Err(Error::unsupported("Blosc2 frames of chunks of unequal size are not read"));
    }
    let count = whole
        .checked_div(side)
        .map_or(0, |n| if n.saturating_mul(side) < whole { n.saturating_add(1) } else { n });
    let index = header.checked_add(stored).and_then(|at| input.get(at..)).ok_or_else(damaged)?;
    let index = if count == 0 {
        Vec::new()
    } else {
        blosc::decode(index, Room::exact(count.checked_mul(8).ok_or_else(damaged)?))?
    };
    let mut out = Limits::room(whole, "a chunk")?;
    for offset in index.as_chunks().0 {
        let size = side.min(whole.saturating_sub(out.len()));
        let offset = i64::from_le_bytes(*offset);
        match usize::try_from(offset) {
            Ok(offset) => {
                let chunk = header.checked_add(offset).and_then(|at| input.get(at..)).ok_or_else(damaged)?;
                out.extend_from_slice(&blosc::decode(chunk, Room::exact(size))?);
            }
            // The top bit marks a chunk of one value that is not stored at all, the rest of that byte says which.
            Err(_) => out.extend_from_slice(&blosc::constant((offset >> 56 & 0x7f) as u8, width, size)?),
        }
    }
    match tiling {
        Some(tiling) => tiling.gather(&out, width).ok_or_else(damaged),
        None => Ok(out),
    }
}

/// How blocks tile chunks and chunks tile an array.
struct Tiling {
    shape: Vec<usize>,
    chunk: Vec<usize>,
    block: Vec<usize>,
}

impl Tiling {
    /// The `b2nd` metalayer, where there is one.
    fn find(input: &[u8]) -> Result<Option<Self>> {
        let damaged = || Error::malformed("damaged Blosc2 metalayer");
        let mut list = Pack(input.get(LAYERS..).ok_or_else(damaged)?);
        // Head, size of the list, then a map from names to places.
        let count = list.head(0x93).and_then(|()| list.number(0xcd)).and_then(|_| list.number(0xde));
        for _ in 0..count.ok_or_else(damaged)? {
            let len = list.byte().filter(|b| b & 0xe0 == 0xa0).map(|b| b & 0x1f).ok_or_else(damaged)?;
            let name = list.take(len.into()).ok_or_else(damaged)?;
            let at = list.number(0xd2).and_then(|n| usize::try_from(n).ok()).ok_or_else(damaged)?;
            if name == b"b2nd" {
                let layer = input.get(at..).and_then(Self::parse).ok_or_else(damaged)?;
                return Ok(Some(layer));
            }
        }
        Ok(None)
    }

    fn parse(layer: &[u8]) -> Option<Self> {
        let mut layer = Pack(layer);
        layer.number(0xc6)?;
        layer.byte()?;
        layer.byte()?;
        let rank = usize::from(layer.byte()?).checked_sub(0).filter(|rank| (1..=15).contains(rank))?;
        let mut lists = [const { Vec::new() }; 3];
        for (list, tag) in lists.iter_mut().zip([0xd3, 0xd2, 0xd2]) {
            layer.head(0x90 | rank as u8)?;
            for _ in 0..rank {
                list.push(usize::try_from(layer.number(tag)?).ok().filter(|&n| n < 1 << 31)?);
            }
        }
        let [shape, chunk, block] = lists;
        (!chunk.contains(&0) && !block.contains(&0)).then_some(Self { shape, chunk, block })
    }

    fn bytes(&self, width: usize) -> Option<u64> {
        self.shape.iter().try_fold(width as u64, |n, &s| n.checked_mul(s as u64))
    }

    /// The array in C order, from chunks after one another, each of them blocks after one another.
    fn gather(&self, chunks: &[u8], width: usize) -> Option<Vec<u8>> {
        let mut out = Limits::filled(usize::try_from(self.bytes(width)?).ok()?, 0, "a chunk").ok()?;
        let rank = self.shape.len();
        let grid = |outer: &[usize], inner: &[usize]| -> Vec<usize> {
            outer.iter().zip(inner).map(|(&o, &i)| o.div_ceil(i)).collect()
        };
        let (chunk_grid, block_grid) = (grid(&self.shape, &self.chunk), grid(&self.chunk, &self.block));
        // Rows along the last axis, in the order in which they lie in the frame.
        let row = self.block.last()?.checked_mul(width)?;
        let mut rows_shape = self.block.clone();
        *rows_shape.last_mut()? = 1;
        let mut rows = chunks.chunks_exact(row.max(1));
        for chunk in corners(&chunk_grid) {
            for block in corners(&block_grid) {
                for inner in corners(&rows_shape) {
                    let bytes = rows.next()?;
                    let mut at = 0_usize;
                    let (mut inside, mut room) = (true, 0);
                    for axis in 0..rank {
                        let local = block
                            .get(axis)?
                            .checked_mul(*self.block.get(axis)?)?
                            .checked_add(*inner.get(axis)?)?;
                        let side = *self.chunk.get(axis)?;
                        let global = chunk.get(axis)?.checked_mul(side)?.checked_add(local)?;
                        let len = *self.shape.get(axis)?;
                        inside &= local < side && global < len;
                        room = side.saturating_sub(local).min(len.saturating_sub(global));
                        at = at.checked_mul(len)?.checked_add(global)?;
                    }
                    if inside {
                        let take = row.min(room.checked_mul(width)?);
                        let start = at.checked_mul(width)?;
                        out.get_mut(start..start.checked_add(take)?)?.copy_from_slice(bytes.get(..take)?);
                    }
                }
            }
        }
        Some(out)
    }
}

/// All places of a grid in row-major order.
fn corners(grid: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    let count = grid.iter().fold(1, |n: usize, &side| n.saturating_mul(side));
    (0..count).map(move |mut n| {
        let mut at = vec![0; grid.len()];
        for (slot, &side) in at.iter_mut().zip(grid).rev() {
            *slot = n.checked_rem(side).unwrap_or(0);
            n = n.checked_div(side).unwrap_or(0);
        }
        at
    })
}

/// A reader of the few msgpack forms that occur.
struct Pack<'a>(&'a [u8]);

impl<'a> Pack<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn head(&mut self, tag: u8) -> Option<()> {
        (self.byte()? == tag).then_some(())
    }

    /// A number of that tag.
    fn number(&mut self, tag: u8) -> Option<u64> {
        self.head(tag)?;
        let len = match tag {
            0xcd | 0xde => 2,
            0xc6 | 0xd2 => 4,
            _ => 8,
        };
        Some(self.take(len)?.iter().fold(0, |n, &b| n << 8 | u64::from(b)))
    }
}
