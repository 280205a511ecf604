//! Numbers in few bytes: base-128, lists of ascending numbers, category codes. The forms that session bundles are made of.

use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// Takes a base-128 number, low digits first, off the front; the high bit says that more follow.
///
/// # Errors
/// `Malformed` when the bytes end within it or it is longer than ten bytes or 64 bits.
pub(super) fn uvarint(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        let digit = u64::from(byte & 0x7f);
        // The tenth byte has room for the last of 64 bits only.
        if at == 9 && digit > 1 {
            return Err(Error::malformed("a number of more than 64 bits"));
        }
        value |= digit << (7 * at);
        if byte & 0x80 == 0 {
            *bytes = bytes.get(at + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    let what =
        if bytes.len() < 10 { "the bytes end within a number" } else { "a number of more than ten bytes" };
    Err(Error::malformed(what))
}

/// Appends a base-128 number.
pub(super) fn push_uvarint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes that a base-128 number takes.
pub(super) fn uvarint_size(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Row numbers, ascending: a count, the first, then each one's distance from the one before.
///
/// # Errors
/// `Malformed` when the bytes end early or go on, or a row has no 32-bit number; `Limit` when there is no memory.
pub fn delta_list(bytes: &[u8]) -> Result<Vec<u32>> {
    let mut rest = bytes;
    let count = uvarint(&mut rest)?;
    // Each takes at least one byte, so a false count asks for no memory.
    let count = Limits::size(count, rest.len() as u64, "a list of rows")
        .map_err(|_| Error::malformed(format!("{count} rows in {} bytes", rest.len())))?;
    let mut rows = Limits::room(count, "a list of rows")?;
    let mut row = 0_u64;
    for _ in 0..count {
        row = row.saturating_add(uvarint(&mut rest)?);
        rows.push(u32::try_from(row).map_err(|_| Error::malformed(format!("row {row}")))?);
    }
    if rest.is_empty() {
        Ok(rows)
    } else {
        Err(Error::malformed(format!("{} bytes after the last row", rest.len())))
    }
}

/// The inverse of [`delta_list`], for ascending rows.
///
/// # Errors
/// `Request` when the rows do not ascend.
pub fn pack_delta_list(rows: &[u32]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(rows.len() + 5);
    push_uvarint(&mut out, rows.len() as u64);
    let mut before = 0;
    for &row in rows {
        let step =
            row.checked_sub(before).ok_or_else(|| Error::request(format!("row {row} follows {before}")))?;
        push_uvarint(&mut out, step.into());
        before = row;
    }
    Ok(out)
}

/// Category codes: a form (0 bytes, 1 two-byte numbers, 2 runs), a length of at most `most`, the values.
///
/// # Errors
/// `Malformed` when the values do not fill the length exactly (the last run may be too long: it is cut), `Limit` when the length exceeds
/// `most`.
pub fn codes(bytes: &[u8], most: usize) -> Result<Vec<u16>> {
    let [form, rest @ ..] = bytes else { return Err(Error::malformed("codes without a form")) };
    let mut rest = rest;
    let length = uvarint(&mut rest)?;
    let length = Limits::size(length, most as u64, "a list of codes")?;
    let short = || Error::malformed(format!("{} bytes do not hold {length} codes", rest.len()));
    match form {
        0 if rest.len() == length => Ok(rest.iter().map(|&byte| byte.into()).collect()),
        1 if rest.len() == length * 2 => {
            Ok(rest.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
        }
        2 => runs(rest, length),
        0 | 1 => Err(short()),
        other => Err(Error::unsupported(format!("codes in form {other}"))),
    }
}

fn runs(mut rest: &[u8], length: usize) -> Result<Vec<u16>> {
    let pairs = uvarint(&mut rest)?;
    let mut out = Limits::room(length, "a list of codes")?;
    for _ in 0..pairs {
        let (value, run) = (uvarint(&mut rest)?, uvarint(&mut rest)?);
        let value = u16::try_from(value).map_err(|_| Error::malformed(format!("code {value}")))?;
        let room = length - out.len();
        out.resize(out.len() + usize::try_from(run).unwrap_or(usize::MAX).min(room), value);
    }
    if out.len() < length {
        return Err(Error::malformed(format!("runs of {} codes where {length} are needed", out.len())));
    }
    if rest.is_empty() {
        Ok(out)
    } else {
        Err(Error::malformed(format!("{} bytes after the last run", rest.len())))
    }
}

/// The inverse of [`codes`]: runs where they are smaller.
pub fn pack_codes(values: &[u16]) -> Vec<u8> {
    let wide = values.iter().any(|&value| value > 255);
    let mut body = Vec::new();
    let mut pairs = 0_u64;
    for run in values.chunk_by(|a, b| a == b) {
        let value = run.first().copied().unwrap_or_default();
        push_uvarint(&mut body, value.into());
        push_uvarint(&mut body, run.len() as u64);
        pairs += 1;
    }
    let plain = values.len() * if wide { 2 } else { 1 };
    let in_runs = body.len() + uvarint_size(pairs) < plain;
    let mut out = vec![if in_runs { 2 } else { u8::from(wide) }];
    push_uvarint(&mut out, values.len() as u64);
    if in_runs {
        push_uvarint(&mut out, pairs);
        out.extend(body);
    } else if wide {
        out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    } else {
        out.extend(values.iter().map(|&value| value as u8));
    }
    out
}
