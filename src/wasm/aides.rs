//! `Dataset.helpWith` and `Aide`: other workers that open the same file take part in passes over a matrix stored by row.

use std::{ops::Range, rc::Rc};

use js_sys::{BigUint64Array, Function, Object, Promise, Reflect, Uint8Array, Uint16Array, Uint32Array};
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::{
    Dataset,
    cancel::Running,
    error::{from_caller, to_js},
    meter::Meter,
    options::Given,
    source::{How, find},
};
use crate::{
    anndata::{self, Aides, Bits, Form, Numbers, Portion, Sight},
    dataset,
    error::{Error, Pending, Result},
    limits::Limits,
    wait::apart,
};

/// A reader of a file that only takes part in passes.
#[wasm_bindgen(skip_typescript)]
pub struct Aide {
    aide: Rc<anndata::Aide>,
    meter: Rc<Meter>,
    running: Rc<Running>,
}

#[wasm_bindgen]
impl Aide {
    /// Opens what a dataset was opened from, with the same options.
    #[wasm_bindgen(skip_typescript)]
    pub async fn open(from: JsValue, options: JsValue) -> std::result::Result<Aide, JsValue> {
        Self::start(from, options).await.map_err(|e| to_js(&e))
    }

    /// A stretch of the items of the matrix at a path.
    #[wasm_bindgen(skip_typescript)]
    pub fn portion(&self, path: String, start: f64, end: f64) -> Promise {
        let (aide, meter, running) =
            (Rc::clone(&self.aide), Rc::clone(&self.meter), Rc::clone(&self.running));
        future_to_promise(async move {
            let work = async {
                let portion = apart(aide.portion(&path, start as u64..end as u64)).await?;
                to_object(&portion, &meter)
            };
            running.until(None, work).await.map_err(|e| to_js(&e))
        })
    }

    /// Ends what is under way.
    #[wasm_bindgen(skip_typescript)]
    pub fn close(&self) {
        self.running.stop();
    }
}

impl Aide {
    async fn start(from: JsValue, options: JsValue) -> Result<Self> {
        let given = Given::to_open(options)?;
        let meter = Rc::new(Meter::default());
        let (name, headers, renew) = (given.text("name")?, given.headers()?, given.renew()?);
        let how = How { name, headers, renew, beside: None, meter: Rc::clone(&meter) };
        let running = Rc::new(Running::default());
        let opening = async {
            let found = apart(find(from, how)).await?;
            apart(dataset::tree(found.source, Limits::default())).await
        };
        let tree = running.until(None, opening).await?;
        Ok(Self { aide: Rc::new(anndata::Aide::new(tree)), meter, running })
    }
}

#[wasm_bindgen]
impl Dataset {
    /// Has up to `most` stretches at a time read by `help(path, start, end)`, which in another worker calls `Aide.portion`; nothing
    /// given ends that.
    #[wasm_bindgen(skip_typescript, js_name = helpWith)]
    pub fn help_with(&self, help: Option<Function>, most: Option<u32>) {
        let meter = Rc::clone(&self.meter);
        let aides =
            |help| Rc::new(Workers { help, most: most.unwrap_or(2) as usize, meter }) as Rc<dyn Aides>;
        if let Some(open) = &*self.open.borrow() {
            open.help_with(help.map(aides));
        }
    }
}

struct Workers {
    help: Function,
    most: usize,
    meter: Rc<Meter>,
}

impl Aides for Workers {
    fn most(&self) -> usize {
        self.most
    }

    fn portion<'a>(&'a self, path: &'a str, items: Range<u64>) -> Pending<'a, Option<Portion>> {
        Box::pin(async move {
            let (start, end) = (items.start as f64, items.end as f64);
            let returned = self.help.call3(&JsValue::NULL, &path.into(), &start.into(), &end.into());
            let returned = returned.map_err(|e| from_caller(&e))?;
            let object = JsFuture::from(Promise::resolve(&returned)).await.map_err(|e| from_caller(&e))?;
            if object.is_null() || object.is_undefined() {
                return Ok(None);
            }
            let number = |name: &str| field(&object, name).as_f64().unwrap_or(0.0);
            self.meter.add(number("requests") as u64, number("bytesRead") as u64);
            from_object(&object).map(Some)
        })
    }
}

fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// What a portion is on its way between workers: its arrays may be transferred.
fn to_object(portion: &Portion, meter: &Meter) -> Result<JsValue> {
    let Portion { whose, indices, values: Numbers { plain, form, bits }, seen } = portion;
    let values: JsValue = match bits {
        Bits::One(v) => Uint8Array::from(v.as_slice()).into(),
        Bits::Two(v) => Uint16Array::from(v.as_slice()).into(),
        Bits::Four(v) => Uint32Array::from(v.as_slice()).into(),
        Bits::Eight(v) => BigUint64Array::from(v.as_slice()).into(),
    };
    let seen: Vec<Value> =
        seen.iter().map(|(path, number, (size, sum))| json!([path, number, size, sum])).collect();
    let (requests, bytes) = meter.taken();
    let object = Object::new();
    let fields: [(&str, JsValue); 8] = [
        ("whose", whose.as_deref().map_or(JsValue::NULL, JsValue::from_str)),
        ("plain", (*plain as u32).into()),
        ("form", form.code().into()),
        ("indices", Uint16Array::from(indices.as_slice()).into()),
        ("values", values),
        ("seen", Value::from(seen).to_string().into()),
        ("requests", (requests as f64).into()),
        ("bytesRead", (bytes as f64).into()),
    ];
    for (name, value) in fields {
        Reflect::set(&object, &name.into(), &value).ok();
    }
    Ok(object.into())
}

fn from_object(object: &JsValue) -> Result<Portion> {
    let strange = || Error::request("an aide has to return what `Aide.portion` gives");
    let number = |name: &str| field(object, name).as_f64().ok_or_else(strange);
    let form = Form::from_code(number("form")? as u8).ok_or_else(strange)?;
    let seen = field(object, "seen").as_string().ok_or_else(strange)?;
    // Numbers by hand: reading tuples is a lot of code, and the module has got that for documents. From bytes, as those: a reader of JSON
    // in text is another 3 kB.
    let seen: Value = serde_json::from_slice(seen.as_bytes()).map_err(|_| strange())?;
    let sight = |seen: &Value| -> Option<Sight> {
        let number = |at: usize| seen.get(at)?.as_u64();
        Some((seen.get(0)?.as_str()?.to_owned(), number(1)?, (number(2)?, u32::try_from(number(3)?).ok()?)))
    };
    let seen: Option<Vec<Sight>> = seen.as_array().into_iter().flatten().map(sight).collect();
    let seen = seen.ok_or_else(strange)?;
    let values = field(object, "values");
    /// An array's numbers, if it is of that kind.
    macro_rules! numbers {
        ($value:expr, $class:ident, $number:ident) => {
            $value
                .dyn_ref::<$class>()
                .map(|array| {
                    // Asked for first, because making the copy ends the module where there is none to be had.
                    drop(Limits::room::<$number>(array.length() as usize, "a part of a matrix")?);
                    Ok::<_, Error>(array.to_vec())
                })
                .transpose()?
        };
    }
    let bits = if let Some(v) = numbers!(values, Uint8Array, u8) {
        Bits::One(v)
    } else if let Some(v) = numbers!(values, Uint16Array, u16) {
        Bits::Two(v)
    } else if let Some(v) = numbers!(values, Uint32Array, u32) {
        Bits::Four(v)
    } else {
        Bits::Eight(numbers!(values, BigUint64Array, u64).ok_or_else(strange)?)
    };
    let indices = numbers!(field(object, "indices"), Uint16Array, u16).ok_or_else(strange)?;
    let values = Numbers { plain: number("plain")? as usize, form, bits };
    Ok(Portion { whose: field(object, "whose").as_string(), indices, values, seen })
}
