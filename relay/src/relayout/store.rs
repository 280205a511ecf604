//! Where a store is written: a folder or a zip archive beside its final place, moved there when it is whole.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use cellucid_wasm::{Error, Result};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::output;

/// A store that is being written. Dropped before it is finished it leaves nothing behind.
pub struct Store {
    out: PathBuf,
    part: PathBuf,
    inner: Inner,
    /// Held as long as this is written: another run keeps away.
    lock: Option<(File, PathBuf)>,
    finished: bool,
}

enum Inner {
    Folder,
    Zip(Box<ZipWriter<BufWriter<File>>>),
    Closed,
}

impl Store {
    /// Begins one: an archive when its name ends in `.zip`, a folder otherwise. What an interrupted run left is removed.
    ///
    /// # Errors
    /// When there is something already, unless `force`; when another run writes it; when it cannot be written.
    pub fn create(out: &Path, force: bool) -> Result<Self> {
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
        let part = aside("part");
        let mut store = Self {
            out: out.to_owned(),
            part,
            inner: Inner::Folder,
            lock: Some((lock, place)),
            finished: false,
        };
        remove(&store.part).map_err(fail)?;
        if out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
            let file = File::create(&store.part).map_err(fail)?;
            store.inner = Inner::Zip(Box::new(ZipWriter::new(BufWriter::with_capacity(1 << 20, file))));
        } else {
            fs::create_dir(&store.part).map_err(fail)?;
        }
        Ok(store)
    }

    fn beside(&self, name: &str) -> PathBuf {
        let part = self.part.file_name().unwrap_or_default().to_string_lossy();
        self.part.with_file_name(format!("{part}.{name}"))
    }

    /// Writes a file.
    ///
    /// # Errors
    /// `Source` when it cannot be written.
    pub fn put(&mut self, key: &str, body: &[u8]) -> Result<()> {
        match &mut self.inner {
            Inner::Folder => output::file(&output::below(&self.part, key)?, body),
            Inner::Zip(archive) => {
                // Chunks are packed already, and parts of them are read in place.
                let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
                let options = options.large_file(u32::try_from(body.len()).is_err());
                let started = archive.start_file(key, options).map_err(io::Error::from);
                started.and_then(|()| archive.write_all(body)).map_err(|e| self.failed(&e))
            }
            Inner::Closed => Err(Error::source("is closed").in_file(self.out.display().to_string())),
        }
    }

    fn failed(&self, error: &io::Error) -> Error {
        output::failed(error, &self.out.display().to_string())
    }

    /// Moves it to its place.
    ///
    /// # Errors
    /// When the last bytes cannot be written, or what is there not be replaced.
    pub fn finish(mut self) -> Result<()> {
        if let Inner::Zip(archive) = std::mem::replace(&mut self.inner, Inner::Closed) {
            let end = |archive: ZipWriter<BufWriter<File>>| -> io::Result<()> {
                let file = archive.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.sync_all()
            };
            end(*archive).map_err(|e| self.failed(&e))?;
        }
        // The old one is out of the way for no longer than two renames take.
        let old = self.beside("old");
        remove(&old).map_err(|e| self.failed(&e))?;
        let replaced = self.out.symlink_metadata().is_ok();
        if replaced {
            fs::rename(&self.out, &old).map_err(|e| self.failed(&e))?;
        }
        if let Err(error) = fs::rename(&self.part, &self.out) {
            if replaced {
                fs::rename(&old, &self.out).ok();
            }
            return Err(self.failed(&error));
        }
        self.finished = true;
        remove(&old).map_err(|e| self.failed(&e))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if !self.finished {
            if let Inner::Zip(archive) = std::mem::replace(&mut self.inner, Inner::Closed) {
                // It would finish what nobody wants, and complain on standard error about a full disk.
                std::mem::forget(archive);
            }
            remove(&self.part).ok();
        }
        if let Some((lock, place)) = self.lock.take() {
            drop(lock);
            fs::remove_file(place).ok();
        }
    }
}

/// Removes a file or a folder, if there is one.
fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(about) if about.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}
