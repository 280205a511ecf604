//! What a caller opens, whatever it is: AnnData seen as an export folder, or an export folder that is there already.
//!
//! The browser's class and the command line are a few lines over this.

use std::rc::Rc;

use bytes::Bytes;
use serde_json::json;

use crate::{
    choice::choose,
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
    /// Opens a source: `root` names the object in it that is meant; `""` leaves the choice to [`choose`], `"/"` is the whole.
    /// Of several exported data sets in one folder it is the id.
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
        let chosen = choose(open(source, limits).await?, root, &options).await?;
        let options = chosen.named(options);
        let (data, place) = chosen.take(&options).await?;
        let export = Export::open(data, options).map_err(|error| place.none_shown(error))?;
        Ok(Self::Made(Box::new(export.placed(&place))))
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
            Self::There(folder) => {
                let mut description = folder.describe();
                if let Some(entries) = description.as_object_mut() {
                    let nothing = [
                        ("layer", json!(null)),
                        ("layers", json!([])),
                        ("root", json!("")),
                        ("inside", json!([])),
                    ];
                    entries.extend(nothing.map(|(name, value)| (name.to_owned(), value)));
                }
                Ok(description.to_string())
            }
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
