//! The module inside a browser, in a dedicated worker: every kind of local source, beyond 4 GiB, cancelling, errors.
//!
//! Reading over HTTP needs a host and is tested from a real page (`tests/page/module.test.js`).
#![cfg(target_arch = "wasm32")]

use cellucid_wasm::{host, wasm::Dataset};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{AbortController, Blob, File};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const SAMPLE: &[u8] = include_bytes!("../www/sample/sample.h5ad");

fn none() -> JsValue {
    JsValue::UNDEFINED
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value).unwrap();
    }
    object.into()
}

/// A function written in JavaScript.
fn function(parameters: &str, body: &str) -> Function {
    Function::new_with_args(parameters, body)
}

fn sample_file() -> JsValue {
    let parts = Array::of1(&Uint8Array::from(SAMPLE));
    File::new_with_u8_array_sequence(&parts, "sample.h5ad").unwrap().into()
}

async fn open(from: JsValue) -> Dataset {
    match Dataset::open(from, none()).await {
        Ok(dataset) => dataset,
        Err(error) => panic!("not opened: {}", text(&error, "message")),
    }
}

async fn read(dataset: &Dataset, path: &str) -> Result<Vec<u8>, JsValue> {
    let read = JsFuture::from(dataset.read(path.into(), none())).await?;
    Ok(read.dyn_into::<Uint8Array>().unwrap().to_vec())
}

fn text(value: &JsValue, field: &str) -> String {
    Reflect::get(value, &field.into()).unwrap().as_string().unwrap_or_default()
}

fn number(value: &JsValue, field: &str) -> f64 {
    Reflect::get(value, &field.into()).unwrap().as_f64().unwrap()
}

/// Positions of the sample's cells; every cell is somewhere within the unit square.
fn check_points(bytes: &[u8]) {
    assert_eq!(bytes.len(), 5000 * 2 * 4);
    let values = bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
    assert!(low >= -1.0 && high <= 1.0 && high - low > 1.0, "{low}..{high}");
}

#[wasm_bindgen_test]
async fn a_file_is_described_and_read() {
    let dataset = open(sample_file()).await;
    let about = dataset.describe().unwrap();
    assert_eq!((number(&about, "n_obs"), number(&about, "n_vars")), (5000.0, 340.0));
    assert_eq!((text(&about, "format"), text(&about, "name")), ("hdf5".into(), "sample".into()));
    check_points(&read(&dataset, "points_2d.bin").await.unwrap());
    check_points(&read(&dataset, "/points_2d.bin").await.unwrap());
    assert_eq!(read(&dataset, "var/CD3E.values.f32").await.unwrap().len(), 20_000);
    let paths: Array = JsFuture::from(dataset.paths()).await.unwrap().unchecked_into();
    assert!(paths.includes(&"obs/cell_type.codes.u8".into(), 0) && paths.length() > 340);
    let stats = dataset.stats();
    assert!(number(&stats, "requests") > 0.0 && number(&stats, "bytes_read") > 40_000.0);
}

#[wasm_bindgen_test]
async fn offsets_beyond_4_gib() {
    let block =
        Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::new_with_length(64 << 20))).unwrap();
    let parts: Array = (0..64).map(|_| JsValue::from(&block)).collect();
    parts.push(&sample_file());
    let big = Blob::new_with_blob_sequence(&parts).unwrap();
    assert_eq!(big.size(), 4_294_967_296.0 + SAMPLE.len() as f64);
    // The signature of an HDF5 file may stand at any power of two from 512 on.
    let dataset = open(big.into()).await;
    check_points(&read(&dataset, "points_2d.bin").await.unwrap());
    let moved = number(&dataset.stats(), "bytes_read");
    assert!(moved < 4e6, "{moved} bytes were read");
}

#[wasm_bindgen_test]
async fn bytes_in_memory() {
    let dataset = open(Uint8Array::from(SAMPLE).into()).await;
    check_points(&read(&dataset, "points_2d.bin").await.unwrap());
}

#[wasm_bindgen_test]
async fn a_source_of_the_callers_own() {
    let source = object(&[
        ("name", "mine.h5ad".into()),
        ("size", (SAMPLE.len() as f64).into()),
        ("bytes", Uint8Array::from(SAMPLE).into()),
        (
            "read",
            function("start, end, signal", "return Promise.resolve(this.bytes.slice(start, end))").into(),
        ),
    ]);
    let dataset = open(source.clone()).await;
    assert_eq!(text(&dataset.describe().unwrap(), "name"), "mine");
    check_points(&read(&dataset, "points_2d.bin").await.unwrap());

    let fail = "throw Object.assign(new Error('the line is down'), { code: 'source', advice: 'wait' })";
    Reflect::set(&source, &"read".into(), &function("", fail)).unwrap();
    let error = Dataset::open(source.clone(), none()).await.err().unwrap();
    assert_eq!((text(&error, "message"), text(&error, "code")), ("the line is down".into(), "source".into()));
    assert_eq!((text(&error, "file"), text(&error, "advice")), ("mine.h5ad".into(), "wait".into()));

    Reflect::set(&source, &"read".into(), &function("", "return new Uint8Array(3)")).unwrap();
    let error = Dataset::open(source.clone(), none()).await.err().unwrap();
    assert!(text(&error, "message").contains("after 3 of"), "{}", text(&error, "message"));

    Reflect::set(&source, &"read".into(), &function("", "return 'text'")).unwrap();
    let error = Dataset::open(source, none()).await.err().unwrap();
    assert!(text(&error, "message").contains("Uint8Array"));
}

#[wasm_bindgen_test]
async fn failures_say_where_and_what_to_do() {
    let file = |bytes: &[u8]| {
        let parts = Array::of1(&Uint8Array::from(bytes));
        JsValue::from(File::new_with_u8_array_sequence(&parts, "odd.h5ad").unwrap())
    };
    for (from, code, words) in [
        (file(b""), "malformed", "empty"),
        (file(b"<!DOCTYPE html>"), "malformed", "HTML"),
        (file(&SAMPLE[..SAMPLE.len() / 2]), "malformed", ""),
        (JsValue::from(7), "request", "nothing that can be opened"),
        (object(&[]), "request", "nothing that can be opened"),
        (Array::new().into(), "request", "empty"),
        ("file:///x.h5ad".into(), "request", "no http or https address"),
    ] {
        let error = Dataset::open(from, none()).await.err().unwrap();
        assert!(error.is_instance_of::<js_sys::Error>());
        assert_eq!((text(&error, "name"), text(&error, "code")), ("CellucidError".into(), code.into()));
        assert!(text(&error, "message").contains(words), "{}", text(&error, "message"));
        assert!(!text(&error, "advice").is_empty());
    }
    let dataset = open(sample_file()).await;
    let error = read(&dataset, "obs/nothing.values.f32").await.unwrap_err();
    assert_eq!((text(&error, "code"), text(&error, "file")), ("missing".into(), "sample.h5ad".into()));
    assert_eq!(text(&read(&dataset, "../etc").await.unwrap_err(), "code"), "missing");
}

#[wasm_bindgen_test]
async fn options_are_checked_and_used() {
    let open_with = |fields: &[(&str, JsValue)]| Dataset::open(sample_file(), object(fields));
    let named =
        open_with(&[("datasetId", "marrow".into()), ("profile", "strict".into())]).await.ok().unwrap();
    assert_eq!(text(&named.describe().unwrap(), "id"), "marrow");
    for (name, value, words) in [
        ("latent_key", "X_pca".into(), "there is no option \"latent_key\""),
        ("latentKey", 7.into(), "has to be a string"),
        ("profile", "loose".into(), "neither"),
        ("normalize", "no".into(), "has to be a boolean"),
        ("signal", 1.into(), "an AbortSignal"),
        ("progress", 1.into(), "a function"),
    ] {
        let error = open_with(&[(name, value)]).await.err().unwrap();
        assert_eq!(text(&error, "code"), "request");
        assert!(text(&error, "message").contains(words), "{}", text(&error, "message"));
    }
}

#[wasm_bindgen_test]
async fn what_was_let_go_of_takes_no_memory() {
    // Answers at once, so that no timer gets its turn: nothing may be left to one.
    let source = object(&[
        ("size", (SAMPLE.len() as f64).into()),
        ("bytes", Uint8Array::from(SAMPLE).into()),
        ("read", function("start, end", "return this.bytes.slice(start, end)").into()),
    ]);
    // Nothing is read ahead: on a slow machine a dataset would live on for as long as that takes.
    let options = object(&[("prefetch", false.into())]);
    let mut pages = Vec::new();
    for _ in 0..40 {
        let dataset = Dataset::open(source.clone(), options.clone()).await.ok().unwrap();
        for path in ["points_3d.bin", "obs/cell_type.outliers.f32"] {
            read(&dataset, path).await.unwrap();
        }
        drop(dataset);
        pages.push(core::arch::wasm32::memory_size(0));
    }
    // One that stays takes 17 pages (of 64 KiB); an allocator that finds no hole takes five, once or twice in all.
    assert!(pages[39] - pages[5] <= 15, "{pages:?}");
}

#[wasm_bindgen_test]
async fn whoever_gives_up_is_let_go() {
    // A source that never answers, and notes that its work was called off.
    let source = object(&[
        ("size", (SAMPLE.len() as f64).into()),
        ("bytes", Uint8Array::from(SAMPLE).into()),
        ("waiting", 0.into()),
        ("aborted", 0.into()),
        (
            "read",
            function(
                "start, end, signal",
                "if (!this.stuck) return this.bytes.slice(start, end);
                 this.waiting += 1;
                 signal.addEventListener('abort', () => { this.aborted += 1; this.waiting -= 1; });
                 return new Promise(() => {});",
            )
            .into(),
        ),
    ]);
    let dataset = open(source.clone()).await;
    Reflect::set(&source, &"stuck".into(), &true.into()).unwrap();
    let abort = AbortController::new().unwrap();
    let reading = dataset.read("var/CD3E.values.f32".into(), object(&[("signal", abort.signal().into())]));
    asked(&source).await;
    abort.abort();
    let error = JsFuture::from(reading).await.unwrap_err();
    assert_eq!(text(&error, "code"), "cancelled");
    assert!(number(&source, "aborted") >= 1.0);

    // The next one reads as if nothing had been.
    Reflect::set(&source, &"stuck".into(), &false.into()).unwrap();
    assert_eq!(read(&dataset, "var/CD3E.values.f32").await.unwrap().len(), 20_000);

    Reflect::set(&source, &"stuck".into(), &true.into()).unwrap();
    // Not a gene: after the first they need no reading.
    let reading = dataset.read("points_3d.bin".into(), none());
    asked(&source).await;
    dataset.close();
    assert_eq!(text(&JsFuture::from(reading).await.unwrap_err(), "code"), "cancelled");
    let error = read(&dataset, "points_2d.bin").await.unwrap_err();
    assert!(text(&error, "message").contains("closed"));

    let late = AbortController::new().unwrap();
    late.abort();
    let error =
        Dataset::open(sample_file(), object(&[("signal", late.signal().into())])).await.err().unwrap();
    assert_eq!(text(&error, "code"), "cancelled");
}

#[wasm_bindgen_test]
async fn progress_is_told() {
    let told = Array::new();
    let progress = function("told", "return (p) => { told.push(p); throw new Error('ignored'); }")
        .call1(&none(), &told)
        .unwrap();
    let options = object(&[("progress", progress)]);
    let dataset = Dataset::open(sample_file(), options).await.ok().unwrap();
    assert!(told.length() > 0);
    assert!(number(&told.get(0), "bytes") > 0.0 && number(&told.get(0), "requests") > 0.0);
    drop(dataset);
}

/// Until the source has been asked: before that the shelf is, which takes the time it takes.
async fn asked(source: &JsValue) {
    while number(source, "waiting") < 1.0 {
        pause().await;
    }
}

/// A moment for what was started to get going.
async fn pause() {
    let wait = Promise::new(&mut |resolve, _| {
        let global = js_sys::global();
        let timer: Function = Reflect::get(&global, &"setTimeout".into()).unwrap().unchecked_into();
        timer.call2(&global, &resolve, &20.into()).unwrap();
    });
    JsFuture::from(wait).await.unwrap();
}

#[wasm_bindgen_test]
fn letters_and_numbers_are_what_the_standard_library_says() {
    for text in ["ÄbC", "ΟΔΟΣ", "ǅ", "İ", "ß", "ﬁ", "é", "я", "𐐨", "漢字", "T"] {
        assert_eq!(host::lower(text), text.to_lowercase(), "{text}");
        assert_eq!(host::upper(text), text.to_uppercase(), "{text}");
    }
    let spelt = [
        "0.1",
        "-1e-7",
        "+.5",
        "5.",
        "1e400",
        "4.9e-324",
        "-0",
        "1e23",
        "9007199254740993",
        "inf",
        "-Infinity",
        "nan",
    ];
    let wrong =
        ["", "+", ".", "e", "1e", "1.5.2", "0x10", "0b1", "1_0", " 1", "1 ", "infinit", "--1", "-+1", "1-2"];
    for text in spelt.iter().chain(&wrong) {
        let plain = text.parse::<f64>().ok();
        assert_eq!(host::number(text).map(f64::to_bits), plain.map(f64::to_bits), "{text}");
    }
    for power in -330..=310 {
        let text = format!("1e{power}");
        assert_eq!(host::number(&text), text.parse().ok(), "{text}");
    }
}
