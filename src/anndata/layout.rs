//! Entries of `obsm`: anything with one row per cell, in whatever form it is stored.

use std::{ops::Range, rc::Rc};

use super::{Frame, Matrix, Skipped, below, encoding, matrix::sparse_kind, plain};
use crate::{
    array::{Array, DType, Select, Values, grid},
    error::{Error, Result},
    tree::{Node, Tree, read, read_all},
    wait,
};

/// An entry of `obsm`.
pub struct Entry {
    /// Its name.
    pub key: String,
    /// Rows, columns and, for what is no matrix, further axes. A flat array counts as one column.
    pub shape: Vec<u64>,
    tree: Rc<dyn Tree>,
    path: String,
    form: Form,
}

enum Form {
    Matrix(Matrix),
    /// More than two axes.
    Array(Rc<Array>),
    Frame(Box<Frame>),
    /// A field of an array of records.
    Field(Rc<Array>),
}

impl Entry {
    /// Number of columns, if it has two axes.
    pub fn columns(&self) -> Option<u64> {
        match self.shape.as_slice() {
            [_, columns] => Some(*columns),
            _ => None,
        }
    }

    /// All of it in single precision, row after row.
    ///
    /// # Errors
    /// Whatever its arrays say; `Unsupported` for text.
    pub async fn read(&self) -> Result<Vec<f32>> {
        let read = match &self.form {
            Form::Matrix(matrix) => matrix.to_f32(&*self.tree).await,
            Form::Array(array) => match read_all(&*self.tree, array).await {
                Ok(values) => values.into_f32(),
                Err(error) => Err(error),
            },
            Form::Frame(frame) => self.read_frame(frame).await,
            Form::Field(array) => match read_all(&*self.tree, array).await? {
                Values::Record(columns) => match columns.into_iter().find(|c| c.name == self.key) {
                    Some(column) => column.values.into_f32(),
                    None => Err(Error::missing("is not among the fields")),
                },
                _ => Err(Error::malformed("is no field")),
            },
        };
        read.map_err(|e| e.at(&self.path).in_file(self.tree.name()))
    }

    /// Whether its first columns can be read without the others: it is a dense matrix.
    pub fn is_dense(&self) -> bool {
        matches!(self.form, Form::Matrix(Matrix::Dense(_)))
    }

    /// The first columns in single precision, row after row; all of what is not stored as an array.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn first(&self, columns: u64) -> Result<Vec<f32>> {
        let Form::Matrix(Matrix::Dense(array)) = &self.form else { return self.read().await };
        let select =
            Select(self.shape.iter().zip([u64::MAX, columns]).map(|(&n, most)| 0..n.min(most)).collect());
        let read = read(&*self.tree, array, &select).await;
        read.and_then(Values::into_f32).map_err(|e| e.at(&self.path).in_file(self.tree.name()))
    }

    /// Some rows in single precision. What is not stored as an array is read whole for them.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn rows(&self, rows: Range<u64>) -> Result<Vec<f32>> {
        let Form::Matrix(Matrix::Dense(array)) = &self.form else {
            let width = self.columns().unwrap_or(1);
            let span = rows.start.saturating_mul(width) as usize..rows.end.saturating_mul(width) as usize;
            return Ok(self.read().await?.get(span).unwrap_or(&[]).to_vec());
        };
        let read = read(&*self.tree, array, &Select::rows(&array.shape, rows)).await;
        read.and_then(Values::into_f32).map_err(|e| e.at(&self.path).in_file(self.tree.name()))
    }

    /// About so many rows, such that no chunk lies in two blocks of them; all of them where blocks gain nothing.
    pub fn whole_chunks(&self, rows: u64) -> u64 {
        let Form::Matrix(Matrix::Dense(array)) = &self.form else { return u64::MAX };
        let chunk = array.chunk.first().copied().unwrap_or(1).max(1);
        (rows / chunk).max(1).saturating_mul(chunk)
    }

    async fn read_frame(&self, frame: &Frame) -> Result<Vec<f32>> {
        let width = frame.columns.len();
        let mut out = vec![0.0; (frame.len() as usize).saturating_mul(width)];
        for j in 0..width {
            let super::Column::Number { values, missing } = frame.column(j).await? else {
                return Err(Error::unsupported(
                    "a data frame with other columns than numbers is no embedding",
                ));
            };
            let gone = |i: usize| missing.as_ref().is_some_and(|m| m.get(i).copied().unwrap_or(false));
            for (i, value) in values.to_f32()?.into_iter().enumerate() {
                if let Some(slot) = out.get_mut(i * width + j) {
                    *slot = if gone(i) { f32::NAN } else { value };
                }
            }
        }
        Ok(out)
    }
}

/// Opens all entries, at once; what cannot be used is skipped with its reason.
pub(super) async fn entries(
    tree: &Rc<dyn Tree>,
    root: &str,
    obsm: Node,
    known: &[&str],
) -> Result<(Vec<Entry>, Vec<Skipped>)> {
    let mut skipped = Vec::new();
    let group = match obsm {
        Node::Array(array) => return Ok((fields(tree, &array), skipped)),
        Node::Group(group) => group,
    };
    let keys = match tree.names(&group).await? {
        Some(keys) => keys,
        None => {
            skipped.push(Skipped {
                object: group.path.clone(),
                reason: "the host cannot list it: only well-known names were looked for".to_owned(),
            });
            known.iter().map(|&key| key.to_owned()).collect()
        }
    };
    let opened = wait::all(keys.iter().map(|key| open(tree, root, &group.path, key))).await;
    let mut entries = Vec::new();
    for (key, entry) in keys.into_iter().zip(opened) {
        match entry {
            Ok(Some(entry)) => entries.push(entry),
            Ok(None) => {}
            Err(error) if error.passing() => return Err(error),
            Err(error) => {
                skipped.push(Skipped { object: below(&group.path, &key), reason: error.to_string() });
            }
        }
    }
    Ok((entries, skipped))
}

/// Most columns that can be drawn, and most chunks that are looked up ahead for it.
const DRAWN: u64 = 3;
const AHEAD: u64 = 4096;

/// Looks up where the chunks of entries are that are drawn, if they can be; what is wrong with them is found out later.
pub(super) async fn find(tree: &dyn Tree, entries: &[Entry], drawn: &[&str]) {
    let wanted = entries.iter().filter(|entry| drawn.contains(&entry.key.as_str()));
    wait::all(wanted.map(|entry| async {
        if let Form::Matrix(Matrix::Dense(array)) = &entry.form
            && entry.columns().is_some_and(|columns| columns <= DRAWN)
        {
            let count = grid(&array.shape, &array.chunk).iter().fold(1, |n: u64, &g| n.saturating_mul(g));
            let chunks: Vec<u64> = (0..count.min(AHEAD)).collect();
            tree.locate(array, &chunks).await.ok();
        }
    }))
    .await;
}

/// Leaves out entries that have not a row for each cell.
pub(super) fn check(entries: &mut Vec<Entry>, rows: u64, skipped: &mut Vec<Skipped>) {
    entries.retain(|entry| {
        let fits = entry.shape.first() == Some(&rows);
        if !fits {
            let reason = Error::malformed(format!("has shape {:?} but there are {rows} cells", entry.shape));
            skipped.push(Skipped { object: entry.path.clone(), reason: reason.to_string() });
        }
        fits
    });
}

async fn open(tree: &Rc<dyn Tree>, root: &str, obsm: &str, key: &str) -> Result<Option<Entry>> {
    let path = below(obsm, key);
    let Some(node) = tree.open(&path).await? else { return Ok(None) };
    let (shape, form) = match node {
        Node::Group(group) if encoding(&group.attrs) == "dataframe" => {
            let frame = Frame::open(tree, root, Node::Group(group)).await?;
            (vec![frame.len(), frame.columns.len() as u64], Form::Frame(Box::new(frame)))
        }
        Node::Group(group) if sparse_kind(&group.attrs).is_none() => {
            let kind = encoding(&group.attrs);
            return Err(Error::unsupported(format!("encoding \"{kind}\" is not read")));
        }
        Node::Array(array) if array.shape.len() > 2 && plain(&array.attrs).is_ok() => {
            (array.shape.clone(), Form::Array(array))
        }
        node => match Matrix::open(&**tree, node).await? {
            Some(matrix) => (matrix.shape().to_vec(), Form::Matrix(matrix)),
            None => return Ok(None),
        },
    };
    Ok(Some(Entry { key: key.to_owned(), shape, tree: Rc::clone(tree), path, form }))
}

/// Entries of the oldest files: fields of one array of records.
fn fields(tree: &Rc<dyn Tree>, array: &Rc<Array>) -> Vec<Entry> {
    let (DType::Record { fields, .. }, &[rows]) = (&array.dtype, array.shape.as_slice()) else {
        return Vec::new();
    };
    fields
        .iter()
        .filter(|field| field.dtype.is_number())
        .map(|field| Entry {
            key: field.name.clone(),
            shape: vec![rows, field.count.into()],
            tree: Rc::clone(tree),
            path: below(&array.path, &field.name),
            form: Form::Field(Rc::clone(array)),
        })
        .collect()
}
