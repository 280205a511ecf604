//! One data set on a thread of its own: the library's futures stay on one thread, requests reach it as messages.

use std::{sync::mpsc, thread};

use cellucid_wasm::{Error, Result, export::File, native::block_on};
use tokio::sync::oneshot;

use crate::{args::Reading, fault::Fault, output, source::Opened};

type Job = (String, oneshot::Sender<std::result::Result<File, Fault>>);

/// What an opened data set tells: id, name, folders of the data sets of one root.
type Told = (String, String, Vec<String>);

/// An open data set.
#[derive(Clone)]
pub struct Dataset {
    /// Its id, which may stand in front of its paths.
    pub id: String,
    /// Folders of the data sets of one root, where there are several.
    pub listed: Vec<String>,
    /// Its name, for people.
    pub name: String,
    /// Where it was opened from.
    pub source: String,
    jobs: mpsc::Sender<Job>,
}

impl Dataset {
    /// Opens a source; returns once it is open.
    ///
    /// # Errors
    /// When it cannot be read, or nothing in it can be shown.
    pub fn open(source: &str, reading: &Reading) -> Result<Self> {
        let (opened_to, opened) = mpsc::channel::<std::result::Result<Told, Fault>>();
        let (jobs, queue) = mpsc::channel::<Job>();
        let (from, reading) = (source.to_owned(), reading.clone());
        let work = move || {
            let open = || block_on(async { Opened::new(&from, &reading.headers)?.dataset(&reading).await });
            let dataset = match open() {
                Ok(dataset) => dataset,
                Err(error) => {
                    opened_to.send(Err(error.into())).ok();
                    return;
                }
            };
            // Whoever no longer waits for an answer does not get one.
            opened_to.send(Ok((dataset.id(), dataset.name(), dataset.folders()))).ok();
            let mut told = Vec::new();
            for (path, reply) in queue {
                reply.send(block_on(dataset.file(&path)).map_err(Fault::from)).ok();
                block_on(dataset.settle());
                let notices = dataset.notices(true);
                for notice in notices.iter().filter(|notice| !told.contains(*notice)) {
                    output::note(&format!("warning: {from}: {notice}"));
                }
                told = notices;
            }
        };
        thread::Builder::new()
            .name("dataset".into())
            .spawn(work)
            .map_err(|e| Error::source(format!("no thread for the data set: {e}")))?;
        let (id, name, listed) = opened.recv().map_err(|_| gone())?.map_err(Error::from)?;
        Ok(Self { id, name, listed, source: source.to_owned(), jobs })
    }

    /// A virtual file.
    pub async fn file(&self, path: String) -> std::result::Result<File, Fault> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send((path, reply)).map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone().into()))
    }
}

fn gone() -> Error {
    Error::source("the data set's thread has ended").hint("start the server again")
}
