//! The side that holds the data and the hooks: events in, answers out, in the words of the reference's server.

use std::collections::HashMap;

use super::{
    PLAIN_LIMIT,
    envelope::{Envelope, same},
    event::Event,
    parts::Parts,
};

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The content type.
    pub media: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    pub(super) fn json(body: &str) -> Self {
        Self { status: 200, media: "application/json", body: body.to_owned() }
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self { status, media: "text/plain", body: body.to_owned() }
    }
}

/// What the events endpoint knows about its viewers.
#[derive(Debug, Default)]
pub struct Endpoint {
    viewers: HashMap<String, Viewer>,
    /// Events that were not delivered: unknown viewer, wrong token, not understood.
    pub refused: u64,
}

#[derive(Debug, Default)]
struct Viewer {
    token: String,
    /// Whether an event without a token counts: the web app of 0.0.9 sends none.
    lenient: bool,
    parts: Parts,
    /// The newest number of those that are numbered.
    seq: u64,
}

impl Endpoint {
    /// Lets a viewer in. `lenient` takes events without a token, as the reference's 0.0.9 web app sends them; a wrong token never counts.
    pub fn admit(&mut self, viewer: &str, token: &str, lenient: bool) {
        self.viewers
            .insert(viewer.to_owned(), Viewer { token: token.to_owned(), lenient, ..Viewer::default() });
    }

    /// A viewer's page was loaded, again perhaps: it counts its messages from 1. Whether there is such a viewer with that token.
    pub fn renew(&mut self, viewer: &str, token: &str) -> bool {
        let Some(viewer) = self.viewers.get_mut(viewer).filter(|viewer| same(token, &viewer.token)) else {
            return false;
        };
        (viewer.seq, viewer.parts) = (0, Parts::default());
        true
    }

    /// Lets a viewer in no longer.
    pub fn dismiss(&mut self, viewer: &str) {
        self.viewers.remove(viewer);
    }

    /// The answer to `GET _cellucid/relay`, by which the page knows that packed selections and numbered messages are understood, and
    /// whether commands can be followed at `_cellucid/commands`. The reference's servers have no such address.
    pub fn about(commands: bool) -> Answer {
        Answer::json(&format!(r#"{{"relay":"cellucid-wasm","limit":{PLAIN_LIMIT},"commands":{commands}}}"#))
    }

    /// The answer to a body that is too large to be read, from its declared length.
    pub fn too_large(length: u64) -> Option<Answer> {
        (length > PLAIN_LIMIT as u64).then(|| Answer::text(413, "Request too large"))
    }

    /// An event's body: the answer, and the event with the viewer it is from, once it is whole.
    pub fn receive(&mut self, body: &[u8]) -> (Answer, Option<(String, Event)>) {
        let taken = self.take(body);
        self.refused += u64::from(taken.is_err());
        match taken {
            Ok(event) => (Answer::json(r#"{"status": "ok", "delivered": true}"#), event),
            Err(answer) => (answer, None),
        }
    }

    fn take(&mut self, body: &[u8]) -> Result<Option<(String, Event)>, Answer> {
        let invalid = |why: &dyn std::fmt::Display| {
            let message = serde_json::json!({"status": "error", "message": format!("Invalid JSON: {why}")});
            Answer::json(&message.to_string())
        };
        let text = std::str::from_utf8(body).map_err(|e| invalid(&e))?;
        let envelope = Envelope::read(text).map_err(|e| {
            // Any other JSON value than an object makes the reference's server stumble.
            match serde_json::from_str::<serde_core::de::IgnoredAny>(text) {
                Ok(_) => Answer::text(500, "Internal server error"),
                Err(_) => invalid(&e),
            }
        })?;
        let Some(id) = envelope.viewer.filter(|id| !id.is_empty()) else {
            return Err(Answer::json(r#"{"status": "error", "message": "Missing viewerId"}"#));
        };
        let unknown = || Answer::json(r#"{"status": "not_found", "delivered": false}"#);
        let viewer = self.viewers.get_mut(&id).ok_or_else(unknown)?;
        let trusted = envelope.token.as_deref().map_or(viewer.lenient, |token| same(token, &viewer.token));
        if !trusted {
            return Err(unknown());
        }
        if let Some(seq) = envelope.seq {
            if seq <= viewer.seq {
                // Sent again because the answer was lost: it has been delivered.
                return Ok(None);
            }
            viewer.seq = seq;
        }
        let event = viewer.parts.take(text).map_err(|e| {
            let message = serde_json::json!({"status": "error", "message": e.to_string()});
            Answer::json(&message.to_string())
        })?;
        Ok(event.map(|event| (id, event)))
    }
}
