//! AnnData objects inside a file: modalities of MuData, tables of SpatialData, groups that somebody put side by side.

use std::cell::Cell;

use serde_json::Value;

use super::below;
use crate::{
    error::{Pending, Result},
    tree::{Group, Node, Tree},
    wait,
};

/// Modalities to look for where neither an attribute nor the host lists them.
const KNOWN_MODALITIES: &[&str] =
    &["rna", "gex", "atac", "prot", "adt", "cite", "hto", "vdj", "airr", "spatial"];
/// Tables likewise: `table` is what SpatialData calls its first one.
const KNOWN_TABLES: &[&str] = &["table"];
/// Objects that are looked at; a file with more is no collection of AnnData, or links to itself.
const MOST: usize = 256;
/// MuData in MuData.
const DEPTH: usize = 4;

/// Paths of the AnnData objects in a file, in the file's order: below `mod` (MuData), below `tables` (SpatialData, at
/// first `table`); where there is neither, the members of the root that have an `obs`. The root itself is not among them.
///
/// # Errors
/// Whatever opening the root says; members that cannot be opened are left out.
pub async fn inside(tree: &dyn Tree) -> Result<Vec<String>> {
    let Some(Node::Group(root)) = tree.open("").await? else { return Ok(Vec::new()) };
    let left = Cell::new(MOST);
    let mut found = Vec::new();
    for (folder, known) in [("mod", KNOWN_MODALITIES), ("tables", KNOWN_TABLES), ("table", KNOWN_TABLES)] {
        found.extend(members(tree, folder, known, DEPTH, &left).await?);
    }
    if found.is_empty() {
        found = with_obs(tree, &root, &tree.names(&root).await?.unwrap_or_default(), 0, &left).await?;
    }
    Ok(found)
}

/// Whether a file is MuData: several AnnData objects under one that has an `obs` as well.
///
/// # Errors
/// As [`Tree::open`].
pub async fn has_modalities(tree: &dyn Tree) -> Result<bool> {
    Ok(matches!(tree.open("mod").await?, Some(Node::Group(_))))
}

/// The AnnData objects below a folder, and those in MuData there.
fn members<'a>(
    tree: &'a dyn Tree,
    folder: &'a str,
    known: &'a [&'a str],
    depth: usize,
    left: &'a Cell<usize>,
) -> Pending<'a, Vec<String>> {
    Box::pin(async move {
        let Ok(Some(Node::Group(group))) = tree.open(folder).await else { return Ok(Vec::new()) };
        let ordered = group.attrs.get("mod-order").and_then(Value::as_array);
        let ordered: Vec<String> =
            ordered.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let names = match tree.names(&group).await {
            // The order is the file's, members that it forgets come last.
            Ok(Some(listed)) => {
                let rest: Vec<String> = listed.into_iter().filter(|name| !ordered.contains(name)).collect();
                [ordered, rest].concat()
            }
            _ if !ordered.is_empty() => ordered,
            _ => known.iter().map(|&name| name.to_owned()).collect(),
        };
        with_obs(tree, &group, &names, depth, left).await
    })
}

/// Those members of a group that have an `obs`.
async fn with_obs(
    tree: &dyn Tree,
    group: &Group,
    names: &[String],
    depth: usize,
    left: &Cell<usize>,
) -> Result<Vec<String>> {
    let paths: Vec<String> = names.iter().take(left.get()).map(|name| below(&group.path, name)).collect();
    left.set(left.get().saturating_sub(paths.len()));
    let looked = wait::all(paths.iter().map(|path| async {
        // What cannot be opened is no AnnData: one damaged neighbour hides nobody.
        let is_group = matches!(tree.open(path).await, Ok(Some(Node::Group(_))));
        is_group && matches!(tree.open(&below(path, "obs")).await, Ok(Some(_)))
    }))
    .await;
    let mut found = Vec::new();
    for path in paths.into_iter().zip(looked).filter_map(|(path, has)| has.then_some(path)) {
        let deeper = below(&path, "mod");
        let nested = match depth.checked_sub(1) {
            Some(depth) => members(tree, &deeper, &[], depth, left).await?,
            None => Vec::new(),
        };
        if nested.is_empty() { found.push(path) } else { found.extend(nested) }
    }
    Ok(found)
}
