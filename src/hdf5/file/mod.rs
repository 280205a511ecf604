//! One file of a tree: from its superblock to the description and the chunk addresses of an object in it.
//!
//! Links that lead out of the file are said, not followed: `Hdf5` above knows the other files.

mod chunks;
mod way;

use std::rc::Rc;

use futures_util::future::join;
use serde_json::Value;

use super::{
    dataset::{Dataset, Place},
    header::kind,
    index,
    message::{group::SymbolTable, shared},
    space::{Space, number},
    superblock::{self, Superblock},
    walk::{
        attributes, children,
        object::{self, Object, Sharing},
    },
};
use crate::{
    array::Attrs,
    error::{Error, Pending, Result},
    tree::{Group, Node},
    wait::{self, apart},
};
pub use way::Way;

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

impl File {
    /// Opens a file.
    ///
    /// # Errors
    /// `Malformed` when it is no HDF5 file or was cut off, `Unsupported`, `Source`.
    pub async fn open(mut space: Space) -> Result<Self> {
        if number(space.len()) > 0 {
            return Err(Error::limit(format!("a file of {} bytes", space.len())));
        }
        let found = superblock::find(&space).await?;
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
