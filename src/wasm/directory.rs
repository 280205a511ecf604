//! Local folders: a directory handle, or a list of files that a drop or an `<input webkitdirectory>` gave.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use bytes::Bytes;
use js_sys::{Array, AsyncIterator, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FileSystemDirectoryHandle, FileSystemFileHandle};

use super::{
    blob::{BlobSource, Watch, changed},
    error::{from_local, name_of},
    meter::Meter,
    together,
};
use crate::{
    error::{Pending, Result},
    order,
    source::{Identity, KeyedSource, Part, memory::children},
};

const PARALLEL: usize = 16;

/// A folder that the user chose or dropped, as the File System API hands it out. Also the origin's private file system.
pub struct Directory {
    name: String,
    root: FileSystemDirectoryHandle,
    /// Folders met so far: walking to a chunk again and again would cost more than reading it.
    folders: RefCell<HashMap<String, FileSystemDirectoryHandle>>,
    /// The first file that was read, a document of the store, and what it was: whoever writes the store anew writes it anew, too.
    first: RefCell<Option<(FileSystemFileHandle, Stamp)>>,
    meter: Rc<Meter>,
}

/// Size and time of the last change.
type Stamp = (f64, f64);

impl Directory {
    /// Reads below a handle.
    pub fn new(name: String, root: FileSystemDirectoryHandle, meter: Rc<Meter>) -> Self {
        Self { name, root, folders: RefCell::default(), first: RefCell::default(), meter }
    }

    /// The handle of a folder (`""` for the root); `None` when there is none.
    async fn folder(&self, path: &str) -> Result<Option<FileSystemDirectoryHandle>> {
        let mut handle = self.root.clone();
        let mut done = String::new();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            done = if done.is_empty() { name.to_owned() } else { format!("{done}/{name}") };
            let known = self.folders.borrow().get(&done).cloned();
            handle = match known {
                Some(folder) => folder,
                None => {
                    let found = present(JsFuture::from(handle.get_directory_handle(name)).await)?;
                    let Some(folder) = found.and_then(|f| f.dyn_into::<FileSystemDirectoryHandle>().ok())
                    else {
                        return Ok(None);
                    };
                    self.folders.borrow_mut().insert(done.clone(), folder.clone());
                    folder
                }
            };
        }
        Ok(Some(handle))
    }

    /// The file at a path, as it is now.
    ///
    /// # Errors
    /// `Source` when it is there and cannot be had.
    pub async fn file(&self, path: &str) -> Result<Option<File>> {
        Ok(self.found(path).await?.map(|(_, file)| file))
    }

    async fn found(&self, key: &str) -> Result<Option<(FileSystemFileHandle, File)>> {
        let (path, name) = key.rsplit_once('/').unwrap_or(("", key));
        let Some(folder) = self.folder(path).await? else { return Ok(None) };
        let handle = present(JsFuture::from(folder.get_file_handle(name)).await)?;
        let Some(handle) = handle.and_then(|h| h.dyn_into::<FileSystemFileHandle>().ok()) else {
            return Ok(None);
        };
        let file = JsFuture::from(handle.get_file()).await.map_err(|e| from_local(&e))?;
        Ok(file.dyn_into::<File>().ok().map(|file| (handle, file)))
    }

    async fn part(&self, key: &str, part: &Part) -> Result<Option<Bytes>> {
        let Some((handle, file)) = self.found(key).await? else { return Ok(None) };
        self.first.borrow_mut().get_or_insert_with(|| (handle, (file.size(), file.last_modified())));
        BlobSource::new(format!("{}/{key}", self.name), file.into(), Rc::clone(&self.meter))
            .part(part)
            .await
            .map(Some)
    }

    /// Whether the store is still the one that was opened.
    async fn unchanged(&self) -> Result<()> {
        let Some((handle, stamp)) = self.first.borrow().clone() else { return Ok(()) };
        let now = match JsFuture::from(handle.get_file()).await {
            Ok(file) => file.dyn_into::<File>().ok().map(|file| (file.size(), file.last_modified())),
            Err(thrown) if name_of(&thrown) == "NotFoundError" => None,
            Err(thrown) => return Err(from_local(&thrown)),
        };
        if now == Some(stamp) { Ok(()) } else { Err(changed()) }
    }

    async fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let Some(folder) = self.folder(prefix).await? else { return Ok(Vec::new()) };
        let entries: AsyncIterator = folder.entries().unchecked_into();
        let mut names = Vec::new();
        loop {
            let next = JsFuture::from(entries.next().map_err(|e| from_local(&e))?)
                .await
                .map_err(|e| from_local(&e))?;
            let field = |name: &str| Reflect::get(&next, &name.into()).unwrap_or_default();
            if field("done").is_truthy() {
                break;
            }
            let entry: Array = field("value").unchecked_into();
            let Some(mut name) = entry.get(0).as_string() else { continue };
            if Reflect::get(&entry.get(1), &"kind".into()).is_ok_and(|kind| kind == "directory") {
                name.push('/');
            }
            names.push(name);
        }
        order::sort_by(&mut names, Ord::cmp);
        Ok(names)
    }
}

/// Not found, or of the other kind, or a name that no file can have: absent. Anything else went wrong.
fn present(found: std::result::Result<JsValue, JsValue>) -> Result<Option<JsValue>> {
    match found {
        Ok(handle) => Ok(Some(handle)),
        Err(thrown)
            if matches!(name_of(&thrown).as_str(), "NotFoundError" | "TypeMismatchError" | "TypeError") =>
        {
            Ok(None)
        }
        Err(thrown) => Err(from_local(&thrown)),
    }
}

impl KeyedSource for Directory {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity { text: format!("folder {}", self.name), exact: false })
    }

    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            self.unchanged().await.map_err(|e| e.in_file(&self.name))?;
            together::parts(&self.name, wanted, PARALLEL, |key, part| self.part(key, part)).await
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(
            async move { self.names(prefix).await.map(Some).map_err(|e| e.in_file(&self.name).at(prefix)) },
        )
    }
}

/// Files by their paths within the folder.
pub struct FileList {
    name: String,
    files: HashMap<String, BlobSource>,
    /// The paths in a fixed order: a list from a drop comes in any.
    paths: Vec<String>,
    /// The first file that was read, a document of the store, and whether it is still the same.
    first: RefCell<Option<String>>,
    watch: Watch,
}

impl FileList {
    /// A folder of that name and content.
    pub fn new(name: String, files: Vec<(String, File)>, meter: &Rc<Meter>) -> Self {
        let mut paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        order::sort_by(&mut paths, Ord::cmp);
        let file = |(path, file): (String, File)| {
            let source = BlobSource::new(format!("{name}/{path}"), file.into(), Rc::clone(meter));
            (path, source)
        };
        let files = files.into_iter().map(file).collect();
        Self { name, files, paths, first: RefCell::default(), watch: Watch::default() }
    }
}

impl KeyedSource for FileList {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity { text: format!("folder {}", self.name), exact: false })
    }

    fn get_many<'a>(&'a self, wanted: &'a [(String, Part)]) -> Pending<'a, Vec<Option<Bytes>>> {
        let reads = together::parts(&self.name, wanted, PARALLEL, async |key, part| {
            let Some(file) = self.files.get(key) else { return Ok(None) };
            self.first.borrow_mut().get_or_insert_with(|| key.to_owned());
            file.part(part).await.map(Some)
        });
        Box::pin(async move {
            let first = self.first.borrow().clone();
            if let Some(document) = first.and_then(|path| self.files.get(&path)) {
                self.watch.look(document).await.map_err(|e| e.in_file(&self.name))?;
            }
            reads.await
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async move { Ok(Some(children(self.paths.iter().map(String::as_str), prefix))) })
    }
}
