//! The folder that a local file is in, where the page knows it: a handle, or a list of its files. Other files are found by it that the
//! file leads to.

use std::{collections::HashMap, rc::Rc};

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, FileSystemDirectoryHandle};

use super::{blob::BlobSource, directory::Directory, meter::Meter};
use crate::{
    error::{Error, Result},
    source::ByteSource,
};

/// Where a file is: its folder, and the part of the path from the one that is known.
#[derive(Clone)]
pub struct Beside {
    folder: Rc<Folder>,
    /// Empty, or with a slash at its end.
    below: String,
}

enum Folder {
    Handle(Directory),
    Files(HashMap<String, File>),
}

impl Beside {
    /// From a directory handle, or from files with their paths in the folder.
    ///
    /// # Errors
    /// `Request` for anything else.
    pub fn new(value: JsValue, meter: &Rc<Meter>) -> Result<Self> {
        let kind = Reflect::get(&value, &"kind".into()).unwrap_or_default();
        let folder = if Array::is_array(&value) {
            Folder::Files(files(&Array::from(&value))?.into_iter().collect())
        } else if kind == "directory" {
            let handle: FileSystemDirectoryHandle = value.unchecked_into();
            Folder::Handle(Directory::new(handle.name(), handle, Rc::clone(meter)))
        } else {
            return Err(Error::request(
                "the option \"beside\" has to be a directory handle or a list of files with their paths",
            ));
        };
        Ok(Self { folder: Rc::new(folder), below: String::new() })
    }

    /// The file at a path from here.
    ///
    /// # Errors
    /// `Source` when it is there and cannot be had.
    pub async fn file(&self, path: &str, meter: &Rc<Meter>) -> Result<Option<Rc<dyn ByteSource>>> {
        let path = format!("{}{path}", self.below);
        let found = match &*self.folder {
            Folder::Handle(folder) => folder.file(&path).await.map_err(|e| e.in_file(&path))?,
            Folder::Files(files) => files.get(&path).cloned(),
        };
        let Some(file) = found else { return Ok(None) };
        let below = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let here = Self { folder: Rc::clone(&self.folder), below };
        let source = BlobSource::new(path, file.into(), Rc::clone(meter)).watched().beside(Some(here));
        Ok(Some(Rc::new(source)))
    }
}

/// `File`s with `webkitRelativePath`, or pairs of path and `File`, with their paths.
///
/// # Errors
/// `Request` when there is something else among them.
pub fn files(items: &Array) -> Result<Vec<(String, File)>> {
    let mut files = Vec::new();
    for item in items.iter() {
        let pair = Array::is_array(&item).then(|| Array::from(&item));
        let (path, item) = match pair {
            Some(pair) => (pair.get(0).as_string(), pair.get(1)),
            None => (None, item),
        };
        let file: File =
            item.dyn_into().map_err(|_| Error::request("the list holds something that is no file"))?;
        let relative =
            || Reflect::get(&file, &"webkitRelativePath".into()).ok()?.as_string().filter(|p| !p.is_empty());
        let path = path.or_else(relative).unwrap_or_else(|| file.name());
        files.push((path.trim_start_matches('/').to_owned(), file));
    }
    Ok(files)
}
