//! Before and beside a reply: which headers go where, when an address may have run out, and what silence means. Pure, and the same
//! for the browser and the command line.

use super::address::origin;
use crate::error::Error;

/// Redirects followed for one request.
pub const REDIRECTS: usize = 8;
/// How often an address is renewed for one request before its refusal is believed.
pub const RENEWALS: u32 = 2;
/// Milliseconds without a reply after which a request is given up and tried again.
const PATIENCE: u64 = 60_000;
/// Bytes a millisecond that a line must carry: slower ones are taken for broken.
const SLOWEST: u64 = 8;

/// Milliseconds in which a reply of so many bytes has to have come.
pub fn patience(bytes: u64) -> u64 {
    PATIENCE.saturating_add(bytes / SLOWEST)
}

/// Whether headers that are meant for `asked` may go along to `url`: only within one origin.
pub fn along(asked: &str, url: &str) -> bool {
    origin(asked) == origin(url)
}

/// Whether a browser may follow redirects by itself with these headers. It takes `Authorization` off on the way to another origin,
/// but not what it does not know to be a secret.
pub fn follows<'n>(names: impl IntoIterator<Item = &'n str>) -> bool {
    names.into_iter().all(|name| {
        ["authorization", "accept", "accept-language", "content-language"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    })
}

/// Whether a status may mean that a signed address or a token has run out.
pub fn spent(status: u16) -> bool {
    // Amazon and Google say 400 for a token that was good once.
    matches!(status, 400 | 401 | 403 | 410)
}

/// A redirect that may not be followed.
pub fn astray() -> Error {
    Error::source("the host redirects to another address, and the headers given must not go there unseen")
        .hint("give the address it redirects to, with the headers that are meant for that one")
}

/// Too many redirects, or one to nowhere.
pub fn lost(location: &str) -> Error {
    Error::source(format!("the host redirects without end or to no web address (last to {location:?})"))
        .hint("check the address")
}

/// What is known about a host that gave a browser no answer. Browsers do not say why; these are what was tried.
#[derive(Clone, Debug, Default)]
pub struct Silence<'a> {
    /// Origin of this page.
    pub page: &'a str,
    /// The address asked for.
    pub url: &'a str,
    /// The browser knows that there is no network.
    pub offline: bool,
    /// A request whose answer the page may not see came through: the host is there.
    pub there: bool,
    /// A request without any headers could be read: it is the headers that are not allowed.
    pub plain: bool,
    /// The `Content-Encoding` of that answer, where it may be seen.
    pub encoding: Option<String>,
    /// Names of the headers that went with the request.
    pub headers: Vec<&'a str>,
}

impl Silence<'_> {
    /// What it means, and what whoever can do something about it has to do.
    pub fn error(&self) -> Error {
        let page = self.page;
        if self.offline {
            return Error::source("there is no network connection")
                .hint("connect, then try again; files of this machine open without");
        }
        if page.starts_with("https:") && self.url.starts_with("http:") && !loopback(self.url) {
            return Error::source("this page came over https and may not read from an http address")
                .hint("use an https address for the data");
        }
        if let Some(encoding) = self.encoding.as_ref().filter(|_| self.plain) {
            return Error::source(format!(
                "the host compresses what it sends ({encoding}), so the browser takes no part of the file from it"
            ))
            .hint("its owner must serve the file without Content-Encoding; or download it and open it from disk");
        }
        if self.plain && self.headers == ["Range"] {
            return Error::source(
                "the host lets this page read the file but no part of it: it does not allow the header Range, or it compresses what it sends",
            )
            .hint(format!(
                "the host's owner must answer OPTIONS requests with `Access-Control-Allow-Headers: Range` and \
                 `Access-Control-Allow-Origin: {page}`, and serve the file without Content-Encoding; or download it and open it from disk"
            ));
        }
        if self.plain && !self.headers.is_empty() {
            let names = self.headers.join(", ");
            return Error::source(format!(
                "the host does not let this page send {names} (CORS: no `Access-Control-Allow-Headers`)"
            ))
            .hint(format!(
                "the host's owner must answer OPTIONS requests with `Access-Control-Allow-Headers: {names}` and \
                 `Access-Control-Allow-Origin: {page}`; or download the file and open it from disk"
            ));
        }
        if self.there {
            let given = self.headers.iter().filter(|name| !name.eq_ignore_ascii_case("range"));
            let names: Vec<&str> = ["Range"].into_iter().chain(given.copied()).collect();
            return Error::source(
                "the host is there but does not let this page read from it (CORS: no `Access-Control-Allow-Origin`)",
            )
            .hint(format!(
                "the host's owner must send `Access-Control-Allow-Origin: {page}` (or `*`), `Access-Control-Allow-Headers: {}` \
                 and `Access-Control-Expose-Headers: Content-Range, Content-Length, ETag`; or download the file and open it from disk",
                names.join(", ")
            ));
        }
        Error::source("no answer: the host cannot be reached, or refuses this page without a word (network or CORS)").hint(format!(
            "check the address and the connection; if the address works in a tab of its own, the host's owner must send \
             `Access-Control-Allow-Origin: {page}` (or `*`)"
        ))
    }
}

fn loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["localhost", "127.", "[::1]"].iter().any(|name| host.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_with_the_host_they_are_for() {
        assert!(along("https://host/a", "https://HOST:443/b?c"));
        for other in ["https://host.evil/a", "http://host/a", "https://host:8443/a", "https://sub.host/a"] {
            assert!(!along("https://host/a", other), "{other}");
        }
        assert!(follows(["Authorization", "accept"]) && follows([]));
        assert!(!follows(["X-Api-Key"]) && !follows(["Authorization", "Cookie2"]));
    }

    #[test]
    fn each_silence_has_its_own_words() {
        let usual = Silence { page: "https://page.org", url: "https://host/a", ..Silence::default() };
        let say = |silence: Silence<'_>| {
            let error = silence.error();
            format!("{}. {}", error.message, error.hint.as_deref().unwrap_or_default())
        };
        assert!(say(Silence { offline: true, ..usual.clone() }).contains("no network connection"));
        assert!(say(Silence { url: "http://host/a", ..usual.clone() }).contains("https address"));
        let refused = say(Silence { there: true, headers: vec!["X-Key"], ..usual.clone() });
        assert!(refused.contains("Access-Control-Allow-Origin: https://page.org"), "{refused}");
        assert!(refused.contains("Access-Control-Allow-Headers: Range, X-Key"), "{refused}");
        let headers = say(Silence { there: true, plain: true, headers: vec!["X-Key"], ..usual.clone() });
        assert!(headers.contains("does not let this page send X-Key"), "{headers}");
        let range = say(Silence { plain: true, headers: vec!["Range"], ..usual.clone() });
        assert!(range.contains("no part of it"), "{range}");
        let gzip =
            Silence { plain: true, encoding: Some("gzip".into()), headers: vec!["Range"], ..usual.clone() };
        assert!(say(gzip).contains("compresses what it sends (gzip)"));
        assert!(say(Silence { url: "http://127.0.0.1/a", ..usual.clone() }).contains("cannot be reached"));
        assert!(say(usual).contains("cannot be reached"));
    }

    #[test]
    fn patience_grows_with_the_size() {
        assert_eq!([patience(0), patience(8_000_000)], [60_000, 1_060_000]);
    }
}
