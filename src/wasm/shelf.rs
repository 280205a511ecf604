//! A shelf in the origin's private file system: what is kept between visits, of bounded size.
//!
//! Files are read and written through synchronous handles, which only dedicated workers have; elsewhere, and where the browser
//! grants no storage, nothing is kept. Another tab may hold a file: then this one does without.

use std::{cell::Cell, collections::BTreeMap, ops::Range, rc::Rc};

use js_sys::{Array, AsyncIterator, Date, Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::FileSystemDirectoryHandle;

use super::{
    calls::Calls,
    error::{from_local, name_of},
};
use crate::{
    error::{Error, Pending, Result},
    limits::Limits,
    order,
    shelf::{Kept, Shelf},
};

/// Folder of this program in the origin's private file system.
const FOLDER: &str = "cellucid-wasm";
/// File that says when each of the others was last used: the file system does not.
const USED: &str = "used.json";
/// Most bytes kept, and most of what the browser grants the origin.
const MOST: f64 = 4.0 * (1_u64 << 30) as f64;
const SHARE: f64 = 0.25;

#[wasm_bindgen]
extern "C" {
    /// `FileSystemSyncAccessHandle`.
    type Handle;
    #[wasm_bindgen(method, structural, catch)]
    fn read(this: &Handle, into: &mut [u8], options: &JsValue) -> std::result::Result<f64, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn write(this: &Handle, from: &[u8], options: &JsValue) -> std::result::Result<f64, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn truncate(this: &Handle, size: f64) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = getSize)]
    fn get_size(this: &Handle) -> std::result::Result<f64, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn flush(this: &Handle) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, structural)]
    fn close(this: &Handle);
}

/// Files of this program in the origin's private file system.
pub struct Private {
    /// Who must not be kept waiting.
    pub calls: Rc<Calls>,
}

impl Private {
    async fn folder(&self) -> Result<FileSystemDirectoryHandle> {
        let storage = storage().ok_or_else(|| Error::source("the browser keeps no files for this page"))?;
        let root: FileSystemDirectoryHandle = call(&storage, "getDirectory", &[]).await?.unchecked_into();
        call(&root, "getDirectoryHandle", &[FOLDER.into(), create(true)]).await.map(JsCast::unchecked_into)
    }

    /// A handle to read or write by; `None` when there is no such file, or another tab has it.
    async fn handle(&self, name: &str, new: bool) -> Result<Option<Handle>> {
        let folder = self.folder().await?;
        let found = call_raw(&folder, "getFileHandle", &[name.into(), create(new)]).await;
        let file = match found {
            Ok(file) => file,
            Err(thrown) if name_of(&thrown) == "NotFoundError" => return Ok(None),
            Err(thrown) => return Err(from_local(&thrown)),
        };
        // Several tabs may read, where the browser knows this; it is passed over elsewhere.
        let options = object("mode", if new { "readwrite" } else { "read-only" }.into());
        match call_raw(&file, "createSyncAccessHandle", &[options]).await {
            Ok(handle) => Ok(Some(handle.unchecked_into())),
            Err(thrown) if name_of(&thrown) == "NoModificationAllowedError" => Ok(None),
            Err(thrown) => Err(from_local(&thrown)),
        }
    }

    /// When each file was last used, in milliseconds.
    async fn used(&self) -> BTreeMap<String, f64> {
        let read = async {
            let handle = self.handle(USED, true).await.ok()??;
            let text = whole(&handle);
            handle.close();
            let value = JSON::parse(&String::from_utf8(text?).ok()?).ok()?;
            let pair = |pair: JsValue| {
                let pair = Array::from(&pair);
                Some((pair.get(0).as_string()?, pair.get(1).as_f64()?))
            };
            Some(order::map(Object::entries(value.dyn_ref::<Object>()?).iter().filter_map(pair)))
        };
        read.await.unwrap_or_default()
    }

    /// Notes what has been used; forgets what is not there any more. Two tabs may overwrite each other's notes, which at worst
    /// makes a file go earlier.
    async fn note(&self, used: &BTreeMap<String, f64>) {
        let object = Object::new();
        for (name, time) in used {
            Reflect::set(&object, &name.as_str().into(), &(*time).into()).ok();
        }
        let text = JSON::stringify(&object).map(String::from).unwrap_or_default();
        if let Ok(Some(handle)) = self.handle(USED, true).await {
            handle.truncate(0.0).and_then(|()| handle.write(text.as_bytes(), &at(0.0))).ok();
            handle.close();
        }
    }

    /// Names and sizes of all files.
    async fn list(&self, folder: &FileSystemDirectoryHandle) -> Result<Vec<(String, f64)>> {
        let entries: AsyncIterator = folder.entries().unchecked_into();
        let mut files = Vec::new();
        loop {
            let next = entries.next().map_err(|e| from_local(&e))?;
            let next = JsFuture::from(next).await.map_err(|e| from_local(&e))?;
            let field = |name: &str| Reflect::get(&next, &name.into()).unwrap_or_default();
            if field("done").is_truthy() {
                return Ok(files);
            }
            let entry: Array = field("value").unchecked_into();
            let Some(name) = entry.get(0).as_string() else { continue };
            let file = call(&entry.get(1), "getFile", &[]).await?;
            let size = Reflect::get(&file, &"size".into()).ok().and_then(|size| size.as_f64());
            files.push((name, size.unwrap_or(0.0)));
        }
    }

    /// Makes room; `false` when there is not enough.
    async fn clear(&self, name: &str, size: f64) -> Result<bool> {
        let folder = self.folder().await?;
        let estimate = match storage() {
            Some(storage) => call(&storage, "estimate", &[]).await?,
            None => JsValue::UNDEFINED,
        };
        let quota = Reflect::get(&estimate, &"quota".into()).ok().and_then(|quota| quota.as_f64());
        let bound = MOST.min(quota.unwrap_or(MOST) * SHARE);
        if size > bound {
            return Ok(false);
        }
        let mut used = self.used().await;
        let mut files = self.list(&folder).await?;
        files.retain(|(file, _)| file != USED && file != name);
        used.retain(|file, _| files.iter().any(|(other, _)| other == file));
        let last = |file: &str| used.get(file).copied().unwrap_or(0.0);
        order::sort_by(&mut files, |a, b| last(&a.0).total_cmp(&last(&b.0)));
        let mut held = files.iter().map(|(_, size)| size).sum::<f64>() + size;
        for (file, size) in files {
            if held <= bound {
                break;
            }
            // One that another tab reads cannot go now.
            if call(&folder, "removeEntry", &[file.as_str().into()]).await.is_ok() {
                held -= size;
                used.remove(&file);
            }
        }
        used.insert(name.to_owned(), Date::now());
        self.note(&used).await;
        Ok(held <= bound)
    }
}

impl Shelf for Private {
    fn find<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Rc<dyn Kept>>> {
        Box::pin(async move {
            let Some(handle) = self.handle(name, false).await? else { return Ok(None) };
            let file = PrivateFile::new(handle, true)?;
            let mut used = self.used().await;
            used.insert(name.to_owned(), Date::now());
            self.note(&used).await;
            Ok(Some(Rc::new(file) as Rc<dyn Kept>))
        })
    }

    fn begin<'a>(&'a self, name: &'a str, size: u64) -> Pending<'a, Option<Rc<dyn Kept>>> {
        Box::pin(async move {
            if !self.clear(name, size as f64).await? {
                return Ok(None);
            }
            let taken = || Error::source("another tab is writing it");
            let handle = self.handle(name, true).await?.ok_or_else(taken)?;
            handle.truncate(0.0).map_err(|e| from_local(&e))?;
            Ok(Some(Rc::new(PrivateFile::new(handle, false)?) as Rc<dyn Kept>))
        })
    }

    fn discard<'a>(&'a self, name: &'a str) -> Pending<'a, ()> {
        Box::pin(async move {
            let folder = self.folder().await?;
            match call_raw(&folder, "removeEntry", &[name.into()]).await {
                Err(thrown) if name_of(&thrown) != "NotFoundError" => Err(from_local(&thrown)),
                _ => Ok(()),
            }
        })
    }

    fn turn(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            self.calls.rest().await;
            Ok(())
        })
    }
}

/// An open file; it is closed, and others may have it, when this is dropped.
struct PrivateFile {
    handle: Handle,
    len: Cell<u64>,
    finished: Cell<bool>,
}

impl PrivateFile {
    fn new(handle: Handle, finished: bool) -> Result<Self> {
        let file = Self { handle, len: Cell::new(0), finished: Cell::new(finished) };
        file.len.set(file.handle.get_size().map_err(|e| from_local(&e))? as u64);
        Ok(file)
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl Kept for PrivateFile {
    fn len(&self) -> u64 {
        self.len.get()
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Vec<u8>>> {
        let one = |span: &Range<u64>| {
            let len = Limits::size(span.end.saturating_sub(span.start), self.len.get(), "a read")?;
            let mut bytes = Limits::filled(len, 0, "a read")?;
            let read = self.handle.read(&mut bytes, &at(span.start as f64)).map_err(|e| from_local(&e))?;
            if read as usize == len { Ok(bytes) } else { Err(Error::source("is shorter than it was")) }
        };
        Box::pin(async move { spans.iter().map(one).collect() })
    }

    fn append<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, ()> {
        Box::pin(async move {
            let written = self.handle.write(bytes, &at(self.len.get() as f64)).map_err(|e| from_local(&e))?;
            if written as usize != bytes.len() {
                return Err(Error::source("there is no room for more"));
            }
            self.len.set(self.len.get().saturating_add(bytes.len() as u64));
            // Lets the worker hear what it was sent meanwhile.
            breathe().await;
            Ok(())
        })
    }

    fn finished(&self) -> bool {
        self.finished.get()
    }

    fn finish(&self) -> Pending<'_, ()> {
        // Its end makes it complete: one that was not finished has none.
        self.finished.set(true);
        Box::pin(async move { self.handle.flush().map_err(|e| from_local(&e)) })
    }
}

/// All bytes of a small file.
fn whole(handle: &Handle) -> Option<Vec<u8>> {
    let size = handle.get_size().ok().filter(|size| *size < 1e6)?;
    let mut bytes = vec![0; size as usize];
    let read = handle.read(&mut bytes, &at(0.0)).ok()?;
    (read == size).then_some(bytes)
}

/// `navigator.storage`.
fn storage() -> Option<JsValue> {
    let get = |from: &JsValue, name: &str| Reflect::get(from, &name.into()).ok().filter(|v| v.is_object());
    get(&get(&js_sys::global(), "navigator")?, "storage")
}

fn object(name: &str, value: JsValue) -> JsValue {
    let object = Object::new();
    Reflect::set(&object, &name.into(), &value).ok();
    object.into()
}

fn create(yes: bool) -> JsValue {
    object("create", yes.into())
}

fn at(offset: f64) -> JsValue {
    object("at", offset.into())
}

/// Calls a method and waits for its promise.
async fn call(on: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue> {
    call_raw(on, method, arguments).await.map_err(|e| from_local(&e))
}

async fn call_raw(
    on: &JsValue,
    method: &str,
    arguments: &[JsValue],
) -> std::result::Result<JsValue, JsValue> {
    let function: Function = Reflect::get(on, &method.into())?.dyn_into()?;
    let returned = function.apply(on, &arguments.iter().collect::<Array>())?;
    JsFuture::from(Promise::resolve(&returned)).await
}

/// Waits for a turn of the event loop.
async fn breathe() {
    super::time::sleep(0).await;
}
