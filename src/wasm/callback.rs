//! Sources that the caller wrote in JavaScript: bytes over a socket, a notebook's channel, an archive of another kind.

use std::{ops::Range, rc::Rc};

use bytes::Bytes;
use js_sys::{Array, ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal};

use super::{blob::take, error::from_caller, meter::Meter, together};
use crate::{
    error::{Error, Pending, Result},
    source::{ByteSource, Identity, KeyedSource, Part, check_span, http::PARALLEL, http::complete},
};

#[wasm_bindgen]
extern "C" {
    /// `ByteSource` and `KeyedSource` of the TypeScript declarations.
    #[wasm_bindgen(typescript_type = "ByteSource | KeyedSource")]
    pub type Caller;
    #[wasm_bindgen(method, structural, catch)]
    fn read(
        this: &Caller,
        start: f64,
        end: f64,
        signal: &AbortSignal,
    ) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn get(
        this: &Caller,
        key: &str,
        part: &JsValue,
        signal: &AbortSignal,
    ) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn list(this: &Caller, prefix: &str) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn sibling(this: &Caller, path: &str) -> std::result::Result<JsValue, JsValue>;
}

/// Aborts the caller's own work when ours is dropped.
struct Guard(AbortController);

impl Guard {
    fn new() -> Result<Self> {
        AbortController::new().map(Self).map_err(|e| from_caller(&e))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // After the end of the work nobody listens any more.
        self.0.abort();
    }
}

/// Waits for what the caller returned, a promise or a value.
async fn settle(returned: std::result::Result<JsValue, JsValue>) -> Result<JsValue> {
    let returned = returned.map_err(|e| from_caller(&e))?;
    JsFuture::from(Promise::resolve(&returned)).await.map_err(|e| from_caller(&e))
}

fn bytes_of(value: &JsValue, meter: &Meter) -> Result<Bytes> {
    let array = if let Some(array) = value.dyn_ref::<Uint8Array>() {
        array.clone()
    } else if value.is_instance_of::<ArrayBuffer>() {
        Uint8Array::new(value)
    } else {
        return Err(Error::request("a source has to return a Uint8Array"));
    };
    meter.arrived(array.length() as usize);
    take(&array)
}

/// A file that the caller reads.
pub struct CallerFile {
    name: String,
    len: u64,
    caller: Caller,
    meter: Rc<Meter>,
}

impl CallerFile {
    /// From what a caller gave as a file, whose own name counts unless there is another.
    ///
    /// # Errors
    /// `Request` when it does not say its size.
    pub fn of(value: JsValue, name: String, meter: Rc<Meter>) -> Result<Self> {
        let size = Reflect::get(&value, &"size".into()).ok().and_then(|size| size.as_f64());
        let size = size.filter(|size| *size >= 0.0 && size.fract() == 0.0);
        let len =
            size.ok_or_else(|| Error::request("a ByteSource needs its size in bytes as `size`"))? as u64;
        Ok(Self { name, len, caller: value.unchecked_into(), meter })
    }

    /// Another of the caller's files, where there are such.
    async fn other(&self, path: &str) -> Result<Option<Rc<dyn ByteSource>>> {
        let asked = Reflect::get(&self.caller, &"sibling".into()).is_ok_and(|given| given.is_function());
        if !asked {
            return Ok(None);
        }
        let given = settle(self.caller.sibling(path)).await?;
        if given.is_undefined() || given.is_null() {
            return Ok(None);
        }
        Ok(Some(Rc::new(Self::of(given, path.to_owned(), Rc::clone(&self.meter))?)))
    }

    async fn span(&self, span: &Range<u64>) -> Result<Bytes> {
        let read = async {
            check_span(span, self.len)?;
            let guard = Guard::new()?;
            self.meter.sent();
            let read =
                settle(self.caller.read(span.start as f64, span.end as f64, &guard.0.signal())).await?;
            let bytes = bytes_of(&read, &self.meter)?;
            complete(bytes.len(), span.end - span.start)?;
            Ok(bytes)
        };
        read.await.map_err(|e: Error| e.offset(span.start).in_file(&self.name))
    }
}

impl ByteSource for CallerFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity { text: format!("source {} {}", self.name, self.len), exact: false })
    }

    fn sibling<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Rc<dyn ByteSource>>> {
        Box::pin(async move { self.other(path).await.map_err(|e| e.in_file(path)) })
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        together::spans(spans, PARALLEL, |span| self.span(span))
    }
}

/// A store whose keys the caller reads.
pub struct CallerStore {
    name: String,
    caller: Caller,
    lists: bool,
    meter: Rc<Meter>,
}

impl CallerStore {
    /// A store of that name; `lists` says whether the caller can list.
    pub fn new(name: String, caller: Caller, lists: bool, meter: Rc<Meter>) -> Self {
        Self { name, caller, lists, meter }
    }

    async fn part(&self, key: &str, part: &Part) -> Result<Option<Bytes>> {
        let guard = Guard::new()?;
        self.meter.sent();
        let wanted = part_to_js(part);
        let got = settle(self.caller.get(key, &wanted, &guard.0.signal())).await?;
        if got.is_undefined() || got.is_null() {
            return Ok(None);
        }
        let bytes = bytes_of(&got, &self.meter)?;
        if let Part::Span(span) = part {
            complete(bytes.len(), span.end - span.start)?;
        }
        Ok(Some(bytes))
    }
}

/// `undefined`, `{start, end}` or `{last}`.
fn part_to_js(part: &Part) -> JsValue {
    let object = Object::new();
    let set = |name: &str, value: u64| Reflect::set(&object, &name.into(), &(value as f64).into()).ok();
    match part {
        Part::All => return JsValue::UNDEFINED,
        Part::Span(span) => {
            set("start", span.start);
            set("end", span.end);
        }
        Part::Last(n) => {
            set("last", *n);
        }
    }
    object.into()
}

impl KeyedSource for CallerStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity { text: format!("source {}", self.name), exact: false })
    }

    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>> {
        together::parts(&self.name, wanted, PARALLEL, |key, part| self.part(key, part))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async move {
            if !self.lists {
                return Ok(None);
            }
            let names =
                settle(self.caller.list(prefix)).await.map_err(|e| e.in_file(&self.name).at(prefix))?;
            if names.is_undefined() || names.is_null() {
                return Ok(None);
            }
            Ok(Some(Array::from(&names).iter().filter_map(|name| name.as_string()).collect()))
        })
    }
}
