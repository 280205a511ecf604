//! Opening: what is present, found out all at once, and what is asked for ahead.

use std::{cell::RefCell, rc::Rc};

use futures_util::future::{join, join4};

use super::{AnnData, Frame, Matrix, Skipped, below, layout};
use crate::{
    error::{Error, Pending, Result},
    tree::{Node, Tree},
    wait::{self, apart},
};

/// Embeddings to look for where a host cannot list a group.
const KNOWN_OBSM: [&str; 22] = [
    "X_umap",
    "X_umap_1d",
    "X_umap_2d",
    "X_umap_3d",
    "scanvi",
    "scvi",
    "X_scvi",
    "X_scVI",
    "X_scanvi",
    "X_pca",
    "harmony",
    "X_harmony",
    "X_pca_harmony",
    "X_tsne",
    "X_diffmap",
    "X_draw_graph_fa",
    "X_spatial",
    "spatial",
    "velocity_umap",
    "velocity_umap_2d",
    "velocity_umap_3d",
    "T_fwd_umap",
];

/// Those of them that are drawn where they have few enough columns.
const DRAWN_OBSM: [&str; 4] = ["X_umap", "X_umap_1d", "X_umap_2d", "X_umap_3d"];

/// Groups of which all members are looked at when a file is opened, or described afterwards.
const LOOKED_INTO: [&str; 5] = ["obs", "obsm", "X", "obsp/connectivities", "uns/neighbors/connectivities"];
/// What is looked at besides.
const LOOKED_AT: [&str; 2] = ["layers", "raw/X"];

impl AnnData {
    /// Opens the AnnData at `root` (`""` for the whole file): reads headers only, all at once.
    ///
    /// # Errors
    /// `Malformed` when there is no `obs`, naming what is there instead.
    pub async fn open(tree: Rc<dyn Tree>, root: &str) -> Result<Self> {
        let (name, root) = (tree.name().to_owned(), root.trim_matches('/'));
        let (opened, ()) =
            join(apart(Self::open_parts(Rc::clone(&tree), root)), apart(ahead(&*tree, root))).await;
        opened.map_err(|e| e.in_file(name))
    }

    async fn open_parts(tree: Rc<dyn Tree>, root: &str) -> Result<Self> {
        let root = root.to_owned();
        let path = |name: &str| below(&root, name);
        let paths = [path("obs"), path("var"), path("X"), path("obsm")];
        let mut nodes =
            wait::all(paths.iter().map(|p| async { (p.clone(), tree.open(p).await) })).await.into_iter();
        let mut skipped = Vec::new();
        let mut take = || nodes.next().unwrap_or_else(|| (String::new(), Ok(None)));
        let (obs, var, x, obsm) = (take().1?, take(), take(), take());
        let Some(obs) = obs else { return Err(apart(Self::foreign(&*tree, &root)).await) };
        let mut optional = |(path, node): (String, Result<Option<Node>>)| match node {
            Err(error) if !error.passing() => {
                skipped.push(Skipped { object: path, reason: error.to_string() });
                Ok(None)
            }
            node => node,
        };
        let (var, x, obsm) = (optional(var)?, optional(x)?, optional(obsm)?);
        // All at once, the columns' headers too: which of them a plot wants is asked next.
        let open_obs = async {
            let obs = apart(Frame::open(&tree, &root, obs)).await?;
            apart(obs.stored()).await.map(|_| Rc::new(obs))
        };
        let open_var = async {
            match var {
                Some(node) => Frame::open(&tree, &root, node).await.map(|var| Some(Rc::new(var))),
                None => Ok(None),
            }
        };
        let open_x = async {
            match x {
                Some(node) => Matrix::open(&*tree, node).await,
                None => Ok(None),
            }
        };
        let open_obsm = async {
            match obsm {
                Some(node) => {
                    let opened = apart(layout::entries(&tree, &root, node, &KNOWN_OBSM)).await;
                    // While the columns are still looked at: what a plot wants first.
                    if let Ok((entries, _)) = &opened {
                        apart(layout::find(&*tree, entries, &DRAWN_OBSM)).await;
                    }
                    opened
                }
                None => Ok((Vec::new(), Vec::new())),
            }
        };
        let (obs, var, x, obsm) =
            join4(apart(open_obs), apart(open_var), apart(open_x), apart(open_obsm)).await;
        let (obs, var, (mut obsm, unusable)) = (obs?, var?, obsm?);
        let x = match x {
            Err(error) if !error.passing() => {
                skipped.push(Skipped { object: path("X"), reason: error.to_string() });
                None
            }
            x => x?,
        };
        skipped.extend(unusable);
        layout::check(&mut obsm, obs.len(), &mut skipped);
        Ok(Self { tree, root, obs, var, x, obsm, skipped: RefCell::new(skipped) })
    }

    /// What to say about a file without `obs`.
    async fn foreign(tree: &dyn Tree, root: &str) -> Error {
        let names = match tree.open(root).await {
            Ok(Some(Node::Group(group))) => tree.names(&group).await.ok().flatten().unwrap_or_default(),
            Ok(None) if !root.is_empty() => {
                let error = Error::missing("there is no such object in it").at(root);
                return error.hint("`inspect` lists what the file holds");
            }
            _ => Vec::new(),
        };
        let held = match names.as_slice() {
            [] => "nothing".to_owned(),
            names => names.iter().take(12).map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", "),
        };
        let error = Error::malformed(format!("holds no AnnData: there is no \"obs\" in it, only {held}"));
        let error = if root.is_empty() { error } else { error.at(root) };
        if names.iter().any(|n| n == "mod") {
            return error.hint("this looks like MuData: name one modality, such as \"#mod/rna\"");
        }
        error.hint("write the data with AnnData.write_h5ad or AnnData.write_zarr")
    }
}

/// Asks for what opening and describing will look at in its turn, all at once; only where looking for what is not there costs nothing.
async fn ahead(tree: &dyn Tree, root: &str) {
    if tree.format() != "hdf5" || !tree.is_far() {
        return;
    }
    let drawn = DRAWN_OBSM.map(|key| below("obsm", key));
    let into = LOOKED_INTO.into_iter().chain(drawn.iter().map(String::as_str));
    let into: Vec<String> = into.map(|name| below(root, name)).collect();
    let at = LOOKED_AT.map(|name| below(root, name));
    let mut all: Vec<Pending<'_, ()>> = into.iter().map(|path| tree.ahead(path)).collect();
    for path in &at {
        all.push(Box::pin(async move {
            tree.open(path).await.ok();
            Ok(())
        }));
    }
    wait::together(all).await;
}
