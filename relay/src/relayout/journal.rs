//! What an interrupted run leaves behind beside its chunks: one line for what is written and how, then one for each chunk that is whole,
//! for each stretch that was sorted and for each matrix that was counted. With it the next run goes on instead of starting anew.

use std::{
    cell::RefCell,
    collections::HashMap,
    fs::{self, File},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use cellucid_wasm::Error;
use flate2::Crc;
use serde_json::{Value, json};

const NAME: &str = "journal";

/// A stretch of a matrix as it lies in its file: its table, rows and values one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Items of the source up to its end.
    pub to: u64,
    /// Where it begins in the file.
    pub at: u64,
    /// Bytes of table, rows and values.
    pub parts: [u64; 3],
    /// CRC-32 of them.
    pub sum: u32,
}

/// The journal while a store is written.
pub struct Journal {
    folder: PathBuf,
    file: RefCell<File>,
    before: Before,
}

/// What an earlier run wrote down.
#[derive(Default)]
struct Before {
    /// Bytes and CRC-32 of chunks.
    chunks: HashMap<String, (u64, u32)>,
    stretches: Vec<(String, Stretch)>,
    items: HashMap<String, u64>,
}

impl Journal {
    /// Begins one in a folder, or goes on with that of an earlier run for the same; `what` tells runs apart. `None`: the folder holds
    /// something else.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(folder: &Path, what: &str, force: bool) -> io::Result<Option<Self>> {
        let place = folder.join(NAME);
        let mut before = Before::default();
        let mut lines = Vec::new();
        match fs::read(&place) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let mut all = text.lines();
                if all.next() == Some(what) {
                    // A line that was cut off in the middle is of something that has to be made again.
                    lines.extend(all.filter(|line| before.take(line).is_some()).map(str::to_owned));
                } else if force {
                    remove(folder)?;
                } else {
                    return Ok(None);
                }
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                remove(folder)?
            }
            Err(e) => return Err(e),
        }
        fs::create_dir_all(folder)?;
        // Whoever is interrupted meanwhile has neither lost the earlier one nor left half of one.
        let begun = place.with_extension("begun");
        let mut file = BufWriter::new(File::create(&begun)?);
        writeln!(file, "{what}")?;
        lines.iter().try_for_each(|line| writeln!(file, "{line}"))?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        fs::rename(&begun, &place)?;
        Ok(Some(Self { folder: folder.to_owned(), file: RefCell::new(file), before }))
    }

    /// Whether there was an earlier run, and it came to something.
    pub fn resumed(&self) -> bool {
        !self.before.chunks.is_empty() || !self.before.stretches.is_empty()
    }

    /// Whether a chunk of an earlier run is still what was written.
    pub fn kept(&self, key: &str, place: &Path) -> bool {
        let Some(noted) = self.before.chunks.get(key) else { return false };
        fs::read(place).is_ok_and(|body| sum(&[&body]) == noted.1 && body.len() as u64 == noted.0)
    }

    /// Notes a chunk that is whole. What cannot be noted is made again by the next run, no more.
    pub fn chunk(&self, key: &str, body: &[u8]) {
        self.line(&json!(["chunk", key, body.len(), sum(&[body])]));
    }

    /// Notes how many items a matrix has that is written whole.
    pub fn counted(&self, matrix: &str, items: u64) {
        self.line(&json!(["items", matrix, items]));
    }

    /// How many items a matrix has, if an earlier run came so far.
    pub fn items(&self, matrix: &str) -> Option<u64> {
        self.before.items.get(matrix).copied()
    }

    /// The file for a matrix's stretches.
    pub fn place(&self, matrix: &str) -> PathBuf {
        self.folder.join(format!("{}.runs", matrix.replace('/', ".")))
    }

    /// Notes a stretch that lies in its matrix's file.
    pub fn stretch(&self, matrix: &str, stretch: &Stretch) {
        let Stretch { to, at, parts, sum } = stretch;
        self.line(&json!(["stretch", matrix, to, at, parts, sum]));
    }

    /// Stretches of an earlier run that are still what was written.
    pub fn stretches(&self, matrix: &str) -> Vec<Stretch> {
        let Ok(mut file) = File::open(self.place(matrix)) else { return Vec::new() };
        let noted = self.before.stretches.iter().filter(|(name, _)| name == matrix);
        noted.map(|(_, stretch)| stretch.clone()).take_while(|stretch| intact(&mut file, stretch)).collect()
    }

    fn line(&self, entry: &Value) {
        self.file.borrow_mut().write_all(format!("{entry}\n").as_bytes()).ok();
    }
}

impl Before {
    fn take(&mut self, line: &str) -> Option<()> {
        let entry: Value = serde_json::from_str(line).ok()?;
        let number = |at: usize| entry.get(at).and_then(Value::as_u64);
        let name = entry.get(1)?.as_str()?.to_owned();
        let sum = |at: usize| u32::try_from(number(at)?).ok();
        match entry.get(0)?.as_str()? {
            "chunk" => {
                self.chunks.insert(name, (number(2)?, sum(3)?));
            }
            "items" => {
                self.items.insert(name, number(2)?);
            }
            "stretch" => {
                let part = |at: usize| entry.get(4)?.get(at)?.as_u64();
                let parts = [part(0)?, part(1)?, part(2)?];
                self.stretches.push((name, Stretch { to: number(2)?, at: number(3)?, parts, sum: sum(5)? }));
            }
            _ => return None,
        }
        Some(())
    }
}

fn intact(file: &mut File, stretch: &Stretch) -> bool {
    let length: u64 = stretch.parts.iter().fold(0, |all, part| all.saturating_add(*part));
    let mut crc = Crc::new();
    let mut left = length;
    let mut buffer = vec![0; 1 << 16];
    if file.seek(SeekFrom::Start(stretch.at)).is_err() {
        return false;
    }
    while left > 0 {
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        match file.read(&mut buffer[..most]) {
            Ok(0) | Err(_) => return false,
            Ok(n) => {
                crc.update(&buffer[..n]);
                left -= n as u64;
            }
        }
    }
    crc.sum() == stretch.sum
}

/// CRC-32 of some bytes, one part after another.
pub fn sum(parts: &[&[u8]]) -> u32 {
    let mut crc = Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum()
}

/// Removes a file or a folder, if there is one.
pub fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(about) if about.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

/// What is said when a place holds the beginnings of something else.
pub fn other(name: String) -> Error {
    Error::source("was begun by an interrupted run with other data, or with other options")
        .in_file(name)
        .hint("repeat the command that was interrupted, name another place, or give --force to start anew")
}
