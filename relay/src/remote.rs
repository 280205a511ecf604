//! Files and stores on a host: ranged requests, several at a time, judged by the library's rules.

use std::{
    io::Read,
    ops::Range,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::fault::Fault;
use bytes::Bytes;
use cellucid_wasm::{
    Error, Kind, Limits, Pending, Result,
    native::block_on,
    open::Source,
    source::{
        ByteSource, Identity, KeyedSource, Part,
        address::{self, Address, Leads},
        check_span,
        http::{self, Answer, FIRST, First, Head, PARALLEL, Remote},
        rate::Rate,
        reach,
    },
};

/// What tells a store, and an export folder or a folder of those.
const DOCUMENTS: [&str; 5] = ["zarr.json", ".zmetadata", ".zgroup", "dataset_identity.json", "datasets.json"];
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
type Judge<'a> = &'a mut dyn FnMut(&Head) -> Result<Option<Option<u64>>>;

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

    /// Sends a request until it is answered for good, and notes how long that took. `landed` is where the address was redirected to
    /// before: asked first, for as long as that is good.
    fn send(
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
struct Landed(Mutex<Option<String>>);

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

/// The results of `work` on each of `0..count`, several at a time, in order; the first error ends it.
fn parallel<T: Send>(count: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done: Mutex<Vec<(usize, std::result::Result<T, Fault>)>> = Mutex::new(Vec::with_capacity(count));
    let run = || {
        while !stop.load(Ordering::Relaxed) {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                break;
            }
            let result = work(i).map_err(Fault::from);
            stop.fetch_or(result.is_err(), Ordering::Relaxed);
            // Poisoned only by a panic, which ends everything anyway.
            if let Ok(mut done) = done.lock() {
                done.push((i, result));
            }
        }
    };
    if count == 1 {
        run();
    } else {
        thread::scope(|scope| {
            for _ in 0..count.min(PARALLEL) {
                scope.spawn(run);
            }
        });
    }
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result.map_err(Error::from)).collect()
}

/// A file or store at an address or where else it may be, and whether it is a store.
///
/// # Errors
/// What the host did instead of sending the file.
pub fn open(client: &Arc<Client>, address: Address) -> Result<(Source, bool)> {
    let first = match at(client, address.clone()) {
        Err(error) => error,
        found => return found,
    };
    let others = address.others().filter(|_| first.kind == Kind::Missing);
    others.map(|other| at(client, other)).find(Result::is_ok).unwrap_or(Err(first))
}

fn at(client: &Arc<Client>, address: Address) -> Result<(Source, bool)> {
    if address.leads() == Leads::ToStore {
        let store = Store::new(client, address.clone());
        // With other places to look in, it has to be known whether it is here.
        if address.others().next().is_some() && !store.is_there() {
            return Err(Error::missing("there is no store at this address").in_file(address.label()));
        }
        return Ok((Source::Folder(Rc::new(store)), true));
    }
    let error = match File::open(client, &address) {
        Ok(file) => return Ok((Source::File(Rc::new(file)), false)),
        Err(error) => error.in_file(address.label()),
    };
    // No ending says which: where there is no file, there may be a store.
    if address.leads() == Leads::Anywhere && matches!(error.kind, Kind::Missing | Kind::Source) {
        let store = Store::new(client, address);
        if store.is_there() {
            return Ok((Source::Folder(Rc::new(store)), true));
        }
    }
    Err(error)
}

/// One file on a host.
struct File {
    client: Arc<Client>,
    address: Address,
    url: String,
    label: String,
    remote: Remote,
    start: Bytes,
    landed: Landed,
}

impl File {
    fn open(client: &Arc<Client>, address: &Address) -> Result<Self> {
        let url = address.file();
        let landed = Landed::default();
        let mut learned = None;
        let judge: Judge<'_> = &mut |head| match http::first(head, FIRST)? {
            First::Known(remote) => {
                let length = remote.size.min(FIRST);
                learned = Some(remote);
                Ok((length > 0).then_some(Some(length)))
            }
            First::Hidden => {
                Err(Error::source("the host does not say how large the file is (no Content-Range)"))
            }
        };
        let start = client.send(&url, Some(&http::range(&(0..FIRST))), Some(&landed), judge)?;
        let remote = learned.ok_or_else(|| Error::source("the host did not answer"))?;
        let (client, label, address) = (Arc::clone(client), address.label(), address.clone());
        Ok(Self { client, address, url, label, remote, start, landed })
    }
}

impl ByteSource for File {
    fn len(&self) -> u64 {
        self.remote.size
    }

    fn name(&self) -> &str {
        &self.label
    }

    fn identity(&self) -> Option<Identity> {
        Some(self.remote.identity(&self.label))
    }

    fn is_far(&self) -> bool {
        true
    }

    fn gap(&self) -> u64 {
        self.client.rate(|rate, _| rate.gap(PARALLEL)).unwrap_or(16 << 10)
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.client.rate(|rate, _| rate.seconds(bytes)).flatten()
    }

    fn sibling<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Rc<dyn ByteSource>>> {
        Box::pin(async move {
            let Some(address) = self.address.beside(path) else { return Ok(None) };
            match Self::open(&self.client, &address) {
                Ok(file) => Ok(Some(Rc::new(file) as Rc<dyn ByteSource>)),
                Err(error) if error.kind == Kind::Missing => Ok(None),
                Err(error) => Err(error.in_file(address.label())),
            }
        })
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        let (client, url, remote, start) = (&self.client, &self.url, &self.remote, &self.start);
        let landed = &self.landed;
        let one = move |i: usize| {
            let span = spans.get(i).cloned().unwrap_or_default();
            check_span(&span, remote.size)?;
            if span.is_empty() {
                return Ok(Bytes::new());
            }
            if span.end <= start.len() as u64 {
                return Ok(start.slice(span.start as usize..span.end as usize));
            }
            let length = span.end - span.start;
            let judge: Judge<'_> = &mut |head| remote.check(head, &span).map(|()| Some(Some(length)));
            client.send(url, Some(&http::range(&span)), Some(landed), judge).map_err(|e| e.offset(span.start))
        };
        Box::pin(async move { parallel(spans.len(), one).map_err(|e| e.in_file(&self.label)) })
    }
}

/// A store on a host: one request per key, nothing is ever listed.
struct Store {
    client: Arc<Client>,
    address: Address,
    label: String,
}

impl Store {
    fn new(client: &Arc<Client>, address: Address) -> Self {
        Self { client: Arc::clone(client), label: address.label(), address }
    }

    /// Whether any document of a store or an export is there.
    fn is_there(&self) -> bool {
        let documents = DOCUMENTS.map(|key| (key.to_owned(), Part::All));
        block_on(self.get_many(&documents)).is_ok_and(|got| got.iter().any(Option::is_some))
    }
}

/// Milliseconds until a date as HTTP writes it; `None` for what is none.
fn left(date: &str) -> Option<u64> {
    let wait = httpdate::parse_http_date(date).ok()?.duration_since(SystemTime::now()).unwrap_or_default();
    Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

fn part(client: &Client, url: &str, part: &Part) -> Result<Option<Bytes>> {
    let mut part = part.clone();
    loop {
        let range = match &part {
            Part::All => None,
            Part::Span(span) if span.is_empty() => return Ok(Some(Bytes::new())),
            Part::Span(span) => Some(http::range(span)),
            Part::Last(n) => Some(format!("bytes=-{n}")),
        };
        let mut answer = Answer::Absent;
        let body = client.send(url, range.as_deref(), None, &mut |head| {
            answer = http::answer(head, &part)?;
            Ok(if let Answer::Body(length) = answer { Some(length) } else { None })
        })?;
        match answer {
            Answer::Absent => return Ok(None),
            Answer::Body(_) => return Ok(Some(body)),
            Answer::Instead(span) => part = Part::Span(span),
        }
    }
}

impl KeyedSource for Store {
    fn name(&self) -> &str {
        &self.label
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity { text: self.label.clone(), exact: false })
    }

    fn is_far(&self) -> bool {
        true
    }

    fn gap(&self) -> u64 {
        self.client.rate(|rate, _| rate.gap(PARALLEL)).unwrap_or(16 << 10)
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.client.rate(|rate, _| rate.seconds(bytes)).flatten()
    }

    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>> {
        let (client, address) = (&self.client, &self.address);
        let one = move |i: usize| match wanted.get(i) {
            Some((key, wanted)) => part(client, &address.key(key), wanted),
            None => Ok(None),
        };
        Box::pin(async move { parallel(wanted.len(), one).map_err(|e| e.in_file(&self.label)) })
    }

    fn list<'a>(&'a self, _prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async { Ok(None) })
    }
}
