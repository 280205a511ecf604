//! The gene index: a matrix stored by row, sorted by column, so that a column costs as much as it holds.
//!
//! Made block by block by a [sweep](super::sweep); blocks are in memory as far as its budget goes, then on a shelf. Kept whole
//! on the shelf, it serves later visits: only what a column needs is read then, each piece proved by its checksum. What is
//! damaged is thrown away and made anew.

mod block;
mod item;
mod kept;
mod loose;
mod shape;
mod trailer;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

pub use block::{Block, Head, Parts, narrow, outside, rows};
pub use item::{Bits, Form, Item, Numbers};
pub use kept::Place;
pub use loose::{Found, Items, Loose, Parcel};
pub use shape::Shape;

use crate::{
    array::Values,
    error::{Error, Kind, Result},
    shelf::Kept,
};

/// Where a block is.
#[derive(Clone)]
enum Slot {
    Missing,
    /// As its items came.
    Loose(Rc<Loose>),
    Memory(Rc<Block>),
    /// In the file, from this byte on.
    Kept(Head, u64),
}

/// The blocks of an index, as far as they have been made.
pub struct Index {
    /// What it is an index of.
    pub shape: Shape,
    slots: RefCell<Vec<Slot>>,
    place: RefCell<Option<Place>>,
    /// What is being written or read.
    file: RefCell<Option<Rc<dyn Kept>>>,
    /// Why blocks that found no room in memory are not kept elsewhere.
    refused: RefCell<Option<String>>,
    /// Why the whole, which is there, is not kept for later visits.
    unsaved: RefCell<Option<String>>,
    /// What another reader has read was found not to be what it had to be.
    spoilt: Cell<bool>,
}

impl Index {
    /// An index without blocks.
    pub fn new(shape: Shape, place: Option<Place>) -> Self {
        let slots = RefCell::new(vec![Slot::Missing; shape.blocks()]);
        let (file, refused, unsaved, spoilt) = Default::default();
        Self { shape, slots, place: RefCell::new(place), file, refused, unsaved, spoilt }
    }

    /// Whether a block is there.
    pub fn has(&self, block: usize) -> bool {
        !matches!(self.slots.borrow().get(block), None | Some(Slot::Missing))
    }

    /// Whether a block is on the shelf alone.
    pub fn is_kept(&self, block: usize) -> bool {
        matches!(self.slots.borrow().get(block), Some(Slot::Kept(..)))
    }

    /// Whether all blocks are there.
    pub fn complete(&self) -> bool {
        !self.slots.borrow().iter().any(|slot| matches!(slot, Slot::Missing))
    }

    /// Bytes of the blocks in memory.
    pub fn held(&self) -> u64 {
        let size = |slot: &Slot| match slot {
            Slot::Memory(block) => block.len(),
            Slot::Loose(block) => block.len(),
            Slot::Missing | Slot::Kept(..) => 0,
        };
        self.slots.borrow().iter().map(size).sum()
    }

    /// Whether there is a shelf to put blocks on.
    pub fn has_shelf(&self) -> bool {
        self.place.borrow().is_some()
    }

    /// Why blocks that found no room in memory are not kept elsewhere, if it came to that.
    pub fn refused(&self) -> Option<String> {
        self.refused.borrow().clone()
    }

    /// Why the whole, which is there, is not kept for later visits, if that was tried.
    pub fn unsaved(&self) -> Option<String> {
        self.unsaved.borrow().clone()
    }

    /// Notes that a block is not kept: the first reason counts.
    pub fn refuse(&self, reason: impl Into<String>) {
        self.refused.borrow_mut().get_or_insert_with(|| reason.into());
    }

    /// Whether it is kept somewhere, but not known yet what tells its data from others.
    pub fn lacks_sample(&self) -> bool {
        self.place.borrow().as_ref().is_some_and(|place| place.sample.is_none())
    }

    /// Says what tells its data from others; without that it is not kept.
    pub fn know(&self, sample: Option<String>) {
        let mut place = self.place.borrow_mut();
        if sample.is_none() {
            place.take();
        } else if let Some(place) = &mut *place {
            place.sample = sample;
        }
    }

    /// The row that a block which is there begins in.
    pub fn base(&self, block: usize) -> Option<u64> {
        match self.slots.borrow().get(block)? {
            Slot::Missing => None,
            Slot::Loose(block) => Some(block.head.base),
            Slot::Memory(block) => Some(block.head.base),
            Slot::Kept(head, _) => Some(head.base),
        }
    }

    /// Takes a block in.
    pub fn put(&self, block: Block) {
        let number = usize::try_from(block.head.number).unwrap_or(usize::MAX);
        if let Some(slot) = self.slots.borrow_mut().get_mut(number) {
            *slot = Slot::Memory(Rc::new(block));
        }
    }

    /// Takes in a block whose items are as they came.
    pub fn put_loose(&self, block: Loose) {
        let number = usize::try_from(block.head.number).unwrap_or(usize::MAX);
        if let Some(slot) = self.slots.borrow_mut().get_mut(number) {
            *slot = Slot::Loose(Rc::new(block));
        }
    }

    /// Whether what other readers read is not to be believed.
    pub fn spoilt(&self) -> bool {
        self.spoilt.get()
    }

    /// Sorts the next block whose items are as they came; `false` when there is none, or no memory to do so. One that turns out not to be
    /// what it had to be is missing from now on.
    pub fn tidy(&self) -> bool {
        let loose = |slot: &Slot| if let Slot::Loose(block) = slot { Some(Rc::clone(block)) } else { None };
        let next = self.slots.borrow().iter().find_map(loose);
        let Some(next) = next else { return false };
        match next.sort() {
            Ok(sorted) => self.put(sorted),
            Err(error) => return self.drop_spoilt(&next, &error),
        }
        true
    }

    /// Takes a block out that another reader has read, and not as it had to be; `false` when that is not what the error is about.
    fn drop_spoilt(&self, block: &Loose, error: &Error) -> bool {
        let spoilt = block.is_away() && error.kind == Kind::Malformed;
        let number = usize::try_from(block.head.number).unwrap_or(usize::MAX);
        if spoilt && let Some(slot) = self.slots.borrow_mut().get_mut(number) {
            *slot = Slot::Missing;
            self.spoilt.set(true);
        }
        spoilt
    }

    /// Adds a block in memory to columns; `false` when it is not in memory, or turns out not to be what it had to be.
    ///
    /// # Errors
    /// As [`Head::add`].
    pub fn add(&self, block: usize, columns: &[u64], out: &mut [Values]) -> Result<bool> {
        let slot = self.slots.borrow().get(block).cloned();
        match &slot {
            Some(Slot::Memory(block)) => {
                for (&column, out) in columns.iter().zip(out) {
                    block.add(column, out)?;
                }
            }
            Some(Slot::Loose(loose)) => {
                if let Err(error) = loose.add(columns, out) {
                    return if self.drop_spoilt(loose, &error) { Ok(false) } else { Err(error) };
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
