//! The options of `Dataset.open`, `Dataset.read`, `Dataset.array` and `Dataset.pack`, checked: a misspelt or mistyped option is an error, not ignored.

use std::{ops::Range, rc::Rc};

use js_sys::{Array, Function, Number, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Headers};

use super::{beside::Beside, meter::Meter, pack::Caller};
use crate::{
    error::{Error, Result},
    export::{Bits, Options, Packing, Profile},
};

const OPEN: &[&str] = &[
    "name",
    "beside",
    "root",
    "profile",
    "latentKey",
    "geneIdColumn",
    "layer",
    "datasetName",
    "datasetId",
    "centroidQuantile",
    "centroidMinPoints",
    "normalize",
    "headers",
    "cache",
    "prefetch",
    "renew",
    "signal",
    "progress",
];
const READ: &[&str] = &["signal", "progress", "partial"];
const ARRAY: &[&str] = &["signal", "progress", "select"];
const PACK: &[&str] =
    &["signal", "progress", "quantizeVar", "quantizeObs", "compression", "genes", "memory", "expect", "put"];

/// Options of one call.
pub struct Given {
    object: JsValue,
}

/// What both calls take.
#[derive(Default)]
pub struct Hooks {
    /// Fires when the caller gives up.
    pub signal: Option<AbortSignal>,
    /// Told how many bytes have come in.
    pub progress: Option<Function>,
    /// Given parts of a gene while it is looked for.
    pub partial: Option<Function>,
}

impl Given {
    /// Options of `Dataset.open`.
    pub fn to_open(object: JsValue) -> Result<Self> {
        Self::new(object, OPEN)
    }

    /// Options of `Dataset.read`.
    pub fn to_read(object: JsValue) -> Result<Self> {
        Self::new(object, READ)
    }

    /// Options of `Dataset.array`.
    pub fn to_array(object: JsValue) -> Result<Self> {
        Self::new(object, ARRAY)
    }

    /// Options of `Dataset.pack`.
    pub fn to_pack(object: JsValue) -> Result<Self> {
        Self::new(object, PACK)
    }

    fn new(object: JsValue, known: &[&str]) -> Result<Self> {
        if object.is_undefined() || object.is_null() {
            return Ok(Self { object: Object::new().into() });
        }
        let Some(fields) = object.dyn_ref::<Object>() else {
            return Err(Error::request("the options have to be an object"));
        };
        for key in Object::keys(fields).iter().filter_map(|key| key.as_string()) {
            if !known.contains(&key.as_str()) {
                return Err(Error::request(format!(
                    "there is no option {key:?}; there are: {}",
                    known.join(", ")
                )));
            }
        }
        Ok(Self { object })
    }

    fn value(&self, name: &str) -> Option<JsValue> {
        Reflect::get(&self.object, &name.into())
            .ok()
            .filter(|value| !value.is_undefined() && !value.is_null())
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        self.value(name).map(|value| value.as_string().ok_or_else(|| wrong(name, "a string"))).transpose()
    }

    fn number(&self, name: &str) -> Result<Option<f64>> {
        self.value(name).map(|value| value.as_f64().ok_or_else(|| wrong(name, "a number"))).transpose()
    }

    /// Signal and progress.
    pub fn hooks(&self) -> Result<Hooks> {
        let signal =
            self.value("signal").map(|v| v.dyn_into().map_err(|_| wrong("signal", "an AbortSignal")));
        let progress =
            self.value("progress").map(|v| v.dyn_into().map_err(|_| wrong("progress", "a function")));
        let partial = self.value("partial").map(|v| v.dyn_into().map_err(|_| wrong("partial", "a function")));
        Ok(Hooks {
            signal: signal.transpose()?,
            progress: progress.transpose()?,
            partial: partial.transpose()?,
        })
    }

    /// Whether things may be kept between visits.
    pub fn cache(&self) -> Result<bool> {
        self.flag("cache").map(|cache| cache.unwrap_or(true))
    }

    /// Whether what is likely to be asked for next may be read ahead: not where the person at the browser wants to save data.
    pub fn prefetch(&self) -> Result<bool> {
        let field = |of: JsValue, name: &str| Reflect::get(&of, &name.into()).unwrap_or_default();
        let connection = || field(field(js_sys::global().into(), "navigator"), "connection");
        Ok(self.flag("prefetch")?.unwrap_or_else(|| {
            let connection = connection();
            !connection.is_object() || !field(connection, "saveData").is_truthy()
        }))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>> {
        self.value(name).map(|v| v.as_bool().ok_or_else(|| wrong(name, "a boolean"))).transpose()
    }

    /// Half-open ranges of numbers, `null` for all there are; nothing where the option is not given.
    pub fn spans(&self, name: &str) -> Result<Vec<Option<Range<u64>>>> {
        let shape =
            || wrong(name, "a list of pairs of whole numbers, [start, end], or null for a whole axis");
        let Some(list) = self.value(name) else { return Ok(Vec::new()) };
        let number = |value: JsValue| {
            let whole =
                value.as_f64().filter(|n| *n >= 0.0 && n.fract() == 0.0 && *n <= Number::MAX_SAFE_INTEGER);
            whole.map(|n| n as u64).ok_or_else(shape)
        };
        let span = |pair: JsValue| {
            if pair.is_null() || pair.is_undefined() {
                return Ok(None);
            }
            let pair = pair.dyn_into::<Array>().map_err(|_| shape())?;
            if pair.length() != 2 {
                Err(shape())
            } else {
                Ok(Some(number(pair.get(0))?..number(pair.get(1))?))
            }
        };
        list.dyn_into::<Array>().map_err(|_| shape())?.iter().map(span).collect()
    }

    /// The folder that a local file is in.
    pub fn beside(&self, meter: &Rc<Meter>) -> Result<Option<Beside>> {
        self.value("beside").map(|value| Beside::new(value, meter)).transpose()
    }

    /// Names and values of the headers.
    pub fn headers(&self) -> Result<Vec<(String, String)>> {
        self.value("headers").map_or_else(|| Ok(Vec::new()), |value| headers(&value))
    }

    /// The function that gives a fresh address.
    pub fn renew(&self) -> Result<Option<Function>> {
        self.value("renew").map(|v| v.dyn_into().map_err(|_| wrong("renew", "a function"))).transpose()
    }

    /// How an export folder is packed.
    pub fn packing(&self) -> Result<Packing> {
        let bits = |name| match self.number(name)? {
            None => Ok(None),
            Some(8.0) => Ok(Some(Bits::Eight)),
            Some(16.0) => Ok(Some(Bits::Sixteen)),
            Some(_) => Err(wrong(name, "8 or 16")),
        };
        let compression = match self.number("compression")? {
            None => None,
            Some(level) if (1.0..=9.0).contains(&level) && level.fract() == 0.0 => Some(level as u8),
            Some(_) => return Err(wrong("compression", "a level from 1 to 9")),
        };
        let genes = match self.value("genes") {
            None => None,
            Some(list) if Array::is_array(&list) => {
                let name = |id: JsValue| id.as_string().ok_or_else(|| wrong("genes", "a list of gene ids"));
                Some(Array::from(&list).iter().map(name).collect::<Result<_>>()?)
            }
            Some(_) => return Err(wrong("genes", "a list of gene ids")),
        };
        let memory = self.number("memory")?.map(|bytes| bytes as u64);
        Ok(Packing { compression, var: bits("quantizeVar")?, obs: bits("quantizeObs")?, genes, memory })
    }

    /// Where the files of a folder go.
    pub fn caller(&self) -> Result<Caller> {
        let function = |name| {
            self.value(name)
                .map(|v| v.dyn_into::<Function>().map_err(|_| wrong(name, "a function")))
                .transpose()
        };
        let put = function("put")?.ok_or_else(|| wrong("put", "a function"))?;
        Ok(Caller { put, expect: function("expect")? })
    }

    /// What the virtual files are made by.
    #[inline(never)] // As `wait::apart`.
    pub fn export(&self, file: String, folder: bool) -> Result<Options> {
        let profile = match self.text("profile")?.as_deref() {
            None | Some("reference") => Profile::Reference,
            Some("strict") => Profile::Strict,
            Some(other) => {
                return Err(Error::request(format!(
                    "the profile {other:?} is neither \"reference\" nor \"strict\""
                )));
            }
        };
        let usual = Options::default();
        Ok(Options {
            profile,
            file,
            folder,
            path: None,
            created_at: now(),
            dataset_name: self.text("datasetName")?,
            dataset_id: self.text("datasetId")?,
            latent_key: self.text("latentKey")?,
            gene_id_column: self.text("geneIdColumn")?,
            layer: self.text("layer")?,
            normalize: self.flag("normalize")?.unwrap_or(usual.normalize),
            centroid_quantile: self.number("centroidQuantile")?.unwrap_or(usual.centroid_quantile),
            centroid_min_points: self
                .number("centroidMinPoints")?
                .map_or(usual.centroid_min_points, |n| n as i64),
        })
    }
}

/// Names and values of headers: an object, a list of pairs or a `Headers`.
pub fn headers(value: &JsValue) -> Result<Vec<(String, String)>> {
    let shape = || wrong("headers", "an object, a list of pairs or a Headers");
    let pairs = match value.dyn_ref::<Headers>() {
        Some(headers) => Array::from(headers.as_ref()),
        None if Array::is_array(value) => Array::from(value),
        None => Object::entries(value.dyn_ref::<Object>().ok_or_else(shape)?),
    };
    let pair = |pair: JsValue| {
        let pair = Array::from(&pair);
        Ok((pair.get(0).as_string().ok_or_else(shape)?, pair.get(1).as_string().ok_or_else(shape)?))
    };
    pairs.iter().map(pair).collect()
}

fn wrong(name: &str, wanted: &str) -> Error {
    Error::request(format!("the option {name:?} has to be {wanted}"))
}

/// The time as `2026-01-31T12:00:00Z`.
fn now() -> String {
    let text = String::from(js_sys::Date::new_0().to_iso_string());
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}
