//! What a viewer tells.

use serde_json::{Map, Value, json};

use super::{
    cells::Rows,
    command::wrong,
    envelope::{Envelope, Fields},
};
use crate::error::{Error, Result};

/// Longest console line, in characters.
const LINE: usize = 4000;
/// Longest reason of a failed command, in characters.
const REASON: usize = 500;

/// How bad a console line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `warn`.
    Warn,
    /// `error`.
    Error,
}

/// Where the viewer runs, for `debug_snapshot`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// The page's address.
    pub location: String,
    /// The page's origin.
    pub origin: String,
    /// Where events go, if anywhere.
    pub server: Option<String>,
    /// Whether somebody listens.
    pub connected: bool,
    /// Who embeds the page, if known.
    pub parent: Option<String>,
    /// The browser.
    pub agent: String,
}

/// What a viewer knows about itself; `debug_snapshot` carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// `ts`: when, as ISO time.
    pub ts: String,
    /// Where the viewer runs: `locationHref` (without the token), `origin`, `serverUrl`, `connected`, `parentOrigin` and `userAgent`.
    pub setting: Setting,
}

/// Everything a viewer tells. In JSON each is an object with the `type` and the fields named here, then `viewerId`; towards later
/// releases of the reference and our own relay also `viewerToken`, towards our own relay `seq` on those that must arrive.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// `ready`: the dataset is drawn.
    Ready {
        /// `n_cells`.
        cells: u32,
        /// `dimensions`: 1 to 3.
        dimensions: u8,
    },
    /// `selection`: a step of selecting is finished.
    Selection {
        /// `cells`: rows; a list or [packed](super::Packed).
        cells: Vec<u32>,
        /// `source`: `lasso`, `knn`, `proximity`, `annotation`, `click`, `range`…
        source: String,
    },
    /// `hover`: the pointer is over a cell, or over none. Lossy: the newest wins.
    Hover {
        /// `cell`.
        cell: Option<u32>,
        /// `position`: `{x, y, z}`.
        position: Option<[f64; 3]>,
    },
    /// `click` on a cell.
    Click {
        /// `cell`.
        cell: u32,
        /// `button`: 0 left, 1 middle, 2 right.
        button: u8,
        /// `shift`.
        shift: bool,
        /// `ctrl`: control or meta.
        ctrl: bool,
    },
    /// `console`: a warning or an error of the page. Lossy: at most twenty a second.
    Console {
        /// `level`.
        level: Level,
        /// `message`.
        message: String,
        /// `ts`: when, as ISO time.
        ts: String,
        /// `filename`, if known.
        file: Option<String>,
        /// `lineno` and `colno`, if known.
        place: Option<[u32; 2]>,
    },
    /// `pong`: the answer to `ping`.
    Pong {
        /// `requestId`.
        request: String,
        /// `t`: milliseconds since 1970.
        t: u64,
    },
    /// `debug_snapshot`: the answer to the command of that name.
    DebugSnapshot {
        /// `requestId`.
        request: String,
        /// The other fields.
        snapshot: Box<Snapshot>,
    },
    /// `session_bundle`: what became of `requestSessionBundle`.
    SessionBundle {
        /// `requestId`.
        request: String,
        /// `status` `ok` with `bytes` and, where a file was made, `path`; or `error` with a text.
        outcome: Result<(u64, Option<String>), String>,
    },
    /// `command_done`: a numbered command took effect. To our own relay only.
    CommandDone {
        /// `answers`: the command's `seq`.
        answers: u64,
    },
    /// `command_error`: a command could not be carried out.
    CommandError {
        /// `command`: its `type`.
        command: String,
        /// `reason`: at most 500 characters.
        reason: String,
        /// `answers`: the command's `seq`, if it had one.
        answers: Option<u64>,
    },
    /// Any other `type`, for hooks of that name. Later releases of the reference refuse them.
    Other {
        /// The `type`.
        name: String,
        /// All fields, as they are.
        fields: Map<String, Value>,
    },
}

impl Event {
    /// The `type`.
    pub fn name(&self) -> &str {
        match self {
            Self::Ready { .. } => "ready",
            Self::Selection { .. } => "selection",
            Self::Hover { .. } => "hover",
            Self::Click { .. } => "click",
            Self::Console { .. } => "console",
            Self::Pong { .. } => "pong",
            Self::DebugSnapshot { .. } => "debug_snapshot",
            Self::SessionBundle { .. } => "session_bundle",
            Self::CommandDone { .. } => "command_done",
            Self::CommandError { .. } => "command_error",
            Self::Other { name, .. } => name,
        }
    }

    /// Whether it may be left out when there are too many.
    pub fn is_lossy(&self) -> bool {
        matches!(self, Self::Hover { .. } | Self::Console { .. })
    }

    /// What hooks are given: the fields, without `type` and without the envelope. The rows of a selection are left out: they are large.
    pub fn payload(&self) -> Map<String, Value> {
        let made = match self {
            Self::Ready { cells, dimensions } => json!({"n_cells": cells, "dimensions": dimensions}),
            Self::Selection { source, .. } => json!({"source": source}),
            Self::Hover { cell, position } => {
                let position = position.map(|[x, y, z]| json!({"x": x, "y": y, "z": z}));
                json!({"cell": cell, "position": position})
            }
            Self::Click { cell, button, shift, ctrl } => {
                json!({"cell": cell, "button": button, "shift": shift, "ctrl": ctrl})
            }
            Self::Console { level, message, ts, file, place } => {
                let level = if *level == Level::Warn { "warn" } else { "error" };
                let message: String = message.chars().take(LINE).collect();
                let mut made = json!({"level": level, "message": message, "ts": ts});
                put(&mut made, "filename", file.clone());
                put(&mut made, "lineno", place.map(|[line, _]| line));
                put(&mut made, "colno", place.map(|[_, column]| column));
                made
            }
            Self::Pong { request, t } => json!({"requestId": request, "t": t}),
            Self::DebugSnapshot { request, snapshot } => json!({
                "requestId": request,
                "ts": snapshot.ts,
                "locationHref": snapshot.setting.location,
                "origin": snapshot.setting.origin,
                "serverUrl": snapshot.setting.server,
                "connected": snapshot.setting.connected,
                "parentOrigin": snapshot.setting.parent,
                "userAgent": snapshot.setting.agent,
            }),
            Self::SessionBundle { request, outcome: Ok((bytes, path)) } => {
                let mut made = json!({"requestId": request, "status": "ok", "bytes": bytes});
                put(&mut made, "path", path.clone());
                made
            }
            Self::SessionBundle { request, outcome: Err(error) } => {
                json!({"requestId": request, "status": "error", "error": error})
            }
            Self::CommandDone { answers } => json!({"answers": answers}),
            Self::CommandError { command, reason, answers } => {
                let reason: String = reason.chars().take(REASON).collect();
                let mut made = json!({"command": command, "reason": reason});
                put(&mut made, "answers", *answers);
                made
            }
            Self::Other { fields, .. } => return fields.clone(),
        };
        if let Value::Object(made) = made { made } else { Map::new() }
    }

    /// Reads what a viewer sent: the envelope is not looked at.
    ///
    /// # Errors
    /// `Malformed` when the text is no JSON object, `Request` when a field of a known kind is missing or wrong.
    pub fn read(text: &str) -> Result<Self> {
        let kind = Envelope::read(text)?.kind.unwrap_or_default();
        let mut fields = Fields::read(text)?;
        if kind == "selection" {
            let cells = match fields.cells.take() {
                Some(Rows::Some(cells)) => cells,
                Some(Rows::Wrong(what)) => return Err(Error::request(what)),
                Some(Rows::All) | None => {
                    return Err(Error::request("selection needs \"cells\", a list of rows"));
                }
            };
            return Ok(Self::Selection { cells, source: fields.text("source").unwrap_or_default() });
        }
        Ok(match kind.as_str() {
            "ready" => {
                Self::Ready { cells: fields.number("n_cells")?, dimensions: fields.number("dimensions")? }
            }
            "hover" => Self::Hover { cell: fields.maybe("cell")?, position: fields.position()? },
            "click" => Self::Click {
                cell: fields.number("cell")?,
                button: fields.number("button")?,
                shift: fields.flag("shift"),
                ctrl: fields.flag("ctrl"),
            },
            "console" => Self::Console {
                level: if fields.text("level").as_deref() == Some("error") {
                    Level::Error
                } else {
                    Level::Warn
                },
                message: fields.text("message").unwrap_or_default(),
                ts: fields.text("ts").unwrap_or_default(),
                file: fields.text("filename"),
                place: fields
                    .maybe("lineno")?
                    .zip(fields.maybe("colno")?)
                    .map(|(line, column)| [line, column]),
            },
            "pong" => Self::Pong { request: fields.request()?, t: fields.maybe("t")?.unwrap_or_default() },
            "debug_snapshot" => Self::DebugSnapshot {
                request: fields.request()?,
                snapshot: Box::new(Snapshot {
                    ts: fields.text("ts").unwrap_or_default(),
                    setting: Setting {
                        location: fields.text("locationHref").unwrap_or_default(),
                        origin: fields.text("origin").unwrap_or_default(),
                        server: fields.text("serverUrl"),
                        connected: fields.flag("connected"),
                        parent: fields.text("parentOrigin"),
                        agent: fields.text("userAgent").unwrap_or_default(),
                    },
                }),
            },
            "session_bundle" => Self::SessionBundle {
                request: fields.request()?,
                outcome: match fields.text("status").as_deref() {
                    Some("ok") => Ok((fields.number("bytes")?, fields.text("path"))),
                    _ => Err(fields.text("error").unwrap_or_default()),
                },
            },
            "command_done" => Self::CommandDone { answers: fields.number("answers")? },
            "command_error" => Self::CommandError {
                command: fields.text("command").unwrap_or_default(),
                reason: fields.text("reason").unwrap_or_default(),
                answers: fields.maybe("answers")?,
            },
            _ => Self::Other { name: kind, fields: fields.everything()? },
        })
    }
}

fn put(into: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(value), Some(into)) = (value, into.as_object_mut()) {
        into.insert(name.to_owned(), value.into());
    }
}

impl Fields {
    fn text(&self, name: &str) -> Option<String> {
        self.rest.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    fn flag(&self, name: &str) -> bool {
        self.rest.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    fn maybe<T: TryFrom<u64>>(&self, name: &str) -> Result<Option<T>> {
        match self.rest.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let number = value.as_u64().and_then(|number| T::try_from(number).ok());
                number.map(Some).ok_or_else(|| wrong(name, value, "a number that fits"))
            }
        }
    }

    fn number<T: TryFrom<u64>>(&self, name: &str) -> Result<T> {
        self.maybe(name)?.ok_or_else(|| Error::request(format!("\"{name}\" is missing")))
    }

    fn position(&self) -> Result<Option<[f64; 3]>> {
        let Some(value) = self.rest.get("position").filter(|value| !value.is_null()) else { return Ok(None) };
        let axis = |name: &str| value.get(name).and_then(Value::as_f64);
        match (axis("x"), axis("y"), axis("z")) {
            (Some(x), Some(y), Some(z)) => Ok(Some([x, y, z])),
            _ => Err(wrong("position", value, "x, y and z")),
        }
    }
}
