//! Columns of a matrix stored by row: one pass answers whoever waits, and leaves a [gene index](super::index) behind.
//!
//! Whoever comes first drives the pass with the tree it was given; others who come while it runs get what has been indexed
//! already, join for the rest, and drive on when the first has its answer or gives up. Blocks are fetched ahead of the one being
//! worked on. Where no index is wanted or it finds no room, values are read only where a wanted column has any, and a later
//! column costs another pass over what was not kept.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    future::poll_fn,
    ops::Range,
    rc::{Rc, Weak},
    task::{Poll, Waker},
};

use futures_util::{
    StreamExt,
    future::{join, try_join},
    lock::Mutex,
    stream::FuturesOrdered,
};

use super::{
    aides::{Aides, Elsewhere, Portion},
    identity::{self, Seen},
    index::{Block, Index, Loose, Parts, Place, Shape, narrow, rows},
    picked::{Picked, hits, pick},
    short::{self, stretch},
    sparse::Sparse,
};
use crate::{
    array::{DType, Values},
    error::Result,
    limits::Limits,
    order,
    shelf::Shelf,
    tree::Tree,
    wait::apart,
};

/// Blocks that a matrix is cut into, unless that makes them too small or too large.
const BLOCKS: u64 = 32;
/// Fewest and most items of a block: the fewest keep tables and requests cheap, the most bound the memory of a pass.
const ITEMS: Range<u64> = 512 << 10..4 << 20;
/// Items of a block whatever the chunks are: what is larger is decoded more than once.
const LARGEST: u64 = 16 << 20;
/// Blocks under way at once: one being worked on, the others on their way.
const AHEAD: usize = 3;
/// Most memory that is had in one piece for what a pass will keep.
const GROWTH: u64 = 256 << 20;
/// Fewest blocks that are worth calling for help: an aide has to start and to open the file first.
const WORTH_HELP: usize = 8;
/// Most columns that are picked out of a block before it is sorted: each costs a pass over its items, and sorting as much as some of them.
const PICKED: usize = 4;

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

/// Someone who waits for columns.
struct Waiter {
    /// Each once.
    wanted: Vec<u64>,
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

/// The right to drive, given back when dropped.
struct Turn<'s>(&'s Sweep);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.driven.set(false);
        self.0.wake();
    }
}

/// What became of a block.
enum Swept {
    /// Sorted by column.
    Sorted(Block),
    /// To be sorted when nobody waits any more.
    Loose(Loose),
    /// The values of wanted columns only.
    Picked(Vec<Picked>),
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
            if let Some(waker) = waiter.waker.borrow_mut().take() {
                waker.wake();
            }
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
        let mut unique = wanted.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let index = apart(self.index(matrix, tree)).await?;
        // Whoever comes when the pass is over has all of it sorted, once: others will come.
        if index.complete() {
            while index.tidy() {}
        }
        let out = unique.iter().map(|_| matrix.zeros()).collect::<Result<_>>()?;
        let waiter = Rc::new(Waiter {
            wanted: unique,
            out: RefCell::new(out),
            missing: RefCell::new(order::set(0..index.shape.blocks())),
            held: RefCell::default(),
            reported: Cell::new(0),
            watch,
            waker: RefCell::default(),
        });
        {
            let mut waiting = self.waiting.borrow_mut();
            waiting.retain(|other| other.strong_count() > 0);
            waiting.push(Rc::downgrade(&waiter));
        }
        while let Some(turn) = self.turn(&index, &waiter).await? {
            apart(self.drive(matrix, tree, &index, &waiter)).await?;
            drop(turn);
        }
        // A column that is wanted once is handed over: all of them twice would be the larger part of what an export takes.
        let mut out: Vec<Option<Values>> = waiter.out.take().into_iter().map(Some).collect();
        let place = |column: &u64| waiter.wanted.binary_search(column).unwrap_or(usize::MAX);
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
        Ok(columns)
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
        let shape = shape(matrix)?;
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
            self.serve_made(index, waiter).await?;
            if waiter.missing.borrow().is_empty() {
                return Ok(None);
            }
            let turn = poll_fn(|context| {
                if waiter.first().is_none_or(|block| index.has(block)) {
                    return Poll::Ready(None);
                }
                if !self.driven.replace(true) {
                    return Poll::Ready(Some(Turn(self)));
                }
                *waiter.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            });
            if let Some(turn) = turn.await {
                return Ok(Some(turn));
            }
        }
    }

    /// Gives a waiter the blocks that have been made, up to the first that has not.
    async fn serve_made(&self, index: &Index, waiter: &Waiter) -> Result<()> {
        loop {
            waiter.take(index)?;
            let first = waiter.first().unwrap_or(0);
            let run = |&(block, next): &(usize, usize)| block == next && index.is_kept(block);
            let kept = waiter
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
            let mut out: Vec<Values> = waiter.wanted.iter().map(|_| Values::Bool(Vec::new())).collect();
            std::mem::swap(&mut out, &mut waiter.out.borrow_mut());
            let parked = std::mem::take(&mut *waiter.missing.borrow_mut());
            let added = index.add_kept(&kept, &waiter.wanted, &mut out).await;
            *waiter.out.borrow_mut() = out;
            *waiter.missing.borrow_mut() = parked;
            if !added? {
                break;
            }
            kept.iter().for_each(|block| {
                waiter.missing.borrow_mut().remove(block);
            });
        }
        waiter.report(index, self.starts.borrow().as_ref().map(|starts| starts.as_slice()));
        Ok(())
    }

    /// Makes the blocks that a waiter needs, and gives them to all who do: from the first on, so that rows become final; aides make
    /// them from the last on, which does not keep rows waiting while an aide gets ready.
    async fn drive(&self, matrix: &Sparse, tree: &dyn Tree, index: &Index, waiter: &Waiter) -> Result<()> {
        let known = self.starts.borrow().clone();
        let starts = match known {
            Some(starts) => starts,
            None => {
                let (starts, ()) = join(apart(matrix.starts(tree)), apart(matrix.find(tree))).await;
                let starts = Rc::new(starts?);
                *self.starts.borrow_mut() = Some(Rc::clone(&starts));
                starts
            }
        };
        let lacking = |block: &usize| !index.has(*block);
        let mut wanted: VecDeque<usize> = waiter.missing.borrow().iter().copied().filter(lacking).collect();
        let mut aides = self
            .aides
            .borrow()
            .clone()
            .filter(|_| wanted.len() >= WORTH_HELP && matrix.shape[1] <= Loose::COLUMNS as u64);
        let missing = wanted.len() as u64 * index.shape.block * index.shape.each();
        Limits::ahead(missing.min(tree.limits().index).min(GROWTH));
        let mut under_way = FuturesOrdered::new();
        let mut elsewhere = Elsewhere::default();
        loop {
            while let Some(aides) = &aides
                && elsewhere.len() < aides.most()
                && self.keeps(tree, index, (under_way.len() + elsewhere.len()) as u64 + 1)
                && let Some(block) = wanted.pop_back()
            {
                elsewhere.push(Rc::clone(aides), matrix, block, index.shape.span(block));
            }
            // Better twice than waited for: an aide that is slow, or not ready yet.
            if wanted.is_empty() && under_way.is_empty() {
                wanted.extend(elsewhere.take_back());
            }
            while under_way.len() < AHEAD
                && let Some(block) = wanted.pop_front()
            {
                let sort = self.keeps(tree, index, (under_way.len() + elsewhere.len()) as u64 + 1);
                if !sort && index.shape.sorts && tree.limits().index > 0 {
                    index.refuse("there is nowhere to put it aside");
                }
                let starts = Rc::clone(&starts);
                under_way.push_back(async move {
                    let made = apart(self.make(matrix, tree, index, &starts, block, sort)).await;
                    made.map(|swept| (block, swept))
                });
            }
            let next = poll_fn(|context| match elsewhere.poll_next(context) {
                Poll::Ready(Some(answer)) => Poll::Ready(Some(Err(answer))),
                Poll::Pending if under_way.is_empty() => Poll::Pending,
                _ => under_way.poll_next_unpin(context).map(|made| made.map(Ok)),
            });
            let (block, swept) = match next.await {
                None => break,
                Some(Ok(made)) => made?,
                Some(Err((block, portion))) => {
                    let Some(swept) = self.accept(matrix, tree, index, &starts, block, portion) else {
                        // Whatever is wrong there is told when it is done here.
                        aides = None;
                        wanted.push_front(block);
                        continue;
                    };
                    (block, swept)
                }
            };
            self.serve(index, block, swept, &starts)?;
            if index.held() > tree.limits().index {
                apart(index.shelve(block)).await;
            }
        }
        if index.complete() {
            self.starts.borrow_mut().take();
            if index.lacks_sample() {
                index.know(self.seen.sample(matrix));
            }
        }
        Ok(())
    }

    /// A block that an aide has read; `None` when it is not what was asked for.
    fn accept(
        &self,
        matrix: &Sparse,
        tree: &dyn Tree,
        index: &Index,
        starts: &Rc<Vec<u64>>,
        block: usize,
        portion: Option<Portion>,
    ) -> Option<Swept> {
        let Portion { whose, indices, values, seen } = portion?;
        let span = index.shape.span(block);
        let mine = identity::outline(tree, matrix).map(|outline| outline.text);
        let there = |&index: &u16| u64::from(index) < matrix.shape[1];
        let right = mine == whose
            && indices.len() as u64 == span.end - span.start
            && values.plain == index.shape.plain
            && indices.iter().all(there);
        if !right {
            return None;
        }
        self.seen.add(seen);
        let columns = index.shape.columns;
        let loose = Loose::new(block as u64, span.start, indices, values, Rc::clone(starts), columns).ok()?;
        self.sort_if_many(block, loose).ok()
    }

    /// Who wants many columns is served from sorted items.
    fn sort_if_many(&self, block: usize, loose: Loose) -> Result<Swept> {
        if self.wanted(block).len() > PICKED {
            loose.sort().map(Swept::Sorted)
        } else {
            Ok(Swept::Loose(loose))
        }
    }

    /// Whether the next of so many blocks is to be kept.
    fn keeps(&self, tree: &dyn Tree, index: &Index, more: u64) -> bool {
        if !index.shape.sorts {
            return false;
        }
        let budget = tree.limits().index;
        let each = index.shape.estimate() / (index.shape.blocks().max(1) as u64);
        budget > 0 && (index.has_shelf() || index.held().saturating_add(each.saturating_mul(more)) <= budget)
    }

    /// Fetches, decodes and sorts a block.
    async fn make(
        &self,
        matrix: &Sparse,
        tree: &dyn Tree,
        index: &Index,
        starts: &Rc<Vec<u64>>,
        block: usize,
        sort: bool,
    ) -> Result<Swept> {
        let span = index.shape.span(block);
        let columns = index.shape.columns;
        let seen = || index.lacks_sample().then_some(&self.seen);
        let short = columns <= Loose::COLUMNS;
        if sort && short {
            let indices = short::indices(tree, &matrix.indices, span.clone(), columns, seen());
            let numbers = short::numbers(tree, &matrix.data, span.clone(), seen());
            let (indices, numbers) = try_join(apart(indices), apart(numbers)).await?;
            let made = Loose::new(block as u64, span.start, indices, numbers, Rc::clone(starts), columns)
                .and_then(|loose| self.sort_if_many(block, loose));
            return made.map_err(|e| e.at(&matrix.data.path));
        }
        let indices = async {
            let indices = stretch(tree, &matrix.indices, span.clone(), seen()).await?.decode().await?;
            narrow(indices, columns, span.start).map_err(|e| e.at(&matrix.indices.path))
        };
        if sort {
            let data = async { stretch(tree, &matrix.data, span.clone(), seen()).await?.decode().await };
            let (indices, data) = try_join(apart(indices), apart(data)).await?;
            let (number, first) = (block as u64, span.start);
            let made = Block::new(Parts { number, first, indices: &indices, data, starts, columns });
            return made.map(Swept::Sorted).map_err(|e| e.at(&matrix.data.path));
        }
        let indices = indices.await?;
        let wanted = self.wanted(block);
        let hits = hits(&indices, &wanted, columns)?;
        drop(indices);
        pick(matrix, tree, starts, span, Rc::new(wanted), &hits).await.map(Swept::Picked)
    }

    /// The columns of all who wait for a block, each once.
    fn wanted(&self, block: usize) -> Vec<u64> {
        let waiters = self.waiters();
        let waiting = waiters.iter().filter(|waiter| waiter.missing.borrow().contains(&block));
        let mut wanted: Vec<u64> = waiting.flat_map(|waiter| waiter.wanted.clone()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Gives a block to all who need it.
    fn serve(&self, index: &Index, block: usize, swept: Swept, starts: &[u64]) -> Result<()> {
        let picked = match swept {
            Swept::Sorted(sorted) => {
                index.put(sorted);
                None
            }
            Swept::Loose(loose) => {
                index.put_loose(loose);
                None
            }
            Swept::Picked(picked) => Some(Rc::new(picked)),
        };
        for waiter in self.waiters() {
            if !waiter.missing.borrow().contains(&block) {
                continue;
            }
            if let Some(picked) = &picked {
                // One who came after the values were picked waits for another pass.
                if !picked.iter().all(|picked| picked.covers(&waiter.wanted)) {
                    continue;
                }
                waiter.held.borrow_mut().insert(block, Rc::clone(picked));
                waiter.missing.borrow_mut().remove(&block);
            }
            waiter.take(index)?;
            waiter.report(index, Some(starts));
            if waiter.first().is_none_or(|block| index.has(block))
                && let Some(waker) = waiter.waker.borrow_mut().take()
            {
                waker.wake();
            }
        }
        Ok(())
    }
}

impl Waiter {
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
    fn report(&self, index: &Index, starts: Option<&[u64]>) {
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

/// What an index of the matrix will look like.
///
/// # Errors
/// `Limit` when it has more columns than a row may.
pub fn shape(matrix: &Sparse) -> Result<Shape> {
    let items = matrix.data.len();
    let chunk = matrix.indices.chunk.first().copied().unwrap_or(1).max(1);
    let block = (items / BLOCKS).clamp(ITEMS.start, ITEMS.end);
    Ok(Shape {
        rows: matrix.shape[0],
        columns: Limits::size(matrix.shape[1], u64::from(u32::MAX), "a row")?,
        items,
        // Whole chunks, so that each is decoded once; but a matrix in one chunk is not sorted in one piece.
        block: block.div_ceil(chunk).saturating_mul(chunk).min(LARGEST),
        dtype: matrix.data.dtype.name(),
        plain: matrix.data.dtype.width(),
        sorts: matches!(matrix.data.dtype, DType::Int { .. } | DType::Float { .. }),
    })
}
