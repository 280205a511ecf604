//! Counts what the sources really move, and tells whoever asked for progress.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use js_sys::{Date, Function, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::source::counted::Counts;

/// Least milliseconds between two reports to the same listener.
const INTERVAL: f64 = 50.0;

/// Totals of one dataset and the listeners of the calls under way.
#[derive(Default)]
pub struct Meter {
    counts: Counts,
    listeners: RefCell<Vec<Weak<Listener>>>,
}

/// Reports go to its callback for as long as it lives.
pub struct Listener {
    callback: Function,
    bytes_before: u64,
    requests_before: u64,
    reported: Cell<f64>,
}

impl Meter {
    /// A request went out.
    pub fn sent(&self) {
        self.counts.requests.set(self.counts.requests.get() + 1);
    }

    /// Bytes came in.
    pub fn arrived(&self, bytes: usize) {
        self.counts.bytes.set(self.counts.bytes.get() + bytes as u64);
        let mut listeners: Vec<Rc<Listener>> = Vec::new();
        self.listeners.borrow_mut().retain(|weak| {
            let listener = weak.upgrade();
            let alive = listener.is_some();
            listeners.extend(listener);
            alive
        });
        // The borrow has ended: a callback may start another read.
        for listener in listeners {
            listener.report(&self.counts);
        }
    }

    /// What somebody else has read for this dataset.
    pub fn add(&self, requests: u64, bytes: u64) {
        self.counts.requests.set(self.counts.requests.get() + requests);
        self.arrived(usize::try_from(bytes).unwrap_or(usize::MAX));
    }

    /// Requests and bytes since the last call.
    pub fn taken(&self) -> (u64, u64) {
        (self.counts.requests.take(), self.counts.bytes.take())
    }

    /// Calls back while bytes arrive, until the listener is dropped.
    pub fn listen(&self, callback: Function) -> Rc<Listener> {
        let listener = Rc::new(Listener {
            callback,
            bytes_before: self.counts.bytes.get(),
            requests_before: self.counts.requests.get(),
            reported: Cell::new(0.0),
        });
        self.listeners.borrow_mut().push(Rc::downgrade(&listener));
        listener
    }

    /// `{requests, bytes_read}`.
    pub fn stats(&self) -> JsValue {
        pair(("requests", self.counts.requests.get()), ("bytes_read", self.counts.bytes.get()))
    }
}

impl Listener {
    fn report(&self, counts: &Counts) {
        let now = Date::now();
        if now - self.reported.get() < INTERVAL {
            return;
        }
        self.reported.set(now);
        let bytes = counts.bytes.get().saturating_sub(self.bytes_before);
        let requests = counts.requests.get().saturating_sub(self.requests_before);
        // What a listener throws is its own affair and must not end the read.
        self.callback.call1(&JsValue::NULL, &pair(("bytes", bytes), ("requests", requests))).ok();
    }
}

fn pair(first: (&str, u64), second: (&str, u64)) -> JsValue {
    let object = Object::new();
    for (name, value) in [first, second] {
        Reflect::set(&object, &name.into(), &(value as f64).into()).ok();
    }
    object.into()
}
