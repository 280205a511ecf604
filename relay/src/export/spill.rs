//! Where an export puts aside what does not fit into memory: in the cache, where later runs find it, as long as there is room; else in a
//! nameless file in the folder that is written, which the system clears away however the program ends.

use std::{
    cell::{Cell, RefCell},
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    ops::Range,
    path::PathBuf,
    rc::Rc,
    sync::Arc,
};

use cellucid_wasm::{
    Error, Limits, Pending, Result,
    native::Cache,
    shelf::{Kept, Shelf, read},
};

use super::show::{Show, size};

/// Bytes that are moved at once.
const PIECE: u64 = 1 << 20;

/// A cache, or none, and the folder that is written.
pub struct Spill {
    cache: Option<Cache>,
    aside: Rc<Aside>,
}

/// The folder that is written, where something else needs the room first.
struct Aside {
    folder: PathBuf,
    /// Bytes that the export itself takes.
    own: Cell<u64>,
    /// What has been written of it.
    show: Arc<Show>,
}

/// A file on this shelf.
struct Spilled {
    now: RefCell<Rc<dyn Kept>>,
    aside: Rc<Aside>,
    /// Why it lies in the folder, once it does; empty where there is no cache.
    moved: RefCell<Option<String>>,
}

/// A file without a name.
struct Nameless {
    file: File,
    len: Cell<u64>,
    aside: Rc<Aside>,
}

impl Spill {
    /// Puts aside in a cache, then in a folder, whose files `show` counts.
    pub fn new(cache: Option<Cache>, folder: PathBuf, show: &Arc<Show>) -> Self {
        let aside = Aside { folder, own: Cell::new(u64::MAX), show: Arc::clone(show) };
        Self { cache, aside: Rc::new(aside) }
    }

    /// Says how many bytes the folder's own files will take: that much room is left to them.
    pub fn leave(&self, bytes: u64) {
        self.aside.own.set(bytes);
    }
}

impl Aside {
    fn failed(&self, error: &std::io::Error) -> Error {
        Error::source(format!("{}: {error}", self.folder.display()))
    }

    fn begin(self: &Rc<Self>) -> Result<Rc<dyn Kept>> {
        let file = tempfile::tempfile_in(&self.folder).map_err(|e| self.failed(&e))?;
        Ok(Rc::new(Nameless { file, len: Cell::new(0), aside: Rc::clone(self) }))
    }

    /// Whether so many bytes leave room for the files themselves.
    fn has_room(&self, bytes: u64) -> Result<()> {
        let free = fs4::available_space(&self.folder).map_err(|e| self.failed(&e))?;
        let (_, written, _) = self.show.sum();
        let own = self.own.get().saturating_sub(written);
        if own.saturating_add(bytes) > free {
            let words = format!(
                "{} has {} left, which the export itself may need",
                self.folder.display(),
                size(free)
            );
            return Err(Error::source(words));
        }
        Ok(())
    }
}

impl Shelf for Spill {
    fn find<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Rc<dyn Kept>>> {
        match &self.cache {
            Some(cache) => cache.find(name),
            None => Box::pin(async { Ok(None) }),
        }
    }

    fn begin<'a>(&'a self, name: &'a str, size: u64) -> Pending<'a, Option<Rc<dyn Kept>>> {
        Box::pin(async move {
            let kept = match &self.cache {
                Some(cache) => cache.begin(name, size).await.map_err(|e| e.message.clone()),
                None => Err(String::new()),
            };
            let kept = kept.and_then(|kept| kept.ok_or_else(|| "it is more than the cache may hold".into()));
            let moved = RefCell::new(kept.as_ref().err().cloned());
            let now = RefCell::new(kept.or_else(|_| self.aside.begin())?);
            Ok(Some(Rc::new(Spilled { now, aside: Rc::clone(&self.aside), moved }) as Rc<dyn Kept>))
        })
    }

    fn discard<'a>(&'a self, name: &'a str) -> Pending<'a, ()> {
        match &self.cache {
            Some(cache) => cache.discard(name),
            None => Box::pin(async { Ok(()) }),
        }
    }
}

impl Spilled {
    fn now(&self) -> Rc<dyn Kept> {
        Rc::clone(&self.now.borrow())
    }

    /// Moves to the folder what the cache has no room for any more: a disk that is full is left to others.
    async fn move_over(&self) -> Result<()> {
        let (from, to) = (self.now(), self.aside.begin()?);
        while to.len() < from.len() {
            let end = to.len().saturating_add(PIECE).min(from.len());
            to.append(&read(&*from, to.len()..end).await?).await?;
        }
        *self.now.borrow_mut() = to;
        Ok(())
    }
}

impl Kept for Spilled {
    fn len(&self) -> u64 {
        self.now().len()
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Vec<u8>>> {
        Box::pin(async move { self.now().read_many(spans).await })
    }

    fn append<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, ()> {
        Box::pin(async move {
            let Err(error) = self.now().append(bytes).await else { return Ok(()) };
            let before = self.moved.borrow().clone();
            let both = |cache: &str, folder: Error| {
                let join = if cache.is_empty() { "" } else { "; " };
                Error::source(format!("{cache}{join}{}", folder.message))
            };
            if let Some(cache) = before {
                return Err(both(&cache, error));
            }
            self.moved.replace(Some(error.message.clone()));
            let moved = self.move_over().await;
            if let Err(folder) = moved {
                return Err(both(&error.message, folder));
            }
            let appended = self.now().append(bytes).await;
            appended.map_err(|folder| both(&error.message, folder))
        })
    }

    fn finished(&self) -> bool {
        self.now().finished()
    }

    fn finish(&self) -> Pending<'_, ()> {
        Box::pin(async move { self.now().finish().await })
    }
}

impl Kept for Nameless {
    fn len(&self) -> u64 {
        self.len.get()
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Vec<u8>>> {
        let one = |span: &Range<u64>| {
            let len = Limits::size(span.end.saturating_sub(span.start), self.len.get(), "a read")?;
            let mut bytes = Limits::filled(len, 0, "a read")?;
            let mut file = &self.file;
            let read = file.seek(SeekFrom::Start(span.start)).and_then(|_| file.read_exact(&mut bytes));
            read.map_err(|e| self.aside.failed(&e))?;
            Ok(bytes)
        };
        Box::pin(async move { spans.iter().map(one).collect() })
    }

    fn append<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, ()> {
        Box::pin(async move {
            self.aside.has_room(bytes.len() as u64)?;
            let mut file = &self.file;
            let written = file.seek(SeekFrom::Start(self.len.get())).and_then(|_| file.write_all(bytes));
            if let Err(error) = written {
                // Half a block is of no use, its room is.
                file.set_len(self.len.get()).ok();
                return Err(self.aside.failed(&error));
            }
            self.len.set(self.len.get().saturating_add(bytes.len() as u64));
            Ok(())
        })
    }

    fn finished(&self) -> bool {
        false
    }

    fn finish(&self) -> Pending<'_, ()> {
        Box::pin(async { Err(Error::source("a nameless file is not kept")) })
    }
}
