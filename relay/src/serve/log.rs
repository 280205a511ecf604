//! Messages kept for those who follow: numbered from 1, bounded, and told to everyone who waits.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::sync::watch;

/// Most messages kept, and most bytes of them.
const MOST: usize = 10_000;
const MOST_BYTES: usize = 128 << 20;

/// Numbered messages, the newest last.
#[derive(Debug)]
pub struct Log {
    kept: VecDeque<Entry>,
    bytes: usize,
    newest: watch::Sender<u64>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    lossy: bool,
    text: Bytes,
}

impl Default for Log {
    fn default() -> Self {
        Self { kept: VecDeque::new(), bytes: 0, newest: watch::Sender::new(0) }
    }
}

impl Log {
    /// Adds a message. When too many are kept, those that may be left out go first, then the oldest.
    pub fn push(&mut self, text: Bytes, lossy: bool) -> u64 {
        let number = self.newest() + 1;
        self.bytes += text.len();
        self.kept.push_back(Entry { number, lossy, text });
        while self.kept.len() > 1 && (self.kept.len() > MOST || self.bytes > MOST_BYTES) {
            let least = self.kept.iter().position(|entry| entry.lossy).unwrap_or(0);
            self.bytes -= self.kept.remove(least).map_or(0, |entry| entry.text.len());
        }
        self.newest.send_replace(number);
        number
    }

    /// The number of the newest message; 0 before the first.
    pub fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Messages after a number, oldest first.
    pub fn after(&self, number: u64) -> impl Iterator<Item = (u64, Bytes)> {
        let first = self.kept.partition_point(|entry| entry.number <= number);
        self.kept.range(first..).map(|entry| (entry.number, entry.text.clone()))
    }

    /// Whether a message can be added without dropping one that has to arrive.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.kept.len() < MOST && self.bytes + bytes <= MOST_BYTES
    }

    /// Drops messages up to a number: they have arrived.
    pub fn arrived(&mut self, number: u64) {
        while self.kept.front().is_some_and(|entry| entry.number <= number) {
            self.bytes -= self.kept.pop_front().map_or(0, |entry| entry.text.len());
        }
    }

    /// Changes with every message.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(log: &Log, after: u64) -> Vec<u64> {
        log.after(after).map(|(number, _)| number).collect()
    }

    #[test]
    fn what_may_be_left_out_goes_first() {
        let mut log = Log::default();
        assert_eq!(log.push("a".into(), false), 1);
        for _ in 0..MOST {
            log.push("hover".into(), true);
        }
        let kept = numbers(&log, 0);
        assert_eq!((kept.len(), kept[..2].to_vec()), (MOST, vec![1, 3]));
        assert_eq!(numbers(&log, MOST as u64), [MOST as u64 + 1]);
        log.arrived(3);
        assert_eq!(numbers(&log, 0)[0], 4);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut log = Log::default();
        let large = Bytes::from(vec![0; 50 << 20]);
        for _ in 0..4 {
            log.push(large.clone(), false);
        }
        assert_eq!(numbers(&log, 0), [3, 4]);
        assert!(!log.has_room(50 << 20));
        log.arrived(4);
        assert!(log.has_room(50 << 20));
    }
}
