//! The files that belong to one tree: the one that was opened, and those beside it that it leads to.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use super::{file::File, space::Space};
use crate::{
    error::{Error, Result},
    limits::Limits,
    source::{ByteSource, Identity},
};

/// Most files of a tree.
const MOST: usize = 4096;

/// Files by number; the one that was opened is 0.
pub struct Siblings {
    first: Rc<File>,
    others: RefCell<Vec<Rc<Sibling>>>,
    /// From the number of a file and a name in it to the number of another.
    known: RefCell<HashMap<(u64, String), u64>>,
}

/// A file beside another, of any kind.
struct Sibling {
    source: Rc<dyn ByteSource>,
    /// Once it was opened as HDF5.
    file: OnceCell<Rc<File>>,
}

impl Siblings {
    /// With the file that was opened.
    pub fn new(first: File) -> Self {
        Self { first: Rc::new(first), others: RefCell::default(), known: RefCell::default() }
    }

    /// Name of the file that was opened.
    pub fn name(&self) -> &str {
        self.first.space.name()
    }

    /// What tells the content from others'; nothing does once it is in several files.
    pub fn identity(&self) -> Option<Identity> {
        if self.others.borrow().is_empty() { self.first.space.identity() } else { None }
    }

    /// Whether asking costs a journey.
    pub fn is_far(&self) -> bool {
        self.first.space.source().is_far()
    }

    /// Seconds that reading so many bytes will take, as far as can be told.
    pub fn seconds(&self, bytes: u64) -> Option<f64> {
        self.first.space.seconds(bytes)
    }

    /// Bytes to ask for at a time.
    pub fn batch(&self) -> u64 {
        self.first.space.batch()
    }

    /// Bounds in force.
    pub fn limits(&self) -> &Limits {
        self.first.space.limits()
    }

    /// A file by its number.
    ///
    /// # Errors
    /// `Malformed` when nothing led to such a file: numbers come out of handles, which a file may claim to have.
    pub fn file(&self, number: u64) -> Result<Rc<File>> {
        if number == 0 {
            return Ok(Rc::clone(&self.first));
        }
        let file = self.other(number).and_then(|other| other.file.get().cloned());
        file.ok_or_else(|| Error::malformed(format!("there is no file number {number}")))
    }

    fn other(&self, number: u64) -> Option<Rc<Sibling>> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.others.borrow().get(at).cloned()
    }

    /// The number of the HDF5 file that another one calls by a name.
    ///
    /// # Errors
    /// As [`raw`](Self::raw), and `Malformed` when it is no HDF5 file.
    pub async fn beside(&self, from: u64, name: &str) -> Result<u64> {
        let number = self.find(from, name).await?;
        if number > 0
            && let Some(other) = self.other(number)
            && other.file.get().is_none()
        {
            let space = Space::new(Rc::clone(&other.source), *self.limits(), number);
            let file = File::open(space).await.map_err(|e| e.in_file(other.source.name()))?;
            let _ = other.file.set(Rc::new(file));
        }
        Ok(number)
    }

    /// The bytes of the file that another one calls by a name.
    ///
    /// # Errors
    /// `Missing`, with the name, when there is none or none can be reached from here.
    pub async fn raw(&self, from: u64, name: &str) -> Result<Rc<dyn ByteSource>> {
        match self.find(from, name).await? {
            0 => Ok(self.first.space.source()),
            number => self.other(number).map(|other| Rc::clone(&other.source)).ok_or_else(|| missing(name)),
        }
    }

    async fn find(&self, from: u64, name: &str) -> Result<u64> {
        let key = (from, name.to_owned());
        if let Some(&number) = self.known.borrow().get(&key) {
            return Ok(number);
        }
        let source = match from {
            0 => self.first.space.source(),
            from => self.other(from).map(|other| Rc::clone(&other.source)).ok_or_else(|| missing(name))?,
        };
        let source = source.sibling(&beside(name)).await?.ok_or_else(|| missing(name))?;
        // By other names the same file is another one here: only what was read of it is kept twice.
        let others = &mut *self.others.borrow_mut();
        if others.len() >= MOST {
            return Err(Error::limit(format!("more than {MOST} other files")));
        }
        others.push(Rc::new(Sibling { source, file: OnceCell::new() }));
        let number = others.len() as u64;
        self.known.borrow_mut().insert(key, number);
        Ok(number)
    }
}

/// Where a file is looked for whatever path another one knows it by: beside that one, or below its folder. A path that
/// leads out of the folder says where the file was when it was written; only its last part is of use here, and a file
/// from elsewhere must not choose what is read of a machine.
fn beside(name: &str) -> String {
    let parts: Vec<&str> = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
    let absolute = name.starts_with(['/', '\\']) || name.get(1..2) == Some(":");
    if absolute || parts.contains(&"..") {
        return parts.last().filter(|last| **last != "..").map_or(String::new(), |last| (*last).to_owned());
    }
    parts.join("/")
}

fn missing(name: &str) -> Error {
    // What is skipped for it keeps the message alone, so that says it all.
    Error::missing(format!("\"{name}\" is wanted, and is not beside this file: open or drop the folder with both")).hint(
        format!("put \"{name}\" into the same folder and open the file from there: by its path or address, or by dropping the whole folder"),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn files_are_looked_for_beside_and_below_only() {
        for (name, place) in [
            ("other.h5", "other.h5"),
            ("./parts/a.h5", "parts/a.h5"),
            ("/data/run 1/raw.h5", "raw.h5"),
            ("../raw.h5", "raw.h5"),
            ("a/../../raw.h5", "raw.h5"),
            ("C:\\data\\raw.h5", "raw.h5"),
            ("..", ""),
        ] {
            assert_eq!(super::beside(name), place, "{name}");
        }
    }
}
