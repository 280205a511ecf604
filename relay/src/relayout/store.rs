//! Where a store is written: a folder or a zip archive in a hidden folder beside its final place, moved there when it is whole. A run that
//! is interrupted leaves the hidden folder behind; the next one for the same goes on with it.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    rc::Rc,
};

use cellucid_wasm::{Error, Result};

use super::{
    archive::Archive,
    journal::{self, Journal, remove},
};
use crate::output;

/// A store that is being written.
pub struct Store {
    out: PathBuf,
    part: PathBuf,
    inner: Inner,
    journal: Rc<Journal>,
    /// Chunks of an earlier run that were looked for, and whether they are there.
    looked: HashMap<String, bool>,
    /// Let go last, when the hidden folder is as it is left.
    _lock: Lock,
    /// What is left in the hidden folder is of use to the next run.
    keep: bool,
}

enum Inner {
    Folder(PathBuf),
    Zip(Archive),
}

impl Store {
    /// Begins one, or goes on with what an interrupted run for the same left; `what` tells runs apart. An archive when its name ends in
    /// `.zip`, a folder otherwise.
    ///
    /// # Errors
    /// When there is something already, or something else was begun, unless `force`; when another run writes it; when it cannot be
    /// written.
    pub fn create(out: &Path, what: &str, force: bool) -> Result<Self> {
        let name = out.display().to_string();
        let fail = |e: io::Error| output::failed(&e, &name);
        let nameless = || Error::request("is no name for a store").in_file(&name);
        let file = out.file_name().ok_or_else(nameless)?.to_string_lossy().into_owned();
        if out.symlink_metadata().is_ok() && !force {
            return Err(Error::source("is there already")
                .in_file(name)
                .hint("name another place, or give --force to replace it once the new one is whole"));
        }
        let aside = |ending: &str| out.with_file_name(format!(".{file}.{ending}"));
        let place = aside("lock");
        let lock = File::create(&place).map_err(fail)?;
        if lock.try_lock().is_err() {
            return Err(Error::source("is being written by another run")
                .in_file(name)
                .hint("wait for its end"));
        }
        let lock = Lock { file: Some(lock), place };
        let part = aside("part");
        let Some(journal) = Journal::open(&part, what, force).map_err(fail)? else {
            return Err(journal::other(name));
        };
        let inner = if out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
            Inner::Zip(Archive::open(&part).map_err(fail)?)
        } else {
            let folder = part.join("store");
            fs::create_dir_all(&folder).map_err(fail)?;
            Inner::Folder(folder)
        };
        let looked = HashMap::new();
        let keep = true;
        Ok(Self { out: out.to_owned(), part, inner, journal: Rc::new(journal), looked, _lock: lock, keep })
    }

    /// What is written down for the next run.
    pub fn journal(&self) -> &Rc<Journal> {
        &self.journal
    }

    /// Whether an earlier run has come to something.
    pub fn resumed(&self) -> bool {
        match &self.inner {
            Inner::Folder(_) => self.journal.resumed(),
            Inner::Zip(archive) => self.journal.resumed() || archive.resumed(),
        }
    }

    /// Whether an earlier run has written this, and it is still whole.
    pub fn has(&mut self, key: &str) -> bool {
        // Without one nothing is kept in mind of all the keys there are.
        if !self.resumed() {
            return false;
        }
        let (inner, journal) = (&self.inner, &self.journal);
        *self.looked.entry(key.to_owned()).or_insert_with(|| match inner {
            Inner::Folder(folder) => journal.kept(key, &folder.join(key)),
            Inner::Zip(archive) => archive.has(key),
        })
    }

    /// Writes a file.
    ///
    /// # Errors
    /// `Source` when it cannot be written.
    pub fn put(&mut self, key: &str, body: &[u8]) -> Result<()> {
        match &mut self.inner {
            Inner::Folder(folder) => {
                output::file(&output::below(folder, key)?, body)?;
                self.journal.chunk(key, body);
                Ok(())
            }
            Inner::Zip(archive) => archive.put(key, body).map_err(|e| self.failed(&e)),
        }
    }

    /// Makes sure that what was written so far is there for the next run.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn secure(&mut self) -> Result<()> {
        match &mut self.inner {
            Inner::Folder(_) => Ok(()),
            Inner::Zip(archive) => archive.point().map_err(|e| self.failed(&e)),
        }
    }

    /// As [`secure`](Self::secure), where that is worth the time.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn settle(&mut self) -> Result<()> {
        match &mut self.inner {
            Inner::Folder(_) => Ok(()),
            Inner::Zip(archive) => archive.settle().map_err(|e| self.failed(&e)),
        }
    }

    /// Nothing of this is of use to anyone.
    pub fn discard(&mut self) {
        self.keep = false;
    }

    fn failed(&self, error: &io::Error) -> Error {
        output::failed(error, &self.out.display().to_string())
    }

    /// Moves it to its place.
    ///
    /// # Errors
    /// When the last bytes cannot be written, or what is there not be replaced.
    pub fn finish(mut self) -> Result<()> {
        let whole = match &mut self.inner {
            Inner::Folder(folder) => folder.clone(),
            Inner::Zip(archive) => {
                archive.finish().map_err(|e| output::failed(&e, &self.out.display().to_string()))?
            }
        };
        // The old one is out of the way for no longer than two renames take.
        let old = self.part.join("old");
        remove(&old).map_err(|e| self.failed(&e))?;
        let replaced = self.out.symlink_metadata().is_ok();
        if replaced {
            fs::rename(&self.out, &old).map_err(|e| self.failed(&e))?;
        }
        if let Err(error) = fs::rename(&whole, &self.out) {
            if replaced {
                fs::rename(&old, &self.out).ok();
            }
            return Err(self.failed(&error));
        }
        self.keep = false;
        Ok(())
    }
}

/// Keeps other runs away as long as it is held.
struct Lock {
    file: Option<File>,
    place: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.file.take());
        fs::remove_file(&self.place).ok();
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Inner::Zip(archive) = &mut self.inner {
            archive.leave();
        }
        if !self.keep {
            remove(&self.part).ok();
        }
    }
}
