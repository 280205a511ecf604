//! `obs` and `var`: named columns of one length, with an index.

use std::{cell::RefCell, rc::Rc};

use futures_util::future::join;
use serde_json::Value;

use super::{
    below,
    column::{self, Column, Stored},
    text_attr,
};
use crate::{
    array::{Array, DType, Text, Values},
    error::{Error, Result},
    tree::{Group, Node, Tree, read_all},
    wait,
};

/// Where anndata before 0.8 kept the labels of categories.
const CATEGORIES: &str = "__categories";

/// A data frame on disk. Which columns there are is known at once; what each is, after a look at all their headers,
/// made when first needed.
pub struct Frame {
    tree: Rc<dyn Tree>,
    /// Where the AnnData is, for what older files keep elsewhere.
    root: String,
    /// Path of the frame.
    pub path: String,
    /// Names of the columns, in order.
    pub columns: Vec<String>,
    form: Form,
    len: u64,
    stored: RefCell<Option<Rc<Vec<Stored>>>>,
    /// Labels beside columns that do not say so: [`labels_beside`](Self::labels_beside).
    beside: RefCell<Vec<Option<Rc<Array>>>>,
    names: RefCell<Option<Rc<Text>>>,
}

enum Form {
    /// A group with a member per column (dataframe 0.1.0 and 0.2.0).
    Group { index: Stored },
    /// One array of records, the first field being the index (anndata before 0.7).
    Records { array: Rc<Array>, index: String, read: RefCell<Option<Rc<Values>>> },
}

impl Frame {
    /// Opens a frame: reads the headers of the frame and its index.
    ///
    /// # Errors
    /// `Malformed` when it is neither a group nor an array of records.
    pub async fn open(tree: &Rc<dyn Tree>, root: &str, node: Node) -> Result<Self> {
        let path = node.path().to_owned();
        Self::open_node(tree, root, node).await.map_err(|e| e.at(path))
    }

    async fn open_node(tree: &Rc<dyn Tree>, root: &str, node: Node) -> Result<Self> {
        let path = node.path().to_owned();
        let (columns, form, len) = match node {
            Node::Array(array) => {
                let DType::Record { fields, .. } = &array.dtype else {
                    return Err(Error::malformed(
                        "is no data frame: neither a group nor an array of records",
                    ));
                };
                let mut names = fields.iter().map(|f| f.name.clone());
                let index = names.next().ok_or_else(|| Error::malformed("has no index"))?;
                let len = array.len();
                (names.collect(), Form::Records { array, index, read: RefCell::default() }, len)
            }
            Node::Group(group) => {
                let index = text_attr(&group.attrs, "_index").unwrap_or("_index").to_owned();
                let stored = column::open(tree, root, &group, &index).await?;
                let len = stored.len()?;
                let columns = columns(&**tree, &group, &index).await?;
                (columns, Form::Group { index: stored }, len)
            }
        };
        let (stored, beside, names) = Default::default();
        let (tree, root) = (Rc::clone(tree), root.to_owned());
        Ok(Self { tree, root, path, columns, form, len, stored, beside, names })
    }

    /// Number of rows.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How every column is stored: one look at all headers, the first time.
    ///
    /// # Errors
    /// Only what keeps every column from being looked at; a single bad column is [`Stored::Unreadable`].
    pub async fn stored(&self) -> Result<Rc<Vec<Stored>>> {
        if let Some(stored) = &*self.stored.borrow() {
            return Ok(Rc::clone(stored));
        }
        let stored: Vec<Stored> = match &self.form {
            Form::Group { .. } => {
                let group = Group { path: self.path.clone(), id: 0, attrs: Default::default() };
                let columns = wait::all(self.columns.iter().map(|name| async {
                    let stored = column::open(&self.tree, &self.root, &group, name).await;
                    stored.and_then(|stored| self.check(stored)).unwrap_or_else(Stored::Unreadable)
                }));
                let (columns, beside) = join(columns, self.member(CATEGORIES)).await;
                if let Some(Node::Group(_)) = beside {
                    *self.beside.borrow_mut() = self.all_beside(&columns).await;
                }
                columns
            }
            Form::Records { array, .. } => {
                wait::all(self.columns.iter().map(|name| self.field(array, name))).await
            }
        };
        let stored = Rc::new(stored);
        *self.stored.borrow_mut() = Some(Rc::clone(&stored));
        Ok(stored)
    }

    /// Labels that a column of integers has beside it without saying so, as SeuratDisk leaves those of factors. AnnData reads such a
    /// column as numbers. Known after [`stored`](Self::stored).
    pub fn labels_beside(&self, index: usize) -> Option<Rc<Array>> {
        self.beside.borrow().get(index).cloned().flatten()
    }

    async fn all_beside(&self, columns: &[Stored]) -> Vec<Option<Rc<Array>>> {
        wait::all(self.columns.iter().zip(columns).map(|(name, stored)| async move {
            let Stored::Plain(codes) = stored else { return None };
            match self.member(&below(CATEGORIES, name)).await {
                Some(Node::Array(labels)) if labels.shape.len() == 1 => {
                    let text = matches!(labels.dtype, DType::Text(_));
                    (text && matches!(codes.dtype, DType::Int { .. })).then_some(labels)
                }
                _ => None,
            }
        }))
        .await
    }

    /// A member that may be missing, or damaged: then there is none. Not asked of stores, for which it may be one more request.
    async fn member(&self, name: &str) -> Option<Node> {
        if self.tree.format() != "hdf5" {
            return None;
        }
        self.tree.open(&below(&self.path, name)).await.ok().flatten()
    }

    fn check(&self, stored: Stored) -> Result<Stored> {
        let len = stored.len()?;
        if len != self.len {
            return Err(Error::malformed(format!("has {len} rows, the index {}", self.len)));
        }
        Ok(stored)
    }

    /// A field of the records; `uns/<name>_categories` turns its numbers into categories.
    async fn field(&self, array: &Rc<Array>, name: &str) -> Stored {
        let labels = below(&self.root, &format!("uns/{name}_categories"));
        let labels = match self.tree.open(&labels).await {
            Ok(Some(Node::Array(labels))) => Some(labels),
            _ => None,
        };
        let DType::Record { fields, .. } = &array.dtype else { return Stored::no_column() };
        match fields.iter().find(|f| f.name == name) {
            Some(field) => {
                Stored::Field { dtype: field.dtype.clone(), count: field.count, len: self.len, labels }
            }
            None => Stored::no_column(),
        }
    }

    /// Reads a column by its position.
    ///
    /// # Errors
    /// `Request` beyond the last column; otherwise whatever its arrays say.
    pub async fn column(&self, index: usize) -> Result<Column> {
        let name = self.columns.get(index).ok_or_else(|| Error::request(format!("no column {index}")))?;
        let path = below(&self.path, name);
        let stored = self.stored().await?;
        let stored = stored.get(index).ok_or_else(|| Error::request(format!("no column {index}")))?;
        let read = match stored {
            Stored::Field { labels, .. } => {
                let labels = match labels {
                    Some(labels) => Some(column::labels(&read_all(&*self.tree, labels).await?)?),
                    None => None,
                };
                column::from_field(self.take(name).await?, labels)
            }
            stored => column::read(&*self.tree, stored).await,
        };
        read.map_err(|e| e.at(path).in_file(self.tree.name()))
    }

    /// Reads a column of integers with the labels that lie [beside it](Self::labels_beside).
    ///
    /// # Errors
    /// As [`column`](Self::column).
    pub async fn column_with(&self, index: usize, labels: Rc<Array>) -> Result<Column> {
        match self.stored().await?.get(index) {
            Some(Stored::Plain(codes)) => {
                let (codes, labels) = (Rc::clone(codes), Box::new(Stored::Plain(labels)));
                column::read(&*self.tree, &Stored::Categorical { codes, labels, ordered: false }).await
            }
            _ => self.column(index).await,
        }
    }

    /// Names of the rows: the index as text.
    ///
    /// # Errors
    /// Whatever reading the index says.
    pub async fn names(&self) -> Result<Rc<Text>> {
        if let Some(names) = &*self.names.borrow() {
            return Ok(Rc::clone(names));
        }
        let column = match &self.form {
            Form::Group { index } => column::read(&*self.tree, index).await,
            Form::Records { index, .. } => column::from_field(self.take(index).await?, None),
        };
        let names =
            column.and_then(Column::into_text).map_err(|e| e.at(&self.path).in_file(self.tree.name()))?;
        let names = Rc::new(names);
        *self.names.borrow_mut() = Some(Rc::clone(&names));
        Ok(names)
    }

    /// One field of the records. They are stored together, so they are read together, once.
    async fn take(&self, name: &str) -> Result<Values> {
        let Form::Records { array, read, .. } = &self.form else { return Err(Error::request("no records")) };
        let cached = read.borrow().clone();
        let values = match cached {
            Some(values) => values,
            None => {
                let values = Rc::new(read_all(&*self.tree, array).await?);
                *read.borrow_mut() = Some(Rc::clone(&values));
                values
            }
        };
        match &*values {
            Values::Record(columns) => columns.iter().find(|c| c.name == name).map(|c| c.values.clone()),
            _ => None,
        }
        .ok_or_else(|| Error::missing(format!("there is no field \"{name}\"")))
    }
}

/// Names of the columns: `column-order`, or, where a writer left that out, whatever else the group holds.
async fn columns(tree: &dyn Tree, group: &Group, index: &str) -> Result<Vec<String>> {
    if let Some(order) = group.attrs.get("column-order") {
        return match order {
            // No columns: writers store an empty array of whatever type.
            Value::Null => Ok(Vec::new()),
            Value::String(one) => Ok(vec![one.clone()]),
            Value::Array(names) => names
                .iter()
                .map(|name| name.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| Error::malformed("\"column-order\" is no list of names")),
            _ => Err(Error::malformed("\"column-order\" is no list of names")),
        };
    }
    let names = tree
        .names(group)
        .await?
        .ok_or_else(|| Error::malformed("has no \"column-order\" and the host cannot list what it holds"))?;
    Ok(names.into_iter().filter(|n| n != index && n != CATEGORIES).collect())
}
