//! HDF5 files, read lazily: from the superblock to chunk addresses.
//!
//! A reader of its own, written after the HDF5 File Format Specification (versions 1.0 to 4.0). Decoders take bytes and
//! return values; only `space`, `walk` and `index` wait, and they ask for everything known at a level at once.
//!
//! Read: superblocks 0 to 3 behind a user block or not; both header versions with continuations and shared messages;
//! old, compact and dense groups and attributes; soft links; every layout but virtual and external ones; every chunk
//! index. What is not read gives an error that names it.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod btree1;
mod btree2;
mod cursor;
mod dataset;
mod header;
mod heap;
mod index;
mod json;
mod message;
mod pipeline;
mod space;
mod superblock;
mod walk;

use std::{ops::Range, rc::Rc};

use bytes::Bytes;
use futures_util::future::join;

use crate::{
    array::{Array, Attrs, Text},
    error::{Error, Kind, Pending, Result},
    limits::Limits,
    source::{ByteSource, Identity},
    tree::{Group, Node, Stored, Tree},
};
use dataset::{Dataset, Place};
use header::kind;
use message::{group::SymbolTable, link::Target, shared};
use space::Space;
use superblock::Superblock;
use walk::{
    attributes,
    children::{self, Found},
    object::{self, Object, Sharing},
    strings,
};

/// Bytes read first: they tell what a file is that is not HDF5, and hold most superblocks.
const FIRST: u64 = 2048;
/// Owner of put-together datasets in the space's cache.
const DATASETS: u64 = u64::MAX - 2;

/// An HDF5 file.
pub struct Hdf5 {
    space: Space,
    root: u64,
    group_k: (u16, u16),
    chunk_k: u16,
    sharing: Sharing,
}

impl Hdf5 {
    /// Opens a file. The source is best handed over as it is: caching and merging happen here.
    ///
    /// # Errors
    /// `Malformed` when it is no HDF5 file or was cut off, `Unsupported`, `Source`.
    pub async fn open(source: Rc<dyn ByteSource>, limits: Limits) -> Result<Self> {
        let name = source.name().to_owned();
        Self::new(source, limits).await.map_err(|e| e.in_file(name))
    }

    async fn new(source: Rc<dyn ByteSource>, limits: Limits) -> Result<Self> {
        let mut space = Space::new(source, limits);
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

    async fn load(&self, address: u64) -> Result<Rc<Object>> {
        object::load(&self.space, &self.sharing, address).await
    }

    /// The address of the header that a path leads to, and where the links of that are if the file says so ahead.
    async fn find(&self, path: &str) -> Result<Option<(u64, Option<SymbolTable>)>> {
        let mut here = self.root;
        // What is still to be walked, last part first; a soft link puts its own parts on top.
        let mut rest: Vec<String> = parts(path);
        let mut first = true;
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
                    return Err(Error::unsupported(format!(
                        "\"{part}\" is a link to \"{path}\" in another file, \"{file}\""
                    ))
                    .hint(format!("open \"{file}\" itself, or copy what it holds into this file")));
                }
                Some(Target::Custom(kind)) => {
                    return Err(Error::unsupported(format!(
                        "\"{part}\" is a link of the user-defined kind {kind}"
                    )));
                }
                // No such link: what an attribute of reference type gave, perhaps.
                None if first => match part.strip_prefix('@').and_then(|digits| digits.parse().ok()) {
                    Some(address) => address,
                    None => return Ok(None),
                },
                None => return Ok(None),
            };
            first = false;
        }
        Ok(Some((here, ahead)))
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
        if let Some(links) = children::links(&self.space, &object, self.group_k)?
            && let Some(found) = links.find(&self.space, name).await?
        {
            return Ok(Some(found));
        }
        if complete {
            return Ok(None);
        }
        match children::links(&self.space, &*self.load(group).await?, self.group_k)? {
            Some(links) => links.find(&self.space, name).await,
            None => Ok(None),
        }
    }

    async fn node(&self, path: &str) -> Result<Option<Node>> {
        let Some((address, ahead)) = self.find(path).await? else { return Ok(None) };
        let (object, ()) = join(self.load(address), self.warm(ahead)).await;
        let object = object?;
        let table = match children::links(&self.space, &object, self.group_k) {
            Ok(Some(links)) if ahead.is_none() => links.table(),
            _ => None,
        };
        let attrs = attributes::read(&self.space, &self.sharing, &object);
        let (attrs, ()) = join(attrs, self.warm(table)).await;
        let attrs = attrs?;
        let path = path.trim_matches('/');
        if let Some(dataset) = Dataset::new(&self.space, &object)? {
            let array = dataset.array(path, attrs);
            self.space.keep((DATASETS, address), Rc::new(dataset), 512);
            return Ok(Some(Node::Array(Rc::new(array))));
        }
        self.group(path, &object, attrs)
    }

    async fn warm(&self, table: Option<SymbolTable>) {
        if let Some(table) = table {
            children::warm(&self.space, table, self.group_k).await;
        }
    }

    fn group(&self, path: &str, object: &Object, attrs: Attrs) -> Result<Option<Node>> {
        if children::links(&self.space, object, self.group_k)?.is_none() {
            let what = match object.message(kind::DATATYPE) {
                Some(_) => "is a named data type, neither group nor dataset",
                None => "is neither group nor dataset",
            };
            return Err(Error::unsupported(what).offset(object.address));
        }
        Ok(Some(Node::Group(Rc::new(Group { path: path.to_owned(), id: object.address, attrs }))))
    }

    async fn dataset(&self, address: u64) -> Result<Rc<Dataset>> {
        if let Some(dataset) = self.space.kept(DATASETS, address) {
            return Ok(dataset);
        }
        let object = self.load(address).await?;
        let dataset = Dataset::new(&self.space, &object)?;
        let dataset = Rc::new(dataset.ok_or_else(|| self.space.bad(address, "is no dataset"))?);
        self.space.keep((DATASETS, address), Rc::clone(&dataset) as _, 512);
        Ok(dataset)
    }

    async fn spots(&self, array: &Array, chunks: &[u64]) -> Result<Vec<Stored>> {
        let dataset = self.dataset(array.id).await?;
        match &dataset.place {
            Place::Here(bytes) => Ok(vec![Stored::Here(bytes.clone()); chunks.len()]),
            Place::Piece(None) => Ok(vec![Stored::Absent; chunks.len()]),
            Place::Piece(Some(address)) => {
                chunks.iter().map(|&number| self.block(array, *address, number)).collect()
            }
            Place::Chunks(place) => {
                let walk = index::Walk::new(&self.space, place, array.id, self.chunk_k);
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

    /// A block of data that are stored in one piece.
    fn block(&self, array: &Array, address: u64, mut number: u64) -> Result<Stored> {
        let far = || self.space.bad(address, format!("shape {:?} is more than a file can hold", array.shape));
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
        let from = first.checked_mul(width).and_then(|f| f.checked_add(address)).ok_or_else(far)?;
        let range = self.space.span(from, count.checked_mul(width).ok_or_else(far)?)?;
        Ok(Stored::Span { range, skip: 0 })
    }
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

impl Tree for Hdf5 {
    fn name(&self) -> &str {
        self.space.name()
    }

    fn format(&self) -> &'static str {
        "hdf5"
    }

    fn limits(&self) -> &Limits {
        self.space.limits()
    }

    fn open<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Node>> {
        Box::pin(async move { self.node(path).await.map_err(|e| e.at(path).in_file(self.name())) })
    }

    fn names<'a>(&'a self, group: &'a Group) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async move {
            let names = async {
                let object = self.load(group.id).await?;
                let links = children::links(&self.space, &object, self.group_k)?;
                let links = links.ok_or_else(|| Error::new(Kind::Request, "is no group"))?;
                let all = links.all(&self.space).await?;
                Ok(Some(all.into_iter().map(|link| link.name).collect()))
            };
            names.await.map_err(|e: Error| e.at(&group.path).in_file(self.name()))
        })
    }

    fn identity(&self) -> Option<Identity> {
        self.space.identity()
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.space.seconds(bytes)
    }

    fn locate<'a>(&'a self, array: &'a Array, chunks: &'a [u64]) -> Pending<'a, Vec<Stored>> {
        Box::pin(async move {
            self.spots(array, chunks).await.map_err(|e| e.at(&array.path).in_file(self.name()))
        })
    }

    fn fetch<'a>(&'a self, stored: &'a [Stored]) -> Pending<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            let span = |stored: &Stored| match stored {
                Stored::Span { range, .. } => Some(range.clone()),
                _ => None,
            };
            let spans: Vec<Range<u64>> = stored.iter().filter_map(span).collect();
            let mut read = self.space.data(&spans).await.map_err(|e| e.in_file(self.name()))?.into_iter();
            Ok(stored
                .iter()
                .map(|stored| match stored {
                    Stored::Span { .. } => read.next(),
                    Stored::Here(bytes) => Some(bytes.clone()),
                    Stored::Key { .. } | Stored::Absent => None,
                })
                .collect())
        })
    }

    fn resolve<'a>(&'a self, array: &'a Array, refs: &'a [u8]) -> Pending<'a, Text> {
        Box::pin(async move {
            strings::text(&self.space, refs).await.map_err(|e| e.at(&array.path).in_file(self.name()))
        })
    }
}
