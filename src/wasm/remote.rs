//! Files and stores on a host.

use std::{cell::Cell, ops::Range, rc::Rc};

use bytes::Bytes;

use super::{
    fetch::{Ask, Client},
    together,
    way::Way,
};
use crate::{
    error::{Error, Kind, Pending, Result},
    source::{
        ByteSource, Identity, KeyedSource, Part,
        address::Address,
        check_span,
        http::{self, Answer, FIRST, First, PARALLEL, Remote},
    },
};

/// One file on a host. The first request learns the size and keeps what it brought.
pub struct RemoteFile {
    way: Way,
    label: String,
    remote: Remote,
    start: Bytes,
}

impl RemoteFile {
    /// Asks for the start of the file.
    ///
    /// # Errors
    /// `Source` or `Missing`: what the host did instead.
    pub async fn open(client: Rc<Client>, address: Address) -> Result<Self> {
        let way = Way::new(client, address);
        let label = way.label();
        let opened = async {
            let ask = Ask { range: Some(http::range(&(0..FIRST))), ..Ask::default() };
            let mut learned = None;
            let start = way
                .send(None, &ask, &mut |reply| {
                    let first = http::first(&reply.head, FIRST)?;
                    let length = match &first {
                        First::Known(remote) => Some(remote.size.min(FIRST)),
                        First::Hidden if reply.foreign => None,
                        First::Hidden => {
                            return Err(Error::source(
                                "the host does not say how large the file is (no Content-Range)",
                            ));
                        }
                    };
                    learned = Some(first);
                    // An empty file has no body worth waiting for.
                    Ok((length != Some(0)).then_some(length))
                })
                .await?;
            let remote = match learned {
                Some(First::Known(remote)) => remote,
                _ => {
                    let mut remote = None;
                    let ask = Ask { head: true, range: None };
                    way.send(None, &ask, &mut |reply| {
                        remote = Some(Remote::blind(&reply.head)?);
                        Ok(None)
                    })
                    .await?;
                    let remote = remote.ok_or_else(|| Error::source("the host did not answer"))?;
                    http::complete(start.len(), remote.size.min(FIRST))?;
                    remote
                }
            };
            Ok((remote, start))
        };
        let (remote, start) = opened.await.map_err(|e: Error| e.in_file(&label))?;
        Ok(Self { way, label, remote, start })
    }

    async fn span(&self, span: &Range<u64>) -> Result<Bytes> {
        let read = async {
            check_span(span, self.remote.size)?;
            if span.is_empty() {
                return Ok(Bytes::new());
            }
            if span.end <= self.start.len() as u64 {
                // Within a buffer, so both ends fit a usize.
                return Ok(self.start.slice(span.start as usize..span.end as usize));
            }
            let ask = Ask { range: Some(http::range(span)), ..Ask::default() };
            let length = span.end - span.start;
            let judged = |e: Error| e.offset(span.start);
            self.way
                .send(None, &ask, &mut |reply| {
                    self.remote.check(&reply.head, span).map(|()| Some(Some(length)))
                })
                .await
                .map_err(judged)
        };
        read.await.map_err(|e: Error| e.in_file(&self.label))
    }
}

impl ByteSource for RemoteFile {
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
        self.way.rate().gap(PARALLEL)
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.way.rate().seconds(bytes)
    }

    fn sibling<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Rc<dyn ByteSource>>> {
        Box::pin(async move {
            let Some((client, address)) = self.way.beside(path) else { return Ok(None) };
            match Self::open(client, address).await {
                Ok(file) => Ok(Some(Rc::new(file) as Rc<dyn ByteSource>)),
                Err(error) if error.kind == Kind::Missing => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        let largest = spans.iter().map(|span| span.end.saturating_sub(span.start)).max();
        together::spans(spans, http::parallel(largest.unwrap_or(0)), |span| self.span(span))
    }
}

/// A store on a host: one request per key, nothing is ever listed.
pub struct RemoteStore {
    way: Way,
    label: String,
    /// The host is another origin, where a request for the last bytes would need its leave first.
    foreign: Cell<bool>,
}

impl RemoteStore {
    /// A store at an address; nothing is asked yet.
    pub fn new(client: Rc<Client>, address: Address) -> Self {
        let way = Way::new(client, address);
        Self { label: way.label(), way, foreign: Cell::default() }
    }

    async fn part(&self, key: &str, part: &Part) -> Result<Option<Bytes>> {
        let mut part = part.clone();
        // Asking for the last bytes needs the host's leave when it is another origin; asking for the size does not.
        if let (Part::Last(n), true) = (&part, self.foreign.get()) {
            match self.size(key).await? {
                None => return Ok(None),
                Some(size) => part = Part::Span(size.saturating_sub(*n)..size),
            }
        }
        loop {
            let range = match &part {
                Part::All => None,
                Part::Span(span) if span.is_empty() => return Ok(Some(Bytes::new())),
                Part::Span(span) => Some(http::range(span)),
                Part::Last(n) => Some(format!("bytes=-{n}")),
            };
            let ask = Ask { range, ..Ask::default() };
            let mut answer = Answer::Absent;
            let body = self
                .way
                .send(Some(key), &ask, &mut |reply| {
                    self.foreign.set(self.foreign.get() || reply.foreign);
                    answer = http::answer(&reply.head, &part)?;
                    // Another origin may hide that it compresses a whole file, of which the browser makes more than was announced.
                    let believed = !(reply.foreign && matches!(part, Part::All));
                    Ok(if let Answer::Body(length) = answer {
                        Some(length.filter(|_| believed))
                    } else {
                        None
                    })
                })
                .await?;
            match answer {
                Answer::Absent => return Ok(None),
                Answer::Body(_) => return Ok(Some(body)),
                Answer::Instead(span) => part = Part::Span(span),
            }
        }
    }

    /// Size of a key's file; `None` when there is none.
    async fn size(&self, key: &str) -> Result<Option<u64>> {
        let mut size = None;
        let ask = Ask { head: true, range: None };
        self.way
            .send(Some(key), &ask, &mut |reply| {
                if http::answer(&reply.head, &Part::All)? != Answer::Absent {
                    size = Some(Remote::blind(&reply.head)?.size);
                }
                Ok(None)
            })
            .await?;
        Ok(size)
    }
}

impl KeyedSource for RemoteStore {
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
        self.way.rate().gap(PARALLEL)
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.way.rate().seconds(bytes)
    }

    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>> {
        together::parts(&self.label, wanted, PARALLEL, |key, part| self.part(key, part))
    }

    fn list<'a>(&'a self, _prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async { Ok(None) })
    }
}
