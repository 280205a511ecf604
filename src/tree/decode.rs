//! Decoding chunks: several at a time where there are processors for it.
//!
//! Reading has one thread, and what it hands out may not leave it; stored bytes may. So threads decode, and the reader puts
//! what they made where it belongs.

use bytes::Bytes;

use std::{cell::RefCell, rc::Rc};

use crate::{
    array::Array,
    codec,
    error::{Error, Pending, Result},
    limits::Limits,
};

/// Decoded bytes under way, here or elsewhere, unless a single chunk has more.
const WAVE: u64 = 16 << 20;

/// Chunks under way at once.
fn wave(array: &Array) -> usize {
    let chunk = array.chunk_len().saturating_mul(array.dtype.width() as u64).max(1);
    usize::try_from((WAVE / chunk).clamp(1, 4096)).unwrap_or(1)
}

/// Chunks to decode, and how.
pub struct Job {
    /// The pipeline, as [`codec::wire`] writes it.
    pub codecs: String,
    /// Decoded bytes of each chunk, where that is known.
    pub size: Option<usize>,
    /// Most decoded bytes of each.
    pub bound: usize,
    /// Stored bytes, and the steps of the pipeline to leave out.
    pub chunks: Vec<(Bytes, u32)>,
}

impl Job {
    /// Decodes all of it; `None` for a chunk that is damaged.
    pub fn run(self) -> Vec<Option<Bytes>> {
        let Some(codecs) = codec::wire::read(&self.codecs) else { return Vec::new() };
        let one = |(raw, skip)| codec::decode(&codecs, raw, skip, self.size, self.bound).ok();
        self.chunks.into_iter().map(one).collect()
    }
}

/// Decoders that work beside this thread, without its memory: those of a browser.
pub trait Decoders {
    /// Decodes chunks; one that is left out is decoded where it was read.
    fn run(&self, job: Job) -> Pending<'_, Vec<Option<Bytes>>>;
}

thread_local! {
    static DECODERS: RefCell<Option<Rc<dyn Decoders>>> = const { RefCell::new(None) };
}

/// Has large batches of chunks decoded elsewhere from now on. Where decoding is done is a matter of the machine, not of a file, so
/// it is said once for all of them.
pub fn decode_with(decoders: Option<Rc<dyn Decoders>>) {
    DECODERS.with(|slot| *slot.borrow_mut() = decoders);
}

/// Stored bytes below which decoding elsewhere costs more than it saves.
const LEAST: usize = 256 << 10;

/// A chunk as it is stored, if it is, with the steps of the pipeline to leave out.
pub(super) type Packed = (Option<Bytes>, u32);

/// Decodes chunks and hands each over with its number, in any order. An error comes with the number of the first chunk that has one.
pub(super) async fn each(
    limits: &Limits,
    array: &Array,
    packed: Vec<Packed>,
    take: &mut dyn FnMut(usize, Option<Bytes>) -> Result<()>,
) -> std::result::Result<(), (usize, Error)> {
    let one = |(raw, skip): Packed| match raw {
        Some(raw) if !array.codecs.is_empty() => decode(limits, array, raw, skip).map(Some),
        raw => Ok(raw),
    };
    if array.codecs.is_empty() || packed.len() < 2 || bytes(&packed) < LEAST {
        return in_turn(packed, 0, |packed, number| take(number, one(packed)?));
    }
    let Some(decoders) = DECODERS.with(|slot| slot.borrow().clone()) else {
        return several::each(packed, wave(array), &one, take);
    };
    let (mut packed, mut first) = (packed.into_iter(), 0);
    loop {
        let wave: Vec<Packed> = packed.by_ref().take(wave(array)).collect();
        let count = wave.len();
        if count == 0 {
            return Ok(());
        }
        let ahead = if count < 2 || bytes(&wave) < LEAST {
            None
        } else {
            elsewhere(&*decoders, limits, array, &wave).await
        };
        let mut ahead = ahead.unwrap_or_default().into_iter();
        in_turn(wave, first, |(raw, skip), number| match (raw, ahead.next().flatten()) {
            (Some(_), Some(chunk)) => take(number, Some(chunk)),
            // Not tried, or it failed: errors do not travel, so they are made here.
            (raw, _) => take(number, one((raw, skip))?),
        })?;
        first += count;
    }
}

fn bytes(packed: &[Packed]) -> usize {
    packed.iter().filter_map(|(raw, _)| raw.as_ref()).map(Bytes::len).sum()
}

/// One after the other, numbered from `first`.
fn in_turn(
    packed: Vec<Packed>,
    first: usize,
    mut take: impl FnMut(Packed, usize) -> Result<()>,
) -> std::result::Result<(), (usize, Error)> {
    for (packed, number) in packed.into_iter().zip(first..) {
        take(packed, number).map_err(|error| (number, error))?;
    }
    Ok(())
}

async fn elsewhere(
    decoders: &dyn Decoders,
    limits: &Limits,
    array: &Array,
    packed: &[Packed],
) -> Option<Vec<Option<Bytes>>> {
    let (size, bound) = sizes(limits, array).ok()?;
    let chunks = packed.iter().map(|(raw, skip)| (raw.clone().unwrap_or_default(), *skip)).collect();
    let job = Job { codecs: codec::wire::write(&array.codecs)?, size, bound, chunks };
    decoders.run(job).await.ok()
}

/// The size of a decoded chunk, where it is known, and the most that it may have.
fn sizes(limits: &Limits, array: &Array) -> Result<(Option<usize>, usize)> {
    let width = array.dtype.width() as u64;
    let bound = Limits::size(limits.chunk, limits.chunk, "a chunk")?;
    let size = match width {
        0 => None,
        _ => Some(Limits::size(array.chunk_len().saturating_mul(width), limits.chunk, "a chunk")?),
    };
    Ok((size, size.unwrap_or(bound)))
}

fn decode(limits: &Limits, array: &Array, raw: Bytes, skip: u32) -> Result<Bytes> {
    let (size, bound) = sizes(limits, array)?;
    codec::decode(&array.codecs, raw, skip, size, bound)
}

#[cfg(not(target_arch = "wasm32"))]
mod several {
    //! On as many threads as there are processors. The one that reads puts chunks where they belong as they come, and decodes when
    //! there is nothing to put.

    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc::{TryRecvError, sync_channel},
        },
        thread,
    };

    use super::{Bytes, Error, Packed, Result};
    use crate::threads;

    /// Decoded chunks that wait to be put, for each thread, where they are small.
    const WAITING: usize = 4;

    /// At most `wave` chunks are in memory.
    pub(super) fn each(
        packed: Vec<Packed>,
        wave: usize,
        decode: &(impl Fn(Packed) -> Result<Option<Bytes>> + Sync),
        take: &mut dyn FnMut(usize, Option<Bytes>) -> Result<()>,
    ) -> std::result::Result<(), (usize, Error)> {
        let threads = threads::for_pieces(packed.len().min(wave));
        let next = AtomicUsize::new(0);
        let claim = || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            packed.get(number).map(|packed| (number, packed.clone()))
        };
        let (sender, done) = sync_channel((wave - threads).min(threads * WAITING));
        let mut wrong: Option<(usize, Error)> = None;
        let mut put = |number: usize, chunk: Result<Option<Bytes>>| {
            let go = wrong.is_none();
            if let Err(error) = chunk.and_then(|chunk| if go { take(number, chunk) } else { Ok(()) }) {
                // Nothing more is begun; of what is under way, the first counts.
                next.store(packed.len(), Ordering::Relaxed);
                if wrong.as_ref().is_none_or(|(first, _)| number < *first) {
                    wrong = Some((number, error));
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                let (sender, claim) = (sender.clone(), &claim);
                scope.spawn(move || {
                    while let Some((number, chunk)) = claim()
                        && sender.send((number, decode(chunk).ok())).is_ok()
                    {}
                });
            }
            drop(sender);
            // Errors do not travel, so they are made here.
            let again = |number: usize| packed.get(number).map_or(Ok(None), |packed| decode(packed.clone()));
            loop {
                match done.try_recv() {
                    Ok((number, chunk)) => put(number, chunk.map_or_else(|| again(number), Ok)),
                    Err(TryRecvError::Disconnected) => break,
                    Err(TryRecvError::Empty) => match claim() {
                        Some((number, chunk)) => put(number, decode(chunk)),
                        None => break,
                    },
                }
            }
            done.iter().for_each(|(number, chunk)| put(number, chunk.map_or_else(|| again(number), Ok)));
        });
        // Alone, or the others were sooner.
        std::iter::from_fn(claim).for_each(|(number, chunk)| put(number, decode(chunk)));
        wrong.map_or(Ok(()), Err)
    }
}

#[cfg(target_arch = "wasm32")]
mod several {
    //! A module in a browser has one thread.

    use super::{Bytes, Error, Packed, Result, in_turn};

    pub(super) fn each(
        packed: Vec<Packed>,
        _wave: usize,
        decode: &impl Fn(Packed) -> Result<Option<Bytes>>,
        take: &mut dyn FnMut(usize, Option<Bytes>) -> Result<()>,
    ) -> std::result::Result<(), (usize, Error)> {
        in_turn(packed, 0, |packed, number| take(number, decode(packed)?))
    }
}
