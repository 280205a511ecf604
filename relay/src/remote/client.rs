//! Requests to a host, sent until they are answered for good, followed where they lead, and counted.

use std::{
    io::Read,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use cellucid_wasm::{
    Error, Kind, Limits, Result,
    source::{
        address::{self, Address},
        http::{self, Head, PARALLEL},
        rate::Rate,
        reach,
    },
};

/// Largest body taken at once.
const LARGEST: u64 = 1 << 32;

/// Sends requests and counts them.
pub struct Client {
    agent: ureq::Agent,
    headers: Vec<(String, String)>,
    /// An address of the origin that may see the headers.
    home: String,
    requests: AtomicU64,
    bytes: AtomicU64,
    /// How fast the host answers, in milliseconds since `since`.
    rate: Mutex<Rate>,
    since: Instant,
}

/// What is done with a reply: `Some(length)` wants the body, of that length where it is known; `None` does not.
pub type Judge<'a> = &'a mut dyn FnMut(&Head) -> Result<Option<Option<u64>>>;

impl Client {
    /// Sends `headers` with every request to the origin of an address, and to no other.
    pub fn new(headers: &[(String, String)], address: &Address) -> Self {
        let mut headers = headers.to_vec();
        if let Some(login) = address.login()
            && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        {
            headers.push(("Authorization".into(), login.to_owned()));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections_per_host(PARALLEL)
            .timeout_connect(Some(Duration::from_secs(30)))
            .timeout_recv_response(Some(Duration::from_millis(reach::patience(0))))
            // Followed here, so that headers stay with the host that they are for.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("cellucid-wasm/", env!("CARGO_PKG_VERSION")))
            .build();
        let (requests, bytes, rate) = Default::default();
        let (agent, home, since) = (config.into(), address.file(), Instant::now());
        Self { agent, headers, home, requests, bytes, rate, since }
    }

    /// Requests sent and bytes read so far.
    pub fn moved(&self) -> (u64, u64) {
        (self.requests.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// What is known of how fast the host answers.
    fn rate<T>(&self, ask: impl FnOnce(&Rate, f64) -> T) -> Option<T> {
        let now = self.since.elapsed().as_secs_f64() * 1000.0;
        // Poisoned only by a panic, which ends everything anyway.
        self.rate.lock().ok().map(|rate| ask(&rate, now))
    }

    /// Bytes between two wanted parts that are better read than asked around.
    pub fn gap(&self) -> u64 {
        self.rate(|rate, _| rate.gap(PARALLEL)).unwrap_or(16 << 10)
    }

    /// Seconds that so many bytes will take, once that can be told.
    pub fn seconds(&self, bytes: u64) -> Option<f64> {
        self.rate(|rate, _| rate.seconds(bytes)).flatten()
    }

    /// Sends a request until it is answered for good, and notes how long that took. `landed` is where the address was redirected to
    /// before: asked first, for as long as that is good.
    pub fn send(
        &self,
        url: &str,
        range: Option<&str>,
        landed: Option<&Landed>,
        judge: Judge<'_>,
    ) -> Result<Bytes> {
        let sent = self.rate(|rate, now| {
            rate.sent(now);
            now
        });
        let reply = self.send_until(url, range, landed, judge);
        let bytes = reply.as_ref().map_or(0, |bytes| bytes.len() as u64);
        self.rate(|rate, now| rate.arrived(sent.unwrap_or(now), now, bytes));
        reply
    }

    fn send_until(
        &self,
        url: &str,
        range: Option<&str>,
        landed: Option<&Landed>,
        judge: Judge<'_>,
    ) -> Result<Bytes> {
        let (mut attempt, mut direct) = (0, true);
        loop {
            attempt += 1;
            let shortcut = landed.filter(|_| direct).and_then(Landed::get);
            let (error, retry_after) = match self.follow(shortcut.as_deref().unwrap_or(url), range) {
                Ok((head, ..))
                    if shortcut.is_some() && (400..500).contains(&head.status) && !head.transient() =>
                {
                    // Such addresses are good for a while only: the host gives another.
                    direct = false;
                    continue;
                }
                Ok((head, body, to)) => match judge(&head) {
                    Ok(wanted) => {
                        if let Some(landed) = landed {
                            landed.set(to.or(shortcut));
                        }
                        let Some(wanted) = wanted else { return Ok(Bytes::new()) };
                        Limits::size(wanted.unwrap_or_default(), LARGEST, "a reply")?;
                        match self.body(body, wanted) {
                            Err(error) if error.kind == Kind::Source => (error, None),
                            // Some hosts compress the small files of a store even when asked not to.
                            Ok(bytes) if range.is_none() && head.gzipped() => return inflate(&bytes),
                            done => return done,
                        }
                    }
                    Err(error) if head.transient() => (error, head.retry_after),
                    Err(error) => return Err(error),
                },
                Err(error) if error.kind == Kind::Request => return Err(error),
                Err(error) => {
                    direct = false;
                    (error, None)
                }
            };
            if attempt >= http::TRIES {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(http::pause(attempt, retry_after.as_deref(), left)));
        }
    }

    /// Sends a request once, and goes where it is redirected to; says where that was.
    fn follow(&self, url: &str, range: Option<&str>) -> Result<(Head, ureq::Body, Option<String>)> {
        let mut url = url.to_owned();
        let mut moved = false;
        for _ in 0..=reach::REDIRECTS {
            let (head, body) = match self.once(&url, range) {
                Ok(reply) => reply,
                Err(ureq::Error::BadUri(text)) => {
                    return Err(Error::request(format!("the address is not valid: {text}")));
                }
                Err(error) => return Err(broken(&error)),
            };
            let Some(location) = &head.location else { return Ok((head, body, moved.then_some(url))) };
            let next = address::join(&url, location).ok_or_else(|| reach::lost(location))?;
            if url.starts_with("https:") && !next.starts_with("https:") {
                return Err(Error::source(format!(
                    "the host redirects to an address without encryption ({next})"
                ))
                .hint("give that address itself, if it is to be trusted"));
            }
            url = next;
            moved = true;
        }
        Err(reach::lost(&url))
    }

    fn once(&self, url: &str, range: Option<&str>) -> std::result::Result<(Head, ureq::Body), ureq::Error> {
        let mut request = ureq::http::Request::builder().method("GET").uri(url);
        for (name, value) in self.headers.iter().filter(|_| reach::along(&self.home, url)) {
            request = request.header(name, value);
        }
        // Bytes of a compressed body could not be told apart.
        request = request.header("Accept-Encoding", "identity");
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        let request = request.body(())?;
        let bytes = range.map_or(LARGEST, length_of);
        let patient = self.agent.configure_request(request);
        let request = patient.timeout_recv_body(Some(Duration::from_millis(reach::patience(bytes)))).build();
        self.requests.fetch_add(1, Ordering::Relaxed);
        let reply = self.agent.run(request)?;
        let header = |name: &str| reply.headers().get(name)?.to_str().ok().map(str::to_owned);
        let head = Head::new(reply.status().as_u16(), header);
        Ok((head, reply.into_body()))
    }

    fn body(&self, body: ureq::Body, length: Option<u64>) -> Result<Bytes> {
        let most = length.unwrap_or(LARGEST);
        let mut bytes = Vec::new();
        let read = body.into_reader().take(most.saturating_add(1)).read_to_end(&mut bytes);
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        match (read, length) {
            (Ok(_), None) => {}
            // A body that ends early tells more by its length than by the error it ends with.
            (_, Some(length)) => http::complete(bytes.len(), length)?,
            (Err(error), None) => {
                return Err(Error::source(format!("the connection broke off ({error})")).hint("try again"));
            }
        }
        Ok(bytes.into())
    }
}

fn inflate(bytes: &[u8]) -> Result<Bytes> {
    let mut whole = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut whole);
    read.map_err(|e| Error::source(format!("what the host compressed cannot be unpacked ({e})")))?;
    Limits::size(whole.len() as u64, LARGEST, "a reply")?;
    Ok(whole.into())
}

/// How many bytes a `Range` header asks for; the largest body where it does not say.
fn length_of(range: &str) -> u64 {
    let (from, to) = range.trim_start_matches("bytes=").split_once('-').unwrap_or(("", ""));
    let number = |text: &str| text.parse::<u64>().ok();
    match (number(from), number(to)) {
        (Some(from), Some(to)) => to.saturating_sub(from).saturating_add(1),
        (None, Some(last)) => last,
        _ => LARGEST,
    }
}

/// Where an address was last redirected to.
#[derive(Default)]
pub struct Landed(Mutex<Option<String>>);

impl Landed {
    fn get(&self) -> Option<String> {
        self.0.lock().ok()?.clone()
    }

    fn set(&self, to: Option<String>) {
        if let Ok(mut held) = self.0.lock() {
            *held = to;
        }
    }
}

fn broken(error: &ureq::Error) -> Error {
    Error::source(format!("no answer from the host ({error})"))
        .hint("check the address and the connection, then try again")
}

/// Milliseconds until a date as HTTP writes it; `None` for what is none.
fn left(date: &str) -> Option<u64> {
    let wait = httpdate::parse_http_date(date).ok()?.duration_since(SystemTime::now()).unwrap_or_default();
    Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}
