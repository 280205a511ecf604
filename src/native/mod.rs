//! What a browser has and a native program needs too: files, folders, and something that drives futures.

mod cache;
mod file;
mod folder;

pub use cache::Cache;
pub use file::File;
pub use folder::Folder;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Whether there is something to do, and who waits for it. The flag is what counts: a future may use threads that are waited for by
/// parking, too, and so swallow the sign.
struct Unpark {
    woken: AtomicBool,
    thread: Thread,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Runs a future of this crate to its end. Native sources are ready at once, so this never really waits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let unpark = Arc::new(Unpark { woken: AtomicBool::new(false), thread: thread::current() });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => {
                while !unpark.woken.swap(false, Ordering::Acquire) {
                    thread::park();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_that_threads_swallow_is_seen_all_the_same() {
        let mut polled = 0;
        let future = std::future::poll_fn(|context| {
            polled += 1;
            if polled == 1000 {
                return Poll::Ready(polled);
            }
            context.waker().wake_by_ref();
            // What a scope of threads does while it waits for them.
            thread::park();
            Poll::Pending
        });
        assert_eq!(block_on(future), 1000);
    }
}
