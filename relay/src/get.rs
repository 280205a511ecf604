//! `get`: virtual files, one or several.

use std::{path::Path, time::Instant};

use cellucid_wasm::{Result, native::block_on};
use serde_json::json;

use crate::{args::Reading, output, source::Opened};

pub fn run(source: &str, paths: &[String], out: Option<&Path>, stats: bool, reading: &Reading) -> Result<()> {
    let start = Instant::now();
    let opened = Opened::new(source, &reading.headers)?;
    let (dataset, files) = block_on(async {
        let dataset = opened.dataset(reading).await?;
        let files = dataset.files(paths).await?;
        Ok::<_, cellucid_wasm::Error>((dataset, files))
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
