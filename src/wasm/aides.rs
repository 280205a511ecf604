//! `Dataset.helpWith` and `Aide`: other workers that open the same file take part in passes over a matrix stored by row.

use std::{ops::Range, rc::Rc};

use js_sys::{
    Array, BigUint64Array, Function, Object, Promise, Reflect, Uint8Array, Uint16Array, Uint32Array,
};
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
    anndata::{self, Aides, Bits, Form, Found, Items, Numbers, Parcel, Portion, Sight},
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

    /// A stretch of the items of the matrix at a path, and what some columns have among them.
    #[wasm_bindgen(skip_typescript)]
    pub fn portion(&self, path: String, start: f64, end: f64, columns: Option<Vec<f64>>) -> Promise {
        let (aide, meter, running) =
            (Rc::clone(&self.aide), Rc::clone(&self.meter), Rc::clone(&self.running));
        future_to_promise(async move {
            let work = async {
                let columns: Vec<u64> = columns.into_iter().flatten().map(|column| column as u64).collect();
                let portion = apart(aide.portion(&path, start as u64..end as u64, &columns)).await?;
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
    /// Has up to `most` stretches at a time read by `help(path, start, end, columns)`, which in another worker calls `Aide.portion`; nothing
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

    fn portion<'a>(
        &'a self,
        path: &'a str,
        items: Range<u64>,
        columns: Vec<u64>,
    ) -> Pending<'a, Option<Portion>> {
        Box::pin(async move {
            let columns: Array = columns.iter().map(|&column| JsValue::from(column as f64)).collect();
            let (start, end) = (JsValue::from(items.start as f64), JsValue::from(items.end as f64));
            let returned = self.help.call4(&JsValue::NULL, &path.into(), &start, &end, &columns);
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
    let Portion { whose, items, found, seen } = portion;
    let Items::Here(indices, Numbers { plain, form, bits }) = items else { return Err(strange()) };
    let values: JsValue = match bits {
        Bits::One(v) => Uint8Array::from(v.as_slice()).into(),
        Bits::Two(v) => Uint16Array::from(v.as_slice()).into(),
        Bits::Four(v) => Uint32Array::from(v.as_slice()).into(),
        Bits::Eight(v) => BigUint64Array::from(v.as_slice()).into(),
    };
    let found: Array = found
        .iter()
        .map(|Found { column, places, values }| {
            object([
                ("column", (*column).into()),
                ("places", Uint32Array::from(places.as_slice()).into()),
                ("values", Uint8Array::from(values.as_slice()).into()),
            ])
        })
        .collect();
    let seen: Vec<Value> =
        seen.iter().map(|(path, number, (size, sum))| json!([path, number, size, sum])).collect();
    let (requests, bytes) = meter.taken();
    Ok(object([
        ("whose", whose.as_deref().map_or(JsValue::NULL, JsValue::from_str)),
        ("plain", (*plain as u32).into()),
        ("form", form.code().into()),
        ("indices", Uint16Array::from(indices.as_slice()).into()),
        ("values", values),
        ("found", found.into()),
        ("seen", Value::from(seen).to_string().into()),
        ("requests", (requests as f64).into()),
        ("bytesRead", (bytes as f64).into()),
    ]))
}

fn object<const N: usize>(fields: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &name.into(), &value).ok();
    }
    object.into()
}

fn strange() -> Error {
    Error::request("an aide has to return what `Aide.portion` gives")
}

/// Arrays of numbers, copied into this module's memory.
macro_rules! numbers {
    ($array:expr, $number:ident) => {{
        // Asked for first, because making the copy ends the module where there is none to be had.
        drop(Limits::room::<$number>($array.length() as usize, "a part of a matrix")?);
        $array.to_vec()
    }};
}

/// Items as another worker has handed them over.
struct Arrays {
    indices: Uint16Array,
    values: Wide,
    form: Form,
    plain: usize,
}

/// Values by their width.
enum Wide {
    One(Uint8Array),
    Two(Uint16Array),
    Four(Uint32Array),
    Eight(BigUint64Array),
}

impl Parcel for Arrays {
    fn items(&self) -> usize {
        self.indices.length() as usize
    }

    fn kept(&self) -> (Form, usize) {
        (self.form, self.plain)
    }

    fn unpack(&self) -> Result<(Vec<u16>, Numbers)> {
        let bits = match &self.values {
            Wide::One(v) => Bits::One(numbers!(v, u8)),
            Wide::Two(v) => Bits::Two(numbers!(v, u16)),
            Wide::Four(v) => Bits::Four(numbers!(v, u32)),
            Wide::Eight(v) => Bits::Eight(numbers!(v, u64)),
        };
        let numbers = Numbers { plain: self.plain, form: self.form, bits };
        Ok((numbers!(self.indices, u16), numbers))
    }
}

impl Arrays {
    fn of(object: &JsValue) -> Option<Self> {
        let indices: Uint16Array = field(object, "indices").dyn_into().ok()?;
        let form = Form::from_code(field(object, "form").as_f64()? as u8)?;
        let plain = field(object, "plain").as_f64()? as usize;
        let values = field(object, "values");
        let (values, length) = match form.width(plain) {
            1 => values.dyn_into::<Uint8Array>().map(|v| (v.length(), Wide::One(v))),
            2 => values.dyn_into::<Uint16Array>().map(|v| (v.length(), Wide::Two(v))),
            4 => values.dyn_into::<Uint32Array>().map(|v| (v.length(), Wide::Four(v))),
            8 => values.dyn_into::<BigUint64Array>().map(|v| (v.length(), Wide::Eight(v))),
            _ => return None,
        }
        .map(|(length, values)| (values, length))
        .ok()?;
        (length == indices.length()).then_some(Self { indices, values, form, plain })
    }
}

fn from_object(object: &JsValue) -> Result<Portion> {
    let items = Items::Away(Rc::new(Arrays::of(object).ok_or_else(strange)?));
    let mut found = Vec::new();
    let all: Array = field(object, "found").dyn_into().map_err(|_| strange())?;
    for one in all.iter() {
        let places: Uint32Array = field(&one, "places").dyn_into().map_err(|_| strange())?;
        let values: Uint8Array = field(&one, "values").dyn_into().map_err(|_| strange())?;
        let column = field(&one, "column").as_f64().ok_or_else(strange)? as u16;
        found.push(Found { column, places: numbers!(places, u32), values: numbers!(values, u8) });
    }
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
    Ok(Portion { whose: field(object, "whose").as_string(), items, found, seen })
}
