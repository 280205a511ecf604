//! Deflate in its three wrappings: zlib (RFC 1950), gzip (RFC 1952) and none (zip archives).

use std::cell::RefCell;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::Room;
use crate::error::{Error, Result};

thread_local! {
    /// One decoder for all chunks: its tables and window cost more to set up than a small chunk to decode.
    static INFLATE: RefCell<Inflate> = RefCell::new(Inflate::new(false, 15));
}

/// A zlib stream; what follows it is not looked at.
///
/// # Errors
/// `Malformed` for a damaged stream or checksum, and as [`Room::over`].
pub fn zlib(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let (&[method, flags], body) = input.split_first_chunk().ok_or_else(|| ends(input.len()))?;
    if method & 15 != 8 || u16::from_be_bytes([method, flags]) % 31 != 0 {
        return Err(Error::malformed(format!("not a zlib stream, begins with {method:02x} {flags:02x}")));
    }
    if flags & 0x20 != 0 {
        return Err(Error::unsupported("stream needs a preset dictionary"));
    }
    let (out, used) = raw(body, room)?;
    let sum = body.get(used..).and_then(<[u8]>::first_chunk).ok_or_else(|| ends(input.len()))?;
    checksum("Adler-32", u32::from_be_bytes(*sum), zlib_rs::adler32::adler32(1, &out))?;
    Ok(out)
}

/// A gzip stream of one or more members, with zeros behind at most.
///
/// # Errors
/// As [`zlib`].
pub fn gzip(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let mut whole: Option<Vec<u8>> = None;
    let mut rest = input;
    while whole.is_none() || rest.iter().any(|&b| b != 0) {
        let body = gzip_body(rest)?;
        let (out, used) = raw(body, room.after(whole.as_ref().map_or(0, Vec::len)))?;
        let trailer = body.get(used..).and_then(<[u8]>::first_chunk::<8>).ok_or_else(|| ends(input.len()))?;
        let [a, b, c, d, e, f, g, h] = *trailer;
        checksum("CRC-32", u32::from_le_bytes([a, b, c, d]), crc32(&out))?;
        if u32::from_le_bytes([e, f, g, h]) != out.len() as u32 {
            return Err(Error::malformed(format!("member holds {} bytes, not what it declares", out.len())));
        }
        rest = body.get(used.saturating_add(8)..).unwrap_or(&[]);
        match &mut whole {
            None => whole = Some(out),
            Some(before) => before.extend_from_slice(&out),
        }
    }
    Ok(whole.unwrap_or_default())
}

/// CRC-32 as gzip and zip use it.
pub fn crc32(bytes: &[u8]) -> u32 {
    zlib_rs::crc32::crc32(0, bytes)
}

/// A bare deflate stream, and how many bytes of the input it takes. It may give less than an exact size.
///
/// # Errors
/// As [`zlib`], without the checksum.
pub fn raw(input: &[u8], room: Room) -> Result<(Vec<u8>, usize)> {
    // Deflate's longest match takes two bits: no stream grows more than 1032-fold.
    let mut out = room.buffer(input.len(), 1040)?;
    let used = INFLATE.with(|state| match state.try_borrow_mut() {
        Ok(mut inflate) => {
            inflate.reset(false);
            run(&mut inflate, input, &mut out, room)
        }
        // Cannot happen as nothing below calls back, but costs only time if it did.
        Err(_) => run(&mut Inflate::new(false, 15), input, &mut out, room),
    })?;
    Ok((out, used))
}

fn run(inflate: &mut Inflate, input: &[u8], out: &mut Vec<u8>, room: Room) -> Result<usize> {
    loop {
        let used = usize::try_from(inflate.total_in()).unwrap_or(usize::MAX);
        let done = usize::try_from(inflate.total_out()).unwrap_or(usize::MAX);
        let (from, to) = (input.get(used..).unwrap_or(&[]), out.get_mut(done..).unwrap_or(&mut []));
        let status = inflate.decompress(from, to, InflateFlush::NoFlush).map_err(|_| {
            let why = inflate.error_message().unwrap_or("damaged deflate stream");
            Error::malformed(format!("{why}, at byte {} of {}", inflate.total_in(), input.len()))
        })?;
        let now = usize::try_from(inflate.total_out()).unwrap_or(usize::MAX);
        match status {
            Status::StreamEnd => {
                out.truncate(now);
                return Ok(usize::try_from(inflate.total_in()).unwrap_or(usize::MAX));
            }
            _ if now >= out.len() => room.grow(out)?,
            // No progress, or nothing left to make any from.
            _ if inflate.total_in() >= input.len() as u64 || now == done => return Err(ends(input.len())),
            _ => {}
        }
    }
}

/// Skips a member's header.
fn gzip_body(input: &[u8]) -> Result<&[u8]> {
    let short = || ends(input.len());
    let (&[a, b, method, flags, ..], mut rest) = input.split_first_chunk::<10>().ok_or_else(short)?;
    if (a, b) != (0x1f, 0x8b) {
        return Err(Error::malformed(format!("not a gzip stream, begins with {a:02x} {b:02x}")));
    }
    if method != 8 || flags & 0xe0 != 0 {
        return Err(Error::malformed(format!("unknown gzip method {method} or flags {flags:#04x}")));
    }
    if flags & 4 != 0 {
        let (len, tail) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        rest = tail.get(usize::from(u16::from_le_bytes(*len))..).ok_or_else(short)?;
    }
    for bit in [8, 16] {
        if flags & bit != 0 {
            let end = rest.iter().position(|&b| b == 0).ok_or_else(short)?;
            rest = rest.get(end.saturating_add(1)..).ok_or_else(short)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..).ok_or_else(short)?;
    }
    Ok(rest)
}

fn ends(len: usize) -> Error {
    Error::malformed(format!("stream of {len} bytes ends early"))
}

fn checksum(what: &str, stored: u32, found: u32) -> Result<()> {
    if stored == found {
        return Ok(());
    }
    Err(Error::malformed(format!("{what} {found:08x} of the data is not the stored {stored:08x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Written by Python's zlib and gzip modules.
    const ZLIB: &[u8] = b"\x78\xda\x4b\x4c\x4a\x4e\x24\x17\x01\x00\xbc\xbe\x16\xf9";
    const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\x00\x00\xf6\xf9\x81\xed\x06\x00\x00\x00\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xcf\x2f\xca\x49\x01\x00\x43\x11\x77\x3a\x05\x00\x00\x00";

    #[test]
    fn streams_of_known_and_unknown_size() {
        let abc = b"abc".repeat(20);
        assert_eq!(zlib(ZLIB, Room::exact(60)).unwrap(), abc);
        assert_eq!(zlib(ZLIB, Room::new(None, 100)).unwrap(), abc);
        assert_eq!(gzip(GZIP, Room::exact(11)).unwrap(), b"hello world");
        assert_eq!(gzip(&[GZIP, &[0; 9]].concat(), Room::new(None, 100)).unwrap(), b"hello world");
        let ten_millions = {
            let mut deflate = zlib_rs::Deflate::new(9, true, 15);
            let mut out = vec![0; 1 << 16];
            deflate.compress(&vec![7; 10_000_000], &mut out, zlib_rs::DeflateFlush::Finish).unwrap();
            out
        };
        assert_eq!(zlib(&ten_millions, Room::new(None, 10_000_000)).unwrap(), vec![7; 10_000_000]);
        assert_eq!(zlib(&ten_millions, Room::new(None, 1 << 20)).unwrap_err().kind, crate::Kind::Limit);
        assert_eq!(zlib(&ten_millions, Room::exact(1 << 20)).unwrap_err().kind, crate::Kind::Malformed);
    }

    #[test]
    fn damage_is_noticed() {
        for cut in 0..ZLIB.len() {
            assert!(zlib(&ZLIB[..cut], Room::exact(60)).is_err(), "{cut}");
        }
        for (stream, last) in [(ZLIB, ZLIB.len() - 1), (GZIP, GZIP.len() - 5), (GZIP, GZIP.len() - 1)] {
            let mut stream = stream.to_vec();
            stream[last] ^= 1;
            let room = Room::new(None, 100);
            assert!(if stream[0] == 0x1f { gzip(&stream, room) } else { zlib(&stream, room) }.is_err());
        }
        assert!(zlib(b"", Room::exact(0)).is_err() && gzip(b"", Room::exact(0)).is_err());
        assert!(zlib(GZIP, Room::exact(11)).is_err() && gzip(ZLIB, Room::exact(60)).is_err());
    }
}
