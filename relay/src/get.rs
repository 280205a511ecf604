//! `get`: virtual files, one or several.

use std::{path::Path, time::Instant};

use cellucid_wasm::{Error, Result, native::block_on};
use serde_json::json;

use crate::{args::Reading, output, source::Opened};

/// Bytes over a network that are worth a word before they are read.
const MUCH: u64 = 300_000_000;

pub fn run(source: &str, paths: &[String], out: Option<&Path>, stats: bool, reading: &Reading) -> Result<()> {
    let start = Instant::now();
    if out.is_none() && paths.len() > 1 {
        // Nothing in them says where one ends.
        let words = format!("{} files would run into one another on standard output", paths.len());
        return Err(Error::request(words)
            .hint("give --out FOLDER: each is written there, below its own path; or ask for one at a time"));
    }
    if out.is_none()
        && let Some(path) = paths.iter().find(|path| !path.ends_with(".json"))
    {
        output::not_to_a_terminal(path, "name a file with --out FILE, or redirect it: > FILE")?;
    }
    let opened = Opened::new(source, &reading.headers)?;
    let (dataset, files) = block_on(async {
        let dataset = opened.dataset(reading).await?;
        for path in paths {
            if !opened.is_remote() {
                break;
            }
            let cost = dataset.cost(path).await?;
            if cost.bytes > MUCH {
                let seconds = cost.seconds.map_or(String::new(), |s| format!(", in about {} s", s.ceil()));
                output::note(&format!(
                    "the matrix is stored by row: about {} MB of it have to be read{seconds}",
                    cost.bytes / 1_000_000
                ));
                break;
            }
        }
        let files = dataset.files(paths).await?;
        Ok::<_, Error>((dataset, files))
    })?;
    match (out, files.as_slice()) {
        (Some(out), [file]) => output::file(out, &file.body)?,
        (Some(out), files) => {
            for (path, file) in paths.iter().zip(files) {
                output::file(&output::below(out, path.trim_start_matches('/'))?, &file.body)?;
            }
        }
        (None, files) => output::standard(|to| files.iter().try_for_each(|file| to.write_all(&file.body)))?,
    }
    let seconds = start.elapsed().as_secs_f64();
    // The answer is out: what others may profit from later is done now.
    block_on(dataset.settle());
    // Who wants nothing kept knows.
    if !reading.no_cache {
        dataset.notices(true).iter().for_each(|notice| output::note(notice));
    }
    if stats {
        let (requests, bytes_read) = opened.moved();
        let line = json!({
            "requests": requests,
            "bytes_read": bytes_read,
            "bytes_out": files.iter().map(|file| file.body.len()).sum::<usize>(),
            "seconds": seconds,
        });
        output::note(&line.to_string());
    }
    Ok(())
}
