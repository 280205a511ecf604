//! What HDF5 and Zarr have in common: groups, arrays and where their chunks lie.
//!
//! Everything above reads through [`Tree`] and cannot tell the formats apart.

mod decode;
mod read;
mod scatter;

use std::{ops::Range, rc::Rc};

use bytes::Bytes;

pub use crate::array::{Array, Attrs};
pub use crate::source::{Identity, Part};
use crate::{
    array::{Lists, Text},
    error::{Error, Pending, Result},
    limits::Limits,
};
pub use decode::{Decoders, Job, decode_with};
pub use read::{Fetched, fetch, read, read_all, read_many};

/// A group: something with attributes and named children.
#[derive(Clone, Debug)]
pub struct Group {
    /// Path in the file, without a leading slash; `""` for the root.
    pub path: String,
    /// The format's own handle.
    pub id: u64,
    /// Attributes.
    pub attrs: Attrs,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub enum Node {
    /// A group.
    Group(Rc<Group>),
    /// An array.
    Array(Rc<Array>),
}

impl Node {
    /// Its attributes.
    pub fn attrs(&self) -> &Attrs {
        match self {
            Self::Group(group) => &group.attrs,
            Self::Array(array) => &array.attrs,
        }
    }

    /// Its path.
    pub fn path(&self) -> &str {
        match self {
            Self::Group(group) => &group.path,
            Self::Array(array) => &array.path,
        }
    }

    /// The group.
    ///
    /// # Errors
    /// `Malformed` when it is an array.
    pub fn group(self) -> Result<Rc<Group>> {
        match self {
            Self::Group(group) => Ok(group),
            Self::Array(array) => {
                Err(Error::malformed("is an array where a group is wanted").at(&array.path))
            }
        }
    }

    /// The array.
    ///
    /// # Errors
    /// `Malformed` when it is a group.
    pub fn array(self) -> Result<Rc<Array>> {
        match self {
            Self::Array(array) => Ok(array),
            Self::Group(group) => {
                Err(Error::malformed("is a group where an array is wanted").at(&group.path))
            }
        }
    }
}

/// Where a chunk's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In the one file; bit `i` of `skip` says that codec `i` was not applied.
    Span {
        /// Bytes of the file.
        range: Range<u64>,
        /// Steps of the pipeline to leave out.
        skip: u32,
    },
    /// In a file of its own, or part of one.
    Key {
        /// Which.
        key: String,
        /// Which part.
        part: Part,
    },
    /// Right here, because it came with the metadata (HDF5 compact data).
    Here(Bytes),
    /// Nowhere: the fill value.
    Absent,
}

/// A hierarchy of groups and arrays.
pub trait Tree {
    /// File name or URL, for messages.
    fn name(&self) -> &str;

    /// `hdf5` or `zarr`.
    fn format(&self) -> &'static str;

    /// Bounds in force.
    fn limits(&self) -> &Limits;

    /// What tells its content from others'; `None` when nothing does beyond this visit.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// Stored bytes to ask for at a time where there is much to read: what a read costs in memory besides its result.
    fn batch(&self) -> u64 {
        64 << 20
    }

    /// Whether asking costs a journey, so that it is worth asking before it is needed.
    fn is_far(&self) -> bool {
        false
    }

    /// Seconds that reading so many bytes will take, as far as can be told.
    fn seconds(&self, bytes: u64) -> Option<f64> {
        let _ = bytes;
        None
    }

    /// What a path (`""` for the root, no leading slash) leads to; links are followed. `None` when nothing is there.
    /// A path that an attribute of reference type gave is understood too.
    ///
    /// # Errors
    /// `Malformed` or `Unsupported` when the object's own description cannot be used.
    fn open<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Node>>;

    /// Brings what looking at all members of a group, or at an array's chunks, will need, where that spares journeys: each thing leads to the
    /// next. What is wrong with them is said to whoever looks.
    ///
    /// # Errors
    /// None that matter.
    fn ahead<'a>(&'a self, path: &'a str) -> Pending<'a, ()> {
        let _ = path;
        Box::pin(async { Ok(()) })
    }

    /// Names of a group's children in the order the format gives them (HDF5: byte order, or creation order where
    /// tracked; Zarr: order of the consolidated metadata); `None` when the host cannot list.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn names<'a>(&'a self, group: &'a Group) -> Pending<'a, Option<Vec<String>>>;

    /// Where chunks are, by their row-major numbers: the first wait of a read.
    ///
    /// # Errors
    /// `Malformed` when the chunk index is damaged.
    fn locate<'a>(&'a self, array: &'a Array, chunks: &'a [u64]) -> Pending<'a, Vec<Stored>>;

    /// Numbers of the chunks that may have been written, ascending; all others are sure to be fill values. Asked for when
    /// a selection has so many chunks (`wanted`) that looking each up would be the larger part of the work; `None` when
    /// the format cannot tell, or looking them up is no more than what a file of this size may cost.
    ///
    /// # Errors
    /// As [`locate`](Self::locate).
    fn written<'a>(&'a self, array: &'a Array, wanted: u64) -> Pending<'a, Option<Vec<u64>>> {
        let _ = (array, wanted);
        Box::pin(async { Ok(None) })
    }

    /// The bytes of located chunks, in one merged batch: the second wait. `None` where a key turned out absent.
    ///
    /// # Errors
    /// `Source` when the bytes cannot be had.
    fn fetch<'a>(&'a self, stored: &'a [Stored]) -> Pending<'a, Vec<Option<Bytes>>>;

    /// The strings that heap references ([`crate::array::TextForm::Heap`]) stand for, one after another in `refs`.
    ///
    /// # Errors
    /// `Malformed` when a reference leads nowhere.
    fn resolve<'a>(&'a self, array: &'a Array, refs: &'a [u8]) -> Pending<'a, Text> {
        let _ = refs;
        Box::pin(
            async move { Err(Error::unsupported("this format has no string references").at(&array.path)) },
        )
    }

    /// The lists that references ([`crate::array::DType::List`]) stand for, one after another in `refs`; an element
    /// has `width` bytes.
    ///
    /// # Errors
    /// `Malformed` when a reference leads nowhere.
    fn gather<'a>(&'a self, array: &'a Array, refs: &'a [u8], width: usize) -> Pending<'a, Lists> {
        let _ = (refs, width);
        Box::pin(async move { Err(Error::unsupported("this format has no lists").at(&array.path)) })
    }
}

/// Opens a path that has to exist.
///
/// # Errors
/// `Missing` when it does not, and as [`Tree::open`].
pub async fn open(tree: &dyn Tree, path: &str) -> Result<Node> {
    tree.open(path).await?.ok_or_else(|| Error::missing("is not in the file").at(path))
}
