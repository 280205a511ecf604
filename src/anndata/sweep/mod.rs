//! Columns of a matrix stored by row: one pass answers whoever waits, and leaves a [gene index](super::index) behind.
//!
//! Whoever comes first drives the [pass] with the tree it was given; others who come while it runs get what has been indexed
//! already, join for the rest, and drive on when the first has its answer or gives up: who waits for what is in [waiter]. Blocks are
//! fetched ahead of the one being worked on. Where no index is wanted or it finds no room, values are read only where a wanted column
//! has any, and a later column costs another pass over what was not kept.

mod pass;
mod waiter;

use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt,
    future::poll_fn,
    ops::Range,
    rc::{Rc, Weak},
    task::Poll,
};

use futures_util::lock::Mutex;

use super::{
    aides::Aides,
    identity::{self, Seen},
    index::{Index, Place, Shape},
    sparse::Sparse,
};
use crate::{array::Values, error::Result, shelf::Shelf, tree::Tree, wait::apart};
use pass::Pass;
use waiter::Waiter;

/// Told how far a column is.
pub trait Watch {
    /// These rows of the wanted columns are final; the columns have all of their rows, zeros where nothing is known yet.
    fn rows(&self, rows: Range<u64>, columns: &[Values]);
}

/// What is shared by all who read columns of one matrix.
#[derive(Default)]
pub struct Sweep {
    shelf: RefCell<Option<Rc<dyn Shelf>>>,
    index: OnceCell<Rc<Index>>,
    /// Held while somebody looks for a kept index: a shelf may hand a file out once.
    looking: Mutex<()>,
    /// Where rows begin; only needed while blocks are missing.
    starts: RefCell<Option<Rc<Vec<u64>>>>,
    waiting: RefCell<Vec<Weak<Waiter>>>,
    /// Somebody drives.
    driven: Cell<bool>,
    /// What of the data tells them from others, as far as it came by.
    seen: Seen,
    aides: RefCell<Option<Rc<dyn Aides>>>,
}

impl fmt::Debug for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep").field("driven", &self.driven.get()).finish_non_exhaustive()
    }
}

/// The right to drive, given back when dropped.
struct Turn<'s>(&'s Sweep);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.driven.set(false);
        self.0.wake();
    }
}

impl Sweep {
    /// Keeps the index on a shelf.
    pub fn keep_on(&self, shelf: Rc<dyn Shelf>) {
        *self.shelf.borrow_mut() = Some(shelf);
    }

    /// Has others take part in passes.
    pub fn help_with(&self, aides: Option<Rc<dyn Aides>>) {
        *self.aides.borrow_mut() = aides;
    }

    /// The share of the items that another column would have to go through.
    pub async fn missing(&self, matrix: &Sparse, tree: &dyn Tree) -> Result<f64> {
        let index = self.index(matrix, tree).await?;
        let blocks = index.shape.blocks();
        let missing = (0..blocks).filter(|&block| !index.has(block)).count();
        Ok(missing as f64 / blocks.max(1) as f64)
    }

    /// Does the next piece of what can wait until an answer is out, a hundredth of a second's work; `false` when there is none.
    pub fn tidy(&self) -> bool {
        self.index.get().is_some_and(|index| index.tidy())
    }

    /// Finishes what can wait until an answer is out: sorts what is not yet, keeps a complete index on the shelf.
    pub async fn settle(&self) {
        if let Some(index) = self.index.get() {
            index.save().await;
        }
    }

    /// Why the index is not kept whole, so that another column costs another pass; `None` while it is.
    pub fn refused(&self) -> Option<String> {
        let lacking = self.index.get().filter(|index| !index.complete());
        lacking.and_then(|index| index.refused())
    }

    /// Why the index, which is there whole, is not kept for later visits; `None` while it is, or is not to be.
    pub fn unsaved(&self) -> Option<String> {
        self.index.get().and_then(|index| index.unsaved())
    }

    fn wake(&self) {
        for waiter in self.waiters() {
            waiter.wake();
        }
    }

    fn waiters(&self) -> Vec<Rc<Waiter>> {
        self.waiting.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// Whole columns.
    pub async fn columns(
        &self,
        matrix: &Sparse,
        tree: &dyn Tree,
        wanted: &[u64],
        watch: Option<Rc<dyn Watch>>,
    ) -> Result<Vec<Values>> {
        let index = apart(self.index(matrix, tree)).await?;
        // Whoever comes when the pass is over has all of it sorted, once: others will come.
        if index.complete() {
            while index.tidy() {}
        }
        let waiter = Rc::new(Waiter::new(matrix, &index, wanted, watch)?);
        {
            let mut waiting = self.waiting.borrow_mut();
            waiting.retain(|other| other.strong_count() > 0);
            waiting.push(Rc::downgrade(&waiter));
        }
        while let Some(turn) = self.turn(&index, &waiter).await? {
            apart(self.drive(matrix, tree, &index, &waiter)).await?;
            drop(turn);
        }
        Ok(waiter.hand_over(wanted))
    }

    /// The index, as far as it goes; the first time, what an earlier visit kept.
    async fn index(&self, matrix: &Sparse, tree: &dyn Tree) -> Result<Rc<Index>> {
        if let Some(index) = self.index.get() {
            return Ok(Rc::clone(index));
        }
        let _looking = self.looking.lock().await;
        if let Some(index) = self.index.get() {
            return Ok(Rc::clone(index));
        }
        let shape = Shape::of(matrix)?;
        let shelf = self.shelf.borrow().clone();
        let place = match shelf {
            Some(shelf) if tree.limits().index > 0 => identity::outline(tree, matrix).map(|outline| {
                let sample = outline.exact.then(String::new);
                Place { shelf, outline: outline.text, sample }
            }),
            _ => None,
        };
        let index = Rc::new(Index::new(shape, place));
        // Data that cannot be told from others are not kept.
        let sample = async || identity::sample(tree, matrix).await.ok();
        index.restore(sample()).await;
        // What is stored as it is comes by in parts.
        let whole = [&matrix.data, &matrix.indices].iter().all(|array| !array.codecs.is_empty());
        if index.lacks_sample() && !whole {
            index.know(sample().await);
        }
        Ok(Rc::clone(self.index.get_or_init(|| index)))
    }

    /// Waits until the waiter has all it needs, or until it is its turn to drive.
    async fn turn(&self, index: &Index, waiter: &Waiter) -> Result<Option<Turn<'_>>> {
        loop {
            waiter.take_made(index).await?;
            waiter.report(index, self.starts.borrow().as_ref().map(|starts| starts.as_slice()));
            if waiter.has_all() {
                return Ok(None);
            }
            let turn = poll_fn(|context| {
                if waiter.can_go_on(index) {
                    return Poll::Ready(None);
                }
                if !self.driven.replace(true) {
                    return Poll::Ready(Some(Turn(self)));
                }
                waiter.wait(context.waker());
                Poll::Pending
            });
            if let Some(turn) = turn.await {
                return Ok(Some(turn));
            }
        }
    }

    /// Goes over the matrix until a waiter has all it needs.
    async fn drive(&self, matrix: &Sparse, tree: &dyn Tree, index: &Index, waiter: &Waiter) -> Result<()> {
        Pass::begin(self, matrix, tree, index).await?.make_all(waiter).await?;
        if index.complete() {
            self.starts.borrow_mut().take();
            if index.lacks_sample() {
                index.know(self.seen.sample(matrix));
            }
        }
        Ok(())
    }

    /// The columns of all who wait for a block, each once.
    fn wanted(&self, block: usize) -> Vec<u64> {
        let waiters = self.waiters();
        let waiting = waiters.iter().filter(|waiter| waiter.lacks(block));
        let mut wanted: Vec<u64> = waiting.flat_map(|waiter| waiter.wanted.iter().copied()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }
}
