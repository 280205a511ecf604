//! The library's error in a form that may cross threads: without the other library's error behind it, but with its words.

use cellucid_wasm::{Error, Kind, Place};

/// An error on its way to another thread.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Who can mend it.
    pub kind: Kind,
    /// What went wrong.
    pub message: String,
    at: Box<Place>,
    hint: Option<String>,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let message = match &error.cause {
            Some(cause) => format!("{}: {cause}", error.message),
            None => error.message.clone(),
        };
        Self { kind: error.kind, message, at: Box::new(error.at.clone()), hint: error.hint.clone() }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let mut error = Self::new(fault.kind, fault.message);
        error.at = *fault.at;
        error.hint = fault.hint;
        error
    }
}
