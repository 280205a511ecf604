//! Fetches objects from a fractal heap: many at once, block by block.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use bytes::Bytes;

use super::records;
use crate::{
    codec,
    error::Result,
    hdf5::{
        heap::fractal::{self, Block, Form, Header, Id},
        pipeline,
        space::{Decoded, Space},
    },
    limits::Limits,
    order,
};

/// A fractal heap.
pub struct Heap<'s> {
    space: &'s Space,
    address: u64,
    header: Rc<Header>,
}

/// A direct block's content.
struct Content(Bytes);

impl<'s> Heap<'s> {
    /// Reads the header.
    ///
    /// # Errors
    /// `Malformed`, `Source`.
    pub async fn open(space: &'s Space, address: u64) -> Result<Self> {
        if let Some(header) = space.kept::<Header>(address, address) {
            return Ok(Self { space, address, header });
        }
        let mut bytes = space.peek(address, fractal::HEADER).await?;
        let len = fractal::header_length(space.cursor(&bytes, address, "fractal heap"))?;
        if len > bytes.len() as u64 {
            bytes = space.read(address, len).await?;
        }
        let header = Rc::new(fractal::header(space.cursor(&bytes, address, "fractal heap"))?);
        space.keep((address, address), Rc::clone(&header) as _, 256);
        Ok(Self { space, address, header })
    }

    /// The objects of some identifiers, in their order.
    ///
    /// # Errors
    /// `Malformed` when one leads nowhere, `Source`.
    pub async fn objects(&self, ids: &[Vec<u8>]) -> Result<Vec<Bytes>> {
        let mut found: Vec<Bytes> = vec![Bytes::new(); ids.len()];
        let mut managed = Vec::new();
        let mut huge = Vec::new();
        for (i, (id, slot)) in ids.iter().zip(&mut found).enumerate() {
            match self.header.id(self.space.cursor(id, self.address, "identifier in a heap"))? {
                Id::Managed { offset, len } => managed.push((i, offset, len)),
                Id::Tiny(bytes) => *slot = bytes.into(),
                other => huge.push((i, other)),
            }
        }
        let blocks = self.direct(managed.iter().map(|&(_, offset, _)| offset).collect()).await?;
        for (i, offset, len) in managed {
            let block = blocks.range(..=offset).next_back();
            let part = block.and_then(|(from, content)| {
                let start = usize::try_from(offset.checked_sub(*from)?).ok()?;
                let end = start.checked_add(usize::try_from(len).ok()?)?;
                content.0.get(start..end).map(Bytes::copy_from_slice)
            });
            let part = part.ok_or_else(|| {
                self.space.bad(self.address, format!("{len} bytes at {offset} are not in the heap"))
            })?;
            if let Some(slot) = found.get_mut(i) {
                *slot = part;
            }
        }
        for (i, id) in huge {
            let object = self.huge(id).await?;
            if let Some(slot) = found.get_mut(i) {
                *slot = object;
            }
        }
        Ok(found)
    }

    /// The direct blocks that hold some offsets, by the offset of their first byte.
    async fn direct(&self, mut offsets: Vec<u64>) -> Result<BTreeMap<u64, Rc<Content>>> {
        offsets.sort_unstable();
        offsets.dedup();
        let wanted = |block: &Block| {
            let first = offsets.partition_point(|&o| o < block.from);
            offsets.get(first).is_some_and(|o| o.saturating_sub(block.from) < block.size)
        };
        let mut level: Vec<Block> = self.header.root.iter().copied().filter(wanted).collect();
        let mut direct = Vec::new();
        for _ in 0..=self.space.limits().depth {
            let (leaves, inner): (Vec<_>, Vec<_>) =
                level.into_iter().partition(|b| matches!(b.form, Form::Direct(_)));
            direct.extend(leaves);
            if inner.is_empty() {
                break;
            }
            let tables = self
                .read(&inner, |block, at, bytes| {
                    let Form::Indirect(rows) = block.form else { return Ok(Decoded(Vec::new(), 0)) };
                    let c = self.space.cursor(bytes, at, "indirect block of a heap");
                    let children = self.header.indirect(c, block, rows)?;
                    let weight = children.len().saturating_mul(size_of::<Block>());
                    Ok(Decoded(children, weight))
                })
                .await?;
            level = tables.iter().flat_map(|t| t.iter().copied()).filter(wanted).collect();
        }
        // Blocks do not overlap in a sound file, so together they are no longer than it.
        let sum = direct.iter().fold(0_u64, |n, b| n.saturating_add(self.stored(b)));
        if sum > self.space.len() {
            return Err(self.space.bad(self.address, format!("heap blocks of {sum} bytes in all")));
        }
        let contents = self
            .read(&direct, |block, at, bytes| {
                let content = match block.form {
                    Form::Direct(Some((_, mask))) => self.undo(bytes, mask, block.size)?,
                    _ => Bytes::copy_from_slice(bytes),
                };
                let c = self.space.cursor(&content, at, "direct block of a heap");
                self.header.direct(c, &content, block)?;
                let weight = content.len();
                Ok(Decoded(Content(content), weight))
            })
            .await?;
        Ok(order::map(direct.iter().map(|b| b.from).zip(contents)))
    }

    fn stored(&self, block: &Block) -> u64 {
        self.header.stored(block, self.space.widths())
    }

    async fn read<T: 'static>(
        &self,
        blocks: &[Block],
        decode: impl Fn(&Block, u64, &Bytes) -> Result<Decoded<T>>,
    ) -> Result<Vec<Rc<T>>> {
        let spans: Vec<(u64, u64)> = blocks.iter().map(|b| (b.address, self.stored(b))).collect();
        let by_address: HashMap<u64, Block> = blocks.iter().map(|&b| (b.address, b)).collect();
        self.space
            .nodes(self.address, &spans, |at, bytes| match by_address.get(&at) {
                Some(block) => decode(block, at, bytes),
                None => Err(self.space.bad(at, "a heap block was not asked for")),
            })
            .await
    }

    fn undo(&self, bytes: &Bytes, mask: u32, size: u64) -> Result<Bytes> {
        let codecs = pipeline::codecs(&self.header.filters, 1)?;
        let size = Limits::size(size, self.space.limits().header, "a heap object")?;
        codec::decode(&codecs, bytes.clone(), mask, Some(size), size)
    }

    /// An object that lies by itself.
    async fn huge(&self, id: Id) -> Result<Bytes> {
        let (address, len, filtered) = match id {
            Id::Huge { address, len, filtered } => (address, len, filtered),
            Id::HugeKey(key) => self.look_up(key).await?,
            _ => return Ok(Bytes::new()),
        };
        let bytes = self.space.read(address, len).await?;
        match filtered {
            Some((mask, size)) => self.undo(&bytes, mask, size),
            None => Ok(Bytes::copy_from_slice(&bytes)),
        }
    }

    async fn look_up(&self, key: u64) -> Result<(u64, u64, Option<(u32, u64)>)> {
        let missing = || self.space.bad(self.address, format!("huge object {key} is not in the heap"));
        let tree = self.header.huge.ok_or_else(missing)?;
        let filtered = !self.header.filters.is_empty();
        let split = |record: &[u8]| {
            let mut c = self.space.cursor(record, tree, "record of a huge object");
            let (address, len) = (c.defined()?, c.length()?);
            let filter = if filtered { Some((c.u32()?, c.length()?)) } else { None };
            Ok::<_, crate::error::Error>((c.length()?, (address, len, filter)))
        };
        let order = |record: &[u8]| split(record).map_or(std::cmp::Ordering::Greater, |(k, _)| k.cmp(&key));
        let found = records::find(self.space, tree, order).await?;
        Ok(split(found.first().ok_or_else(missing)?)?.1)
    }
}
