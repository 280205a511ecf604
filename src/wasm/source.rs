//! What a caller may hand to `Dataset.open`, told apart: files, folders, addresses, lists and sources of their own.

use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Function, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, FileSystemDirectoryHandle, FileSystemFileHandle, Url};

use super::{
    beside::{Beside, files},
    blob::{BlobSource, take},
    callback::{Caller, CallerFile, CallerStore},
    directory::{Directory, FileList},
    error::from_local,
    fetch::Client,
    meter::Meter,
    remote::{RemoteFile, RemoteStore},
};
use crate::{
    error::{Error, Kind, Result},
    open::Source,
    source::{
        KeyedSource, Part,
        address::{Address, Leads},
        memory::Memory,
    },
};

/// What tells a store, and an export folder or a folder of those.
const DOCUMENTS: [&str; 5] = ["zarr.json", ".zmetadata", ".zgroup", "dataset_identity.json", "datasets.json"];

/// A source and what to call it.
pub struct Found {
    /// Where the bytes come from.
    pub source: Source,
    /// Name of the file or folder.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// What the address's fragment said: the object inside that is meant.
    pub root: Option<String>,
}

/// How a source is to be read.
pub struct How {
    /// Name given by the caller.
    pub name: Option<String>,
    /// Headers for requests, to the origin of the address given.
    pub headers: Vec<(String, String)>,
    /// The caller's function for a fresh address.
    pub renew: Option<Function>,
    /// The folder that a local file is in.
    pub beside: Option<Beside>,
    /// Counts what is read.
    pub meter: Rc<Meter>,
}

/// Tells what a value is.
///
/// # Errors
/// `Request` when it is nothing that can be opened.
pub async fn find(from: JsValue, how: How) -> Result<Found> {
    if let Some(text) = from.as_string() {
        return address(&text, how).await;
    }
    if let Some(url) = from.dyn_ref::<Url>() {
        return address(&url.href(), how).await;
    }
    if let Ok(blob) = from.clone().dyn_into::<Blob>() {
        return Ok(file(blob, how));
    }
    if from.is_instance_of::<Uint8Array>() || from.is_instance_of::<ArrayBuffer>() {
        let name = how.name.unwrap_or_else(|| "memory".into());
        let bytes = take(&Uint8Array::new(&from))?;
        let source = Source::File(Rc::new(Memory::new(&name, bytes)));
        return Ok(Found { source, name, folder: false, root: None });
    }
    if Array::is_array(&from) {
        return list(&Array::from(&from), how);
    }
    let field = |name: &str| Reflect::get(&from, &name.into()).unwrap_or_default();
    let text = |name: &str| field(name).as_string();
    match text("kind").as_deref() {
        Some("file") => {
            let handle: FileSystemFileHandle = from.unchecked_into();
            let chosen =
                JsFuture::from(handle.get_file()).await.map_err(|e| from_local(&e).in_file(handle.name()))?;
            return Ok(file(chosen.unchecked_into(), how));
        }
        Some("directory") => {
            let handle: FileSystemDirectoryHandle = from.unchecked_into();
            let name = how.name.unwrap_or_else(|| handle.name());
            let source = Source::Folder(Rc::new(Directory::new(name.clone(), handle, how.meter)));
            return Ok(Found { source, name, folder: true, root: None });
        }
        _ => {}
    }
    let name = how.name.or_else(|| text("name")).unwrap_or_else(|| "caller's source".into());
    if field("read").is_function() {
        let source = Source::File(Rc::new(CallerFile::of(from, name.clone(), how.meter)?));
        return Ok(Found { source, name, folder: false, root: None });
    }
    if field("get").is_function() {
        let lists = field("list").is_function();
        let caller: Caller = from.clone().unchecked_into();
        let source = Source::Folder(Rc::new(CallerStore::new(name.clone(), caller, lists, how.meter)));
        return Ok(Found { source, name, folder: true, root: None });
    }
    Err(Error::request("this is nothing that can be opened")
        .hint("give a File or Blob, a directory handle, a list of files, an http(s) address, or a ByteSource or KeyedSource"))
}

fn file(blob: Blob, how: How) -> Found {
    let own = blob.dyn_ref::<File>().map(File::name);
    let name = how.name.or(own).unwrap_or_else(|| "file".into());
    let source =
        Source::File(Rc::new(BlobSource::new(name.clone(), blob, how.meter).watched().beside(how.beside)));
    Found { source, name, folder: false, root: None }
}

/// A list of `File`s with `webkitRelativePath`, or of pairs of path and `File`.
fn list(items: &Array, how: How) -> Result<Found> {
    let mut files = files(items)?;
    if let [(path, only)] = files.as_slice()
        && !path.contains('/')
    {
        return Ok(file(only.clone().into(), how));
    }
    if files.is_empty() {
        return Err(Error::request("the list of files is empty"));
    }
    let common = common_folder(files.iter().map(|(path, _)| path.as_str())).map(str::to_owned);
    if let Some(folder) = &common {
        for (path, _) in &mut files {
            *path = path.split_off(folder.len() + 1);
        }
    }
    let name = how.name.or(common).unwrap_or_else(|| "folder".into());
    let source = Source::Folder(Rc::new(FileList::new(name.clone(), files, &how.meter)));
    Ok(Found { source, name, folder: true, root: None })
}

/// The first folder of all paths when they share it: the one that was chosen, and no part of the keys.
fn common_folder<'p>(mut paths: impl Iterator<Item = &'p str>) -> Option<&'p str> {
    let (first, _) = paths.next()?.split_once('/')?;
    paths.all(|path| path.split_once('/').is_some_and(|(folder, _)| folder == first)).then_some(first)
}

/// An http(s) address, absolute or relative to the page or worker, or one of the forms of [`crate::source::places`].
async fn address(text: &str, how: How) -> Result<Found> {
    let place = Reflect::get(&js_sys::global(), &"location".into()).unwrap_or_default();
    let here =
        Reflect::get(&place, &"href".into()).ok().and_then(|href| href.as_string()).unwrap_or_default();
    let full = Url::new_with_base(text.trim(), &here).map_or_else(|_| text.to_owned(), |url| url.href());
    // The browser's own reading of the text first; it knows nothing of user names in other schemes.
    let address = Address::parse(&full).or_else(|| Address::parse(text)).ok_or_else(|| {
        Error::request(format!("{text:?} is no http or https address")).hint(
            "it has to begin with https:// or http://, or with a name that is known: s3://, gs://, az://, hf://, github:",
        )
    })?;
    let root = full
        .split_once('#')
        .map(|(_, root)| crate::source::address::decode(root))
        .filter(|root| !root.is_empty());
    let mut headers = how.headers;
    if let Some(login) = address.login()
        && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    {
        headers.push(("Authorization".into(), login.to_owned()));
    }
    let client = Rc::new(Client::new(headers, address.file(), how.renew, how.meter));
    let name = how.name.unwrap_or_else(|| address.name());
    let found = |(source, folder)| Found { source, name: name.clone(), folder, root: root.clone() };
    let first = match at(&client, address.clone()).await {
        Ok(reached) => return Ok(found(reached)),
        Err(error) => error,
    };
    if first.kind == Kind::Missing {
        for other in address.others() {
            if let Ok(reached) = at(&client, other).await {
                return Ok(found(reached));
            }
        }
    }
    Err(first)
}

/// The file or store at one address, and whether it is a store.
async fn at(client: &Rc<Client>, address: Address) -> Result<(Source, bool)> {
    let store = |address| RemoteStore::new(Rc::clone(client), address);
    if address.leads() == Leads::ToStore {
        let store = store(address.clone());
        // With other places to look in, it has to be known whether it is here.
        if address.others().next().is_some() && !is_store(&store).await {
            return Err(Error::missing("there is no store at this address").in_file(address.label()));
        }
        return Ok((Source::Folder(Rc::new(store)), true));
    }
    let error = match RemoteFile::open(Rc::clone(client), address.clone()).await {
        Ok(file) => return Ok((Source::File(Rc::new(file)), false)),
        Err(error) => error,
    };
    // No ending says which: where there is no file, there may be a store.
    if address.leads() == Leads::Anywhere
        && client.answered()
        && matches!(error.kind, Kind::Missing | Kind::Source)
    {
        let store = store(address);
        if is_store(&store).await {
            return Ok((Source::Folder(Rc::new(store)), true));
        }
    }
    Err(error)
}

/// Whether any document of a store or an export is there.
async fn is_store(store: &RemoteStore) -> bool {
    let documents = DOCUMENTS.map(|key| (key.to_owned(), Part::All));
    store.get_many(&documents).await.is_ok_and(|got| got.iter().any(Option::is_some))
}
