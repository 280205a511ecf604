//! Web addresses as text: what they call the file, whether they lead to a store, where its keys are, and which belong together.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::places::{self, Place};

/// Names of the documents at the top of a Zarr store or an export folder; people paste their addresses too.
const DOCUMENTS: [&str; 7] =
    ["zarr.json", ".zmetadata", ".zgroup", ".zattrs", ".zarray", "dataset_identity.json", "datasets.json"];

/// What an address looks like it leads to, before anything was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// One file.
    ToFile,
    /// A folder of keys.
    ToStore,
    /// Either: no ending says which.
    Anywhere,
}

/// An http(s) address, taken apart where that matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Up to the end of the path, without a slash at its end.
    base: String,
    /// `?…`, which signed addresses need on every request; without the fragment.
    query: String,
    /// It ended in a slash or named a document of a store.
    folder: bool,
    /// What the file is called, where the path does not say so.
    called: Option<String>,
    /// Where else it may be.
    others: Vec<String>,
    /// `user:password@`, as the value of an `Authorization` header: browsers take no such addresses.
    login: Option<String>,
}

impl Address {
    /// Takes an address apart; `None` when it is not http(s), has no host and is of no form that [`places`] knows.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.split('#').next().unwrap_or(text);
        let Place { url, name, others } =
            places::known(text).unwrap_or_else(|| Place { url: text.to_owned(), ..Place::default() });
        Some(Self { called: name, others, ..Self::plain(&url)? })
    }

    fn plain(text: &str) -> Option<Self> {
        let (base, query) = match text.find('?') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let scheme = base.split("://").next().unwrap_or_default();
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let rest =
            base.get(scheme.len() + 3..).filter(|rest| web && !rest.is_empty() && !rest.starts_with('/'))?;
        let mut folder = rest.ends_with('/');
        let host = rest.split('/').next().unwrap_or(rest);
        let login = host.rsplit_once('@').map(|(login, _)| login);
        let clean = login.map(|login| base.replacen(&format!("{login}@"), "", 1));
        let login = login.map(|login| format!("Basic {}", STANDARD.encode(decode(login))));
        let mut base = clean.as_deref().unwrap_or(base).trim_end_matches('/');
        if let Some(store) = DOCUMENTS.iter().find_map(|d| base.strip_suffix(d)?.strip_suffix('/')) {
            base = store;
            folder = true;
        }
        let (base, query) = (base.to_owned(), query.to_owned());
        Some(Self { base, query, folder, called: None, others: Vec::new(), login })
    }

    /// Where else the file or store may be, in this order, if it is not here.
    pub fn others(&self) -> impl Iterator<Item = Self> + '_ {
        self.others.iter().filter_map(|url| Some(Self { called: self.called.clone(), ..Self::plain(url)? }))
    }

    /// User name and password of the address, as the value of an `Authorization` header.
    pub fn login(&self) -> Option<&str> {
        self.login.as_deref()
    }

    /// What it leads to, by its ending alone.
    pub fn leads(&self) -> Leads {
        let name = self.name().to_ascii_lowercase();
        match name.rsplit_once('.') {
            Some((_, "zarr")) => Leads::ToStore,
            _ if self.folder => Leads::ToStore,
            Some((_, "h5ad" | "h5" | "hdf5" | "zip")) => Leads::ToFile,
            _ => Leads::Anywhere,
        }
    }

    /// The address itself, for the file.
    pub fn file(&self) -> String {
        format!("{}{}", self.base, self.query)
    }

    /// Another file, by its path from the folder that this one is in. What the query says is taken to be of the folder, as signatures
    /// of containers are.
    pub fn beside(&self, path: &str) -> Option<Self> {
        let (scheme, rest) = self.base.split_once("://")?;
        let (folder, _) = rest.rsplit_once('/')?;
        let folder = Self { base: format!("{scheme}://{folder}"), ..self.clone() };
        Self::plain(&folder.key(path))
    }

    /// The address of a key below it.
    pub fn key(&self, key: &str) -> String {
        let mut address = format!("{}/", self.base);
        for byte in key.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    address.push(char::from(byte))
                }
                _ => address.push_str(&format!("%{byte:02X}")),
            }
        }
        address + &self.query
    }

    /// For messages: without the query, which may hold a signature, and without a password.
    pub fn label(&self) -> String {
        self.base.clone()
    }

    /// The last part of the path, decoded: what the file would be called on disk. Empty when there is no path.
    pub fn name(&self) -> String {
        if let Some(name) = &self.called {
            return name.clone();
        }
        let path = self
            .base
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map_or("", |(_, path)| path);
        decode(path.rsplit('/').next().unwrap_or(path))
    }
}

/// Scheme, host and port of an address, the usual port left out: what may see the headers that are meant for it.
pub fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
    let scheme = scheme.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let host = host.strip_suffix(usual).filter(|_| !usual.is_empty()).unwrap_or(&host);
    format!("{scheme}://{host}")
}

/// Where a redirect leads, relative to the address that answered with it. `None` for what is no web address.
pub fn join(base: &str, location: &str) -> Option<String> {
    let location = location.trim();
    let (scheme, rest) = base.split_once("://")?;
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    if let Some((other, _)) = location.split_once("://").filter(|(other, _)| !other.contains(['/', '?'])) {
        let web = other.eq_ignore_ascii_case("http") || other.eq_ignore_ascii_case("https");
        return web.then(|| location.to_owned());
    }
    if let Some(elsewhere) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{elsewhere}"));
    }
    if location.starts_with('/') {
        return Some(format!("{scheme}://{host}{location}"));
    }
    let path = path.split(['?', '#']).next().unwrap_or(path);
    if location.starts_with('?') {
        return Some(format!("{scheme}://{host}{path}{location}"));
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in location.split('/') {
        match part {
            "." => {}
            // The first part is the empty one before the first slash.
            ".." if parts.len() > 1 => {
                parts.pop();
            }
            ".." => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    Some(format!("{scheme}://{host}/{}", path.trim_start_matches('/')))
}

/// Undoes percent-encoding once; what is no valid encoding stays as it is.
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let digit = |b: Option<&u8>| b.and_then(|&b| char::from(b).to_digit(16));
        match (byte, digit(tail.first()), digit(tail.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn endings_say_what_an_address_leads_to() {
        assert_eq!(parse("https://host/a/b.h5ad?sig=1#x").leads(), Leads::ToFile);
        assert_eq!(parse("https://host/a/b.zarr").leads(), Leads::ToStore);
        assert_eq!(parse("https://host/a/b.zarr.zip").leads(), Leads::ToFile);
        assert_eq!(parse("https://host/a/b/").leads(), Leads::ToStore);
        assert_eq!(parse("https://host/a/download").leads(), Leads::Anywhere);
        assert_eq!(parse("https://host/a/b/zarr.json"), parse("https://host/a/b/"));
        assert_eq!(parse("https://host/a.zarr/.zgroup?s=1").key("obs/x"), "https://host/a.zarr/obs/x?s=1");
    }

    #[test]
    fn other_files_are_in_the_same_folder() {
        let beside = |text: &str, path: &str| parse(text).beside(path).map(|other| other.file());
        for (address, path, other) in [
            ("https://host/a/b.h5ad", "c d.h5", "https://host/a/c%20d.h5"),
            ("https://host/b.h5ad?sig=1", "parts/c.h5", "https://host/parts/c.h5?sig=1"),
            ("https://me:secret@host/a/b.h5ad", "c.h5", "https://host/a/c.h5"),
            ("https://host/a/b.h5ad", "c?d#e.h5", "https://host/a/c%3Fd%23e.h5"),
        ] {
            assert_eq!(beside(address, path).as_deref(), Some(other));
        }
        assert_eq!(beside("https://host", "c.h5"), None);
    }

    #[test]
    fn keys_are_encoded_and_queries_stay() {
        let store = parse("HTTPS://me:secret@host:8080/x y.zarr/?token=s");
        assert_eq!(store.key("obs/cell type/c/0"), "HTTPS://host:8080/x y.zarr/obs/cell%20type/c/0?token=s");
        assert_eq!(store.key("obs/β%"), "HTTPS://host:8080/x y.zarr/obs/%CE%B2%25?token=s");
        assert_eq!(store.label(), "HTTPS://host:8080/x y.zarr");
        assert_eq!(store.login(), Some("Basic bWU6c2VjcmV0"));
        assert_eq!(parse("https://host/a@b.h5ad").login(), None);
        assert_eq!(parse("http://h/my%20data%C3%A9.h5ad").name(), "my dataé.h5ad");
        assert_eq!(parse("http://h").name(), "");
        assert_eq!(decode("50%, %zz %4"), "50%, %zz %4");
    }

    #[test]
    fn known_places_keep_name_and_alternatives() {
        let record = parse("https://zenodo.org/records/7/files/x.h5ad?download=1#mod/rna");
        assert_eq!(record.file(), "https://zenodo.org/api/records/7/files/x.h5ad/content");
        assert_eq!((record.name(), record.leads()), ("x.h5ad".into(), Leads::ToFile));
        let repository = parse("github:o/r/d/x.zarr");
        assert_eq!((repository.leads(), repository.others().count()), (Leads::ToStore, 6));
        assert_eq!(repository.others().next().unwrap().name(), "x.zarr");
    }

    #[test]
    fn origins_and_redirects() {
        assert_eq!(origin("HTTPS://me:x@Host:443/a?b"), "https://host");
        assert_eq!(origin("http://host:8080"), "http://host:8080");
        assert_ne!(origin("https://host"), origin("http://host"));
        let base = "https://host/a/b.h5ad?sig=1";
        for (location, wanted) in [
            ("https://other/x?y", Some("https://other/x?y")),
            ("//other/x", Some("https://other/x")),
            ("/x/y?z", Some("https://host/x/y?z")),
            ("c.h5ad", Some("https://host/a/c.h5ad")),
            ("../../../c", Some("https://host/c")),
            ("./c/./d", Some("https://host/a/c/d")),
            ("?sig=2", Some("https://host/a/b.h5ad?sig=2")),
            ("/to?url=ftp://x", Some("https://host/to?url=ftp://x")),
            ("ftp://other/x", None),
        ] {
            assert_eq!(join(base, location).as_deref(), wanted, "{location}");
        }
        assert_eq!(join("https://host", "a").as_deref(), Some("https://host/a"));
    }

    #[test]
    fn other_schemes_and_no_host_are_no_addresses() {
        for text in
            ["", "file:///a", "ftp://h/a", "/a/b.h5ad", "https://", "https:///a", "c:\\x.h5ad", "http"]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
