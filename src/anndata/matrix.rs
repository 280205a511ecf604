//! A matrix of cells by something: dense, CSR or CSC, read by column.

use std::rc::Rc;

use futures_util::future::join;
use serde_json::Value;

use super::{
    aides::Aides,
    encoding,
    index::Shape,
    plain,
    sparse::{Compressed, Sparse},
    sweep::Watch,
    text_attr,
};
use crate::{
    array::{Array, Attrs, Select, Values, grid},
    error::{Error, Result},
    shelf::Shelf,
    tree::{Node, Tree, read_all, read_many},
    wait::apart,
};

/// Most chunks of an array that are looked up ahead: their index has about 4 MiB of pages.
const AHEAD: u64 = 8192;
/// Chunks looked up at a time, so that nobody who wants one of them has to wait for all.
const TOGETHER: u64 = 256;

/// A matrix on disk.
#[derive(Clone, Debug)]
pub enum Matrix {
    /// All items stored; one axis means one column.
    Dense(Rc<Array>),
    /// Only the non-zero items stored.
    Sparse(Sparse),
}

/// Compression of a sparse group, by its attributes, in today's and the oldest spelling.
pub(super) fn sparse_kind(attrs: &Attrs) -> Option<Compressed> {
    match (encoding(attrs), text_attr(attrs, "h5sparse_format")) {
        ("csr_matrix", _) | (_, Some("csr")) => Some(Compressed::Rows),
        ("csc_matrix", _) | (_, Some("csc")) => Some(Compressed::Columns),
        _ => None,
    }
}

/// What a gene index that found no room costs, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Another column costs another pass.
    Now(String),
    /// The first column of a later visit costs another pass.
    Later(String),
}

impl Matrix {
    /// Opens a matrix; `None` when the file says that there is none.
    ///
    /// # Errors
    /// `Unsupported` for encodings that are no matrix, `Malformed` for a sparse group that lacks a part.
    pub async fn open(tree: &dyn Tree, node: Node) -> Result<Option<Self>> {
        if encoding(node.attrs()) == "null" {
            return Ok(None);
        }
        let path = node.path().to_owned();
        match node {
            Node::Array(array) => match array.shape.len() {
                _ if plain(&array.attrs).is_err() => plain(&array.attrs).map(|()| None),
                1 | 2 if array.dtype.is_number() => Ok(Some(Self::Dense(array))),
                1 | 2 => Err(Error::unsupported(format!("a matrix of {} is not read", array.dtype.name()))),
                _ => Err(Error::malformed(format!("has shape {:?}, which is no matrix", array.shape))),
            },
            Node::Group(group) => {
                let Some(kind) = sparse_kind(&group.attrs) else {
                    let kind = encoding(&group.attrs);
                    return Err(Error::unsupported(format!("a matrix encoded as \"{kind}\" is not read")));
                };
                Ok(Some(Self::Sparse(Sparse::open(tree, &group, kind).await?)))
            }
        }
        .map_err(|e| e.at(path))
    }

    /// Rows and columns.
    pub fn shape(&self) -> [u64; 2] {
        match self {
            Self::Dense(array) => match array.shape.as_slice() {
                [rows, columns] => [*rows, *columns],
                [rows] => [*rows, 1],
                _ => [0, 0],
            },
            Self::Sparse(sparse) => sparse.shape,
        }
    }

    /// `dense`, `csr` or `csc`.
    pub fn layout(&self) -> &'static str {
        match self {
            Self::Dense(_) => "dense",
            Self::Sparse(Sparse { compressed: Compressed::Rows, .. }) => "csr",
            Self::Sparse(_) => "csc",
        }
    }

    /// numpy name of the type of its items.
    pub fn dtype(&self) -> String {
        match self {
            Self::Dense(array) => array.dtype.name(),
            Self::Sparse(sparse) => sparse.data.dtype.name(),
        }
    }

    /// Bytes in memory while a column is made, on the average, besides the column itself.
    pub fn beside_column(&self) -> u64 {
        match self {
            Self::Sparse(sparse) if sparse.compressed == Compressed::Columns => {
                let item = sparse.indices.dtype.width().saturating_add(sparse.data.dtype.width()) as u64;
                sparse.data.len().saturating_mul(item) / sparse.shape[1].max(1)
            }
            _ => 0,
        }
    }

    /// Keeps on a shelf what columns cost much to find out.
    pub fn keep_on(&self, shelf: &Rc<dyn Shelf>) {
        if let Self::Sparse(sparse) = self {
            sparse.sweep.keep_on(Rc::clone(shelf));
        }
    }

    /// Has others take part in passes over a matrix stored by row.
    pub fn help_with(&self, aides: Option<Rc<dyn Aides>>) {
        if let Self::Sparse(sparse) = self {
            sparse.sweep.help_with(aides);
        }
    }

    /// Does the next piece of what can wait until answers are out; `false` when there is none.
    pub fn tidy(&self) -> bool {
        if let Self::Sparse(sparse) = self { sparse.sweep.tidy() } else { false }
    }

    /// Finishes what can wait until answers are out: puts things on the shelf. Costs nothing when there is nothing to do.
    pub async fn settle(&self) {
        if let Self::Sparse(sparse) = self {
            sparse.sweep.settle().await;
        }
    }

    /// Bytes that the gene index of a matrix stored by row takes at most; 0 for others.
    pub fn index_size(&self) -> u64 {
        match self {
            Self::Sparse(sparse) if sparse.compressed == Compressed::Rows => {
                Shape::of(sparse).map_or(0, |shape| shape.estimate())
            }
            _ => 0,
        }
    }

    /// What became of the gene index of a matrix stored by row, where it cannot be had again, and why.
    pub fn lost(&self) -> Option<Lost> {
        let Self::Sparse(sparse) = self else { return None };
        let unsaved = || sparse.sweep.unsaved().map(Lost::Later);
        sparse.sweep.refused().map(Lost::Now).or_else(unsaved)
    }

    /// Reads what any column will need first, such as where its chunks are listed. Errors are left to whoever reads a column.
    pub async fn warm(&self, tree: &dyn Tree) {
        match self {
            Self::Dense(array) => {
                tree.locate(array, &[0]).await.ok();
            }
            Self::Sparse(sparse) => sparse.warm(tree).await,
        }
    }

    /// Reads what the next column will need, more of it than [`warm`](Self::warm): where all chunks are, if there are not too many to
    /// look up while nothing else is asked for. A matrix stored by row is gone through anyway.
    pub async fn ahead(&self, tree: &dyn Tree) {
        match self {
            Self::Dense(array) => look_up(tree, array).await,
            Self::Sparse(sparse) => {
                sparse.warm(tree).await;
                if sparse.compressed == Compressed::Columns {
                    join(look_up(tree, &sparse.indices), look_up(tree, &sparse.data)).await;
                }
            }
        }
    }

    /// Whole columns, in the type they are stored in; items that a sparse matrix stores twice are added up.
    ///
    /// # Errors
    /// `Request` for a column that is not there; otherwise whatever the arrays say.
    pub async fn columns(&self, tree: &dyn Tree, wanted: &[u64]) -> Result<Vec<Values>> {
        self.columns_watched(tree, wanted, None).await
    }

    /// As [`columns`](Self::columns); `watch` is told which rows are final while a matrix stored by row is gone through.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub async fn columns_watched(
        &self,
        tree: &dyn Tree,
        wanted: &[u64],
        watch: Option<Rc<dyn Watch>>,
    ) -> Result<Vec<Values>> {
        let [rows, columns] = self.shape();
        if let Some(beyond) = wanted.iter().find(|&&j| j >= columns) {
            return Err(Error::request(format!("column {beyond} is asked of {columns}")));
        }
        match self {
            Self::Dense(array) => {
                let selects: Vec<Select> = wanted
                    .iter()
                    .map(|&j| {
                        let mut select = Select::rows(&array.shape, 0..rows);
                        if let Some(column) = select.0.get_mut(1) {
                            *column = j..j + 1;
                        }
                        select
                    })
                    .collect();
                read_many(tree, array, &selects).await
            }
            Self::Sparse(sparse) => apart(sparse.columns(tree, wanted, watch)).await,
        }
    }

    /// All of it in single precision, row after row.
    ///
    /// # Errors
    /// Whatever the arrays say.
    pub async fn to_f32(&self, tree: &dyn Tree) -> Result<Vec<f32>> {
        match self {
            Self::Dense(array) => read_all(tree, array).await?.into_f32(),
            Self::Sparse(sparse) => sparse.to_f32(tree).await,
        }
    }
}

/// Finds where the chunks of an array are, unless they are very many; what is wrong with the index is found out later.
async fn look_up(tree: &dyn Tree, array: &Array) {
    let count = grid(&array.shape, &array.chunk).iter().fold(1, |n: u64, &g| n.saturating_mul(g));
    let mut start = 0;
    while count <= AHEAD && start < count {
        let end = (start + TOGETHER).min(count);
        if tree.locate(array, &(start..end).collect::<Vec<_>>()).await.is_err() {
            return;
        }
        start = end;
    }
}

/// Two numbers of an attribute such as `shape`.
pub(super) fn pair(attrs: &Attrs, name: &str) -> Option<[u64; 2]> {
    match attrs.get(name)? {
        Value::Array(items) => match items.as_slice() {
            [a, b] => Some([a.as_u64()?, b.as_u64()?]),
            _ => None,
        },
        _ => None,
    }
}
