//! The same work for several things at once: on as many threads as there are processors. A module in a browser has one; what it does in
//! workers beside it goes through [`crate::tree::decode_with`].

/// More threads than this do not help: putting things together is left to one.
#[cfg(not(target_arch = "wasm32"))]
const MOST: usize = 8;

/// Threads that so many pieces of work are worth.
#[cfg(not(target_arch = "wasm32"))]
pub fn for_pieces(pieces: usize) -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST).min(pieces)
}

/// What `work` makes of each item, in their order.
#[cfg(not(target_arch = "wasm32"))]
pub fn map<T: Sync, R: Send + Sync>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    use std::sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    };
    let threads = for_pieces(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let done: Vec<OnceLock<R>> = items.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let some = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(slot)) = (items.get(i), done.get(i)) else { return };
            // Each number comes up once.
            slot.set(work(item)).ok();
        }
    };
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| {
            scope.spawn(some);
        });
        some();
    });
    done.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// What `work` makes of each item, in their order.
#[cfg(target_arch = "wasm32")]
pub fn map<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_their_items() {
        let items: Vec<u64> = (0..1000).collect();
        assert_eq!(map(&items, |x| x * x), items.iter().map(|x| x * x).collect::<Vec<_>>());
        assert!(map(&[] as &[u64], |x| *x).is_empty());
    }
}
