//! `get`: one virtual file.

use std::{path::Path, time::Instant};

use cellucid_wasm::{Result, native::block_on};
use serde_json::json;

use crate::{args::Reading, output, source::Opened};

pub fn run(source: &str, path: &str, out: Option<&Path>, stats: bool, reading: &Reading) -> Result<()> {
    let start = Instant::now();
    let opened = Opened::new(source, &reading.headers)?;
    let file = block_on(async { opened.dataset(reading).await?.file(path).await })?;
    match out {
        Some(out) => output::file(out, &file.body)?,
        None => output::standard(|to| to.write_all(&file.body))?,
    }
    if stats {
        let (requests, bytes_read) = opened.moved();
        let line = json!({
            "requests": requests,
            "bytes_read": bytes_read,
            "bytes_out": file.body.len(),
            "seconds": start.elapsed().as_secs_f64(),
        });
        output::note(&line.to_string());
    }
    Ok(())
}
