//! A file on this machine.

use std::{ops::Range, path::Path};

use bytes::Bytes;

use crate::{
    error::{Error, Pending, Result},
    limits::Limits,
    source::{ByteSource, check_span},
};

/// A file on this machine, read by position.
#[derive(Debug)]
pub struct File {
    name: String,
    file: std::fs::File,
    len: u64,
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
            let len = file.metadata()?.len();
            Ok((file, len))
        };
        let (file, len) =
            open().map_err(|e: std::io::Error| failed(&e, "cannot be opened").in_file(&name))?;
        Ok(Self { name, file, len })
    }

    fn read_span(&self, span: &Range<u64>) -> Result<Bytes> {
        check_span(span, self.len)?;
        let len = Limits::size(span.end - span.start, self.len, "a read")?;
        let mut buffer = Limits::filled(len, 0_u8, "a read")?;
        read_at(&self.file, &mut buffer, span.start)
            .map_err(|e| failed(&e, "cannot be read").offset(span.start))?;
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
fn read_at(file: &std::fs::File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(not(unix))]
fn read_at(mut file: &std::fs::File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
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

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        Box::pin(async move {
            spans
                .iter()
                .map(|span| self.read_span(span).map_err(|e| e.in_file(&self.name)))
                .collect::<Result<_>>()
        })
    }
}
