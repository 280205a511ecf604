//! How fast a source answers, learned from its answers: pure, told by whoever measures.
//!
//! A request costs its latency, a byte costs what the line carries. From the two follows how large a gap between wanted bytes is
//! better read than asked around, and how long a number of bytes will take.

use std::cell::Cell;

/// Answers no longer than this tell the latency, longer ones than the next what the line carries.
const SHORT: u64 = 64 << 10;
const LONG: u64 = 256 << 10;
/// Weight of the newest answer.
const NEW: f64 = 0.2;
/// Smallest and largest gap to read over.
const GAP: (u64, u64) = (16 << 10, 256 << 10);

/// What has been learned.
#[derive(Debug, Default)]
pub struct Rate {
    /// Shortest time to an answer, milliseconds.
    latency: Cell<Option<f64>>,
    /// Bytes per millisecond, of all requests under way together.
    carries: Cell<Option<f64>>,
    /// Answers counted since the line was last idle, and since when.
    run: Cell<(u64, f64)>,
    flying: Cell<u32>,
}

impl Rate {
    /// A request goes out, at a time in milliseconds.
    pub fn sent(&self, now: f64) {
        if self.flying.replace(self.flying.get().saturating_add(1)) == 0 {
            self.run.set((0, now));
        }
    }

    /// A request that was sent at `sent` has come to its end, with so many bytes.
    pub fn arrived(&self, sent: f64, now: f64, bytes: u64) {
        self.flying.set(self.flying.get().saturating_sub(1));
        let took = (now - sent).max(0.01);
        if bytes > 0 && bytes <= SHORT {
            self.latency.set(Some(self.latency.get().map_or(took, |known| known.min(took))));
        }
        let (before, since) = self.run.get();
        let sum = before.saturating_add(bytes);
        self.run.set((sum, since));
        // Many short answers tell how often one can ask, not what the line carries.
        if sum >= LONG && bytes > SHORT {
            let carried = sum as f64 / (now - since).max(0.01);
            let known = self.carries.get().unwrap_or(carried);
            self.carries.set(Some(known + (carried - known) * NEW));
        }
    }

    /// Gap that is cheaper read than asked around, when so many requests may be under way at once.
    pub fn gap(&self, parallel: usize) -> u64 {
        let (Some(latency), Some(carries)) = (self.latency.get(), self.carries.get()) else { return GAP.0 };
        // Requests share the waiting.
        let gap = latency * carries / parallel.max(1) as f64;
        (gap as u64).clamp(GAP.0, GAP.1)
    }

    /// Seconds that so many bytes will take; `None` while nothing is known.
    pub fn seconds(&self, bytes: u64) -> Option<f64> {
        Some(bytes as f64 / self.carries.get()? / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_line_reads_over_small_gaps_only_and_a_far_one_over_larger() {
        // 6 requests at a time, each of 1 MB, over a line of `carries` bytes a millisecond.
        let learned = |latency: f64, carries: f64| {
            let rate = Rate::default();
            assert_eq!((rate.gap(6), rate.seconds(1)), (GAP.0, None));
            rate.sent(0.0);
            rate.arrived(0.0, latency, 1000);
            for round in 1..20 {
                let now = f64::from(round) * 1e6;
                (0..6).for_each(|_| rate.sent(now));
                (1..=6)
                    .for_each(|n| rate.arrived(now, now + latency + f64::from(n) * 1e6 / carries, 1_000_000));
            }
            (rate.gap(6), rate.seconds(1_000_000_000).unwrap())
        };
        let (near, seconds) = learned(1.0, 100_000.0);
        assert!((GAP.0..20_000).contains(&near) && (9.0..12.0).contains(&seconds), "{near} {seconds}");
        let (far, seconds) = learned(80.0, 10_000.0);
        assert!((70_000..140_000).contains(&far) && (95.0..130.0).contains(&seconds), "{far} {seconds}");
        // Chunks of 8 kB, one after the other, change nothing about it.
        let rate = Rate::default();
        let ask = |start: f64, took: f64, bytes| {
            rate.sent(start);
            rate.arrived(start, start + took, bytes);
        };
        ask(0.0, 80.0, 1000);
        ask(1e3, 180.0, 1_000_000);
        let before = rate.gap(6);
        rate.sent(1e4);
        (0..1000).for_each(|n| ask(1e4 + f64::from(n) * 80.0, 80.0, 8000));
        assert!(before > 64 << 10 && rate.gap(6) == before, "{before} {}", rate.gap(6));
        let (slow, _) = learned(80.0, 500.0);
        assert_eq!(slow, GAP.0);
    }
}
