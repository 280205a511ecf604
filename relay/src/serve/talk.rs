//! The hub's addresses: events, commands, viewers and sessions over HTTP, for viewers and for clients in any language.
//!
//! Viewers show their own token, clients the server's, as `Authorization: Bearer …` or in the query.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use cellucid_wasm::{
    Error, Kind,
    protocol::{Answer, Endpoint, MESSAGE_LIMIT, PLAIN_LIMIT},
    source::address::decode,
};
use http_body_util::{BodyExt, Limited, combinators::BoxBody};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Frame},
    header::{self, HeaderValue},
};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use super::{
    files::{self, Reply, text, whole},
    hub::{Followed, Hub, random},
};

/// A body that stops coming is given up after this long.
const STALLED: Duration = Duration::from_secs(30);
/// Streams say something at least this often, so that both ends notice when the other is gone.
const BEAT: Duration = Duration::from_secs(15);
/// Longest wait of a long poll, in seconds.
const POLL: u64 = 60;

/// The hub as it is reached.
pub struct Talk {
    /// Who talks.
    pub hub: Arc<Hub>,
    /// Query of a viewer's address besides its id and token: what it shows.
    pub shown: String,
    /// Becomes true when the server ends.
    pub ending: watch::Receiver<bool>,
}

impl Talk {
    /// Answers a request for an address below `_cellucid/`; `None` for those that are not the hub's. `here` is the server's own
    /// address, ending with a slash.
    pub async fn answer<B>(&self, name: &str, request: Request<B>, here: &str) -> Option<Reply>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let query = Query::of(&request);
        let client = || {
            let shown = bearer(request.headers()).map(str::to_owned).or_else(|| query.get("token"));
            self.hub.trusts(shown.as_deref())
        };
        let reply = match (request.method(), name) {
            (&Method::GET, "relay") => {
                if let (Some(viewer), Some(token)) = (query.get("viewerId"), query.get("viewerToken")) {
                    self.hub.greet(&viewer, &token);
                }
                answered(Endpoint::about(true))
            }
            (&Method::POST, "events") => match body(request, PLAIN_LIMIT).await {
                Ok(body) => answered(self.hub.event(&body)),
                Err(reply) => reply,
            },
            (&Method::POST, "session_bundle") => self.upload(request, &query).await,
            (&Method::GET, "commands") => self.commands(request.headers(), &query),
            (_, "events" | "commands" | "session_bundle") | (_, "viewers") if !client() => refused(),
            (_, one) if one.starts_with("viewers/") && !client() => refused(),
            (&Method::GET, "events") => self.events(request.headers(), &query).await,
            (&Method::POST, "commands") => {
                let viewer = query.get("viewerId").unwrap_or_default();
                match body(request, MESSAGE_LIMIT).await {
                    Ok(body) => match self.hub.command(&viewer, &body) {
                        Ok((number, request)) => {
                            json_reply(&json!({"status": "ok", "command": number, "requestId": request}))
                        }
                        Err(error) => failed(&error),
                    },
                    Err(reply) => reply,
                }
            }
            (&Method::GET, "session_bundle") => {
                let path = query.get("requestId").and_then(|request| self.hub.bundle(&request));
                let reply = match path {
                    Some(path) => files::reply(path, request.headers(), false).await,
                    None => None,
                };
                reply.unwrap_or_else(|| {
                    text(StatusCode::NOT_FOUND, "no session was uploaded for that request")
                })
            }
            (&Method::GET, "viewers") => json_reply(&json!({"viewers": self.hub.viewers()})),
            (&Method::POST, "viewers") => match self.hub.admit() {
                Ok((id, token)) => {
                    let url = self.address(here, &id, &token);
                    json_reply(&json!({"viewerId": id, "viewerToken": token, "url": url}))
                }
                Err(error) => failed(&error),
            },
            (&Method::DELETE, one) if one.starts_with("viewers/") => {
                let gone = self.hub.dismiss(one.trim_start_matches("viewers/"));
                if gone {
                    json_reply(&json!({"status": "ok"}))
                } else {
                    text(StatusCode::NOT_FOUND, "no such viewer")
                }
            }
            (&Method::POST, _) => {
                text(StatusCode::NOT_FOUND, format!("POST not supported for path: {}", request.uri().path()))
            }
            _ => return None,
        };
        Some(reply)
    }

    /// The address of a viewer's page.
    pub fn address(&self, here: &str, id: &str, token: &str) -> String {
        let shown = if self.shown.is_empty() { String::new() } else { format!("&{}", self.shown) };
        format!("{here}?jupyter=true&viewerId={id}&viewerToken={token}{shown}")
    }

    /// Events for a client: as a stream where it takes one, else those after a number, waiting for the next if there are none.
    async fn events(&self, asked: &HeaderMap, query: &Query) -> Reply {
        let viewer = query.get("viewerId").unwrap_or_default();
        let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
        let last = asked.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let after = number(last).or_else(|| number(query.get("after"))).unwrap_or(0);
        let hub = Arc::clone(&self.hub);
        let unknown = || text(StatusCode::NOT_FOUND, format!("no viewer is called \"{viewer}\""));
        let accepts = asked.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
        if accepts.contains("text/event-stream") {
            if hub.events(&viewer, after).is_none() {
                return unknown();
            }
            let next = move |after| hub.events(&viewer, after);
            return stream(next, after, String::new(), self.ending.clone());
        }
        let wait = number(query.get("wait")).unwrap_or(0).min(POLL);
        let Some(mut found) = hub.events(&viewer, after) else { return unknown() };
        if found.messages.is_empty() && wait > 0 {
            let mut ending = self.ending.clone();
            tokio::select! {
                _ = found.more.changed() => {}
                _ = ending.changed() => {}
                () = sleep(Duration::from_secs(wait)) => {}
            }
            match hub.events(&viewer, after) {
                Some(now) => found = now,
                None => return unknown(),
            }
        }
        let last = found.messages.last().map_or(after, |(number, _)| *number);
        let texts: Vec<&[u8]> = found.messages.iter().map(|(_, text)| &text[..]).collect();
        let body = [br#"{"events":["#, &texts.join(&b","[..])[..], format!("],\"last\":{last}}}").as_bytes()]
            .concat();
        whole(StatusCode::OK, "application/json", body)
    }

    /// Commands for a viewer's page, as a stream.
    fn commands(&self, asked: &HeaderMap, query: &Query) -> Reply {
        let viewer = query.get("viewerId").unwrap_or_default();
        let token = query.get("viewerToken").unwrap_or_default();
        let last = asked.get("last-event-id").and_then(|id| id.to_str().ok());
        let Some((load, after)) = self.hub.resume(&viewer, &token, last) else {
            return text(StatusCode::NOT_FOUND, "no such viewer");
        };
        let hub = Arc::clone(&self.hub);
        let next = move |after| hub.commands(&viewer, load, after);
        stream(next, after, format!("{load}."), self.ending.clone())
    }

    async fn upload<B>(&self, request: Request<B>, query: &Query) -> Reply
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let viewer = query.get("viewerId").unwrap_or_default();
        let wanted = query.get("requestId").unwrap_or_default();
        let upload = match self.hub.upload(&viewer, &wanted, length) {
            Ok(upload) => upload,
            Err(answer) => return answered(answer),
        };
        let name = random(8).unwrap_or_default();
        let path = std::env::temp_dir().join(format!("cellucid-session-{name}.cellucid-session"));
        let (mut head, mut received) = (Vec::new(), 0);
        let kept = async {
            // Nobody else on this machine need read what was selected.
            let mut options = tokio::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            options.mode(0o600);
            let mut file = options.open(&path).await?;
            let mut body = request.into_body();
            while let Ok(Some(Ok(frame))) = timeout(STALLED, body.frame()).await {
                let Ok(data) = frame.into_data() else { continue };
                received += data.len() as u64;
                if head.len() < 64 {
                    head.extend_from_slice(data.get(..data.len().min(64)).unwrap_or_default());
                }
                file.write_all(&data).await?;
            }
            file.flush().await
        };
        if let Err(error) = kept.await {
            // What is missing is what the disk did not take.
            received = 0;
            head = format!("{error}").into_bytes();
        }
        answered(self.hub.uploaded(upload, &head, received, path))
    }
}

/// A stream of server-sent events that goes on until the reader leaves, there is no more to follow, or the server ends.
fn stream(
    next: impl Fn(u64) -> Option<Followed> + Send + 'static,
    mut after: u64,
    load: String,
    mut ending: watch::Receiver<bool>,
) -> Reply {
    let (sender, receiver) = mpsc::channel::<Bytes>(16);
    tokio::spawn(async move {
        while let Some(Followed { messages, mut more }) = next(after) {
            for (number, text) in messages {
                let framed = [format!("id: {load}{number}\ndata: ").as_bytes(), &text, b"\n\n"].concat();
                if sender.send(framed.into()).await.is_err() {
                    return;
                }
                after = number;
            }
            // After the last words, which the end may have brought.
            if *ending.borrow() {
                return;
            }
            tokio::select! {
                _ = more.changed() => {}
                _ = ending.changed() => {}
                () = sender.closed() => return,
                () = sleep(BEAT) => if sender.send(Bytes::from_static(b":\n\n")).await.is_err() { return },
            }
        }
    });
    let mut reply = Response::new(BoxBody::new(Stream { receiver }));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    reply
}

struct Stream {
    receiver: mpsc::Receiver<Bytes>,
}

impl Body for Stream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<io::Result<Frame<Bytes>>>> {
        self.receiver.poll_recv(context).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// A body of at most so many bytes.
async fn body<B>(request: Request<B>, most: usize) -> Result<Bytes, Reply>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let too_large = || text(StatusCode::PAYLOAD_TOO_LARGE, "Request too large");
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|l| l.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    match timeout(STALLED, Limited::new(request.into_body(), most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(text(StatusCode::BAD_REQUEST, "the body broke off")),
        Err(_) => Err(text(StatusCode::REQUEST_TIMEOUT, "the body did not come")),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

fn answered(answer: Answer) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    whole(status, answer.media, answer.body)
}

fn json_reply(value: &Value) -> Reply {
    whole(StatusCode::OK, "application/json", value.to_string())
}

fn refused() -> Reply {
    text(StatusCode::UNAUTHORIZED, "this needs the server's token, as Authorization: Bearer TOKEN")
}

fn failed(error: &Error) -> Reply {
    let status = match error.kind {
        Kind::Missing => StatusCode::NOT_FOUND,
        Kind::Limit => StatusCode::TOO_MANY_REQUESTS,
        Kind::Request => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    text(status, format!("{error}: {}", error.advice()))
}

/// A request's query.
struct Query(String);

impl Query {
    fn of<B>(request: &Request<B>) -> Self {
        Self(request.uri().query().unwrap_or_default().to_owned())
    }

    fn get(&self, name: &str) -> Option<String> {
        let pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| decode(value)).next()
    }
}
