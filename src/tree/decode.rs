//! Decoding chunks: several at a time where there are processors for it.
//!
//! Reading has one thread, and what it hands out may not leave it; stored bytes may. So threads decode, and the reader puts
//! what they made where it belongs.

use bytes::Bytes;

use crate::{array::Array, codec, error::Result, limits::Limits};

/// Decoded bytes held at once, while they wait to be put where they belong.
const WAVE: u64 = 16 << 20;

/// Chunks to decode at once.
pub(super) fn wave(array: &Array) -> usize {
    let chunk = array.chunk_len().saturating_mul(array.dtype.width() as u64).max(1);
    usize::try_from((WAVE / chunk).clamp(1, 4096)).unwrap_or(1)
}

/// Chunks as they are stored, with the steps of the pipeline to leave out; `None` stays.
pub(super) fn unpack(
    limits: &Limits,
    array: &Array,
    packed: Vec<(Option<Bytes>, u32)>,
) -> Vec<Result<Option<Bytes>>> {
    if array.codecs.is_empty() {
        return packed.into_iter().map(|(raw, _)| Ok(raw)).collect();
    }
    let ahead = several::unpack(limits, array, &packed);
    let one = |(i, (raw, skip)): (usize, (Option<Bytes>, u32))| match (raw, ahead.get(i)) {
        (None, _) => Ok(None),
        (Some(_), Some(Some(chunk))) => Ok(Some(chunk.clone())),
        // Not tried before, or it failed: errors do not leave their thread, so they are made here.
        (Some(raw), _) => decode(limits, array, raw, skip).map(Some),
    };
    packed.into_iter().enumerate().map(one).collect()
}

fn decode(limits: &Limits, array: &Array, raw: Bytes, skip: u32) -> Result<Bytes> {
    let width = array.dtype.width() as u64;
    let bound = Limits::size(limits.chunk, limits.chunk, "a chunk")?;
    let size = match width {
        0 => None,
        _ => Some(Limits::size(array.chunk_len().saturating_mul(width), limits.chunk, "a chunk")?),
    };
    codec::decode(&array.codecs, raw, skip, size, size.unwrap_or(bound))
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

    /// Stored bytes below which a thread costs more than it saves.
    const LEAST: usize = 256 << 10;
    /// More threads than this do not help: putting things together is left to one.
    const MOST: usize = 8;

    /// Chunks that decoded well.
    pub(super) fn unpack(
        limits: &Limits,
        array: &Array,
        packed: &[(Option<Bytes>, u32)],
    ) -> Vec<Option<Bytes>> {
        let stored: usize = packed.iter().filter_map(|(raw, _)| raw.as_ref()).map(Bytes::len).sum();
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST).min(packed.len());
        if threads < 2 || stored < LEAST {
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
