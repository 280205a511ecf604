//! What an operation costs in requests, dependent rounds and bytes: counted, never timed.
#![allow(clippy::print_stdout)]

use std::{path::Path, rc::Rc};

use cellucid_wasm::{
    anndata::AnnData,
    export::{Export, Options, Route},
    hdf5::Hdf5,
    limits::Limits,
    native::{File, block_on},
    source::{
        ByteSource,
        counted::{Counted, Counts},
    },
};

fn open(path: &Path) -> (Export, Rc<Counts>, u64) {
    let file = File::open(path).unwrap();
    let size = file.len();
    let counts = Rc::new(Counts::default());
    let source = Rc::new(Counted::new(Rc::new(file), Rc::clone(&counts)));
    let export = block_on(async {
        let tree = Hdf5::open(source, Limits::default()).await.unwrap();
        Export::open(AnnData::open(Rc::new(tree), "").await.unwrap(), Options::default()).unwrap()
    });
    (export, counts, size)
}

fn taken(counts: &Counts) -> (u64, u64, u64) {
    (counts.requests.take(), counts.rounds.take(), counts.bytes.take())
}

fn read(export: &Export, path: &str) -> u64 {
    block_on(export.file(&Route::parse(path).unwrap())).unwrap().body.len() as u64
}

/// Most requests, dependent rounds and bytes of each step, a tenth above what was counted when they were set.
type Budget = (&'static str, u64, u64, u64);

fn keep(layout: &str, open_within: (u64, u64, u64), budgets: &[Budget]) {
    let file = format!("build/bench/20000x500_{layout}_gzip.h5ad");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    assert!(path.exists(), "{file} is not there: run ./check once, which makes it");
    let (export, counts, size) = open(&path);
    let mut over = Vec::new();
    let mut check = |step: &str, within: (u64, u64, u64), out: u64| {
        let (requests, rounds, bytes) = taken(&counts);
        println!("{layout} {step}: {requests} requests, {rounds} rounds, {bytes} of {size} bytes for {out}");
        if requests > within.0 || rounds > within.1 || bytes > within.2 {
            over.push(format!(
                "{step}: {requests} requests, {rounds} rounds, {bytes} bytes; allowed {within:?}"
            ));
        }
    };
    check("open", open_within, 0);
    for &(path, requests, rounds, bytes) in budgets {
        let out = read(&export, path);
        check(path, (requests, rounds, bytes), out);
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}

#[test]
fn first_plot_and_genes_by_column() {
    keep(
        "csc",
        (12, 7, 828_000),
        &[
            ("points_2d.bin", 1, 1, 163_000),
            ("points_3d.bin", 1, 1, 244_000),
            ("obs/cell_type.codes.u8", 2, 2, 14_000),
            ("var/Gene00007.values.f32", 4, 3, 171_000),
            // The branches of the index are known by now.
            ("var/Gene00008.values.f32", 2, 2, 53_000),
        ],
    );
}

#[test]
fn genes_by_row_take_one_sweep() {
    keep(
        "csr",
        (12, 7, 815_000),
        &[
            ("var/Gene00007.values.f32", 11, 8, 2_040_000),
            // From the index that the pass left.
            ("var/Gene00008.values.f32", 0, 0, 0),
        ],
    );
}
