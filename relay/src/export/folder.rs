//! The folder that is being written: each file appears whole or not at all, and the identity, which makes a folder a data set, comes
//! last. Compressing and writing are done by threads, while the next values are read.

use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use cellucid_wasm::{
    Error, Pending, Result,
    export::{Packed, Range, Sink},
};
use flate2::{Compression, write::GzEncoder};

use super::{
    journal::{BEGUN, Journal, NAME, Written},
    show::Show,
};
use crate::{fault::Fault, output};

/// The document that makes a folder a data set.
pub const IDENTITY: &str = "dataset_identity.json";

/// A folder that is being written.
pub struct Folder {
    shared: Arc<Shared>,
    work: Option<SyncSender<Packed>>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// What the threads have in common.
struct Shared {
    root: PathBuf,
    journal: Journal,
    show: Arc<Show>,
    state: Mutex<State>,
    /// Rung when a file is done.
    done: Condvar,
    /// Counts the names of files that are not yet whole.
    parts: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Files handed over and not yet written.
    waiting: usize,
    /// The first thing that went wrong; nothing is written after it.
    fault: Option<Fault>,
}

/// Makes a folder ready: new, empty, or with what an interrupted run of the same export left. `what` tells exports apart.
///
/// # Errors
/// When it holds something else, unless `force`; when it cannot be written to.
pub fn prepare(root: &Path, what: &str, force: bool) -> Result<Journal> {
    let name = root.display().to_string();
    let fail = |e: &io::Error| output::failed(e, &name);
    let mut before = Default::default();
    if root.is_dir() {
        fs::remove_file(root.join(BEGUN)).ok();
        let interrupted = Journal::read(root).map_err(|e| fail(&e))?;
        match interrupted {
            Some((same, files)) if same == what && !force => before = files,
            Some(_) if !force => {
                return Err(Error::source("holds an interrupted export of other data, or with other options")
                    .in_file(name)
                    .hint("repeat the command that was interrupted, name a new folder, or give --force to start anew"));
            }
            None if !force && fs::read_dir(root).map_err(|e| fail(&e))?.next().is_some() => {
                return Err(Error::source("is not empty")
                    .in_file(name)
                    .hint("name a new folder, or give --force to write over what is there"));
            }
            _ => {}
        }
        tidy(root).map_err(|e| fail(&e))?;
    }
    fs::create_dir_all(root).map_err(|e| fail(&e))?;
    // What is left of an earlier export must not vouch for a half-written one.
    match fs::remove_file(root.join(IDENTITY)) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(fail(&e)),
        _ => {}
    }
    Journal::begin(root, what, before)
}

/// Longest name of a file that the usual file systems take, in bytes.
const LONGEST: usize = 255;

/// Checks, before anything is made, that all files can be called what they have to be.
///
/// # Errors
/// `Unsupported`, with the name.
pub fn check_names(paths: &[String]) -> Result<()> {
    let name = |path: &String| path.rsplit('/').next().map_or(0, str::len);
    let Some(long) = paths.iter().find(|path| name(path) > LONGEST) else { return Ok(()) };
    let (what, hint) = match long.split_once('/') {
        Some(("var", _)) => (
            "gene",
            "rename it in var, take the names from another column with --gene-id-column, or leave it out of --genes",
        ),
        _ => ("column", "rename it, then export again"),
    };
    let (begin, length) = (long.chars().take(60).collect::<String>(), name(long));
    let words = format!(
        "a {what} has too long a name: {begin}… would be a file's name of {length} bytes, {LONGEST} are possible"
    );
    Err(Error::unsupported(words).hint(hint))
}

/// Removes files that were being written when a run ended.
fn tidy(root: &Path) -> io::Result<()> {
    for folder in ["", "obs", "var", "connectivity", "vectors"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(PART) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Ending of a file that is not yet whole.
const PART: &str = ".part";

impl Folder {
    /// Starts the threads.
    ///
    /// # Errors
    /// When there are none to be had.
    pub fn start(root: &Path, journal: Journal, jobs: usize, show: Arc<Show>) -> Result<Self> {
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            journal,
            show,
            state: Mutex::default(),
            done: Condvar::new(),
            parts: AtomicU64::new(0),
        });
        // A few files ahead of the writers, not more: they may be large.
        let (work, queue) = sync_channel(jobs.max(1));
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::new();
        for _ in 0..jobs.max(1) {
            let (shared, queue) = (Arc::clone(&shared), Arc::clone(&queue));
            let thread =
                thread::Builder::new().name("writer".into()).spawn(move || write_all(&shared, &queue));
            threads
                .push(thread.map_err(|e| Error::source(format!("there is no thread to write with: {e}")))?);
        }
        Ok(Self { shared, work: Some(work), threads })
    }

    /// Waits until all that was handed over is written.
    fn settle(&self) -> Result<()> {
        let mut state = self.shared.state.lock().map_err(|_| died())?;
        while state.waiting > 0 && state.fault.is_none() {
            state = self.shared.done.wait(state).map_err(|_| died())?;
        }
        state.fault.clone().map_or(Ok(()), |fault| Err(fault.into()))
    }

    fn take(&self, file: Packed) -> Result<()> {
        // Whoever finds the identity finds all the rest.
        if file.path == IDENTITY {
            self.settle()?;
        }
        let mut state = self.shared.state.lock().map_err(|_| died())?;
        if let Some(fault) = &state.fault {
            return Err(fault.clone().into());
        }
        state.waiting += 1;
        drop(state);
        let last = file.path == IDENTITY;
        self.work.as_ref().ok_or_else(died)?.send(file).map_err(|_| died())?;
        if last { self.settle() } else { Ok(()) }
    }

    /// Ends the threads; the journal goes, too, where everything was written.
    ///
    /// # Errors
    /// What went wrong while writing.
    pub fn finish(mut self) -> Result<()> {
        self.settle()?;
        self.work.take();
        for thread in self.threads.drain(..) {
            thread.join().map_err(|_| died())?;
        }
        match Arc::into_inner(self.shared) {
            Some(shared) => shared.journal.end(),
            None => Err(died()),
        }
    }
}

fn died() -> Error {
    Error::source("a thread that writes has ended").hint("repeat the command: it goes on where it stopped")
}

fn write_all(shared: &Shared, queue: &Mutex<Receiver<Packed>>) {
    loop {
        let next = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(_) => return,
        };
        let Ok(file) = next else { return };
        let stopped = shared.state.lock().is_ok_and(|state| state.fault.is_some());
        let written = if stopped { Ok(()) } else { shared.write(&file) };
        let Ok(mut state) = shared.state.lock() else { return };
        state.waiting -= 1;
        if let Err(error) = written {
            state.fault.get_or_insert_with(|| error.into());
        }
        shared.done.notify_all();
    }
}

impl Shared {
    fn write(&self, file: &Packed) -> Result<()> {
        let path = &file.path;
        // Names are made of safe components; one that is not would write elsewhere.
        let unsafe_part =
            |part: &str| matches!(part, "" | "." | "..") || part == NAME || part.contains(['\\', ':']);
        if path.split('/').any(unsafe_part) {
            return Err(Error::unsupported(format!("{path:?} cannot be a file name")));
        }
        let place = self.root.join(path);
        let fail = |e: &io::Error| {
            let mut error = output::failed(e, &place.display().to_string());
            if matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded)
            {
                error.hint = Some("make room and repeat the command: it goes on where it stopped".into());
            }
            if e.kind() == ErrorKind::InvalidFilename {
                error.message = "cannot be written: its name is too long".into();
                error.hint = Some("name the genes to export with --genes, without this one".into());
            }
            error
        };
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(|e| fail(&e))?;
        }
        let packed = match file.gzip {
            None => None,
            Some(level) => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level.into()));
                Some(encoder.write_all(&file.body).and_then(|()| encoder.finish()).map_err(|e| fail(&e))?)
            }
        };
        let body = packed.as_deref().unwrap_or(&file.body);
        // Short, whatever the file is called: names may be as long as a file system allows.
        let number = self.parts.fetch_add(1, Ordering::Relaxed);
        let part = place.with_file_name(format!(".{number}{PART}"));
        if let Err(error) = whole(&part, body).and_then(|()| fs::rename(&part, &place)) {
            fs::remove_file(&part).ok();
            return Err(fail(&error));
        }
        self.journal.note(path, &Written::new(body, file.range));
        self.show.step(body.len() as u64);
        Ok(())
    }
}

/// Writes a file and makes sure of it: some file systems tell of a full disk only then.
fn whole(path: &Path, body: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(body)?;
    file.flush()
}

impl Sink for Folder {
    fn put<'a>(&'a self, file: Packed) -> Pending<'a, ()> {
        Box::pin(async move { self.take(file) })
    }

    fn kept(&self, path: &str) -> Option<Option<Range>> {
        let kept = self.shared.journal.kept(&self.shared.root, path)?;
        self.shared.show.step(0);
        Some(kept.range)
    }

    fn expect(&self, total: usize) {
        self.shared.show.expect(total);
    }
}
