//! LZF (liblzf, as the HDF5 filter 32000 of h5py uses it): runs of literals and back references, no header.

use super::Room;
use crate::error::{Error, Result};

/// Three bytes give at most 264.
const RATIO: usize = 88;

/// Decodes a whole chunk.
pub(super) fn decode(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let mut out = room.buffer(input.len(), RATIO)?;
    let damaged = |rest: &[u8]| {
        Error::malformed(format!(
            "damaged at byte {} of {}",
            input.len().saturating_sub(rest.len()),
            input.len()
        ))
    };
    let (mut at, mut rest) = (0_usize, input);
    while let Some((&control, tail)) = rest.split_first() {
        let high = usize::from(control >> 5);
        let run = if high == 0 { usize::from(control).saturating_add(1) } else { high.saturating_add(2) };
        let (len, tail) = match (high, tail.split_first()) {
            (7, Some((&more, tail))) => (run.saturating_add(more.into()), tail),
            (7, None) => return Err(damaged(rest)),
            _ => (run, tail),
        };
        while at.saturating_add(len) > out.len() {
            room.grow(&mut out)?;
        }
        if high == 0 {
            let (literals, tail) = tail.split_at_checked(len).ok_or_else(|| damaged(rest))?;
            let end = at.saturating_add(len);
            out.get_mut(at..end).ok_or_else(|| damaged(rest))?.copy_from_slice(literals);
            (at, rest) = (end, tail);
        } else {
            let (&low, tail) = tail.split_first().ok_or_else(|| damaged(rest))?;
            let back = usize::from(control & 31) << 8 | usize::from(low);
            at = repeat(&mut out, at, back.saturating_add(1), len).ok_or_else(|| damaged(rest))?;
            rest = tail;
        }
    }
    out.truncate(at);
    Ok(out)
}

/// Writes `len` bytes at `at` that repeat those from `back` bytes before, which may run into themselves; gives the
/// place behind them. `None` when they reach before the beginning or past the end.
pub(super) fn repeat(out: &mut [u8], at: usize, back: usize, len: usize) -> Option<usize> {
    let (from, end) = (at.checked_sub(back).filter(|_| back > 0)?, at.checked_add(len)?);
    if end > out.len() {
        return None;
    }
    let mut done = at;
    while done < end {
        // Each round doubles what can be copied at once.
        let step = done.saturating_sub(from).min(end.saturating_sub(done));
        out.copy_within(from..from.saturating_add(step), done);
        done = done.saturating_add(step);
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_overlapping_references() {
        // "abc", then 6 bytes from 3 back, then 20 bytes from 1 back.
        let stream = [2, b'a', b'b', b'c', 4 << 5, 2, 7 << 5, 11, 0];
        let want = [&b"abcabcabc"[..], &[b'c'; 20]].concat();
        assert_eq!(decode(&stream, Room::exact(29)).unwrap(), want);
        assert_eq!(decode(&stream, Room::new(None, 1000)).unwrap(), want);
        assert!(decode(&stream, Room::exact(28)).is_err());
        for cut in [2, 5, 7, 8] {
            assert!(decode(&stream[..cut], Room::exact(29)).is_err(), "{cut}");
        }
        assert!(decode(&[0, b'a', 1 << 5, 1], Room::exact(4)).is_err(), "reaches before the beginning");
    }
}
