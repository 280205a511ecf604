//! Which request is answered by what: events and commands, virtual files, data, the module, the page.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use cellucid_wasm::{Error, Kind, dataset::may_be_file, folder::LIST, source::address::decode};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
};

use super::{
    CATALOG,
    catalog::Catalog,
    dataset::Dataset,
    files::{self, Reply, below, text, whole},
    guard::Guard,
    talk::Talk,
    with_catalog,
};
use crate::fault::Fault;

const METHODS: &str = "GET, HEAD, POST, DELETE, OPTIONS";

/// Everything that is served.
pub struct Site {
    /// Folder of the page, and that of the module beside it.
    pub page: Option<PathBuf>,
    /// Folder of the module.
    pub module: Option<PathBuf>,
    /// What lies below `/data/`.
    pub data: Option<Data>,
    /// The data sets whose virtual files are served.
    pub catalog: Catalog,
    /// Viewers and clients.
    pub talk: Talk,
    /// Who may ask.
    pub guard: Guard,
    /// The server's own address, ending with a slash.
    pub here: String,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Data files.
pub enum Data {
    /// All files of a folder.
    Folder(PathBuf),
    /// One file or store, under its name.
    Only {
        /// Its name.
        name: String,
        /// Where it is.
        path: PathBuf,
    },
}

impl Site {
    /// Answers a request.
    pub async fn answer(&self, request: Request<Incoming>) -> Reply {
        let asked = request.headers().clone();
        let head_only = request.method() == Method::HEAD;
        let host = asked.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
        let mut reply = if !self.guard.is_own_name(host) {
            let names =
                "this server answers to localhost, to addresses and to the names given by --name only";
            text(StatusCode::FORBIDDEN, names)
        } else {
            self.route(request, &asked).await
        };
        if head_only {
            *reply.body_mut() = Default::default();
        }
        let headers = reply.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        self.allow(&asked, headers);
        reply
    }

    async fn route(&self, request: Request<Incoming>, asked: &HeaderMap) -> Reply {
        let path = request.uri().path().to_owned();
        match *request.method() {
            Method::GET | Method::HEAD | Method::POST | Method::DELETE => {
                let head_only = request.method() == Method::HEAD;
                let readable = head_only || request.method() == Method::GET;
                if let Some(name) = path.strip_prefix("/_cellucid/") {
                    let name = name.to_owned();
                    // A wrong page's form must not reach a viewer: what changes something comes from a page that may read.
                    if !readable && !self.is_friend(asked) {
                        return text(StatusCode::FORBIDDEN, "pages of that origin may not send anything");
                    }
                    if let Some(reply) = self.talk.answer(&name, request, &self.here).await {
                        return reply;
                    }
                }
                if readable {
                    return self.find(&path, asked, head_only).await;
                }
                text(StatusCode::NOT_FOUND, format!("nothing can be sent to {path}"))
            }
            Method::OPTIONS => {
                let mut reply = text(StatusCode::NO_CONTENT, "");
                reply.headers_mut().remove(header::CONTENT_TYPE);
                reply.headers_mut().remove(header::CONTENT_LENGTH);
                *reply.body_mut() = Default::default();
                reply
            }
            _ => {
                let mut reply = text(StatusCode::METHOD_NOT_ALLOWED, format!("only {METHODS} are answered"));
                reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static(METHODS));
                reply
            }
        }
    }

    /// Whether a request comes from no page, from a page of this server, or from one that may read.
    fn is_friend(&self, asked: &HeaderMap) -> bool {
        let Some(origin) = asked.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = asked.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
        origin.split_once("://").is_some_and(|(_, own)| own == host) || self.guard.may_read(origin)
    }

    async fn find(&self, path: &str, asked: &HeaderMap, head_only: bool) -> Reply {
        let path = decode(path);
        let path = path.trim_start_matches('/');
        if let Some(reply) = self.virtual_file(path).await {
            return reply;
        }
        if !self.catalog.entries().is_empty() && matches!(self.data, Some(Data::Folder(_))) {
            if path == CATALOG {
                return whole(StatusCode::OK, "application/json", self.catalog.list().to_string());
            }
            if let Some(index) = matches!(path, "" | "index.html").then(|| self.index()).flatten() {
                return whole(StatusCode::OK, "text/html; charset=utf-8", with_catalog(&index));
            }
        }
        let place = match path.split_once('/') {
            Some(("data", rest)) => self.data_file(rest),
            Some(("pkg", rest)) => self.module.as_deref().and_then(|folder| below(folder, rest)),
            _ => {
                let path = if path.is_empty() { "index.html" } else { path };
                self.page.as_deref().and_then(|folder| below(folder, path))
            }
        };
        let found = match place {
            Some(place) => files::reply(place, asked, head_only).await,
            None => None,
        };
        if let Some(found) = found {
            return found;
        }
        if path.is_empty() {
            return text(
                StatusCode::NOT_FOUND,
                "The page is not here: start the server with --page and the folder that holds index.html. Data are served all the same.",
            );
        }
        text(StatusCode::NOT_FOUND, format!("Not found: /{path}"))
    }

    fn index(&self) -> Option<String> {
        std::fs::read_to_string(self.page.as_ref()?.join("index.html")).ok()
    }

    /// A file of a data set, whose id may stand in front, or a document about all of them.
    async fn virtual_file(&self, path: &str) -> Option<Reply> {
        if let Some(only) = self.catalog.single() {
            let own = path.strip_prefix(&only.id).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
            let listed = self.catalog.listed();
            let there = listed.iter().any(|folder| own.starts_with(folder.as_str()))
                || own == LIST && !listed.is_empty();
            let wanted = there || may_be_file(own);
            return if wanted { file(self.catalog.open(only).await, own).await } else { None };
        }
        if self.catalog.entries().is_empty() {
            return None;
        }
        let host = self.address.ip().to_string();
        if let Some(document) = self.catalog.document(path, &host, self.address.port()) {
            return Some(whole(StatusCode::OK, "application/json", document.to_string()));
        }
        let (entry, own) = self.catalog.split(path)?;
        if may_be_file(own) { file(self.catalog.open(entry).await, own).await } else { None }
    }

    fn data_file(&self, path: &str) -> Option<PathBuf> {
        match self.data.as_ref()? {
            Data::Folder(folder) => below(folder, path),
            Data::Only { name, path: place } => {
                let rest = path.strip_prefix(name.as_str())?;
                if rest.is_empty() { Some(place.clone()) } else { below(place, rest.strip_prefix('/')?) }
            }
        }
    }

    /// What a browser has to be told before it lets pages of another origin read.
    fn allow(&self, asked: &HeaderMap, headers: &mut HeaderMap) {
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        let may_read = |origin: &&HeaderValue| origin.to_str().is_ok_and(|text| self.guard.may_read(text));
        let Some(origin) = asked.get(header::ORIGIN).filter(may_read) else { return };
        let fixed: [(HeaderName, &'static str); 4] = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "Authorization, Content-Type, If-None-Match, If-Range, Last-Event-ID, Range",
            ),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Accept-Ranges, Content-Length, Content-Range, ETag"),
            (HeaderName::from_static("access-control-allow-private-network"), "true"),
        ];
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// A file of a data set; `None` when it has none of that name.
async fn file(opened: Result<Arc<Dataset>, Fault>, path: &str) -> Option<Reply> {
    let made = match opened {
        Ok(dataset) => dataset.file(path.to_owned()).await,
        Err(fault) => Err(fault),
    };
    Some(match made {
        Ok(file) => whole(StatusCode::OK, file.media, file.body),
        Err(fault) if fault.kind == Kind::Missing => return None,
        Err(fault) => text(StatusCode::INTERNAL_SERVER_ERROR, Error::from(fault).to_string()),
    })
}
