//! Web addresses as text: what they call the file, whether they lead to a store, and where its keys are.

/// Names of the documents at the top of a Zarr store; people paste their addresses too.
const DOCUMENTS: [&str; 5] = ["zarr.json", ".zmetadata", ".zgroup", ".zattrs", ".zarray"];

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
}

impl Address {
    /// Takes an address apart; `None` when it is not http(s) or has no host.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.split('#').next().unwrap_or(text);
        let (base, query) = match text.find('?') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let scheme = base.split("://").next().unwrap_or_default();
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let rest =
            base.get(scheme.len() + 3..).filter(|rest| web && !rest.is_empty() && !rest.starts_with('/'))?;
        let mut folder = rest.ends_with('/');
        let mut base = base.trim_end_matches('/');
        if let Some(store) = DOCUMENTS.iter().find_map(|d| base.strip_suffix(d)?.strip_suffix('/')) {
            base = store;
            folder = true;
        }
        Some(Self { base: base.to_owned(), query: query.to_owned(), folder })
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
        let (scheme, rest) = self.base.split_once("://").unwrap_or(("", &self.base));
        let host_end = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at(host_end);
        let host = host.rsplit('@').next().unwrap_or(host);
        format!("{scheme}://{host}{path}")
    }

    /// The last part of the path, decoded: what the file would be called on disk. Empty when there is no path.
    pub fn name(&self) -> String {
        let path = self
            .base
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map_or("", |(_, path)| path);
        decode(path.rsplit('/').next().unwrap_or(path))
    }
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
    fn keys_are_encoded_and_queries_stay() {
        let store = parse("HTTPS://me:secret@host:8080/x y.zarr/?token=s");
        assert_eq!(
            store.key("obs/cell type/c/0"),
            "HTTPS://me:secret@host:8080/x y.zarr/obs/cell%20type/c/0?token=s"
        );
        assert_eq!(store.key("obs/β%"), "HTTPS://me:secret@host:8080/x y.zarr/obs/%CE%B2%25?token=s");
        assert_eq!(store.label(), "HTTPS://host:8080/x y.zarr");
        assert_eq!(parse("http://h/my%20data%C3%A9.h5ad").name(), "my dataé.h5ad");
        assert_eq!(parse("http://h").name(), "");
        assert_eq!(decode("50%, %zz %4"), "50%, %zz %4");
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
