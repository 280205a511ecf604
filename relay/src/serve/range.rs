//! Which bytes a request wants: the `Range` header, one span at a time.

use std::ops::Range;

/// What a request wants of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it. Also what several spans at once, or a header that makes no sense, are answered with.
    Whole,
    /// These bytes.
    Span(Range<u64>),
    /// Bytes that the file does not have.
    Nothing,
}

/// Reads a `Range` header for a file of `len` bytes.
pub fn wanted(header: Option<&str>, len: u64) -> Wanted {
    let Some(spec) = header.and_then(|h| h.trim().strip_prefix("bytes=")) else { return Wanted::Whole };
    let Some((from, to)) = spec.split_once('-') else { return Wanted::Whole };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (from.trim(), to.trim()) {
        ("", last) => match number(last) {
            Some(0) => Wanted::Nothing,
            Some(_) if len == 0 => Wanted::Nothing,
            Some(last) => Wanted::Span(len.saturating_sub(last)..len),
            None => Wanted::Whole,
        },
        (from, to) => match (number(from), number(to), to.is_empty()) {
            (Some(from), _, _) if from >= len && (to.is_empty() || number(to).is_some()) => Wanted::Nothing,
            (Some(from), None, true) => Wanted::Span(from..len),
            (Some(from), Some(to), _) if from <= to => Wanted::Span(from..to.saturating_add(1).min(len)),
            _ => Wanted::Whole,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_what_they_want() {
        let cases = [
            (None, Wanted::Whole),
            (Some("bytes=0-9"), Wanted::Span(0..10)),
            (Some("bytes=90-"), Wanted::Span(90..100)),
            (Some("bytes=90-500"), Wanted::Span(90..100)),
            (Some("bytes=-10"), Wanted::Span(90..100)),
            (Some("bytes=-1000"), Wanted::Span(0..100)),
            (Some("bytes=99-99"), Wanted::Span(99..100)),
            (Some("bytes=100-"), Wanted::Nothing),
            (Some("bytes=-0"), Wanted::Nothing),
            (Some("bytes=9-0"), Wanted::Whole),
            (Some("bytes=0-1,5-6"), Wanted::Whole),
            (Some("bytes=x-y"), Wanted::Whole),
            (Some("lines=0-9"), Wanted::Whole),
            (Some("bytes=0-18446744073709551615"), Wanted::Span(0..100)),
        ];
        for (header, expected) in cases {
            assert_eq!(wanted(header, 100), expected, "{header:?}");
        }
        assert_eq!(wanted(Some("bytes=0-0"), 0), Wanted::Nothing);
    }
}
