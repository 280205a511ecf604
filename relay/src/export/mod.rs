//! `export`: the whole folder, plain or packed; `datasets`: the list of the folders below one root.

mod datasets;
mod folder;
mod journal;
mod show;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use cellucid_wasm::{
    Error, Limits, Result,
    dataset::Dataset,
    export::{Bits, Packing},
    native::block_on,
};
use serde_json::json;

pub use datasets::run as datasets;
use folder::Folder;
pub use show::{Show, size};

use crate::{
    args::{Pack, Reading},
    interrupt, output,
    source::{Opened, limits},
};

/// Options of the command line as the library takes them.
pub fn packing(pack: &Pack) -> Packing {
    let bits = |text: &String| if text == "8" { Bits::Eight } else { Bits::Sixteen };
    Packing {
        compression: pack.compression,
        var: pack.quantize_var.as_ref().map(bits),
        obs: pack.quantize_obs.as_ref().map(bits),
        genes: pack.genes.clone(),
        memory: Some(memory(pack) / 2),
    }
}

/// Half of it is for the values of genes, half for the gene index of a matrix stored by row.
fn memory(pack: &Pack) -> u64 {
    pack.memory.saturating_mul(1 << 20)
}

/// A folder for what does not fit into memory; it goes when the export ends, however it ends.
struct Spill(PathBuf);

impl Drop for Spill {
    fn drop(&mut self) {
        // Most often there is none.
        fs::remove_dir_all(&self.0).ok();
    }
}

pub fn run(source: &str, out: &Path, pack: &Pack, reading: &Reading) -> Result<()> {
    let opened = Opened::new(source, &reading.headers)?;
    let packing = packing(pack);
    let show = Arc::new(Show::of(pack.quiet, "files"));
    let spill = Spill(out.join(folder::SPILL));
    let within = Limits { index: memory(pack) / 2, ..limits() };
    let exported = block_on(async {
        let Dataset::Made(export, _) = opened.dataset_within(reading, within, Some(&spill.0)).await? else {
            return Err(Error::request("is an export folder already")
                .in_file(source)
                .hint("copy it as it is"));
        };
        folder::check_names(&export.packed_paths(&packing).await?).map_err(|e| e.in_file(source))?;
        // The time is no difference between two exports; neither is the memory they may take.
        let mut options = export.options().clone();
        options.created_at.clear();
        let plan = Packing { memory: None, ..packing.clone() };
        let what = json!([opened.identity(), format!("{options:?}"), format!("{plan:?}")]).to_string();
        interrupt::told(&show, "the same command goes on where this one stopped");
        let journal = folder::prepare(out, &what, pack.force)?;
        if journal.len() > 0 && !pack.quiet {
            output::note(&format!(
                "going on with an interrupted export: {} files are there already",
                journal.len()
            ));
        }
        let folder = Folder::start(out, journal, usize::from(pack.jobs), Arc::clone(&show))?;
        export.pack(&packing, &folder).await?;
        folder.finish()?;
        Ok(export)
    });
    show.clear();
    let export = exported?;
    for skipped in export.data().skipped() {
        output::note(&format!("left out: {}: {}", skipped.object, skipped.reason));
    }
    if !pack.quiet {
        export.data().notices().iter().for_each(|notice| output::note(notice));
    }
    let (files, bytes, seconds) = show.sum();
    if pack.stats {
        let (requests, bytes_read) = opened.moved();
        let line = json!({
            "files": files,
            "requests": requests,
            "bytes_read": bytes_read,
            "bytes_out": bytes,
            "seconds": seconds,
        });
        output::note(&line.to_string());
    } else if !pack.quiet {
        output::note(&format!("{}: {files} files, {} written in {seconds:.1} s", out.display(), size(bytes)));
    }
    Ok(())
}
