//! Metadata documents that are already here: consolidated ones, and those that came with a listing.

use std::{collections::HashMap, rc::Rc};

use serde_json::{Map, Value};

use super::{json::attributes, keys::folder, meta2, meta3};
use crate::{array::Attrs, error::Result};

/// What describes a node.
#[derive(Clone, Debug)]
pub(super) enum Document {
    /// `.zarray` and `.zattrs`.
    Array2(Rc<Map<String, Value>>, Attrs),
    /// `.zattrs` beside a `.zgroup`.
    Group2(Attrs),
    /// `zarr.json`.
    Three(Rc<Map<String, Value>>),
}

/// Documents by path.
#[derive(Debug, Default)]
pub(super) struct Index {
    documents: HashMap<String, Document>,
    /// Children by group, in the order of the document that lists them, for groups whose children are all known.
    children: HashMap<String, Vec<String>>,
}

impl Index {
    /// The document of a path.
    pub(super) fn get(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }

    /// Adds the document of a path; a v3 group brings those of all nodes below it, if it is consolidated.
    pub(super) fn add(&mut self, path: &str, document: Document) {
        if let Document::Three(group) = &document {
            let consolidated = group.get("consolidated_metadata").and_then(|c| c.get("metadata"));
            if let Some(below) = consolidated.and_then(Value::as_object).filter(|below| !below.is_empty()) {
                let all = below.iter().filter_map(|(name, value)| {
                    let value = value.as_object()?;
                    Some((format!("{}{name}", folder(path)), Document::Three(Rc::new(value.clone()))))
                });
                self.consolidate(path, all.collect());
            }
        }
        self.documents.insert(path.to_owned(), document);
    }

    /// Takes a v2 `.zmetadata` document apart.
    pub(super) fn add_v2(&mut self, document: &Map<String, Value>) {
        let Some(entries) = document.get("metadata").and_then(Value::as_object) else { return };
        let mut all = Vec::new();
        for (key, value) in entries {
            let (path, name) = key.rsplit_once('/').unwrap_or(("", key));
            let attrs = || attributes(entries.get(&format!("{}.zattrs", folder(path))));
            match (name, value.as_object()) {
                (".zarray", Some(array)) => {
                    all.push((path.to_owned(), Document::Array2(Rc::new(array.clone()), attrs())));
                }
                (".zgroup", _) => all.push((path.to_owned(), Document::Group2(attrs()))),
                _ => {}
            }
        }
        self.consolidate("", all);
    }

    /// Documents of everything below a path.
    fn consolidate(&mut self, root: &str, all: Vec<(String, Document)>) {
        self.children.insert(root.to_owned(), Vec::new());
        for (path, document) in all {
            if !matches!(document, Document::Array2(..)) && path != root {
                self.children.entry(path.clone()).or_default();
            }
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if path != root {
                let names = self.children.entry(parent.to_owned()).or_default();
                names.push(name.to_owned());
            }
            self.documents.insert(path, document);
        }
    }

    /// Notes the children of a group that a listing found.
    pub(super) fn list(&mut self, path: &str, names: Vec<String>) {
        self.children.insert(path.to_owned(), names);
    }

    /// Children of a group, where all are known.
    pub(super) fn names(&self, path: &str) -> Option<&[String]> {
        self.children.get(path).map(Vec::as_slice)
    }

    /// Whether there cannot be anything at a path because the children of a group above it are known.
    pub(super) fn excludes(&self, path: &str) -> bool {
        let mut below = path;
        while !below.is_empty() {
            let (parent, name) = below.rsplit_once('/').unwrap_or(("", below));
            if let Some(names) = self.children.get(parent) {
                return !names.iter().any(|known| known == name);
            }
            below = parent;
        }
        false
    }
}

impl Document {
    /// Checks a group's document and gives its attributes; `None` for an array.
    pub(super) fn group(&self) -> Result<Option<Attrs>> {
        Ok(match self {
            Self::Array2(..) => None,
            Self::Group2(attrs) => Some(attrs.clone()),
            Self::Three(document) => match meta3::node_type(document)? {
                meta3::NodeType::Array => None,
                meta3::NodeType::Group => Some(attributes(document.get("attributes"))),
            },
        })
    }

    /// The array that it describes.
    pub(super) fn array(&self, path: &str) -> Result<(crate::array::Array, super::Layout)> {
        match self {
            Self::Array2(document, attrs) => meta2::array(path, document, attrs.clone()),
            Self::Three(document) => meta3::array(path, document),
            Self::Group2(_) => Err(crate::error::Error::malformed("is a group")),
        }
    }
}
