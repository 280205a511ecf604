//! Requests over HTTP(S): sent with `fetch`, judged by [`crate::source::http`], tried again where that can help, aborted when
//! the future is dropped.

use std::{cell::Cell, rc::Rc};

use bytes::Bytes;
use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestCache, RequestInit, RequestMode, Response, ResponseType};

use super::{blob::take, error::text_of, meter::Meter};
use crate::{
    error::{Error, Result},
    limits::Limits,
    source::{
        http::{self, Head},
        rate::Rate,
    },
};

/// Largest body taken at once.
const LARGEST: u64 = 1 << 30;

#[wasm_bindgen]
extern "C" {
    // The global functions: they are the same in a page and in a worker.
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch(url: &str, init: &RequestInit) -> std::result::Result<Promise, JsValue>;
    /// Milliseconds since the page or worker began, in fractions.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &Function, milliseconds: i32) -> JsValue;
}

/// Sends requests for one dataset.
pub struct Client {
    headers: Vec<(String, String)>,
    meter: Rc<Meter>,
    /// The host has answered before, so that silence now is a broken connection and no refusal.
    reached: Cell<bool>,
    /// How fast the host answers.
    pub rate: Rate,
}

/// A request.
#[derive(Clone)]
pub struct Ask<'a> {
    /// `GET` or `HEAD`.
    pub method: &'static str,
    /// Where to.
    pub url: &'a str,
    /// Value of the `Range` header.
    pub range: Option<String>,
}

/// A reply whose body has not been read.
pub struct Reply {
    /// What the rules look at.
    pub head: Head,
    /// From another origin, so that headers may be hidden.
    pub foreign: bool,
    response: Response,
    flight: Flight,
}

/// Tells the rate when a request goes out and when it ends, whatever way.
struct Timed<'c> {
    rate: &'c Rate,
    sent: f64,
    bytes: Cell<u64>,
}

impl<'c> Timed<'c> {
    fn new(rate: &'c Rate) -> Self {
        let sent = now();
        rate.sent(sent);
        Self { rate, sent, bytes: Cell::new(0) }
    }
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        self.rate.arrived(self.sent, now(), self.bytes.get());
    }
}

/// Aborts its request unless that has come to its end.
struct Flight {
    abort: AbortController,
    landed: bool,
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            self.abort.abort();
        }
    }
}

/// Why a try failed in a way that another may mend.
struct Broken(Error, Option<String>);

impl Client {
    /// Sends `headers` with every request.
    pub fn new(headers: Vec<(String, String)>, meter: Rc<Meter>) -> Self {
        Self { headers, meter, reached: Cell::new(false), rate: Rate::default() }
    }

    /// Whether any request was answered.
    pub fn answered(&self) -> bool {
        self.reached.get()
    }

    /// Sends a request until it is answered for good. `judge` looks at the reply: an error ends it, `Some(length)` wants the body
    /// (of that length where it is known), `None` does not.
    pub async fn send(
        &self,
        ask: &Ask<'_>,
        judge: &mut dyn FnMut(&Reply) -> Result<Option<Option<u64>>>,
    ) -> Result<Bytes> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let timed = Timed::new(&self.rate);
            let Broken(error, retry_after) = match self.once(ask).await {
                Ok(reply) => match judge(&reply) {
                    Err(error) if reply.head.transient() => Broken(error, reply.head.retry_after.clone()),
                    Err(error) => return Err(error),
                    Ok(None) => return Ok(Bytes::new()),
                    Ok(Some(length)) => match self.body(reply, length).await {
                        Ok(bytes) => {
                            timed.bytes.set(bytes.len() as u64);
                            return Ok(bytes);
                        }
                        Err(error) if error.kind == crate::Kind::Source => Broken(error, None),
                        Err(error) => return Err(error),
                    },
                },
                Err(_) if !self.reached.get() => return Err(self.silence(ask).await),
                Err(thrown) => Broken(broken_off(&thrown), None),
            };
            drop(timed);
            if attempt >= http::TRIES {
                return Err(error);
            }
            sleep(http::pause(attempt, retry_after.as_deref())).await;
        }
    }

    async fn once(&self, ask: &Ask<'_>) -> std::result::Result<Reply, JsValue> {
        let flight = Flight { abort: AbortController::new()?, landed: false };
        let init = RequestInit::new();
        init.set_method(ask.method);
        // Chromium would otherwise send the ranges of one address one after another, because they share a cache entry.
        init.set_cache(RequestCache::NoStore);
        init.set_signal(Some(&flight.abort.signal()));
        let headers = web_sys::Headers::new()?;
        for (name, value) in &self.headers {
            headers.append(name, value)?;
        }
        if let Some(range) = &ask.range {
            headers.set("Range", range)?;
        }
        init.set_headers(&headers);
        self.meter.sent();
        let response: Response = JsFuture::from(fetch(ask.url, &init)?).await?.dyn_into()?;
        self.reached.set(true);
        let head = Head::new(response.status(), |name| response.headers().get(name).ok().flatten());
        let foreign = response.type_() == ResponseType::Cors;
        Ok(Reply { head, foreign, response, flight })
    }

    async fn body(&self, reply: Reply, length: Option<u64>) -> Result<Bytes> {
        let Reply { response, mut flight, .. } = reply;
        Limits::size(length.unwrap_or_default(), LARGEST, "a reply")?;
        let buffer = response.array_buffer().map_err(|e| broken_off(&e))?;
        let buffer = JsFuture::from(buffer).await.map_err(|e| broken_off(&e))?;
        flight.landed = true;
        let array = Uint8Array::new(&buffer);
        self.meter.arrived(array.length() as usize);
        if let Some(length) = length {
            http::complete(array.length() as usize, length)?;
        }
        take(&array)
    }

    /// No answer at all, the first time: a browser does not say why, but a request whose answer it would hide from us tells a
    /// host that is not there from one that does not let this page read.
    async fn silence(&self, ask: &Ask<'_>) -> Error {
        let origin = origin();
        if origin.starts_with("https:") && ask.url.starts_with("http:") && !is_loopback(ask.url) {
            return Error::source("this page came over https and may not read from an http address")
                .hint("use an https address for the data");
        }
        let init = RequestInit::new();
        init.set_method("HEAD");
        init.set_mode(RequestMode::NoCors);
        init.set_cache(RequestCache::NoStore);
        let there = match fetch(ask.url, &init) {
            Ok(promise) => JsFuture::from(promise).await.is_ok(),
            Err(_) => false,
        };
        if there {
            return Error::source("the host is there but does not let this page read from it (CORS)").hint(format!(
                "the host's owner must send `Access-Control-Allow-Origin: {origin}` (or `*`), allow the header `Range`{}, and send \
                 `Access-Control-Expose-Headers: Content-Range, Content-Length, ETag`; or download the file and open it from disk",
                if self.headers.is_empty() { "" } else { " and the headers given" }
            ));
        }
        Error::source("no answer: the host cannot be reached, or refuses this page without a word (network or CORS)").hint(format!(
            "check the address and the connection; if the address works in a tab of its own, the host's owner must send \
             `Access-Control-Allow-Origin: {origin}` (or `*`)"
        ))
    }
}

fn broken_off(thrown: &JsValue) -> Error {
    Error::source(format!("the connection broke ({})", text_of(thrown)))
        .hint("check the connection, then try again")
}

fn is_loopback(url: &str) -> bool {
    let host = url.trim_start_matches("http://");
    ["localhost", "127.", "[::1]"].iter().any(|name| host.starts_with(name))
}

/// The origin of the page or worker, as a host sees it.
fn origin() -> String {
    Reflect::get(&js_sys::global(), &"origin".into())
        .ok()
        .and_then(|o| o.as_string())
        .unwrap_or_else(|| "null".into())
}

/// Waits so long.
pub async fn sleep(milliseconds: u64) {
    let wait = Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, i32::try_from(milliseconds).unwrap_or(i32::MAX));
    });
    // A timer's promise is never rejected.
    JsFuture::from(wait).await.ok();
}
