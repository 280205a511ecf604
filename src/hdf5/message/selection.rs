//! A selection as virtual datasets store it: along each axis, blocks of items at equal distances.
//!
//! HDF5 File Format Specification, section VIII ("Appendix: Dataspace Selections").

use std::ops::Range;

use super::dataspace::RANK;
use crate::{error::Result, hdf5::cursor::Cursor};

/// Blocks along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slab {
    /// First item.
    pub start: u64,
    /// From one block's beginning to the next.
    pub stride: u64,
    /// Blocks.
    pub count: u64,
    /// Items of a block.
    pub block: u64,
}

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Selection {
    None,
    All,
    Slabs(Vec<Slab>),
    /// Blocks without end, as datasets that still grow have them.
    Endless,
}

impl Slab {
    /// All of an axis.
    pub fn all(len: u64) -> Self {
        Self { start: 0, stride: len.max(1), count: 1, block: len }
    }

    /// Checks it, and joins blocks that touch.
    fn sound(self) -> Option<Self> {
        let Self { start, stride, count, block } = self;
        if count <= 1 || block == stride {
            let block = block.checked_mul(count)?;
            start.checked_add(block)?;
            return Some(Self { start, stride: block.max(1), count: 1, block });
        }
        let last = count.checked_sub(1)?.checked_mul(stride)?.checked_add(start)?;
        last.checked_add(block)?;
        (block < stride && block > 0).then_some(self)
    }

    /// Items selected.
    pub fn len(&self) -> u64 {
        self.count.saturating_mul(self.block)
    }

    /// Where the last item ends.
    pub fn end(&self) -> u64 {
        let last = self.count.saturating_sub(1).saturating_mul(self.stride);
        self.start.saturating_add(last).saturating_add(self.block)
    }

    /// How many selected items lie in front of a place.
    fn before(&self, place: u64) -> u64 {
        let past = place.saturating_sub(self.start);
        let blocks = past.checked_div(self.stride).unwrap_or(0);
        if blocks >= self.count {
            return self.len();
        }
        let within = past.checked_rem(self.stride).unwrap_or(0).min(self.block);
        blocks.saturating_mul(self.block).saturating_add(within)
    }

    /// Which of the selected items, in their order, lie in a span.
    pub fn within(&self, span: &Range<u64>) -> Range<u64> {
        self.before(span.start)..self.before(span.end)
    }

    /// Where the selected item of a number is.
    pub fn at(&self, number: u64) -> u64 {
        let block = number.checked_div(self.block).unwrap_or(0);
        let within = number.checked_rem(self.block).unwrap_or(0);
        self.start.saturating_add(block.saturating_mul(self.stride)).saturating_add(within)
    }
}

/// Decodes a selection; the cursor ends behind it.
///
/// # Errors
/// `Malformed`, `Unsupported` for points and for blocks that form no grid.
pub fn decode(c: &mut Cursor<'_>) -> Result<Selection> {
    match c.u32()? {
        kind @ (0 | 3) => {
            c.skip(12)?;
            Ok(if kind == 0 { Selection::None } else { Selection::All })
        }
        1 => Err(c.foreign("a selection of single points")),
        2 => slabs(c),
        kind => Err(c.bad(format!("selection of kind {kind}"))),
    }
}

fn slabs(c: &mut Cursor<'_>) -> Result<Selection> {
    let (regular, width) = match c.u32()? {
        1 => {
            c.skip(8)?;
            (false, 4)
        }
        2 => {
            let flags = c.u8()?;
            c.skip(4)?;
            (flags & 1 == 1, 8)
        }
        3 => (c.u8()? & 1 == 1, usize::from(c.u8()?)),
        version => return Err(c.foreign(format!("selection of version {version}"))),
    };
    let rank = c.u32()? as usize;
    if rank == 0 || rank > RANK || !matches!(width, 2 | 4 | 8) {
        return Err(c.bad(format!("selection along {rank} axes, {width} bytes a number")));
    }
    if !regular {
        return grid(c, rank, width);
    }
    let endless =
        u64::MAX.checked_shr(64_u32.saturating_sub((width as u32).saturating_mul(8))).unwrap_or(u64::MAX);
    let mut slabs = Vec::new();
    let mut grows = false;
    for _ in 0..rank {
        let slab = Slab {
            start: c.uint(width)?,
            stride: c.uint(width)?,
            count: c.uint(width)?,
            block: c.uint(width)?,
        };
        grows |= slab.count == endless || slab.block == endless;
        slabs.push(slab);
    }
    if grows {
        return Ok(Selection::Endless);
    }
    let sound: Option<Vec<Slab>> = slabs.into_iter().map(Slab::sound).collect();
    sound.map(Selection::Slabs).ok_or_else(|| c.bad("a selection of blocks that overlap"))
}

/// A list of blocks, which have to form a grid with equal distances: old versions of the library write any grid so.
fn grid(c: &mut Cursor<'_>, rank: usize, width: usize) -> Result<Selection> {
    let count = c.uint(width)?;
    let each = rank.saturating_mul(width).saturating_mul(2);
    let fits = usize::try_from(count).ok().and_then(|n| n.checked_mul(each)).is_some_and(|n| n <= c.left());
    if !fits {
        return Err(c.bad(format!("a selection of {count} blocks in {} bytes", c.left())));
    }
    let mut starts: Vec<Vec<u64>> = vec![Vec::new(); rank];
    let mut sizes: Option<Vec<u64>> = None;
    for _ in 0..count {
        let from = (0..rank).map(|_| c.uint(width)).collect::<Result<Vec<_>>>()?;
        let to = (0..rank).map(|_| c.uint(width)).collect::<Result<Vec<_>>>()?;
        let size: Vec<u64> =
            from.iter().zip(&to).map(|(f, t)| t.saturating_add(1).saturating_sub(*f)).collect();
        if sizes.get_or_insert_with(|| size.clone()) != &size || size.contains(&0) {
            return Err(c.foreign("a selection of blocks of different sizes"));
        }
        for (starts, from) in starts.iter_mut().zip(from) {
            starts.push(from);
        }
    }
    let Some(sizes) = sizes else { return Ok(Selection::None) };
    let mut slabs = Vec::new();
    for (starts, block) in starts.iter_mut().zip(sizes) {
        starts.sort_unstable();
        starts.dedup();
        let (first, second) = (starts.first().copied().unwrap_or(0), starts.get(1).copied());
        let stride = second.map_or(block, |second| second.saturating_sub(first));
        let even = starts.windows(2).all(|pair| matches!(pair, [a, b] if b.checked_sub(*a) == Some(stride)));
        let slab = Slab { start: first, stride, count: starts.len() as u64, block }.sound();
        slabs.push(
            slab.filter(|_| even).ok_or_else(|| c.foreign("a selection of blocks at uneven distances"))?,
        );
    }
    let all = starts.iter().fold(1_u64, |n, starts| n.saturating_mul(starts.len() as u64));
    if all != count {
        return Err(c.foreign("a selection of blocks that form no grid"));
    }
    Ok(Selection::Slabs(slabs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted_across_blocks() {
        let slab = Slab { start: 3, stride: 5, count: 3, block: 2 };
        let places: Vec<u64> = (0..slab.len()).map(|n| slab.at(n)).collect();
        assert_eq!(places, [3, 4, 8, 9, 13, 14]);
        assert_eq!(slab.end(), 15);
        for from in 0..16 {
            for to in from..18 {
                let within: Vec<u64> = slab.within(&(from..to)).map(|n| slab.at(n)).collect();
                let wanted: Vec<u64> = places.iter().copied().filter(|p| (from..to).contains(p)).collect();
                assert_eq!(within, wanted, "{from}..{to}");
            }
        }
        let touching = Slab { start: 1, stride: 4, count: 5, block: 4 }.sound().unwrap();
        assert_eq!((touching.count, touching.block, touching.end()), (1, 20, 21));
        assert_eq!(Slab { start: 0, stride: 2, count: 2, block: 3 }.sound(), None);
        assert_eq!(Slab { start: u64::MAX, stride: 1, count: 1, block: 1 }.sound(), None);
    }
}
