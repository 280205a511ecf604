//! A selection as virtual datasets store it: along each axis, blocks of items.
//!
//! HDF5 File Format Specification, section VIII ("Appendix: Dataspace Selections").

use std::ops::Range;

use super::dataspace::RANK;
use crate::{error::Result, hdf5::cursor::Cursor};

/// What is selected along one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Blocks of one size at equal distances.
    Even(Slab),
    /// Blocks of any size anywhere, none of which touch.
    Uneven(Vec<Block>),
}

/// Blocks of one size at equal distances.
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

/// A block among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// First item.
    pub from: u64,
    /// Behind the last item.
    pub to: u64,
    /// Selected items in front of it.
    pub number: u64,
}

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Selection {
    None,
    All,
    Axes(Vec<Axis>),
    /// Blocks without end, as datasets that still grow have them.
    Endless,
}

impl Axis {
    /// All of it.
    pub fn all(len: u64) -> Self {
        Self::Even(Slab { start: 0, stride: len.max(1), count: 1, block: len })
    }

    /// Of blocks in order; `None` when they overlap.
    fn of(blocks: &[(u64, u64)]) -> Option<Self> {
        let mut joined: Vec<Block> = Vec::new();
        for &(from, to) in blocks {
            match joined.last_mut() {
                Some(last) if from < last.to => return None,
                Some(last) if from == last.to => last.to = to,
                last => {
                    let number =
                        last.map_or(0, |last| last.number.saturating_add(last.to.saturating_sub(last.from)));
                    joined.push(Block { from, to, number });
                }
            }
        }
        let size = |block: &Block| block.to.saturating_sub(block.from);
        let (first, second) = (joined.first()?, joined.get(1));
        let stride = second.map_or(size(first), |second| second.from.saturating_sub(first.from));
        let even = joined.iter().all(|block| size(block) == size(first))
            && joined
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if b.from.saturating_sub(a.from) == stride));
        if even {
            let slab = Slab { start: first.from, stride, count: joined.len() as u64, block: size(first) };
            return slab.sound().map(Self::Even);
        }
        Some(Self::Uneven(joined))
    }

    /// Items selected.
    pub fn len(&self) -> u64 {
        match self {
            Self::Even(slab) => slab.count.saturating_mul(slab.block),
            Self::Uneven(blocks) => {
                blocks.last().map_or(0, |last| last.number.saturating_add(last.to.saturating_sub(last.from)))
            }
        }
    }

    /// Where the last item ends.
    pub fn end(&self) -> u64 {
        match self {
            Self::Even(slab) => {
                let last = slab.count.saturating_sub(1).saturating_mul(slab.stride);
                slab.start.saturating_add(last).saturating_add(slab.block)
            }
            Self::Uneven(blocks) => blocks.last().map_or(0, |last| last.to),
        }
    }

    /// How many selected items lie in front of a place.
    fn before(&self, place: u64) -> u64 {
        match self {
            Self::Even(slab) => {
                let past = place.saturating_sub(slab.start);
                let blocks = past.checked_div(slab.stride).unwrap_or(0);
                if blocks >= slab.count {
                    return self.len();
                }
                let within = past.checked_rem(slab.stride).unwrap_or(0).min(slab.block);
                blocks.saturating_mul(slab.block).saturating_add(within)
            }
            Self::Uneven(blocks) => {
                let begun = blocks.partition_point(|block| block.from < place).checked_sub(1);
                let last = begun.and_then(|at| blocks.get(at));
                last.map_or(0, |last| {
                    last.number.saturating_add(place.min(last.to).saturating_sub(last.from))
                })
            }
        }
    }

    /// Which of the selected items, in their order, lie in a span.
    pub fn within(&self, span: &Range<u64>) -> Range<u64> {
        self.before(span.start)..self.before(span.end)
    }

    /// Where the selected item of a number is.
    pub fn at(&self, number: u64) -> u64 {
        match self {
            Self::Even(slab) => {
                let block = number.checked_div(slab.block).unwrap_or(0);
                let within = number.checked_rem(slab.block).unwrap_or(0);
                slab.start.saturating_add(block.saturating_mul(slab.stride)).saturating_add(within)
            }
            Self::Uneven(blocks) => {
                let at = blocks.partition_point(|block| block.number <= number).saturating_sub(1);
                let block = blocks.get(at);
                block.map_or(0, |b| b.from.saturating_add(number.saturating_sub(b.number)))
            }
        }
    }
}

impl Slab {
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
}

/// Decodes a selection; the cursor ends behind it.
///
/// # Errors
/// `Malformed`, `Unsupported` for points, which no version of the library lets virtual datasets have, and for blocks that form no grid.
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
    let sound: Option<Vec<Axis>> = slabs.into_iter().map(|slab| slab.sound().map(Axis::Even)).collect();
    sound.map(Selection::Axes).ok_or_else(|| c.bad("a selection of blocks that overlap"))
}

/// A list of blocks, which have to be all those that blocks along each axis form together: so are lists of rows or columns written, and
/// any grid by old versions of the library.
fn grid(c: &mut Cursor<'_>, rank: usize, width: usize) -> Result<Selection> {
    let count = c.uint(width)?;
    let each = rank.saturating_mul(width).saturating_mul(2);
    let fits = usize::try_from(count).ok().and_then(|n| n.checked_mul(each)).is_some_and(|n| n <= c.left());
    if !fits {
        return Err(c.bad(format!("a selection of {count} blocks in {} bytes", c.left())));
    }
    if count == 0 {
        return Ok(Selection::None);
    }
    let mut blocks: Vec<Vec<(u64, u64)>> = vec![Vec::new(); rank];
    for _ in 0..count {
        let from = (0..rank).map(|_| c.uint(width)).collect::<Result<Vec<_>>>()?;
        let to = (0..rank).map(|_| c.uint(width)).collect::<Result<Vec<_>>>()?;
        for ((blocks, from), to) in blocks.iter_mut().zip(from).zip(to) {
            let end = to.checked_add(1).filter(|end| *end > from);
            blocks
                .push((from, end.ok_or_else(|| c.bad("a selection of blocks that end before they begin"))?));
        }
    }
    let mut all = 1_u64;
    for blocks in &mut blocks {
        blocks.sort_unstable();
        blocks.dedup();
        all = all.saturating_mul(blocks.len() as u64);
    }
    // As many as there are: each of the combinations, since the library keeps no block twice.
    let axes: Option<Vec<Axis>> = blocks.iter().map(|blocks| Axis::of(blocks)).collect();
    match axes {
        Some(axes) if all == count => Ok(Selection::Axes(axes)),
        _ => Err(c.foreign("a selection of blocks that form no grid")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted_across_blocks() {
        let even = Axis::Even(Slab { start: 3, stride: 5, count: 3, block: 2 });
        assert_eq!(Axis::of(&[(3, 5), (8, 10), (13, 15)]).as_ref(), Some(&even));
        let uneven = Axis::of(&[(0, 1), (4, 5), (5, 9), (11, 12)]).unwrap();
        let last = Block { from: 11, to: 12, number: 6 };
        assert!(matches!(&uneven, Axis::Uneven(blocks) if blocks.len() == 3 && blocks.last() == Some(&last)));
        assert_eq!(Axis::of(&[(0, 3), (2, 4)]), None);
        for (axis, wanted) in [(even, &[3, 4, 8, 9, 13, 14][..]), (uneven, &[0, 4, 5, 6, 7, 8, 11])] {
            let places: Vec<u64> = (0..axis.len()).map(|n| axis.at(n)).collect();
            assert_eq!(places, wanted);
            assert_eq!(axis.end(), places.last().unwrap() + 1);
            for from in 0..16 {
                for to in from..18 {
                    let within: Vec<u64> = axis.within(&(from..to)).map(|n| axis.at(n)).collect();
                    let wanted: Vec<u64> =
                        places.iter().copied().filter(|p| (from..to).contains(p)).collect();
                    assert_eq!(within, wanted, "{from}..{to}");
                }
            }
        }
        let touching = Slab { start: 1, stride: 4, count: 5, block: 4 }.sound().unwrap();
        assert_eq!((touching.count, touching.block, Axis::Even(touching).end()), (1, 20, 21));
        assert_eq!(Slab { start: 0, stride: 2, count: 2, block: 3 }.sound(), None);
        assert_eq!(Slab { start: u64::MAX, stride: 1, count: 1, block: 1 }.sound(), None);
    }
}
