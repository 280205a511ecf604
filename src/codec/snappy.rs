//! Snappy blocks, which old Blosc chunks may hold: the size, then literals and back references.

use cellucid_kernels::lz::repeat;

use super::Room;
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// A back reference of three bytes gives 64.
const RATIO: usize = 22;

pub(super) fn decode(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let damaged = || Error::malformed("damaged Snappy block");
    let mut size = 0_u64;
    let mut rest = input;
    for shift in (0..35).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or_else(damaged)?;
        size |= u64::from(byte & 127) << shift;
        rest = tail;
        if byte < 128 {
            break;
        }
    }
    let mut out = Limits::filled(room.declared(size, rest.len(), RATIO)?, 0, "a chunk")?;
    let mut at = 0_usize;
    while let Some((&tag, tail)) = rest.split_first() {
        let upper = usize::from(tag >> 2);
        // Little-endian numbers of so many bytes behind the tag.
        let number = |n: usize| -> Result<(usize, &[u8])> {
            let (bytes, tail) = tail.split_at_checked(n).ok_or_else(damaged)?;
            Ok((bytes.iter().rev().fold(0, |value, &b| value << 8 | usize::from(b)), tail))
        };
        rest = match tag & 3 {
            0 => {
                let (len, tail) = if upper < 60 { (upper, tail) } else { number(upper.saturating_sub(59))? };
                let (data, tail) = tail.split_at_checked(len.saturating_add(1)).ok_or_else(damaged)?;
                let end = at.saturating_add(data.len());
                out.get_mut(at..end).ok_or_else(damaged)?.copy_from_slice(data);
                at = end;
                tail
            }
            1 => {
                let (low, tail) = number(1)?;
                let back = usize::from(tag >> 5) << 8 | low;
                at = repeat(&mut out, at, back, (upper & 7).saturating_add(4)).ok_or_else(damaged)?;
                tail
            }
            kind => {
                let (back, tail) = number(if kind == 2 { 2 } else { 4 })?;
                at = repeat(&mut out, at, back, upper.saturating_add(1)).ok_or_else(damaged)?;
                tail
            }
        };
    }
    if at == out.len() { Ok(out) } else { Err(damaged()) }
}
