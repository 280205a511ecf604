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
mod opening;
mod picked;
mod short;
mod sparse;
mod survey;
mod sweep;

use std::{cell::RefCell, rc::Rc};

use futures_util::future::join;
use serde_json::Value;

use crate::{
    array::{Attrs, Text, Values},
    error::{Error, Result},
    shelf::Shelf,
    tree::{Node, Tree, read_all},
};
pub use aides::{Aide, Aides, Portion};
pub use column::{Column, Kind, float_text, labels};
pub use frame::Frame;
pub use graph::Graph;
pub use identity::Sight;
pub use index::{Bits, Form, Found, Items, Numbers, Parcel};
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
