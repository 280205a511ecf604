//! Back references, and LZF (liblzf): runs of literals and back references, no header.
#![deny(clippy::arithmetic_side_effects)]

/// Where the decoding of a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Bytes of the stream that were read.
    pub read: usize,
    /// Bytes of the result that were written.
    pub written: usize,
}

/// Why decoding stopped before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The buffer is full; goes on with a larger one.
    Full,
    /// The stream is damaged here.
    Damaged,
}

/// Decodes an LZF stream from where it stands as far as `out` goes.
///
/// # Errors
/// As [`Stop`] says; the state is that before what could not be done.
#[inline(never)]
pub fn lzf(input: &[u8], out: &mut [u8], state: &mut State) -> Result<(), Stop> {
    let mut rest = input.get(state.read..).ok_or(Stop::Damaged)?;
    let mut at = state.written;
    while let Some((&control, tail)) = rest.split_first() {
        *state = State { read: input.len().saturating_sub(rest.len()), written: at };
        let high = usize::from(control >> 5);
        let run = if high == 0 { usize::from(control).saturating_add(1) } else { high.saturating_add(2) };
        let (len, tail) = match (high, tail.split_first()) {
            (7, Some((&more, tail))) => (run.saturating_add(more.into()), tail),
            (7, None) => return Err(Stop::Damaged),
            _ => (run, tail),
        };
        if at.saturating_add(len) > out.len() {
            return Err(Stop::Full);
        }
        if high == 0 {
            let (literals, tail) = tail.split_at_checked(len).ok_or(Stop::Damaged)?;
            let end = at.saturating_add(len);
            out.get_mut(at..end).ok_or(Stop::Damaged)?.copy_from_slice(literals);
            (at, rest) = (end, tail);
        } else {
            let (&low, tail) = tail.split_first().ok_or(Stop::Damaged)?;
            let back = usize::from(control & 31) << 8 | usize::from(low);
            at = repeat(out, at, back.saturating_add(1), len).ok_or(Stop::Damaged)?;
            rest = tail;
        }
    }
    *state = State { read: input.len(), written: at };
    Ok(())
}

/// Writes `len` bytes at `at` that repeat those from `back` bytes before, which may run into themselves; gives the
/// place behind them. `None` when they reach before the beginning or past the end.
#[inline]
pub fn repeat(out: &mut [u8], at: usize, back: usize, len: usize) -> Option<usize> {
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
    fn goes_on_where_room_was_short() {
        // "abc", then 6 bytes from 3 back, then 20 bytes from 1 back.
        let stream = [2, b'a', b'b', b'c', 4 << 5, 2, 7 << 5, 11, 0];
        let want = [&b"abcabcabc"[..], &[b'c'; 20]].concat();
        let (mut out, mut state) = (vec![0; 10], State { read: 0, written: 0 });
        assert_eq!(lzf(&stream, &mut out, &mut state), Err(Stop::Full));
        assert_eq!(state, State { read: 6, written: 9 });
        out.resize(29, 0);
        assert_eq!(lzf(&stream, &mut out, &mut state), Ok(()));
        assert_eq!((out, state.written), (want, 29));
    }
}
