//! Page cache for metadata: reads that are asked for at the same moment go out as one batch.
//!
//! A walk through headers, nodes and heaps makes many tiny reads, most of them close together. Each goes through here:
//! pages that are not there yet are queued, the task yields once so that its siblings can queue theirs, and the first to
//! continue sends everything queued as one merged batch. So a level of a tree costs one round however wide it is.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    future::poll_fn,
    ops::Range,
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, future::Shared};

use super::{ByteSource, check_span};
use crate::error::{Error, Pending, Result};

/// Files up to this size are read whole with the first request: cheaper than any walk.
const SMALL: u64 = 256 << 10;
/// Most bytes between two pages that are read rather than asked around.
const ACROSS: u64 = 64 << 10;
/// Most that read-ahead adds to a sequential walk.
const AHEAD: u64 = 256 << 10;

/// Bytes between the end of a read and that of its page within which the next page comes along, from afar.
const CLOSE: u64 = 3 << 10;
/// How often others have their turn before a batch goes out.
const STEPS: usize = 16;

type Pages = Rc<HashMap<u64, Bytes>>;
type Flight = Shared<Pin<Box<dyn Future<Output = Result<Pages>>>>>;

/// A [`ByteSource`] in front of another one, made for small reads.
#[derive(Clone)]
pub struct Paged {
    inner: Rc<Inner>,
}

struct Inner {
    source: Rc<dyn ByteSource>,
    page: u64,
    budget: usize,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    kept: HashMap<u64, (Bytes, u64)>,
    bytes: usize,
    clock: u64,
    flying: HashMap<u64, Flight>,
    queue: BTreeSet<u64>,
    next: Option<Flight>,
    /// Page after the last one read, and how far to read ahead when it is wanted next.
    tail: u64,
    ahead: u64,
}

impl Paged {
    /// Pages of `page` bytes, of which at most `budget` bytes are kept.
    pub fn new(source: Rc<dyn ByteSource>, page: u64, budget: usize) -> Self {
        let page = if source.len() <= SMALL { SMALL } else { page.max(512) };
        Self { inner: Rc::new(Inner { source, page, budget, state: RefCell::default() }) }
    }

    async fn pages(&self, spans: &[Range<u64>]) -> Result<HashMap<u64, Bytes>> {
        let mut have = HashMap::new();
        let mut flights: Vec<Flight> = Vec::new();
        {
            let state = &mut *self.inner.state.borrow_mut();
            let all = spans.iter().filter(|s| !s.is_empty());
            for (page, end) in all.flat_map(|s| self.inner.numbers(s).map(|page| (page, s.end))) {
                if have.contains_key(&page) {
                    continue;
                }
                state.clock += 1;
                if let Some((bytes, used)) = state.kept.get_mut(&page) {
                    *used = state.clock;
                    have.insert(page, bytes.clone());
                    continue;
                }
                let flight = match state.flying.get(&page) {
                    Some(flight) => flight.clone(),
                    None => {
                        let flight = state.next.get_or_insert_with(|| self.take_off()).clone();
                        state.queue.insert(page);
                        state.flying.insert(page, flight.clone());
                        if let Some(next) = self.inner.close_by(state, page, end) {
                            state.queue.insert(next);
                            state.flying.insert(next, flight.clone());
                        }
                        flight
                    }
                };
                if !flights.iter().any(|f| f.ptr_eq(&flight)) {
                    flights.push(flight);
                }
            }
        }
        for flight in flights {
            let pages = flight.await?;
            have.extend(pages.iter().map(|(&page, bytes)| (page, bytes.clone())));
        }
        Ok(have)
    }

    /// A batch that collects for as long as others have something to do.
    fn take_off(&self) -> Flight {
        let inner = Rc::clone(&self.inner);
        let flight: Pin<Box<dyn Future<Output = Result<Pages>>>> = Box::pin(async move {
            // Those who read on from what came together are some steps apart.
            for _ in 0..STEPS {
                yield_once().await;
            }
            inner.fly().await
        });
        flight.shared()
    }
}

impl Inner {
    fn numbers(&self, span: &Range<u64>) -> Range<u64> {
        span.start / self.page..span.end.div_ceil(self.page)
    }

    /// The page behind one, when that is read up to nearly its end: what belongs together lies together, and may not end with the page.
    fn close_by(&self, state: &State, page: u64, end: u64) -> Option<u64> {
        let next = page.checked_add(1)?;
        let start = next.checked_mul(self.page)?;
        let close = self.source.is_far() && end <= start && start - end < CLOSE && start < self.source.len();
        // What need not be fetched is no reason to fetch more.
        let close = close && !self.at_hand(&(page..next));
        (close && !state.kept.contains_key(&next) && !state.flying.contains_key(&next)).then_some(next)
    }

    /// Whether pages need not be fetched.
    fn at_hand(&self, pages: &Range<u64>) -> bool {
        let end = pages.end.saturating_mul(self.page).min(self.source.len());
        self.source.at_hand(&(pages.start.saturating_mul(self.page)..end))
    }

    async fn fly(&self) -> Result<Pages> {
        let (queue, runs) = {
            let state = &mut *self.state.borrow_mut();
            state.next = None;
            let queue = std::mem::take(&mut state.queue);
            let runs = self.runs(state, &queue);
            (queue, runs)
        };
        let spans: Vec<Range<u64>> = runs
            .iter()
            .map(|run| run.start * self.page..(run.end.saturating_mul(self.page)).min(self.source.len()))
            .collect();
        let read = self.source.read_many(&spans).await;
        let state = &mut *self.state.borrow_mut();
        for page in &queue {
            state.flying.remove(page);
        }
        // Where the next one goes on only shows once this has landed: what is asked for beside it is no sequence.
        state.tail = runs.last().map_or(0, |run| run.end);
        let mut pages = HashMap::new();
        for (run, bytes) in runs.into_iter().zip(read?) {
            for (i, page) in run.enumerate() {
                let from = (i as u64 * self.page) as usize;
                let part = bytes.slice(from.min(bytes.len())..(from + self.page as usize).min(bytes.len()));
                pages.insert(page, part);
            }
        }
        state.keep(&pages, self.budget);
        Ok(Rc::new(pages))
    }

    /// Runs of adjoining pages; the one that continues where the last batch ended reads ahead, further each time.
    fn runs(&self, state: &mut State, queue: &BTreeSet<u64>) -> Vec<Range<u64>> {
        let mut runs: Vec<Range<u64>> = Vec::new();
        let gap = self.source.gap().min(ACROSS) / self.page;
        for &page in queue {
            match runs.last_mut() {
                // What is at hand is not worth fetching what is in between.
                Some(run)
                    if page - run.end <= gap && !(page > run.end && self.at_hand(&(page..page + 1))) =>
                {
                    run.end = page + 1;
                }
                _ => runs.push(page..page + 1),
            }
        }
        let most = AHEAD / self.page;
        match runs.iter_mut().find(|run| run.start == state.tail && state.tail > 0) {
            // What need not be fetched is no reason to fetch more.
            Some(run) if self.at_hand(run) => {}
            Some(run) => {
                state.ahead = (state.ahead * 2).clamp(1, most.max(1));
                let pages = self.source.len().div_ceil(self.page);
                let end = (run.end + state.ahead).min(pages);
                let taken = |p: &u64| state.kept.contains_key(p) || state.flying.contains_key(p);
                run.end = (run.end..end).find(taken).unwrap_or(end.max(run.end));
            }
            None => state.ahead = 0,
        }
        runs
    }
}

impl State {
    /// Keeps pages; when over budget, drops the ones used longest ago.
    fn keep(&mut self, pages: &HashMap<u64, Bytes>, budget: usize) {
        for (&page, bytes) in pages {
            // A copy of its own: a page must not keep a whole batch's buffer alive.
            let bytes = Bytes::copy_from_slice(bytes);
            self.clock += 1;
            self.bytes += bytes.len();
            if let Some((old, _)) = self.kept.insert(page, (bytes, self.clock)) {
                self.bytes -= old.len();
            }
        }
        if self.bytes > budget {
            let mut by_age: Vec<(u64, u64)> =
                self.kept.iter().map(|(&page, &(_, used))| (used, page)).collect();
            by_age.sort_unstable();
            for (_, page) in by_age {
                if self.bytes <= budget / 2 {
                    break;
                }
                if let Some((old, _)) = self.kept.remove(&page) {
                    self.bytes -= old.len();
                }
            }
        }
    }
}

impl ByteSource for Paged {
    fn len(&self) -> u64 {
        self.inner.source.len()
    }

    fn name(&self) -> &str {
        self.inner.source.name()
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        Box::pin(async move {
            for span in spans {
                check_span(span, self.len())?;
            }
            let pages = self.pages(spans).await?;
            spans.iter().map(|span| join(&pages, span, self.inner.page)).collect()
        })
    }
}

fn join(pages: &HashMap<u64, Bytes>, span: &Range<u64>, page: u64) -> Result<Bytes> {
    let part = |number: u64| -> Result<Bytes> {
        let bytes = pages.get(&number).ok_or_else(|| Error::source("a page did not arrive"))?;
        let origin = number * page;
        let from = span.start.saturating_sub(origin).min(bytes.len() as u64) as usize;
        let to = span.end.saturating_sub(origin).min(bytes.len() as u64) as usize;
        Ok(bytes.slice(from..to))
    };
    if span.is_empty() {
        return Ok(Bytes::new());
    }
    let (first, last) = (span.start / page, (span.end - 1) / page);
    if first == last {
        return part(first);
    }
    let mut whole = BytesMut::new();
    for number in first..=last {
        whole.extend_from_slice(&part(number)?);
    }
    Ok(whole.freeze())
}

/// Lets every other task that is ready run first.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
