//! Where bytes come from: one file with random access, or many small ones by key.
//!
//! The bottom of the flow; knows nothing of formats. Implementations that need a browser live in
//! `wasm`, those that need a file system in `native`; what is pure (merging, paging, counting, checking
//! a ranged reply) is here.

pub mod address;
pub mod below;
pub mod counted;
pub mod http;
pub mod memory;
pub mod merge;
pub mod paged;
pub mod places;
pub mod rate;
pub mod reach;
pub mod remembered;
pub mod zip;

use std::{ops::Range, rc::Rc};

use bytes::Bytes;

use crate::error::{Pending, Result};

/// What tells a file from others, and from itself at another time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Name, size and whatever else is known.
    pub text: String,
    /// Whether it changes whenever the content does: a time of last change or the like is part of it.
    pub exact: bool,
}

/// One file with random access. Every reader of formats is content with this much:
///
/// ```
/// use bytes::Bytes;
/// use cellucid_wasm::{Pending, source::{ByteSource, check_span}};
/// use std::ops::Range;
///
/// struct Text(Bytes);
///
/// impl ByteSource for Text {
///     fn len(&self) -> u64 {
///         self.0.len() as u64
///     }
///     fn name(&self) -> &str {
///         "text"
///     }
///     fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
///         Box::pin(async move {
///             let part = |span: &Range<u64>| {
///                 check_span(span, self.len())?;
///                 Ok(self.0.slice(span.start as usize..span.end as usize))
///             };
///             spans.iter().map(part).collect()
///         })
///     }
/// }
///
/// let read = cellucid_wasm::native::block_on(Text("AnnData".into()).read(3..7))?;
/// assert_eq!(&read[..], b"Data");
/// # Ok::<(), cellucid_wasm::Error>(())
/// ```
pub trait ByteSource {
    /// Size in bytes.
    fn len(&self) -> u64;

    /// Whether the file is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// File name or URL, for messages.
    fn name(&self) -> &str;

    /// What tells it from other files; `None` when nothing does beyond this visit.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// Whether asking costs a journey, so that what was answered is worth remembering.
    fn is_far(&self) -> bool {
        false
    }

    /// Whether these bytes need not be fetched from anywhere.
    fn at_hand(&self, _span: &Range<u64>) -> bool {
        false
    }

    /// Bytes between two wanted spans that are better read than asked around.
    fn gap(&self) -> u64 {
        16 << 10
    }

    /// Bytes to ask for at a time where there is much to read: one part is decoded while others are on their way. Few where memory that is at
    /// hand is better used again.
    fn batch(&self) -> u64 {
        8 << 20
    }

    /// Seconds that reading so many bytes will take, as far as can be told.
    fn seconds(&self, bytes: u64) -> Option<f64> {
        let _ = bytes;
        None
    }

    /// Exactly the bytes of each span, in order, all under way at once.
    ///
    /// # Errors
    /// `Source` when the bytes cannot be had, `Malformed` when a span lies past the end.
    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>>;

    /// Another file, by its `/`-separated path from the folder that this one is in, without `.` and `..`; `None`
    /// when there is none, or this host knows only the one file.
    ///
    /// # Errors
    /// `Source` when it is there and cannot be had.
    fn sibling<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Rc<dyn ByteSource>>> {
        let _ = path;
        Box::pin(async { Ok(None) })
    }

    /// Exactly the bytes of one span.
    ///
    /// # Errors
    /// As [`read_many`](Self::read_many).
    fn read<'a>(&'a self, span: Range<u64>) -> Pending<'a, Bytes> {
        Box::pin(async move {
            let mut read = self.read_many(std::slice::from_ref(&span)).await?;
            Ok(read.pop().unwrap_or_default())
        })
    }
}

/// Which part of a keyed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    All,
    /// A span of bytes.
    Span(Range<u64>),
    /// The last so many bytes.
    Last(u64),
}

/// Many files by key, as a Zarr store has them. Keys are `/`-separated and relative, without `.` and `..`.
pub trait KeyedSource {
    /// Folder name or URL, for messages.
    fn name(&self) -> &str;

    /// What tells it from other stores; `None` when nothing does beyond this visit.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// Whether asking costs a journey.
    fn is_far(&self) -> bool {
        false
    }

    /// Bytes between two wanted parts of one file that are better read than asked around.
    fn gap(&self) -> u64 {
        32 << 10
    }

    /// Seconds that reading so many bytes will take, as far as can be told.
    fn seconds(&self, bytes: u64) -> Option<f64> {
        let _ = bytes;
        None
    }

    /// Each part, in order, all under way at once; `None` where there is no such key.
    ///
    /// # Errors
    /// `Source` when a host fails otherwise than by saying that the key is absent.
    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>>;

    /// One part; `None` when there is no such key.
    ///
    /// # Errors
    /// As [`get_many`](Self::get_many).
    fn get<'a>(&'a self, key: &'a str, part: Part) -> Pending<'a, Option<Bytes>> {
        Box::pin(async move {
            let wanted = [(key.to_owned(), part)];
            Ok(self.get_many(&wanted).await?.pop().flatten())
        })
    }

    /// Names directly below a prefix (`""` or ending in `/`), folders with a trailing `/`, in an order of the
    /// host's own; `None` when this host cannot list.
    ///
    /// # Errors
    /// `Source` when listing fails.
    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Option<Vec<String>>>;
}

/// Checks that a span lies within a file of `len` bytes.
///
/// # Errors
/// `Malformed`: offsets come from the file itself, so one past its end means a damaged or cut-off file.
pub fn check_span(span: &Range<u64>, len: u64) -> Result<()> {
    if span.start <= span.end && span.end <= len {
        return Ok(());
    }
    Err(crate::error::Error::malformed(format!(
        "bytes {}..{} are wanted but the file has only {len}",
        span.start, span.end
    ))
    .offset(span.start))
}
