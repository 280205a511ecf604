//! What a viewer can be told.

use serde_json::{Map, Value, json};

use super::{cells::Rows, envelope::Fields};
use crate::error::{Error, Result};

/// A colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(
    /// Red, green, blue.
    pub [u8; 3],
);

/// Everything a viewer can be told. In JSON each is an object with the `type` and the fields named here; on its way to a viewer it
/// carries `viewerId` and `viewerToken` besides, towards our own page also `seq`.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `highlight`: adds a group of highlighted cells.
    Highlight {
        /// `cells`: rows, from 0; a list or [packed](super::Packed).
        cells: Vec<u32>,
        /// `color`: `#rrggbb`, red if absent.
        color: Colour,
    },
    /// `clearHighlights`: removes all groups.
    ClearHighlights,
    /// `setColorBy`: colours by a column of obs.
    SetColorBy {
        /// `field`: its name.
        field: String,
    },
    /// `setVisibility`: shows or hides cells.
    SetVisibility {
        /// `cells`: rows; absent or null for all.
        cells: Option<Vec<u32>>,
        /// `visible`: shown if true or absent.
        visible: bool,
    },
    /// `resetCamera`: shows everything.
    ResetCamera,
    /// `requestSessionBundle`: asks for the saved state, as an upload or a `session_bundle` event.
    RequestSessionBundle {
        /// `requestId`: comes back with the answer.
        request: String,
    },
    /// `ping`: answered by `pong`.
    Ping {
        /// `requestId`.
        request: String,
    },
    /// `debug_snapshot`: answered by the event of that name.
    DebugSnapshot {
        /// `requestId`.
        request: String,
    },
    /// `freeze`: the data is going away; keeps the picture and stops interaction.
    Freeze,
    /// Any other `type`, for handlers that somebody has registered.
    Other {
        /// The `type`.
        name: String,
        /// All fields, as they are.
        fields: Map<String, Value>,
    },
}

impl Command {
    /// The `type`.
    pub fn name(&self) -> &str {
        match self {
            Self::Highlight { .. } => "highlight",
            Self::ClearHighlights => "clearHighlights",
            Self::SetColorBy { .. } => "setColorBy",
            Self::SetVisibility { .. } => "setVisibility",
            Self::ResetCamera => "resetCamera",
            Self::RequestSessionBundle { .. } => "requestSessionBundle",
            Self::Ping { .. } => "ping",
            Self::DebugSnapshot { .. } => "debug_snapshot",
            Self::Freeze => "freeze",
            Self::Other { name, .. } => name,
        }
    }

    /// The JSON form, without the envelope.
    pub fn write(&self) -> Value {
        let name = self.name();
        match self {
            Self::Highlight { cells, color } => {
                json!({"type": name, "cells": cells, "color": color.to_string()})
            }
            Self::SetColorBy { field } => json!({"type": name, "field": field}),
            Self::SetVisibility { cells, visible } => {
                json!({"type": name, "cells": cells, "visible": visible})
            }
            Self::RequestSessionBundle { request }
            | Self::Ping { request }
            | Self::DebugSnapshot { request } => {
                json!({"type": name, "requestId": request})
            }
            Self::ClearHighlights | Self::ResetCamera | Self::Freeze => json!({"type": name}),
            Self::Other { fields, .. } => {
                let mut all = Map::from_iter([("type".to_owned(), name.into())]);
                all.extend(fields.clone());
                all.into()
            }
        }
    }

    /// Reads the fields of a command.
    pub(super) fn read(kind: String, mut fields: Fields) -> Result<Self> {
        Ok(match kind.as_str() {
            "highlight" => {
                let cells = match fields.cells.take() {
                    Some(Rows::Some(cells)) => cells,
                    Some(Rows::Wrong(what)) => return Err(Error::request(what)),
                    Some(Rows::All) | None => {
                        return Err(Error::request("highlight needs \"cells\", a list of rows"));
                    }
                };
                Self::Highlight { cells, color: fields.colour()? }
            }
            "clearHighlights" => Self::ClearHighlights,
            "setColorBy" => Self::SetColorBy { field: fields.field()? },
            "setVisibility" => {
                let cells = match fields.cells.take() {
                    Some(Rows::Some(cells)) => Some(cells),
                    Some(Rows::Wrong(what)) => return Err(Error::request(what)),
                    Some(Rows::All) | None => None,
                };
                let visible = match fields.rest.get("visible") {
                    None => true,
                    Some(Value::Bool(visible)) => *visible,
                    Some(other) => return Err(wrong("visible", other, "true or false")),
                };
                Self::SetVisibility { cells, visible }
            }
            "resetCamera" => Self::ResetCamera,
            "requestSessionBundle" => Self::RequestSessionBundle { request: fields.request()? },
            "ping" => Self::Ping { request: fields.request()? },
            "debug_snapshot" => Self::DebugSnapshot { request: fields.request()? },
            "freeze" => Self::Freeze,
            _ => Self::Other { name: kind, fields: fields.everything()? },
        })
    }
}

impl Fields {
    fn colour(&self) -> Result<Colour> {
        match self.rest.get("color") {
            None => Ok(Colour([255, 0, 0])),
            Some(value) => {
                let colour = value.as_str().and_then(Colour::read);
                colour.ok_or_else(|| wrong("color", value, "a colour written #rrggbb"))
            }
        }
    }

    fn field(&self) -> Result<String> {
        let value = self.rest.get("field").unwrap_or(&Value::Null);
        let name = value.as_str().map(str::trim).filter(|name| !name.is_empty());
        name.map(str::to_owned).ok_or_else(|| wrong("field", value, "the name of a column"))
    }

    /// The `requestId`, which goes back as it came: short, and without white space.
    pub(super) fn request(&self) -> Result<String> {
        let value = self.rest.get("requestId").unwrap_or(&Value::Null);
        let fine = |id: &&str| !id.is_empty() && id.len() <= 128 && !id.contains(char::is_whitespace);
        value.as_str().filter(fine).map(str::to_owned).ok_or_else(|| wrong("requestId", value, "an id"))
    }

    /// All fields as JSON, of a message of no known kind.
    pub(super) fn everything(self) -> Result<Map<String, Value>> {
        let mut all = self.rest;
        match self.cells {
            None => {}
            Some(Rows::All) => drop(all.insert("cells".to_owned(), Value::Null)),
            Some(Rows::Some(cells)) => drop(all.insert("cells".to_owned(), cells.into())),
            Some(Rows::Wrong(what)) => return Err(Error::request(what)),
        }
        Ok(all)
    }
}

/// A field that is not what it should be.
pub(super) fn wrong(name: &str, found: &Value, wanted: &str) -> Error {
    let found: String = found.to_string().chars().take(80).collect();
    Error::request(format!("\"{name}\" is {found}, not {wanted}"))
}

impl Colour {
    fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        // `from_str_radix` would take a sign.
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self([red, green, blue]))
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}
