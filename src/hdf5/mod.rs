//! HDF5 files, read lazily: from the superblock to chunk addresses.
//!
//! A reader of its own, written after the HDF5 File Format Specification (versions 1.0 to 4.0). Decoders take bytes and
//! return values; only `file`, `space`, `walk`, `index` and `elsewhere` wait, and they ask for everything known at a
//! level at once.
//!
//! Read: superblocks 0 to 3 behind a user block or not; both header versions with continuations and shared messages;
//! old, compact and dense groups and attributes; soft links, and links to files beside this one; every layout, virtual
//! ones and those with data in other files among them; every chunk index. What is not read gives an error that names it.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod btree1;
mod btree2;
mod cursor;
mod dataset;
mod elsewhere;
mod file;
mod header;
mod heap;
mod index;
mod json;
mod message;
mod pipeline;
mod siblings;
mod space;
mod superblock;
mod walk;

use std::{ops::Range, rc::Rc};

use bytes::Bytes;
use futures_util::future::join;

use crate::{
    array::{Array, Lists, Text},
    error::{Error, Kind, Pending, Result},
    limits::Limits,
    source::{ByteSource, Identity, Part},
    tree::{Group, Node, Stored, Tree},
    wait,
};
use file::{File, Way};
use siblings::Siblings;
use space::{Space, apart, number};
use walk::{children, strings};

/// Bytes of a file for which a chunk is looked up without asking whether there can be so many.
const LOOKED_UP: u64 = 16;

/// An HDF5 file, and those beside it that it leads to.
pub struct Hdf5 {
    files: Siblings,
}

impl Hdf5 {
    /// Opens a file. The source is best handed over as it is: caching and merging happen here.
    ///
    /// # Errors
    /// `Malformed` when it is no HDF5 file or was cut off, `Unsupported`, `Source`.
    pub async fn open(source: Rc<dyn ByteSource>, limits: Limits) -> Result<Self> {
        let name = source.name().to_owned();
        let file = File::open(Space::new(source, limits, 0)).await.map_err(|e| e.in_file(name))?;
        Ok(Self { files: Siblings::new(file) })
    }

    /// What a path in one of the files leads to; links into others are followed.
    async fn node(&self, mut number: u64, path: &str) -> Result<Option<Node>> {
        let mut way = path.to_owned();
        for _ in 0..=self.limits().depth {
            let file = self.files.file(number)?;
            match file.find(&way).await? {
                Way::Here(address, ahead) => return file.node(path, address, ahead).await.map(Some),
                Way::Away { link, file, path } => {
                    number = self.files.beside(number, &file).await.map_err(|mut e| {
                        e.message =
                            format!("\"{link}\" is a link to \"{path}\" in another file: {}", e.message);
                        e
                    })?;
                    way = path;
                }
                // No such link: what an attribute of reference type gave, perhaps.
                Way::Nowhere => {
                    let id = way.trim_matches('/').strip_prefix('@').and_then(|digits| digits.parse().ok());
                    let Some(id) = id else { return Ok(None) };
                    let (number, address) = apart(id);
                    return self.files.file(number)?.node(path, address, None).await.map(Some);
                }
            }
        }
        Err(Error::malformed("links lead from file to file without end"))
    }

    async fn spots(&self, array: &Array, chunks: &[u64]) -> Result<Vec<Stored>> {
        let (number, address) = apart(array.id);
        let file = self.files.file(number)?;
        let mut stored = wait::apart(file.locate(array, address, chunks)).await?;
        if number > 0 {
            for chunk in &mut stored {
                if let Stored::Span { range, .. } = chunk {
                    *range = file.space.id(range.start)..file.space.id(range.end);
                }
            }
        }
        Ok(stored)
    }

    /// The bytes of what was located, `depth` virtual datasets deep.
    async fn bring(&self, stored: &[Stored], depth: usize) -> Result<Vec<Option<Bytes>>> {
        let mut spans: Vec<(u64, Vec<Range<u64>>)> = Vec::new();
        for stored in stored {
            let Stored::Span { range, .. } = stored else { continue };
            let (number, start) = apart(range.start);
            let span = start..start.saturating_add(range.end.saturating_sub(range.start));
            match spans.iter_mut().find(|(n, _)| *n == number) {
                Some((_, spans)) => spans.push(span),
                None => spans.push((number, vec![span])),
            }
        }
        let plain = wait::try_all(spans.iter().map(|(number, spans)| async move {
            let file = self.files.file(*number)?;
            file.space.data(spans).await.map_err(|e| e.in_file(file.space.name()))
        }));
        let made = wait::try_all(stored.iter().filter_map(|stored| {
            let Stored::Key { key, part: Part::Span(span) } = stored else { return None };
            Some(self.make(key, span, depth))
        }));
        let (plain, made) = join(plain, made).await;
        let mut plain: Vec<_> = plain?.into_iter().map(Vec::into_iter).collect();
        let mut made = made?.into_iter();
        let mut next = |stored: &Stored| match stored {
            Stored::Span { range, .. } => {
                let at = spans.iter().position(|(n, _)| *n == number(range.start))?;
                plain.get_mut(at)?.next()
            }
            Stored::Here(bytes) => Some(bytes.clone()),
            Stored::Key { .. } => made.next(),
            Stored::Absent => None,
        };
        Ok(stored.iter().map(&mut next).collect())
    }

    /// Bytes of a dataset whose data are elsewhere; the key is its handle.
    async fn make(&self, key: &str, span: &Range<u64>, depth: usize) -> Result<Bytes> {
        let id = key.parse().map_err(|_| Error::request(format!("{key:?} is no dataset")))?;
        // Boxed: what is put together may itself be put together.
        Box::pin(elsewhere::bytes(self, id, span.clone(), depth)).await
    }
}

impl Tree for Hdf5 {
    fn name(&self) -> &str {
        self.files.name()
    }

    fn format(&self) -> &'static str {
        "hdf5"
    }

    fn limits(&self) -> &Limits {
        self.files.limits()
    }

    fn open<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Node>> {
        Box::pin(async move { self.node(0, path).await.map_err(|e| e.at(path).in_file(self.name())) })
    }

    fn names<'a>(&'a self, group: &'a Group) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async move {
            let names = async {
                let (number, address) = apart(group.id);
                let file = self.files.file(number)?;
                let object = file.load(address).await?;
                let links = children::links(&file.space, &object, file.group_k)?;
                let links = links.ok_or_else(|| Error::new(Kind::Request, "is no group"))?;
                let all = links.all(&file.space).await?;
                Ok(Some(all.into_iter().map(|link| link.name).collect()))
            };
            names.await.map_err(|e: Error| e.at(&group.path).in_file(self.name()))
        })
    }

    fn ahead<'a>(&'a self, path: &'a str) -> Pending<'a, ()> {
        Box::pin(async move {
            if self.is_far() {
                self.files.file(0)?.ahead(path).await.ok();
            }
            Ok(())
        })
    }

    fn identity(&self) -> Option<Identity> {
        self.files.identity()
    }

    fn is_far(&self) -> bool {
        self.files.is_far()
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.files.seconds(bytes)
    }

    fn batch(&self) -> u64 {
        self.files.batch()
    }

    fn locate<'a>(&'a self, array: &'a Array, chunks: &'a [u64]) -> Pending<'a, Vec<Stored>> {
        Box::pin(async move {
            self.spots(array, chunks).await.map_err(|e| e.at(&array.path).in_file(self.name()))
        })
    }

    fn written<'a>(&'a self, array: &'a Array, wanted: u64) -> Pending<'a, Option<Vec<u64>>> {
        Box::pin(async move {
            let (number, address) = apart(array.id);
            let file = self.files.file(number)?;
            if wanted <= file.space.len() / LOOKED_UP {
                return Ok(None);
            }
            file.written(address).await.map_err(|e| e.at(&array.path).in_file(self.name()))
        })
    }

    fn fetch<'a>(&'a self, stored: &'a [Stored]) -> Pending<'a, Vec<Option<Bytes>>> {
        Box::pin(async move { self.bring(stored, 0).await.map_err(|e| e.in_file(self.name())) })
    }

    fn resolve<'a>(&'a self, array: &'a Array, refs: &'a [u8]) -> Pending<'a, Text> {
        Box::pin(async move {
            let text = strings::text(&self.files, number(array.id), refs).await;
            text.map_err(|e| e.at(&array.path).in_file(self.name()))
        })
    }

    fn gather<'a>(&'a self, array: &'a Array, refs: &'a [u8], width: usize) -> Pending<'a, Lists> {
        Box::pin(async move {
            let lists = strings::lists(&self.files, number(array.id), refs, width).await;
            lists.map_err(|e| e.at(&array.path).in_file(self.name()))
        })
    }
}
