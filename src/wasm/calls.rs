//! Who asks a dataset, and what is done while nobody does.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use futures_util::future::{AbortHandle, Abortable};
use wasm_bindgen_futures::spawn_local;

use super::{cancel::Running, time::sleep};
use crate::{dataset, error::Pending};

/// Milliseconds without a call until what will be asked for next is read ahead.
const AHEAD: u64 = 50;
/// And until what others may profit from later is put on the shelf: whoever asks for one gene after the other is not kept waiting by
/// that.
const IDLE: u64 = 250;

/// Who asks, so that it is known when nobody does.
#[derive(Default)]
pub struct Calls {
    begun: Cell<u64>,
    ended: Cell<u64>,
    /// How many had begun when nobody had asked for a while.
    rested: Cell<u64>,
    /// Whether there is something left to read ahead.
    pub ahead: Cell<bool>,
    /// Ends that.
    reading: RefCell<Option<AbortHandle>>,
}

impl Calls {
    /// A call begins: what is read ahead must not be in its way, unless it is what the call waits for.
    pub fn begin(&self, along: bool) {
        self.begun.set(self.begun.get() + 1);
        if !along && let Some(reading) = self.reading.take() {
            reading.abort();
        }
    }

    /// A call has ended.
    pub fn end(&self) {
        self.ended.set(self.ended.get() + 1);
    }

    /// Whether nobody asks, and nobody has for so many milliseconds.
    async fn idle(&self, milliseconds: u64) -> bool {
        let begun = self.begun.get();
        sleep(milliseconds).await;
        (begun, begun) == (self.begun.get(), self.ended.get())
    }

    /// Until nobody asks, and nobody has for a while.
    pub async fn rest(&self) {
        let now = (self.begun.get(), self.begun.get());
        if now != (self.rested.get(), self.ended.get()) {
            while !self.idle(IDLE).await {}
            self.rested.set(self.begun.get());
        }
    }

    /// What is done while nobody asks.
    async fn use_time(&self, open: &Weak<dataset::Dataset>) {
        // Several calls may have ended: one of them does it.
        if self.ahead.get()
            && self.idle(AHEAD).await
            && let Some(open) = open.upgrade()
            && self.ahead.replace(false)
        {
            let (handle, registration) = AbortHandle::new_pair();
            self.reading.replace(Some(handle));
            let ended = Abortable::new(open.ahead(), registration).await.is_err();
            // It begins anew some time, with what it has brought so far at hand.
            self.ahead.set(ended);
        }
        if self.idle(IDLE).await
            && let Some(open) = open.upgrade()
        {
            self.rested.set(self.begun.get());
            // Piece by piece: who asks meanwhile is heard.
            while open.tidy() {
                if !self.idle(0).await {
                    return;
                }
            }
            open.settle().await;
        }
    }
}

/// Whether a file is one that is read ahead, or made of it: to begin anew would be a waste.
pub fn is_read_ahead(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    path.starts_with("points_") || path.starts_with("obs/") || path.ends_with(".json")
}

/// What no answer need wait for, until the dataset is closed.
pub fn meanwhile(running: Rc<Running>, calls: Rc<Calls>, open: Weak<dataset::Dataset>) {
    let work: Pending<'static, ()> = Box::pin(async move {
        calls.use_time(&open).await;
        Ok(())
    });
    spawn_local(async move { running.until(None, work).await.unwrap_or_default() });
}
