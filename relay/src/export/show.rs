//! How far a long task is: a bar for people, a line now and then for logs.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::output;

/// Least time between two looks of the bar.
const BLINK: Duration = Duration::from_millis(100);
/// Characters of the bar.
const WIDTH: usize = 24;

/// What has been done, and whoever watches it.
pub struct Show {
    begun: Instant,
    terminal: bool,
    quiet: bool,
    /// What is counted.
    what: &'static str,
    /// Files written or found.
    files: AtomicUsize,
    /// Bytes written.
    bytes: AtomicU64,
    total: AtomicUsize,
    /// When the bar was last drawn, and how many tenths were told.
    last: Mutex<(Instant, usize)>,
}

impl Show {
    /// Begins, counting what is so called; nothing is shown yet.
    pub fn of(quiet: bool, what: &'static str) -> Self {
        let begun = Instant::now();
        Self {
            begun,
            terminal: io::stderr().is_terminal(),
            quiet,
            what,
            files: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            total: AtomicUsize::new(0),
            last: Mutex::new((begun, 0)),
        }
    }

    /// How many files there will be.
    pub fn expect(&self, total: usize) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// A file is there, of so many bytes that were written just now.
    pub fn step(&self, bytes: u64) {
        let files = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        // Before the whole is known there is nothing to compare with.
        let total = self.total.load(Ordering::Relaxed);
        let Ok(mut last) = self.last.lock() else { return };
        if self.quiet || total == 0 {
            return;
        }
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = size((bytes as f64 / seconds.max(1e-3)) as u64);
        let said = format!("{files} of {total} {}, {}, {rate}/s", self.what, size(bytes));
        if self.terminal {
            if last.0.elapsed() < BLINK && files < total {
                return;
            }
            last.0 = Instant::now();
            let full = (files * WIDTH / total.max(1)).min(WIDTH);
            let bar = format!("{}{}", "█".repeat(full), "░".repeat(WIDTH - full));
            write!(io::stderr().lock(), "\r{bar} {said}\u{1b}[K").ok();
        } else if files * 10 / total > last.1 {
            last.1 = files * 10 / total;
            output::note(&said);
        }
    }

    /// Takes the bar away, so that what is said next has a line of its own.
    pub fn clear(&self) {
        if self.terminal && !self.quiet {
            write!(io::stderr().lock(), "\r\u{1b}[K").ok();
        }
    }

    /// Files, bytes and seconds so far.
    pub fn sum(&self) -> (usize, u64, f64) {
        let (files, bytes) = (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        (files, bytes, self.begun.elapsed().as_secs_f64())
    }
}

/// Bytes in words.
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut shown = bytes as f64 / 1e3;
    for unit in units {
        if shown < 999.5 || unit == "TB" {
            return if bytes < 1000 { format!("{bytes} bytes") } else { format!("{shown:.1} {unit}") };
        }
        shown /= 1e3;
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_in_words() {
        let said = [0, 999, 1500, 999_400, 999_600, 4_100_000_000].map(size);
        assert_eq!(said, ["0 bytes", "999 bytes", "1.5 kB", "999.4 kB", "1.0 MB", "4.1 GB"]);
    }
}
