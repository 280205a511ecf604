//! Files as replies: types, validators, ranges, and bodies that are read while they are sent.

use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll, ready},
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::{Body, Frame, SizeHint},
    header::{self, HeaderValue},
};
use tokio::task::{JoinHandle, spawn_blocking};

use super::range::{Wanted, wanted};

/// What every reply carries.
pub type Reply = Response<BoxBody<Bytes, io::Error>>;

/// Bytes read and sent at a time: what a slow reader keeps in memory is two of these.
const PIECE: u64 = 128 << 10;

/// A reply of a few bytes.
pub fn whole(status: StatusCode, media: &'static str, body: impl Into<Bytes>) -> Reply {
    let body: Bytes = body.into();
    let mut reply = Response::new(BoxBody::default());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CONTENT_LENGTH, body.len().into());
    *reply.body_mut() = Full::new(body).map_err(|never| match never {}).boxed();
    reply
}

/// A reply in words.
pub fn text(status: StatusCode, words: impl Into<String>) -> Reply {
    whole(status, "text/plain; charset=utf-8", words.into() + "\n")
}

/// The file that a decoded, relative path names below a folder. Nothing above the folder, and nothing hidden but the documents
/// of Zarr stores, can be named.
pub fn below(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut place = folder.to_owned();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let hidden =
            part.starts_with('.') && !matches!(part, ".zgroup" | ".zattrs" | ".zarray" | ".zmetadata");
        if hidden || part.contains(['\\', '\0', ':']) {
            return None;
        }
        place.push(part);
    }
    Some(place)
}

/// A file, or the part of it that is asked for; `None` when there is no such file.
pub async fn reply(path: PathBuf, asked: &HeaderMap, head_only: bool) -> Option<Reply> {
    let media = media(&path);
    let value = |name| asked.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).map(str::to_owned);
    let (known, range, version) =
        (value(header::IF_NONE_MATCH), value(header::RANGE), value(header::IF_RANGE));
    // Opening and the first piece in one go: most replies are no longer.
    let opened = spawn_blocking(move || {
        let file = fs::File::open(&path)?;
        let about = file.metadata()?;
        let (len, tag) = (about.len(), tag(&about));
        let is_known = |known: &String| known.split(',').any(|t| t.trim() == tag || t.trim() == "*");
        let unchanged = known.as_ref().is_some_and(is_known);
        // A range of another version of the file is of no use to anyone.
        let range = range.as_deref().filter(|_| version.as_ref().is_none_or(|version| *version == tag));
        let wanted = wanted(range, len);
        let span = match &wanted {
            _ if head_only || unchanged || !about.is_file() => 0..0,
            Wanted::Whole => 0..len,
            Wanted::Span(span) => span.clone(),
            Wanted::Nothing => 0..0,
        };
        let body = Pieces::open(file, span)?;
        Ok::<_, io::Error>((about, tag, unchanged, wanted, body))
    });
    let (about, tag, unchanged, wanted, body) = match opened.await.ok()? {
        Ok(opened) => opened,
        Err(e) => return unopened(&e),
    };
    if !about.is_file() {
        return None;
    }
    let len = about.len();
    let mut reply = Response::new(BoxBody::default());
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if unchanged {
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        return Some(reply);
    }
    let span = match wanted {
        Wanted::Whole => 0..len,
        Wanted::Span(span) => {
            *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
            let range = format!("bytes {}-{}/{len}", span.start, span.end.saturating_sub(1));
            reply.headers_mut().insert(header::CONTENT_RANGE, HeaderValue::from_str(&range).ok()?);
            span
        }
        Wanted::Nothing => {
            let mut reply = text(StatusCode::RANGE_NOT_SATISFIABLE, "the file has no such bytes");
            let size = HeaderValue::from_str(&format!("bytes */{len}")).ok()?;
            reply.headers_mut().insert(header::CONTENT_RANGE, size);
            return Some(reply);
        }
    };
    reply.headers_mut().insert(header::CONTENT_LENGTH, (span.end - span.start).into());
    if !head_only {
        *reply.body_mut() = body.boxed();
    }
    Some(reply)
}

/// What to say of a file that cannot be opened. Only what is sure not to be there is said not to be: of a Zarr store that would mean
/// zeros.
fn unopened(error: &io::Error) -> Option<Reply> {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied};
    match error.kind() {
        NotFound | NotADirectory | InvalidFilename | InvalidInput => None,
        PermissionDenied => Some(text(StatusCode::FORBIDDEN, "permission denied")),
        _ => {
            let mut reply =
                text(StatusCode::SERVICE_UNAVAILABLE, format!("the file cannot be opened: {error}"));
            reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            Some(reply)
        }
    }
}

/// Changes when the file does.
fn tag(about: &fs::Metadata) -> String {
    let age = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("\"{:x}-{:x}\"", about.len(), age.map_or(0, |age| age.as_nanos()))
}

fn media(path: &Path) -> &'static str {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" | "zgroup" | "zattrs" | "zarray" | "zmetadata" => "application/json",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "txt" | "md" | "ts" => "text/plain; charset=utf-8",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        _ => "application/octet-stream",
    }
}

/// A span of a file, read one piece ahead. No thread waits for a reader that takes its time.
struct Pieces {
    file: Option<fs::File>,
    /// What has not been asked of the file.
    rest: Range<u64>,
    next: Option<Bytes>,
    reading: Option<JoinHandle<io::Result<(fs::File, Bytes)>>>,
    left: u64,
}

impl Pieces {
    /// Reads the first piece; for a thread that may wait.
    fn open(mut file: fs::File, span: Range<u64>) -> io::Result<Self> {
        let left = span.end - span.start;
        let mut rest = span;
        let mut next = None;
        if left > 0 {
            file.seek(SeekFrom::Start(rest.start))?;
            next = Some(piece(&mut file, &rest)?);
            rest.start = rest.end.min(rest.start + PIECE);
        }
        Ok(Self { file: Some(file), rest, next, reading: None, left })
    }

    fn read_on(&mut self) {
        if !self.rest.is_empty()
            && let Some(mut file) = self.file.take()
        {
            let rest = self.rest.clone();
            self.rest.start = rest.end.min(rest.start + PIECE);
            self.reading = Some(spawn_blocking(move || piece(&mut file, &rest).map(|piece| (file, piece))));
        }
    }

    fn give(&mut self, piece: Bytes) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.left = self.left.saturating_sub(piece.len() as u64);
        self.read_on();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

/// The first piece of a span, from where the file stands.
fn piece(file: &mut fs::File, span: &Range<u64>) -> io::Result<Bytes> {
    let mut piece = vec![0; (span.end - span.start).min(PIECE) as usize];
    file.read_exact(&mut piece)?;
    Ok(piece.into())
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(first) = self.next.take() {
            return self.give(first);
        }
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        match read.map_err(io::Error::other).flatten() {
            Ok((file, piece)) => {
                self.file = Some(file);
                self.give(piece)
            }
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out() {
        let root = Path::new("/srv");
        assert_eq!(below(root, "a/b.bin"), Some("/srv/a/b.bin".into()));
        assert_eq!(below(root, "//a//.zgroup"), Some("/srv/a/.zgroup".into()));
        for path in ["..", "a/../../etc", ".git/config", "a\\..\\b", "c:", "a/./b", "a\0b"] {
            assert_eq!(below(root, path), None, "{path}");
        }
    }
}
