//! Errors across the boundary: ours become a JavaScript `Error` with its place, theirs become one of ours.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::DomException;

use crate::error::{Error, Kind};

/// An `Error` named `CellucidError` with `code`, `advice` and, where known, `file`, `object` and `offset`.
pub fn to_js(error: &Error) -> JsValue {
    let message = match &error.cause {
        Some(cause) => format!("{}: {cause}", error.message),
        None => error.message.clone(),
    };
    let thrown = js_sys::Error::new(&message);
    thrown.set_name("CellucidError");
    let set = |name: &str, value: JsValue| {
        // A fresh error object is extensible, so this cannot fail.
        Reflect::set(&thrown, &name.into(), &value).ok();
    };
    set("code", error.kind.code().into());
    set("advice", error.advice().into());
    if let Some(file) = &error.at.file {
        set("file", file.into());
    }
    if let Some(object) = &error.at.object {
        set("object", object.into());
    }
    if let Some(offset) = error.at.offset {
        set("offset", (offset as f64).into());
    }
    thrown.into()
}

/// Something that JavaScript threw while the bytes of a local file were read.
pub fn from_local(thrown: &JsValue) -> Error {
    match name_of(thrown).as_str() {
        "NotFoundError" => Error::missing("is no longer there").hint("choose it again"),
        // Nobody can abort such a read: that is what Firefox calls one of a file that is gone.
        "NotReadableError" | "AbortError" => Error::source(
            "can no longer be read: it was changed or moved since it was chosen, or may not be read",
        )
        .hint("choose it again"),
        "NotAllowedError" | "SecurityError" => {
            Error::source("may not be read: the permission was not given or has been taken back")
                .hint("choose it again and allow reading")
        }
        _ => Error::source(text_of(thrown)),
    }
}

/// Something that a source written by the caller threw; its `code`, where it has one of ours, is kept.
pub fn from_caller(thrown: &JsValue) -> Error {
    if name_of(thrown) == "AbortError" {
        return Error::cancelled();
    }
    let code = property(thrown, "code").unwrap_or_default();
    let kinds = [
        Kind::Source,
        Kind::Malformed,
        Kind::Unsupported,
        Kind::Missing,
        Kind::Limit,
        Kind::Request,
        Kind::Cancelled,
    ];
    let kind = kinds.into_iter().find(|kind| kind.code() == code).unwrap_or(Kind::Source);
    let error = Error::new(kind, text_of(thrown));
    match property(thrown, "advice") {
        Some(advice) => error.hint(advice),
        None => error,
    }
}

/// The `name` of an exception; empty when it has none.
pub fn name_of(thrown: &JsValue) -> String {
    property(thrown, "name").unwrap_or_default()
}

/// What an exception says.
pub fn text_of(thrown: &JsValue) -> String {
    if let Some(exception) = thrown.dyn_ref::<DomException>() {
        return format!("{}: {}", exception.name(), exception.message());
    }
    property(thrown, "message").or_else(|| thrown.as_string()).unwrap_or_else(|| format!("{thrown:?}"))
}

fn property(value: &JsValue, name: &str) -> Option<String> {
    if !value.is_object() {
        return None;
    }
    Reflect::get(value, &name.into()).ok()?.as_string().filter(|text| !text.is_empty())
}
