//! Someone who waits for columns of a [sweep](super): takes what has been made in the order of the file, and tells of rows that are
//! final.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
    task::Waker,
};

use super::{
    super::{
        index::{Index, rows},
        picked::Picked,
        sparse::Sparse,
    },
    Watch,
};
use crate::{array::Values, error::Result, order};

/// Someone who waits for columns.
pub struct Waiter {
    /// Each once.
    pub wanted: Vec<u64>,
    out: RefCell<Vec<Values>>,
    /// Blocks whose items are neither in `out` nor held.
    missing: RefCell<BTreeSet<usize>>,
    /// What was picked out of blocks that come after one that is missing.
    held: RefCell<BTreeMap<usize, Rc<Vec<Picked>>>>,
    /// Rows reported as final.
    reported: Cell<u64>,
    watch: Option<Rc<dyn Watch>>,
    waker: RefCell<Option<Waker>>,
}

impl Waiter {
    /// One who has nothing of these columns yet.
    pub fn new(matrix: &Sparse, index: &Index, wanted: &[u64], watch: Option<Rc<dyn Watch>>) -> Result<Self> {
        let mut unique = wanted.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let out = unique.iter().map(|_| matrix.zeros()).collect::<Result<_>>()?;
        Ok(Self {
            wanted: unique,
            out: RefCell::new(out),
            missing: RefCell::new(order::set(0..index.shape.blocks())),
            held: RefCell::default(),
            reported: Cell::new(0),
            watch,
            waker: RefCell::default(),
        })
    }

    /// Whether a block is missing.
    pub fn lacks(&self, block: usize) -> bool {
        self.missing.borrow().contains(&block)
    }

    /// Whether none is.
    pub fn has_all(&self) -> bool {
        self.missing.borrow().is_empty()
    }

    /// Those missing that nobody has made, in order.
    pub fn unmade(&self, index: &Index) -> VecDeque<usize> {
        self.missing.borrow().iter().copied().filter(|block| !index.has(*block)).collect()
    }

    /// Whether there is something to take: the first block that is missing, or all are there.
    pub fn can_go_on(&self, index: &Index) -> bool {
        self.first().is_none_or(|block| index.has(block))
    }

    /// Has the one who waits woken when there may be something to take.
    pub fn wait(&self, waker: &Waker) {
        *self.waker.borrow_mut() = Some(waker.clone());
    }

    /// Wakes the one who waits.
    pub fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Takes what has been made, up to the first block that has not.
    pub async fn take_made(&self, index: &Index) -> Result<()> {
        loop {
            self.take(index)?;
            let first = self.first().unwrap_or(0);
            let run = |&(block, next): &(usize, usize)| block == next && index.is_kept(block);
            let kept = self
                .missing
                .borrow()
                .iter()
                .copied()
                .zip(first..)
                .take_while(run)
                .map(|(b, _)| b)
                .collect::<Vec<_>>();
            if kept.is_empty() {
                break;
            }
            // Taken out while waiting: nobody else may touch it meanwhile, and who would is told that these blocks are not missing.
            let mut out: Vec<Values> = self.wanted.iter().map(|_| Values::Bool(Vec::new())).collect();
            std::mem::swap(&mut out, &mut self.out.borrow_mut());
            let parked = std::mem::take(&mut *self.missing.borrow_mut());
            let added = index.add_kept(&kept, &self.wanted, &mut out).await;
            *self.out.borrow_mut() = out;
            *self.missing.borrow_mut() = parked;
            if !added? {
                break;
            }
            kept.iter().for_each(|block| {
                self.missing.borrow_mut().remove(block);
            });
        }
        Ok(())
    }

    /// Takes a block that was just made, if it is missing: from the index, or what was picked out of it.
    pub fn take_new(
        &self,
        index: &Index,
        block: usize,
        picked: Option<&Rc<Vec<Picked>>>,
        starts: &[u64],
    ) -> Result<()> {
        if !self.lacks(block) {
            return Ok(());
        }
        if let Some(picked) = picked {
            // One who came after the values were picked waits for another pass.
            if !picked.iter().all(|picked| picked.covers(&self.wanted)) {
                return Ok(());
            }
            self.held.borrow_mut().insert(block, Rc::clone(picked));
            self.missing.borrow_mut().remove(&block);
        }
        self.take(index)?;
        self.report(index, Some(starts));
        if self.can_go_on(index) {
            self.wake();
        }
        Ok(())
    }

    /// What has come together, in the order asked for.
    pub fn hand_over(&self, wanted: &[u64]) -> Vec<Values> {
        // A column that is wanted once is handed over: all of them twice would be the larger part of what an export takes.
        let mut out: Vec<Option<Values>> = self.out.take().into_iter().map(Some).collect();
        let place = |column: &u64| self.wanted.binary_search(column).unwrap_or(usize::MAX);
        let mut times = vec![0_usize; out.len()];
        for column in wanted {
            times.get_mut(place(column)).into_iter().for_each(|times| *times += 1);
        }
        let mut columns = Vec::with_capacity(wanted.len());
        for column in wanted {
            let (Some(times), Some(out)) = (times.get_mut(place(column)), out.get_mut(place(column))) else {
                continue;
            };
            *times -= 1;
            columns.extend(if *times == 0 { out.take() } else { out.clone() });
        }
        columns
    }

    /// The first block that is missing.
    fn first(&self) -> Option<usize> {
        self.missing.borrow().first().copied()
    }

    /// Adds what is at hand, in the order of the file: items that are stored several times give the same sum whoever was sooner.
    fn take(&self, index: &Index) -> Result<()> {
        loop {
            let first = self.first();
            let held = self.held.borrow().first_key_value().map(|(&block, _)| block);
            if let Some(block) = held.filter(|held| first.is_none_or(|first| *held < first)) {
                let picked = self.held.borrow_mut().remove(&block);
                for picked in picked.iter().flat_map(|picked| picked.iter()) {
                    picked.add(&self.wanted, &mut self.out.borrow_mut())?;
                }
            } else if let Some(block) = first
                && index.add(block, &self.wanted, &mut self.out.borrow_mut())?
            {
                self.missing.borrow_mut().remove(&block);
            } else {
                return Ok(());
            }
        }
    }

    /// Says which rows have become final: those before the first block that is missing.
    pub fn report(&self, index: &Index, starts: Option<&[u64]>) {
        let Some(watch) = &self.watch else { return };
        let complete = match self.first() {
            None => index.shape.rows,
            Some(block) => {
                let span = index.shape.span(block);
                let base = starts.map(|starts| rows(starts, span.start..span.start + 1).start);
                base.or_else(|| index.base(block)).unwrap_or(0)
            }
        };
        let before = self.reported.replace(complete.max(self.reported.get()));
        if complete > before {
            watch.rows(before..complete, &self.out.borrow());
        }
    }
}
