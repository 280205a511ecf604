//! The central directory of a zip archive, read from slices.
//!
//! Format: PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3. All numbers are little-endian.

use std::{collections::BTreeMap, ops::Range};

use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// Bytes of the end record without its comment, and of the comment at most.
pub(super) const END: u64 = 22;
const COMMENT: u64 = 65_535;
/// Bytes of what points to the end record of large archives, and of that record.
const LOCATOR: u64 = 20;
const END64: u64 = 56;
/// Bytes of an archive's end that hold the end record and the locator for certain.
pub(super) const TAIL: u64 = END + COMMENT + LOCATOR;
/// Bytes of a local header in front of name and extra field.
pub(super) const LOCAL: u64 = 30;

/// One file in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where its local header is.
    pub offset: u64,
    /// Bytes in the archive.
    pub stored: u64,
    /// Bytes of the file.
    pub size: u64,
    pub crc: u32,
    pub method: u16,
    pub encrypted: bool,
    /// Bytes of name and extra field here; the local header has about as many.
    pub names: u64,
}

/// Files by name.
pub(super) type Entries = BTreeMap<String, Entry>;

/// Where the directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub span: Range<u64>,
    pub count: u64,
    /// Bytes in front of the archive that its offsets do not count.
    shift: u64,
}

/// What an archive's end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Place(Place),
    /// The archive is large: this is where another record says it.
    Record64(Range<u64>),
}

/// A reader of little-endian numbers at fixed places.
pub(super) fn number(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(len)?)?;
    Some(field.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b)))
}

fn damaged(what: &str) -> Error {
    Error::malformed(format!("damaged zip archive: {what}"))
}

/// Finds the end record in the last bytes of an archive, which begin at `start`.
pub(super) fn end(tail: &[u8], start: u64) -> Result<End> {
    let at = (0..=tail.len().saturating_sub(END as usize))
        .rev()
        .find(|&at| {
            let record = tail.get(at..).unwrap_or(&[]);
            let comment = number(record, 20, 2).unwrap_or(u64::MAX);
            record.starts_with(b"PK\x05\x06") && comment.saturating_add(END) <= record.len() as u64
        })
        .ok_or_else(|| {
            Error::malformed("no zip archive, or one that is cut off: it has no end record")
                .hint("copy or download the archive again")
        })?;
    let record = tail.get(at..).unwrap_or(&[]);
    let field = |at, len| number(record, at, len).ok_or_else(|| damaged("short end record"));
    if let Some(locator) = at.checked_sub(LOCATOR as usize).and_then(|at| tail.get(at..))
        && locator.starts_with(b"PK\x06\x07")
    {
        let place = number(locator, 8, 8).ok_or_else(|| damaged("short locator"))?;
        let end = place.checked_add(END64).filter(|&end| end <= start.saturating_add(at as u64));
        let end = end.ok_or_else(|| damaged("its large end record lies past its end"))?;
        return Ok(End::Record64(place..end));
    }
    let (disk, count, size, offset) = (field(4, 4)?, field(10, 2)?, field(12, 4)?, field(16, 4)?);
    if disk != 0 {
        return Err(Error::unsupported("zip archives of several parts are not read"));
    }
    Ok(End::Place(place(start.saturating_add(at as u64), count, size, offset)?))
}

/// Reads the end record of a large archive, which lies at `at`.
pub(super) fn end64(record: &[u8], at: u64) -> Result<Place> {
    if !record.starts_with(b"PK\x06\x06") {
        return Err(damaged("no large end record where one should be"));
    }
    let field = |at| number(record, at, 8).ok_or_else(|| damaged("short large end record"));
    place(at, field(32)?, field(40)?, field(48)?)
}

/// The directory ends where the end record begins.
fn place(end: u64, count: u64, size: u64, offset: u64) -> Result<Place> {
    let wrong = || damaged("its directory lies past its end");
    let start = end.checked_sub(size).ok_or_else(wrong)?;
    let shift = start.checked_sub(offset).ok_or_else(wrong)?;
    Ok(Place { span: start..end, count, shift })
}

/// Reads the directory.
pub(super) fn entries(directory: &[u8], place: &Place, limits: &Limits) -> Result<Entries> {
    if place.count > limits.items as u64 {
        return Err(Error::limit(format!("zip archive of {} files", place.count)));
    }
    let mut entries = Entries::new();
    let mut rest = directory;
    for _ in 0..place.count {
        let short = || damaged("its directory ends early");
        if !rest.starts_with(b"PK\x01\x02") {
            return Err(short());
        }
        let field = |at, len| number(rest, at, len).ok_or_else(short);
        let size = |at| Ok::<usize, Error>(field(at, 2)? as usize);
        let (name, extra, comment) = (size(28)?, size(30)?, size(32)?);
        let tail = rest.get(46..).ok_or_else(short)?;
        let (name, tail) = tail.split_at_checked(name).ok_or_else(short)?;
        let (extra, tail) = tail.split_at_checked(extra).ok_or_else(short)?;
        let mut entry = Entry {
            offset: field(42, 4)?,
            stored: field(20, 4)?,
            size: field(24, 4)?,
            crc: field(16, 4)? as u32,
            method: field(10, 2)? as u16,
            encrypted: field(8, 2)? & 1 == 1,
            names: (name.len() as u64).saturating_add(extra.len() as u64),
        };
        enlarge(&mut entry, extra);
        entry.offset = entry.offset.checked_add(place.shift).ok_or_else(short)?;
        rest = tail.get(comment..).ok_or_else(short)?;
        if let Some(name) = key(name) {
            // A name that comes twice was written again: the later one counts.
            entries.insert(name, entry);
        }
    }
    Ok(entries)
}

/// Takes the fields that did not fit 32 bits from the extra field that has them.
fn enlarge(entry: &mut Entry, extra: &[u8]) {
    let mut rest = extra;
    while let (Some(id), Some(len)) = (number(rest, 0, 2), number(rest, 2, 2)) {
        let Some(field) = rest.get(4..).and_then(|field| field.get(..len as usize)) else { return };
        if id == 1 {
            let mut wide = field.as_chunks::<8>().0.iter().map(|n| u64::from_le_bytes(*n));
            for slot in [&mut entry.size, &mut entry.stored, &mut entry.offset] {
                if *slot == u64::from(u32::MAX) {
                    *slot = wide.next().unwrap_or(*slot);
                }
            }
            return;
        }
        rest = rest.get((len as usize).saturating_add(4)..).unwrap_or(&[]);
    }
}

/// An entry's name as a key; `None` for folders and for what would lead elsewhere.
fn key(name: &[u8]) -> Option<String> {
    // Some archivers of Windows write its own separator.
    let name = String::from_utf8_lossy(name).replace('\\', "/");
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let leads_out = parts.contains(&"..");
    (!name.ends_with('/') && !leads_out && !parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_keys_within_the_archive() {
        let keys = [&b"a/b"[..], b"./a//b", b"/a/b", b"a\\b", b"a/", b"../a", b"a/../b", b"", b"/"].map(key);
        let b = || Some("a/b".to_owned());
        assert_eq!(keys, [b(), b(), b(), b(), None, None, None, None, None]);
    }

    #[test]
    fn wide_fields_stand_in_their_order() {
        let mut entry = Entry {
            offset: u32::MAX.into(),
            stored: 7,
            size: u32::MAX.into(),
            crc: 0,
            method: 0,
            encrypted: false,
            names: 0,
        };
        let extra =
            [&[9, 0, 1, 0, 5][..], &[1, 0, 16, 0], &(5_u64 << 32).to_le_bytes(), &6_u64.to_le_bytes()];
        enlarge(&mut entry, &extra.concat());
        assert_eq!((entry.size, entry.stored, entry.offset), (5 << 32, 7, 6));
    }
}
