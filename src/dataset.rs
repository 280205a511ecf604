//! What a caller opens, whatever it is: AnnData seen as an export folder, or an export folder that is there already.
//!
//! The browser's class and the command line are a few lines over this.

use std::rc::Rc;

use bytes::Bytes;
use serde_json::json;

use crate::{
    anndata::{Aides, Watch},
    choice::choose,
    error::{Error, Result},
    export::{Cost, Export, File, Options, Route},
    folder::Folder,
    limits::Limits,
    open::{self, Source, is_zip},
    shelf::Shelf,
    source::{ByteSource, KeyedSource, remembered::Remembered, zip::ZipStore},
    tree::Tree,
    wait,
};

/// Whether a decoded path may be one of a data set's files: decided without looking, so that other files need not wait for one.
pub fn may_be_file(path: &str) -> bool {
    let path = path.strip_suffix(".gz").unwrap_or(path);
    let folder = |name: &str| path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
    let points = || path.strip_prefix("points_").is_some_and(|rest| rest.ends_with("d.bin"));
    ["obs", "var", "connectivity", "vectors"].into_iter().any(folder)
        || points()
        || Route::parse(path).is_some()
}

/// An open data set.
///
/// ```
/// # use cellucid_wasm::{Limits, dataset::Dataset, export::Options, native::{Folder, block_on}, open::Source};
/// # use std::{path::Path, rc::Rc};
/// let store = Source::Folder(Rc::new(Folder::open(Path::new("www/sample/sample.zarr"))?));
/// let dataset = block_on(Dataset::open(store, "", Options::default(), Limits::default()))?;
/// let genes = block_on(dataset.files(&["var/CD3E.values.f32", "var/MS4A1.values.f32"]))?;
/// assert!(genes.iter().all(|gene| gene.body.len() == 5000 * 4));
/// assert!(block_on(dataset.paths())?.contains(&"obs_manifest.json".to_owned()));
/// # Ok::<(), cellucid_wasm::Error>(())
/// ```
pub enum Dataset {
    /// Files made when they are asked for, and what is remembered of the source for later visits.
    Made(Box<Export>, Option<Rc<Remembered>>),
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
        Self::open_kept(source, root, options, limits, None).await
    }

    /// As [`open`](Self::open); what costs much to find out is kept on a shelf for later visits, and taken from there.
    ///
    /// # Errors
    /// As [`open`](Self::open); the shelf gives none.
    pub async fn open_kept(
        source: Source,
        root: &str,
        options: Options,
        limits: Limits,
        shelf: Option<Rc<dyn Shelf>>,
    ) -> Result<Self> {
        let archive = wait::apart(archived(&source, limits)).await;
        let store = match (&source, &archive) {
            (Source::Folder(store), _) => Some(Rc::clone(store)),
            (_, archive) => archive.clone().map(|archive| archive as Rc<dyn KeyedSource>),
        };
        if let Some(store) = &store
            && wait::apart(Folder::is_one(&**store)).await?
        {
            let store = Rc::clone(store);
            let id = Some(root).filter(|root| !root.is_empty());
            return Ok(Self::There(wait::apart(Folder::open(store, id, &limits)).await?));
        }
        let mut remembered = None;
        let tree = match (archive, source) {
            // Its directory is not read twice.
            (Some(archive), _) => wait::apart(open::archived(archive, limits)).await?,
            (None, Source::File(file)) => {
                remembered = match &shelf {
                    Some(shelf) if file.is_far() => wait::apart(Remembered::find(&file, shelf)).await,
                    _ => None,
                };
                let file = remembered.clone().map_or(file, |remembered| remembered as Rc<dyn ByteSource>);
                wait::apart(open::open(Source::File(file), limits)).await?
            }
            (None, folder) => match (wait::apart(open::open(folder, limits)).await, store) {
                (Err(error), Some(store)) => return Err(wait::apart(Folder::half(&*store, error)).await),
                (tree, _) => tree?,
            },
        };
        let chosen = wait::apart(choose(tree, root, &options)).await?;
        let options = chosen.named(options);
        let (data, place) = wait::apart(chosen.take(&options)).await?;
        if let Some(shelf) = &shelf {
            data.keep_on(shelf);
        }
        let export = Export::open(data, options).map_err(|error| place.none_shown(error))?;
        Ok(Self::Made(Box::new(export.placed(&place)), remembered))
    }

    /// What a gene that was not asked for before will cost, so that somebody can be asked first. Files that cost little whatever
    /// happens, and those of an export folder, cost nothing here.
    ///
    /// # Errors
    /// Whatever finding the matrix' chunks says.
    pub async fn cost(&self, path: &str) -> Result<Cost> {
        match (self, Route::parse(path.trim_start_matches('/'))) {
            (Self::Made(export, _), Some(Route::VarValues(_))) => export.gene_cost().await,
            _ => Ok(Cost::default()),
        }
    }

    /// Reads ahead what a viewer will ask for next; dropping this ends it.
    pub async fn ahead(&self) {
        if let Self::Made(export, _) = self {
            export.ahead().await;
        }
    }

    /// Has others take part where a matrix stored by row has to be gone through.
    pub fn help_with(&self, aides: Option<Rc<dyn Aides>>) {
        if let Self::Made(export, _) = self {
            export.data().help_with(aides);
        }
    }

    /// Does the next piece of what could wait until an answer was out, in about a hundredth of a second; `false` when there is none.
    pub fn tidy(&self) -> bool {
        if let Self::Made(export, _) = self { export.data().tidy() } else { false }
    }

    /// Finishes what could wait until an answer was out, such as keeping things on the shelf; costs nothing when there is nothing
    /// to do.
    pub async fn settle(&self) {
        if let Self::Made(export, remembered) = self {
            export.data().settle().await;
            if let Some(remembered) = remembered {
                remembered.save().await;
            }
        }
    }

    /// What goes on more slowly than it might, in words, with what to do about it; with `later`, also what only later visits will feel.
    pub fn notices(&self, later: bool) -> Vec<String> {
        if let Self::Made(export, _) = self { export.data().notices(later) } else { Vec::new() }
    }

    /// The data set's id.
    pub fn id(&self) -> String {
        match self {
            Self::Made(export, _) => export.id(),
            Self::There(folder) => folder.id().to_owned(),
        }
    }

    /// Folders of all data sets below the root, each ending in `/`; none where there is only one.
    pub fn folders(&self) -> Vec<String> {
        match self {
            Self::Made(..) => Vec::new(),
            Self::There(folder) => folder.folders(),
        }
    }

    /// The data set's name, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Made(export, _) => export.name(),
            Self::There(folder) => folder.title().to_owned(),
        }
    }

    /// What is in it, as JSON.
    ///
    /// # Errors
    /// Whatever looking at headers says.
    pub async fn describe(&self) -> Result<String> {
        match self {
            Self::Made(export, _) => Ok(export.describe().await?.text()),
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
            Self::Made(export, _) => export.paths().await,
            Self::There(folder) => Ok(folder.paths().to_vec()),
        }
    }

    /// A file by its decoded path.
    ///
    /// # Errors
    /// `Missing` when there is no such file; otherwise what reading says.
    pub async fn file(&self, path: &str) -> Result<File> {
        self.file_watched(path, None).await
    }

    /// Several files, made together: genes with one plan for all of them.
    ///
    /// # Errors
    /// As [`file`](Self::file), of the first that cannot be made.
    pub async fn files(&self, paths: &[impl AsRef<str>]) -> Result<Vec<File>> {
        match self {
            Self::Made(export, _) => {
                let route = |path: &str| Route::parse(path).ok_or_else(|| missing(path));
                let paths = paths.iter().map(|path| path.as_ref().trim_start_matches('/'));
                export.files(&paths.map(route).collect::<Result<Vec<_>>>()?).await
            }
            Self::There(_) => wait::try_all(paths.iter().map(|path| self.file(path.as_ref()))).await,
        }
    }

    /// As [`file`](Self::file); `watch` is told which rows of a gene are final while the matrix is gone through.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub async fn file_watched(&self, path: &str, watch: Option<Rc<dyn Watch>>) -> Result<File> {
        let path = path.trim_start_matches('/');
        match self {
            Self::Made(export, _) => {
                export.file_watched(&Route::parse(path).ok_or_else(|| missing(path))?, watch).await
            }
            Self::There(folder) => {
                if let Some(document) = folder.service(path) {
                    return Ok(File { media: "application/json", body: document.to_string().into() });
                }
                if let Some(Route::ObsField(name)) = Route::parse(path) {
                    let row = folder.field(&name).await?.ok_or_else(|| missing(path))?;
                    return Ok(File { media: "application/json", body: row.to_string().into() });
                }
                let body: Bytes = folder.file(path).await?.ok_or_else(|| missing(path))?;
                let json = path.ends_with(".json");
                Ok(File { media: if json { "application/json" } else { "application/octet-stream" }, body })
            }
        }
    }
}

fn missing(path: &str) -> Error {
    Error::missing(format!("there is no virtual file \"{path}\"")).hint(
        "names are those of an export folder, such as dataset_identity.json, points_2d.bin or obs/leiden.codes.u8",
    )
}

/// The tree of a source that is no export folder.
///
/// # Errors
/// As [`open::open`].
pub async fn tree(source: Source, limits: Limits) -> Result<Rc<dyn Tree>> {
    match wait::apart(archived(&source, limits)).await {
        Some(archive) => open::archived(archive, limits).await,
        None => open::open(source, limits).await,
    }
}

/// A zip archive; `None` when the source is something else.
async fn archived(source: &Source, limits: Limits) -> Option<Rc<ZipStore>> {
    match source {
        // What is wrong with it is said when it is opened as whatever it is.
        Source::File(file) if is_zip(&**file).await => {
            ZipStore::open(Rc::clone(file), limits).await.ok().map(Rc::new)
        }
        _ => None,
    }
}
