//! Session bundles on their way in: a viewer may upload one for each request that was made, once.

use super::{BUNDLE_LIMIT, MAGIC, endpoint::Answer, event::Event};

/// Requests for a bundle that are open.
#[derive(Debug, Default)]
pub struct Uploads {
    open: Vec<(String, String, u64)>,
}

/// An upload that may go on: read `length` bytes, then [`finish`](Upload::finish).
#[derive(Debug, PartialEq, Eq)]
pub struct Upload {
    /// Whose bundle it is.
    pub viewer: String,
    /// The request it answers.
    pub request: String,
    /// How many bytes follow.
    pub length: usize,
}

impl Uploads {
    /// Expects a bundle until a time, in milliseconds since 1970.
    pub fn expect(&mut self, viewer: &str, request: &str, until: u64) {
        self.open.push((viewer.to_owned(), request.to_owned(), until));
    }

    /// An upload begins: from the address's query and the declared length. The request is used up whatever comes of it, and with the
    /// answer may come an event, as the reference's server does.
    ///
    /// # Errors
    /// The answer to give instead of reading the body.
    pub fn begin(
        &mut self,
        viewer: &str,
        request: &str,
        length: Option<u64>,
        now: u64,
    ) -> Result<Upload, Answer> {
        if viewer.is_empty() || request.is_empty() {
            return Err(Answer::json(r#"{"status": "error", "message": "Missing viewerId/requestId"}"#));
        }
        self.open.retain(|(_, _, until)| *until > now);
        let found = self.open.iter().position(|(v, r, _)| v == viewer && r == request);
        let Some(found) = found else {
            return Err(Answer::text(404, "No pending session bundle request (viewerId/requestId)"));
        };
        self.open.swap_remove(found);
        match length.and_then(|length| usize::try_from(length).ok()) {
            None | Some(0) => Err(Answer::text(411, "Missing Content-Length")),
            Some(length) if length > BUNDLE_LIMIT => Err(Answer::text(413, "Session bundle too large")),
            Some(length) => Ok(Upload { viewer: viewer.to_owned(), request: request.to_owned(), length }),
        }
    }
}

impl Upload {
    /// All bytes are there, or as many as came (`received`; `head` are the first of them, 17 or more where there are so many): the
    /// answer, and the event for the viewer's hooks. `path` says where they are kept.
    pub fn finish(self, head: &[u8], received: u64, path: Option<String>) -> (Answer, Event) {
        let Self { request, length, .. } = self;
        let wrong = if received < length as u64 {
            Some(format!("the body ends after {received} of {length} bytes"))
        } else if !head.starts_with(MAGIC) {
            Some("this is no Cellucid session".to_owned())
        } else {
            None
        };
        match wrong {
            Some(error) => {
                let answer = Answer::text(500, &format!("Failed to receive session bundle: {error}"));
                (answer, Event::SessionBundle { request, outcome: Err(error) })
            }
            None => {
                let answer = Answer::json(&format!(r#"{{"status": "ok", "bytes": {length}}}"#));
                (answer, Event::SessionBundle { request, outcome: Ok((length as u64, path)) })
            }
        }
    }
}
