//! Events on their way out: what they weigh, which are left out, in which form the other side can read them.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::{
    cells::{self, ascending},
    event::Event,
    parts::PART,
    session::{Identity, Peer},
};
use crate::error::{Error, Result};

/// Least time between two hover events, in milliseconds.
const HOVER: u64 = 50;
/// Most console lines in a second.
const LINES: usize = 20;
/// Most events, and most bytes of them, kept until the relay has said that they arrived.
const KEPT: (usize, usize) = (256, 32 << 20);

/// Events on their way out.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Further messages of the last event.
    rest: VecDeque<String>,
    /// Numbered messages that the relay has not acknowledged.
    kept: VecDeque<(u64, String)>,
    kept_bytes: usize,
    seq: u64,
    hover: Hover,
    /// When the latest console lines went out.
    lines: VecDeque<u64>,
    pub announced: u64,
    pub thinned: u64,
    pub withheld: u64,
    pub lost: u64,
}

/// A message before it is text.
struct Draft<'a> {
    name: &'a str,
    /// How many rows, and their JSON.
    rows: Option<(usize, String)>,
    fields: Map<String, Value>,
    numbered: bool,
}

#[derive(Debug, Default)]
struct Hover {
    sent: Option<(u64, Event)>,
    waiting: Option<Event>,
}

impl Outbox {
    /// The message to send, if the event is to be sent now.
    pub fn announce(&mut self, event: &Event, to: &Peer, who: &Identity, now: u64) -> Result<Option<String>> {
        match event {
            Event::Hover { .. } => {
                if self.hover.sent.as_ref().is_some_and(|(_, last)| last == event) {
                    // Back where it was: what waits in between is of no interest any more.
                    self.thinned += 1 + u64::from(self.hover.waiting.take().is_some());
                    return Ok(None);
                }
                if self.hover_due().is_some_and(|due| now < due) {
                    self.thinned += u64::from(self.hover.waiting.replace(event.clone()).is_some());
                    return Ok(None);
                }
                self.hover = Hover { sent: Some((now, event.clone())), waiting: None };
            }
            Event::Console { .. } => {
                while self.lines.front().is_some_and(|&at| at + 1000 <= now) {
                    self.lines.pop_front();
                }
                if self.lines.len() >= LINES {
                    self.thinned += 1;
                    return Ok(None);
                }
                self.lines.push_back(now);
            }
            // Nobody but our own relay knows these.
            Event::CommandDone { .. } if !matches!(to, Peer::Relay { .. }) => return Ok(None),
            _ => {}
        }
        let texts = self.texts(event, to, who).inspect_err(|_| self.withheld += 1)?;
        self.announced += 1;
        self.rest = texts.into();
        Ok(self.rest.pop_front())
    }

    /// Further messages of the last event.
    pub fn rest(&mut self) -> Option<String> {
        self.rest.pop_front()
    }

    /// When the hover event that waits may go.
    pub fn due(&self) -> Option<u64> {
        self.hover.waiting.as_ref().and(self.hover_due())
    }

    fn hover_due(&self) -> Option<u64> {
        self.hover.sent.as_ref().map(|(at, _)| at + HOVER)
    }

    /// The hover event that waits, if it may go now.
    pub fn ripe(&mut self, now: u64) -> Option<Event> {
        self.due().filter(|&due| due <= now).and_then(|_| self.hover.waiting.take())
    }

    /// The relay has everything up to this number.
    pub fn arrived(&mut self, upto: u64) {
        while self.kept.front().is_some_and(|(seq, _)| *seq <= upto) {
            self.drop_oldest();
        }
    }

    /// What the relay has not acknowledged, in order, to be sent again after the connection broke.
    pub fn unacknowledged(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(|(_, text)| text.as_str())
    }

    fn drop_oldest(&mut self) -> bool {
        let oldest = self.kept.pop_front();
        self.kept_bytes -= oldest.as_ref().map_or(0, |(_, text)| text.len());
        oldest.is_some()
    }

    fn texts(&mut self, event: &Event, to: &Peer, who: &Identity) -> Result<Vec<String>> {
        let name = event.name();
        let numbered = matches!(to, Peer::Relay { .. }) && !event.is_lossy();
        let plain = Draft { name, rows: None, fields: event.payload(), numbered };
        let texts = match (event, to) {
            (Event::Selection { cells, .. }, Peer::Relay { limit }) if cells.len() > cells::FEW => {
                self.packed(&plain, &ascending(cells), *limit, who)?
            }
            (Event::Selection { cells, .. }, _) => {
                // Weighed before it is made.
                let digits: usize = cells.iter().map(|&cell| cell.max(1).ilog10() as usize + 2).sum();
                check(name, cells.len(), digits, to.limit())?;
                let list = serde_json::to_string(cells)
                    .map_err(|e| Error::malformed("a list of rows").because(e))?;
                vec![self.write(&Draft { rows: Some((cells.len(), list)), ..plain }, to, who)?]
            }
            (Event::Other { .. }, Peer::Strict) => {
                let message = format!("the server takes no events of its user's own, such as \"{name}\"");
                return Err(Error::unsupported(message));
            }
            _ => vec![self.write(&plain, to, who)?],
        };
        if numbered {
            self.keep(&texts);
        }
        Ok(texts)
    }

    /// A selection in as many packed pieces as the limit needs.
    fn packed(
        &mut self,
        draft: &Draft<'_>,
        cells: &[u32],
        limit: usize,
        who: &Identity,
    ) -> Result<Vec<String>> {
        let mut pieces = Vec::new();
        // Room for the envelope and the source.
        split(cells, limit.saturating_sub(1024).max(256), &mut pieces);
        let parts = pieces.len();
        let mut texts = Vec::with_capacity(parts);
        for (part, piece) in pieces.into_iter().enumerate() {
            let mut fields = draft.fields.clone();
            if parts > 1 {
                fields.insert("part".to_owned(), part.into());
                fields.insert("parts".to_owned(), parts.into());
            }
            let name = if part + 1 < parts { PART } else { draft.name };
            let rows = Some((cells.len(), piece.write().to_string()));
            texts.push(self.write(
                &Draft { name, rows, fields, numbered: true },
                &Peer::Relay { limit },
                who,
            )?);
        }
        Ok(texts)
    }

    /// One message: type, rows, fields, envelope.
    fn write(&mut self, draft: &Draft<'_>, to: &Peer, who: &Identity) -> Result<String> {
        let mut text = format!("{{\"type\":{}", Value::from(draft.name));
        let mut put = |name: &str, value: &str| {
            text.push_str(&format!(",{}:", Value::from(name)));
            text.push_str(value);
        };
        if let Some((_, rows)) = &draft.rows {
            put("cells", rows);
        }
        for (name, value) in &draft.fields {
            put(name, &value.to_string());
        }
        put("viewerId", &Value::from(who.viewer.as_str()).to_string());
        if !matches!(to, Peer::Plain) {
            put("viewerToken", &Value::from(who.token.as_str()).to_string());
        }
        let seq = self.seq + u64::from(draft.numbered);
        if draft.numbered {
            put("seq", &seq.to_string());
        }
        text.push('}');
        check(draft.name, draft.rows.as_ref().map_or(0, |(count, _)| *count), text.len(), to.limit())?;
        self.seq = seq;
        Ok(text)
    }

    fn keep(&mut self, texts: &[String]) {
        let first = self.seq + 1 - texts.len() as u64;
        for (seq, text) in (first..).zip(texts) {
            self.kept_bytes += text.len();
            self.kept.push_back((seq, text.clone()));
        }
        while self.kept.len() > KEPT.0 || self.kept_bytes > KEPT.1 {
            self.lost += u64::from(self.drop_oldest());
        }
    }
}

/// Halves what does not fit: the halves pack at least as well.
fn split(cells: &[u32], room: usize, into: &mut Vec<cells::Packed>) {
    let packed = cells::pack(cells);
    if packed.size() <= room || cells.len() < 2 {
        into.push(packed);
        return;
    }
    let (low, high) = cells.split_at(cells.len() / 2);
    split(low, room, into);
    split(high, room, into);
}

fn check(name: &str, cells: usize, bytes: usize, limit: usize) -> Result<()> {
    if bytes <= limit {
        return Ok(());
    }
    let what = if cells > 0 { format!("a {name} of {cells} cells") } else { format!("an event \"{name}\"") };
    let message = format!("{what} takes more than the {limit} bytes that the server allows");
    Err(Error::limit(message).hint(
        "select fewer cells, or connect through cellucid-wasm's own relay: it takes selections of any size",
    ))
}
