//! Zarr stores whose documents are made up: files one after another, cut at NULs into key, content, key, content.

use std::{collections::BTreeMap, rc::Rc};

use bytes::Bytes;
use cellucid_wasm::{
    native::block_on,
    source::memory::Folder,
    tree::{self, Node, Tree},
    zarr::Zarr,
};

/// Opens a store, walks it and reads what is in it.
pub fn zarr_meta(data: &[u8]) {
    let mut parts = data.split(|&b| b == 0);
    let mut files = BTreeMap::new();
    while let (Some(key), Some(content)) = (parts.next(), parts.next()) {
        files.insert(String::from_utf8_lossy(key).into_owned(), Bytes::copy_from_slice(content));
    }
    block_on(walk(Folder::new("fuzz.zarr", files)));
}

async fn walk(folder: Folder) {
    let Ok(store) = Zarr::open(Rc::new(folder), super::limits()).await else { return };
    let mut paths = vec![String::new()];
    for _ in 0..20 {
        let Some(path) = paths.pop() else { return };
        match store.open(&path).await {
            Ok(Some(Node::Group(group))) => {
                let names = store.names(&group).await.ok().flatten().unwrap_or_default();
                let below = |name| if path.is_empty() { name } else { format!("{path}/{name}") };
                paths.extend(names.into_iter().take(10).map(below).filter(|p| p.matches('/').count() < 4));
            }
            Ok(Some(Node::Array(array))) => {
                // A store of keys that are not there is asked for each of them: only few are of use here.
                let grid = cellucid_wasm::array::grid(&array.shape, &array.chunk);
                if grid.iter().fold(1_u64, |n, &g| n.saturating_mul(g)) <= 4096 {
                    let _ = tree::read_all(&store, &array).await;
                }
            }
            _ => {}
        }
    }
}
