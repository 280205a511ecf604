//! A group's links: one by name, or all of them. Old groups and new ones, few links and many.

use std::{cell::RefCell, cmp::Ordering, collections::HashSet, rc::Rc};

use bytes::Bytes;
use futures_util::future::{join, try_join};

use super::{
    fractal::Heap,
    object::{Object, USUAL},
    records,
};
use crate::{
    codec::checksum::lookup3,
    error::{Error, Pending, Result},
    hdf5::{
        btree1::{self, GroupNode, Symbol},
        cursor::Cursor,
        header::kind,
        heap::local,
        message::{
            group::{self, Dense, SymbolTable},
            link::{self, Link, Target},
        },
        space::{Decoded, Space},
    },
    order, wait,
};

/// Bytes of a leaf's link besides the name's offset and an address.
const SYMBOL: u64 = 24;
/// Most leaves of a group that are read ahead.
const WARM: usize = 32;
/// Most leaves of a group, of eight links by default, whose links are followed before anybody asks.
const FEW: usize = 16;
/// Bytes before a member's header that come along from afar where members are groups: the one written before it ends there, for a
/// categorical column with the header of its labels, the root of their index and a heap.
const BEFORE: u64 = 5 << 10;

/// How a group keeps its links.
pub enum Links<'s> {
    /// All of them in its header.
    Few(Vec<Link>, bool),
    /// In a heap, by name in a B-tree of version 2.
    Many(Dense),
    /// In a B-tree of version 1 with the names in a local heap.
    Old(Old<'s>),
}

/// An old group.
pub struct Old<'s> {
    space: &'s Space,
    table: SymbolTable,
    k: (u16, u16),
}

/// A link that was looked for.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it leads to.
    pub to: Target,
    /// Where the links of that are, when it is an old group: known before its header is read.
    pub ahead: Option<SymbolTable>,
}

impl From<Target> for Found {
    fn from(to: Target) -> Self {
        Self { to, ahead: None }
    }
}

/// Looks for a link in an old group of which only the tables are known.
///
/// # Errors
/// `Malformed`, `Source`.
pub async fn find_ahead(
    space: &Space,
    table: SymbolTable,
    k: (u16, u16),
    name: &str,
) -> Result<Option<Found>> {
    Old { space, table, k }.find(name).await
}

/// Brings what the first look into an old group needs, because whoever opens a group looks into it next. Trouble is not
/// reported here: whoever looks will meet it.
pub async fn warm(space: &Space, table: SymbolTable, k: (u16, u16)) {
    let old = Old { space, table, k };
    let root = [table.tree];
    if let (_, Ok(nodes)) = join(old.names(), old.nodes(&root)).await
        && let Some(node) = nodes.first().filter(|node| node.level == 0)
    {
        let leaves = node.children.get(..WARM.min(node.children.len())).unwrap_or(&[]);
        let _ = old.leaves(leaves).await;
    }
}

/// Where an object is, and where its own links are, if the file says so ahead.
pub type Member = (u64, Option<SymbolTable>);

/// Brings the headers of what an old group's links lead to, and the tables of what are groups themselves, whatever their names are: these
/// may be somewhere else, so that whoever waits for them first waits twice. Gives where they are. `unless_named`: nothing where the names
/// are there already. Trouble is not reported here.
pub async fn members(space: &Space, table: SymbolTable, k: (u16, u16), unless_named: bool) -> Vec<Member> {
    let old = Old { space, table, k };
    let Ok(nodes) = old.nodes(&[table.tree]).await else { return Vec::new() };
    let Some(node) = nodes.first().filter(|node| node.level == 0 && node.children.len() <= FEW) else {
        return Vec::new();
    };
    // One by one: they too may lie apart.
    let found = RefCell::new(Vec::new());
    let one = |&leaf| -> Pending<'_, ()> { Box::pin(old.headers(leaf, unless_named, &found)) };
    wait::together(node.children.iter().map(one).collect()).await;
    found.take()
}

/// How an object keeps its links; `None` when it is no group.
///
/// # Errors
/// `Malformed`.
#[inline(never)] // As `wait::apart`.
pub fn links<'s>(space: &'s Space, object: &Object, k: (u16, u16)) -> Result<Option<Links<'s>>> {
    if let Some(c) = object.cursor(space, kind::SYMBOL_TABLE, "symbol table message") {
        return Ok(Some(Links::Old(Old { space, table: group::symbol_table(c)?, k })));
    }
    let info = object.cursor(space, kind::LINK_INFO, "link info message");
    let info = info.map(|c| group::dense(c, true)).transpose()?;
    if let Some(dense @ Dense { heap: Some(_), .. }) = info {
        return Ok(Some(Links::Many(dense)));
    }
    let mut few = Vec::new();
    for message in object.messages.iter().filter(|m| m.kind == kind::LINK) {
        few.push(link::decode(message.cursor(space.widths(), "link message"))?);
    }
    let group = info.is_some() || !few.is_empty() || object.message(kind::GROUP_INFO).is_some();
    Ok(group.then(|| Links::Few(few, info.is_some_and(|i| i.ordered))))
}

impl Links<'_> {
    /// The tables of an old group.
    pub fn table(&self) -> Option<SymbolTable> {
        if let Self::Old(old) = self { Some(old.table) } else { None }
    }

    /// The link of a name.
    ///
    /// # Errors
    /// `Malformed`, `Source`.
    pub async fn find(&self, space: &Space, name: &str) -> Result<Option<Found>> {
        match self {
            Self::Few(links, _) => Ok(links.iter().find(|l| l.name == name).map(|l| l.to.clone().into())),
            Self::Many(dense) => {
                let hash = lookup3(name.as_bytes());
                let found = many(space, dense, |record| order(record, hash)).await?;
                Ok(found.into_iter().find(|l| l.name == name).map(|l| l.to.into()))
            }
            Self::Old(old) => old.find(name).await,
        }
    }

    /// All links: in order of creation where the group records it, else in byte order of their names.
    ///
    /// # Errors
    /// `Malformed`, `Source`.
    pub async fn all(&self, space: &Space) -> Result<Vec<Link>> {
        let (mut links, ordered) = match self {
            Self::Few(links, ordered) => (links.clone(), *ordered),
            Self::Many(dense) => (many(space, dense, |_| Ordering::Equal).await?, dense.ordered),
            Self::Old(old) => (old.all().await?, false),
        };
        order::sort_by(&mut links, |a, b| if ordered { a.order.cmp(&b.order) } else { a.name.cmp(&b.name) });
        Ok(links)
    }
}

fn order(record: &[u8], hash: u32) -> Ordering {
    match record.first_chunk::<4>() {
        Some(stored) => u32::from_le_bytes(*stored).cmp(&hash),
        None => Ordering::Greater,
    }
}

async fn many(space: &Space, dense: &Dense, order: impl Fn(&[u8]) -> Ordering) -> Result<Vec<Link>> {
    let (Some(heap), Some(names)) = (dense.heap, dense.names) else {
        return Err(Error::malformed("a group has a heap of links but no index of names"));
    };
    let (heap, found) = try_join(Heap::open(space, heap), records::find(space, names, order)).await?;
    let ids: Vec<Vec<u8>> = found.iter().map(|r| r.get(4..).unwrap_or(&[]).to_vec()).collect();
    let objects = heap.objects(&ids).await?;
    objects.iter().map(|bytes| link::decode(space.cursor(bytes, names, "link in a heap"))).collect()
}

impl Old<'_> {
    fn owner(&self) -> u64 {
        self.table.tree
    }

    /// The names.
    async fn names(&self) -> Result<Rc<Bytes>> {
        let address = self.table.heap;
        if let Some(names) = self.space.kept::<Bytes>(self.owner(), address) {
            return Ok(names);
        }
        let header = self.space.read(address, local::header_length(self.space.widths())).await?;
        let header = local::header(self.cursor(&header, address, "local heap"))?;
        let names = self.space.read(header.data, header.size).await?;
        let names = Rc::new(Bytes::copy_from_slice(&names));
        self.space.keep((self.owner(), address), Rc::clone(&names) as _, names.len());
        Ok(names)
    }

    /// Brings what a leaf's links lead to.
    async fn headers(&self, leaf: u64, unless_named: bool, found: &RefCell<Vec<Member>>) -> Result<()> {
        let leaves = self.leaves(&[leaf]).await?;
        if unless_named && self.space.kept::<Bytes>(self.owner(), self.table.heap).is_some() {
            return Ok(());
        }
        let widths = self.space.widths();
        let node = btree1::length(widths, self.k.0, widths.length.into());
        let groups = leaves.iter().flat_map(|leaf| leaf.iter()).any(|symbol| symbol.ahead.is_some());
        let before = if groups && self.space.is_far() { BEFORE } else { 0 };
        let mut wanted = Vec::new();
        for symbol in leaves.iter().flat_map(|leaf| leaf.iter()) {
            let Ok(Target::Hard(address)) = symbol.to else { continue };
            found.borrow_mut().push((address, symbol.ahead));
            let from = address.saturating_sub(before);
            wanted.push((from, address.saturating_sub(from).saturating_add(USUAL)));
            if let Some(SymbolTable { tree, heap }) = symbol.ahead {
                wanted.extend([(tree, node), (heap, local::header_length(widths))]);
            }
        }
        // At the very end of a file they may be shorter.
        wanted.retain(|&(address, len)| self.space.span(address, len).is_ok());
        self.space.read_many(&wanted).await.map(|_| ())
    }

    fn cursor<'b>(&self, bytes: &'b [u8], address: u64, what: &'static str) -> Cursor<'b> {
        self.space.cursor(bytes, address, what)
    }

    fn name<'n>(&self, names: &'n [u8], offset: u64) -> Result<&'n [u8]> {
        local::string(names, offset, &self.cursor(&[], self.table.heap, "local heap"))
    }

    /// Lengths of nodes and leaves are known from the superblock; the last ones of a file may be cut short.
    async fn level<T: 'static>(
        &self,
        addresses: &[u64],
        len: u64,
        decode: impl Fn(Cursor<'_>) -> Result<T>,
        what: &'static str,
    ) -> Result<Vec<Rc<T>>> {
        let end = self.space.len();
        let fits = |&address: &u64| {
            let start = self.cursor(&[], address, what).origin();
            (address, len.min(end.saturating_sub(start)))
        };
        let wanted: Vec<(u64, u64)> = addresses.iter().map(fits).collect();
        let weight = usize::try_from(len).unwrap_or(usize::MAX);
        let decode = |at, bytes: &Bytes| Ok(Decoded(decode(self.cursor(bytes, at, what))?, weight));
        self.space.nodes(self.owner(), &wanted, decode).await
    }

    async fn nodes(&self, addresses: &[u64]) -> Result<Vec<Rc<GroupNode>>> {
        let widths = self.space.widths();
        let len = btree1::length(widths, self.k.0, widths.length.into());
        self.level(addresses, len, btree1::group_node, "B-tree node").await
    }

    async fn leaves(&self, addresses: &[u64]) -> Result<Vec<Rc<Vec<Symbol>>>> {
        let widths = self.space.widths();
        let symbol = SYMBOL.saturating_add(widths.offset.into()).saturating_add(widths.length.into());
        let count = u64::from(self.k.1).saturating_mul(2);
        let len = symbol.saturating_mul(count).saturating_add(8);
        self.level(addresses, len, btree1::leaf, "symbol table node").await
    }

    /// Walks down from the root through the children that `choose` picks out of a node.
    async fn walk(
        &self,
        choose: impl Fn(&GroupNode, &[u8]) -> Result<Vec<u64>>,
    ) -> Result<(Rc<Bytes>, Vec<Rc<Vec<Symbol>>>)> {
        let root = [self.table.tree];
        let (names, mut level) = try_join(self.names(), self.nodes(&root)).await?;
        let mut seen = HashSet::from([self.table.tree]);
        for _ in 0..=self.space.limits().depth {
            let height = level.first().map_or(0, |n| n.level);
            let mut below = Vec::new();
            for node in &level {
                if node.level != height {
                    return Err(self.space.bad(self.table.tree, "a B-tree is not balanced"));
                }
                below.extend(choose(node, &names)?);
            }
            if let Some(&twice) = below.iter().find(|a| !seen.insert(**a)) {
                return Err(self.space.bad(twice, "a B-tree node is met twice"));
            }
            if height == 0 {
                return Ok((names, self.leaves(&below).await?));
            }
            level = self.nodes(&below).await?;
            if level.iter().any(|n| n.level >= height) {
                return Err(self.space.bad(self.table.tree, "a B-tree does not come to its leaves"));
            }
        }
        Err(self.space.bad(self.table.tree, "a B-tree is too deep"))
    }

    fn target(&self, names: &[u8], symbol: &Symbol) -> Result<Target> {
        match &symbol.to {
            Ok(target) => Ok(target.clone()),
            Err(path) => Ok(Target::Soft(link::text(self.name(names, u64::from(*path))?))),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<Found>> {
        let choose = |node: &GroupNode, names: &[u8]| {
            // The child whose greatest name is the first that is not less.
            for (&child, &greatest) in node.children.iter().zip(node.keys.iter().skip(1)) {
                if self.name(names, greatest)? >= name.as_bytes() {
                    return Ok(vec![child]);
                }
            }
            Ok(Vec::new())
        };
        let (names, leaves) = self.walk(choose).await?;
        for symbol in leaves.iter().flat_map(|l| l.iter()) {
            if self.name(&names, symbol.name)? == name.as_bytes() {
                return Ok(Some(Found { to: self.target(&names, symbol)?, ahead: symbol.ahead }));
            }
        }
        Ok(None)
    }

    async fn all(&self) -> Result<Vec<Link>> {
        let (names, leaves) = self.walk(|node, _| Ok(node.children.clone())).await?;
        let mut links = Vec::new();
        for symbol in leaves.iter().flat_map(|l| l.iter()) {
            let name = link::text(self.name(&names, symbol.name)?);
            links.push(Link { name, order: None, to: self.target(&names, symbol)? });
        }
        Ok(links)
    }
}
