//! The boundary to JavaScript: one class, `Dataset`, a few lines over `open`, `anndata` and `export`.
//!
//! Bulk data cross once, as one `Uint8Array`; descriptions cross as JSON; errors as `Error` with a code and a place. The types
//! that JavaScript sees are written by hand in `types.d.ts`.

mod aides;
mod beside;
mod blob;
mod body;
mod callback;
mod calls;
mod cancel;
mod decoders;
mod directory;
mod error;
mod fetch;
mod meter;
mod options;
mod pack;
mod partial;
mod remote;
mod shelf;
mod source;
mod stored;
mod time;
mod together;
mod way;

use std::{cell::RefCell, rc::Rc, sync::Once};

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::future_to_promise;

use crate::{
    anndata::Watch,
    dataset,
    error::{Error, Pending, Result},
    limits::Limits,
    shelf::Shelf,
    source::address::decode,
    wait::apart,
};
use calls::{Calls, is_read_ahead, meanwhile};
use cancel::Running;
use error::to_js;
use meter::Meter;
use options::Given;
use partial::Partial;
use shelf::Private;
use source::{How, find};

/// Bytes of memory that a data set has at its disposal from the beginning: about what a plot of a million cells takes.
const GROWTH: u64 = 40 << 20;
static GROWN: Once = Once::new();

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

/// Puts a panic's text on the console: all that is left to say before the module stops.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// What is done with an open dataset and the options of the call.
type Work = Box<dyn FnOnce(Rc<dataset::Dataset>, Given, Option<Rc<dyn Watch>>) -> Pending<'static, JsValue>>;

/// An AnnData file or store, open for reading.
#[wasm_bindgen(skip_typescript)]
pub struct Dataset {
    /// `None` once closed.
    open: RefCell<Option<Rc<dataset::Dataset>>>,
    description: String,
    meter: Rc<Meter>,
    running: Rc<Running>,
    calls: Rc<Calls>,
}

#[wasm_bindgen]
impl Dataset {
    /// Opens whatever `from` is.
    #[wasm_bindgen(skip_typescript)]
    pub async fn open(from: JsValue, options: JsValue) -> std::result::Result<Dataset, JsValue> {
        Self::start(from, options).await.map_err(|e| to_js(&e))
    }

    /// What is in it, without reading any values.
    #[wasm_bindgen(skip_typescript)]
    pub fn describe(&self) -> std::result::Result<JsValue, JsValue> {
        js_sys::JSON::parse(&self.description)
    }

    /// Every virtual path there is.
    #[wasm_bindgen(skip_typescript)]
    pub fn paths(&self) -> Promise {
        self.run(JsValue::UNDEFINED, false, async |open, _| {
            let paths = open.paths().await?;
            Ok(paths.iter().map(|path| JsValue::from(path.as_str())).collect::<Array>().into())
        })
    }

    /// One virtual file.
    #[wasm_bindgen(skip_typescript)]
    pub fn read(&self, path: String, options: JsValue) -> Promise {
        self.run(options, is_read_ahead(&path), async move |open, partial| {
            let file = open.file_watched(&decode(&path), partial).await?;
            Ok(Uint8Array::from(&*file.body).into())
        })
    }

    /// Several virtual files, made together.
    #[wasm_bindgen(skip_typescript, js_name = readMany)]
    pub fn read_many(&self, paths: Vec<String>, options: JsValue) -> Promise {
        let along = paths.iter().all(|path| is_read_ahead(path));
        self.run(options, along, async move |open, _| {
            let paths: Vec<String> = paths.iter().map(|path| decode(path)).collect();
            let files = open.files(&paths).await?;
            Ok(files.iter().map(|file| Uint8Array::from(&*file.body)).collect::<Array>().into())
        })
    }

    /// Every file of an export folder, one after another, into the caller's hands.
    #[wasm_bindgen(skip_typescript)]
    pub fn pack(&self, options: JsValue) -> Promise {
        self.start_work(options, false, Given::to_pack, async |open, given, _| {
            let (packing, caller) = (given.packing()?, given.caller()?);
            pack::pack(open, &packing, &caller).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// What a gene will cost.
    #[wasm_bindgen(skip_typescript)]
    pub fn cost(&self, path: String) -> Promise {
        self.run(JsValue::UNDEFINED, false, async move |open, _| {
            let cost = open.cost(&decode(&path)).await?;
            let object = Object::new();
            Reflect::set(&object, &"bytes".into(), &(cost.bytes as f64).into()).ok();
            let seconds = cost.seconds.map_or(JsValue::NULL, JsValue::from);
            Reflect::set(&object, &"seconds".into(), &seconds).ok();
            Ok(object.into())
        })
    }

    /// Requests sent and bytes read so far, and what goes on more slowly than it might.
    #[wasm_bindgen(skip_typescript)]
    pub fn stats(&self) -> JsValue {
        let stats = self.meter.stats();
        let notices = self.open.borrow().as_ref().map_or_else(Vec::new, |open| open.notices(false));
        let notices: Array = notices.into_iter().map(JsValue::from).collect();
        Reflect::set(&stats, &"notices".into(), &notices).ok();
        stats
    }

    /// Ends what is under way and lets go of the source; every later read is refused.
    #[wasm_bindgen(skip_typescript)]
    pub fn close(&self) {
        self.running.stop();
        self.open.borrow_mut().take();
    }
}

impl Dataset {
    async fn start(from: JsValue, options: JsValue) -> Result<Self> {
        // Once: what one data set lets go of the next one has.
        GROWN.call_once(|| Limits::ahead(GROWTH));
        let given = Given::to_open(options)?;
        let hooks = given.hooks()?;
        let (meter, running) = (Rc::new(Meter::default()), Rc::new(Running::default()));
        let (name, headers, renew) = (given.text("name")?, given.headers()?, given.renew()?);
        let beside = given.beside(&meter)?;
        let how = How { name, headers, renew, beside, meter: Rc::clone(&meter) };
        let _listener = hooks.progress.map(|callback| meter.listen(callback));
        let calls = Rc::new(Calls::default());
        let opening = async {
            let found = apart(find(from, how)).await?;
            let root = given.text("root")?.or(found.root).unwrap_or_default();
            let options = given.export(found.name, found.folder)?;
            let shelf =
                given.cache()?.then(|| Rc::new(Private { calls: Rc::clone(&calls) }) as Rc<dyn Shelf>);
            let limits = Limits::default();
            let open =
                apart(dataset::Dataset::open_kept(found.source, &root, options, limits, shelf)).await?;
            let description = apart(open.describe()).await?;
            Ok((open, description))
        };
        let (open, description) = running.until(hooks.signal, opening).await?;
        let open = Rc::new(open);
        calls.ahead.set(given.prefetch()?);
        meanwhile(Rc::clone(&running), Rc::clone(&calls), Rc::downgrade(&open));
        Ok(Self { open: RefCell::new(Some(open)), description, meter, running, calls })
    }

    /// Runs work on the open dataset as a promise that the caller, or [`close`](Self::close), may end. `along`: what is read ahead may
    /// go on meanwhile.
    fn run<F>(&self, options: JsValue, along: bool, work: F) -> Promise
    where
        F: AsyncFnOnce(&dataset::Dataset, Option<Rc<dyn Watch>>) -> Result<JsValue> + 'static,
    {
        self.start_work(options, along, Given::to_read, async move |open, _, partial| {
            work(open, partial).await
        })
    }

    /// The same for work that has options of its own.
    fn start_work<F>(
        &self,
        options: JsValue,
        along: bool,
        given: fn(JsValue) -> Result<Given>,
        work: F,
    ) -> Promise
    where
        F: AsyncFnOnce(&dataset::Dataset, &Given, Option<Rc<dyn Watch>>) -> Result<JsValue> + 'static,
    {
        let work = |open: Rc<dataset::Dataset>, given: Given, partial| -> Pending<'static, JsValue> {
            Box::pin(async move { work(&open, &given, partial).await })
        };
        self.start_any(options, along, given, Box::new(work))
    }

    /// The same whatever the work is.
    fn start_any(
        &self,
        options: JsValue,
        along: bool,
        given: fn(JsValue) -> Result<Given>,
        work: Work,
    ) -> Promise {
        let open = self.open.borrow().clone();
        let (meter, running, calls) =
            (Rc::clone(&self.meter), Rc::clone(&self.running), Rc::clone(&self.calls));
        calls.begin(along);
        future_to_promise(async move {
            let outcome = async {
                let given = given(options)?;
                let hooks = given.hooks()?;
                let open = open.as_ref().ok_or_else(|| Error::request("the dataset has been closed"))?;
                let _listener = hooks.progress.map(|callback| meter.listen(callback));
                let partial = hooks.partial.map(|callback| Rc::new(Partial(callback)) as Rc<dyn Watch>);
                running.until(hooks.signal, work(Rc::clone(open), given, partial)).await
            };
            let outcome = outcome.await;
            calls.end();
            if let Some(open) = open {
                // What the caller lets go of meanwhile is gone at once: who opens one file after the other would have all of a
                // quarter second in memory.
                meanwhile(running, calls, Rc::downgrade(&open));
            }
            outcome.map_err(|e: Error| to_js(&e))
        })
    }
}
