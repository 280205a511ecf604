//! The data sets that are served: one, or all that lie below a folder, each opened when it is first asked for.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use cellucid_wasm::{
    Result,
    export::{dataset_name, safe},
};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::dataset::Dataset;
use crate::{args::Reading, fault::Fault};

/// How deep below a folder data sets are looked for, and how many are listed.
const DEEP: usize = 4;
const MOST: usize = 1000;
/// Most data sets open at a time: each holds a thread, its headers and its caches.
const OPEN: usize = 8;

/// Data sets by id.
pub struct Catalog {
    entries: Vec<Entry>,
    reading: Reading,
    /// Those that are open, the one used last at the end.
    open: Mutex<Vec<Arc<Dataset>>>,
}

/// A data set that may be opened.
pub struct Entry {
    /// Its id, also the first part of its paths.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its place below the folder, with `/` between its parts; empty for the only one.
    pub place: String,
    source: String,
}

impl Catalog {
    /// One data set, open already.
    pub fn only(dataset: Dataset, reading: &Reading) -> Self {
        let entry = Entry {
            id: dataset.id.clone(),
            name: dataset.name.clone(),
            place: String::new(),
            source: dataset.source.clone(),
        };
        let open = Mutex::new(vec![Arc::new(dataset)]);
        Self { entries: vec![entry], reading: reading.clone(), open }
    }

    /// All below a folder, in the order of their names. None is opened.
    pub fn below(folder: &Path, reading: &Reading) -> Self {
        let mut found = Vec::new();
        find(folder, "", DEEP, &mut found);
        found.sort();
        let mut entries: Vec<Entry> = Vec::new();
        for place in found {
            let path = folder.join(&place);
            let file = place.rsplit('/').next().unwrap_or(&place);
            let name = dataset_name(file, path.is_dir());
            let mut id = safe(&name);
            // Paths of the page and of the data must not be hidden by a data set of that name.
            let taken = |id: &str| {
                matches!(id, "data" | "pkg" | "obs" | "var" | "connectivity" | "vectors" | "_cellucid")
                    || entries.iter().any(|entry| entry.id == id)
            };
            for count in 2.. {
                if !taken(&id) {
                    break;
                }
                id = format!("{}-{count}", safe(&name));
            }
            entries.push(Entry { id, name, source: path.display().to_string(), place });
        }
        let reading = Reading { dataset_name: None, dataset_id: None, ..reading.clone() };
        Self { entries, reading, open: Mutex::default() }
    }

    /// What there is.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The only data set, where there is just one.
    pub fn single(&self) -> Option<&Entry> {
        match self.entries.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Folders of the data sets of the root that is served, where it is one that was named.
    pub fn listed(&self) -> Vec<String> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.first().filter(|_| self.entries.len() == 1).map_or(Vec::new(), |only| only.listed.clone())
    }

    /// The data set whose id stands in front of a path, and the rest.
    pub fn split<'p>(&self, path: &'p str) -> Option<(&Entry, &'p str)> {
        let (first, rest) = path.split_once('/')?;
        self.entries.iter().find(|entry| entry.id == first).map(|entry| (entry, rest))
    }

    /// A data set, opened if need be; the one that was used longest ago is closed instead when too many are open.
    pub async fn open(&self, entry: &Entry) -> std::result::Result<Arc<Dataset>, Fault> {
        {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = open.iter().position(|dataset| dataset.source == entry.source) {
                let dataset = open.remove(at);
                open.push(Arc::clone(&dataset));
                return Ok(dataset);
            }
        }
        let (source, mut reading) = (entry.source.clone(), self.reading.clone());
        reading.dataset_id = Some(entry.id.clone());
        let opened: std::result::Result<Dataset, Fault> =
            match spawn_blocking(move || Dataset::open(&source, &reading).map_err(Fault::from)).await {
                Ok(opened) => opened,
                Err(error) => Err(cellucid_wasm::Error::source(format!("opening it failed: {error}")).into()),
            };
        let dataset = Arc::new(opened?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(twin) = open.iter().find(|twin| twin.source == dataset.source) {
            return Ok(Arc::clone(twin));
        }
        if open.len() >= OPEN {
            open.remove(0);
        }
        open.push(Arc::clone(&dataset));
        Ok(dataset)
    }

    /// The service documents of several data sets (specification: sections 11 and 12.5); `None` for other names.
    pub fn document(&self, name: &str, host: &str, port: u16) -> Option<Value> {
        let version = "0.0.9";
        Some(match name {
            "_cellucid/health" => json!({"status": "ok", "type": "exported", "version": version}),
            "_cellucid/info" => {
                json!({"version": version, "host": host, "port": port, "mode": "standalone"})
            }
            "_cellucid/datasets" => {
                let all = self.entries.iter();
                let all = all.map(|e| json!({"id": e.id, "path": format!("/{}/", e.id), "name": e.name}));
                json!({"datasets": all.collect::<Vec<_>>()})
            }
            "datasets.json" => {
                let all = self.entries.iter();
                let all = all.map(|e| json!({"id": e.id, "path": format!("{}/", e.id), "name": e.name}));
                let default = self.entries.first().map(|entry| entry.id.as_str());
                json!({"version": 1, "default": default, "datasets": all.collect::<Vec<_>>()})
            }
            _ => return None,
        })
    }

    /// The list that our own page offers: addresses below `data/`.
    pub fn list(&self) -> Value {
        let entries = self.entries.iter().filter(|entry| !entry.place.is_empty());
        let url = |entry: &Entry| format!("data/{}", super::encode(&entry.place));
        json!({"datasets": entries.map(|e| json!({"name": e.name, "url": url(e)})).collect::<Vec<_>>()})
    }
}

/// Data sets below a folder by their looks: files of our formats, stores, export folders. Links are followed as far as the depth goes.
fn find(folder: &Path, above: &str, deep: usize, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut folders: Vec<(PathBuf, String)> = Vec::new();
    for entry in entries.filter_map(std::result::Result::ok) {
        // Names that are no text cannot be asked for.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || found.len() >= MOST {
            continue;
        }
        let place = if above.is_empty() { name.clone() } else { format!("{above}/{name}") };
        let path = entry.path();
        if path.is_dir() {
            let holds = |document: &str| path.join(document).is_file();
            let store = ["zarr.json", ".zgroup", ".zmetadata", "dataset_identity.json", "datasets.json"]
                .into_iter()
                .any(holds);
            if store {
                found.push(place);
            } else {
                folders.push((path, place));
            }
        } else if [".h5ad", ".zarr.zip"].iter().any(|ending| name.to_ascii_lowercase().ends_with(ending)) {
            found.push(place);
        }
    }
    if deep > 1 {
        for (path, place) in folders {
            find(&path, &place, deep - 1, found);
        }
    }
}

/// Opens a data set that is named on the command line, at once: what is wrong with it is said before anything is served.
pub fn open_now(source: &str, reading: &Reading) -> Result<Catalog> {
    Ok(Catalog::only(Dataset::open(source, reading)?, reading))
}
