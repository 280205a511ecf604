//! What a ranged HTTP reply must look like before its bytes are believed: status, span, length, and that the file is still the
//! one that was opened. Pure; those who send requests (`wasm`, the command line) ask here what an answer means.
//!
//! A host that ignores ranges is an error that says how large the file is, never a silent download.

use std::ops::Range;

mod file;
mod key;
mod refuse;
#[cfg(test)]
mod tests;

pub use file::{First, Remote, first};
pub use key::{Answer, answer};
pub use refuse::{complete, size};

/// How often a request is sent before its failure is reported.
pub const TRIES: u32 = 4;
/// Requests under way at once: what browsers allow per host under HTTP/1.1.
pub const PARALLEL: usize = 6;
/// Small requests handed to a browser at once, and their bytes together: over HTTP/2 all of them go out, over HTTP/1.1 it holds back what
/// is too many, and the next does not have to wait for whoever is busy with an answer.
const MANY: usize = 32;
const FEW_BYTES: u64 = 1 << 20;
/// The first request asks for this much from the start: enough for a header, and it tells the size.
pub const FIRST: u64 = 64 << 10;
/// Longest wait that a host may ask for between two tries, in milliseconds.
const LONGEST_PAUSE: u64 = 20_000;

/// The part of a reply that the rules look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// `Content-Range`, where the browser lets it be seen.
    pub content_range: Option<String>,
    /// `Content-Length`.
    pub content_length: Option<u64>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`, where the browser lets it be seen.
    pub content_encoding: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `Location`, of a redirect that nobody has followed yet.
    pub location: Option<String>,
}

impl Head {
    /// Takes what matters from a reply; `header` looks a header up by its lower-case name.
    pub fn new(status: u16, header: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            status,
            content_range: header("content-range"),
            content_length: header("content-length").and_then(|n| n.trim().parse().ok()),
            content_type: header("content-type"),
            content_encoding: header("content-encoding"),
            etag: header("etag"),
            last_modified: header("last-modified"),
            retry_after: header("retry-after"),
            location: header("location").filter(|_| (300..400).contains(&status)),
        }
    }

    /// Whether trying again may help.
    pub fn transient(&self) -> bool {
        matches!(self.status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
    }

    /// Whether the body is compressed on its way, and by gzip.
    pub fn gzipped(&self) -> bool {
        self.encoded().is_some_and(|encoding| encoding.eq_ignore_ascii_case("gzip"))
    }

    fn is_page(&self) -> bool {
        self.content_type
            .as_deref()
            .is_some_and(|t| t.trim_start().to_ascii_lowercase().starts_with("text/html"))
    }

    /// How the body is compressed on its way, if it is.
    pub fn encoded(&self) -> Option<&str> {
        self.content_encoding.as_deref().filter(|e| !e.is_empty() && !e.eq_ignore_ascii_case("identity"))
    }
}

/// How long to wait before try number `attempt` (1 is the second try), in milliseconds. What a host asks for by `Retry-After` is
/// followed, within bounds: seconds, or a date, of which `left` says how many milliseconds are left until then; `None` for what is none.
/// A date that is over is one of another clock, and says nothing.
pub fn pause(attempt: u32, retry_after: Option<&str>, left: impl FnOnce(&str) -> Option<u64>) -> u64 {
    let ours = 300_u64.saturating_mul(1 << attempt.saturating_sub(1).min(8));
    let asked = retry_after.map(str::trim).and_then(|text| match text.parse::<u64>() {
        Ok(seconds) => Some(seconds.saturating_mul(1000)),
        Err(_) => left(text).map(|time| time.max(ours)),
    });
    asked.unwrap_or(ours).min(LONGEST_PAUSE)
}

/// How many requests to hand to a browser at once when none asks for more than so many bytes.
pub fn parallel(largest: u64) -> usize {
    let fit = FEW_BYTES.checked_div(largest).unwrap_or(0);
    usize::try_from(fit).unwrap_or(MANY).clamp(PARALLEL, MANY)
}

/// The value of a `Range` header.
pub fn range(span: &Range<u64>) -> String {
    format!("bytes={}-{}", span.start, span.end.saturating_sub(1))
}
