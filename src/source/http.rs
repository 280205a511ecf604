//! What a ranged HTTP reply must look like before its bytes are believed: status, span, length, and that the file is still the
//! one that was opened. Pure; those who send requests (`wasm`, the command line) ask here what an answer means.
//!
//! A host that ignores ranges is an error that says how large the file is, never a silent download.

use std::ops::Range;

use super::{Identity, Part};
use crate::error::{Error, Result};

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

    fn encoded(&self) -> Option<&str> {
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

/// A file on a host as its first reply described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Size in bytes.
    pub size: u64,
    etag: Option<String>,
    modified: Option<String>,
    /// The browser hides `Content-Range`: only lengths can be checked.
    blind: bool,
}

/// What the first reply said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    /// The host does ranges; the body holds the bytes from 0 to `min(asked, size)`.
    Known(Remote),
    /// The host does ranges but hides the size: ask for it by HEAD, then [`Remote::blind`].
    Hidden,
}

/// Judges the reply to the first request, for the bytes `0..asked`.
///
/// # Errors
/// What the host did instead of sending them, and what can be done.
pub fn first(head: &Head, asked: u64) -> Result<First> {
    let known = |size| {
        let (etag, modified) = (head.etag.clone(), head.last_modified.clone());
        Ok(First::Known(Remote { size, etag, modified, blind: false }))
    };
    match head.status {
        206 => {
            refuse_encoding(head)?;
            let Some(text) = &head.content_range else { return Ok(First::Hidden) };
            match content_range(text) {
                Some((Some(span), Some(size))) if span == (0..asked.min(size)) && size > 0 => known(size),
                Some((_, None)) => {
                    Err(Error::source(format!("the host hides the file's size ({text:?})")).hint(DOWNLOAD))
                }
                _ => Err(other_bytes(&(0..asked), text)),
            }
        }
        // A file no larger than what was asked for may come whole: nothing more is moved than wanted.
        200 if !head.is_page()
            && head.encoded().is_none()
            && head.content_length.is_some_and(|n| n <= asked) =>
        {
            known(head.content_length.unwrap_or_default())
        }
        416 if matches!(head.content_range.as_deref().map(content_range), Some(Some((None, Some(0))))) => {
            known(0)
        }
        _ => Err(refusal(head)),
    }
}

impl Remote {
    /// A file whose size had to be asked for because the browser hides `Content-Range`; `head` answered HEAD.
    ///
    /// # Errors
    /// `Source` when that reply does not tell the size either.
    pub fn blind(head: &Head) -> Result<Self> {
        if head.status != 200 {
            return Err(refusal(head));
        }
        let hidden = || {
            Error::source("the host does not let this page see the file's size")
                .hint("its owner must send the header `Access-Control-Expose-Headers: Content-Range, Content-Length, ETag`; or download the file and open it from disk")
        };
        let size = head.content_length.filter(|_| head.encoded().is_none()).ok_or_else(hidden)?;
        Ok(Self { size, etag: None, modified: head.last_modified.clone(), blind: true })
    }

    /// What tells the file from others; `label` is its address without anything secret or short-lived.
    pub fn identity(&self, label: &str) -> Identity {
        let validator = self.etag.as_ref().or(self.modified.as_ref());
        let text = format!("{label} {} {}", self.size, validator.map_or("", String::as_str));
        Identity { text, exact: validator.is_some() }
    }

    /// Judges the reply to a request for `span`; the body's length is for [`complete`].
    ///
    /// # Errors
    /// What is wrong with it: other bytes, no ranges any more, a file that has changed.
    pub fn check(&self, head: &Head, span: &Range<u64>) -> Result<()> {
        match (head.status, &head.content_range) {
            (206, Some(text)) => {
                refuse_encoding(head)?;
                let (sent, size) = content_range(text).ok_or_else(|| other_bytes(span, text))?;
                if size.is_some_and(|size| size != self.size) {
                    let size = size.unwrap_or_default();
                    return Err(changed(&format!("it had {} bytes and now has {size}", self.size)));
                }
                self.same(head)?;
                if sent.as_ref() == Some(span) { Ok(()) } else { Err(other_bytes(span, text)) }
            }
            (206, None) if self.blind => self.same(head),
            (206, None) => {
                Err(Error::source("the host sent part of the file without saying which (no Content-Range)")
                    .hint(DOWNLOAD))
            }
            (200, _)
                if *span == (0..self.size) && head.content_length == Some(self.size) && !head.is_page() =>
            {
                self.same(head)
            }
            (416, _) => Err(changed("the host no longer has the bytes asked for")),
            _ => Err(refusal(head)),
        }
    }

    fn same(&self, head: &Head) -> Result<()> {
        let (name, old, new) = match (&self.etag, &head.etag) {
            (Some(old), Some(new)) => ("ETag", Some(old), Some(new)),
            _ => ("Last-Modified", self.modified.as_ref(), head.last_modified.as_ref()),
        };
        match (old, new) {
            (Some(old), Some(new)) if old != new => {
                Err(changed(&format!("{name} was {old} and now is {new}")))
            }
            _ => Ok(()),
        }
    }
}

/// What a host did about a key of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is no such key.
    Absent,
    /// The body is the part, this many bytes long where that is known.
    Body(Option<u64>),
    /// The host does not know "the last bytes": ask for this span instead.
    Instead(Range<u64>),
}

/// Judges the reply to a request for part of a key. Hosts that may not list answer 403 for what is not there, and hosts
/// made for pages send their start page: both mean absent.
///
/// # Errors
/// What the host did instead.
pub fn answer(head: &Head, part: &Part) -> Result<Answer> {
    match (head.status, part) {
        (401 | 403 | 404 | 410, _) => Ok(Answer::Absent),
        (200, _) if head.is_page() => Ok(Answer::Absent),
        // A browser undoes the encoding of a whole file, so its length on the wire says nothing.
        (200, Part::All) => Ok(Answer::Body(head.content_length.filter(|_| head.encoded().is_none()))),
        (200, Part::Span(span)) if span.start == 0 && head.content_length == Some(span.end) => {
            Ok(Answer::Body(head.content_length))
        }
        (200, Part::Last(n)) if head.content_length.is_some_and(|len| len <= *n) => {
            Ok(Answer::Body(head.content_length))
        }
        (200, Part::Last(n)) => match head.content_length {
            Some(len) => Ok(Answer::Instead(len - n..len)),
            None => Err(refusal(head)),
        },
        (206, Part::All) => {
            Err(Error::source("the host sent part of the file where all of it was asked for"))
        }
        (206, Part::Span(_) | Part::Last(_)) => {
            refuse_encoding(head)?;
            let Some(text) = &head.content_range else {
                let len = if let Part::Span(span) = part { Some(span.end - span.start) } else { None };
                return Ok(Answer::Body(len));
            };
            let (sent, size) = content_range(text)
                .ok_or_else(|| Error::source(format!("unreadable Content-Range {text:?}")))?;
            let sent = sent.unwrap_or(0..0);
            let right = match part {
                Part::Span(span) => sent == *span,
                Part::Last(n) => size.is_none_or(|size| sent == (size.saturating_sub(*n)..size)),
                Part::All => false,
            };
            if right {
                Ok(Answer::Body(Some(sent.end - sent.start)))
            } else {
                Err(other_bytes(&asked(part), text))
            }
        }
        (416, Part::Span(span)) => {
            Err(Error::malformed("the file is shorter than its metadata says").offset(span.start))
        }
        (416, _) => Ok(Answer::Body(Some(0))),
        _ => Err(refusal(head)),
    }
}

fn asked(part: &Part) -> Range<u64> {
    match part {
        Part::Span(span) => span.clone(),
        Part::All | Part::Last(_) => 0..0,
    }
}

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
fn content_range(text: &str) -> Option<(Option<Range<u64>>, Option<u64>)> {
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

const DOWNLOAD: &str =
    "download the file and open it from disk, or put it on a host that answers byte ranges";

fn changed(how: &str) -> Error {
    Error::source(format!("the file has changed on the host since it was opened: {how}"))
        .hint("open it again")
}

fn other_bytes(span: &Range<u64>, text: &str) -> Error {
    Error::source(format!("bytes {}..{} were asked for and the host sent {text:?}", span.start, span.end))
        .hint(DOWNLOAD)
}

fn refuse_encoding(head: &Head) -> Result<()> {
    let Some(encoding) = head.encoded() else { return Ok(()) };
    Err(Error::source(format!(
        "the host compresses what it sends ({encoding}), so no part of the file can be found in it"
    ))
    .hint("its owner must serve the file without Content-Encoding; or download it and open it from disk"))
}

/// Why a reply is no bytes of the file.
fn refusal(head: &Head) -> Error {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, headers: &[(&str, &str)]) -> Head {
        Head::new(status, |name| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn small_requests_go_out_together() {
        assert_eq!([0, 8 << 10, 64 << 10, 8 << 20].map(parallel), [6, 32, 16, 6]);
    }

    fn opened() -> Remote {
        let reply =
            head(206, &[("content-range", "bytes 0-99/5000"), ("etag", "\"a\""), ("last-modified", "Mon")]);
        match first(&reply, 100).unwrap() {
            First::Known(remote) => remote,
            First::Hidden => panic!("the size is known"),
        }
    }

    #[test]
    fn the_first_reply_tells_the_size() {
        assert_eq!(opened().size, 5000);
        let small = first(&head(206, &[("content-range", "bytes 0-49/50")]), 100).unwrap();
        assert!(matches!(small, First::Known(Remote { size: 50, .. })));
        let whole = first(&head(200, &[("content-length", "50")]), 100).unwrap();
        assert!(matches!(whole, First::Known(Remote { size: 50, .. })));
        let empty = first(&head(416, &[("content-range", "bytes */0")]), 100).unwrap();
        assert!(matches!(empty, First::Known(Remote { size: 0, .. })));
        assert_eq!(first(&head(206, &[]), 100).unwrap(), First::Hidden);
        assert_eq!(Remote::blind(&head(200, &[("content-length", "7")])).unwrap().size, 7);
    }

    #[test]
    fn every_violation_has_its_own_words() {
        let say = |reply: Head| first(&reply, 100).unwrap_err().to_string();
        let cases = [
            (
                head(200, &[("content-length", "5300000000")]),
                "ignores byte ranges and sends the whole file, 5.3 GB",
            ),
            (head(200, &[]), "ignores byte ranges"),
            (head(200, &[("content-type", "text/html; charset=utf-8")]), "HTML page"),
            (head(404, &[]), "no such file"),
            (head(403, &[]), "refuses access"),
            (head(416, &[("content-range", "bytes */77")]), "416"),
            (head(503, &[]), "failed (status 503)"),
            (head(429, &[]), "too many requests"),
            (head(301, &[]), "status 301"),
            (head(206, &[("content-range", "bytes 10-109/5000")]), "0..100 were asked for"),
            (head(206, &[("content-range", "bytes 0-49/5000")]), "0..100 were asked for"),
            (head(206, &[("content-range", "bytes 0-99/*")]), "hides the file's size"),
            (head(206, &[("content-range", "chapters 1-2/3")]), "chapters 1-2/3"),
            (head(206, &[("content-range", "bytes 0-99/5000"), ("content-encoding", "gzip")]), "compresses"),
        ];
        for (reply, words) in cases {
            let said = say(reply.clone());
            assert!(said.contains(words), "{reply:?}: {said}");
        }
    }

    #[test]
    fn later_replies_have_to_be_of_the_same_file_and_span() {
        let remote = opened();
        let reply = |range: &str, etag: &str| head(206, &[("content-range", range), ("etag", etag)]);
        remote.check(&reply("bytes 100-199/5000", "\"a\""), &(100..200)).unwrap();
        let say = |head: Head| remote.check(&head, &(100..200)).unwrap_err().to_string();
        assert!(say(reply("bytes 100-199/5000", "\"b\"")).contains("ETag was \"a\" and now is \"b\""));
        assert!(say(reply("bytes 100-199/6000", "\"a\"")).contains("had 5000 bytes and now has 6000"));
        assert!(say(reply("bytes 100-199/150", "\"a\"")).contains("had 5000 bytes and now has 150"));
        assert!(say(reply("bytes 0-99/5000", "\"a\"")).contains("100..200 were asked for"));
        assert!(say(reply("bytes 199-100/5000", "\"a\"")).contains("100..200 were asked for"));
        assert!(say(head(206, &[])).contains("without saying which"));
        assert!(say(head(200, &[("content-length", "5000")])).contains("ignores byte ranges"));
        assert!(say(head(416, &[])).contains("no longer has"));
        assert!(say(head(404, &[])).contains("no such file"));
        let dated = head(206, &[("content-range", "bytes 100-199/5000"), ("last-modified", "Tue")]);
        assert!(say(dated).contains("Last-Modified was Mon and now is Tue"));
        assert!(complete(99, 100).unwrap_err().to_string().contains("after 99 of 100 bytes"));
        assert!(complete(101, 100).unwrap_err().to_string().contains("101 bytes or more where 100"));
    }

    #[test]
    fn keys_may_be_absent_in_several_ways() {
        let last = Part::Last(16);
        let span = Part::Span(100..200);
        for reply in [head(404, &[]), head(403, &[]), head(200, &[("content-type", "text/html")])] {
            assert_eq!(answer(&reply, &Part::All).unwrap(), Answer::Absent);
        }
        let whole = head(200, &[("content-length", "5000")]);
        assert_eq!(answer(&whole, &Part::All).unwrap(), Answer::Body(Some(5000)));
        assert_eq!(answer(&whole, &last).unwrap(), Answer::Instead(4984..5000));
        assert!(answer(&whole, &span).unwrap_err().to_string().contains("ignores byte ranges"));
        let part = head(206, &[("content-range", "bytes 100-199/5000")]);
        assert_eq!(answer(&part, &span).unwrap(), Answer::Body(Some(100)));
        assert!(answer(&part, &last).is_err());
        let tail = head(206, &[("content-range", "bytes 4984-4999/5000")]);
        assert_eq!(answer(&tail, &last).unwrap(), Answer::Body(Some(16)));
        assert!(answer(&head(416, &[]), &span).is_err());
        assert!(answer(&head(500, &[]), &Part::All).is_err());
        let zipped = head(200, &[("content-length", "50"), ("content-encoding", "gzip")]);
        assert_eq!(answer(&zipped, &Part::All).unwrap(), Answer::Body(None));
    }

    #[test]
    fn waits_grow_and_hosts_may_ask_for_more_but_not_for_ever() {
        let none = |_: &str| -> Option<u64> { unreachable!("no date was given") };
        assert_eq!([1, 2, 3].map(|n| pause(n, None, none)), [300, 600, 1200]);
        assert_eq!(pause(1, Some("2"), none), 2000);
        assert_eq!(pause(1, Some(" 0 "), none), 0);
        assert_eq!(pause(1, Some("86400"), none), LONGEST_PAUSE);
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        let after = |time| move |text: &str| (text == date).then_some(time);
        assert_eq!(pause(1, Some(date), after(5000)), 5000);
        assert_eq!(pause(1, Some(date), after(u64::MAX)), LONGEST_PAUSE);
        assert_eq!(pause(2, Some(date), after(0)), 600);
        assert_eq!(pause(1, Some("soon"), after(5000)), 300);
        assert_eq!([0, 999, 1000, 2_500_000].map(size), ["0 bytes", "999 bytes", "1.0 kB", "2.5 MB"]);
    }
}
