//! Waiting: for a while, or for something that may never come.

use std::cell::RefCell;

use futures_util::{
    FutureExt,
    future::{Either, LocalBoxFuture, Shared, WeakShared, select},
};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

/// Milliseconds from one look at what is overdue to the next.
const TICK: u64 = 1000;

#[wasm_bindgen]
extern "C" {
    // The global functions: they are the same in a page, in a worker and in Node.
    /// Milliseconds since the page or worker began, in fractions.
    #[wasm_bindgen(js_namespace = performance)]
    pub fn now() -> f64;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &Function, milliseconds: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// A timer that is taken back when nobody waits for it any more.
struct Timer(JsValue);

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.0);
    }
}

/// Waits.
pub async fn sleep(milliseconds: u64) {
    let mut timer = Timer(JsValue::UNDEFINED);
    let wait = Promise::new(&mut |resolve, _| {
        timer.0 = set_timeout(&resolve, i32::try_from(milliseconds).unwrap_or(i32::MAX));
    });
    // A timer's promise is never rejected.
    JsFuture::from(wait).await.ok();
}

/// What comes of a future within so many milliseconds and a [`TICK`]; `None` when nothing does.
pub async fn within<T>(milliseconds: u64, future: impl Future<Output = T>) -> Option<T> {
    let end = now() + milliseconds as f64;
    let mut future = Box::pin(future);
    loop {
        match select(future, tick()).await {
            Either::Left((value, _)) => return Some(value),
            Either::Right(_) if now() >= end => return None,
            Either::Right((_, rest)) => future = rest,
        }
    }
}

type Tick = LocalBoxFuture<'static, ()>;

thread_local! {
    static LAST: RefCell<Option<WeakShared<Tick>>> = const { RefCell::new(None) };
}

/// The next tick. One timer for all who wait at the same time, taken back when nobody does: browsers make much of each.
fn tick() -> Shared<Tick> {
    LAST.with_borrow_mut(|last| {
        let ahead = last.as_ref().and_then(WeakShared::upgrade).filter(|tick| tick.peek().is_none());
        ahead.unwrap_or_else(|| {
            let tick = sleep(TICK).boxed_local().shared();
            *last = tick.downgrade();
            tick
        })
    })
}
