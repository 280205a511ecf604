//! What a host did instead of sending the bytes asked for, in words, with what can be done about it.

use std::ops::Range;

use super::Head;
use crate::error::{Error, Result};

/// Checks that a body has the length that was announced.
///
/// # Errors
/// `Source`: the connection broke off.
pub fn complete(arrived: usize, wanted: u64) -> Result<()> {
    if arrived as u64 == wanted {
        return Ok(());
    }
    if arrived as u64 > wanted {
        return Err(Error::source(format!("the host sent {arrived} bytes or more where {wanted} were announced"))
            .hint("perhaps it compresses what it sends: its owner must serve the file without Content-Encoding; or download it and open it from disk"));
    }
    Err(Error::source(format!("the connection broke off after {arrived} of {wanted} bytes"))
        .hint("try again"))
}

/// `bytes 0-99/1000` gives the span and the size; `bytes */1000` only the size; `bytes 0-99/*` only the span.
pub(super) fn content_range(text: &str) -> Option<(Option<Range<u64>>, Option<u64>)> {
    let (unit, rest) = text.trim().split_once(' ')?;
    let (span, size) = rest.trim().split_once('/')?;
    let number = |s: &str| s.trim().parse::<u64>().ok();
    let size = if size.trim() == "*" { None } else { Some(number(size)?) };
    let span = match span.trim() {
        "*" => None,
        span => {
            let (from, to) = span.split_once('-')?;
            let (from, to) = (number(from)?, number(to)?);
            // A span past the size is for those to judge who know the size.
            if from > to {
                return None;
            }
            Some(from..to.checked_add(1)?)
        }
    };
    unit.eq_ignore_ascii_case("bytes").then_some((span, size))
}

pub(super) const DOWNLOAD: &str =
    "download the file and open it from disk, or put it on a host that answers byte ranges";

pub(super) fn changed(how: &str) -> Error {
    Error::source(format!("the file has changed on the host since it was opened: {how}"))
        .hint("open it again")
}

pub(super) fn other_bytes(span: &Range<u64>, text: &str) -> Error {
    Error::source(format!("bytes {}..{} were asked for and the host sent {text:?}", span.start, span.end))
        .hint(DOWNLOAD)
}

pub(super) fn refuse_encoding(head: &Head) -> Result<()> {
    let Some(encoding) = head.encoded() else { return Ok(()) };
    Err(Error::source(format!(
        "the host compresses what it sends ({encoding}), so no part of the file can be found in it"
    ))
    .hint("its owner must serve the file without Content-Encoding; or download it and open it from disk"))
}

/// Why a reply is no bytes of the file.
pub(super) fn refusal(head: &Head) -> Error {
    let status = head.status;
    match status {
        200 | 206 if head.is_page() => Error::source("the host sent an HTML page instead of the file")
            .hint("the address may be that of a page about the file: use the address of the download itself"),
        200 | 206 => {
            let size = head.content_length.map_or(String::new(), |n| format!(", {}", size(n)));
            Error::source(format!("the host ignores byte ranges and sends the whole file{size}")).hint(DOWNLOAD)
        }
        404 | 410 => {
            Error::missing(format!("the host has no such file (status {status})")).hint("check the address for typing errors")
        }
        401 | 403 => Error::source(format!("the host refuses access (status {status})"))
            .hint("the address may have expired or need a sign-in: get a new one, or give the headers that the host wants"),
        416 => Error::source("the host cannot send the bytes asked for (status 416)").hint(DOWNLOAD),
        429 => Error::source("the host has had too many requests from here (status 429)").hint("wait a minute, then try again"),
        500..=599 => Error::source(format!("the host failed (status {status})")).hint("try again later"),
        _ => Error::source(format!("the host answered with status {status}")).hint("check the address"),
    }
}

/// A size as people say it.
pub fn size(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    let Some((unit, scale)) = units.into_iter().find(|&(_, scale)| bytes >= scale) else {
        return format!("{bytes} bytes");
    };
    // In whole numbers: rounding of fractions would be ten kilobytes of module for this line.
    let tenths = bytes.saturating_add(scale / 20) / (scale / 10);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}
