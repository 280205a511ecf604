//! What a caller opens, whatever it is: AnnData seen as an export folder, or an export folder that is there already.
//!
//! The browser's class and the command line are a few lines over this.

use std::rc::Rc;

use bytes::Bytes;

use crate::{
    anndata::AnnData,
    error::{Error, Result},
    export::{Export, File, Options, Route},
    folder::Folder,
    limits::Limits,
    open::{Source, open},
};

/// An open data set.
pub enum Dataset {
    /// Files made when they are asked for.
    Made(Box<Export>),
    /// Files that are there.
    There(Folder),
}

impl Dataset {
    /// Opens a source: `root` names the object in it that is meant (`""` for the whole); of several exported data sets in one
    /// folder it is the id.
    ///
    /// # Errors
    /// When it is of no format that is read, holds no AnnData, or nothing that can be shown.
    pub async fn open(source: Source, root: &str, options: Options, limits: Limits) -> Result<Self> {
        if let Source::Folder(store) = &source
            && Folder::is_one(&**store).await?
        {
            let id = Some(root).filter(|root| !root.is_empty());
            return Ok(Self::There(Folder::open(Rc::clone(store), id, &limits).await?));
        }
        let data = AnnData::open(open(source, limits).await?, root).await?;
        Ok(Self::Made(Box::new(Export::open(data, options)?)))
    }

    /// The data set's id.
    pub fn id(&self) -> String {
        match self {
            Self::Made(export) => export.id(),
            Self::There(folder) => folder.id().to_owned(),
        }
    }

    /// What is in it, as JSON.
    ///
    /// # Errors
    /// Whatever looking at headers says.
    pub async fn describe(&self) -> Result<String> {
        match self {
            Self::Made(export) => Ok(export.describe().await?.text()),
            Self::There(folder) => Ok(folder.describe().to_string()),
        }
    }

    /// Every file there is.
    ///
    /// # Errors
    /// Whatever reading names and columns says.
    pub async fn paths(&self) -> Result<Vec<String>> {
        match self {
            Self::Made(export) => export.paths().await,
            Self::There(folder) => Ok(folder.paths().to_vec()),
        }
    }

    /// A file by its decoded path.
    ///
    /// # Errors
    /// `Missing` when there is no such file; otherwise what reading says.
    pub async fn file(&self, path: &str) -> Result<File> {
        let path = path.trim_start_matches('/');
        let missing = || {
            Error::missing(format!("there is no virtual file \"{path}\"")).hint(
                "names are those of an export folder, such as dataset_identity.json, points_2d.bin or obs/leiden.codes.u8",
            )
        };
        match self {
            Self::Made(export) => export.file(&Route::parse(path).ok_or_else(missing)?).await,
            Self::There(folder) => {
                let body: Bytes = folder.file(path).await?.ok_or_else(missing)?;
                let json = path.ends_with(".json");
                Ok(File { media: if json { "application/json" } else { "application/octet-stream" }, body })
            }
        }
    }
}
