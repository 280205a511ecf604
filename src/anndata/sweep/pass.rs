//! A pass over what is missing of a [sweep](super): which blocks are made next, here or by aides, and how.

use std::{collections::VecDeque, future::poll_fn, rc::Rc, task::Poll};

use futures_util::{
    StreamExt,
    future::{join, try_join},
    stream::FuturesOrdered,
};

use super::{
    super::{
        aides::{Elsewhere, Portion},
        identity,
        index::{Block, Index, Items, Loose, Parts, narrow},
        picked::{Picked, hits, pick},
        short::{self, stretch},
        sparse::Sparse,
    },
    Sweep,
    waiter::Waiter,
};
use crate::{error::Result, limits::Limits, tree::Tree, wait::apart};

/// Blocks under way at once: one being worked on, the others on their way.
const AHEAD: usize = 3;
/// Most memory that is had in one piece for what a pass will keep.
const GROWTH: u64 = 256 << 20;
/// Fewest blocks that are worth calling for help: an aide has to start and to open the file first.
const WORTH_HELP: usize = 8;
/// Most columns that are picked out of a block before it is sorted: each costs a pass over its items, and sorting as much as some of them.
const PICKED: usize = 4;

/// What became of a block.
enum Swept {
    /// Sorted by column.
    Sorted(Block),
    /// To be sorted when nobody waits any more.
    Loose(Loose),
    /// The values of wanted columns only.
    Picked(Vec<Picked>),
}

/// A pass, and what it goes over.
pub struct Pass<'a> {
    sweep: &'a Sweep,
    matrix: &'a Sparse,
    tree: &'a dyn Tree,
    index: &'a Index,
    /// Where rows begin.
    starts: Rc<Vec<u64>>,
}

impl<'a> Pass<'a> {
    /// Finds where rows begin, unless a pass before has.
    pub async fn begin(
        sweep: &'a Sweep,
        matrix: &'a Sparse,
        tree: &'a dyn Tree,
        index: &'a Index,
    ) -> Result<Self> {
        let known = sweep.starts.borrow().clone();
        let starts = match known {
            Some(starts) => starts,
            None => {
                let (starts, ()) = join(apart(matrix.starts(tree)), apart(matrix.find(tree))).await;
                let starts = Rc::new(starts?);
                *sweep.starts.borrow_mut() = Some(Rc::clone(&starts));
                starts
            }
        };
        Ok(Self { sweep, matrix, tree, index, starts })
    }

    /// Makes the blocks that a waiter needs, and gives them to all who do: from the first on, so that rows become final; aides make
    /// them from the last on, which does not keep rows waiting while an aide gets ready.
    pub async fn make_all(&self, waiter: &Waiter) -> Result<()> {
        let Self { sweep, matrix, tree, index, .. } = *self;
        let mut wanted: VecDeque<usize> = waiter.unmade(index);
        let mut aides = sweep.aides.borrow().clone().filter(|_| {
            wanted.len() >= WORTH_HELP && matrix.shape[1] <= Loose::COLUMNS as u64 && !index.spoilt()
        });
        let missing = wanted.len() as u64 * index.shape.block * index.shape.each();
        Limits::ahead(missing.min(tree.limits().index).min(GROWTH));
        let mut under_way = FuturesOrdered::new();
        let mut elsewhere = Elsewhere::default();
        loop {
            while let Some(aides) = &aides
                && elsewhere.len() < aides.most()
                && self.keeps((under_way.len() + elsewhere.len()) as u64 + 1)
                && let Some(block) = wanted.pop_back()
            {
                // Of more, each would cost a pass over the items: they are sorted instead.
                let columns = sweep.wanted(block);
                let columns = if columns.len() > PICKED { Vec::new() } else { columns };
                elsewhere.push(Rc::clone(aides), matrix, block, index.shape.span(block), columns);
            }
            // Better twice than waited for: an aide that is slow, or not ready yet.
            if wanted.is_empty() && under_way.is_empty() {
                wanted.extend(elsewhere.take_back());
            }
            while under_way.len() < AHEAD
                && let Some(block) = wanted.pop_front()
            {
                let sort = self.keeps((under_way.len() + elsewhere.len()) as u64 + 1);
                if !sort && index.shape.sorts && tree.limits().index > 0 {
                    index.refuse("there is nowhere to put it aside");
                }
                under_way.push_back(async move {
                    let made = apart(self.make(block, sort)).await;
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
                    let Some(swept) = self.accept(block, portion) else {
                        // Whatever is wrong there is told when it is done here.
                        aides = None;
                        wanted.push_front(block);
                        continue;
                    };
                    (block, swept)
                }
            };
            self.serve(block, swept)?;
            if index.held() > tree.limits().index {
                apart(index.shelve(block)).await;
            }
        }
        Ok(())
    }

    /// A block that an aide has read; `None` when it is not what was asked for.
    fn accept(&self, block: usize, portion: Option<Portion>) -> Option<Swept> {
        let Self { sweep, matrix, tree, index, starts } = self;
        let Portion { whose, items, found, seen } = portion?;
        let span = index.shape.span(block);
        let mine = identity::outline(*tree, matrix).map(|outline| outline.text);
        let (count, (_, plain)) = items.kept().ok()?;
        let right = mine == whose && count as u64 == span.end - span.start && plain == index.shape.plain;
        let there = |&index: &u16| u64::from(index) < matrix.shape[1];
        if !right || matches!(&items, Items::Here(indices, _) if !indices.iter().all(there)) {
            return None;
        }
        sweep.seen.add(seen);
        let columns = index.shape.columns;
        let loose = Loose::new(block as u64, span.start, items, found, Rc::clone(starts), columns).ok()?;
        self.sort_if_many(block, loose).ok()
    }

    /// Who wants many columns is served from sorted items.
    fn sort_if_many(&self, block: usize, loose: Loose) -> Result<Swept> {
        if self.sweep.wanted(block).len() > PICKED {
            loose.sort().map(Swept::Sorted)
        } else {
            Ok(Swept::Loose(loose))
        }
    }

    /// Fetches, decodes and sorts a block.
    async fn make(&self, block: usize, sort: bool) -> Result<Swept> {
        let Self { matrix, tree, index, ref starts, sweep } = *self;
        let span = index.shape.span(block);
        let columns = index.shape.columns;
        let seen = || index.lacks_sample().then_some(&sweep.seen);
        let short = columns <= Loose::COLUMNS;
        if sort && short {
            let indices = short::indices(tree, &matrix.indices, span.clone(), columns, seen());
            let numbers = short::numbers(tree, &matrix.data, span.clone(), seen());
            let (indices, numbers) = try_join(apart(indices), apart(numbers)).await?;
            let items = Items::Here(indices, numbers);
            let made = Loose::new(block as u64, span.start, items, Vec::new(), Rc::clone(starts), columns)
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
        let wanted = self.sweep.wanted(block);
        let hits = hits(&indices, &wanted, columns)?;
        drop(indices);
        pick(matrix, tree, starts, span, Rc::new(wanted), &hits).await.map(Swept::Picked)
    }

    /// Whether the next of so many blocks is to be kept.
    fn keeps(&self, more: u64) -> bool {
        let Self { tree, index, .. } = self;
        if !index.shape.sorts {
            return false;
        }
        let budget = tree.limits().index;
        let each = index.shape.estimate() / (index.shape.blocks().max(1) as u64);
        budget > 0 && (index.has_shelf() || index.held().saturating_add(each.saturating_mul(more)) <= budget)
    }

    /// Gives a block to all who need it.
    fn serve(&self, block: usize, swept: Swept) -> Result<()> {
        let picked = match swept {
            Swept::Sorted(sorted) => {
                self.index.put(sorted);
                None
            }
            Swept::Loose(loose) => {
                self.index.put_loose(loose);
                None
            }
            Swept::Picked(picked) => Some(Rc::new(picked)),
        };
        for waiter in self.sweep.waiters() {
            waiter.take_new(self.index, block, picked.as_ref(), &self.starts)?;
        }
        Ok(())
    }
}
