//! From what stands on the command line to a source: a file, a folder or an address.

use std::{io, path::Path, rc::Rc, sync::Arc};

use cellucid_wasm::{
    Error, Limits, Result,
    choice::{Chosen, choose},
    dataset::Dataset,
    native::{Cache, File, Folder},
    open::{self, Source},
    shelf::Shelf,
    source::{
        address::{Address, decode},
        counted::{Counted, Counts},
    },
    tree::Tree,
};

use crate::{args::Reading, remote};

/// Most bytes kept between runs.
const CACHE: u64 = 16 << 30;

/// A source that can be opened, and what has been moved to do so.
pub struct Opened {
    source: Source,
    /// Name of the file or folder.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// Object in it that is meant; empty for the whole.
    pub root: String,
    local: Rc<Counts>,
    /// Requests over HTTP are counted where they are sent, tries that failed included.
    remote: Option<Arc<remote::Client>>,
}

impl Opened {
    /// Finds the file, folder or address; nothing is read of local ones.
    ///
    /// # Errors
    /// `Missing` or `Source` when it is not there or may not be read.
    pub fn new(text: &str, headers: &[(String, String)]) -> Result<Self> {
        let local = Rc::new(Counts::default());
        if let Some(address) = Address::parse(text) {
            let root = text.split_once('#').map_or(String::new(), |(_, root)| decode(root));
            let client = Arc::new(remote::Client::new(headers, &address));
            let name = address.name();
            let (source, folder) = remote::open(&client, address)?;
            return Ok(Self { source, name, folder, root, local, remote: Some(client) });
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(Error::request(format!(
                "{text:?}: addresses that begin with {scheme:?} are not read"
            ))
            .hint(
                "give an http or https address, one that begins with s3://, gs://, az:// or hf://, or a path",
            ));
        }
        // A # belongs to the path when there is such a file.
        let (path, root) = match text.rsplit_once('#') {
            Some((path, root)) if !Path::new(text).exists() => (Path::new(path), root.to_owned()),
            _ => (Path::new(text), String::new()),
        };
        let folder = exists(path, text)?;
        let source = if folder {
            Source::Folder(Rc::new(Counted::new(Rc::new(Folder::open(path)?), Rc::clone(&local))))
        } else {
            Source::File(Rc::new(Counted::new(Rc::new(File::open(path)?), Rc::clone(&local))))
        };
        // `.` and `..` have no name of their own.
        let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name =
            path.file_name().or(full.file_name()).map_or(String::new(), |n| n.to_string_lossy().into_owned());
        Ok(Self { source, name, folder, root, local, remote: None })
    }

    /// Its groups and arrays.
    ///
    /// # Errors
    /// When it is of no format that is read.
    pub async fn tree(&self) -> Result<Rc<dyn Tree>> {
        open::open(self.source.clone(), limits()).await
    }

    /// The AnnData in it, and which others there are.
    ///
    /// # Errors
    /// When there is none.
    pub async fn chosen(&self, reading: &Reading) -> Result<Chosen> {
        choose(self.tree().await?, &self.root, &reading.options(&self.name, self.folder)).await
    }

    /// Its virtual files.
    ///
    /// # Errors
    /// When nothing in it can be shown.
    pub async fn dataset(&self, reading: &Reading) -> Result<Dataset> {
        let shelf = cache(reading).map(|cache| Rc::new(cache) as Rc<dyn Shelf>);
        self.dataset_within(reading, limits(), shelf).await
    }

    /// The same within limits of the caller's, keeping on a shelf of its own.
    ///
    /// # Errors
    /// When nothing in it can be shown.
    pub async fn dataset_within(
        &self,
        reading: &Reading,
        limits: Limits,
        shelf: Option<Rc<dyn Shelf>>,
    ) -> Result<Dataset> {
        let options = reading.options(&self.name, self.folder);
        Dataset::open_kept(self.source.clone(), &self.root, options, limits, shelf).await
    }

    /// Whether it is read over a network.
    pub fn is_remote(&self) -> bool {
        self.remote.is_some()
    }

    /// What tells this source from another, or from an older version of it: where it is, how large, and when it was changed.
    pub fn identity(&self) -> String {
        // A host tells more than the length: when the file was changed, or a tag of what is in it.
        let (size, known) = match &self.source {
            Source::File(file) => {
                (file.len(), file.identity().filter(|_| file.is_far()).map(|known| known.text))
            }
            Source::Folder(_) => (0, None),
        };
        let place = Path::new(self.source.name());
        let full = place.canonicalize().unwrap_or_else(|_| place.to_owned());
        // The documents of a store change with it, its folder need not.
        let documents = ["zarr.json", ".zmetadata", ".zattrs"].map(|name| full.join(name));
        let changed = documents.iter().chain([&full]).filter_map(|path| {
            let changed = path.metadata().and_then(|about| about.modified()).ok()?;
            Some(changed.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos())
        });
        let known = known.unwrap_or_default();
        format!("{}#{} {size} {:?} {known}", full.display(), self.root, changed.max())
    }

    /// Requests sent and bytes read so far.
    pub fn moved(&self) -> (u64, u64) {
        match &self.remote {
            Some(client) => client.moved(),
            None => (self.local.requests.get(), self.local.bytes.get()),
        }
    }
}

/// What is kept between runs, unless nothing is to be.
pub fn cache(reading: &Reading) -> Option<Cache> {
    if reading.no_cache { None } else { Cache::of_user(CACHE) }
}

/// A native program has more memory than a browser's module.
pub fn limits() -> Limits {
    Limits { result: 1 << 40, index: 4 << 30, ..Limits::default() }
}

/// Whether a path that stands on the command line is a folder; else it is a file.
fn exists(path: &Path, text: &str) -> Result<bool> {
    if text.is_empty() {
        return Err(Error::request("the source is an empty text").hint("name a file, a folder or an address"));
    }
    let about = match path.metadata() {
        Ok(about) => about,
        Err(error) => {
            let hint = "check the path; give an http or https address for what is elsewhere";
            let (words, hint) = match error.kind() {
                io::ErrorKind::PermissionDenied => (
                    "cannot be looked at: permission denied",
                    "allow entering the folders above it, then try again",
                ),
                _ if text == "-" => ("standard input cannot be read in parts", "write it to a file first"),
                _ if path.is_symlink() => ("is a link that leads nowhere", hint),
                _ => ("there is no such file or folder", hint),
            };
            return Err(Error::missing(words).in_file(text).hint(hint));
        }
    };
    if !about.is_dir() && !about.is_file() {
        return Err(Error::request("is a pipe or a device, which cannot be read in parts")
            .in_file(text)
            .hint("write what comes from it to a file first"));
    }
    Ok(about.is_dir())
}
