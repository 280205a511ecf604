//! Which request is answered by what: virtual files, data, the module, the page.

use std::path::PathBuf;

use cellucid_wasm::{Kind, dataset::may_be_file, folder::LIST, source::address::decode};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    header::{self, HeaderName, HeaderValue},
};

use super::{
    dataset::Dataset,
    files::{self, Reply, below, text, whole},
    guard::{is_own_name, may_read},
};

/// Everything that is served.
pub struct Site {
    /// Folder of the page, and that of the module beside it.
    pub page: Option<PathBuf>,
    /// Folder of the module.
    pub module: Option<PathBuf>,
    /// What lies below `/data/`.
    pub data: Option<Data>,
    /// The data set whose virtual files are served.
    pub dataset: Option<Dataset>,
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
    pub async fn answer<B>(&self, request: &Request<B>) -> Reply {
        let asked = request.headers();
        let host = asked.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
        let mut reply = if !is_own_name(host) {
            text(StatusCode::FORBIDDEN, "this server answers to localhost and to addresses only")
        } else {
            match *request.method() {
                Method::GET => self.find(request.uri().path(), asked, false).await,
                Method::HEAD => self.find(request.uri().path(), asked, true).await,
                Method::OPTIONS => {
                    let mut reply = text(StatusCode::NO_CONTENT, "");
                    reply.headers_mut().remove(header::CONTENT_TYPE);
                    reply.headers_mut().remove(header::CONTENT_LENGTH);
                    *reply.body_mut() = Default::default();
                    reply
                }
                _ => {
                    let mut reply =
                        text(StatusCode::METHOD_NOT_ALLOWED, "only GET, HEAD and OPTIONS are answered");
                    reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
                    reply
                }
            }
        };
        if request.method() == Method::HEAD {
            *reply.body_mut() = Default::default();
        }
        let headers = reply.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        allow(asked, headers);
        reply
    }

    async fn find(&self, path: &str, asked: &HeaderMap, head_only: bool) -> Reply {
        let path = decode(path);
        let path = path.trim_start_matches('/');
        if let Some(reply) = self.virtual_file(path).await {
            return reply;
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

    /// A file of the data set; its id may stand in front.
    async fn virtual_file(&self, path: &str) -> Option<Reply> {
        let dataset = self.dataset.as_ref()?;
        let own = path.strip_prefix(&dataset.id).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
        // Only what may be one: a page's own files must not wait for a data set that is busy.
        if !may_be_file(own) && !dataset.listed.iter().any(|folder| own.starts_with(folder)) && own != LIST {
            return None;
        }
        Some(match dataset.file(own.to_owned()).await {
            Ok(file) => whole(StatusCode::OK, file.media, file.body),
            Err(fault) if fault.kind == Kind::Missing => return None,
            Err(fault) => {
                text(StatusCode::INTERNAL_SERVER_ERROR, cellucid_wasm::Error::from(fault).to_string())
            }
        })
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
}

/// What a browser has to be told before it lets pages of another origin read.
fn allow(asked: &HeaderMap, headers: &mut HeaderMap) {
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let origin = asked.get(header::ORIGIN).filter(|origin| origin.to_str().is_ok_and(may_read));
    let Some(origin) = origin else { return };
    let fixed: [(HeaderName, &'static str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Range"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Accept-Ranges, Content-Length, Content-Range, ETag"),
        (HeaderName::from_static("access-control-allow-private-network"), "true"),
    ];
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
