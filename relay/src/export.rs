//! `export`: the whole folder, plain or packed.

use std::{
    fs,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use cellucid_wasm::{
    Error, Pending, Result,
    dataset::Dataset,
    export::{Bits, Packing, Sink},
    native::block_on,
};
use flate2::{Compression, write::GzEncoder};

use crate::{args::Reading, output, source::Opened};

/// Options of the command line as the library takes them.
pub fn packing(
    var: Option<&str>,
    obs: Option<&str>,
    compression: Option<u8>,
    genes: Option<Vec<String>>,
) -> Packing {
    let bits = |text: &str| if text == "8" { Bits::Eight } else { Bits::Sixteen };
    Packing { compression, var: var.map(bits), obs: obs.map(bits), genes }
}

pub fn run(source: &str, out: &Path, packing: &Packing, force: bool, reading: &Reading) -> Result<()> {
    let opened = Opened::new(source, &reading.headers)?;
    let folder = Folder { root: out.to_owned(), shown: std::io::stderr().is_terminal() };
    block_on(async {
        let Dataset::Made(export, _) = opened.dataset(reading).await? else {
            return Err(Error::request("is an export folder already")
                .in_file(source)
                .hint("copy it as it is"));
        };
        folder.prepare(force)?;
        export.pack(packing, &folder).await?;
        for skipped in export.data().skipped() {
            output::note(&format!("left out: {}: {}", skipped.object, skipped.reason));
        }
        Ok(())
    })
}

/// A folder that is being written.
struct Folder {
    root: PathBuf,
    /// Whether somebody watches.
    shown: bool,
}

impl Folder {
    fn prepare(&self, force: bool) -> Result<()> {
        let name = self.root.display().to_string();
        let fail = |e: &std::io::Error| output::failed(e, &name);
        if self.root.is_dir() && !force {
            let mut entries = fs::read_dir(&self.root).map_err(|e| fail(&e))?;
            if entries.next().is_some() {
                return Err(Error::source("is not empty")
                    .in_file(name)
                    .hint("name a new folder, or give --force to write over what is there"));
            }
        }
        fs::create_dir_all(&self.root).map_err(|e| fail(&e))?;
        // What is left of an earlier export must not vouch for a half-written one.
        match fs::remove_file(self.root.join("dataset_identity.json")) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(fail(&e)),
            _ => Ok(()),
        }
    }

    fn write(&self, path: &str, body: &[u8], gzip: Option<u8>) -> Result<()> {
        let place = output::below(&self.root, path)?;
        let fail = |e: &std::io::Error| output::failed(e, &place.display().to_string());
        let Some(level) = gzip else { return output::file(&place, body) };
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level.into()));
        let packed = encoder.write_all(body).and_then(|()| encoder.finish()).map_err(|e| fail(&e))?;
        output::file(&place, &packed)
    }
}

impl Sink for Folder {
    fn put<'a>(&'a self, path: String, body: Bytes, gzip: Option<u8>) -> Pending<'a, ()> {
        Box::pin(async move { self.write(&path, &body, gzip) })
    }

    fn progress(&self, done: usize, total: usize) {
        if self.shown && (done.is_multiple_of(100) || done == total) {
            output::note(&format!("{done} of {total} files"));
        }
    }
}
