//! `Dataset.pack`: a whole export folder, file by file, into a function of the caller's.

use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::error::from_caller;
use crate::{
    dataset::Dataset,
    error::{Error, Pending, Result},
    export::{Packed, Packing, Sink},
};

/// Where the files go.
pub struct Caller {
    /// Called as `(path, bytes, level)`; the next file is made when its promise is settled.
    pub put: Function,
    /// Told how many files there will be.
    pub expect: Option<Function>,
}

impl Sink for Caller {
    fn put<'a>(&'a self, file: Packed) -> Pending<'a, ()> {
        Box::pin(async move {
            let level = file.gzip.map_or(JsValue::UNDEFINED, JsValue::from);
            let body = Uint8Array::from(&*file.body);
            let path = JsValue::from(file.path.as_str());
            let called = self.put.call3(&JsValue::NULL, &path, &body, &level);
            let called = called.map_err(|e| from_caller(&e))?;
            JsFuture::from(Promise::resolve(&called)).await.map_err(|e| from_caller(&e))?;
            Ok(())
        })
    }

    fn expect(&self, files: usize) {
        if let Some(expect) = &self.expect {
            // What it throws is its own affair: it is only told.
            expect.call1(&JsValue::NULL, &JsValue::from(files as f64)).ok();
        }
    }
}

/// Hands over all files, the identity last; those of an export folder as they are.
pub async fn pack(dataset: &Dataset, packing: &Packing, caller: &Caller) -> Result<()> {
    let folder = match dataset {
        Dataset::Made(export, _) => return export.pack(packing, caller).await,
        Dataset::There(folder) => folder,
    };
    if !packing.is_plain() {
        return Err(
            Error::request("an export folder is copied as it is").hint("open the data it was made from")
        );
    }
    let (last, first): (Vec<_>, Vec<_>) =
        folder.paths().iter().partition(|path| *path == crate::folder::IDENTITY);
    caller.expect(folder.paths().len());
    for path in first.into_iter().chain(last) {
        let body = folder.file(path).await?;
        let body = body.ok_or_else(|| Error::missing("is listed but not there").at(path.as_str()))?;
        caller.put(Packed { path: path.clone(), body, gzip: None, range: None }).await?;
    }
    Ok(())
}
