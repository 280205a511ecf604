//! From bytes or keys to a tree: which format it is, and where in a folder or archive the store begins.

use std::rc::Rc;

use crate::{
    error::{Error, Result},
    hdf5::Hdf5,
    limits::Limits,
    source::{ByteSource, KeyedSource},
    tree::Tree,
    zarr::Zarr,
};

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
/// # Errors
/// What it is instead of a format that is read, and what can be done.
pub async fn open(source: Source, limits: Limits) -> Result<Rc<dyn Tree>> {
    let name = source.name().to_owned();
    let opened = async {
        let tree: Rc<dyn Tree> = match source {
            Source::File(file) => Rc::new(Hdf5::open(file, limits).await?),
            Source::Folder(folder) => Rc::new(Zarr::open(folder, limits).await?),
        };
        Ok(tree)
    };
    opened.await.map_err(|e: Error| e.in_file(name))
}
