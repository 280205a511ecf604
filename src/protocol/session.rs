//! The viewer's side: which messages count, what they ask for, what is told in return.

use std::collections::BTreeMap;

use super::{
    MESSAGE_LIMIT, PLAIN_LIMIT,
    command::Command,
    envelope::{Envelope, Fields, same},
    event::{Event, Setting, Snapshot},
    outbox::Outbox,
};
use crate::error::{Error, Result};

/// Numbered messages that came too early wait for the missing ones, up to this many and this many bytes.
const EARLY: (usize, usize) = (64, MESSAGE_LIMIT);

/// Who this viewer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `viewerId`: the key that messages are routed by.
    pub viewer: String,
    /// `viewerToken`: the secret shared with whoever embeds the viewer.
    pub token: String,
}

/// Who listens to events, which decides their form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The reference's server as of 0.0.9: plain lists, one MiB; it would hand the token on to hooks.
    Plain,
    /// Its later releases: they check the token and refuse what they do not know.
    Strict,
    /// Our own relay: packed selections in parts, numbered messages, acknowledgements.
    Relay {
        /// Largest message it takes, in bytes.
        limit: usize,
    },
}

impl Peer {
    /// Largest message, in bytes.
    pub fn limit(&self) -> usize {
        match self {
            Self::Plain | Self::Strict => PLAIN_LIMIT,
            Self::Relay { limit } => *limit,
        }
    }
}

/// What a message asks of the host.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Carry this out. With a number, announce `command_done` or `command_error` with it; without one, only errors.
    Run(Command, Option<u64>),
    /// Announce this.
    Reply(Event),
    /// Nothing: not ours, seen before, or too early.
    Ignore,
}

/// How many messages met which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Commands carried out or answered.
    pub accepted: u64,
    /// Messages of others: without the token.
    pub foreign: u64,
    /// With the token, but not understood: another viewer's, damaged, fields missing or wrong.
    pub refused: u64,
    /// Larger than a message may be.
    pub oversize: u64,
    /// Numbered messages that had come before.
    pub replayed: u64,
    /// Numbered messages that never came, and events given up before they were acknowledged.
    pub lost: u64,
    /// Events sent.
    pub announced: u64,
    /// Hover and console events left out.
    pub thinned: u64,
    /// Events that the other side could not have read.
    pub withheld: u64,
}

/// One viewer's conversation: text in, steps out; events in, text out.
#[derive(Debug)]
pub struct Session {
    who: Identity,
    peer: Peer,
    setting: Setting,
    now: u64,
    next: u64,
    early: BTreeMap<u64, String>,
    early_bytes: usize,
    counts: Counts,
    outbox: Outbox,
}

impl Session {
    /// A conversation that begins.
    pub fn new(who: Identity, peer: Peer, setting: Setting) -> Self {
        let (counts, outbox) = (Counts::default(), Outbox::default());
        Self { who, peer, setting, now: 0, next: 1, early: BTreeMap::new(), early_bytes: 0, counts, outbox }
    }

    /// Says where the viewer runs now.
    pub fn set_setting(&mut self, setting: Setting) {
        self.setting = setting;
    }

    /// Takes a message.
    ///
    /// # Errors
    /// `Malformed` for text that is no JSON object, `Limit` for text that is too long, `Request` for a holder of the token who means
    /// another viewer. A command whose fields are wrong is no error here: the step is to reply with `command_error`.
    pub fn accept(&mut self, message: &str) -> Result<Step> {
        if message.len() > MESSAGE_LIMIT {
            self.counts.oversize += 1;
            let size = message.len();
            return Err(Error::limit(format!(
                "a message of {size} bytes exceeds the limit of {MESSAGE_LIMIT}"
            )));
        }
        let envelope = Envelope::read(message).inspect_err(|_| self.counts.refused += 1)?;
        if !envelope.token.as_deref().is_some_and(|token| same(token, &self.who.token)) {
            self.counts.foreign += 1;
            return Ok(Step::Ignore);
        }
        if envelope.viewer.as_deref() != Some(&self.who.viewer) {
            self.counts.refused += 1;
            return Err(Error::request("the message is for another viewer"));
        }
        let Some(kind) = envelope.kind.filter(|kind| !kind.is_empty()) else {
            self.counts.refused += 1;
            return Err(Error::request("the message has no \"type\""));
        };
        match envelope.seq {
            Some(seq) if seq < self.next || self.early.contains_key(&seq) => {
                self.counts.replayed += 1;
                return Ok(Step::Ignore);
            }
            Some(seq) if seq > self.next => return Ok(self.wait(seq, message)),
            Some(_) => self.next += 1,
            None => {}
        }
        Ok(self.step(kind, envelope.seq, message))
    }

    /// A further step, of a message that waited for the one just accepted. Ask until there is none.
    pub fn due(&mut self) -> Option<Step> {
        let message = self.early.remove(&self.next)?;
        self.early_bytes -= message.len();
        self.next += 1;
        let kind = Envelope::read(&message).ok().and_then(|envelope| envelope.kind).unwrap_or_default();
        Some(self.step(kind, Some(self.next - 1), &message))
    }

    /// Keeps a message until those before it have come; when too many wait, those before it are given up.
    fn wait(&mut self, seq: u64, message: &str) -> Step {
        self.early_bytes += message.len();
        self.early.insert(seq, message.to_owned());
        if self.early.len() > EARLY.0 || self.early_bytes > EARLY.1 {
            let first = self.early.first_key_value().map_or(self.next, |(first, _)| *first);
            self.counts.lost += first - self.next;
            self.next = first;
            return self.due().unwrap_or(Step::Ignore);
        }
        Step::Ignore
    }

    fn step(&mut self, kind: String, seq: Option<u64>, message: &str) -> Step {
        let name = kind.clone();
        match Fields::read(message).and_then(|fields| self.read(kind, fields)) {
            Ok(Some(command)) => {
                self.counts.accepted += 1;
                self.answer(command, seq)
            }
            Ok(None) => Step::Ignore,
            Err(error) => {
                self.counts.refused += 1;
                Step::Reply(Event::CommandError { command: name, reason: error.to_string(), answers: seq })
            }
        }
    }

    /// The command, unless it was for the session itself.
    fn read(&mut self, kind: String, fields: Fields) -> Result<Option<Command>> {
        if kind == "ack" {
            let upto = fields.rest.get("upTo").and_then(serde_json::Value::as_u64);
            self.outbox.arrived(upto.ok_or_else(|| Error::request("ack needs \"upTo\", a number"))?);
            return Ok(None);
        }
        Command::read(kind, fields).map(Some)
    }

    fn answer(&self, command: Command, seq: Option<u64>) -> Step {
        match command {
            Command::Ping { request } => Step::Reply(Event::Pong { request, t: self.now }),
            Command::DebugSnapshot { request } => {
                let mut setting = self.setting.clone();
                setting.location = setting.location.replace(&self.who.token, "…");
                let snapshot = Snapshot { ts: iso(self.now), setting };
                Step::Reply(Event::DebugSnapshot { request, snapshot: Box::new(snapshot) })
            }
            command => Step::Run(command, seq),
        }
    }

    /// The text to send; `None` when the event is left out or has to wait (see [`tick`](Self::tick)). A large selection towards our
    /// own relay takes several messages: ask [`rest`](Self::rest) for the others.
    ///
    /// # Errors
    /// `Limit` when the other side would refuse it for its size, `Unsupported` when it would for its type: nothing is sent, and the user
    /// has to be told.
    pub fn announce(&mut self, event: &Event) -> Result<Option<String>> {
        self.outbox.announce(event, &self.peer, &self.who, self.now)
    }

    /// Further messages of the event just announced.
    pub fn rest(&mut self) -> Option<String> {
        self.outbox.rest()
    }

    /// Says what time it is, in milliseconds since 1970. Returns the hover event that had to wait, if its time has come.
    pub fn tick(&mut self, now: u64) -> Option<String> {
        self.now = now;
        let ripe = self.outbox.ripe(now)?;
        // A hover event is never too large.
        self.announce(&ripe).ok().flatten()
    }

    /// When to [`tick`](Self::tick) again, if something waits.
    pub fn wakes(&self) -> Option<u64> {
        self.outbox.due()
    }

    /// Numbered messages that our own relay has not acknowledged, to be sent again after the connection broke.
    pub fn unacknowledged(&self) -> Vec<String> {
        self.outbox.unacknowledged().map(str::to_owned).collect()
    }

    /// How many messages met which fate.
    pub fn counts(&self) -> Counts {
        let Outbox { announced, thinned, withheld, lost, .. } = self.outbox;
        Counts { announced, thinned, withheld, lost: self.counts.lost + lost, ..self.counts }
    }
}

/// The time as text, to the millisecond, in UTC.
pub(super) fn iso(ms: u64) -> String {
    let (days, ms) = (ms / 86_400_000, ms % 86_400_000);
    // Years are counted from March, so that the leap day is the last of its year; 400 years have 146,097 days.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
}
