//! Files with several AnnData objects (MuData, SpatialData, side by side): each opens by its name at the values that mudata
//! and anndata read, and without a name the one that people look at first. Objects with several matrices, of which one is
//! chosen. Objects with elements that are not read (awkward arrays, encodings of later times).

#![allow(clippy::print_stdout)]

mod model;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use cellucid_wasm::{
    Kind,
    anndata::AnnData,
    choice::choose,
    dataset::Dataset,
    export::{Export, Options, Profile, Route},
    limits::Limits,
    native::{self, block_on},
    open::Source,
};
use model::{compare, tree};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("build/several")
}

fn expected(name: &str) -> Value {
    let text =
        fs::read(folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}; `./check objects` makes it"));
    serde_json::from_slice(&text).unwrap()
}

fn strict() -> Options {
    Options { profile: Profile::Strict, ..Options::default() }
}

fn dataset(file: &str, root: &str, options: Options) -> cellucid_wasm::Result<Dataset> {
    let path = folder().join(file);
    let source = if path.is_dir() {
        Source::Folder(Rc::new(native::Folder::open(&path)?))
    } else {
        Source::File(Rc::new(native::File::open(&path)?))
    };
    block_on(Dataset::open(source, root, options, Limits::default()))
}

fn describe(dataset: &Dataset) -> Value {
    serde_json::from_str(&block_on(dataset.describe()).unwrap()).unwrap()
}

#[test]
fn each_object_opens_by_its_name_and_holds_what_its_writer_reads() {
    let mut compared = 0;
    for (file, objects) in expected("expected.json").as_object().unwrap() {
        for (root, model) in objects.as_object().unwrap() {
            let chosen = block_on(choose(tree(&folder().join(file)), root, &strict())).unwrap();
            assert_eq!(chosen.place.root, *root, "{file}");
            let named: Vec<&str> = chosen.place.inside.iter().map(|it| it.root.as_str()).collect();
            assert_eq!(named, objects.as_object().unwrap().keys().collect::<Vec<_>>(), "{file}#{root}");
            for it in &chosen.place.inside {
                assert_eq!(json!(it.shape), objects[&it.root]["shape"], "{file}#{}", it.root);
            }
            compared += compare(&chosen.data, model);
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn without_a_name_the_one_is_chosen_that_people_look_at_first() {
    for (file, root, name) in [
        ("mudata.h5mu", "mod/rna", "mudata rna"),
        ("mudata.zarr", "mod/rna", "mudata.zarr rna"),
        // Only what lies above the modalities has an embedding.
        ("mudata_joint.h5mu", "/", "mudata_joint"),
        ("mudata_joint.zarr", "/", "mudata_joint.zarr"),
        ("spatialdata_v2.zarr", "tables/bins", "spatialdata_v2.zarr bins"),
        ("spatialdata_v3.zarr", "tables/bins", "spatialdata_v3.zarr bins"),
        ("spatialdata_old.zarr", "table/table", "spatialdata_old.zarr table"),
        ("beside.h5", "after", "beside after"),
    ] {
        let options = Options { file: file.into(), folder: file.ends_with(".zarr"), ..strict() };
        let dataset = dataset(file, "", options).unwrap();
        let description = describe(&dataset);
        assert_eq!((&description["root"], &description["name"]), (&json!(root), &json!(name)), "{file}");
        let inside = description["inside"].as_array().unwrap();
        let here = inside.iter().find(|it| it["root"] == root).unwrap();
        assert_eq!((&here["n_obs"], &here["reason"]), (&description["n_obs"], &Value::Null), "{file}");
        let points = block_on(dataset.file("points_2d.bin")).unwrap();
        assert_eq!(points.body.len() as u64, description["n_obs"].as_u64().unwrap() * 8, "{file}");
    }
    // A file that is one AnnData has nothing to choose from.
    let plain = describe(&dataset("layers.h5ad", "", Options::default()).unwrap());
    assert_eq!((&plain["root"], &plain["inside"]), (&json!(""), &json!([])));
}

#[test]
fn what_cannot_be_shown_or_is_not_there_comes_with_the_list() {
    for (file, root, kind, words) in [
        ("mudata_bare.h5mu", "", Kind::Unsupported, "\"#mod/prot\", \"#mod/rna\", \"#/\""),
        ("mudata_bare.zarr", "", Kind::Unsupported, "\"#mod/prot\", \"#mod/rna\", \"#/\""),
        ("mudata.h5mu", "mod", Kind::Malformed, "\"#mod/atac\", \"#mod/rna\", \"#mod/prot\""),
        ("mudata.zarr", "mod/RNA", Kind::Missing, "\"#mod/atac\", \"#mod/rna\", \"#mod/prot\""),
        ("spatialdata_v3.zarr", "images", Kind::Malformed, "\"#tables/bins\", \"#tables/cells\""),
        ("beside.h5", "readme", Kind::Malformed, "\"#after\", \"#before\""),
        // In the reference's form only UMAPs are drawn.
        ("spatialdata_v2.zarr", "", Kind::Unsupported, "\"#tables/bins\", \"#tables/cells\""),
    ] {
        let options = if root.is_empty() { Options::default() } else { strict() };
        let error = dataset(file, root, options).err().unwrap_or_else(|| panic!("{file}#{root} opens"));
        assert_eq!(error.kind, kind, "{error}");
        assert!(
            error.to_string().contains(file) && error.advice().contains(words),
            "{error}: {}",
            error.advice()
        );
    }
}

#[test]
fn genes_come_from_the_layer_that_is_named() {
    for (file, matrices) in expected("matrices.json").as_object().unwrap() {
        let layers: Vec<&String> = matrices.as_object().unwrap().keys().collect();
        let description = describe(&dataset(file, "", Options::default()).unwrap());
        assert_eq!((&description["layers"], &description["layer"]), (&json!(layers), &Value::Null), "{file}");
        for (name, model) in matrices.as_object().unwrap() {
            let data = block_on(AnnData::open(tree(&folder().join(file)), "")).unwrap();
            compare(&block_on(data.with_matrix(name)).unwrap(), model);
            // The same through the export: the last gene's values.
            let dataset =
                dataset(file, "", Options { layer: Some(name.clone()), ..Options::default() }).unwrap();
            assert_eq!(describe(&dataset)["layer"], **name);
            let gene = model["var_names"].as_array().unwrap().last().unwrap().as_str().unwrap();
            let values = block_on(dataset.file(&format!("var/{gene}.values.f32"))).unwrap().body;
            let values: Vec<f32> = values.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            let wanted: Vec<f64> = serde_json::from_value(
                model["X"]["first_columns"].as_array().unwrap().last().unwrap().clone(),
            )
            .unwrap();
            assert_eq!(values, wanted.iter().map(|&x| x as f32).collect::<Vec<_>>(), "{file} {name}");
        }
        let error =
            dataset(file, "", Options { layer: Some("spliced".into()), ..Options::default() }).err().unwrap();
        assert!(
            error.kind == Kind::Missing && error.advice().contains("raw, counts"),
            "{error}: {}",
            error.advice()
        );
    }
}

#[test]
fn what_is_not_read_is_listed_and_hides_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/unreadable");
    let text = fs::read(folder.join("expected.json")).expect("`./check objects` makes it");
    let expected: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_slice(&text).unwrap();
    assert_eq!(expected.len(), 4);
    for (file, unusable) in expected {
        let data = block_on(AnnData::open(tree(&folder.join(&file)), "")).unwrap();
        block_on(data.survey());
        let export = Export::open(data, Options { file: file.clone(), ..Options::default() }).unwrap();
        let description: Value = serde_json::from_str(&block_on(export.describe()).unwrap().text()).unwrap();
        let skipped: BTreeMap<&str, &str> = description["skipped"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| (s["object"].as_str().unwrap(), s["reason"].as_str().unwrap()))
            .collect();
        let listed: Vec<_> = skipped.keys().copied().collect();
        assert_eq!(listed, unusable.keys().collect::<Vec<_>>(), "{file}: {skipped:#?}");
        for (object, words) in &unusable {
            let reason = skipped[object.as_str()];
            assert!(reason.contains(words), "{file}: {object}: {reason}");
        }
        // All the rest.
        let cells = 24;
        let len =
            |path: &str| block_on(export.file(&Route::parse(path).unwrap())).map(|file| file.body.len());
        assert_eq!(len("points_2d.bin").unwrap(), cells * 2 * 4);
        assert_eq!(len("obs/depth.values.f32").unwrap(), cells * 4);
        assert_eq!(len("obs/kind.codes.u8").unwrap(), cells);
        assert_eq!(len("var/w.values.f32").is_ok(), !unusable.contains_key("X"), "{file}");
        let keys: Vec<&str> =
            description["obsm"].as_array().unwrap().iter().map(|e| e["key"].as_str().unwrap()).collect();
        assert!(keys.contains(&"cube") && keys.contains(&"X_umap") && !keys.contains(&"ragged"), "{keys:?}");
        // A column that cannot be read says why when it is asked for.
        if unusable.contains_key("obs/later") {
            let error = block_on(export.file(&Route::parse("obs/later.values.f32").unwrap())).unwrap_err();
            assert!(error.to_string().contains("from-the-future"), "{error}");
        }
    }
}

/// Fixtures of the oracle that do not open, with words of what is said.
const REFUSED: &[(&str, &str)] = &[
    ("emb_none", "no embedding can be drawn: obsm holds"),
    ("emb_only_5", "no embedding can be drawn: obsm holds"),
    ("missing_obs", "holds no AnnData: there is no \"obs\" in it"),
    ("missing_obsm", "no embedding can be drawn: obsm holds nothing"),
];

#[test]
fn every_fixture_of_the_oracle_opens_or_says_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/oracle/fx");
    let text = fs::read(root.join("fixtures.json")).expect("`./check oracle` makes it");
    let fixtures: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let (mut opened, mut refused) = (0, Vec::new());
    for fixture in &fixtures {
        let (name, path) = (fixture["name"].as_str().unwrap(), root.join(fixture["path"].as_str().unwrap()));
        let source = if path.is_dir() {
            Source::Folder(Rc::new(native::Folder::open(&path).unwrap()))
        } else {
            Source::File(Rc::new(native::File::open(&path).unwrap()))
        };
        match block_on(Dataset::open(source, "", Options::default(), Limits::default())) {
            Ok(dataset) => {
                let description = describe(&dataset);
                assert!(description["n_obs"].is_u64() && description["root"] == "", "{name}: {description}");
                opened += 1;
            }
            Err(error) => refused.push((name, error.to_string())),
        }
    }
    println!("{} fixtures: {opened} open, {} say why not: {refused:#?}", fixtures.len(), refused.len());
    assert_eq!(fixtures.len(), 236);
    assert_eq!(
        refused.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        REFUSED.iter().map(|(name, _)| *name).collect::<Vec<_>>()
    );
    for ((name, error), (_, words)) in refused.iter().zip(REFUSED) {
        assert!(error.contains(words), "{name}: {error}");
    }
}
