//! LZMA as Python's `lzma` module writes it: `.xz`, `.lzma`, and bare streams whose filters the metadata names.
//!
//! The containers are read here because they say how large a dictionary to allocate, which no chunk needs to be
//! larger than itself. Format: <https://tukaani.org/xz/xz-file-format.txt>.

use lzma_rust2::{Action, FilterConfig, Lzma2Stream, LzmaStream, Status, StreamResult};

use super::{Room, checksum::crc32};
use crate::error::{Error, Result};

/// Matches of 273 bytes cost a fraction of a bit each where everything is the same.
const RATIO: usize = 8192;
/// Largest dictionary where the decoded size is not known.
const DICTIONARY: usize = 64 << 20;

/// How a chunk is wrapped.
#[derive(Clone, Debug, PartialEq)]
pub enum LzmaForm {
    /// `.xz`, or `.lzma` where a chunk begins like that.
    Container,
    /// A bare LZMA2 stream behind an optional delta filter of so many bytes.
    Raw {
        /// Distance of the delta filter, 0 for none.
        delta: u32,
    },
}

pub(super) fn decode(input: &[u8], form: &LzmaForm, room: Room) -> Result<Vec<u8>> {
    match form {
        LzmaForm::Raw { delta } => Ok(lzma2(input, *delta, u32::MAX, room)?.0),
        LzmaForm::Container if input.starts_with(b"\xfd7zXZ\0") => xz(input, room),
        LzmaForm::Container => alone(input, room),
    }
}

/// One `.xz` stream of any number of blocks. The index and footer behind them say nothing that is needed.
fn xz(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let short = || Error::malformed("xz stream ends early");
    let (&[.., check], mut rest) = input.split_first_chunk::<8>().ok_or_else(short)?;
    rest = rest.get(4..).ok_or_else(short)?;
    // Sizes by check type, from the format's table.
    let check_len = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
    let check_len = check_len.get(usize::from(check & 15)).copied().unwrap_or(0);
    let mut out: Vec<u8> = Vec::new();
    loop {
        let size = *rest.first().ok_or_else(short)?;
        if size == 0 {
            return Ok(out); // The index.
        }
        let len = usize::from(size).saturating_add(1).saturating_mul(4);
        let (header, data) = rest.split_at_checked(len).ok_or_else(short)?;
        let filters = Filters::parse(header)?;
        let (block, used) = lzma2(data, filters.delta, filters.dictionary, room.after(out.len()))?;
        let padded = used.next_multiple_of(4);
        let stored = data.get(padded..padded.saturating_add(check_len)).ok_or_else(short)?;
        let wrong = match check & 15 {
            1 => crc32(&block).to_le_bytes() != *stored,
            4 => crc64(&block).to_le_bytes() != *stored,
            // Others (SHA-256) are not verified: no writer of chunks uses them.
            _ => false,
        };
        if wrong {
            return Err(Error::malformed("check of a block is not the stored one"));
        }
        if out.is_empty() {
            out = block;
        } else {
            out.extend_from_slice(&block);
        }
        rest = data.get(padded.saturating_add(check_len)..).ok_or_else(short)?;
    }
}

/// What a block's header asks for.
struct Filters {
    delta: u32,
    dictionary: u32,
}

impl Filters {
    fn parse(header: &[u8]) -> Result<Self> {
        let damaged = || Error::malformed("damaged xz block header");
        let (fields, crc) = header.split_last_chunk().ok_or_else(damaged)?;
        if crc32(fields) != u32::from_le_bytes(*crc) {
            return Err(damaged());
        }
        let flags = *fields.get(1).ok_or_else(damaged)?;
        let mut rest = fields.get(2..).unwrap_or(&[]);
        for bit in [0x40, 0x80] {
            if flags & bit != 0 {
                number(&mut rest).ok_or_else(damaged)?;
            }
        }
        let mut found = Self { delta: 0, dictionary: 0 };
        for _ in 0..=flags & 3 {
            let id = number(&mut rest).ok_or_else(damaged)?;
            let len = number(&mut rest).and_then(|n| usize::try_from(n).ok()).ok_or_else(damaged)?;
            let (properties, tail) = rest.split_at_checked(len).ok_or_else(damaged)?;
            rest = tail;
            match (id, properties) {
                (3, &[distance]) => found.delta = u32::from(distance).saturating_add(1),
                (0x21, &[bits @ 0..=40]) => {
                    let bits = u32::from(bits);
                    found.dictionary = if bits == 40 {
                        u32::MAX
                    } else {
                        (2 | bits & 1).checked_shl((bits / 2).saturating_add(11)).unwrap_or(u32::MAX)
                    };
                }
                _ => return Err(Error::unsupported(format!("xz filter {id:#x} is not read"))),
            }
        }
        Ok(found)
    }
}

/// Seven bits a byte, least significant first.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A `.lzma` file: properties, dictionary size, decoded size or all ones, stream.
fn alone(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let (head, data) = input.split_first_chunk::<13>().ok_or_else(|| Error::malformed("ends early"))?;
    let [properties, a, b, c, d, size @ ..] = *head;
    let size = u64::from_le_bytes(size);
    if size != u64::MAX {
        room.declared(size, data.len(), RATIO)?;
    }
    let dictionary = dictionary(u32::from_le_bytes([a, b, c, d]), room);
    let mut stream =
        LzmaStream::new_with_props(size, properties, dictionary, None).map_err(|cause| damaged(0, &cause))?;
    Ok(run(data, room, |from, to| stream.process(from, to, Action::Finish))?.0)
}

/// A bare LZMA2 stream, and how many bytes of the input it takes.
fn lzma2(input: &[u8], delta: u32, dictionary: u32, room: Room) -> Result<(Vec<u8>, usize)> {
    let mut stream = Lzma2Stream::new(self::dictionary(dictionary, room));
    if delta > 0 {
        stream.set_filters(&[FilterConfig::new_delta(delta)]).map_err(|cause| damaged(0, &cause))?;
    }
    run(input, room, |from, to| stream.process(from, to, Action::Finish))
}

/// No match reaches back farther than the data go.
fn dictionary(asked: u32, room: Room) -> u32 {
    let needed = room.size().unwrap_or(DICTIONARY).clamp(1 << 12, 1 << 30);
    asked.min(u32::try_from(needed).unwrap_or(u32::MAX))
}

fn run(
    input: &[u8],
    room: Room,
    mut step: impl FnMut(&[u8], &mut [u8]) -> lzma_rust2::Result<StreamResult>,
) -> Result<(Vec<u8>, usize)> {
    let mut out = room.buffer(input.len(), RATIO)?;
    // The end of a stream is only noticed where there would be room for more.
    out.push(0);
    let (mut used, mut done) = (0_usize, 0_usize);
    loop {
        let (from, to) = (input.get(used..).unwrap_or(&[]), out.get_mut(done..).unwrap_or(&mut []));
        let result = step(from, to).map_err(|cause| damaged(done, &cause))?;
        used = used.saturating_add(result.bytes_consumed);
        done = done.saturating_add(result.bytes_produced);
        let idle = result.bytes_consumed == 0 && result.bytes_produced == 0;
        match result.status {
            Status::StreamEnd => {
                out.truncate(done);
                return Ok((out, used));
            }
            Status::Ok if done >= out.len() && (idle || room.size().is_none()) => room.grow(&mut out)?,
            Status::Ok if idle => return Err(Error::malformed(format!("ends after {done} bytes"))),
            Status::Ok => {}
        }
    }
}

fn damaged(done: usize, cause: &lzma_rust2::Error) -> Error {
    use lzma_rust2::Error as E;
    let why = match cause {
        E::InvalidData(why) | E::InvalidInput(why) | E::Unsupported(why) | E::Other(why) => why,
        E::OutOfMemory(_) => return Error::limit("no memory for the decoder"),
        _ => "ends early",
    };
    Error::malformed(format!("damaged after {done} bytes, {why}"))
}

/// CRC-64 (ECMA-182, reflected) as xz uses it.
fn crc64(bytes: &[u8]) -> u64 {
    let mut table = [0; 256];
    for (n, slot) in table.iter_mut().enumerate() {
        *slot =
            (0..8).fold(n as u64, |c, _| if c & 1 == 1 { c >> 1 ^ 0xc96c_5795_d787_0f42 } else { c >> 1 });
    }
    !bytes.iter().fold(u64::MAX, |crc, &byte| {
        crc >> 8 ^ table.get(usize::from(byte ^ crc as u8)).copied().unwrap_or(0)
    })
}
