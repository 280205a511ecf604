//! A folder on this machine, as a Zarr store.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::file::{File, failed};
use crate::{
    error::{Error, Kind, Pending, Result},
    source::{ByteSource, Identity, KeyedSource, Part},
};

/// A folder on this machine; keys are relative paths.
#[derive(Debug)]
pub struct Folder {
    name: String,
    root: PathBuf,
}

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// `Missing` when there is none.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        if !path.is_dir() {
            return Err(Error::missing("is no folder").in_file(name));
        }
        Ok(Self { name, root: path.to_owned() })
    }

    /// A key's path; keys come from the store itself, so they may not lead out of it.
    fn path(&self, key: &str) -> Option<PathBuf> {
        let inside =
            key.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']));
        inside.then(|| self.root.join(key))
    }

    fn get_part(&self, key: &str, part: &Part) -> Result<Option<Bytes>> {
        let Some(path) = self.path(key) else { return Ok(None) };
        if !path.is_file() {
            return Ok(None);
        }
        let file = match File::open(&path) {
            Err(e) if e.kind == Kind::Missing => return Ok(None),
            file => file?,
        };
        let len = file.len();
        let span = match part {
            Part::All => 0..len,
            Part::Span(span) => span.clone(),
            Part::Last(n) => len.saturating_sub(*n)..len,
        };
        let mut read = super::block_on(file.read_many(std::slice::from_ref(&span)))?;
        Ok(read.pop())
    }
}

impl KeyedSource for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Option<Identity> {
        let path = std::fs::canonicalize(&self.root).ok()?;
        Some(Identity { text: path.display().to_string(), exact: false })
    }

    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>> {
        Box::pin(async move { wanted.iter().map(|(key, part)| self.get_part(key, part)).collect() })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async move {
            let folder = match prefix.trim_end_matches('/') {
                "" => self.root.clone(),
                below => match self.path(below) {
                    Some(path) => path,
                    None => return Ok(Some(Vec::new())),
                },
            };
            if !folder.is_dir() {
                return Ok(Some(Vec::new()));
            }
            let list = || {
                let mut names = Vec::new();
                for entry in std::fs::read_dir(&folder)? {
                    let entry = entry?;
                    let mut name = entry.file_name().to_string_lossy().into_owned();
                    if entry.path().is_dir() {
                        name.push('/');
                    }
                    names.push(name);
                }
                Ok(names)
            };
            let mut names =
                list().map_err(|e| failed(&e, "cannot be listed").in_file(&self.name).at(prefix))?;
            names.sort_unstable();
            Ok(Some(names))
        })
    }
}
