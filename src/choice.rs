//! Which AnnData of a file is meant: the one that was named, the file itself, or, where it holds several (MuData,
//! SpatialData), the one that people look at first, with a list of the others.

use std::rc::Rc;

use futures_util::future::join;

use crate::{
    anndata::{AnnData, has_modalities, inside},
    error::{Error, Result},
    export::{Export, Inside, Options, Place, WHOLE},
    tree::Tree,
    wait,
};

/// Objects that are opened to see what they hold; those beyond are named only.
const OPENED: usize = 24;
/// What people look at first in a file of several modalities, by its usual names.
const FIRST: [&str; 6] = ["rna", "gex", "gene expression", "rna-seq", "transcriptome", "table"];

/// The AnnData that is meant.
pub struct Chosen {
    /// Opened.
    pub data: AnnData,
    /// Which object of the file it is, and its neighbours.
    pub place: Place,
}

/// Finds the AnnData that `root` names. Where it is `""` and the file holds several: the first modality that can be
/// shown, transcripts before others, what lies above them last; without any, the first that can be opened.
///
/// # Errors
/// When nothing in the file is AnnData, or what is named is not; with a list of what is.
pub async fn choose(tree: Rc<dyn Tree>, root: &str, options: &Options) -> Result<Chosen> {
    let root = root.trim();
    if root.is_empty() {
        return unnamed(tree, options).await;
    }
    let named = root.trim_matches('/');
    match AnnData::open(Rc::clone(&tree), named).await {
        Ok(data) => {
            let (paths, whole) = join(inside(&*tree), has_modalities(&*tree)).await;
            let paths = listed(paths?, whole?);
            let inside: Vec<Inside> =
                opened(&tree, paths, options).await.into_iter().map(|(it, _)| it).collect();
            let root = if named.is_empty() && !inside.is_empty() { WHOLE } else { named };
            Ok(Chosen { data, place: Place { root: root.to_owned(), inside } })
        }
        Err(error) => {
            let there = inside(&*tree).await.unwrap_or_default();
            if there.is_empty() || there.iter().any(|path| path == named) {
                return Err(error);
            }
            Err(error.advising(format!("name one of {}", Place::quoted(&there))))
        }
    }
}

async fn unnamed(tree: Rc<dyn Tree>, options: &Options) -> Result<Chosen> {
    let (whole, several) = join(AnnData::open(Rc::clone(&tree), ""), has_modalities(&*tree)).await;
    let several = several?;
    let error = match whole {
        Ok(data) if !several => return Ok(Chosen { data, place: Place::default() }),
        Ok(_) => None,
        Err(error) => Some(error),
    };
    let paths = listed(inside(&*tree).await.unwrap_or_default(), several && error.is_none());
    let mut found = opened(&tree, paths, options).await;
    let best = (0..found.len())
        .filter(|&i| found.get(i).is_some_and(|(_, data)| data.is_some()))
        .min_by_key(|&i| found.get(i).map(|(it, _)| (it.reason.is_some(), it.root == WHOLE, rank(&it.root))));
    let taken =
        best.and_then(|i| found.get_mut(i)).and_then(|(it, data)| Some((it.root.clone(), data.take()?)));
    let inside = found.into_iter().map(|(it, _)| it).collect();
    match (taken, error) {
        (Some((root, data)), _) => Ok(Chosen { data, place: Place { root, inside } }),
        (None, Some(error)) => Err(error),
        (None, None) => Err(Error::malformed("holds no AnnData that can be opened").in_file(tree.name())),
    }
}

/// The paths in a file, and the whole where it counts as one of them.
fn listed(mut paths: Vec<String>, whole: bool) -> Vec<String> {
    if whole && !paths.is_empty() {
        paths.push(WHOLE.to_owned());
    }
    paths
}

/// Opens all of them at once.
async fn opened(
    tree: &Rc<dyn Tree>,
    paths: Vec<String>,
    options: &Options,
) -> Vec<(Inside, Option<AnnData>)> {
    let open = |(i, root): (usize, String)| async move {
        if i >= OPENED {
            return (Inside { root, shape: None, reason: None }, None);
        }
        match AnnData::open(Rc::clone(tree), root.trim_matches('/')).await {
            Ok(data) => {
                let shape = Some([data.n_obs(), data.n_vars()]);
                let reason = Export::cannot_show(&data, options).map(|error| error.message.clone());
                (Inside { root, shape, reason }, Some(data))
            }
            Err(error) => (Inside { root, shape: None, reason: Some(error.to_string()) }, None),
        }
    };
    wait::all(paths.into_iter().enumerate().map(open)).await
}

/// How early in a list of modalities people look at one.
fn rank(root: &str) -> usize {
    let name = root.rsplit('/').next().unwrap_or(root).to_ascii_lowercase();
    FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len())
}

impl Chosen {
    /// Options with the object's name behind the file's, unless the caller named the data set.
    #[must_use]
    pub fn named(&self, options: Options) -> Options {
        let last = self.place.root.trim_matches('/').rsplit('/').next().unwrap_or("");
        if last.is_empty() || options.dataset_name.is_some() {
            return options;
        }
        let name = format!("{} {last}", options.name());
        Options { dataset_name: Some(name), ..options }
    }

    /// The data, with genes from the matrix that the options name.
    ///
    /// # Errors
    /// `Missing` when there is no such matrix.
    pub async fn take(self, options: &Options) -> Result<(AnnData, Place)> {
        let data = match &options.layer {
            Some(layer) => self.data.with_matrix(layer).await?,
            None => self.data,
        };
        Ok((data, self.place))
    }
}
