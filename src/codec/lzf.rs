//! LZF (liblzf, as the HDF5 filter 32000 of h5py uses it): runs of literals and back references, no header.

use super::Room;
use crate::error::{Error, Result};

/// Decodes a whole chunk.
pub(super) fn decode(input: &[u8], room: Room) -> Result<Vec<u8>> {
    // Three bytes give at most 264.
    let most = input.len().saturating_mul(88).saturating_add(264).min(room.bound());
    let mut out = crate::limits::Limits::room(room.size().unwrap_or(most).min(most), "a chunk")?;
    let damaged = |at: usize| Error::malformed(format!("damaged at byte {at} of {}", input.len()));
    let mut rest = input;
    while let Some((&control, tail)) = rest.split_first() {
        let at = || damaged(input.len().saturating_sub(tail.len()));
        let control = usize::from(control);
        if control < 32 {
            let run = control.saturating_add(1);
            let (literals, tail) = tail.split_at_checked(run).ok_or_else(at)?;
            if out.len().saturating_add(run) > room.bound() {
                return Err(room.over());
            }
            out.extend_from_slice(literals);
            rest = tail;
            continue;
        }
        let (len, tail) = match (control >> 5, tail.split_first()) {
            (7, Some((&more, tail))) => (usize::from(more).saturating_add(9), tail),
            (7, None) => return Err(at()),
            (len, _) => (len.saturating_add(2), tail),
        };
        let (&low, tail) = tail.split_first().ok_or_else(at)?;
        let back = ((control & 31) << 8 | usize::from(low)).saturating_add(1);
        let from = out.len().checked_sub(back).ok_or_else(at)?;
        if out.len().saturating_add(len) > room.bound() {
            return Err(room.over());
        }
        repeat(&mut out, from, len);
        rest = tail;
    }
    Ok(out)
}

/// Appends `len` bytes that begin at `from`, which may run into what is being appended.
fn repeat(out: &mut Vec<u8>, from: usize, mut len: usize) {
    while len > 0 {
        // Each round doubles what can be copied at once.
        let end = from.saturating_add(len).min(out.len());
        let before = out.len();
        out.extend_from_within(from..end);
        len = len.saturating_sub(out.len().saturating_sub(before));
    }
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
