//! The boundary to JavaScript: one class, `Dataset`, a few lines over `open`, `anndata` and `export`.
//!
//! Bulk data cross once, as one `Uint8Array`; descriptions cross as JSON; errors as `Error` with a code and a place. The types
//! that JavaScript sees are written by hand in `types.d.ts`.

mod aides;
mod beside;
mod blob;
mod callback;
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
mod together;
mod way;

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    sync::Once,
};

use futures_util::future::{AbortHandle, Abortable};
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{future_to_promise, spawn_local};

use crate::{
    anndata::Watch,
    dataset,
    error::{Error, Pending, Result},
    limits::Limits,
    shelf::Shelf,
    source::address::decode,
    wait::apart,
};
use cancel::Running;
use error::to_js;
use fetch::sleep;
use meter::Meter;
use options::Given;
use partial::Partial;
use shelf::Private;
use source::{How, find};

/// Bytes of memory that a data set has at its disposal from the beginning: about what a plot of a million cells takes.
const GROWTH: u64 = 40 << 20;
static GROWN: Once = Once::new();
/// Milliseconds without a call until what will be asked for next is read ahead.
const AHEAD: u64 = 50;
/// And until what others may profit from later is put on the shelf: whoever asks for one gene after the other is not kept waiting by
/// that.
const IDLE: u64 = 250;

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

/// Who asks, so that it is known when nobody does.
#[derive(Default)]
struct Calls {
    begun: Cell<u64>,
    ended: Cell<u64>,
    /// How many had begun when nobody had asked for a while.
    rested: Cell<u64>,
    /// Whether there is something left to read ahead.
    ahead: Cell<bool>,
    /// Ends that.
    reading: RefCell<Option<AbortHandle>>,
}

impl Calls {
    /// A call begins: what is read ahead must not be in its way, unless it is what the call waits for.
    fn begin(&self, along: bool) {
        self.begun.set(self.begun.get() + 1);
        if !along && let Some(reading) = self.reading.take() {
            reading.abort();
        }
    }

    fn end(&self) {
        self.ended.set(self.ended.get() + 1);
    }

    /// Whether nobody asks, and nobody has for so many milliseconds.
    async fn idle(&self, milliseconds: u64) -> bool {
        let begun = self.begun.get();
        sleep(milliseconds).await;
        (begun, begun) == (self.begun.get(), self.ended.get())
    }

    /// Until nobody asks, and nobody has for a while.
    async fn rest(&self) {
        let now = (self.begun.get(), self.begun.get());
        if now != (self.rested.get(), self.ended.get()) {
            while !self.idle(IDLE).await {}
            self.rested.set(self.begun.get());
        }
    }

    /// What is done while nobody asks.
    async fn use_time(&self, open: &Weak<dataset::Dataset>) {
        // Several calls may have ended: one of them does it.
        if self.ahead.get()
            && self.idle(AHEAD).await
            && let Some(open) = open.upgrade()
            && self.ahead.replace(false)
        {
            let (handle, registration) = AbortHandle::new_pair();
            self.reading.replace(Some(handle));
            let ended = Abortable::new(open.ahead(), registration).await.is_err();
            // It begins anew some time, with what it has brought so far at hand.
            self.ahead.set(ended);
        }
        if self.idle(IDLE).await
            && let Some(open) = open.upgrade()
        {
            self.rested.set(self.begun.get());
            // Piece by piece: who asks meanwhile is heard.
            while open.tidy() {
                if !self.idle(0).await {
                    return;
                }
            }
            open.settle().await;
        }
    }
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

/// Whether a file is one that is read ahead, or made of it: to begin anew would be a waste.
fn is_read_ahead(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    path.starts_with("points_") || path.starts_with("obs/") || path.ends_with(".json")
}

/// What no answer need wait for, until the dataset is closed.
fn meanwhile(running: Rc<Running>, calls: Rc<Calls>, open: Weak<dataset::Dataset>) {
    let work: Pending<'static, ()> = Box::pin(async move {
        calls.use_time(&open).await;
        Ok(())
    });
    spawn_local(async move { running.until(None, work).await.unwrap_or_default() });
}
