//! `export`: the whole folder, plain or packed; `datasets`: the list of the folders below one root.

mod datasets;
mod folder;
mod journal;
mod show;
mod spill;

use std::{path::Path, rc::Rc, sync::Arc};

use cellucid_wasm::{
    Error, Limits, Result,
    dataset::Dataset,
    export::{Bits, Packing},
    native::block_on,
    shelf::Shelf,
};
use serde_json::json;

pub use datasets::run as datasets;
use folder::Folder;
pub use show::{Show, size};
use spill::Spill;

use crate::{
    args::{Pack, Reading},
    interrupt, output,
    source::{Opened, cache, limits},
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

/// About as many bytes as files of a data set of so many cells take, uncompressed; what is small or rarely large is not counted.
fn estimate(paths: &[String], cells: u64) -> u64 {
    let width = |path: &String| {
        let name = path.strip_suffix(".gz").unwrap_or(path);
        match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "f32" => 4,
            "u16" => 2,
            "u8" => 1,
            // Points and vectors, which are called after their dimensions.
            "bin" => {
                4 * name
                    .rsplit_once("d.bin")
                    .map_or(0, |(name, _)| name.bytes().last().map_or(0, |d| u64::from(d & 7)))
            }
            _ => 0,
        }
    };
    paths.iter().map(|path| cells.saturating_mul(width(path))).fold(0, u64::saturating_add)
}

pub fn run(source: &str, out: &Path, pack: &Pack, reading: &Reading) -> Result<()> {
    let opened = Opened::new(source, &reading.headers)?;
    let packing = packing(pack);
    let show = Arc::new(Show::of(pack.quiet, "files"));
    let spill = Rc::new(Spill::new(cache(reading), out.to_owned(), &show));
    let within = Limits { index: memory(pack) / 2, ..limits() };
    let exported = block_on(async {
        let shelf = Rc::clone(&spill) as Rc<dyn Shelf>;
        let Dataset::Made(export, _) = opened.dataset_within(reading, within, Some(shelf)).await? else {
            return Err(Error::request("is an export folder already")
                .in_file(source)
                .hint("copy it as it is"));
        };
        let paths = export.packed_paths(&packing).await?;
        folder::check_names(&paths).map_err(|e| e.in_file(source))?;
        spill.leave(estimate(&paths, export.data().n_obs()));
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
        export.data().notices(false).iter().for_each(|notice| output::note(notice));
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
