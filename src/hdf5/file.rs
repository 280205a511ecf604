//! One file of a tree: from its superblock to the description and the chunk addresses of an object in it.
//!
//! Links that lead out of the file are said, not followed: `Hdf5` above knows the other files.

use std::{ops::Range, rc::Rc};

use bytes::Bytes;
use futures_util::future::join;
use serde_json::Value;

use super::{
    dataset::{Dataset, Place},
    header::kind,
    index,
    message::{group::SymbolTable, link::Target, shared},
    space::{Space, number},
    superblock::{self, Superblock},
    walk::{
        attributes,
        children::{self, Found},
        object::{self, Object, Sharing},
    },
};
use crate::{
    array::{Array, Attrs},
    error::{Error, Pending, Result},
    source::Part,
    tree::{Group, Node, Stored},
    wait::{self, apart},
};

/// Bytes read first: they tell what a file is that is not HDF5, and hold most superblocks.
const FIRST: u64 = 2048;
/// Most chunks that are looked up before anybody asks for them.
const LOOKED_UP: u64 = 2048;
/// How far below a group whose members are to be looked at: a category's codes and labels are.
const BELOW: usize = 1;
/// Owner of put-together datasets in the space's cache.
const DATASETS: u64 = u64::MAX - 2;
/// Owner of attributes there.
const ATTRS: u64 = u64::MAX - 3;

/// An HDF5 file.
pub struct File {
    /// Its bytes.
    pub space: Space,
    root: u64,
    /// Sizes of an old group's nodes.
    pub group_k: (u16, u16),
    chunk_k: u16,
    sharing: Sharing,
}

/// Where a path leads.
pub enum Way {
    /// To the header at an address; where the links of that are, if the file says so ahead.
    Here(u64, Option<SymbolTable>),
    /// Into another file.
    Away {
        /// Name of the link.
        link: String,
        /// Name of the file.
        file: String,
        /// Path in that file, with what was still to be walked.
        path: String,
    },
    /// Nowhere.
    Nowhere,
}

impl File {
    /// Opens a file.
    ///
    /// # Errors
    /// `Malformed` when it is no HDF5 file or was cut off, `Unsupported`, `Source`.
    pub async fn open(mut space: Space) -> Result<Self> {
        if number(space.len()) > 0 {
            return Err(Error::limit(format!("a file of {} bytes", space.len())));
        }
        let found = find(&space).await?;
        space.measure(found.base, found.widths);
        if space.len() < found.end && !found.growing {
            return Err(Error::malformed(format!(
                "file has {} bytes but the superblock says {}: it was cut off",
                space.len(),
                found.end
            ))
            .hint("the copy or download was interrupted: repeat it"));
        }
        let Superblock { root, group_k, chunk_k, .. } = found;
        let mut file = Self { space, root, group_k, chunk_k, sharing: Sharing::default() };
        if let Some(address) = found.extension {
            file.extend(address).await?;
        }
        Ok(file)
    }

    /// Takes in the superblock's extension.
    async fn extend(&mut self, address: u64) -> Result<()> {
        let object = object::load(&self.space, &self.sharing, address).await?;
        if let Some(mut c) = object.cursor(&self.space, kind::BTREE_K, "B-tree message") {
            c.version(&[0])?;
            self.chunk_k = c.u16()?;
            let inner = c.u16()?;
            self.group_k = (inner, c.u16()?);
        }
        if let Some(mut c) = object.cursor(&self.space, kind::SHARED_TABLE, "shared message table message") {
            c.version(&[0])?;
            let (table, count) = (c.defined()?, c.u8()?);
            let each = 14_u64.saturating_add(u64::from(self.space.widths().offset).saturating_mul(2));
            let len = each.saturating_mul(count.into()).saturating_add(8);
            let bytes = self.space.read(table, len).await?;
            self.sharing.heaps =
                shared::table(self.space.cursor(&bytes, table, "shared message table"), count)?;
        }
        Ok(())
    }

    /// The header at an address.
    ///
    /// # Errors
    /// `Malformed`, `Source`.
    pub async fn load(&self, address: u64) -> Result<Rc<Object>> {
        object::load(&self.space, &self.sharing, address).await
    }

    /// Where a path leads.
    ///
    /// # Errors
    /// `Malformed` for a broken group or links without end, `Unsupported` for links only their makers know.
    pub async fn find(&self, path: &str) -> Result<Way> {
        let mut here = self.root;
        // What is still to be walked, last part first; a soft link puts its own parts on top.
        let mut rest: Vec<String> = parts(path);
        let mut links = 0_usize;
        let mut ahead = None;
        while let Some(part) = rest.pop() {
            let found = self.child(here, ahead.take(), &part).await?;
            ahead = found.as_ref().and_then(|found| found.ahead);
            here = match found.map(|found| found.to) {
                Some(Target::Hard(address)) => address,
                Some(Target::Soft(path)) => {
                    links = links.saturating_add(1);
                    if links > self.space.limits().depth {
                        return Err(Error::malformed(format!(
                            "more than {links} soft links one after another"
                        )));
                    }
                    rest.extend(parts(&path));
                    if path.starts_with('/') { self.root } else { here }
                }
                Some(Target::External { file, path }) => {
                    let after = rest.iter().rev().map(String::as_str);
                    let path = std::iter::once(path.as_str()).chain(after).collect::<Vec<_>>().join("/");
                    return Ok(Way::Away { link: part, file, path });
                }
                Some(Target::Custom(kind)) => {
                    return Err(Error::unsupported(format!(
                        "\"{part}\" is a link of the user-defined kind {kind}"
                    )));
                }
                None => return Ok(Way::Nowhere),
            };
        }
        Ok(Way::Here(here, ahead))
    }

    /// The link of a name in the group at an address. What is said ahead of the group about its tables is only trusted
    /// as far as it leads to the name; so is the first block of its header.
    async fn child(&self, group: u64, ahead: Option<SymbolTable>, name: &str) -> Result<Option<Found>> {
        if let Some(table) = ahead
            && let Ok(Some(found)) = children::find_ahead(&self.space, table, self.group_k, name).await
        {
            return Ok(Some(found));
        }
        let (object, complete) = object::begin(&self.space, group).await?;
        if let Some(links) = children::links(&self.space, &object, self.group_k)? {
            // Names of the root are mostly at the other end of the file.
            let table = links.table().filter(|_| group == self.root && self.space.is_far());
            let ahead = async {
                if let Some(table) = table {
                    children::members(&self.space, table, self.group_k, true).await;
                }
            };
            let (found, ()) = join(apart(links.find(&self.space, name)), apart(ahead)).await;
            if let Some(found) = found? {
                return Ok(Some(found));
            }
        }
        if complete {
            return Ok(None);
        }
        match children::links(&self.space, &*self.load(group).await?, self.group_k)? {
            Some(links) => links.find(&self.space, name).await,
            None => Ok(None),
        }
    }

    /// What the header at an address describes.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported`, `Source`.
    pub async fn node(&self, path: &str, address: u64, ahead: Option<SymbolTable>) -> Result<Node> {
        let (described, ()) = join(apart(self.described(address, ahead)), apart(self.warm(ahead))).await;
        let (object, attrs) = described?;
        let attrs = Attrs::clone(&attrs);
        let path = path.trim_matches('/');
        if let Some(dataset) = Dataset::new(&self.space, &object)? {
            let array = dataset.array(path, self.space.id(address), attrs);
            self.space.keep((DATASETS, address), Rc::new(dataset), 512);
            return Ok(Node::Array(Rc::new(array)));
        }
        self.group(path, &object, attrs)
    }

    /// The header at an address, and its attributes.
    async fn described(&self, address: u64, ahead: Option<SymbolTable>) -> Result<(Rc<Object>, Rc<Attrs>)> {
        let object = self.load(address).await?;
        if let Some(attrs) = self.space.kept(ATTRS, address) {
            return Ok((object, attrs));
        }
        let table = match children::links(&self.space, &object, self.group_k) {
            Ok(Some(links)) if ahead.is_none() => links.table(),
            _ => None,
        };
        let attrs = apart(attributes::read(&self.space, &self.sharing, &object));
        let (attrs, ()) = join(attrs, apart(self.warm(table))).await;
        let attrs = Rc::new(attrs?);
        let weight = attrs.values().fold(64_usize, |sum, value| sum.saturating_add(weight(value)));
        self.space.keep((ATTRS, address), Rc::clone(&attrs) as _, weight);
        Ok((object, attrs))
    }

    /// Brings the members of a group, and those of groups among them, down to a depth.
    fn members<'a>(&'a self, table: Option<SymbolTable>, depth: usize) -> Pending<'a, ()> {
        Box::pin(async move {
            let Some(table) = table else { return Ok(()) };
            let found = children::members(&self.space, table, self.group_k, false).await;
            let mut all: Vec<Pending<'a, ()>> = Vec::new();
            for (address, table) in found {
                all.push(Box::pin(async move {
                    self.described(address, table).await.ok();
                    Ok(())
                }));
                all.extend(depth.checked_sub(1).map(|depth| self.members(table, depth)));
            }
            wait::together(all).await;
            Ok(())
        })
    }

    /// Brings what looking at a path will need, before it is known what that is: of a group the headers of its members, of an array of few
    /// chunks where they are.
    ///
    /// # Errors
    /// As [`node`](Self::node), which whoever looks will be told.
    pub async fn ahead(&self, path: &str) -> Result<()> {
        let Way::Here(address, ahead) = self.find(path).await? else { return Ok(()) };
        if ahead.is_some() {
            return self.members(ahead, BELOW).await;
        }
        let object = self.load(address).await?;
        if let Some(links) = children::links(&self.space, &object, self.group_k)? {
            return self.members(links.table(), BELOW).await;
        }
        if let Place::Chunks(chunks) = &self.dataset(address).await?.place {
            let count = chunks.grid.iter().fold(1, |n: u64, &along| n.saturating_mul(along));
            if count <= LOOKED_UP {
                let all: Vec<u64> = (0..count).collect();
                index::Walk::new(&self.space, chunks, address, self.chunk_k).locate(&all).await?;
            }
        }
        Ok(())
    }

    async fn warm(&self, table: Option<SymbolTable>) {
        if let Some(table) = table {
            children::warm(&self.space, table, self.group_k).await;
        }
    }

    fn group(&self, path: &str, object: &Object, attrs: Attrs) -> Result<Node> {
        if children::links(&self.space, object, self.group_k)?.is_none() {
            let what = match object.message(kind::DATATYPE) {
                Some(_) => "is a named data type, neither group nor dataset",
                None => "is neither group nor dataset",
            };
            return Err(Error::unsupported(what).offset(object.address));
        }
        let id = self.space.id(object.address);
        Ok(Node::Group(Rc::new(Group { path: path.to_owned(), id, attrs })))
    }

    /// The dataset whose header is at an address.
    ///
    /// # Errors
    /// `Malformed` when there is none, and as [`node`](Self::node).
    pub async fn dataset(&self, address: u64) -> Result<Rc<Dataset>> {
        if let Some(dataset) = self.space.kept(DATASETS, address) {
            return Ok(dataset);
        }
        let object = self.load(address).await?;
        let dataset = Dataset::new(&self.space, &object)?;
        let dataset = Rc::new(dataset.ok_or_else(|| self.space.bad(address, "is no dataset"))?);
        self.space.keep((DATASETS, address), Rc::clone(&dataset) as _, 512);
        Ok(dataset)
    }

    /// Where chunks of the dataset at an address are, in this file.
    ///
    /// # Errors
    /// `Malformed`, `Limit`, `Source`.
    pub async fn locate(&self, array: &Array, address: u64, chunks: &[u64]) -> Result<Vec<Stored>> {
        let dataset = self.dataset(address).await?;
        match &dataset.place {
            Place::Here(bytes) => Ok(vec![Stored::Here(bytes.clone()); chunks.len()]),
            Place::Piece(None) => Ok(vec![Stored::Absent; chunks.len()]),
            Place::Piece(Some(address)) => {
                let blocks = chunks.iter().map(|&number| {
                    let block = self.block(array, number)?;
                    let from = block.start.checked_add(*address).ok_or_else(|| self.far(array))?;
                    let range = self.space.span(from, block.end.saturating_sub(block.start))?;
                    Ok(Stored::Span { range, skip: 0 })
                });
                blocks.collect()
            }
            // Their bytes are put together when they are fetched.
            Place::Virtual { .. } | Place::Outside(_) => {
                let key = array.id.to_string();
                let blocks = chunks.iter().map(|&number| {
                    Ok(Stored::Key { key: key.clone(), part: Part::Span(self.block(array, number)?) })
                });
                blocks.collect()
            }
            Place::Chunks(place) => {
                let walk = index::Walk::new(&self.space, place, address, self.chunk_k);
                let mut stored = walk.locate(chunks).await?;
                for chunk in &mut stored {
                    // What is in front of the filters always applies.
                    if let Stored::Span { skip, .. } = chunk {
                        *skip = skip.checked_shl(dataset.before).unwrap_or(0);
                    }
                }
                Ok(stored)
            }
        }
    }

    /// Numbers of the chunks of the dataset at an address that may have been written; `None` where it has none.
    ///
    /// # Errors
    /// As [`locate`](Self::locate).
    pub async fn written(&self, address: u64) -> Result<Option<Vec<u64>>> {
        let dataset = self.dataset(address).await?;
        let Place::Chunks(place) = &dataset.place else { return Ok(None) };
        index::Walk::new(&self.space, place, address, self.chunk_k).written().await.map(Some)
    }

    fn far(&self, array: &Array) -> Error {
        self.space.bad(array.id, format!("shape {:?} is more than a file can hold", array.shape))
    }

    /// The bytes of a block among all of an array that lies in one piece.
    fn block(&self, array: &Array, mut number: u64) -> Result<Range<u64>> {
        let far = || self.far(array);
        // From the last axis to the first: first item of the block, items it has.
        let (mut first, mut count, mut stride) = (0_u64, 1_u64, 1_u64);
        for (&n, &side) in array.shape.iter().zip(&array.chunk).rev() {
            let along = n.div_ceil(side.max(1)).max(1);
            let start = number.checked_rem(along).and_then(|c| c.checked_mul(side)).ok_or_else(far)?;
            number = number.checked_div(along).unwrap_or(0);
            first = start.checked_mul(stride).and_then(|f| f.checked_add(first)).ok_or_else(far)?;
            count = count.checked_mul(side.min(n.saturating_sub(start))).ok_or_else(far)?;
            stride = stride.checked_mul(n).ok_or_else(far)?;
        }
        let width = array.dtype.width() as u64;
        let from = first.checked_mul(width).ok_or_else(far)?;
        let len = count.checked_mul(width).ok_or_else(far)?;
        Ok(from..from.checked_add(len).ok_or_else(far)?)
    }
}

/// About how much memory an attribute takes.
fn weight(value: &Value) -> usize {
    let own = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().fold(0_usize, |sum, item| sum.saturating_add(weight(item))),
        Value::Object(fields) => fields
            .iter()
            .fold(0_usize, |sum, (name, field)| sum.saturating_add(name.len()).saturating_add(weight(field))),
        _ => 0,
    };
    own.saturating_add(64)
}

/// Looks for the superblock where the format allows it: at 0, 512, 1024, 2048 and so on.
async fn find(space: &Space) -> Result<Superblock> {
    let len = space.len();
    let head = if len == 0 { Bytes::new() } else { space.peek(0, FIRST).await? };
    let mut at = 0_u64;
    while at < len {
        let near = at
            .checked_add(superblock::LONGEST.min(len.saturating_sub(at)))
            .filter(|&end| end <= head.len() as u64);
        let bytes = match near {
            Some(end) => slice(&head, at..end),
            None => space.peek(at, superblock::LONGEST).await?,
        };
        if bytes.starts_with(&superblock::SIGNATURE) {
            return superblock::decode(&bytes, at);
        }
        at = if at == 0 { 512 } else { at.saturating_mul(2) };
        // Each further place is a request of its own, for nothing where the file is a zip archive.
        if at >= FIRST && (head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")) {
            break;
        }
    }
    Err(superblock::refuse(&head, len))
}

fn slice(bytes: &Bytes, span: Range<u64>) -> Bytes {
    let end = usize::try_from(span.end).unwrap_or(usize::MAX).min(bytes.len());
    let start = usize::try_from(span.start).unwrap_or(usize::MAX).min(end);
    bytes.slice(start..end)
}

/// The parts of a path, last first.
fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).rev().map(str::to_owned).collect()
}
