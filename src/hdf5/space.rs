//! The file as a space of addresses: every read of metadata passes here, and what was decoded once is kept.
//!
//! The bottom of the waiting part. Reads that are asked for at the same moment go out as one batch (see
//! [`Paged`]); nodes of one level are asked for in one call.

use std::{any::Any, cell::RefCell, collections::HashMap, ops::Range, rc::Rc};

use bytes::Bytes;

use super::cursor::{Cursor, Widths};
use crate::{
    error::{Error, Result},
    limits::Limits,
    source::{ByteSource, Identity, merge::Merged, paged::Paged},
};

/// Bytes per page of the metadata cache: what measured best on default files over a slow link.
const PAGE: u64 = 16 << 10;
/// And of files that are at hand: there a read costs more than what it brings.
const NEAR: u64 = 64 << 10;
/// Bytes of pages kept.
const PAGES: usize = 16 << 20;
/// Bytes of decoded nodes kept.
const NODES: usize = 32 << 20;
/// Most bytes of one merged request.
const SPAN: u64 = 8 << 20;
/// Data of so few bytes, such as labels, mostly lie in a page that is there already, and are remembered with it.
const FEW: u64 = 4 << 10;

/// Bits of an address or offset within one file; those above are the file's number. No file is as long as that.
const BITS: u32 = 48;

/// The file's number and the address that a handle stands for.
pub fn apart(id: u64) -> (u64, u64) {
    (number(id), id & ((1 << BITS) - 1))
}

/// The file's number in a handle.
pub fn number(id: u64) -> u64 {
    id >> BITS
}

/// The handle of an address in a file.
pub fn together(number: u64, address: u64) -> u64 {
    number << BITS | address
}

/// A file as seen through its superblock.
pub struct Space {
    source: Rc<dyn ByteSource>,
    meta: Paged,
    page: u64,
    limits: Limits,
    /// Which of the files of a tree it is.
    number: u64,
    base: u64,
    widths: Widths,
    nodes: RefCell<Nodes>,
}

#[derive(Default)]
struct Nodes {
    kept: HashMap<(u64, u64), (Rc<dyn Any>, usize)>,
    bytes: usize,
}

type Decode<'a> = dyn Fn(u64, &Bytes) -> Result<(Rc<dyn Any>, usize)> + 'a;

/// Something decoded, and about how much memory it takes.
pub struct Decoded<T>(pub T, pub usize);

impl Space {
    /// A file whose superblock is not known yet.
    pub fn new(source: Rc<dyn ByteSource>, limits: Limits, number: u64) -> Self {
        let page = if source.is_far() { PAGE } else { NEAR };
        let meta = Paged::new(Rc::clone(&source), page, PAGES);
        let widths = Widths { offset: 8, length: 8 };
        Self { source, meta, page, limits, number, base: 0, widths, nodes: RefCell::default() }
    }

    /// Where the bytes come from.
    pub fn source(&self) -> Rc<dyn ByteSource> {
        Rc::clone(&self.source)
    }

    /// Whether asking costs a journey.
    pub fn is_far(&self) -> bool {
        self.source.is_far()
    }

    /// The handle of an address or offset in this file, which tells it from those in others.
    pub fn id(&self, address: u64) -> u64 {
        together(self.number, address)
    }

    /// Says where addresses count from and how wide they are.
    pub fn measure(&mut self, base: u64, widths: Widths) {
        (self.base, self.widths) = (base, widths);
    }

    /// Bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// File name or URL.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// What tells the file from others.
    pub fn identity(&self) -> Option<Identity> {
        self.source.identity()
    }

    /// Size of the file in bytes.
    pub fn len(&self) -> u64 {
        self.source.len()
    }

    /// Widths of addresses and lengths.
    pub fn widths(&self) -> Widths {
        self.widths
    }

    /// A cursor over the bytes at an address.
    pub fn cursor<'b>(&self, bytes: &'b [u8], address: u64, what: &'static str) -> Cursor<'b> {
        Cursor::new(bytes, self.base.saturating_add(address), self.widths, what)
    }

    /// An error about the object at an address.
    pub fn bad(&self, address: u64, message: impl Into<String>) -> Error {
        Error::malformed(message).offset(self.base.saturating_add(address))
    }

    /// The bytes of the file that an address and a length stand for.
    ///
    /// # Errors
    /// `Malformed` when they lie past its end.
    pub fn span(&self, address: u64, len: u64) -> Result<Range<u64>> {
        let start = self.base.checked_add(address);
        let span = start.and_then(|start| Some(start..start.checked_add(len)?));
        match span {
            Some(span) if span.end <= self.len() => Ok(span),
            _ => Err(self.bad(
                address,
                format!("{len} bytes are wanted here, past the end of the file at {}", self.len()),
            )),
        }
    }

    /// Bytes from an address to the end of its page: they come with the first of them.
    pub fn page_end(&self, address: u64) -> u64 {
        let within = self.base.saturating_add(address).checked_rem(self.page);
        self.page.saturating_sub(within.unwrap_or(0))
    }

    /// Metadata at an address.
    ///
    /// # Errors
    /// `Malformed` past the end, `Limit` beyond [`Limits::header`], `Source`.
    pub async fn read(&self, address: u64, len: u64) -> Result<Bytes> {
        Limits::size(len, self.limits.header, "metadata")?;
        self.meta.read(self.span(address, len)?).await
    }

    /// Metadata at an address whose true length is not known: as much of `len` bytes as the file has.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn peek(&self, address: u64, len: u64) -> Result<Bytes> {
        let rest = self.len().saturating_sub(self.base.saturating_add(address));
        if rest == 0 {
            return Err(self.bad(address, format!("the file ends at {}", self.len())));
        }
        self.read(address, len.min(rest)).await
    }

    /// Metadata at many addresses, in one batch.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn read_many(&self, wanted: &[(u64, u64)]) -> Result<Vec<Bytes>> {
        let mut spans = Vec::new();
        let mut sum = 0_u64;
        for &(address, len) in wanted {
            sum = sum.saturating_add(len);
            spans.push(self.span(address, len)?);
        }
        Limits::size(sum, self.limits.header, "metadata")?;
        self.meta.read_many(&spans).await
    }

    /// Seconds that reading so many bytes will take, as far as can be told.
    pub fn seconds(&self, bytes: u64) -> Option<f64> {
        self.source.seconds(bytes)
    }

    /// Bytes to ask for at a time.
    pub fn batch(&self) -> u64 {
        self.source.batch()
    }

    /// Data, merged over small gaps and past the page cache.
    ///
    /// # Errors
    /// `Malformed` past the end, `Source`.
    pub async fn data(&self, spans: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let sum = spans.iter().fold(0_u64, |n, s| n.saturating_add(s.end.saturating_sub(s.start)));
        if sum <= FEW && spans.len() <= 2 {
            return self.meta.read_many(spans).await;
        }
        let plan = Merged::plan(spans, self.source.gap(), SPAN);
        let read = self.source.read_many(&plan.spans).await?;
        Ok(plan.cut(&read))
    }

    /// Decoded nodes of `owner` at addresses with their lengths, in one batch; each is decoded once and kept.
    ///
    /// # Errors
    /// As [`read`](Self::read), and what decoding says.
    pub async fn nodes<T: 'static>(
        &self,
        owner: u64,
        wanted: &[(u64, u64)],
        decode: impl Fn(u64, &Bytes) -> Result<Decoded<T>>,
    ) -> Result<Vec<Rc<T>>> {
        let decode = |address: u64, bytes: &Bytes| {
            let Decoded(node, size) = decode(address, bytes)?;
            Ok((Rc::new(node) as Rc<dyn Any>, size))
        };
        let nodes = self.all_nodes(owner, wanted, &decode).await?;
        Ok(nodes.into_iter().filter_map(|node| node.downcast().ok()).collect())
    }

    /// The same whatever they are.
    async fn all_nodes(
        &self,
        owner: u64,
        wanted: &[(u64, u64)],
        decode: &Decode<'_>,
    ) -> Result<Vec<Rc<dyn Any>>> {
        let mut found: Vec<Option<Rc<dyn Any>>> = {
            let nodes = self.nodes.borrow();
            let kept = |address| nodes.kept.get(&(owner, address)).map(|(node, _)| Rc::clone(node));
            wanted.iter().map(|&(address, _)| kept(address)).collect()
        };
        let misses: Vec<(u64, u64)> =
            wanted.iter().zip(&found).filter(|(_, f)| f.is_none()).map(|(&w, _)| w).collect();
        let read = self.read_many(&misses).await?;
        let mut fresh = misses.iter().zip(read);
        for slot in &mut found {
            if slot.is_some() {
                continue;
            }
            if let Some((&(address, _), bytes)) = fresh.next() {
                let (node, size) = decode(address, &bytes)?;
                self.keep((owner, address), Rc::clone(&node), size);
                *slot = Some(node);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// One decoded node.
    ///
    /// # Errors
    /// As [`nodes`](Self::nodes).
    pub async fn node<T: 'static>(
        &self,
        owner: u64,
        address: u64,
        len: u64,
        decode: impl Fn(u64, &Bytes) -> Result<Decoded<T>>,
    ) -> Result<Rc<T>> {
        let mut nodes = self.nodes(owner, &[(address, len)], decode).await?;
        nodes.pop().ok_or_else(|| self.bad(address, "nothing was read"))
    }

    /// Something decoded that is still kept.
    pub fn kept<T: 'static>(&self, owner: u64, address: u64) -> Option<Rc<T>> {
        self.nodes.borrow().kept.get(&(owner, address))?.0.clone().downcast().ok()
    }

    /// Keeps something decoded; when over budget, everything older goes.
    pub fn keep(&self, key: (u64, u64), node: Rc<dyn Any>, size: usize) {
        let size = size.saturating_add(64);
        let nodes = &mut *self.nodes.borrow_mut();
        if nodes.bytes.saturating_add(size) > NODES {
            nodes.kept.clear();
            nodes.bytes = 0;
        }
        if let Some((_, old)) = nodes.kept.insert(key, (node, size)) {
            nodes.bytes = nodes.bytes.saturating_sub(old);
        }
        nodes.bytes = nodes.bytes.saturating_add(size);
    }
}
