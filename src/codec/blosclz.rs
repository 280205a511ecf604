//! BloscLZ, Blosc's own compressor: FastLZ's runs of literals and back references with longer distances.

use cellucid_kernels::lz::repeat;

use crate::error::{Error, Result};

/// Distances beyond this one take two more bytes.
const NEAR: usize = 8191;

/// Decodes a stream that fills `out` exactly.
pub(super) fn decode(input: &[u8], out: &mut [u8]) -> Result<()> {
    let damaged = || Error::malformed("damaged BloscLZ stream");
    let mut bytes = input.iter().copied();
    let mut next = || bytes.next().map(usize::from);
    // The first byte's upper bits are a mark of the version.
    let mut control = next().ok_or_else(damaged)? & 31;
    let mut at = 0_usize;
    loop {
        if control < 32 {
            let end = at.saturating_add(control).saturating_add(1);
            for slot in out.get_mut(at..end).ok_or_else(damaged)? {
                *slot = next().ok_or_else(damaged)? as u8;
            }
            at = end;
        } else {
            let mut len = (control >> 5).saturating_add(2);
            if control >> 5 == 7 {
                loop {
                    let more = next().ok_or_else(damaged)?;
                    len = len.saturating_add(more);
                    if more != 255 {
                        break;
                    }
                }
            }
            let (high, low) = ((control & 31) << 8, next().ok_or_else(damaged)?);
            let mut back = high | low;
            if back == 31 << 8 | 255 {
                let (high, low) = (next().ok_or_else(damaged)?, next().ok_or_else(damaged)?);
                back = (high << 8 | low).saturating_add(NEAR);
            }
            at = repeat(out, at, back.saturating_add(1), len).ok_or_else(damaged)?;
        }
        match next() {
            Some(byte) => control = byte,
            None if at == out.len() => return Ok(()),
            None => {
                return Err(Error::malformed(format!(
                    "BloscLZ stream ends after {at} of {} bytes",
                    out.len()
                )));
            }
        }
    }
}
