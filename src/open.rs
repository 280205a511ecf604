//! From bytes or keys to a tree: which format it is, and where in a folder or archive the store begins.

use std::rc::Rc;

use crate::{
    error::{Error, Kind, Result},
    hdf5::Hdf5,
    limits::Limits,
    source::{ByteSource, KeyedSource, Part, below::Below, zip::ZipStore},
    tree::Tree,
    zarr::Zarr,
};

/// Folders around a store that are looked through, and most folders in one of them.
const AROUND: usize = 4;
const SIBLINGS: usize = 64;

/// Something to open.
#[derive(Clone)]
pub enum Source {
    /// One file: HDF5, or a zip archive with a Zarr store in it.
    File(Rc<dyn ByteSource>),
    /// Many files by key: a Zarr store.
    Folder(Rc<dyn KeyedSource>),
}

impl Source {
    /// File name, folder name or URL, for messages.
    pub fn name(&self) -> &str {
        match self {
            Self::File(file) => file.name(),
            Self::Folder(folder) => folder.name(),
        }
    }
}

/// Opens whatever it is.
///
/// ```
/// use cellucid_wasm::{Limits, native::{File, block_on}, open::{Source, open}};
/// use std::{path::Path, rc::Rc};
///
/// let file = File::open(Path::new("www/sample/sample.h5ad"))?;
/// let tree = block_on(open(Source::File(Rc::new(file)), Limits::default()))?;
/// assert!(block_on(tree.open("obsm/X_umap"))?.is_some());
/// # Ok::<(), cellucid_wasm::Error>(())
/// ```
///
/// # Errors
/// What it is instead of a format that is read, and what can be done.
pub async fn open(source: Source, limits: Limits) -> Result<Rc<dyn Tree>> {
    let name = source.name().to_owned();
    let opened = async {
        let tree: Rc<dyn Tree> = match source {
            Source::File(file) => match Hdf5::open(Rc::clone(&file), limits).await {
                Ok(hdf5) => Rc::new(hdf5),
                // HDF5 first: it is what nearly all files are.
                Err(error) if error.kind == Kind::Malformed && is_zip(file.as_ref()).await => {
                    Rc::new(zipped(Rc::new(ZipStore::open(file, limits).await?), limits).await?)
                }
                Err(error) => return Err(error),
            },
            Source::Folder(folder) => match Zarr::open(Rc::clone(&folder), limits).await {
                Ok(zarr) => Rc::new(zarr),
                Err(error) if error.kind == Kind::Missing => match store_below(&*folder).await {
                    Some(prefix) => Rc::new(Zarr::open(Rc::new(Below::new(folder, prefix)), limits).await?),
                    None => return Err(error),
                },
                Err(error) => return Err(error),
            },
        };
        Ok(tree)
    };
    opened.await.map_err(|e: Error| e.in_file(name))
}

/// The one store in a folder that is none itself, as a prefix; `None` where there is no store, or several.
async fn store_below(folder: &dyn KeyedSource) -> Option<String> {
    let mut prefix = String::new();
    for _ in 0..AROUND {
        let listed = folder.list(&prefix).await.ok().flatten()?;
        // What archivers of one system leave for others to wonder at.
        let below: Vec<&String> =
            listed.iter().filter(|name| name.ends_with('/') && !name.starts_with("__MACOSX")).collect();
        if below.len() > SIBLINGS {
            return None;
        }
        let documents = ["zarr.json", ".zgroup", ".zarray"];
        let wanted: Vec<(String, Part)> = below
            .iter()
            .flat_map(|name| documents.map(|document| (format!("{prefix}{name}{document}"), Part::All)))
            .collect();
        let found = folder.get_many(&wanted).await.ok()?;
        let stores: Vec<&String> = below
            .iter()
            .zip(found.chunks(documents.len()))
            .filter(|(_, found)| found.iter().any(Option::is_some))
            .map(|(name, _)| *name)
            .collect();
        match (stores.as_slice(), below.as_slice()) {
            ([one], _) => return Some(format!("{prefix}{one}")),
            ([], [only]) => prefix.push_str(only),
            _ => return None,
        }
    }
    None
}

/// Whether a file begins as zip archives do: with a member, or with the end of an empty one.
pub(crate) async fn is_zip(file: &dyn ByteSource) -> bool {
    let start = if file.len() < 4 { None } else { file.read(0..4).await.ok() };
    start.is_some_and(|start| start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06"))
}

/// Opens the store in an archive that has been opened already.
///
/// # Errors
/// As [`open`].
pub(crate) async fn archived(store: Rc<ZipStore>, limits: Limits) -> Result<Rc<dyn Tree>> {
    let name = store.name().to_owned();
    let zarr = zipped(store, limits).await.map_err(|e| e.in_file(name))?;
    Ok(Rc::new(zarr))
}

async fn zipped(store: Rc<ZipStore>, limits: Limits) -> Result<Zarr> {
    Zarr::open(store, limits).await.map_err(|e| match &e.hint {
        Some(hint) if e.kind == Kind::Missing => {
            let hint = format!("in this zip archive: {hint}; or unpack it first");
            e.advising(hint)
        }
        _ => e,
    })
}
