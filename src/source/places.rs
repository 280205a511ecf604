//! Addresses that people have, as addresses that can be read: pages about a file become the file, names of object stores become
//! their web addresses. Pure text; what an unknown host means by its paths is left alone.

use super::address::decode;

/// A web address to read, and what the file is called where that address does not say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Where to read.
    pub url: String,
    /// The file's own name.
    pub name: Option<String>,
    /// Where else it may be, in this order, if it is not there.
    pub others: Vec<String>,
}

/// Branches tried for a repository when no branch is named; `HEAD` is the default one, whatever its name.
const BRANCHES: [&str; 6] = ["HEAD", "main", "master", "gh-pages", "develop", "dev"];

/// Takes a known form; `None` for every other text.
pub fn known(text: &str) -> Option<Place> {
    let (scheme, rest) = text.split_once(':')?;
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, query)| (rest, query));
    let bare = rest.trim_start_matches('/');
    match scheme.to_ascii_lowercase().as_str() {
        "s3" => s3(bare),
        "gs" | "gcs" => at(format!("https://storage.googleapis.com/{bare}")),
        "az" | "abfs" | "abfss" | "wasb" | "wasbs" => azure(bare),
        "hf" => hugging_face(bare),
        "github" | "gh" => github(bare),
        "doi" => doi(bare),
        "https" | "http" => {
            let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
            web(&host.to_ascii_lowercase(), path, query)
        }
        _ => None,
    }
}

/// `owner/repo/path`, `owner/repo@branch/path` or an address at GitHub, as the app's `github=` takes it.
pub fn github(text: &str) -> Option<Place> {
    if text.contains("://") {
        return known(text).or_else(|| at(text.to_owned()));
    }
    let text = text.strip_prefix("github.com/").unwrap_or(text);
    let (owner, rest) = text.trim_matches('/').split_once('/')?;
    let (repository, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (repository, branch) =
        repository.split_once('@').map_or((repository, None), |(name, branch)| (name, Some(branch)));
    if owner.is_empty() || repository.is_empty() {
        return None;
    }
    let raw = |branch: &str, path: &str| {
        let tail = if path.is_empty() { String::new() } else { format!("/{path}") };
        format!("https://raw.githubusercontent.com/{owner}/{repository}/{branch}{tail}")
    };
    // Without an ending it is a folder: of keys, or of an export.
    let whole = |url: String| if path.is_empty() { format!("{url}/") } else { url };
    match branch {
        Some(branch) => at(whole(raw(branch, path))),
        None => {
            let mut all: Vec<String> = BRANCHES.iter().map(|branch| whole(raw(branch, path))).collect();
            // The first part of the path may itself be a branch.
            if let Some((branch, path)) = path.split_once('/') {
                all.push(raw(branch, path));
            }
            let url = all.remove(0);
            Some(Place { url, name: None, others: all })
        }
    }
}

fn at(url: String) -> Option<Place> {
    Some(Place { url, ..Place::default() })
}

fn named(url: String, name: &str) -> Option<Place> {
    Some(Place { url, name: Some(decode(name)), others: Vec::new() })
}

fn s3(path: &str) -> Option<Place> {
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    // A bucket with dots in its name has no certificate as part of a host name.
    at(if bucket.contains('.') {
        format!("https://s3.amazonaws.com/{bucket}/{key}")
    } else {
        format!("https://{bucket}.s3.amazonaws.com/{key}")
    })
}

/// `container@account.dfs.core.windows.net/path`, or `account/container/path`.
fn azure(path: &str) -> Option<Place> {
    let (first, rest) = path.split_once('/')?;
    match first.split_once('@') {
        Some((container, host)) => {
            let account = host.split('.').next()?;
            at(format!("https://{account}.blob.core.windows.net/{container}/{rest}"))
        }
        None => at(format!("https://{first}.blob.core.windows.net/{rest}")),
    }
}

/// `datasets/owner/repo@revision/path`; models have no `datasets/`.
fn hugging_face(path: &str) -> Option<Place> {
    let (kind, rest) = match path.split_once('/') {
        Some((kind @ ("datasets" | "spaces"), rest)) => (format!("{kind}/"), rest),
        Some(("models", rest)) => (String::new(), rest),
        _ => (String::new(), path),
    };
    let mut parts = rest.splitn(3, '/');
    let (owner, repository, file) = (parts.next()?, parts.next()?, parts.next()?);
    let (repository, revision) = repository.split_once('@').unwrap_or((repository, "main"));
    at(format!("https://huggingface.co/{kind}{owner}/{repository}/resolve/{revision}/{file}"))
}

/// `10.5281/zenodo.123/name`.
fn doi(path: &str) -> Option<Place> {
    let (record, name) = path.strip_prefix("10.5281/zenodo.")?.split_once('/')?;
    zenodo(record, name)
}

fn zenodo(record: &str, name: &str) -> Option<Place> {
    let number = !record.is_empty() && record.bytes().all(|b| b.is_ascii_digit());
    // The interface for programs lets other pages read; the page's own address may not.
    (number && !name.is_empty())
        .then(|| named(format!("https://zenodo.org/api/records/{record}/files/{name}/content"), name))
        .flatten()
}

/// The same path with one part replaced; `None` when it has no such part.
fn instead(host: &str, path: &str, parts: &[&str], by: &str) -> Option<Place> {
    let part = parts.iter().find(|part| path.contains(**part))?;
    at(format!("{host}/{}", path.replacen(part, by, 1)))
}

fn web(host: &str, path: &str, query: &str) -> Option<Place> {
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    match (host, parts.as_slice()) {
        ("github.com" | "www.github.com", [owner, repository, "blob" | "raw" | "tree", rest @ ..])
            if !rest.is_empty() =>
        {
            let rest = rest.strip_prefix(&["refs", "heads"]).unwrap_or(rest).join("/");
            at(format!("https://raw.githubusercontent.com/{owner}/{repository}/{rest}"))
        }
        ("gitlab.com", _) => instead("https://gitlab.com", path, &["/-/blob/", "/-/tree/"], "/-/raw/"),
        ("huggingface.co" | "hf.co", _) => {
            instead("https://huggingface.co", path, &["/blob/", "/tree/"], "/resolve/")
        }
        ("zenodo.org" | "www.zenodo.org", ["record" | "records", record, "files" | "preview", name]) => {
            zenodo(record, name)
        }
        ("zenodo.org", ["api", "records", _, "files", name, "content"]) => {
            named(format!("https://zenodo.org/{path}"), name)
        }
        ("figshare.com" | "www.figshare.com", ["articles", ..]) => {
            let file = query.split('&').find_map(|pair| pair.strip_prefix("file="))?;
            at(format!("https://ndownloader.figshare.com/files/{file}"))
        }
        ("figshare.com" | "www.figshare.com", ["ndownloader", "files", file]) => {
            at(format!("https://ndownloader.figshare.com/files/{file}"))
        }
        ("storage.cloud.google.com", [bucket, _, ..]) if !bucket.is_empty() => {
            at(format!("https://storage.googleapis.com/{path}"))
        }
        ("console.cloud.google.com", ["storage", "browser", rest @ ..]) => {
            let rest = rest.strip_prefix(&["_details"]).unwrap_or(rest).join("/");
            let rest = rest.split(';').next().unwrap_or_default().to_owned();
            at(format!("https://storage.googleapis.com/{rest}"))
        }
        ("www.dropbox.com" | "dropbox.com", [.., name]) if path.starts_with('s') => {
            let rest: Vec<&str> =
                query.split('&').filter(|p| !p.is_empty() && !p.starts_with("dl=")).collect();
            named(format!("https://dl.dropboxusercontent.com/{path}?{}", rest.join("&")), name)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        known(text).unwrap_or_else(|| panic!("{text}")).url
    }

    #[test]
    fn object_stores_by_their_names() {
        assert_eq!(url("s3://bucket/a/b.h5ad"), "https://bucket.s3.amazonaws.com/a/b.h5ad");
        assert_eq!(url("s3://my.bucket/a.zarr"), "https://s3.amazonaws.com/my.bucket/a.zarr");
        assert_eq!(url("gs://bucket/a/b.zarr"), "https://storage.googleapis.com/bucket/a/b.zarr");
        assert_eq!(
            url("abfss://box@account.dfs.core.windows.net/a/b.h5ad"),
            "https://account.blob.core.windows.net/box/a/b.h5ad"
        );
        assert_eq!(url("az://account/box/b.h5ad"), "https://account.blob.core.windows.net/box/b.h5ad");
        assert_eq!(
            url("https://storage.cloud.google.com/bucket/a.h5ad"),
            "https://storage.googleapis.com/bucket/a.h5ad"
        );
        assert_eq!(
            url("https://console.cloud.google.com/storage/browser/_details/bucket/a.h5ad;tab=live_object"),
            "https://storage.googleapis.com/bucket/a.h5ad"
        );
    }

    #[test]
    fn pages_about_files_become_the_files() {
        for (page, file) in [
            (
                "https://github.com/o/r/blob/main/d/x.h5ad",
                "https://raw.githubusercontent.com/o/r/main/d/x.h5ad",
            ),
            (
                "https://github.com/o/r/raw/refs/heads/main/x.h5ad",
                "https://raw.githubusercontent.com/o/r/main/x.h5ad",
            ),
            ("https://github.com/o/r/tree/dev/x.zarr", "https://raw.githubusercontent.com/o/r/dev/x.zarr"),
            ("https://gitlab.com/g/s/r/-/blob/main/x.h5ad", "https://gitlab.com/g/s/r/-/raw/main/x.h5ad"),
            (
                "https://huggingface.co/datasets/o/r/blob/main/d/x.h5ad",
                "https://huggingface.co/datasets/o/r/resolve/main/d/x.h5ad",
            ),
            ("https://huggingface.co/o/r/tree/v1/x.zarr", "https://huggingface.co/o/r/resolve/v1/x.zarr"),
            ("hf://datasets/o/r@v2/d/x.h5ad", "https://huggingface.co/datasets/o/r/resolve/v2/d/x.h5ad"),
            ("hf://o/r/x.h5ad", "https://huggingface.co/o/r/resolve/main/x.h5ad"),
            (
                "https://figshare.com/articles/dataset/Some_cells/123?file=456",
                "https://ndownloader.figshare.com/files/456",
            ),
            ("https://figshare.com/ndownloader/files/456", "https://ndownloader.figshare.com/files/456"),
            (
                "https://www.dropbox.com/scl/fi/ab/x.h5ad?rlkey=k&dl=0",
                "https://dl.dropboxusercontent.com/scl/fi/ab/x.h5ad?rlkey=k",
            ),
        ] {
            assert_eq!(url(page), file, "{page}");
        }
        for page in [
            "https://zenodo.org/records/77/files/my%20x.h5ad?download=1",
            "https://zenodo.org/record/77/files/my%20x.h5ad",
            "https://zenodo.org/records/77/preview/my%20x.h5ad?include_deleted=0",
            "doi:10.5281/zenodo.77/my%20x.h5ad",
        ] {
            let place = known(page).unwrap();
            assert_eq!(place.url, "https://zenodo.org/api/records/77/files/my%20x.h5ad/content", "{page}");
            assert_eq!(place.name.as_deref(), Some("my x.h5ad"));
        }
    }

    #[test]
    fn a_repository_without_a_branch_is_looked_for_in_the_usual_ones() {
        let place = known("github:o/r/data/x.h5ad").unwrap();
        assert_eq!(place.url, "https://raw.githubusercontent.com/o/r/HEAD/data/x.h5ad");
        assert_eq!(place.others.len(), 6);
        assert_eq!(place.others.last().unwrap(), "https://raw.githubusercontent.com/o/r/data/x.h5ad");
        let place = github("o/r@v1/x.zarr").unwrap();
        assert_eq!(
            (place.url.as_str(), place.others.len()),
            ("https://raw.githubusercontent.com/o/r/v1/x.zarr", 0)
        );
        assert_eq!(github("o/r").unwrap().url, "https://raw.githubusercontent.com/o/r/HEAD/");
        assert_eq!(
            github("https://github.com/o/r/tree/main/exports").unwrap().url,
            "https://raw.githubusercontent.com/o/r/main/exports"
        );
        assert_eq!(github("o"), None);
    }

    #[test]
    fn everything_else_is_left_alone() {
        for text in [
            "https://host/a.h5ad",
            "https://bucket.s3.eu-west-1.amazonaws.com/a.h5ad",
            "https://account.blob.core.windows.net/box/a.h5ad?sv=1&sig=x",
            "https://raw.githubusercontent.com/o/r/main/x.h5ad",
            "https://github.com/o/r",
            "https://huggingface.co/datasets/o/r/resolve/main/x.h5ad",
            "https://zenodo.org/records/77",
            "https://figshare.com/articles/dataset/Some_cells/123",
            "data.h5ad",
            "doi:10.1000/182",
            "c:\\x.h5ad",
        ] {
            assert_eq!(known(text), None, "{text}");
        }
    }
}
