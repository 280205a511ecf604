//! A file on a host: what its first reply says, and whether later ones are of the same.

use std::ops::Range;

use super::{
    Head,
    refuse::{DOWNLOAD, changed, content_range, other_bytes, refusal, refuse_encoding},
};
use crate::{
    error::{Error, Result},
    source::Identity,
};

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

    /// Judges the reply to a request for `span`; the body's length is for [`complete`](super::complete).
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
