//! Files and stores on a host: ranged requests, several at a time, judged by the library's rules.

mod client;
mod parallel;

use std::{ops::Range, rc::Rc, sync::Arc};

use bytes::Bytes;
use cellucid_wasm::{
    Error, Kind, Pending, Result,
    native::block_on,
    open::Source,
    source::{
        ByteSource, Identity, KeyedSource, Part,
        address::{Address, Leads},
        check_span,
        http::{self, Answer, FIRST, First, Remote},
    },
};

pub use client::Client;
use client::{Judge, Landed};
use parallel::parallel;

/// What tells a store, and an export folder or a folder of those.
const DOCUMENTS: [&str; 5] = ["zarr.json", ".zmetadata", ".zgroup", "dataset_identity.json", "datasets.json"];

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
        self.client.gap()
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.client.seconds(bytes)
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
        self.client.gap()
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.client.seconds(bytes)
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
