//! The way to one address: tried again where that can help, the address renewed by the caller when it has run out, and straight to
//! where the host redirects to, for as long as that is good.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use bytes::Bytes;
use futures_util::lock::Mutex;
use js_sys::{Date, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Url;

use super::{
    error::from_caller,
    fetch::{Ask, Client, Failed, Reply, Sent, Timed},
    options::headers,
    time::sleep,
};
use crate::{
    error::{Error, Kind, Result},
    source::{address::Address, http, rate::Rate, reach},
};

/// Where one address leads at the moment.
pub struct Way {
    client: Rc<Client>,
    address: RefCell<Address>,
    /// Where the host last redirected to: asked at once, it saves a round trip.
    landed: RefCell<Option<String>>,
    /// Counts renewals, so that those who were refused at the same time renew once.
    turn: Cell<u32>,
    renewing: Mutex<()>,
    /// A key that was there: refused now, the address has run out; not refused, another key is missing.
    there: RefCell<Option<String>>,
}

/// What to do with a reply: an error ends it, `Some(length)` wants the body (of that length where it is known), `None` does not.
pub type Judge<'a> = &'a mut dyn FnMut(&Reply) -> Result<Option<Option<u64>>>;

impl Way {
    /// A way that nobody has gone yet.
    pub fn new(client: Rc<Client>, address: Address) -> Self {
        Self {
            client,
            address: RefCell::new(address),
            landed: RefCell::default(),
            turn: Cell::default(),
            renewing: Mutex::default(),
            there: RefCell::default(),
        }
    }

    /// For messages.
    pub fn label(&self) -> String {
        self.address.borrow().label()
    }

    /// To another file beside this one; `None` where there is no telling where that is.
    pub fn beside(&self, path: &str) -> Option<(Rc<Client>, Address)> {
        Some((Rc::clone(&self.client), self.address.borrow().beside(path)?))
    }

    /// How fast the host answers.
    pub fn rate(&self) -> &Rate {
        &self.client.rate
    }

    fn url(&self, key: Option<&str>) -> String {
        let address = self.address.borrow();
        key.map_or_else(|| address.file(), |key| address.key(key))
    }

    /// Sends a request, for the file or for a key below it, until it is answered for good.
    ///
    /// # Errors
    /// What the judge says, or why no answer came.
    pub async fn send(&self, key: Option<&str>, ask: &Ask, judge: Judge<'_>) -> Result<Bytes> {
        let (mut attempt, mut renewals, mut direct) = (0, 0, true);
        loop {
            attempt += 1;
            let timed = Timed::new(&self.client.rate);
            let turn = self.turn.get();
            let landed = if key.is_none() && direct { self.landed.borrow().clone() } else { None };
            let url = landed.clone().unwrap_or_else(|| self.url(key));
            let (error, wait) = match self.client.once(&url, ask).await {
                Ok(reply) => {
                    let status = reply.head.status;
                    if landed.is_some() && (400..500).contains(&status) && !reply.head.transient() {
                        // Such addresses are good for a while only: the host gives another.
                        direct = false;
                        self.landed.take();
                        continue;
                    }
                    if reach::spent(status) && renewals < reach::RENEWALS && self.renewed(key, turn).await? {
                        renewals += 1;
                        continue;
                    }
                    let to = reply.landed.clone().or(landed);
                    match judge(&reply) {
                        Err(error) if reply.head.transient() => (error, reply.head.retry_after.clone()),
                        Err(error) => return Err(error),
                        Ok(wanted) => {
                            self.note(key, status, to);
                            let Some(length) = wanted else { return Ok(Bytes::new()) };
                            match self.client.body(reply, length).await {
                                Err(error) if error.kind == Kind::Source => (error, None),
                                done => {
                                    timed.bytes.set(done.as_ref().map_or(0, |bytes| bytes.len() as u64));
                                    return done;
                                }
                            }
                        }
                    }
                }
                Err(Failed::ForGood(error)) => return Err(error),
                Err(Failed::ForNow(error)) => {
                    direct = false;
                    (error, None)
                }
            };
            drop(timed);
            if attempt >= http::TRIES {
                return Err(error);
            }
            sleep(http::pause(attempt, wait.as_deref(), left)).await;
        }
    }

    /// Remembers what a good reply tells.
    fn note(&self, key: Option<&str>, status: u16, landed: Option<String>) {
        match key {
            None => {
                self.landed.replace(landed);
            }
            Some(key) if matches!(status, 200 | 206) && self.there.borrow().is_none() => {
                self.there.replace(Some(key.to_owned()));
            }
            Some(_) => {}
        }
    }

    /// Whether there is a fresh address, after a refusal of the one that was good at `turn`.
    async fn renewed(&self, key: Option<&str>, turn: u32) -> Result<bool> {
        let Some(renew) = &self.client.renew else { return Ok(false) };
        let _one_at_a_time = self.renewing.lock().await;
        if self.turn.get() != turn {
            return Ok(true);
        }
        // Hosts refuse what is not there, too: a key that was there before tells which it is.
        if key.is_some() && !self.refuses().await {
            return Ok(false);
        }
        let old = self.address.borrow().file();
        let called = renew.call1(&JsValue::NULL, &old.as_str().into()).map_err(|e| from_caller(&e))?;
        let fresh = JsFuture::from(Promise::resolve(&called)).await.map_err(|e| from_caller(&e))?;
        self.take(&fresh)
    }

    /// Whether a key that was there is refused now.
    async fn refuses(&self) -> bool {
        let Some(key) = self.there.borrow().clone() else { return false };
        let ask = Ask { range: Some(http::range(&(0..1))), ..Ask::default() };
        self.client.once(&self.url(Some(&key)), &ask).await.is_ok_and(|reply| reach::spent(reply.head.status))
    }

    /// Takes what the caller's function gave: an address, or `{url, headers}`, or nothing.
    fn take(&self, fresh: &JsValue) -> Result<bool> {
        if fresh.is_undefined() || fresh.is_null() {
            return Ok(false);
        }
        let text = |value: &JsValue| value.as_string().or_else(|| Some(value.dyn_ref::<Url>()?.href()));
        let field = |name: &str| Reflect::get(fresh, &name.into()).unwrap_or_default();
        let (url, given) = match text(fresh) {
            Some(url) => (Some(url), JsValue::UNDEFINED),
            None => (text(&field("url")), field("headers")),
        };
        if let Some(url) = &url {
            let address = Address::parse(url)
                .ok_or_else(|| Error::request(format!("`renew` gave {url:?}, which is no web address")))?;
            self.address.replace(address);
            self.landed.take();
        }
        if !given.is_undefined() {
            let home = self.address.borrow().file();
            self.client.sent.replace(Sent { headers: headers(&given)?, home });
        } else if url.is_none() {
            return Err(Error::request(
                "`renew` has to give an address, or an object with `url` or `headers`",
            ));
        }
        self.turn.set(self.turn.get() + 1);
        Ok(true)
    }
}

/// Milliseconds until a date as hosts write it; `None` for what is none.
fn left(date: &str) -> Option<u64> {
    let time = Date::parse(date) - Date::now();
    (!time.is_nan()).then_some(time as u64)
}
