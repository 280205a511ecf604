//! A zip archive that grows. Its directory comes at its end only, so now and then it is given one for the chunks so far, a copy of which
//! lies beside it: after an interruption the archive is cut back to that point, and goes on from there.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Bytes after which it is given a directory, and fewest of which that is worth the time.
const EVERY: u64 = 256 << 20;
const WORTH: u64 = 1 << 20;

/// An archive that is being written.
pub struct Archive {
    writer: Option<Box<ZipWriter<File>>>,
    place: PathBuf,
    /// Copy of its newest directory: where that begins, and its bytes.
    directory: PathBuf,
    /// What an earlier run wrote.
    names: HashSet<String>,
    /// Bytes since the newest directory.
    since: u64,
}

impl Archive {
    /// Begins one in a folder, or goes on with what an earlier run left there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let (place, directory) = (folder.join("store.zip"), folder.join("directory"));
        let mut made = Self { writer: None, place, directory, names: HashSet::new(), since: 0 };
        let writer = match made.cut_back() {
            Some(writer) => writer,
            None => {
                made.names.clear();
                let mut fresh = OpenOptions::new();
                ZipWriter::new(fresh.read(true).write(true).create(true).truncate(true).open(&made.place)?)
            }
        };
        made.writer = Some(Box::new(writer));
        Ok(made)
    }

    /// The archive as it was when it last had a directory, if that can be had.
    fn cut_back(&mut self) -> Option<ZipWriter<File>> {
        let saved = fs::read(&self.directory).ok()?;
        let (start, directory) = saved.split_first_chunk()?;
        let start = u64::from_le_bytes(*start);
        let mut file = OpenOptions::new().read(true).write(true).open(&self.place).ok()?;
        if file.metadata().ok()?.len() < start {
            return None;
        }
        file.set_len(start).ok()?;
        file.seek(SeekFrom::Start(start)).ok()?;
        file.write_all(directory).ok()?;
        let archive = ZipArchive::new(file).ok()?;
        self.names = archive.file_names().flatten().map(|name| name.into_owned()).collect();
        ZipWriter::new_append(archive.into_inner()).ok()
    }

    /// Whether an earlier run has written anything.
    pub fn resumed(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether an earlier run has written this.
    pub fn has(&self, key: &str) -> bool {
        self.names.contains(key)
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&mut self, key: &str, body: &[u8]) -> io::Result<()> {
        // Chunks are packed already, and parts of them are read in place.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let options = options.large_file(u32::try_from(body.len()).is_err());
        let writer = self.writer.as_mut().ok_or_else(closed)?;
        writer.start_file(key, options)?;
        writer.write_all(body)?;
        self.since += body.len() as u64;
        if self.since >= EVERY { self.point() } else { Ok(()) }
    }

    /// Gives it a directory if there is much since the last.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn settle(&mut self) -> io::Result<()> {
        if self.since >= WORTH { self.point() } else { Ok(()) }
    }

    /// Gives it a directory, and keeps a copy.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn point(&mut self) -> io::Result<()> {
        let archive = self.writer.take().ok_or_else(closed)?.finish_into_readable()?;
        let start = archive.central_directory_start();
        let mut file = archive.into_inner();
        file.sync_data()?;
        file.seek(SeekFrom::Start(start))?;
        let mut saved = start.to_le_bytes().to_vec();
        file.read_to_end(&mut saved)?;
        let new = self.directory.with_extension("new");
        fs::write(&new, saved)?;
        fs::rename(new, &self.directory)?;
        self.writer = Some(Box::new(ZipWriter::new_append(file)?));
        self.since = 0;
        Ok(())
    }

    /// Gives it its last directory; where it lies.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn finish(&mut self) -> io::Result<PathBuf> {
        self.writer.take().ok_or_else(closed)?.finish()?.sync_all()?;
        Ok(self.place.clone())
    }

    /// Leaves it as it is: it would otherwise finish what nobody wants, and complain on standard error about a full disk.
    pub fn leave(&mut self) {
        std::mem::forget(self.writer.take());
    }
}

fn closed() -> io::Error {
    io::Error::other("the archive is closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(place: &Path) -> Vec<(String, Vec<u8>)> {
        let mut archive = ZipArchive::new(File::open(place).unwrap()).unwrap();
        (0..archive.len())
            .map(|i| {
                let mut entry = archive.by_index(i).unwrap();
                let mut body = Vec::new();
                entry.read_to_end(&mut body).unwrap();
                (entry.name().unwrap().into_owned(), body)
            })
            .collect()
    }

    #[test]
    fn an_interrupted_archive_goes_on_from_its_newest_directory() {
        let folder = tempfile::tempdir().unwrap();
        let body = |n: u8| vec![n; 700_000];
        let mut first = Archive::open(folder.path()).unwrap();
        for n in 0..3 {
            first.put(&format!("c/{n}"), &body(n)).unwrap();
            first.settle().unwrap();
        }
        first.put("c/3", &body(3)).unwrap();
        first.leave();
        drop(first);
        let mut again = Archive::open(folder.path()).unwrap();
        let has: Vec<bool> = (0..4).map(|n| again.has(&format!("c/{n}"))).collect();
        // Two are more than a megabyte; the third and the fourth came after.
        assert_eq!(has, [true, true, false, false]);
        for n in 2..5 {
            again.put(&format!("c/{n}"), &body(n)).unwrap();
        }
        let place = again.finish().unwrap();
        let want: Vec<_> = (0..5).map(|n| (format!("c/{n}"), body(n))).collect();
        assert!(content(&place) == want);
    }

    #[test]
    fn a_directory_of_what_is_no_longer_there_is_of_no_use() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Archive::open(folder.path()).unwrap();
        first.put("a", &vec![1; 2 << 20]).unwrap();
        first.settle().unwrap();
        first.leave();
        fs::write(folder.path().join("store.zip"), b"short").unwrap();
        let mut again = Archive::open(folder.path()).unwrap();
        assert!(!again.has("a"));
        again.put("b", b"x").unwrap();
        assert_eq!(content(&again.finish().unwrap()), [("b".to_owned(), b"x".to_vec())]);
    }
}
