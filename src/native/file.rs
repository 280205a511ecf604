//! A file on this machine.

use std::{
    io::{Read, Seek, SeekFrom},
    ops::Range,
    path::{Component, Path, PathBuf},
    rc::Rc,
};

use bytes::Bytes;

use crate::{
    error::{Error, Pending, Result},
    limits::Limits,
    source::{ByteSource, Identity, check_span},
};

/// A file on this machine, read by position.
#[derive(Debug)]
pub struct File {
    name: String,
    path: PathBuf,
    file: std::fs::File,
    len: u64,
    /// Full path and time of last change, where the system tells both.
    identity: Option<String>,
}

impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// `Missing` or `Source`, with the operating system's words.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let open = || {
            let file = std::fs::File::open(path)?;
            let about = file.metadata()?;
            Ok((file, about))
        };
        let (file, about) =
            open().map_err(|e: std::io::Error| failed(&e, "cannot be opened").in_file(&name))?;
        let identity = std::fs::canonicalize(path).ok().zip(about.modified().ok());
        let identity = identity.map(|(path, changed)| format!("{} {changed:?}", path.display()));
        Ok(Self { name, path: path.to_owned(), file, len: about.len(), identity })
    }

    fn read_span(&self, span: &Range<u64>) -> Result<Bytes> {
        check_span(span, self.len)?;
        let len = Limits::size(span.end - span.start, self.len, "a read")?;
        let mut buffer = Limits::room(len, "a read")?;
        // Not by position: that would want zeros in the buffer first.
        let mut read = || {
            (&self.file).seek(SeekFrom::Start(span.start))?;
            (&self.file).take(len as u64).read_to_end(&mut buffer)?;
            if buffer.len() == len { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
        };
        read().map_err(|e| failed(&e, "cannot be read").offset(span.start))?;
        Ok(buffer.into())
    }
}

/// An operating system's error, sorted by who can mend it.
pub(super) fn failed(error: &std::io::Error, what: &str) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::missing(format!("{what}: no such file")),
        std::io::ErrorKind::PermissionDenied => Error::source(format!("{what}: permission denied"))
            .hint("allow reading of the file, then try again"),
        _ => Error::source(format!("{what}: {error}")),
    }
}

#[cfg(unix)]
pub(super) fn read_at(file: &std::fs::File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(not(unix))]
pub(super) fn read_at(mut file: &std::fs::File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}

impl ByteSource for File {
    fn len(&self) -> u64 {
        self.len
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Option<Identity> {
        let text = format!("{} {}", self.identity.as_ref()?, self.len);
        Some(Identity { text, exact: true })
    }

    fn batch(&self) -> u64 {
        4 << 20
    }

    fn sibling<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Rc<dyn ByteSource>>> {
        Box::pin(async move {
            let below = Path::new(path);
            let plain = below.components().all(|part| matches!(part, Component::Normal(_)));
            let other = self.path.parent().unwrap_or(Path::new("")).join(below);
            if path.is_empty() || !plain || !other.is_file() {
                return Ok(None);
            }
            Ok(Some(Rc::new(Self::open(&other)?) as Rc<dyn ByteSource>))
        })
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        Box::pin(async move {
            spans
                .iter()
                .map(|span| self.read_span(span).map_err(|e| e.in_file(&self.name)))
                .collect::<Result<_>>()
        })
    }
}
