//! Where results go: standard output or a file, with errors that name it.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process,
};

use cellucid_wasm::{Error, Result};

/// An error of the operating system while writing, in our words.
pub fn failed(error: &io::Error, place: &str) -> Error {
    let failure = match error.kind() {
        io::ErrorKind::StorageFull => {
            Error::source("cannot be written: the disk is full").hint("make room, or write elsewhere")
        }
        io::ErrorKind::PermissionDenied => {
            Error::source("cannot be written: permission denied").hint("choose a place where you may write")
        }
        io::ErrorKind::NotFound => {
            Error::source("cannot be written: its folder does not exist").hint("create the folder first")
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            Error::source("cannot be written: there is a file where a folder has to be")
                .hint("name another place")
        }
        io::ErrorKind::IsADirectory => Error::source("cannot be written: it is a folder").hint("name a file"),
        _ => Error::source(format!("cannot be written: {error}")).hint("choose another place to write to"),
    };
    failure.in_file(place).hint("repeat the command")
}

/// Refuses to write what is no text to a terminal.
///
/// # Errors
/// `Request`, with what to do instead.
pub fn not_to_a_terminal(what: &str, instead: &str) -> Result<()> {
    if io::stdout().is_terminal() {
        let words = format!("{what} is binary, and standard output is a terminal");
        return Err(Error::request(words).hint(instead));
    }
    Ok(())
}

/// What shells report for a program that ended because nobody reads its output any more.
const UNREAD: i32 = 141;

/// Writes to standard output; what is written is out when this returns. Where its reader has had enough (`| head`) the program ends without
/// a word, as others do.
pub fn standard(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 20, io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(|e| {
        if e.kind() == io::ErrorKind::BrokenPipe {
            process::exit(UNREAD);
        }
        failed(&e, "standard output")
    })
}

/// Writes a whole file.
pub fn file(path: &Path, body: &[u8]) -> Result<()> {
    fs::write(path, body).map_err(|e| failed(&e, &path.display().to_string()))
}

/// The place below a folder that a virtual path stands for; its folders are made.
pub fn below(folder: &Path, path: &str) -> Result<PathBuf> {
    // Names are made of safe components; one that is not would lead elsewhere.
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) || path.contains('\\') {
        return Err(Error::unsupported(format!("{path:?} cannot be a file name")));
    }
    let place = folder.join(path);
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent).map_err(|e| failed(&e, &place.display().to_string()))?;
    }
    Ok(place)
}

/// One line on standard error. When even that fails nobody is left to tell.
pub fn note(line: &str) {
    writeln!(io::stderr().lock(), "{line}").ok();
}
