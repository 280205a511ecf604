//! One error for the whole crate: who can mend it, where it happened, what was found.
//!
//! Every layer adds what it knows on the way up (offset, object, file) and nothing is said twice:
//! the message is a lower-case clause that quotes the offending value.

use std::{
    fmt,
    future::Future,
    ops::{Deref, DerefMut},
    pin::Pin,
    rc::Rc,
};

/// Result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A future of this crate: boxed so that traits stay usable as `dyn`, never `Send`.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The bytes could not be had: network, permission, a file that changed.
    Source,
    /// The bytes contradict their format: damaged, truncated or hostile.
    Malformed,
    /// Valid, but of a form this crate does not read.
    Unsupported,
    /// The object asked for is not there.
    Missing,
    /// Reading on would exceed a bound of [`Limits`](crate::limits::Limits).
    Limit,
    /// The caller asked for something that makes no sense.
    Request,
    /// The caller gave up.
    Cancelled,
}

impl Kind {
    /// The code that JavaScript and Python see.
    pub fn code(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
            Self::Missing => "missing",
            Self::Limit => "limit",
            Self::Request => "request",
            Self::Cancelled => "cancelled",
        }
    }

    /// What to do when nobody on the way up knew anything better.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Source => "check that the file is still there and may be read, then try again",
            Self::Malformed => {
                "the file is damaged or incomplete: copy or download it again, or write it anew"
            }
            Self::Unsupported => "write the file with a current anndata and its default settings",
            Self::Missing => "check the name; `inspect` lists what the file holds",
            Self::Limit => "the file asks for more memory than is allowed: it may be damaged",
            Self::Request => "correct the request",
            Self::Cancelled => "start again when wanted",
        }
    }
}

/// Where an error happened; each part is filled in by the layer that knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// File, folder or URL.
    pub file: Option<String>,
    /// Object in it, such as `X/data` or `obs/cell_type/codes`.
    pub object: Option<String>,
    /// Byte offset in the file.
    pub offset: Option<u64>,
}

/// What went wrong, where, and what to do about it. One pointer wide, because every result has room for it and most hold none.
#[derive(Clone, Debug)]
pub struct Error(Box<Trouble>);

/// What an [`Error`] says; its fields are read and set as the error's own.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// Who can mend it.
    pub kind: Kind,
    /// Lower-case clause without trailing stop, offending value quoted.
    pub message: String,
    /// Where.
    pub at: Place,
    /// What to do, when there is something better to say than [`Kind::advice`].
    pub hint: Option<String>,
    /// What another library said.
    pub cause: Option<Rc<dyn std::error::Error>>,
}

impl Deref for Error {
    type Target = Trouble;

    fn deref(&self) -> &Trouble {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Trouble {
        &mut self.0
    }
}

// Made in hundreds of places and hardly ever: each of them is a call instead of what the call does.
impl Error {
    /// A new error of a kind; the place is added on the way up.
    #[cold]
    #[inline(never)]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self::of(kind, message.into())
    }

    #[cold]
    #[inline(never)]
    fn of(kind: Kind, message: String) -> Self {
        Self(Box::new(Trouble { kind, message, at: Place::default(), hint: None, cause: None }))
    }

    /// The bytes could not be had.
    #[cold]
    #[inline(never)]
    pub fn source(message: impl Into<String>) -> Self {
        Self::new(Kind::Source, message)
    }

    /// The bytes contradict their format.
    #[cold]
    #[inline(never)]
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, message)
    }

    /// A form that is not read.
    #[cold]
    #[inline(never)]
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    /// Not there.
    #[cold]
    #[inline(never)]
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Kind::Missing, message)
    }

    /// Over a bound.
    #[cold]
    #[inline(never)]
    pub fn limit(message: impl Into<String>) -> Self {
        Self::new(Kind::Limit, message)
    }

    /// A senseless request.
    #[cold]
    #[inline(never)]
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(Kind::Request, message)
    }

    /// The caller gave up.
    #[cold]
    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "cancelled")
    }

    /// Whether it says nothing about the file: the line broke, or the caller gave up. What fails so is not missing or damaged, and may be
    /// there at the next try.
    pub fn passing(&self) -> bool {
        matches!(self.kind, Kind::Source | Kind::Cancelled)
    }

    /// Names the file, unless an inner layer already did.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.at.file.get_or_insert_with(|| file.into());
        self
    }

    /// Names the object, unless an inner layer already did.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn at(mut self, object: impl Into<String>) -> Self {
        self.at.object.get_or_insert_with(|| object.into());
        self
    }

    /// Gives the byte offset, unless an inner layer already did.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn offset(mut self, offset: u64) -> Self {
        self.at.offset.get_or_insert(offset);
        self
    }

    /// Says what to do, unless an inner layer already did.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Says what to do, whatever an inner layer said.
    #[must_use]
    pub fn advising(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says something about the message in front of it.
    #[must_use]
    pub fn about(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Keeps what another library said.
    #[must_use]
    pub fn because(mut self, cause: impl std::error::Error + 'static) -> Self {
        self.cause = Some(Rc::new(cause));
        self
    }

    /// What to do about it.
    pub fn advice(&self) -> &str {
        self.hint.as_deref().unwrap_or_else(|| self.kind.advice())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.at.file {
            write!(f, "{file}: ")?;
        }
        if let Some(object) = &self.at.object {
            write!(f, "{object}: ")?;
        }
        write!(f, "{}", self.message)?;
        if let Some(offset) = self.at.offset {
            write!(f, " (at byte {offset})")?;
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
