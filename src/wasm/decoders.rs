//! Decoding in other workers: chunks go out as bytes, and come back decoded. No shared memory is needed.

use bytes::Bytes;
use js_sys::{Array, Function, Promise, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use super::{blob::take, error::from_caller};
use crate::{
    error::{Error, Pending},
    tree::{self, Decoders, Job},
};

/// What another worker does with a job: decodes its chunks. `size` below 0 stands for unknown.
#[wasm_bindgen(skip_typescript, js_name = decodeChunks)]
pub fn decode_chunks(
    codecs: String,
    size: f64,
    bound: f64,
    chunks: Vec<Uint8Array>,
    skips: Vec<u32>,
) -> Array {
    let size = (size >= 0.0).then_some(size as usize);
    let chunks: Option<Vec<(Bytes, u32)>> =
        chunks.iter().zip(skips).map(|(chunk, skip)| Some((take(chunk).ok()?, skip))).collect();
    let done = chunks.map(|chunks| Job { codecs, size, bound: bound as usize, chunks }.run());
    let chunk = |chunk: Option<Bytes>| chunk.map_or(JsValue::NULL, |c| Uint8Array::from(&*c).into());
    done.into_iter().flatten().map(chunk).collect()
}

/// Has large batches of chunks decoded by `decode(codecs, size, bound, chunks, skips)`, which does in other workers what
/// `decodeChunks` does; nothing given ends that.
#[wasm_bindgen(skip_typescript, js_name = decodeWith)]
pub fn decode_with(decode: Option<Function>) {
    tree::decode_with(decode.map(|decode| Rc::new(Workers(decode)) as Rc<dyn Decoders>));
}

struct Workers(Function);

impl Decoders for Workers {
    fn run(&self, job: Job) -> Pending<'_, Vec<Option<Bytes>>> {
        Box::pin(async move {
            let (chunks, skips) = (Array::new(), Array::new());
            for (chunk, skip) in &job.chunks {
                chunks.push(&Uint8Array::from(&**chunk));
                skips.push(&(*skip).into());
            }
            let arguments: Array = [
                job.codecs.into(),
                job.size.map_or(-1.0, |size| size as f64).into(),
                (job.bound as f64).into(),
                JsValue::from(chunks),
                JsValue::from(skips),
            ]
            .into_iter()
            .collect();
            let returned = self.0.apply(&JsValue::NULL, &arguments).map_err(|e| from_caller(&e))?;
            let done = JsFuture::from(Promise::resolve(&returned)).await.map_err(|e| from_caller(&e))?;
            if !Array::is_array(&done) {
                return Err(Error::request("decoders have to return a list"));
            }
            let chunk = |chunk: JsValue| chunk.dyn_ref::<Uint8Array>().and_then(|chunk| take(chunk).ok());
            Ok(Array::from(&done).iter().map(chunk).collect())
        })
    }
}
