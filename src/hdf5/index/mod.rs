//! Chunk indexes: from chunk numbers to places in the file.
//!
//! Only the branches that lead to the wanted chunks are walked, a level at a time; decoded nodes are kept, so that the
//! next look-up in the same place costs no read.

mod extensible;
mod fixed;
mod tree1;
mod tree2;
mod written;

use super::{cursor::Cursor, dataset::Chunks, message::layout::Index, space::Space};
use crate::{
    error::{Error, Result},
    tree::Stored,
    wait::apart,
};

/// Where one chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Address.
    pub address: u64,
    /// Stored bytes.
    pub size: u64,
    /// Filters that were not applied.
    pub mask: u32,
}

/// A dataset's index, with what walking it needs.
#[derive(Clone, Copy)]
pub struct Walk<'s> {
    space: &'s Space,
    chunks: &'s Chunks,
    /// Address of the dataset, which owns its nodes in the cache.
    owner: u64,
    /// Half the children of a node of a tree of version 1.
    k: u16,
}

impl<'s> Walk<'s> {
    /// Walks the index of the dataset at `owner`.
    pub fn new(space: &'s Space, chunks: &'s Chunks, owner: u64, k: u16) -> Self {
        Self { space, chunks, owner, k }
    }

    /// Where chunks are, by their row-major numbers in the grid.
    ///
    /// # Errors
    /// `Malformed`, `Limit`, `Source`.
    pub async fn locate(&self, wanted: &[u64]) -> Result<Vec<Stored>> {
        let Some(address) = self.chunks.address else { return Ok(vec![Stored::Absent; wanted.len()]) };
        let spots = match self.chunks.index {
            Index::Single(stored) => {
                let (size, mask) = stored.unwrap_or((self.chunks.bytes, 0));
                vec![Some(Spot { address, size, mask }); wanted.len()]
            }
            Index::Implicit => wanted
                .iter()
                .map(|&number| {
                    let at = self.position(number, None)?.checked_mul(self.chunks.bytes);
                    let address = at.and_then(|at| address.checked_add(at)).ok_or_else(|| self.far())?;
                    Ok(Some(Spot { address, size: self.chunks.bytes, mask: 0 }))
                })
                .collect::<Result<_>>()?,
            Index::Tree1 => apart(tree1::locate(self, address, wanted)).await?,
            Index::Tree2 => apart(tree2::locate(self, address, wanted)).await?,
            Index::Fixed => apart(fixed::locate(self, address, wanted)).await?,
            Index::Extensible => apart(extensible::locate(self, address, wanted)).await?,
        };
        wanted.iter().zip(spots).map(|(&number, spot)| self.stored(number, spot)).collect()
    }

    /// Numbers of the chunks that may have been written, ascending: no more than the file has room to list.
    ///
    /// # Errors
    /// `Malformed`, also for an index of more chunks than that; `Source`.
    pub async fn written(&self) -> Result<Vec<u64>> {
        written::written(self).await
    }

    fn stored(&self, number: u64, spot: Option<Spot>) -> Result<Stored> {
        let Some(spot) = spot else { return Ok(Stored::Absent) };
        let plain = self.chunks.plain_edges && self.sticks_out(number);
        let skip = if plain { u32::MAX } else { spot.mask };
        let size = if plain { self.chunks.bytes } else { spot.size };
        if !self.chunks.filtered && size != self.chunks.bytes {
            return Err(self.space.bad(
                spot.address,
                format!("a chunk of {size} bytes that is to have {}", self.chunks.bytes),
            ));
        }
        let range = self.space.span(spot.address, size)?;
        Ok(Stored::Span { range, skip })
    }

    /// Whether a chunk reaches beyond the array.
    fn sticks_out(&self, number: u64) -> bool {
        let at = self.coordinates(number);
        // Chunk `grid - 1` is the last one along an axis; it sticks out unless the sides divide the axis.
        at.iter()
            .zip(&self.chunks.grid)
            .zip(&self.chunks.ragged)
            .any(|((&c, &g), &ragged)| ragged && c.saturating_add(1) == g)
    }

    /// A chunk's place in the grid.
    fn coordinates(&self, mut number: u64) -> Vec<u64> {
        let mut at: Vec<u64> = self
            .chunks
            .grid
            .iter()
            .rev()
            .map(|&n| {
                let here = number.checked_rem(n).unwrap_or(0);
                number = number.checked_div(n).unwrap_or(0);
                here
            })
            .collect();
        at.reverse();
        at
    }

    /// The number of the chunk at a place in the grid, which is row-major. A place outside gives a number that compares
    /// rightly with those inside: that of the first chunk behind it.
    fn number(&self, at: &[u64]) -> u64 {
        let mut number = 0_u64;
        let mut beyond = false;
        for (axis, (&c, &n)) in at.iter().zip(&self.chunks.grid).enumerate() {
            number = number.saturating_mul(n);
            if beyond {
                continue;
            }
            number = number.saturating_add(if axis == 0 { c } else { c.min(n) });
            beyond = axis > 0 && c >= n;
        }
        number
    }

    /// A chunk's place among all that the dataset may ever have, as arrays index them: row-major, but with the axis that
    /// grows without end in front.
    fn position(&self, number: u64, endless: Option<usize>) -> Result<u64> {
        let at = self.coordinates(number);
        let axes = endless.into_iter().chain((0..at.len()).filter(|&a| Some(a) != endless));
        let mut position = 0_u64;
        for (i, axis) in axes.enumerate() {
            let (c, n) =
                (at.get(axis).copied().unwrap_or(0), self.chunks.most.get(axis).copied().unwrap_or(1));
            let before = if i == 0 { Some(0) } else { position.checked_mul(n) };
            position = before.and_then(|p| p.checked_add(c)).ok_or_else(|| self.far())?;
        }
        Ok(position)
    }

    /// The number of the chunk at a position, the reverse of [`position`](Self::position); `None` where the dataset does
    /// not reach now.
    fn number_at(&self, mut position: u64, endless: Option<usize>) -> Option<u64> {
        let (grid, most) = (&self.chunks.grid, &self.chunks.most);
        let mut at = vec![0; grid.len()];
        let axes = (0..at.len()).rev().filter(|&a| Some(a) != endless).chain(endless);
        let count = at.len();
        for (i, axis) in axes.enumerate() {
            // The foremost takes what is left.
            let last = i.checked_add(1) == Some(count);
            let n = if last { u64::MAX } else { most.get(axis).copied()? };
            let here = position.checked_rem(n)?;
            position = position.checked_div(n)?;
            *at.get_mut(axis)? = if here < *grid.get(axis)? { here } else { return None };
        }
        Some(self.number(&at))
    }

    /// The axis that grows without end, if only one does.
    fn endless(&self) -> Option<usize> {
        self.chunks.most.iter().position(|&n| n == u64::MAX)
    }

    /// Checks that there are not more chunks than `most`.
    fn within(&self, count: usize, most: usize) -> Result<()> {
        if count <= most {
            return Ok(());
        }
        Err(self.space.bad(self.owner, "an index lists more chunks than the file has room for"))
    }

    fn far(&self) -> Error {
        self.space.bad(self.owner, "a chunk lies beyond all numbers")
    }

    /// Bytes that a filtered chunk's size takes in an index, given the bytes of a whole entry besides it.
    fn size_width(&self, entry: usize, besides: usize) -> Result<usize> {
        match entry.checked_sub(besides) {
            Some(width @ 1..=8) => Ok(width),
            _ => Err(self.space.bad(self.owner, format!("entries of {entry} bytes in a chunk index"))),
        }
    }

    /// Decodes an entry of an array index.
    fn entry(&self, c: &mut Cursor<'_>, size: usize) -> Result<Option<Spot>> {
        let address = c.address()?;
        let (mut stored, mut mask) = (self.chunks.bytes, 0);
        if self.chunks.filtered {
            let width = self.size_width(size, usize::from(c.widths().offset).saturating_add(4))?;
            (stored, mask) = (c.uint(width)?, c.u32()?);
        }
        Ok(address.map(|address| Spot { address, size: stored, mask }))
    }

    /// Checks that an array index has entries of the form that the dataset's filters ask for.
    fn check_entry(&self, c: &Cursor<'_>, client: u8, size: usize) -> Result<()> {
        let offset = usize::from(c.widths().offset);
        if client != u8::from(self.chunks.filtered) {
            return Err(c.bad(format!("index of kind {client} where filtered is {}", self.chunks.filtered)));
        }
        match self.chunks.filtered {
            false if size == offset => Ok(()),
            false => Err(c.bad(format!("entries of {size} bytes"))),
            true => self.size_width(size, offset.saturating_add(4)).map(|_| ()),
        }
    }
}
