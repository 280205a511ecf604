//! What an interrupted export leaves behind: one line for what is exported and how, then one for each file that is whole. With it a
//! run that is repeated goes on instead of starting anew, after a look at every file that it lists.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

use cellucid_wasm::{Error, Result, export::Range};
use flate2::Crc;
use serde_json::{Value, json};

use crate::output;

/// Its name in the folder that is being written.
pub const NAME: &str = ".cellucid-export";

/// Its name until its first lines are in it: whoever is interrupted before has neither lost the earlier one nor left half of one.
pub const BEGUN: &str = ".cellucid-export.begun";

/// A file as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Bytes in the folder.
    pub size: u64,
    /// CRC-32 of them.
    pub sum: u32,
    /// What quantised values stand for.
    pub range: Option<Range>,
}

impl Written {
    /// Of some content.
    pub fn new(body: &[u8], range: Option<Range>) -> Self {
        let mut crc = Crc::new();
        crc.update(body);
        Self { size: body.len() as u64, sum: crc.sum(), range }
    }
}

/// The journal while it is written.
pub struct Journal {
    place: PathBuf,
    file: Mutex<File>,
    /// Files of an earlier run, checked when they are asked for.
    before: HashMap<String, Written>,
}

impl Journal {
    /// What an earlier run left in a folder: its first line, and its files; `None` when there is no journal.
    ///
    /// # Errors
    /// When it is there but cannot be read.
    pub fn read(folder: &Path) -> io::Result<Option<(String, HashMap<String, Written>)>> {
        let text = match fs::read(folder.join(NAME)) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let mut lines = text.lines();
        let what = lines.next().unwrap_or_default().to_owned();
        // A line that was cut off in the middle is a file that has to be made again.
        Ok(Some((what, lines.filter_map(entry).collect())))
    }

    /// Begins one, or goes on with that of an earlier run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(folder: &Path, what: &str, before: HashMap<String, Written>) -> Result<Self> {
        let (place, begun) = (folder.join(NAME), folder.join(BEGUN));
        let begin = || {
            let mut text = format!("{what}\n");
            text.extend(before.iter().map(|(path, written)| line(path, written)));
            let mut file = File::create(&begun)?;
            file.write_all(text.as_bytes())?;
            fs::rename(&begun, &place)?;
            Ok(file)
        };
        let file = begin().map_err(|e: io::Error| output::failed(&e, &place.display().to_string()))?;
        Ok(Self { place, file: Mutex::new(file), before })
    }

    /// A file of an earlier run, if it is still what was written.
    pub fn kept(&self, folder: &Path, path: &str) -> Option<Written> {
        let written = self.before.get(path)?;
        let body = fs::read(folder.join(path)).ok()?;
        (Written::new(&body, written.range) == *written).then(|| written.clone())
    }

    /// Files of an earlier run.
    pub fn len(&self) -> usize {
        self.before.len()
    }

    /// Notes a file that is whole. What cannot be noted is made again by the next run, no more.
    pub fn note(&self, path: &str, written: &Written) {
        if let Ok(mut file) = self.file.lock() {
            file.write_all(line(path, written).as_bytes()).ok();
        }
    }

    /// The folder is complete.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn end(self) -> Result<()> {
        fs::remove_file(&self.place).map_err(|e| {
            Error::source(format!("cannot be removed: {e}")).in_file(self.place.display().to_string())
        })
    }
}

fn line(path: &str, written: &Written) -> String {
    let range = written.range.map(|(low, high)| json!([low, high]));
    format!("{}\n", json!([path, written.size, written.sum, range]))
}

fn entry(line: &str) -> Option<(String, Written)> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let range = match entry.get(3)? {
        Value::Null => None,
        range => Some((range.get(0)?.as_f64()?, range.get(1)?.as_f64()?)),
    };
    let sum = u32::try_from(entry.get(2)?.as_u64()?).ok()?;
    Some((entry.get(0)?.as_str()?.to_owned(), Written { size: entry.get(1)?.as_u64()?, sum, range }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_back_and_cut_ones_left_out() {
        let written = Written::new(b"123456789", Some((-0.1, 5e-324)));
        assert_eq!(written.sum, 0xcbf4_3926);
        let whole = line("var/a b.values.u8.gz", &written);
        assert_eq!(entry(whole.trim_end()), Some(("var/a b.values.u8.gz".into(), written.clone())));
        assert_eq!(entry(&whole[..whole.len() / 2]), None);
        let plain = Written { range: None, ..written };
        assert_eq!(entry(line("x", &plain).trim_end()), Some(("x".into(), plain)));
    }
}
