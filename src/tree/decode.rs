//! Decoding chunks: several at a time where there are processors for it.
//!
//! Reading has one thread, and what it hands out may not leave it; stored bytes may. So threads decode, and the reader puts
//! what they made where it belongs.

use bytes::Bytes;

use std::{cell::RefCell, rc::Rc};

use crate::{
    array::Array,
    codec,
    error::{Pending, Result},
    limits::Limits,
};

/// Decoded bytes held at once, while they wait to be put where they belong.
const WAVE: u64 = 16 << 20;

/// Chunks to decode at once.
pub(super) fn wave(array: &Array) -> usize {
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

/// Chunks as they are stored, with the steps of the pipeline to leave out; `None` stays.
pub(super) async fn unpack(
    limits: &Limits,
    array: &Array,
    packed: Vec<(Option<Bytes>, u32)>,
) -> Vec<Result<Option<Bytes>>> {
    if array.codecs.is_empty() {
        return packed.into_iter().map(|(raw, _)| Ok(raw)).collect();
    }
    let stored: usize = packed.iter().filter_map(|(raw, _)| raw.as_ref()).map(Bytes::len).sum();
    let mut ahead = if stored < LEAST || packed.len() < 2 {
        Vec::new()
    } else {
        match elsewhere(limits, array, &packed).await {
            Some(ahead) => ahead,
            None => several::unpack(limits, array, &packed),
        }
    }
    .into_iter();
    let one = |(raw, skip): (Option<Bytes>, u32)| match (raw, ahead.next().flatten()) {
        (None, _) => Ok(None),
        (Some(_), Some(chunk)) => Ok(Some(chunk)),
        // Not tried before, or it failed: errors do not travel, so they are made here.
        (Some(raw), None) => decode(limits, array, raw, skip).map(Some),
    };
    packed.into_iter().map(one).collect()
}

async fn elsewhere(
    limits: &Limits,
    array: &Array,
    packed: &[(Option<Bytes>, u32)],
) -> Option<Vec<Option<Bytes>>> {
    let decoders = DECODERS.with(|slot| slot.borrow().clone())?;
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
    //! On as many threads as there are processors, where that pays.

    use std::{
        num::NonZero,
        sync::{
            OnceLock,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
    };

    use super::{Array, Bytes, Limits, decode};

    /// More threads than this do not help: putting things together is left to one.
    const MOST: usize = 8;

    /// Chunks that decoded well.
    pub(super) fn unpack(
        limits: &Limits,
        array: &Array,
        packed: &[(Option<Bytes>, u32)],
    ) -> Vec<Option<Bytes>> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST).min(packed.len());
        if threads < 2 {
            return Vec::new();
        }
        let done: Vec<OnceLock<Option<Bytes>>> = packed.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let (Some((raw, skip)), Some(slot)) = (packed.get(i), done.get(i)) else { return };
                let chunk = raw.clone().and_then(|raw| decode(limits, array, raw, *skip).ok());
                // Each number comes up once.
                slot.set(chunk).ok();
            }
        };
        thread::scope(|scope| {
            (1..threads).for_each(|_| {
                scope.spawn(work);
            });
            work();
        });
        done.into_iter().map(|slot| slot.into_inner().flatten()).collect()
    }
}

#[cfg(target_arch = "wasm32")]
mod several {
    //! A module in a browser has one thread.

    use super::{Array, Bytes, Limits};

    pub(super) fn unpack(_: &Limits, _: &Array, _: &[(Option<Bytes>, u32)]) -> Vec<Option<Bytes>> {
        Vec::new()
    }
}
