//! Where things are kept between visits: what was worked out from a file once need not be worked out again.
//!
//! A shelf holds files of our own by name. It is never relied on: what it refuses, loses or damages is made anew, so whoever
//! keeps something here puts checksums into it, and takes any error as "not there". A browser's shelf is its origin private file
//! system (`wasm`), a native program's a folder (`native`); [`Memory`] is for tests and for hosts with neither.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    ops::Range,
    rc::Rc,
};

use crate::{
    codec::checksum::crc32c,
    error::{Error, Pending, Result},
};

/// A place to keep files in.
pub trait Shelf {
    /// What is kept under a name; it counts as used now.
    ///
    /// # Errors
    /// `Source` when the shelf cannot be used.
    fn find<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Rc<dyn Kept>>>;

    /// Begins a file of about `size` bytes; others that have not been used for long make room for it. Nobody finds it before it
    /// is finished. `None` when there is no room.
    ///
    /// # Errors
    /// `Source` when the shelf cannot be used.
    fn begin<'a>(&'a self, name: &'a str, size: u64) -> Pending<'a, Option<Rc<dyn Kept>>>;

    /// Throws a file away.
    ///
    /// # Errors
    /// `Source` when the shelf cannot be used.
    fn discard<'a>(&'a self, name: &'a str) -> Pending<'a, ()>;

    /// Until the next piece of what nobody waits for may be written: whoever asks for something goes first.
    ///
    /// # Errors
    /// `Source` when nothing more is to be written.
    fn turn(&self) -> Pending<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// A file on a shelf.
pub trait Kept {
    /// Bytes in it.
    fn len(&self) -> u64;

    /// Whether it is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Parts of it, in order.
    ///
    /// # Errors
    /// `Source` when they cannot be had.
    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Vec<u8>>>;

    /// Adds to its end.
    ///
    /// # Errors
    /// `Source` when there is no room any more.
    fn append<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, ()>;

    /// Whether it was found complete, or has been [finished](Self::finish).
    fn finished(&self) -> bool;

    /// Says that it is complete: from now on it can be found.
    ///
    /// # Errors
    /// `Source` when it could not be written.
    fn finish(&self) -> Pending<'_, ()>;
}

/// The checksum for what goes on a shelf.
pub fn sum(bytes: &[u8]) -> u32 {
    crc32c(bytes)
}

/// A name for something that a text identifies: 32 hexadecimal digits.
pub fn name(identity: &str) -> String {
    let mut halves = [0xcbf2_9ce4_8422_2325_u64, 0x6c62_272e_07bb_0142];
    for byte in identity.bytes() {
        for (i, half) in halves.iter_mut().enumerate() {
            // FNV-1a, from two different beginnings; the identity itself is kept too, so a clash costs time, not truth.
            *half = (*half ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(i as u32 * 5);
        }
    }
    halves.map(|half| format!("{half:016x}")).concat()
}

/// A shelf in memory, of bounded size.
#[derive(Default)]
pub struct Memory {
    files: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    /// Most recently used last.
    order: RefCell<Vec<String>>,
    bound: u64,
}

impl Memory {
    /// A shelf that holds at most so many bytes.
    pub fn new(bound: u64) -> Self {
        Self { bound, ..Self::default() }
    }

    /// What is kept, by name.
    pub fn files(&self) -> std::cell::RefMut<'_, BTreeMap<String, Vec<u8>>> {
        self.files.borrow_mut()
    }

    fn used(&self, name: &str) {
        let mut order = self.order.borrow_mut();
        order.retain(|other| other != name);
        order.push(name.to_owned());
    }
}

struct MemoryFile {
    name: String,
    finished: Cell<bool>,
    bytes: RefCell<Vec<u8>>,
    files: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
}

impl Shelf for Memory {
    fn find<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Rc<dyn Kept>>> {
        let found = self.files.borrow().get(name).cloned();
        let kept = found.map(|bytes| {
            self.used(name);
            let (name, files) = (name.to_owned(), Rc::clone(&self.files));
            Rc::new(MemoryFile { name, finished: Cell::new(true), bytes: RefCell::new(bytes), files })
                as Rc<dyn Kept>
        });
        Box::pin(async move { Ok(kept) })
    }

    fn begin<'a>(&'a self, name: &'a str, size: u64) -> Pending<'a, Option<Rc<dyn Kept>>> {
        if size > self.bound {
            return Box::pin(async { Ok(None) });
        }
        self.used(name);
        let mut files = self.files.borrow_mut();
        files.remove(name);
        let mut held: u64 = files.values().map(|file| file.len() as u64).sum();
        self.order.borrow_mut().retain(|other| {
            let drop = held.saturating_add(size) > self.bound && other != name;
            if drop {
                held = held.saturating_sub(files.remove(other).map_or(0, |file| file.len() as u64));
            }
            !drop
        });
        let (name, files) = (name.to_owned(), Rc::clone(&self.files));
        let kept = Rc::new(MemoryFile { name, finished: Cell::new(false), bytes: RefCell::default(), files })
            as Rc<dyn Kept>;
        Box::pin(async move { Ok(Some(kept)) })
    }

    fn discard<'a>(&'a self, name: &'a str) -> Pending<'a, ()> {
        self.files.borrow_mut().remove(name);
        Box::pin(async { Ok(()) })
    }
}

impl Kept for MemoryFile {
    fn len(&self) -> u64 {
        self.bytes.borrow().len() as u64
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Vec<u8>>> {
        let bytes = self.bytes.borrow();
        let part = |span: &Range<u64>| {
            let (start, end) = (usize::try_from(span.start).ok()?, usize::try_from(span.end).ok()?);
            bytes.get(start..end).map(<[u8]>::to_vec)
        };
        let read = spans.iter().map(part).collect::<Option<Vec<_>>>();
        let read = read.ok_or_else(|| Error::source("is shorter than it was"));
        Box::pin(async move { read })
    }

    fn append<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, ()> {
        self.bytes.borrow_mut().extend_from_slice(bytes);
        Box::pin(async { Ok(()) })
    }

    fn finished(&self) -> bool {
        self.finished.get()
    }

    fn finish(&self) -> Pending<'_, ()> {
        self.finished.set(true);
        self.files.borrow_mut().insert(self.name.clone(), self.bytes.borrow().clone());
        Box::pin(async { Ok(()) })
    }
}

/// Reads one part of a file on a shelf.
///
/// # Errors
/// `Source` when it cannot be had.
pub async fn read(kept: &dyn Kept, span: Range<u64>) -> Result<Vec<u8>> {
    let mut read = kept.read_many(std::slice::from_ref(&span)).await?;
    read.pop().ok_or_else(|| Error::source("nothing was read"))
}
