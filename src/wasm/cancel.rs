//! Giving up: an `AbortSignal` or `close()` drops the future, and what the future had under way aborts on drop.

use std::cell::RefCell;

use futures_util::future::{AbortHandle, Abortable};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::AbortSignal;

use crate::error::{Error, Result};

/// Everything under way for one dataset, so that closing it ends all of it.
#[derive(Default)]
pub struct Running(RefCell<Vec<AbortHandle>>);

impl Running {
    /// Runs a future to its end, or until the signal fires or [`stop`](Self::stop) is called.
    ///
    /// # Errors
    /// `Cancelled`, or the future's own.
    pub async fn until<T>(
        &self,
        signal: Option<AbortSignal>,
        future: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        if signal.as_ref().is_some_and(AbortSignal::aborted) {
            return Err(Error::cancelled());
        }
        let (handle, registration) = AbortHandle::new_pair();
        {
            let mut running = self.0.borrow_mut();
            running.retain(|other| !other.is_aborted());
            running.push(handle.clone());
        }
        let _watch = signal.map(|signal| Watch::new(signal, handle.clone()));
        let outcome = Abortable::new(future, registration).await;
        // Marks the handle as done, so that the next call forgets it.
        handle.abort();
        outcome.unwrap_or_else(|_| Err(Error::cancelled()))
    }

    /// Ends everything under way.
    pub fn stop(&self) {
        for handle in self.0.borrow_mut().drain(..) {
            handle.abort();
        }
    }
}

/// A listener on a signal, removed when dropped.
struct Watch {
    signal: AbortSignal,
    closure: Closure<dyn FnMut()>,
}

impl Watch {
    fn new(signal: AbortSignal, handle: AbortHandle) -> Self {
        let closure = Closure::<dyn FnMut()>::new(move || handle.abort());
        // Adding a listener to an event target cannot fail.
        signal.add_event_listener_with_callback("abort", closure.as_ref().unchecked_ref()).ok();
        Self { signal, closure }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.signal.remove_event_listener_with_callback("abort", self.closure.as_ref().unchecked_ref()).ok();
    }
}
