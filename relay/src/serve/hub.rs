//! Viewers and those who follow them: commands go in, events come out, in the words of `doc/PROTOCOL.md`.
//!
//! No sockets here: `talk` moves bodies and streams. One lock, held for moments.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use cellucid_wasm::{
    Error, Result,
    protocol::{Answer, Endpoint, Event, Upload, Uploads, same},
};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::log::Log;
use crate::clock;

/// Most viewers at a time.
const VIEWERS: usize = 1000;
/// How long an uploaded session is waited for, in milliseconds: as long as the reference waits at most.
const PATIENCE: u64 = 3_600_000;
/// Most uploaded sessions kept.
const BUNDLES: usize = 16;

/// Everyone who talks.
pub struct Hub {
    /// What a client has to show.
    token: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    endpoint: Endpoint,
    uploads: Uploads,
    viewers: HashMap<String, Viewer>,
    /// Sessions that were uploaded, by the request's id: the newest last.
    bundles: Vec<(String, PathBuf)>,
}

#[derive(Default)]
struct Viewer {
    token: String,
    events: Log,
    commands: Log,
    /// Counts the times that the viewer's page was loaded.
    load: u64,
    /// The last command that took effect, or was refused, before the present load.
    base: u64,
    /// The same, by now.
    answered: u64,
}

/// Messages after a number, and a watch on the next.
pub struct Followed {
    /// Number and text of each, oldest first.
    pub messages: Vec<(u64, Bytes)>,
    /// Changes when there are more.
    pub more: watch::Receiver<u64>,
}

impl Hub {
    /// A hub whose clients show this token.
    pub fn new(token: String) -> Self {
        Self { token, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done by a panic: each change below is a single step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a client is one.
    pub fn trusts(&self, shown: Option<&str>) -> bool {
        shown.is_some_and(|shown| same(shown, &self.token))
    }

    /// Lets a new viewer in: its id and token.
    ///
    /// # Errors
    /// `Limit` when there are too many.
    pub fn admit(&self) -> Result<(String, String)> {
        let (id, token) = (random(8)?, random(16)?);
        let mut state = self.state();
        if state.viewers.len() >= VIEWERS {
            return Err(Error::limit(format!("there are {VIEWERS} viewers already"))
                .hint("dismiss those that are no longer looked at"));
        }
        state.endpoint.admit(&id, &token, false);
        state.viewers.insert(id.clone(), Viewer { token: token.clone(), ..Viewer::default() });
        Ok((id, token))
    }

    /// Sends a viewer away; whether there was one.
    pub fn dismiss(&self, viewer: &str) -> bool {
        let mut state = self.state();
        state.endpoint.dismiss(viewer);
        state.viewers.remove(viewer).is_some()
    }

    /// All viewers' ids.
    pub fn viewers(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.state().viewers.keys().cloned().collect();
        ids.sort_unstable();
        ids
    }

    /// A viewer's page is there, again perhaps: its numbers begin anew.
    pub fn greet(&self, viewer: &str, token: &str) {
        let mut state = self.state();
        if !state.endpoint.renew(viewer, token) {
            return;
        }
        if let Some(viewer) = state.viewers.get_mut(viewer) {
            viewer.load += 1;
            viewer.base = viewer.answered;
            viewer.commands.arrived(viewer.answered);
        }
    }

    /// Takes an event's body.
    pub fn event(&self, body: &[u8]) -> Answer {
        let mut state = self.state();
        let (answer, event) = state.endpoint.receive(body);
        if let Some((viewer, event)) = event {
            state.tell(&viewer, event);
        }
        answer
    }

    /// Gives a viewer a command: its number. A request without an id gets one.
    ///
    /// # Errors
    /// `Missing` for an unknown viewer, `Request` for what is no command, `Limit` when too many wait because no page listens.
    pub fn command(&self, viewer: &str, body: &[u8]) -> Result<(u64, Option<String>)> {
        let mut command: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|e| Error::request("a command is a JSON object").because(e))?;
        let kind = command.get("type").and_then(Value::as_str).filter(|kind| !kind.is_empty());
        let kind = kind.ok_or_else(|| Error::request("a command needs a \"type\""))?.to_owned();
        let mut request = None;
        if matches!(kind.as_str(), "requestSessionBundle" | "ping" | "debug_snapshot") {
            let id = match command.get("requestId").and_then(Value::as_str) {
                Some(id) if !id.is_empty() => id.to_owned(),
                _ => random(16)?,
            };
            command.insert("requestId".into(), id.clone().into());
            request = Some(id);
        }
        let mut state = self.state();
        let State { viewers, uploads, .. } = &mut *state;
        let unknown = || Error::missing(format!("no viewer is called \"{viewer}\""));
        let listening = viewers.get_mut(viewer).ok_or_else(unknown)?;
        command.insert("viewerId".into(), viewer.into());
        command.insert("viewerToken".into(), listening.token.clone().into());
        command.remove("seq");
        let text = Value::Object(command).to_string();
        if !listening.commands.has_room(text.len()) {
            return Err(Error::limit("too many commands wait for the viewer")
                .hint("open its page, so that somebody listens"));
        }
        if let (Some(id), "requestSessionBundle") = (&request, kind.as_str()) {
            uploads.expect(viewer, id, clock::millis() + PATIENCE);
        }
        Ok((listening.commands.push(text.into(), false), request))
    }

    /// Events of a viewer after a number.
    pub fn events(&self, viewer: &str, after: u64) -> Option<Followed> {
        let state = self.state();
        let events = &state.viewers.get(viewer)?.events;
        Some(Followed { messages: events.after(after).collect(), more: events.watch() })
    }

    /// Where a viewer's page goes on: after a command of this load, or with the first that has had no answer. `None` for whoever does
    /// not know the token.
    pub fn resume(&self, viewer: &str, token: &str, last: Option<&str>) -> Option<(u64, u64)> {
        let state = self.state();
        let viewer = state.viewers.get(viewer).filter(|viewer| same(token, &viewer.token))?;
        let last = last.and_then(|last| last.split_once('.')).and_then(|(load, number)| {
            (load.parse() == Ok(viewer.load)).then(|| number.parse::<u64>().ok()).flatten()
        });
        Some((viewer.load, last.unwrap_or(viewer.base)))
    }

    /// Commands for a load of a viewer's page after a number, as the page reads them; `None` once another load has begun.
    pub fn commands(&self, viewer: &str, load: u64, after: u64) -> Option<Followed> {
        let state = self.state();
        let viewer = state.viewers.get(viewer).filter(|viewer| viewer.load == load)?;
        let numbered = |(number, text): (u64, Bytes)| {
            let mut whole = Vec::with_capacity(text.len() + 24);
            whole.extend_from_slice(text.get(..text.len().saturating_sub(1)).unwrap_or_default());
            whole.extend_from_slice(format!(",\"seq\":{}}}", number - viewer.base).as_bytes());
            (number, Bytes::from(whole))
        };
        let messages = viewer.commands.after(after).map(numbered).collect();
        Some(Followed { messages, more: viewer.commands.watch() })
    }

    /// A session's upload begins.
    ///
    /// # Errors
    /// The answer to give instead.
    pub fn upload(
        &self,
        viewer: &str,
        request: &str,
        length: Option<u64>,
    ) -> std::result::Result<Upload, Answer> {
        self.state().uploads.begin(viewer, request, length, clock::millis())
    }

    /// A session's upload has ended: `head` are its first bytes, of which `received` came in all and lie at `path`.
    pub fn uploaded(&self, upload: Upload, head: &[u8], received: u64, path: PathBuf) -> Answer {
        let (viewer, request) = (upload.viewer.clone(), upload.request.clone());
        let (answer, event) = upload.finish(head, received, Some(path.display().to_string()));
        let mut state = self.state();
        if answer.status == 200 {
            state.bundles.push((request, path));
            while state.bundles.len() > BUNDLES {
                std::fs::remove_file(state.bundles.remove(0).1).ok();
            }
        } else {
            std::fs::remove_file(path).ok();
        }
        state.tell(&viewer, event);
        answer
    }

    /// Where an uploaded session lies.
    pub fn bundle(&self, request: &str) -> Option<PathBuf> {
        let state = self.state();
        state.bundles.iter().find(|(id, _)| id == request).map(|(_, path)| path.clone())
    }

    /// What clients show.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The server ends: viewers are told that the data go away.
    pub fn end(&self) {
        for id in self.viewers() {
            self.command(&id, br#"{"type":"freeze"}"#).ok();
        }
    }

    /// Removes uploaded sessions from the disk.
    pub fn forget(&self) {
        for (_, path) in self.state().bundles.drain(..) {
            std::fs::remove_file(path).ok();
        }
    }
}

impl State {
    fn tell(&mut self, viewer: &str, mut event: Event) {
        let Some(from) = self.viewers.get_mut(viewer) else { return };
        if let Event::CommandDone { answers } | Event::CommandError { answers: Some(answers), .. } =
            &mut event
        {
            // The page counts from its load on, clients from the viewer's first command.
            *answers += from.base;
            from.answered = from.answered.max(*answers);
            from.commands.arrived(from.answered);
        }
        let mut told = Map::from_iter([("type".to_owned(), Value::from(event.name()))]);
        told.extend(event.payload());
        if let Event::Selection { cells, .. } = &event {
            told.insert("cells".into(), json!(cells));
        }
        told.insert("viewerId".into(), viewer.into());
        from.events.push(Value::Object(told).to_string().into(), event.is_lossy());
    }
}

/// So many random bytes, as hexadecimal digits.
///
/// # Errors
/// `Source` when the system has none.
pub fn random(bytes: usize) -> Result<String> {
    let mut drawn = vec![0; bytes];
    getrandom::fill(&mut drawn)
        .map_err(|e| Error::source(format!("the system gives no random numbers: {e}")))?;
    Ok(drawn.iter().map(|byte| format!("{byte:02x}")).collect())
}
