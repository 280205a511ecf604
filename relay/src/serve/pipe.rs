//! A viewer at the other end of a pipe: commands on standard input, events on standard output, one JSON object a line.

use std::{
    io::{BufRead, Write},
    sync::Arc,
    thread,
};

use cellucid_wasm::Result;
use tokio::sync::watch;

use super::hub::{Followed, Hub};
use crate::output;

/// Opens a viewer, follows it, and hands it what comes in: its id and token. When standard input ends the server does, too.
///
/// # Errors
/// When there can be no viewer.
pub fn attach(
    hub: &Arc<Hub>,
    mut ending: watch::Receiver<bool>,
    end: watch::Sender<bool>,
) -> Result<(String, String)> {
    let (id, token) = hub.admit()?;
    let (writer, viewer, stop) = (Arc::clone(hub), id.clone(), end.clone());
    tokio::spawn(async move {
        let mut after = 0;
        while let Some(Followed { messages, mut more }) = writer.events(&viewer, after) {
            for (number, text) in messages {
                let mut out = std::io::stdout().lock();
                let written =
                    out.write_all(&text).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
                if written.is_err() {
                    // Nobody reads any more.
                    stop.send_replace(true);
                    return;
                }
                after = number;
            }
            if *ending.borrow() {
                return;
            }
            tokio::select! {
                _ = more.changed() => {}
                _ = ending.changed() => {}
            }
        }
    });
    let (reader, viewer) = (Arc::clone(hub), id.clone());
    // A thread of its own: reading from a terminal cannot be interrupted.
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
            if line.trim().is_empty() {
                continue;
            }
            if let Err(error) = reader.command(&viewer, line.as_bytes()) {
                output::note(&format!("{error}: {}", error.advice()));
            }
        }
        end.send_replace(true);
    });
    Ok((id, token))
}
