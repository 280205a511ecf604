//! Zarr stores of versions 2 and 3 as a [`Tree`].
//!
//! Metadata documents become arrays and groups here; chunks of shards are found through their indexes; everything else
//! (selecting, decoding, scattering) is shared with HDF5. Nothing is written.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod codecs;
mod dtype;
mod fetch;
mod fill;
mod index;
mod json;
mod keys;
mod locate;
mod meta2;
mod meta3;
mod shard;

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use bytes::Bytes;

use crate::{
    array::Array,
    error::{Error, Pending, Result},
    host,
    limits::Limits,
    order,
    source::{Identity, KeyedSource, Part},
    tree::{Group, Node, Stored, Tree},
};
use index::{Document, Index};
use keys::{Keys, folder};
use shard::Level;

/// Version of a store, by which files it is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Two,
    Three,
}

/// Where an array's chunks are.
#[derive(Debug)]
struct Layout {
    keys: Keys,
    /// Shards in shards, outermost first.
    levels: Vec<Level>,
}

/// An open store.
pub struct Zarr {
    store: Rc<dyn KeyedSource>,
    limits: Limits,
    version: Version,
    index: RefCell<Index>,
    nodes: RefCell<HashMap<String, Node>>,
    /// By the number that arrays carry as their id.
    layouts: RefCell<Vec<Rc<Layout>>>,
    shards: RefCell<locate::Shards>,
}

impl Zarr {
    /// Opens the store whose root is the root of a source.
    ///
    /// # Errors
    /// `Missing` when there is no metadata, with what was looked for; `Malformed` when they are damaged.
    pub async fn open(store: Rc<dyn KeyedSource>, limits: Limits) -> Result<Self> {
        let name = store.name().to_owned();
        Self::open_root(store, limits).await.map_err(|e| e.in_file(name))
    }

    async fn open_root(store: Rc<dyn KeyedSource>, limits: Limits) -> Result<Self> {
        let wanted =
            ["zarr.json", ".zmetadata", ".zgroup", ".zarray", ".zattrs"].map(|k| (k.into(), Part::All));
        let found = store.get_many(&wanted).await?;
        let [three, consolidated, group, array, attrs] = <[_; 5]>::try_from(found)
            .map_err(|_| Error::source("the source answers for another number of keys"))?;
        let mut index = Index::default();
        let version = if let Some(three) = three {
            let document = json::parse(&three, &limits, "zarr.json")?;
            index.add("", Document::Three(Rc::new(document)));
            Version::Three
        } else if let Some(document) = two(&limits, "", group, array, attrs)? {
            if let Some(consolidated) = consolidated {
                index.add_v2(&json::parse(&consolidated, &limits, ".zmetadata")?);
            }
            index.add("", document);
            Version::Two
        } else {
            return Err(nothing(store.as_ref()).await);
        };
        Ok(Self {
            store,
            limits,
            version,
            index: RefCell::new(index),
            nodes: RefCell::default(),
            layouts: RefCell::default(),
            shards: RefCell::default(),
        })
    }

    async fn open_node(&self, path: &str) -> Result<Option<Node>> {
        let path = path.trim_matches('/');
        if let Some(node) = self.nodes.borrow().get(path) {
            return Ok(Some(node.clone()));
        }
        // A key is no path of a file system: nothing leads up or nowhere.
        if !path.is_empty() && path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Ok(None);
        }
        let known = self.index.borrow().get(path).cloned();
        let document = match known {
            Some(document) => document,
            None if self.index.borrow().excludes(path) => return Ok(None),
            None => {
                let wanted = self.documents(path);
                let found = self.store.get_many(&wanted).await?;
                match self.parse(path, found)? {
                    Some(document) => {
                        self.index.borrow_mut().add(path, document.clone());
                        document
                    }
                    None => return Ok(None),
                }
            }
        };
        let node = self.node(path, &document).map_err(|e| e.at(path))?;
        self.nodes.borrow_mut().insert(path.to_owned(), node.clone());
        Ok(Some(node))
    }

    /// The files that describe a node.
    fn documents(&self, path: &str) -> Vec<(String, Part)> {
        let names: &[&str] = match self.version {
            Version::Two => &[".zgroup", ".zarray", ".zattrs"],
            Version::Three => &["zarr.json"],
        };
        names.iter().map(|name| (format!("{}{name}", folder(path)), Part::All)).collect()
    }

    fn parse(&self, path: &str, found: Vec<Option<Bytes>>) -> Result<Option<Document>> {
        let mut found = found.into_iter();
        let mut next = || found.next().flatten();
        match self.version {
            Version::Two => two(&self.limits, path, next(), next(), next()),
            Version::Three => match next() {
                Some(text) => {
                    let document = json::parse(&text, &self.limits, &format!("{}zarr.json", folder(path)))?;
                    Ok(Some(Document::Three(Rc::new(document))))
                }
                None => Ok(None),
            },
        }
    }

    fn node(&self, path: &str, document: &Document) -> Result<Node> {
        if let Some(attrs) = document.group()? {
            return Ok(Node::Group(Rc::new(Group { path: path.to_owned(), id: 0, attrs })));
        }
        let (mut array, layout) = document.array(path)?;
        let mut layouts = self.layouts.borrow_mut();
        array.id = layouts.len() as u64;
        layouts.push(Rc::new(layout));
        Ok(Node::Array(Rc::new(array)))
    }

    async fn children(&self, group: &Group) -> Result<Option<Vec<String>>> {
        if let Some(names) = self.index.borrow().names(&group.path) {
            return Ok(Some(names.to_vec()));
        }
        let Some(listed) = self.store.list(&folder(&group.path)).await? else { return Ok(None) };
        let names: Vec<String> =
            listed.iter().filter_map(|name| name.strip_suffix('/')).map(str::to_owned).collect();
        if names.len() > self.limits.items {
            return Err(Error::limit(format!("group of {} members", names.len())));
        }
        // As writers of consolidated metadata sort.
        let mut names: Vec<(String, String)> =
            names.into_iter().map(|name| (host::lower(&name), name)).collect();
        order::sort_by(&mut names, Ord::cmp);
        let names: Vec<String> = names.into_iter().map(|(_, name)| name).collect();
        // A folder is a member if something describes it; what does will be wanted next.
        let paths: Vec<String> = names.iter().map(|name| format!("{}{name}", folder(&group.path))).collect();
        let wanted: Vec<_> = paths.iter().flat_map(|path| self.documents(path)).collect();
        let each = wanted.len().checked_div(paths.len()).unwrap_or(1);
        let found = self.store.get_many(&wanted).await?;
        let mut members = Vec::new();
        for ((name, path), found) in names.into_iter().zip(&paths).zip(found.chunks(each.max(1))) {
            // A member that is damaged is a member: opening it says so.
            match self.parse(path, found.to_vec()) {
                Ok(None) => continue,
                Ok(Some(document)) => {
                    if self.index.borrow().get(path).is_none() {
                        self.index.borrow_mut().add(path, document);
                    }
                }
                Err(_) => {}
            }
            members.push(name);
        }
        self.index.borrow_mut().list(&group.path, members.clone());
        Ok(Some(members))
    }
}

/// A v2 node from what its files hold.
fn two(
    limits: &Limits,
    path: &str,
    group: Option<Bytes>,
    array: Option<Bytes>,
    attrs: Option<Bytes>,
) -> Result<Option<Document>> {
    let parse = |text: &Bytes, name: &str| json::parse(text, limits, &format!("{}{name}", folder(path)));
    let attrs = || attrs.as_ref().map_or(Ok(Default::default()), |text| parse(text, ".zattrs"));
    if let Some(text) = array {
        return Ok(Some(Document::Array2(Rc::new(parse(&text, ".zarray")?), attrs()?)));
    }
    let Some(text) = group else { return Ok(None) };
    meta2::version(&parse(&text, ".zgroup")?).map_err(|e| e.at(path))?;
    Ok(Some(Document::Group2(attrs()?)))
}

/// Why a source is no store, from what else is in it.
async fn nothing(store: &dyn KeyedSource) -> Error {
    let error = Error::missing("is no Zarr store: there is neither a zarr.json nor a .zgroup in it");
    let listed = store.list("").await.ok().flatten().unwrap_or_default();
    if let Some(inner) = listed.iter().find(|name| name.ends_with(".zarr/")) {
        return error.hint(format!("open the folder \"{}\" inside it", inner.trim_end_matches('/')));
    }
    let file = |ends: &[&str]| listed.iter().find(|name| ends.iter().any(|end| name.ends_with(end)));
    if let Some(file) = file(&[".h5ad", ".h5mu", ".h5", ".zarr.zip"]) {
        return error.hint(format!("open the file \"{file}\" inside it"));
    }
    for folder in listed.iter().filter(|name| name.ends_with('/')).take(64) {
        let wanted = ["zarr.json", ".zgroup"].map(|name| (format!("{folder}{name}"), Part::All));
        if store.get_many(&wanted).await.is_ok_and(|found| found.iter().any(Option::is_some)) {
            let folder = folder.trim_end_matches('/');
            return error
                .hint(format!("open the folder \"{folder}\" inside it, or the one that was copied here"));
        }
    }
    let chunk = |name: &String| name.starts_with(|c: char| c.is_ascii_digit()) || name == "c/";
    if !listed.is_empty() && listed.iter().all(chunk) {
        return error.hint(
            "it looks like the inside of an array: open the folder of the whole store, some folders up",
        );
    }
    let lead = "choose the folder that holds zarr.json or .zgroup, usually called something.zarr";
    match listed.get(..listed.len().min(5)) {
        None | Some([]) => error.hint(lead),
        Some(some) => error.hint(format!("{lead}; this one holds {}", some.join(", "))),
    }
}

impl Tree for Zarr {
    fn name(&self) -> &str {
        self.store.name()
    }

    fn format(&self) -> &'static str {
        "zarr"
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn identity(&self) -> Option<Identity> {
        self.store.identity()
    }

    fn is_far(&self) -> bool {
        self.store.is_far()
    }

    fn seconds(&self, bytes: u64) -> Option<f64> {
        self.store.seconds(bytes)
    }

    fn open<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Node>> {
        Box::pin(async move { self.open_node(path).await.map_err(|e| e.in_file(self.name())) })
    }

    fn names<'a>(&'a self, group: &'a Group) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(
            async move { self.children(group).await.map_err(|e| e.at(&group.path).in_file(self.name())) },
        )
    }

    fn locate<'a>(&'a self, array: &'a Array, chunks: &'a [u64]) -> Pending<'a, Vec<Stored>> {
        Box::pin(self.find(array, chunks))
    }

    fn fetch<'a>(&'a self, stored: &'a [Stored]) -> Pending<'a, Vec<Option<Bytes>>> {
        Box::pin(fetch::merged(self.store.as_ref(), stored))
    }
}
