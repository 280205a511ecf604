//! One column's row of the obs manifest, without waiting for the others: the same bytes, and only that column's are read.
#![allow(clippy::print_stdout)]

use std::{path::Path, rc::Rc};

use cellucid_wasm::{
    anndata::AnnData,
    export::{Export, Options, Profile, Route, safe},
    limits::Limits,
    native::{File, block_on},
    open::{Source, open},
    source::counted::{Counted, Counts},
};
use serde_json::Value;

fn sample(profile: Profile) -> (Export, Rc<Counts>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/sample/sample.h5ad");
    let counts = Rc::new(Counts::default());
    let file = Counted::new(Rc::new(File::open(&path).unwrap()), Rc::clone(&counts));
    let options = Options { profile, file: "sample.h5ad".into(), ..Options::default() };
    let export = block_on(async {
        let tree = open(Source::File(Rc::new(file)), Limits::default()).await?;
        Export::open(AnnData::open(tree, "").await?, options)
    });
    (export.unwrap(), counts)
}

fn text(export: &Export, route: &Route) -> String {
    String::from_utf8(block_on(export.file(route)).unwrap().body.to_vec()).unwrap()
}

#[test]
fn rows_are_those_of_the_whole_manifest() {
    for profile in [Profile::Reference, Profile::Strict] {
        let (one_by_one, _) = sample(profile);
        let (at_once, _) = sample(profile);
        let whole = text(&at_once, &Route::ObsManifest);
        let manifest: Value = serde_json::from_str(&whole).unwrap();
        let mut rows = 0;
        for list in ["_continuousFields", "_categoricalFields"] {
            for row in manifest[list].as_array().unwrap() {
                let field = Route::ObsField(safe(row[0].as_str().unwrap()));
                let document: Value = serde_json::from_str(&text(&one_by_one, &field)).unwrap();
                assert_eq!(document[list], Value::Array(vec![row.clone()]));
                for key in ["_format", "n_points", "latent_key", "centroid_outlier_quantile"] {
                    assert_eq!(document[key], manifest[key]);
                }
                rows += 1;
            }
        }
        assert!(rows > 8);
        // What was asked for before is not made again, nor made differently.
        assert_eq!(text(&one_by_one, &Route::ObsManifest), whole);
    }
    let (export, _) = sample(Profile::Strict);
    let missing = Route::ObsField("nothing".into());
    assert!(block_on(export.file(&missing)).unwrap_err().to_string().contains("no column \"nothing\""));
}

#[test]
fn one_field_costs_its_own_column() {
    let (export, counts) = sample(Profile::Reference);
    counts.bytes.take();
    let number = Route::ObsField("pct_mito".into());
    text(&export, &number);
    let field = counts.bytes.take();
    text(&export, &number);
    assert_eq!(counts.bytes.take(), 0, "a row is made once");
    text(&export, &Route::ObsManifest);
    let all = counts.bytes.take();
    println!("{field} bytes for one field, {all} for the rest");
    assert!(field * 3 < all, "{field} {all}");
    // Later, all of them cost nothing either.
    text(&export, &Route::ObsManifest);
    assert_eq!(counts.bytes.take(), 0);
}

#[test]
fn labels_come_without_the_embeddings() {
    let (export, counts) = sample(Profile::Strict);
    let manifest: Value = serde_json::from_str(&text(&export, &Route::ObsManifest)).unwrap();
    for row in manifest["_categoricalFields"].as_array().unwrap() {
        let labels = text(&export, &Route::ObsLabels(safe(row[0].as_str().unwrap())));
        assert_eq!(serde_json::from_str::<Value>(&labels).unwrap(), row[1]);
    }
    let (fresh, few) = sample(Profile::Strict);
    let taken = |counts: &Counts| counts.bytes.take();
    let (_, _) = (taken(&counts), taken(&few));
    text(&fresh, &Route::ObsLabels("cell_type".into()));
    let (labels, codes) = (taken(&few), block_on(fresh.file(&Route::ObsCodes("cell_type".into()))).unwrap());
    assert_eq!(
        (taken(&few), codes.body.len() as u64),
        (0, fresh.data().n_obs()),
        "labels bring the codes along"
    );
    text(&fresh, &Route::ObsField("cell_type".into()));
    let places = taken(&few);
    println!("{labels} bytes for labels and codes, {places} more for the manifest's row");
    assert!(labels * 2 < places, "{labels} {places}");
    // The reference has none.
    let (reference, _) = sample(Profile::Reference);
    assert!(block_on(reference.file(&Route::ObsLabels("cell_type".into()))).is_err());
    let numbers = block_on(fresh.file(&Route::ObsLabels("nothing".into()))).unwrap_err();
    assert!(numbers.to_string().contains("no column \"nothing\""));
}
