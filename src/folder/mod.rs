//! An export folder that is there already: its files as they are, after a look at its identity
//! (specification: section 12).
//!
//! The files may be quantised or compressed; the manifests say so, and whoever asks for a file knows from them what it
//! gets. Several folders below one root are told apart by `datasets.json`.

mod documents;

use std::rc::Rc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{
    error::{Error, Kind, Result},
    export::VERSION,
    limits::Limits,
    source::{KeyedSource, Part},
    wait,
};
pub use documents::parse;
use documents::{document, files, strings};

/// The document that makes a folder a data set.
pub const IDENTITY: &str = "dataset_identity.json";
/// The document that lists several of them.
pub const LIST: &str = "datasets.json";

/// Manifests of columns and of genes.
const OBS: &str = "obs_manifest.json";
const VAR: &str = "var_manifest.json";

/// A data set of several below one root, as `datasets.json` lists it.
struct Listed {
    id: String,
    /// Ends in `/`.
    path: String,
    name: String,
}

/// An export folder.
pub struct Folder {
    store: Rc<dyn KeyedSource>,
    /// All data sets of the root, where there are several.
    listed: Vec<Listed>,
    /// `""` or ending in `/`.
    prefix: String,
    identity: Map<String, Value>,
    paths: Vec<String>,
    limits: Limits,
}

impl Folder {
    /// Whether a store looks like an export folder, or like a root of several.
    ///
    /// # Errors
    /// `Source` when it cannot be read.
    pub async fn is_one(store: &dyn KeyedSource) -> Result<bool> {
        let wanted = [IDENTITY, LIST].map(|name| (name.to_owned(), Part::All));
        Ok(store.get_many(&wanted).await?.iter().any(Option::is_some))
    }

    /// What to say of a folder that could not be opened as anything: perhaps it is half of an export.
    pub async fn half(store: &dyn KeyedSource, error: Error) -> Error {
        let listed = store.list("").await.ok().flatten().unwrap_or_default();
        if error.kind != Kind::Missing || !listed.iter().any(|name| name == OBS || name == VAR) {
            return error;
        }
        Error::missing(format!("is an export folder without {IDENTITY}, which is written last")).in_file(store.name()).hint(
            "the export was interrupted: repeat the command that wrote it; or the file was lost: export the data again",
        )
    }

    /// Opens a folder. Where several lie below one root, `id` says which; by default the one that the list names.
    ///
    /// # Errors
    /// `Missing` when there is neither an identity nor a list, `Malformed` when a document is not what it should be.
    pub async fn open(store: Rc<dyn KeyedSource>, id: Option<&str>, limits: &Limits) -> Result<Self> {
        let name = store.name().to_owned();
        Self::open_at(store, id, limits).await.map_err(|e| e.in_file(name))
    }

    async fn open_at(store: Rc<dyn KeyedSource>, id: Option<&str>, limits: &Limits) -> Result<Self> {
        let (prefix, listed) = match store.get(IDENTITY, Part::All).await? {
            Some(_) => (String::new(), Vec::new()),
            None => prefix(&*store, id, limits).await?,
        };
        let identity = document(&*store, &prefix, IDENTITY, limits).await?;
        let identity = identity.ok_or_else(|| {
            Error::missing(format!("there is no {prefix}{IDENTITY}"))
                .hint("choose a folder that cellucid exported")
        })?;
        let names = [OBS, VAR, "connectivity_manifest.json"];
        let manifests = wait::all(names.map(|name| document(&*store, &prefix, name, limits))).await;
        let mut paths = vec![IDENTITY.to_owned()];
        for (name, manifest) in names.into_iter().zip(manifests) {
            if let Some(manifest) = manifest? {
                paths.push(name.to_owned());
                paths.extend(files(&manifest));
            }
        }
        paths.extend(strings(&identity, &["embeddings", "files"]));
        let fields = identity.get("vector_fields").and_then(|v| v.get("fields")).and_then(Value::as_object);
        for field in fields.into_iter().flat_map(Map::values).filter_map(Value::as_object) {
            paths.extend(strings(field, &["files"]));
        }
        Ok(Self { store, listed, prefix, identity, paths, limits: *limits })
    }

    /// Folder name or URL.
    pub fn name(&self) -> &str {
        self.store.name()
    }

    /// The data set's id.
    pub fn id(&self) -> &str {
        self.identity.get("id").and_then(Value::as_str).unwrap_or("")
    }

    /// Folders of all data sets below the root, each ending in `/`; none where there is only one.
    pub fn folders(&self) -> Vec<String> {
        self.listed.iter().map(|one| one.path.clone()).collect()
    }

    /// The data set's name, for people.
    pub fn title(&self) -> &str {
        self.identity.get("name").and_then(Value::as_str).unwrap_or_else(|| self.id())
    }

    /// Every file that the manifests name.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// A file as it is; `None` when there is none of that path. Below a root, paths that begin with another data set's folder lead
    /// there.
    ///
    /// # Errors
    /// `Source` when it cannot be read; `Request` for a path that leads out of the folder.
    pub async fn file(&self, path: &str) -> Result<Option<Bytes>> {
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Error::request(format!("\"{path}\" is no path in the folder")).in_file(self.name()));
        }
        let elsewhere = path == LIST || self.listed.iter().any(|other| path.starts_with(&other.path));
        let prefix = if elsewhere && !self.prefix.is_empty() { "" } else { &self.prefix };
        self.store.get(&format!("{prefix}{path}"), Part::All).await
    }

    /// The manifest of obs with one column's row only, as [`crate::export::Export`] makes it; `None` when there is no such column.
    ///
    /// # Errors
    /// As [`document`](Self::document).
    pub async fn field(&self, name: &str) -> Result<Option<Value>> {
        let Some(mut manifest) = self.document(OBS).await? else { return Ok(None) };
        let mut left = 1;
        for list in ["_continuousFields", "_categoricalFields"] {
            let Some(rows) = manifest.get_mut(list).and_then(Value::as_array_mut) else { continue };
            rows.retain(|row| {
                let key = row.get(0).and_then(Value::as_str);
                let wanted = left > 0 && key.is_some_and(|key| crate::export::safe(key) == name);
                left -= i32::from(wanted);
                wanted
            });
        }
        Ok((left == 0).then_some(Value::Object(manifest)))
    }

    /// A service document, as the reference answers for a folder (specification: section 11); `None` for other paths.
    pub fn service(&self, path: &str) -> Option<Value> {
        let entry = |id: &str, path: &str, name: &str| json!({"id": id, "path": path, "name": name});
        match path {
            "_cellucid/health" => Some(json!({"status": "ok", "type": "exported", "version": VERSION})),
            "_cellucid/info" => {
                Some(json!({"version": VERSION, "host": "127.0.0.1", "port": 0, "mode": "standalone"}))
            }
            "_cellucid/datasets" if self.listed.is_empty() => {
                let name = self.identity.get("name").and_then(Value::as_str).unwrap_or("");
                Some(json!({"datasets": [entry(self.id(), "/", name)]}))
            }
            "_cellucid/datasets" => {
                let all = self.listed.iter().map(|one| entry(&one.id, &format!("/{}", one.path), &one.name));
                Some(json!({"datasets": all.collect::<Vec<_>>()}))
            }
            _ => None,
        }
    }

    /// One of its JSON documents; `None` when it is not there. What JSON cannot say, such as NaN, is null.
    ///
    /// # Errors
    /// `Malformed` when it is no JSON object.
    pub async fn document(&self, path: &str) -> Result<Option<Map<String, Value>>> {
        document(&*self.store, &self.prefix, path, &self.limits).await
    }

    /// What is in it, in the words of [`crate::export::Export::describe`].
    pub fn describe(&self) -> Value {
        let stat = |name: &str| self.identity.get("stats").and_then(|s| s.get(name)).cloned();
        let embeddings = self.identity.get("embeddings");
        let dims = embeddings.and_then(|e| e.get("available_dimensions")).and_then(Value::as_array);
        let shown: Vec<Value> = dims
            .into_iter()
            .flatten()
            .map(|dim| {
                let file = embeddings.and_then(|e| e.get("files")).and_then(|f| f.get(format!("{dim}d")));
                json!({"dim": dim, "key": format!("points_{dim}d"), "file": file})
            })
            .collect();
        let fields =
            self.identity.get("vector_fields").and_then(|v| v.get("fields")).and_then(Value::as_object);
        json!({
            "format": "export",
            "name": self.identity.get("name"),
            "id": self.id(),
            "source": self.name(),
            "n_obs": stat("n_cells"),
            "n_vars": stat("n_genes"),
            "x": null,
            "obs": self.identity.get("obs_fields"),
            "var": [],
            "obsm": [],
            "embeddings": shown,
            "has_connectivity": stat("has_connectivity"),
            "vector_fields": fields.map(|f| f.keys().collect::<Vec<_>>()).unwrap_or_default(),
            "skipped": [],
        })
    }
}

/// The folder of a data set below a root, and all of them.
async fn prefix(store: &dyn KeyedSource, id: Option<&str>, limits: &Limits) -> Result<(String, Vec<Listed>)> {
    let list = document(store, "", LIST, limits).await?.ok_or_else(|| {
        Error::missing(format!("is no export folder: there is neither {IDENTITY} nor {LIST}"))
            .hint("choose a folder that cellucid exported")
    })?;
    let entries: Vec<&Map<String, Value>> = list
        .get("datasets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect();
    let text =
        |entry: &Map<String, Value>, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let wanted = id.map(str::to_owned).or_else(|| text(&list, "default"));
    let chosen = match &wanted {
        Some(id) => entries
            .iter()
            .find(|e| text(e, "id").as_ref() == Some(id) || text(e, "path").as_ref() == Some(id)),
        None => entries.first(),
    };
    let path = chosen.and_then(|entry| text(entry, "path")).ok_or_else(|| {
        let ids: Vec<String> = entries.iter().filter_map(|e| text(e, "id")).collect();
        Error::missing(format!("{LIST} has no data set {:?}; it has {ids:?}", wanted.unwrap_or_default()))
            .at(LIST)
    })?;
    let inside = |path: &str| {
        let path = path.trim_matches('/');
        let fine = !path.split('/').any(|part| matches!(part, "" | "." | ".."));
        fine.then(|| format!("{path}/"))
    };
    let Some(prefix) = inside(&path) else {
        return Err(Error::malformed(format!("the path {path:?} leads out of the folder")).at(LIST));
    };
    let listed = entries.iter().filter_map(|entry| {
        let id = text(entry, "id")?;
        let name = text(entry, "name").unwrap_or_else(|| id.clone());
        Some(Listed { path: inside(&text(entry, "path")?)?, id, name })
    });
    Ok((prefix, listed.collect()))
}
