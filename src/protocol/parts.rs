//! Selections that came in parts, put together again.
//!
//! Towards our own relay a selection that is too large for one message goes as several `selection_part` messages and a final
//! `selection`, each with `part` and `parts` and rows of its own, one after the other.

use serde_json::Value;

use super::{
    CELLS_LIMIT,
    cells::Rows,
    envelope::{Envelope, Fields},
    event::Event,
};
use crate::error::{Error, Result};

/// The type of all parts but the last.
pub(super) const PART: &str = "selection_part";

/// Waits for the parts of a selection; everything else passes through.
#[derive(Debug, Default)]
pub struct Parts {
    cells: Vec<u32>,
    next: u64,
    parts: u64,
}

impl Parts {
    /// Takes an event's text; `None` while parts are missing.
    ///
    /// # Errors
    /// As [`Event::read`]; `Malformed` for a part out of turn, which drops what there was of that selection; `Limit` for too many rows.
    pub fn take(&mut self, text: &str) -> Result<Option<Event>> {
        let kind = Envelope::read(text)?.kind.unwrap_or_default();
        if kind != PART && kind != "selection" {
            return Event::read(text).map(Some);
        }
        let mut fields = Fields::read(text)?;
        let number = |name: &str| fields.rest.get(name).and_then(Value::as_u64);
        let (Some(part), Some(parts)) = (number("part"), number("parts")) else {
            *self = Self::default();
            return Event::read(text).map(Some);
        };
        let waiting = std::mem::take(self);
        let begins = part == 0 && waiting.parts == 0;
        let follows = waiting.parts == parts && waiting.next == part;
        if !(begins || follows) || part >= parts || (part + 1 == parts) != (kind == "selection") {
            let expected = if waiting.parts == 0 {
                "the first".to_owned()
            } else {
                format!("{} of {}", waiting.next, waiting.parts)
            };
            return Err(Error::malformed(format!(
                "part {part} of {parts} of a selection where {expected} is due"
            )));
        }
        let more = match fields.cells.take() {
            Some(Rows::Some(more)) => more,
            Some(Rows::Wrong(what)) => return Err(Error::request(what)),
            _ => return Err(Error::request("a part of a selection without \"cells\"")),
        };
        let mut cells = waiting.cells;
        if cells.len().saturating_add(more.len()) > CELLS_LIMIT {
            return Err(Error::limit(format!("a selection of more than {CELLS_LIMIT} cells")));
        }
        cells.extend(more);
        if part + 1 < parts {
            *self = Self { cells, next: part + 1, parts };
            return Ok(None);
        }
        let source = fields.rest.get("source").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Some(Event::Selection { cells, source }))
    }
}
