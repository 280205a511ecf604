//! AnnData seen through a tree: what is present, and handles to read it by; nothing is read before it is asked for.
//!
//! Knows the encodings of the AnnData specification ("on-disk format"), not the file formats or sources below.

mod aides;
mod column;
mod cost;
mod frame;
mod graph;
mod identity;
mod index;
mod inside;
mod layout;
mod matrices;
mod matrix;
mod picked;
mod short;
mod sparse;
mod survey;
mod sweep;

use std::{cell::RefCell, rc::Rc};

use futures_util::future::{join, join4};
use serde_json::Value;

use crate::{
    array::{Attrs, Text, Values},
    error::{Error, Pending, Result},
    shelf::Shelf,
    tree::{Node, Tree, read_all},
    wait::{self, apart},
};
pub use aides::{Aide, Aides, Portion};
pub use column::{Column, Kind, float_text, labels};
pub use frame::Frame;
pub use graph::Graph;
pub use identity::Sight;
pub use index::{Bits, Form, Numbers};
pub use inside::{has_modalities, inside};
pub use layout::Entry;
pub use matrix::{Lost, Matrix};
pub use sparse::{Compressed, Sparse};
pub use sweep::Watch;

/// Something that could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Path in the file.
    pub object: String,
    /// What is wrong with it.
    pub reason: String,
}

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

/// An AnnData object in a file or store.
pub struct AnnData {
    tree: Rc<dyn Tree>,
    root: String,
    /// Annotation of cells.
    pub obs: Rc<Frame>,
    /// Annotation of genes; some files have none.
    pub var: Option<Rc<Frame>>,
    /// The matrix; some files have none.
    pub x: Option<Matrix>,
    /// Multi-dimensional annotation of cells, in the file's order.
    pub obsm: Vec<Entry>,
    skipped: RefCell<Vec<Skipped>>,
}

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

    /// The tree it lives in.
    pub fn tree(&self) -> &Rc<dyn Tree> {
        &self.tree
    }

    /// Number of cells.
    pub fn n_obs(&self) -> u64 {
        self.obs.len()
    }

    /// Number of genes.
    pub fn n_vars(&self) -> u64 {
        self.var.as_ref().map_or(0, |var| var.len())
    }

    /// Path of a member.
    pub fn path(&self, name: &str) -> String {
        below(&self.root, name)
    }

    /// Keeps on a shelf what columns of X cost much to find out.
    pub fn keep_on(&self, shelf: &Rc<dyn Shelf>) {
        if let Some(x) = &self.x {
            x.keep_on(shelf);
        }
    }

    /// Has others take part in passes over X.
    pub fn help_with(&self, aides: Option<Rc<dyn Aides>>) {
        if let Some(x) = &self.x {
            x.help_with(aides);
        }
    }

    /// Reads what any gene will need first, so that the one asked for comes sooner.
    pub async fn warm(&self) {
        if let Some(x) = &self.x {
            x.warm(&*self.tree).await;
        }
    }

    /// Reads what the next gene will need while nothing else is asked for.
    pub async fn ahead(&self) {
        if let Some(x) = &self.x {
            x.ahead(&*self.tree).await;
        }
    }

    /// Does the next piece of what can wait until answers are out; `false` when there is none.
    pub fn tidy(&self) -> bool {
        self.x.as_ref().is_some_and(Matrix::tidy)
    }

    /// Finishes what can wait until answers are out: puts things on the shelf. Costs nothing when there is nothing to do.
    pub async fn settle(&self) {
        if let Some(x) = &self.x {
            x.settle().await;
        }
    }

    /// What could not be used so far.
    pub fn skipped(&self) -> Vec<Skipped> {
        self.skipped.borrow().clone()
    }

    /// What goes on more slowly than it might, in words, with what to do about it; with `later`, also what only later visits will feel.
    pub fn notices(&self, later: bool) -> Vec<String> {
        let words = |lost| {
            let (reason, cost) = match lost {
                Lost::Now(reason) => (reason, "each further gene goes through all of X again"),
                Lost::Later(reason) => (reason, "the next visit goes through all of X once more"),
            };
            format!(
                "X is stored by row, and the index of its genes has to be let go ({reason}): {cost}; \
                 free disk space, or store X by column (adata.X = adata.X.tocsc())"
            )
        };
        let lost = self.x.as_ref().and_then(Matrix::lost);
        lost.filter(|lost| later || matches!(lost, Lost::Now(_))).map(words).into_iter().collect()
    }

    /// Notes something that cannot be used.
    pub fn skip(&self, object: impl Into<String>, reason: impl Into<String>) {
        let entry = Skipped { object: object.into(), reason: reason.into() };
        let mut skipped = self.skipped.borrow_mut();
        if !skipped.contains(&entry) {
            skipped.push(entry);
        }
    }

    /// Names of the genes.
    ///
    /// # Errors
    /// Whatever reading the index says.
    pub async fn var_names(&self) -> Result<Rc<Text>> {
        match &self.var {
            Some(var) => var.names().await,
            None => Ok(Rc::new(Text::new())),
        }
    }

    /// An entry of obsm by its key.
    pub fn embedding(&self, key: &str) -> Option<&Entry> {
        self.obsm.iter().find(|entry| entry.key == key)
    }

    /// The colours of a column's categories as plotting tools keep them: one text each, in the order of the categories.
    ///
    /// # Errors
    /// Whatever opening or reading the list says; a list of numbers counts as none.
    pub async fn colours(&self, column: &str) -> Result<Option<Vec<String>>> {
        let Some(Node::Array(array)) = self.tree.open(&self.path(&format!("uns/{column}_colors"))).await?
        else {
            return Ok(None);
        };
        match read_all(&*self.tree, &array).await? {
            Values::Text(text) => Ok(Some(text.iter().map(str::to_owned).collect())),
            _ => Ok(None),
        }
    }

    /// The neighbour graph, if there is one. What older files keep below `uns/neighbors` replaces `obsp`, as anndata
    /// does when it reads them.
    ///
    /// # Errors
    /// Whatever opening its group says.
    pub async fn connectivities(&self) -> Result<Option<Matrix>> {
        let (old, new) = (self.path("uns/neighbors/connectivities"), self.path("obsp/connectivities"));
        let (old, new) = join(self.tree.open(&old), self.tree.open(&new)).await;
        // An unreadable `uns` is no reason to lose a graph in `obsp`.
        if let Ok(Some(node)) = old {
            let two_axes = match &node {
                Node::Array(array) => array.shape.len() == 2,
                Node::Group(group) => matrix::sparse_kind(&group.attrs).is_some(),
            };
            if two_axes {
                return Matrix::open(&*self.tree, node).await;
            }
        }
        match new? {
            Some(node) => Matrix::open(&*self.tree, node).await,
            None => Ok(None),
        }
    }
}

/// Groups of which all members are looked at when a file is opened, or described afterwards.
const LOOKED_INTO: [&str; 5] = ["obs", "obsm", "X", "obsp/connectivities", "uns/neighbors/connectivities"];
/// What is looked at besides.
const LOOKED_AT: [&str; 2] = ["layers", "raw/X"];

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

/// A path below another.
fn below(root: &str, name: &str) -> String {
    if root.is_empty() { name.to_owned() } else { format!("{root}/{name}") }
}

/// A text attribute.
fn text_attr<'a>(attrs: &'a Attrs, name: &str) -> Option<&'a str> {
    attrs.get(name).and_then(Value::as_str)
}

/// What an element is said to be; elements of old files say nothing.
fn encoding(attrs: &Attrs) -> &str {
    text_attr(attrs, "encoding-type").unwrap_or("")
}

/// Encodings of arrays (AnnData's specification, "on-disk format"); files before 0.8 name none.
const ARRAYS: [&str; 8] =
    ["", "array", "string-array", "numeric-scalar", "string", "rec-array", "bytes", "null"];

/// Checks that an array means what it holds: one of an unknown encoding may mean anything.
fn plain(attrs: &Attrs) -> Result<()> {
    match encoding(attrs) {
        kind if ARRAYS.contains(&kind) => Ok(()),
        kind => Err(Error::unsupported(format!("encoding \"{kind}\" is not read"))),
    }
}
