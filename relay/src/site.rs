//! `site`: a folder that any static host serves: the page, its module, data or their addresses, and a list for the page to offer.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cellucid_wasm::{Error, Result, export::safe, native::block_on, source::address::Address};
use serde_json::{Value, json};

use crate::{args::Reading, output, serve, source::Opened};

/// Of the module only what browsers load.
const MODULE: [&str; 3] = ["cellucid.js", "cellucid_bg.wasm", "cellucid_later.wasm"];

/// What the module owes to others.
const LICENCES: &str = "THIRD_PARTY.txt";

/// Writes a site.
///
/// # Errors
/// When a source cannot be shown, the page is not found, or something cannot be written; a new folder is removed again.
pub fn run(
    sources: &[String],
    out: &Path,
    page: Option<&Path>,
    force: bool,
    reading: &Reading,
) -> Result<()> {
    let folders = serve::page_and_module(page)?;
    if fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) && !force {
        return Err(Error::request("is not empty")
            .in_file(out.display().to_string())
            .hint("choose a new folder, or give --force to write into this one"));
    }
    let fresh = !out.exists();
    let made = write(sources, out, &folders, reading);
    if made.is_err() && fresh {
        fs::remove_dir_all(out).ok();
    }
    made
}

fn write(sources: &[String], out: &Path, folders: &(PathBuf, PathBuf), reading: &Reading) -> Result<()> {
    let (page, module) = folders;
    output::note("the page and its module");
    for entry in entries(page)? {
        // The sample would be offered beside the data that are meant.
        if entry != "sample" && entry != "pkg" {
            copy(&page.join(&entry), &out.join(&entry))?;
        }
    }
    for name in MODULE {
        copy(&module.join(name), &out.join("pkg").join(name))?;
    }
    // Whoever gives the module on gives these texts on, too; a module that was just built has none yet.
    let texts = module.join(LICENCES);
    if texts.is_file() {
        copy(&texts, &out.join("pkg").join(LICENCES))?;
    }
    // Hosts that run Jekyll would leave out names that begin with a dot or an underscore.
    put(&out.join(".nojekyll"), b"")?;
    let mut list: Vec<Value> = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    for source in sources {
        output::note(source);
        // What cannot be shown is not published.
        let opened = Opened::new(source, &reading.headers)?;
        let root = opened.root.clone();
        let dataset = block_on(opened.dataset(reading))?;
        let url = if Address::parse(source).is_some() {
            source.clone()
        } else {
            let place =
                source.strip_suffix(&format!("#{root}")).filter(|_| !root.is_empty()).unwrap_or(source);
            let place = Path::new(place).canonicalize().map_err(|e| failed(Path::new(place), &e))?;
            let name = safe(&place.file_name().map_or("data".into(), |name| name.to_string_lossy()));
            let name = free(&name, &mut taken);
            copy(&place, &out.join("data").join(&name))?;
            let fragment = if root.is_empty() { String::new() } else { format!("#{}", serve::encode(&root)) };
            format!("data/{}{fragment}", serve::encode(&name))
        };
        list.push(json!({"name": dataset.name(), "url": url}));
    }
    put(&out.join(serve::CATALOG), json!({"datasets": list}).to_string().as_bytes())?;
    let index = out.join("index.html");
    let text = fs::read_to_string(&index).map_err(|e| failed(&index, &e))?;
    put(&index, serve::with_catalog(&text).as_bytes())?;
    output::note(&format!("{}: ready for any host that serves files with byte ranges", out.display()));
    Ok(())
}

/// A name that no other has, remembered.
fn free(name: &str, taken: &mut Vec<String>) -> String {
    let mut free = name.to_owned();
    let mut count = 1;
    while taken.contains(&free) {
        count += 1;
        free = format!("{count}-{name}");
    }
    taken.push(free.clone());
    free
}

fn entries(folder: &Path) -> Result<Vec<String>> {
    let read = fs::read_dir(folder).map_err(|e| failed(folder, &e))?;
    read.map(|entry| {
        let name = entry.map_err(|e| failed(folder, &e))?.file_name();
        name.into_string().map_err(|name| {
            Error::source("has a name that is no text").in_file(folder.join(name).display().to_string())
        })
    })
    .collect()
}

/// A file, or a folder and all below it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to).map_err(|e| failed(to, &e))?;
        for entry in entries(from)? {
            copy(&from.join(&entry), &to.join(&entry))?;
        }
        return Ok(());
    }
    if let Some(above) = to.parent() {
        fs::create_dir_all(above).map_err(|e| failed(above, &e))?;
    }
    fs::copy(from, to).map_err(|e| failed(to, &e))?;
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(|e| failed(path, &e))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let place = path.display().to_string();
    if error.kind() == io::ErrorKind::StorageFull {
        return output::failed(error, &place);
    }
    Error::source(format!("cannot be copied: {error}"))
        .in_file(place)
        .hint("check that it may be read, and its copy written, then try again")
}
