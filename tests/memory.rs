//! How much memory reading takes besides what it hands out. One test, because memory is counted for the whole program.

mod rows;

use std::{path::Path, rc::Rc};

use cellucid_wasm::{
    Limits,
    anndata::AnnData,
    export::{Export, Options, Route},
    hdf5::Hdf5,
    native::{File, block_on},
};
use peak_alloc::PeakAlloc;
use rows::{Rows, Store, run};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Most bytes that `work` had besides what was there before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let done = work();
    (done, MEMORY.peak_usage().saturating_sub(before))
}

#[test]
fn memory_stays_within_its_bounds() {
    const ITEMS: usize = 12_000_000;
    let rows = Rows::floats(100_000, 2000, ITEMS);
    let store = Store::new(&rows, Limits::default());
    drop(rows);
    let matrix = store.matrix();
    let (column, most) = peak(|| run(matrix.columns(&*store, &[7])).unwrap());
    let held = MEMORY.current_usage();
    println!("a gene by row: {} MB at most for {ITEMS} items", most >> 20);
    assert!(most <= 10 * ITEMS + (64 << 20), "{most} bytes at most");
    drop((column, matrix));
    let index = held - MEMORY.current_usage();
    println!("its index: {} MB", index >> 20);
    assert!(index <= 8 * ITEMS, "{index} bytes kept");
    drop(store);

    // What a plot takes: the result three times, and 16 MB.
    for layout in ["csc", "csr"] {
        let file = format!("build/bench/20000x500_{layout}_gzip.h5ad");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
        let source = Rc::new(File::open(&path).unwrap_or_else(|e| panic!("{e}; run ./check large")));
        let (result, most) = peak(|| {
            block_on(async {
                let tree = Hdf5::open(source, Limits::default()).await.unwrap();
                let data = AnnData::open(Rc::new(tree), "").await.unwrap();
                let export = Export::open(data, Options::default()).unwrap();
                let mut result = 0;
                for path in ["points_2d.bin", "points_3d.bin", "obs/cell_type.codes.u8"] {
                    result += export.file(&Route::parse(path).unwrap()).await.unwrap().body.len();
                }
                result
            })
        });
        println!("a plot of {file}: {} kB at most for {} kB", most >> 10, result >> 10);
        assert!(most <= 3 * result + (16 << 20), "{most} bytes at most for {result}");
    }
}
