//! Requests over HTTP(S): sent with `fetch`, aborted when the future is dropped, given up when nothing comes. What a reply means is
//! for [`crate::source::http`] to say, whether it is tried again for [`super::way`].

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use bytes::Bytes;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, RequestCache, RequestInit, RequestMode, RequestRedirect, Response, ResponseType,
};

use super::{
    body::Body,
    error::text_of,
    meter::Meter,
    time::{now, within},
};
use crate::{
    error::{Error, Result},
    source::{
        address,
        http::{self, Head},
        rate::Rate,
        reach::{self, Silence},
    },
};

#[wasm_bindgen]
extern "C" {
    // The global functions: they are the same in a page, in a worker and in Node.
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch(url: &str, init: &RequestInit) -> std::result::Result<Promise, JsValue>;
}

/// Headers, and the address whose origin they are meant for.
pub struct Sent {
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// An address of the origin that may see them.
    pub home: String,
}

/// Sends requests for one dataset.
pub struct Client {
    /// Sent along, to their own origin only.
    pub sent: RefCell<Sent>,
    /// The caller's function for a fresh address, when one has run out.
    pub renew: Option<Function>,
    meter: Rc<Meter>,
    /// The host has answered before, so that silence now is a broken connection and no refusal.
    reached: Cell<bool>,
    /// How fast the host answers.
    pub rate: Rate,
}

/// Why no answer came.
pub enum Failed {
    /// Another try may mend it.
    ForNow(Error),
    /// Nothing to be done.
    ForGood(Error),
}

/// A request, but for its address.
#[derive(Clone, Default)]
pub struct Ask {
    /// Headers only.
    pub head: bool,
    /// Value of the `Range` header.
    pub range: Option<String>,
}

/// A reply whose body has not been read.
pub struct Reply {
    /// What the rules look at.
    pub head: Head,
    /// From another origin, so that headers may be hidden.
    pub foreign: bool,
    /// Where redirects led.
    pub landed: Option<String>,
    response: Response,
    flight: Flight,
}

/// Tells the rate when a request goes out and when it ends, whatever way.
pub struct Timed<'c> {
    rate: &'c Rate,
    sent: f64,
    /// How many bytes it brought.
    pub bytes: Cell<u64>,
}

impl<'c> Timed<'c> {
    /// It goes out now.
    pub fn new(rate: &'c Rate) -> Self {
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

impl Client {
    /// Sends `headers` to the origin of `home`.
    pub fn new(
        headers: Vec<(String, String)>,
        home: String,
        renew: Option<Function>,
        meter: Rc<Meter>,
    ) -> Self {
        let (reached, rate) = (Cell::new(false), Rate::default());
        Self { sent: RefCell::new(Sent { headers, home }), renew, meter, reached, rate }
    }

    /// Whether any request was answered.
    pub fn answered(&self) -> bool {
        self.reached.get()
    }

    /// Sends a request once, and follows where it is redirected to.
    ///
    /// # Errors
    /// No answer came, or one that leads nowhere.
    pub async fn once(&self, url: &str, ask: &Ask) -> std::result::Result<Reply, Failed> {
        let mut url = url.to_owned();
        for _ in 0..=reach::REDIRECTS {
            let odd = |e: JsValue| Failed::ForGood(broken_off(&e));
            let flight = Flight { abort: AbortController::new().map_err(odd)?, landed: false };
            let (init, names) = self.request(&url, ask, &flight).map_err(odd)?;
            let watched = !reach::follows(names.iter().map(String::as_str));
            if watched {
                init.set_redirect(RequestRedirect::Manual);
            }
            self.meter.sent();
            let answering = async { JsFuture::from(fetch(&url, &init)?).await };
            let response = match within(reach::patience(0), answering).await {
                Some(Ok(response)) => response,
                Some(Err(_)) if !self.reached.get() => {
                    return Err(Failed::ForGood(self.silence(&url, ask, names).await));
                }
                Some(Err(thrown)) => return Err(Failed::ForNow(broken_off(&thrown))),
                None => return Err(Failed::ForNow(stalled())),
            };
            self.reached.set(true);
            let response: Response = response.dyn_into().map_err(odd)?;
            if response.type_() == ResponseType::Opaqueredirect {
                return Err(Failed::ForGood(reach::astray()));
            }
            let headers = response.headers();
            let head = Head::new(response.status(), |name| headers.get(name).ok().flatten());
            if let (true, Some(location)) = (watched, &head.location) {
                // Only where a redirect can be seen, which is not in browsers.
                url = address::join(&url, location).ok_or_else(|| Failed::ForGood(reach::lost(location)))?;
                continue;
            }
            let foreign = response.type_() == ResponseType::Cors;
            let landed = response.redirected().then(|| response.url()).filter(|url| !url.is_empty());
            return Ok(Reply { head, foreign, landed, response, flight });
        }
        Err(Failed::ForGood(reach::lost(&url)))
    }

    /// The request, and the names of the headers in it that were given.
    fn request(
        &self,
        url: &str,
        ask: &Ask,
        flight: &Flight,
    ) -> std::result::Result<(RequestInit, Vec<String>), JsValue> {
        let init = RequestInit::new();
        init.set_method(if ask.head { "HEAD" } else { "GET" });
        // Chromium would otherwise send the ranges of one address one after another, because they share a cache entry.
        init.set_cache(RequestCache::NoStore);
        init.set_signal(Some(&flight.abort.signal()));
        let headers = web_sys::Headers::new()?;
        let mut names = Vec::new();
        let sent = self.sent.borrow();
        if reach::along(&sent.home, url) {
            for (name, value) in &sent.headers {
                headers.append(name, value)?;
                names.push(name.clone());
            }
        }
        if let Some(range) = &ask.range {
            headers.set("Range", range)?;
        }
        init.set_headers(&headers);
        Ok((init, names))
    }

    /// The body of a reply, of that length where it is known.
    ///
    /// # Errors
    /// `Source` when it breaks off, stops coming or has another length.
    pub async fn body(&self, reply: Reply, length: Option<u64>) -> Result<Bytes> {
        let Reply { head, foreign, response, mut flight, .. } = reply;
        let announced = head.content_length;
        // More comes than was announced where it is compressed on its way, which other origins may hide.
        let plain = !foreign && head.encoded().is_none();
        let exact = announced.filter(|&n| plain && length.is_none_or(|length| length == n));
        let body = Body { response: &response, announced, exact, length };
        let bytes = body.read().await?;
        // One that goes on is aborted: Firefox would otherwise gather what nobody reads, without end.
        flight.landed = bytes.len() as u64 <= body.most();
        self.meter.arrived(bytes.len());
        if let Some(length) = length {
            http::complete(bytes.len(), length)?;
        }
        Ok(bytes)
    }

    /// No answer at all, the first time: a browser does not say why, but other requests tell a host that is not there from one that
    /// does not let this page read, or not with these headers.
    async fn silence(&self, url: &str, ask: &Ask, names: Vec<String>) -> Error {
        let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).unwrap_or_default();
        let online = Reflect::get(&navigator, &"onLine".into()).unwrap_or_default();
        let page = origin();
        let mut headers: Vec<&str> = names.iter().map(String::as_str).collect();
        if ask.range.is_some() {
            headers.push("Range");
        }
        let mut silence =
            Silence { page: &page, url, offline: online == JsValue::FALSE, headers, ..Silence::default() };
        if !silence.offline {
            let plain = if silence.headers.is_empty() { None } else { tried(url, RequestMode::Cors).await };
            silence.plain = plain.is_some();
            silence.encoding = plain.and_then(|reply| reply.headers().get("content-encoding").ok().flatten());
            silence.there = silence.plain || tried(url, RequestMode::NoCors).await.is_some();
        }
        silence.error()
    }
}

/// What a request without any headers is answered, if at all.
async fn tried(url: &str, mode: RequestMode) -> Option<Response> {
    let abort = AbortController::new().ok()?;
    // Aborted when dropped: the answer's head is all that counts.
    let flight = Flight { abort, landed: false };
    let init = RequestInit::new();
    init.set_mode(mode);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&flight.abort.signal()));
    let answer = async { JsFuture::from(fetch(url, &init)?).await };
    within(reach::patience(0), answer).await?.ok()?.dyn_into().ok()
}

/// Nothing came for too long.
pub fn stalled() -> Error {
    Error::source("the host has sent nothing for a minute").hint("check the connection, then try again")
}

/// What came has ended before its time.
pub fn broken_off(thrown: &JsValue) -> Error {
    Error::source(format!("the connection broke ({})", text_of(thrown)))
        .hint("check the connection, then try again")
}

/// The origin of the page or worker, as a host sees it.
fn origin() -> String {
    Reflect::get(&js_sys::global(), &"origin".into())
        .ok()
        .and_then(|o| o.as_string())
        .unwrap_or_else(|| "null".into())
}
