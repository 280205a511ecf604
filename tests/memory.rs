//! How much memory reading takes besides what it hands out. One test, because memory is counted for the whole program.

mod rows;

use std::{cell::Cell, fs, path::Path, rc::Rc};

use cellucid_wasm::{
    Limits, Pending,
    anndata::AnnData,
    dataset::Dataset,
    export::{Export, Options, Packed, Packing, Route, Sink},
    hdf5::Hdf5,
    native::{Cache, File, block_on},
    open::Source,
    shelf::Shelf,
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

    for memory in [4 << 20, 64 << 20] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("memory-{}", std::process::id()));
        let (sum, most) = peak(|| export_by_row(memory, &folder));
        // 500 genes of 80 kB, of which 40 MB are never there at the same time where there is memory for less.
        println!("an export by row in {} MB: {} MB at most", memory >> 20, most >> 20);
        assert_eq!((sum.files, sum.bytes), (500, 500 * 80_000));
        assert!(most as u64 <= memory + (24 << 20), "{most} bytes at most");
        // The smaller of the two had to put its index somewhere else, and has cleared up.
        assert_eq!(sum.spilled, memory < 8 << 20);
        assert_eq!(fs::read_dir(&folder).map_or(0, Iterator::count), 0);
        fs::remove_dir_all(&folder).ok();
    }
}

/// The genes of a folder, which go nowhere.
#[derive(Default)]
struct Genes {
    files: Cell<usize>,
    bytes: Cell<usize>,
}

impl Sink for Genes {
    fn put<'a>(&'a self, file: Packed) -> Pending<'a, ()> {
        if file.path.starts_with("var/") {
            self.files.set(self.files.get() + 1);
            self.bytes.set(self.bytes.get() + file.body.len());
        }
        Box::pin(async { Ok(()) })
    }
}

struct Sum {
    files: usize,
    bytes: usize,
    spilled: bool,
}

/// Half of the memory for genes and half for the gene index, as the command line does it.
fn export_by_row(memory: u64, spill: &Path) -> Sum {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/bench/20000x500_csr_gzip.h5ad");
    let source = Source::File(Rc::new(File::open(&path).unwrap()));
    let limits = Limits { index: memory / 2, ..Limits::default() };
    let shelf: Rc<dyn Shelf> = Rc::new(Cache::new(spill, u64::MAX));
    block_on(async {
        let open = Dataset::open_kept(source, "", Options::default(), limits, Some(shelf)).await.unwrap();
        let Dataset::Made(export, _) = &open else { panic!("an export folder") };
        let genes = Genes::default();
        let packing = Packing { memory: Some(memory / 2), ..Packing::default() };
        export.pack(&packing, &genes).await.unwrap();
        let spilled = fs::read_dir(spill).is_ok_and(|mut files| files.next().is_some());
        Sum { files: genes.files.get(), bytes: genes.bytes.get(), spilled }
    })
}
