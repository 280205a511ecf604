//! doc/ODD_DATA.md is true: each file it names is opened in both profiles, and does what its row says.
#![allow(clippy::print_stdout)]

use std::{collections::BTreeSet, fs, path::Path, rc::Rc};

use cellucid_wasm::{
    dataset::Dataset,
    error::Result,
    export::{Options, Profile},
    limits::Limits,
    native::{self, block_on},
    open::Source,
};
use serde_json::{Value, json};

/// A file in one profile.
struct Seen {
    name: String,
    data: Result<Dataset>,
}

impl Seen {
    fn open(fixture: &Value, profile: Profile) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/oracle/fx");
        let path = root.join(fixture["path"].as_str().unwrap());
        let source = match path.is_dir() {
            true => Source::Folder(Rc::new(native::Folder::open(&path).unwrap())),
            false => Source::File(Rc::new(native::File::open(&path).unwrap())),
        };
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut options = Options { profile, file, folder: path.is_dir(), ..Options::default() };
        let args = fixture["oracle_args"].as_array().cloned().unwrap_or_default();
        for pair in args.windows(2) {
            let value = pair[1].as_str().unwrap();
            match pair[0].as_str().unwrap() {
                "--gene-id-column" => options.gene_id_column = Some(value.into()),
                "--latent-key" => options.latent_key = Some(value.into()),
                "--centroid-quantile" => options.centroid_quantile = value.parse().unwrap(),
                "--centroid-min-points" => options.centroid_min_points = value.parse().unwrap(),
                _ => {}
            }
        }
        let data = block_on(Dataset::open(source, "", options, Limits::default()));
        Self { name: fixture["name"].as_str().unwrap().to_owned(), data }
    }

    fn file(&self, path: &str) -> Result<Vec<u8>> {
        match &self.data {
            Ok(data) => block_on(data.file(path)).map(|file| file.body.to_vec()),
            Err(error) => Err(error.clone()),
        }
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        self.file(path).unwrap_or_else(|e| panic!("{} {path}: {e}", self.name))
    }

    fn floats(&self, path: &str) -> Vec<f32> {
        self.bytes(path).as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.bytes(path)).unwrap_or_else(|e| panic!("{} {path}: {e}", self.name))
    }

    fn refusal(&self) -> String {
        self.data.as_ref().err().unwrap_or_else(|| panic!("{} is opened", self.name)).to_string()
    }

    /// What was left out, after all documents were asked for.
    fn skipped(&self) -> String {
        for path in ["dataset_identity.json", "obs_manifest.json"] {
            self.bytes(path);
        }
        let Ok(data) = &self.data else { return String::new() };
        let about: Value = serde_json::from_str(&block_on(data.describe()).unwrap()).unwrap();
        about["skipped"].to_string()
    }

    fn keys(&self) -> Vec<String> {
        let identity = self.json("dataset_identity.json");
        identity["obs_fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["key"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A categorical column's row.
    fn row(&self, key: &str) -> Value {
        let manifest = self.json("obs_manifest.json");
        let rows = manifest["_categoricalFields"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row[0] == key).unwrap_or_else(|| panic!("{} has no {key}", self.name))
    }

    fn categories(&self) -> Vec<String> {
        let manifest = self.json("obs_manifest.json");
        let rows = manifest["_categoricalFields"].as_array().unwrap();
        rows.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
    }

    fn genes(&self) -> Vec<String> {
        let manifest = self.json("var_manifest.json");
        manifest["fields"].as_array().unwrap().iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
    }

    /// Outlier quantiles of the first categorical column.
    fn outliers(&self) -> Vec<f32> {
        self.floats(&format!("obs/{}.outliers.f32", cellucid_wasm::export::safe(&self.categories()[0])))
    }
}

/// Checks what a row says, given the file in profile `reference` and `strict`.
type Claim = fn(&Seen, &Seen);

fn both(reference: &Seen, strict: &Seen, claim: impl Fn(&Seen)) {
    claim(reference);
    claim(strict);
}

fn same(reference: &Seen, strict: &Seen, path: &str) {
    assert!(reference.bytes(path) == strict.bytes(path), "{} {path}", reference.name);
}

fn all_drawn(strict: &Seen) {
    for dim in 1..=3 {
        let Ok(bytes) = strict.file(&format!("points_{dim}d.bin")) else { continue };
        let finite = bytes.as_chunks::<4>().0.iter().all(|b| f32::from_le_bytes(*b).is_finite());
        assert!(finite && bytes.iter().any(|b| *b != 0), "{}", strict.name);
    }
}

/// The reference's profile refuses and says what the strict one shows instead.
fn instead(reference: &Seen, strict: &Seen, shown: &str) {
    assert!(reference.refusal().contains("no embedding can be drawn: obsm holds \""));
    let advice = reference.data.as_ref().err().unwrap().advice();
    assert!(advice.contains(&format!("the strict profile, which shows \"{shown}\"")), "{advice}");
    all_drawn(strict);
    assert!(strict.data.is_ok());
}

const CLAIMS: &[(&str, Claim)] = &[
    ("emb_none", |r, s| instead(r, s, "X_tsne")),
    ("emb_only_5", |r, s| instead(r, s, "X_umap")),
    ("missing_obsm", |r, s| both(r, s, |one| assert!(one.refusal().contains("obsm holds nothing")))),
    ("emb_nan", |r, s| {
        assert!(r.floats("points_2d.bin").iter().all(|x| x.is_nan()));
        assert!(String::from_utf8(r.bytes("obs_manifest.json")).unwrap().contains("[NaN, NaN]"));
        all_drawn(s);
        s.json("obs_manifest.json");
    }),
    ("emb_inf", |r, s| {
        let rows = r.floats("points_2d.bin");
        assert!(rows.chunks(2).all(|row| row.iter().any(|x| x.is_nan())));
        all_drawn(s);
        s.json("obs_manifest.json");
    }),
    ("emb_constant", |r, s| {
        both(r, s, |one| assert!(one.floats("points_2d.bin").iter().all(|x| *x == 0.0)));
    }),
    ("emb_clash", |r, s| {
        let identity = r.json("dataset_identity.json");
        assert_eq!(identity["embeddings"]["umap_resolution"]["reason"], "explicit_key_present");
        same(r, s, "points_2d.bin");
    }),
    ("obsm_rows_mismatch", |r, s| {
        let told = |one: &Seen| match &one.data {
            Ok(_) => one.skipped(),
            Err(error) => error.to_string(),
        };
        both(r, s, |one| assert!(told(one).contains("obsm"), "{}", told(one)));
    }),
    ("obsm_slash", |r, s| both(r, s, |one| assert!(!one.bytes("points_2d.bin").is_empty()))),
    ("vec_nan", |r, s| {
        let identity = r.json("dataset_identity.json");
        let fields = identity["vector_fields"]["fields"].as_object().unwrap().clone();
        let path = fields.values().next().unwrap()["files"]["2d"].as_str().unwrap().to_owned();
        assert!(r.floats(&path).iter().any(|x| !x.is_finite()));
        assert!(s.floats(&path).iter().all(|x| x.is_finite()));
    }),
    ("obs_none", |r, s| both(r, s, |one| assert!(one.keys().is_empty()))),
    ("missing_obs", |r, s| both(r, s, |one| assert!(one.refusal().contains("holds no AnnData")))),
    ("obs_numeric", |r, s| both(r, s, |one| assert!(one.categories().is_empty() && one.keys().len() > 3))),
    ("obs_complex", |r, s| {
        both(r, s, |one| {
            let identity = one.json("dataset_identity.json");
            let fields = identity["obs_fields"].as_array().unwrap();
            assert!(fields.iter().any(|f| f["kind"] == "continuous"));
            for field in fields.iter().filter(|f| f["kind"] == "continuous") {
                one.bytes(&format!("obs/{}.values.f32", field["key"].as_str().unwrap()));
            }
        })
    }),
    ("obs_cats_65535", |r, s| {
        both(r, s, |one| {
            let row = one.row(&one.categories()[0]);
            assert_eq!((row[1].as_array().unwrap().len(), &row[3]), (65_535, &json!(65_535)));
        })
    }),
    ("obs_cats_65536", wraps),
    ("obs_cats_70000", wraps),
    ("codes_out_of_range", |r, s| {
        both(r, s, |one| assert!(one.skipped().contains("have codes without a label")))
    }),
    ("categories_duplicated", |r, s| {
        both(r, s, |one| {
            let row = one.row(&one.categories()[0]);
            let labels: Vec<&Value> = row[1].as_array().unwrap().iter().collect();
            assert!(labels.iter().enumerate().any(|(i, a)| labels[..i].contains(a)));
        })
    }),
    ("columns_duplicated", |r, s| {
        let (plain, unique) = (r.keys(), s.keys());
        assert_eq!(plain.len(), unique.len());
        assert!(plain.iter().collect::<BTreeSet<_>>().len() < plain.len());
        assert_eq!(unique.iter().collect::<BTreeSet<_>>().len(), unique.len());
    }),
    ("obs_names_odd", |r, s| {
        let shared = |one: &Seen| {
            let keys = one.keys();
            keys.len()
                - keys.iter().map(|key| cellucid_wasm::export::safe(key)).collect::<BTreeSet<_>>().len()
        };
        assert!(shared(r) > 0);
        assert_eq!(shared(s), 0);
    }),
    ("legacy_no_column_order", |r, s| both(r, s, |one| assert!(!one.keys().is_empty()))),
    ("latent_none", |r, s| {
        both(r, s, |one| {
            assert_eq!(one.json("obs_manifest.json")["latent_key"], Value::Null);
            assert!(one.outliers().iter().all(|x| *x == 0.0));
        })
    }),
    ("latent_first_other", |r, s| {
        both(r, s, |one| {
            assert!(one.json("obs_manifest.json")["latent_key"].is_string());
        })
    }),
    ("latent_is_velocity", |r, s| {
        both(r, s, |one| {
            assert!(one.json("obs_manifest.json")["latent_key"].as_str().unwrap().contains("velocity"));
        })
    }),
    ("latent_override_missing", |r, s| {
        both(r, s, |one| {
            assert_eq!(one.json("obs_manifest.json")["latent_key"], "nope");
            assert!(one.outliers().iter().all(|x| *x == 0.0));
        })
    }),
    ("latent_3d_array", |r, s| {
        both(r, s, |one| {
            assert!(one.outliers().iter().all(|x| *x == 0.0));
            assert!(one.skipped().contains("is no latent space"));
        })
    }),
    ("latent_nan", |r, s| {
        assert!(r.outliers().contains(&1.0));
        assert!(r.outliers().iter().zip(s.outliers()).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan()));
    }),
    ("latent_ties", |r, s| both(r, s, |one| assert!(one.outliers().contains(&1.0)))),
    ("one_cell", |r, s| {
        both(r, s, |one| {
            assert!(one.floats("points_2d.bin").iter().all(|x| *x == 0.0));
            for key in one.categories() {
                assert!(one.row(&key)[4].as_object().unwrap().values().all(|list| *list == json!([])));
            }
            assert!(one.outliers().iter().all(|x| x.is_nan()));
        })
    }),
    ("centroid_options_bad", |r, s| {
        both(r, s, |one| {
            assert_eq!(one.json("obs_manifest.json")["centroid_outlier_quantile"], 0.95);
        })
    }),
    ("x_none", |r, s| {
        both(r, s, |one| {
            assert!(one.file(&format!("var/{}.values.f32", one.genes()[0])).is_err());
        })
    }),
    ("x_none_raw", |r, s| {
        both(r, s, |one| {
            assert!(one.file(&format!("var/{}.values.f32", one.genes()[0])).is_err());
        })
    }),
    ("missing_var", |r, s| both(r, s, |one| assert!(one.genes().is_empty()))),
    ("empty_genes", |r, s| both(r, s, |one| assert!(one.genes().is_empty()))),
    ("genes_duplicated", |r, s| {
        let (plain, unique) = (r.genes(), s.genes());
        let twice = plain.iter().enumerate().find(|(i, id)| plain[..*i].contains(id)).unwrap().1;
        let number = unique.iter().position(|id| id == twice).unwrap();
        assert!(unique[number + 1..].iter().any(|id| id.starts_with(&format!("{twice}-"))));
        // Here the last column answers for all of them, there each for itself.
        let path = |id: &str| format!("var/{}.values.f32", cellucid_wasm::export::safe(id));
        assert!(r.bytes(&path(twice)) != s.bytes(&path(twice)));
    }),
    ("genes_odd", |r, s| {
        let names = |one: &Seen| {
            one.genes().iter().map(|id| cellucid_wasm::export::safe(id)).collect::<BTreeSet<_>>().len()
        };
        assert!(names(r) < r.genes().len());
        assert_eq!(names(s), s.genes().len());
    }),
    ("gene_id_column_missing", |r, s| {
        both(r, s, |one| {
            assert!(one.file("var_manifest.json").unwrap_err().to_string().contains("no column \"nope\""));
        })
    }),
    ("x_big_ints", |r, s| same(r, s, &format!("var/{}.values.f32", r.genes()[0]))),
    ("x_csr_noncanonical", |r, s| same(r, s, &format!("var/{}.values.f32", r.genes()[0]))),
    ("x_csc_noncanonical", |r, s| same(r, s, &format!("var/{}.values.f32", r.genes()[0]))),
    ("h5_big_endian_csr_data", |r, s| {
        let path = format!("var/{}.values.f32", r.genes()[0]);
        assert!(r.floats(&path).iter().any(|x| *x != 0.0));
        same(r, s, &path);
    }),
    ("conn_empty", |r, s| {
        both(r, s, |one| {
            assert_eq!(one.json("connectivity_manifest.json")["n_edges"], 0);
            assert!(one.bytes("connectivity/edges.src.bin").is_empty());
        })
    }),
    ("conn_self_loops", |r, s| {
        let most = |one: &Seen| one.json("connectivity_manifest.json")["max_neighbors"].as_u64().unwrap();
        assert!(most(r) > most(s));
        same(r, s, "connectivity/edges.src.bin");
    }),
    ("conn_zeros_cancel", |r, _| assert!(r.json("connectivity_manifest.json")["n_edges"].is_number())),
    ("conn_u8_wrap", |r, s| same(r, s, "connectivity/edges.src.bin")),
    ("conn_uns_neighbors", |r, s| same(r, s, "connectivity/edges.src.bin")),
    ("h5_big_endian_obsp", |r, s| {
        assert!(!r.bytes("connectivity/edges.src.bin").is_empty());
        same(r, s, "connectivity/edges.src.bin");
    }),
    ("empty_cells", no_cells),
    ("empty_both", no_cells),
    ("obs", |r, s| {
        both(r, s, |one| {
            one.row(&one.categories()[0]);
            one.outliers();
        })
    }),
    ("h5_uns_unknown", |r, s| both(r, s, |one| assert!(!one.keys().is_empty()))),
    ("zarr_v3_no_suffix", |r, s| same(r, s, "points_2d.bin")),
    ("zarr_v3_zip", |r, s| same(r, s, "points_2d.bin")),
    ("zarr_v2_default", |r, s| {
        both(r, s, |one| {
            assert_eq!(one.json("dataset_identity.json")["id"], "zarr_v2_default.zarr");
        })
    }),
];

/// More labels than codes can tell apart.
fn wraps(reference: &Seen, strict: &Seen) {
    let key = reference.categories()[0].clone();
    assert!(reference.row(&key)[1].as_array().unwrap().len() > 65_535);
    assert!(!strict.keys().contains(&key));
    assert!(strict.skipped().contains("more than 16-bit codes can tell apart"), "{}", strict.skipped());
}

fn no_cells(reference: &Seen, strict: &Seen) {
    both(reference, strict, |one| {
        assert_eq!(one.json("dataset_identity.json")["stats"]["n_cells"], 0);
        assert!(one.file("points_2d.bin").is_err());
        one.json("var_manifest.json");
        assert_eq!(one.json("obs_manifest.json")["_continuousFields"], json!([]));
    });
}

#[test]
fn every_row_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("doc/ODD_DATA.md")).unwrap();
    let mut named = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let last = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or("");
        named.extend(last.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    let fixtures = fs::read(root.join("build/oracle/fx/fixtures.json")).expect("run ./check once");
    let fixtures: Vec<Value> = serde_json::from_slice(&fixtures).unwrap();
    let claimed: BTreeSet<String> = CLAIMS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(named, claimed, "the page and this test name different files");
    assert!(named.len() > 50);
    for (name, claim) in CLAIMS {
        let fixture =
            fixtures.iter().find(|f| f["name"] == *name).unwrap_or_else(|| panic!("there is no {name}"));
        let (reference, strict) =
            (Seen::open(fixture, Profile::Reference), Seen::open(fixture, Profile::Strict));
        println!("{name}");
        claim(&reference, &strict);
    }
}
