//! A shelf in a folder of this machine: what is kept between runs, of bounded size.

use std::{
    cell::Cell,
    env, fs,
    io::Write,
    ops::Range,
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, SystemTime},
};

use super::file::{failed, read_at};
use crate::{
    error::{Error, Pending, Result},
    limits::Limits,
    shelf::{Kept, Shelf},
};

/// Ends the names of files that are being written.
const UNFINISHED: &str = "part";
/// A file that has been unfinished for so long belongs to a run that was ended, where locks tell nothing.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// Files in a folder; when they take too much room, those that have not been used for longest go.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    bound: u64,
}

impl Cache {
    /// The folder of this program below the user's cache folder, holding at most `bound` bytes; `None` where there is no such
    /// folder. It is made when it is first written to.
    pub fn of_user(bound: u64) -> Option<Self> {
        let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = if cfg!(windows) {
            set("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            set("HOME").map(|home| home.join("Library/Caches"))
        } else {
            // The XDG base directory specification.
            set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
        };
        base.map(|base| Self::new(&base.join("cellucid-wasm"), bound))
    }

    /// A folder that holds at most `bound` bytes.
    pub fn new(folder: &Path, bound: u64) -> Self {
        Self { folder: folder.to_owned(), bound }
    }

    /// The folder, which need not be there, and most bytes in it.
    pub fn place(&self) -> (&Path, u64) {
        (&self.folder, self.bound)
    }

    /// Names come from [`shelf::name`](crate::shelf::name); any other leads nowhere.
    fn path(&self, name: &str) -> Result<PathBuf> {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Error::request(format!("{name:?} is no name for a file that is kept")));
        }
        Ok(self.folder.join(name))
    }

    /// Makes room for `size` bytes.
    fn clear(&self, size: u64) -> std::io::Result<bool> {
        if size > self.bound {
            return Ok(false);
        }
        let now = SystemTime::now();
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            let used = about.modified()?;
            let path = entry.path();
            if path.extension().is_some_and(|end| end == UNFINISHED) {
                if abandoned(&path) || now.duration_since(used).is_ok_and(|age| age > ABANDONED) {
                    // Where another run has just begun it, that one goes on without keeping anything.
                    fs::remove_file(&path).ok();
                }
            } else if about.is_file() {
                files.push((used, about.len(), path));
            }
        }
        files.sort_unstable();
        let mut held = files.iter().map(|(_, len, _)| len).sum::<u64>().saturating_add(size);
        for (_, len, path) in files {
            if held <= self.bound {
                break;
            }
            fs::remove_file(path)?;
            held = held.saturating_sub(len);
        }
        Ok(true)
    }
}

/// Whether nobody writes a file that is not finished: whoever does holds a lock on it, which goes with them.
fn abandoned(path: &Path) -> bool {
    fs::File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

fn unusable(error: &std::io::Error) -> Error {
    failed(error, "cannot be kept")
}

impl Shelf for Cache {
    fn find<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Rc<dyn Kept>>> {
        Box::pin(async move {
            let path = self.path(name)?;
            let file = match fs::File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(unusable(&error)),
            };
            let len = file.metadata().map_err(|e| unusable(&e))?.len();
            // Counts as used now; where that cannot be noted it may go sooner.
            fs::File::options()
                .append(true)
                .open(&path)
                .and_then(|file| file.set_modified(SystemTime::now()))
                .ok();
            let kept = CacheFile { file, len: Cell::new(len), unfinished: None };
            Ok(Some(Rc::new(kept) as Rc<dyn Kept>))
        })
    }

    fn begin<'a>(&'a self, name: &'a str, size: u64) -> Pending<'a, Option<Rc<dyn Kept>>> {
        Box::pin(async move {
            let path = self.path(name)?;
            let begun = || {
                fs::create_dir_all(&self.folder)?;
                if !self.clear(size)? {
                    return Ok(None);
                }
                let part = path.with_extension(format!("{}.{UNFINISHED}", std::process::id()));
                let file =
                    fs::File::options().read(true).write(true).create(true).truncate(true).open(&part)?;
                // Some file systems know no locks: there age tells.
                file.try_lock().ok();
                let unfinished = Some(Unfinished { part, path, done: Cell::new(false) });
                Ok(Some(Rc::new(CacheFile { file, len: Cell::new(0), unfinished }) as Rc<dyn Kept>))
            };
            begun().map_err(|e| unusable(&e))
        })
    }

    fn discard<'a>(&'a self, name: &'a str) -> Pending<'a, ()> {
        Box::pin(async move {
            match fs::remove_file(self.path(name)?) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(&error)),
                _ => Ok(()),
            }
        })
    }
}

/// A file in the folder.
struct CacheFile {
    file: fs::File,
    len: Cell<u64>,
    unfinished: Option<Unfinished>,
}

/// A file that is being written: under another name, which goes when it is never finished.
struct Unfinished {
    part: PathBuf,
    path: PathBuf,
    done: Cell<bool>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.done.get() {
            fs::remove_file(&self.part).ok();
        }
    }
}

impl Kept for CacheFile {
    fn len(&self) -> u64 {
        self.len.get()
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Vec<u8>>> {
        let one = |span: &Range<u64>| {
            let len = Limits::size(span.end.saturating_sub(span.start), self.len.get(), "a read")?;
            let mut bytes = Limits::filled(len, 0, "a read")?;
            read_at(&self.file, &mut bytes, span.start).map_err(|e| unusable(&e))?;
            Ok(bytes)
        };
        Box::pin(async move { spans.iter().map(one).collect() })
    }

    fn append<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, ()> {
        Box::pin(async move {
            if let Err(error) = (&self.file).write_all(bytes) {
                // Half of it is of no use, its room is.
                self.file.set_len(self.len.get()).ok();
                return Err(unusable(&error));
            }
            self.len.set(self.len.get().saturating_add(bytes.len() as u64));
            Ok(())
        })
    }

    fn finished(&self) -> bool {
        self.unfinished.as_ref().is_none_or(|unfinished| unfinished.done.get())
    }

    fn finish(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            if let Some(unfinished) = &self.unfinished {
                fs::rename(&unfinished.part, &unfinished.path).map_err(|e| unusable(&e))?;
                unfinished.done.set(true);
            }
            Ok(())
        })
    }
}
