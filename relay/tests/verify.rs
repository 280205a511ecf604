//! Export folders against their source: whole, damaged in every way, packed, and those of the reference.

mod program;

use std::{fs, path::Path, process::Command};

use program::{Scratch, amend, fails, ok, root, run, sample, text};
use serde_json::{Value, json};

const IDENTITY: &str = "dataset_identity.json";

/// `export` of the sample as a command line, in words.
fn export<'a>(source: &'a str, out: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [&["export", source, out, "--genes", "CD3E,MS4A1,NKG7,LYZ"], options].concat()
}

/// A way to damage a folder, and what `verify` has to say of it.
type Damage = (&'static str, fn(&Path), &'static str);

fn flip(path: &Path, at: usize) {
    let mut body = fs::read(path).unwrap();
    body[at] ^= 0x40;
    fs::write(path, body).unwrap();
}

const DAMAGES: &[Damage] = &[
    ("a value", |at| flip(&at.join("var/CD3E.values.f32"), 17 * 4 + 3), "var/CD3E.values.f32: value 17: "),
    ("a code", |at| flip(&at.join("obs/cell_type.codes.u8"), 4999), "obs/cell_type.codes.u8: value 4999: "),
    (
        "an edge",
        |at| flip(&at.join("connectivity/edges.dst.bin"), 8),
        "connectivity/edges.dst.bin: value 4: ",
    ),
    ("a point", |at| flip(&at.join("points_3d.bin"), 30), "points_3d.bin: value 7: "),
    (
        "a length",
        |at| fs::write(at.join("obs/pct_mito.values.f32"), [0; 12]).unwrap(),
        "obs/pct_mito.values.f32: length: 3 values (12 bytes), the source gives 5000 values (20000 bytes)",
    ),
    (
        "a file",
        |at| fs::remove_file(at.join("var/LYZ.values.f32")).unwrap(),
        "var/LYZ.values.f32: is not there",
    ),
    (
        "a label",
        |at| amend(&at.join("obs_manifest.json"), |m| m["_categoricalFields"][0][1][0] = "no such".into()),
        "obs_manifest.json: _categoricalFields: \"",
    ),
    (
        "a centroid",
        |at| {
            amend(&at.join("obs_manifest.json"), |m| {
                m["_categoricalFields"][0][4]["2"][0]["n_points"] = 1.into()
            })
        },
        "n_points: 1, the source gives ",
    ),
    (
        "a gene",
        |at| amend(&at.join("var_manifest.json"), |m| m["fields"][3] = json!(["NOSUCH"])),
        "var/NOSUCH.values.f32: the source has no such thing",
    ),
    (
        "a type",
        |at| amend(&at.join("var_manifest.json"), |m| m["_varSchema"]["dtype"] = "uint8".into()),
        "var_manifest.json: _varSchema.dtype: \"uint8\", the source gives \"float32\"",
    ),
    (
        "a manifest",
        |at| fs::remove_file(at.join("var_manifest.json")).unwrap(),
        "var_manifest.json: is not there",
    ),
    (
        "a count",
        |at| amend(&at.join(IDENTITY), |m| m["stats"]["n_cells"] = 5001.into()),
        "dataset_identity.json: n_cells: 5001, the source gives 5000",
    ),
    (
        "a graph",
        |at| amend(&at.join("connectivity_manifest.json"), |m| m["max_neighbors"] = 1.into()),
        "connectivity_manifest.json: max_neighbors: 1, the source gives ",
    ),
];

#[test]
fn damage_is_found_and_named() {
    let scratch = Scratch::new();
    let (good, source) = (scratch.path("good"), text(&sample()));
    ok(&export(&source, &good, &["--quiet"]));
    let output = run(&["verify", &source, &good]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains("all as the source gives them"), "{said}");
    for (what, damage, words) in DAMAGES {
        let bad = scratch.path(what);
        let copied = Command::new("cp").args(["-r", &good, &bad]).status().unwrap();
        assert!(copied.success());
        damage(Path::new(&bad));
        let output = run(&["verify", &source, &bad]);
        let (found, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        assert!(found.contains(words), "{what}: {words:?} is not in {found}{said}");
        assert!(said.contains("files are not what the source gives"), "{what}: {said}");
        let lines = run(&["verify", &source, &bad, "--json"]).stdout;
        for line in String::from_utf8(lines).unwrap().lines() {
            let finding: Value = serde_json::from_str(line).unwrap();
            assert!(finding["file"].is_string() && finding["what"].is_string());
        }
    }
    let half = scratch.path("half");
    assert!(Command::new("cp").args(["-r", &good, &half]).status().unwrap().success());
    fs::remove_file(Path::new(&half).join(IDENTITY)).unwrap();
    let said = fails(1, &["verify", &source, &half]);
    assert!(said.contains("without dataset_identity.json") && said.contains("repeat the command"), "{said}");
    let other = text(&root().join("build/oracle/fx/h5ad/base_csr.h5ad"));
    assert_eq!(run(&["verify", &other, &good]).status.code(), Some(1));
    assert!(fails(2, &["verify", &good, &source]).contains("is no export folder"));
}

#[test]
fn packed_folders_and_those_of_prepare_are_verified_too() {
    let scratch = Scratch::new();
    let source = text(&sample());
    let packed = scratch.path("packed");
    ok(&export(
        &source,
        &packed,
        &[
            "--quiet",
            "--quantize-var",
            "8",
            "--quantize-obs",
            "16",
            "--compression",
            "6",
            "--profile",
            "strict",
        ],
    ));
    ok(&["verify", &source, &packed]);
    let gene = Path::new(&packed).join("var/CD3E.values.u8.gz");
    flip(&gene, 600);
    let output = run(&["verify", &source, &packed]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("var/CD3E.values.u8.gz: "));
    fs::remove_file(gene).unwrap();
    let prepared = root().join("build/packed");
    let input = text(&prepared.join("input.h5ad"));
    for folder in ["plain", "gz", "q8", "q16", "mixed"] {
        let output = run(&["verify", &input, &text(&prepared.join(folder))]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{folder}: {said}{}", String::from_utf8_lossy(&output.stderr));
    }
}
