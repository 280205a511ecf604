//! The superblock: where the root is and how wide addresses are. Versions 0 to 3, behind a user block or not.
//!
//! HDF5 File Format Specification, section II.A.

use std::ops::Range;

use bytes::Bytes;

use super::{
    cursor::{Cursor, Widths},
    space::Space,
};
use crate::error::{Error, Result};

/// What every HDF5 file has at byte 0, 512, 1024, 2048 and so on.
pub const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";
/// More than any superblock is long.
const LONGEST: u64 = 128;
/// Bytes read first: they tell what a file is that is not HDF5, and hold most superblocks.
const FIRST: u64 = 2048;

/// What the superblock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Widths of addresses and lengths.
    pub widths: Widths,
    /// Where all addresses count from: the place of the superblock itself, whatever it says, so that a file with
    /// something put in front of it stays readable (the reference library does the same).
    pub base: u64,
    /// Address of the root group's header.
    pub root: u64,
    /// Address of the superblock extension's header.
    pub extension: Option<u64>,
    /// End of the file in bytes from its very beginning, and whether a writer may not have brought it up to date.
    pub end: u64,
    /// A writer had the file open and readers were allowed in: the end may not be right.
    pub growing: bool,
    /// Half the children of a group's B-tree node, and half the links of its leaf.
    pub group_k: (u16, u16),
    /// Half the children of a chunk B-tree's node.
    pub chunk_k: u16,
}

/// Looks for the superblock where the format allows it: at 0, 512, 1024, 2048 and so on.
///
/// # Errors
/// `Malformed` when there is none, saying what the file is instead; `Source`.
pub async fn find(space: &Space) -> Result<Superblock> {
    let len = space.len();
    let head = if len == 0 { Bytes::new() } else { space.peek(0, FIRST).await? };
    let mut at = 0_u64;
    while at < len {
        let near =
            at.checked_add(LONGEST.min(len.saturating_sub(at))).filter(|&end| end <= head.len() as u64);
        let bytes = match near {
            Some(end) => slice(&head, at..end),
            None => space.peek(at, LONGEST).await?,
        };
        if bytes.starts_with(&SIGNATURE) {
            return decode(&bytes, at);
        }
        at = if at == 0 { 512 } else { at.saturating_mul(2) };
        // Each further place is a request of its own, for nothing where the file is a zip archive.
        if at >= FIRST && (head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")) {
            break;
        }
    }
    Err(refuse(&head, len))
}

fn slice(bytes: &Bytes, span: Range<u64>) -> Bytes {
    let end = usize::try_from(span.end).unwrap_or(usize::MAX).min(bytes.len());
    let start = usize::try_from(span.start).unwrap_or(usize::MAX).min(end);
    bytes.slice(start..end)
}

/// Decodes a superblock that was found at byte `base`.
///
/// # Errors
/// `Malformed` or `Unsupported`, with the offset.
pub fn decode(bytes: &[u8], base: u64) -> Result<Superblock> {
    let narrow = Widths { offset: 8, length: 8 };
    let mut c = Cursor::new(bytes, base, narrow, "superblock");
    c.skip(SIGNATURE.len())?;
    let version = c.version(&[0, 1, 2, 3])?;
    if version < 2 {
        c.skip(4)?;
    }
    let widths = Widths { offset: c.u8()?, length: c.u8()? };
    for width in [widths.offset, widths.length] {
        if ![2, 4, 8].contains(&width) {
            return Err(c.foreign(format!("addresses or lengths of {width} bytes")));
        }
    }
    let mut c = {
        let at = c.position();
        let mut wide = Cursor::new(bytes, base, widths, "superblock");
        wide.skip(at)?;
        wide
    };
    let mut found = Superblock {
        widths,
        base,
        root: 0,
        extension: None,
        end: 0,
        growing: false,
        group_k: (16, 4),
        chunk_k: 32,
    };
    let claimed;
    if version < 2 {
        c.skip(1)?;
        let leaf = c.u16()?;
        found.group_k = (c.u16()?, leaf);
        c.skip(4)?;
        if version == 1 {
            found.chunk_k = c.u16()?;
            c.skip(2)?;
        }
        claimed = c.defined()?;
        c.address()?;
        found.end = c.defined()?;
        c.address()?;
        // The root's symbol table entry: name, then header.
        c.length()?;
        found.root = c.defined()?;
    } else {
        let flags = c.u8()?;
        found.growing = version == 3 && flags & 1 == 1 && flags & 4 == 4;
        claimed = c.defined()?;
        found.extension = c.address()?;
        found.end = c.defined()?;
        found.root = c.defined()?;
        c.checksum()?;
    }
    // The end counts from the very beginning, as it was when the file was written.
    found.end = found.end.saturating_sub(claimed).saturating_add(base);
    Ok(found)
}

/// What a file that is not HDF5 looks like, as an error.
pub fn refuse(first: &[u8], len: u64) -> Error {
    let text = first.trim_ascii_start();
    let starts =
        |mark: &str| text.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark.as_bytes()));
    let (looks, hint) = match first {
        [] => ("it is empty", "copy or download it again"),
        [0x1f, 0x8b, ..] => ("it is gzip-compressed", "unpack it with gunzip, then open the .h5ad inside"),
        [b'P', b'K', 3 | 5, ..] => (
            "it is a zip archive",
            "unpack it and open what is inside: only Zarr stores are read from archives",
        ),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => ("it is xz-compressed", "unpack it with xz -d first"),
        [b'B', b'Z', b'h', ..] => ("it is bzip2-compressed", "unpack it with bunzip2 first"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("it is zstd-compressed", "unpack it with unzstd first"),
        [0x0e, 0x03, 0x13, 0x01, ..] => ("it is HDF4", "convert it to HDF5, for example with h4toh5"),
        [b'C', b'D', b'F', 1 | 2 | 5, ..] => ("it is classic netCDF", "convert it to HDF5 or netCDF-4 first"),
        _ if starts("<!doctype") || starts("<html") => (
            "it is an HTML page",
            "the link leads to a web page or an error message: use the address of the file itself",
        ),
        _ if starts("<?xml") => ("it is XML, perhaps an error message of a server", "check the address"),
        _ if starts("version https://git-lfs") => {
            ("it is a Git LFS pointer, not the file it stands for", "fetch the file with `git lfs pull`")
        }
        _ if text.starts_with(b"{") || text.starts_with(b"[") => {
            ("it looks like JSON, perhaps an error message of a server", "check the file or its address")
        }
        _ if first.iter().all(|&b| b == 0) => {
            ("it begins with zeros", "the copy or download was interrupted: repeat it")
        }
        _ => ("its first bytes are of no form known here", "check that this is the file you mean"),
    };
    Error::malformed(format!("is not an HDF5 file: {looks} ({len} bytes)")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_foreign_file_looks_like() {
        for (first, word) in [
            (&b""[..], "empty"),
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"PK\x03\x04", "zip"),
            (b"\n <!DOCTYPE html><html>", "HTML"),
            (b"{\"message\": \"not found\"}", "JSON"),
            (b"\0\0\0\0", "zeros"),
            (b"X,Y\n1,2\n", "no form known"),
        ] {
            let error = refuse(first, first.len() as u64);
            assert!(error.message.contains(word), "{error}");
            assert!(error.hint.is_some());
        }
    }
}
