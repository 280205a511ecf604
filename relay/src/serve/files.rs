//! Files as replies: types, validators, ranges, and bodies that are read while they are sent.

use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::{Body, Frame, SizeHint},
    header::{self, HeaderValue},
};
use tokio::{sync::mpsc, task::spawn_blocking};

use super::range::{Wanted, wanted};

/// What every reply carries.
pub type Reply = Response<BoxBody<Bytes, io::Error>>;

/// Bytes read and sent at a time.
const PIECE: u64 = 256 << 10;

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
    let opened = spawn_blocking(move || {
        let file = fs::File::open(&path)?;
        let about = file.metadata()?;
        Ok::<_, io::Error>((file, about))
    });
    let (file, about) = match opened.await.ok()? {
        Ok(opened) => opened,
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            return Some(text(StatusCode::FORBIDDEN, "permission denied"));
        }
        Err(_) => return None,
    };
    if !about.is_file() {
        return None;
    }
    let len = about.len();
    let tag = tag(&about);
    let value = |name| asked.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let mut reply = Response::new(BoxBody::default());
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    let known = value(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.split(',').any(|t| t.trim() == tag || t.trim() == "*")) {
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        return Some(reply);
    }
    // A range of another version of the file is of no use to anyone.
    let range = value(header::RANGE).filter(|_| value(header::IF_RANGE).is_none_or(|version| version == tag));
    let span = match wanted(range, len) {
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
        *reply.body_mut() = Pieces::read(file, span).boxed();
    }
    Some(reply)
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
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "txt" | "md" | "ts" => "text/plain; charset=utf-8",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        _ => "application/octet-stream",
    }
}

/// A span of a file, read ahead by two pieces.
struct Pieces {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    left: u64,
}

impl Pieces {
    fn read(mut file: fs::File, span: Range<u64>) -> Self {
        let (sender, receiver) = mpsc::channel(2);
        let left = span.end - span.start;
        spawn_blocking(move || {
            let mut at = span.start;
            let mut sought = file.seek(SeekFrom::Start(at)).map(drop);
            while at < span.end {
                let mut piece = vec![0; (span.end - at).min(PIECE) as usize];
                let read = sought.and_then(|()| file.read_exact(&mut piece)).map(|()| Bytes::from(piece));
                (sought, at) = (Ok(()), at + PIECE);
                let failed = read.is_err();
                // Nobody receives any more when the reader has gone away.
                if sender.blocking_send(read).is_err() || failed {
                    return;
                }
            }
        });
        Self { receiver, left }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.receiver.poll_recv(context).map(|piece| {
            Some(piece?.map(|piece| {
                self.left = self.left.saturating_sub(piece.len() as u64);
                Frame::data(piece)
            }))
        })
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
