//! Pure planning of reads: many small spans become few larger ones, and the slices find their way back.

use std::ops::Range;

use bytes::Bytes;

use crate::order;

/// Where a wanted span lies within the merged ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    merged: usize,
    from: u64,
}

/// Merged spans, and how to cut the wanted ones out of them.
#[derive(Clone, Debug)]
pub struct Merged {
    /// What to read: ascending, disjoint, none adjoining another unless it would grow beyond the limit.
    pub spans: Vec<Range<u64>>,
    slots: Vec<Slot>,
    wanted: Vec<u64>,
}

impl Merged {
    /// Merges spans whose gap is at most `gap` bytes as long as the result stays within `limit` bytes.
    /// (A wanted span that is itself larger stays whole; spans that overlap are joined in any case.)
    pub fn plan(wanted: &[Range<u64>], gap: u64, limit: u64) -> Self {
        let key = |i: usize| wanted.get(i).map(|w| (w.start, w.end));
        let order = order::numbers(wanted.len(), &|a, b| key(a).cmp(&key(b)));
        let mut spans: Vec<Range<u64>> = Vec::new();
        let mut slots = vec![Slot { merged: 0, from: 0 }; wanted.len()];
        for i in order {
            let Some(want) = wanted.get(i) else { continue };
            let joined = match spans.last_mut() {
                Some(last)
                    if want.start < last.end
                        || (want.start <= last.end.saturating_add(gap)
                            && want.end.saturating_sub(last.start) <= limit) =>
                {
                    last.end = last.end.max(want.end);
                    true
                }
                _ => false,
            };
            if !joined {
                spans.push(want.clone());
            }
            if let (Some(slot), Some(last)) = (slots.get_mut(i), spans.last()) {
                *slot = Slot { merged: spans.len() - 1, from: want.start - last.start };
            }
        }
        Self { spans, slots, wanted: wanted.iter().map(|w| w.end.saturating_sub(w.start)).collect() }
    }

    /// Cuts the wanted spans, in their original order, out of what was read; shares the memory.
    /// `read` has to hold exactly the bytes of [`spans`](Self::spans).
    pub fn cut(&self, read: &[Bytes]) -> Vec<Bytes> {
        self.slots
            .iter()
            .zip(&self.wanted)
            .map(|(slot, &len)| match read.get(slot.merged) {
                Some(bytes) => {
                    let from = usize::try_from(slot.from).unwrap_or(usize::MAX).min(bytes.len());
                    let to = from.saturating_add(usize::try_from(len).unwrap_or(usize::MAX)).min(bytes.len());
                    bytes.slice(from..to)
                }
                None => Bytes::new(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_over_small_gaps_and_cuts_back_in_the_callers_order() {
        let file: Vec<u8> = (0..=255).collect();
        let wanted = [100..110, 0..4, 6..8, 6..8, 104..120, 50..50, 200..256];
        let plan = Merged::plan(&wanted, 2, 64);
        assert_eq!(plan.spans, [0..8, 50..50, 100..120, 200..256]);
        let read: Vec<Bytes> = plan
            .spans
            .iter()
            .map(|s| Bytes::copy_from_slice(&file[s.start as usize..s.end as usize]))
            .collect();
        for (want, got) in wanted.iter().zip(plan.cut(&read)) {
            assert_eq!(got, file[want.start as usize..want.end as usize]);
        }
    }

    #[test]
    fn a_merged_span_stays_within_the_limit_but_overlaps_are_joined() {
        assert_eq!(Merged::plan(&[0..10, 10..20, 20..30], 0, 20).spans, [0..20, 20..30]);
        assert_eq!(Merged::plan(&[0..100, 50..150, 200..201], 0, 20).spans, [0..150, 200..201]);
        assert!(Merged::plan(&[], 0, 20).spans.is_empty());
    }
}
