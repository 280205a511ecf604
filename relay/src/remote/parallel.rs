//! Several requests at a time.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use cellucid_wasm::{Error, Result, source::http::PARALLEL};

use crate::fault::Fault;

/// The results of `work` on each of `0..count`, several at a time, in order; the first error ends it.
pub fn parallel<T: Send>(count: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done: Mutex<Vec<(usize, std::result::Result<T, Fault>)>> = Mutex::new(Vec::with_capacity(count));
    let run = || {
        while !stop.load(Ordering::Relaxed) {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                break;
            }
            let result = work(i).map_err(Fault::from);
            stop.fetch_or(result.is_err(), Ordering::Relaxed);
            // Poisoned only by a panic, which ends everything anyway.
            if let Ok(mut done) = done.lock() {
                done.push((i, result));
            }
        }
    };
    if count == 1 {
        run();
    } else {
        thread::scope(|scope| {
            for _ in 0..count.min(PARALLEL) {
                scope.spawn(run);
            }
        });
    }
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result.map_err(Error::from)).collect()
}
