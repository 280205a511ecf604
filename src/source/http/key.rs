//! A key of a store on a host: there or not, whole or in part.

use std::ops::Range;

use super::{
    Head,
    refuse::{content_range, other_bytes, refusal, refuse_encoding},
};
use crate::{
    error::{Error, Result},
    source::Part,
};

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
