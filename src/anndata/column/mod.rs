//! One column of a data frame: how it is stored, and reading it.

mod values;

use std::rc::Rc;

use futures_util::future::join;
use serde_json::Value;

pub use values::{Column, float_text, labels};
use values::{codes_of, flags, from_values};

use super::{below, encoding, plain, text_attr};
use crate::{
    array::{Array, DType, Values},
    error::{Error, Result},
    tree::{Group, Node, Tree, read_all},
};

/// What a column shows as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Continuous,
    /// Labels; how many, where that is known without reading.
    Category(Option<u64>),
}

/// How a column is stored.
#[derive(Clone, Debug)]
pub enum Stored {
    /// Numbers, booleans or text, one item a row.
    Plain(Rc<Array>),
    /// The same with a mask, true where missing.
    Masked {
        /// Items, meaningless where masked.
        values: Rc<Array>,
        /// True where missing.
        mask: Rc<Array>,
    },
    /// Codes into a list of labels.
    Categorical {
        /// −1 where missing.
        codes: Rc<Array>,
        /// The labels, plain or masked.
        labels: Box<Stored>,
        /// Whether the labels have an order that means something.
        ordered: bool,
    },
    /// A field of a record.
    Field {
        /// What it is.
        dtype: DType,
        /// Items per record.
        count: u32,
        /// Rows.
        len: u64,
        /// Labels that turn its numbers into categories.
        labels: Option<Rc<Array>>,
    },
    /// Something that cannot be a column.
    Unreadable(Error),
}

impl Stored {
    pub(super) fn no_column() -> Self {
        Self::Unreadable(Error::unsupported("is no column"))
    }

    /// Number of rows.
    pub(super) fn len(&self) -> Result<u64> {
        let array = match self {
            Self::Plain(array)
            | Self::Masked { values: array, .. }
            | Self::Categorical { codes: array, .. } => array,
            Self::Field { len, .. } => return Ok(*len),
            Self::Unreadable(error) => return Err(error.clone()),
        };
        match array.shape.as_slice() {
            [len] => Ok(*len),
            shape => Err(Error::malformed(format!("has shape {shape:?} where one axis is wanted"))),
        }
    }

    /// What it shows as.
    ///
    /// # Errors
    /// What is wrong with an unreadable column.
    pub fn kind(&self) -> Result<Kind> {
        let by_type = |dtype: &DType| match dtype {
            DType::Int { .. } | DType::Float { .. } | DType::Odd(_) | DType::Complex { .. } => {
                Ok(Kind::Continuous)
            }
            DType::Bool | DType::Text(_) => Ok(Kind::Category(None)),
            other => Err(Error::unsupported(format!("a column of {} is not read", other.name()))),
        };
        match self {
            Self::Plain(array) | Self::Masked { values: array, .. } => by_type(&array.dtype),
            Self::Categorical { labels, .. } => Ok(Kind::Category(Some(labels.len()?))),
            Self::Field { labels: Some(labels), .. } => Ok(Kind::Category(Some(labels.len()))),
            Self::Field { count: 2.., .. } => Err(Error::unsupported("a column with several items a row")),
            Self::Field { dtype, .. } => by_type(dtype),
            Self::Unreadable(error) => Err(error.clone()),
        }
    }
}

/// Looks at a column's headers.
pub(super) async fn open(tree: &Rc<dyn Tree>, root: &str, frame: &Group, name: &str) -> Result<Stored> {
    let path = below(&frame.path, name);
    match tree.open(&path).await? {
        None => Err(Error::missing("is listed but not there").at(path)),
        Some(Node::Array(array)) => open_array(tree, root, frame, name, array).await,
        Some(Node::Group(group)) => open_group(&**tree, &group).await.map_err(|e| e.at(path)),
    }
}

pub(super) async fn open_group(tree: &dyn Tree, group: &Group) -> Result<Stored> {
    let [codes, categories, values, mask] =
        ["codes", "categories", "values", "mask"].map(|name| below(&group.path, name));
    let kind = encoding(&group.attrs);
    if kind == "categorical" {
        let (codes, labels) =
            join(crate::tree::open(tree, &codes), crate::tree::open(tree, &categories)).await;
        let labels = match labels? {
            Node::Array(array) => Stored::Plain(array),
            // Labels of newer pandas are nullable strings.
            Node::Group(group) => Box::pin(open_group(tree, &group)).await?,
        };
        let ordered = group.attrs.get("ordered").is_some_and(is_true);
        return Ok(Stored::Categorical { codes: codes?.array()?, labels: Box::new(labels), ordered });
    }
    if kind.starts_with("nullable-") {
        let (values, mask) = join(crate::tree::open(tree, &values), crate::tree::open(tree, &mask)).await;
        return Ok(Stored::Masked { values: values?.array()?, mask: mask?.array()? });
    }
    Err(Error::unsupported(format!("a column encoded as \"{kind}\" is not read")))
}

/// An array as column; in old files an attribute of it, or a group beside it, leads to labels.
async fn open_array(
    tree: &Rc<dyn Tree>,
    root: &str,
    frame: &Group,
    name: &str,
    array: Rc<Array>,
) -> Result<Stored> {
    plain(&array.attrs).map_err(|e| e.at(&array.path))?;
    let Some(link) = text_attr(&array.attrs, "categories").map(str::to_owned) else {
        return Ok(Stored::Plain(array));
    };
    let beside = below(&frame.path, &format!("__categories/{name}"));
    let link = link.trim_start_matches('/');
    for path in [link, &below(root, link), &beside] {
        if let Ok(Some(Node::Array(labels))) = tree.open(path).await {
            let ordered = labels.attrs.get("ordered").is_some_and(is_true);
            return Ok(Stored::Categorical {
                codes: array,
                labels: Box::new(Stored::Plain(labels)),
                ordered,
            });
        }
    }
    Err(Error::malformed("its list of categories is not there"))
}

/// True as writers spell it: booleans, or numbers where a format has none.
fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_i64().is_some_and(|n| n != 0))
}

/// Reads a column.
pub(super) async fn read(tree: &dyn Tree, stored: &Stored) -> Result<Column> {
    match stored {
        Stored::Plain(array) => from_values(read_all(tree, array).await?, None),
        Stored::Masked { values, mask } => {
            let (values, mask) = join(read_all(tree, values), read_all(tree, mask)).await;
            let (values, mask) = (values?, flags(&mask?)?);
            if values.len() != mask.len() {
                return Err(Error::malformed(format!(
                    "has {} values but {} mask entries",
                    values.len(),
                    mask.len()
                )));
            }
            from_values(values, Some(mask))
        }
        Stored::Categorical { codes, labels, ordered } => {
            let (codes, list) = join(read_all(tree, codes), Box::pin(read(tree, labels))).await;
            let labels: Vec<String> = list?.into_text()?.iter().map(str::to_owned).collect();
            let (codes, stray) = codes_of(&codes?, labels.len())?;
            Ok(Column::Category { codes, labels, ordered: *ordered, stray })
        }
        Stored::Field { .. } => Err(Error::request("fields are read with their records")),
        Stored::Unreadable(error) => Err(error.clone()),
    }
}

/// A field's values; labels apply only if every code has one.
pub(super) fn from_field(values: Values, labels: Option<Vec<String>>) -> Result<Column> {
    if let (Some(labels), Ok(codes)) = (labels, values.to_i64()) {
        let fits = |&c: &i64| usize::try_from(c).is_ok_and(|c| c < labels.len()) || c == -1;
        if codes.iter().all(fits) {
            let codes = codes.into_iter().map(|c| c as i32).collect();
            return Ok(Column::Category { codes, labels, ordered: false, stray: 0 });
        }
    }
    from_values(values, None)
}
