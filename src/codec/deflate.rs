//! Deflate in its three wrappings: zlib (RFC 1950), gzip (RFC 1952) and none (zip archives).

use cellucid_kernels::inflate::{Stop, inflate};

use super::{
    Room,
    checksum::{adler32, crc32},
};
use crate::error::{Error, Result};

/// No stream grows more: deflate's longest match of 258 bytes takes two bits.
const RATIO: usize = 1032;
/// Room behind the end that the decoder wants so that it need not move the data there.
const SLACK: usize = 320;

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
    let out = raw(body, room)?;
    let sum = adler32(&out).to_be_bytes();
    trailer(body, &sum)
        .map(|_| out)
        .ok_or_else(|| Error::malformed("Adler-32 of the data is not the stored one"))
}

/// A gzip stream of one or more members; what follows them is not looked at.
///
/// # Errors
/// As [`zlib`].
pub fn gzip(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let mut body = gzip_body(input)?;
    let mut whole = Vec::new();
    loop {
        let out = raw(body, room.after(whole.len()))?;
        let [a, b, c, d] = crc32(&out).to_le_bytes();
        let [e, f, g, h] = (out.len() as u32).to_le_bytes();
        let rest = trailer(body, &[a, b, c, d, e, f, g, h])
            .ok_or_else(|| Error::malformed("CRC-32 or size of the data is not the stored one"))?;
        if whole.is_empty() {
            whole = out;
        } else {
            whole.extend_from_slice(&out);
        }
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Ok(whole);
        }
        body = gzip_body(rest)?;
    }
}

/// What follows a stream's trailer. The decoder does not tell where a stream ends, but its checksum has to be
/// there: at the end of the input, or where a search finds it.
fn trailer<'a, const N: usize>(body: &'a [u8], sum: &[u8; N]) -> Option<&'a [u8]> {
    if body.ends_with(sum) {
        return Some(&[]);
    }
    let at = body.windows(N).position(|window| window == sum)?;
    body.get(at.saturating_add(N)..)
}

/// A bare deflate stream. It may give less than an exact size.
///
/// # Errors
/// As [`zlib`], without the checksum.
pub fn raw(input: &[u8], room: Room) -> Result<Vec<u8>> {
    let hint = room.guess(input.len(), RATIO).saturating_add(SLACK);
    match inflate(input, hint, room.bound().saturating_add(1)) {
        Ok(out) if out.len() > room.bound() => Err(room.over()),
        Ok(out) => Ok(out),
        Err(Stop::Over) => Err(room.over()),
        Err(Stop::Short(given)) => Err(Error::malformed(format!("deflate stream ends after {given} bytes"))),
        Err(Stop::Damaged(given)) => {
            Err(Error::malformed(format!("deflate stream is damaged after {given} bytes")))
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
        assert_eq!(zlib(&[ZLIB, b"rest"].concat(), Room::exact(60)).unwrap(), abc);
        assert_eq!(gzip(GZIP, Room::exact(11)).unwrap(), b"hello world");
        assert_eq!(gzip(&[GZIP, &[0; 9]].concat(), Room::new(None, 100)).unwrap(), b"hello world");
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
