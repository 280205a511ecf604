//! Files that ask for far more work than they are long: what is done stays in proportion to the file and to what it says
//! it holds. Counted, not timed.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    rc::Rc,
};

use bytes::Bytes;
use cellucid_wasm::{
    Limits, Pending,
    array::{Array, Select, Values},
    hdf5::Hdf5,
    native::{File, block_on},
    source::counted::{Counted, Counts},
    tree::{self, Group, Node, Stored, Tree},
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Memory beyond twice what is declared.
const SLACK: u64 = 16 << 20;

/// Counts the chunks that are looked up.
struct Watched {
    tree: Hdf5,
    looked_up: Cell<usize>,
}

impl Tree for Watched {
    fn name(&self) -> &str {
        self.tree.name()
    }

    fn format(&self) -> &'static str {
        self.tree.format()
    }

    fn limits(&self) -> &Limits {
        self.tree.limits()
    }

    fn open<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Node>> {
        self.tree.open(path)
    }

    fn names<'a>(&'a self, group: &'a Group) -> Pending<'a, Option<Vec<String>>> {
        self.tree.names(group)
    }

    fn written<'a>(&'a self, array: &'a Array, wanted: u64) -> Pending<'a, Option<Vec<u64>>> {
        self.tree.written(array, wanted)
    }

    fn locate<'a>(&'a self, array: &'a Array, chunks: &'a [u64]) -> Pending<'a, Vec<Stored>> {
        self.looked_up.set(self.looked_up.get() + chunks.len());
        self.tree.locate(array, chunks)
    }

    fn fetch<'a>(&'a self, stored: &'a [Stored]) -> Pending<'a, Vec<Option<Bytes>>> {
        self.tree.fetch(stored)
    }
}

fn open(name: &str) -> (Watched, Rc<Counts>, u64) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/hdf5/files/bounds").join(name);
    let file = File::open(&path).unwrap_or_else(|e| panic!("{e}; run ./check hdf5"));
    let len = std::fs::metadata(&path).unwrap().len();
    let counts = Rc::new(Counts::default());
    let source = Rc::new(Counted::new(Rc::new(file), Rc::clone(&counts)));
    let tree = block_on(Hdf5::open(source, Limits::default())).unwrap();
    (Watched { tree, looked_up: Cell::new(0) }, counts, len)
}

fn array(tree: &dyn Tree, path: &str) -> Rc<Array> {
    block_on(tree::open(tree, path)).unwrap().array().unwrap()
}

/// One test: memory is counted for the whole program.
#[test]
fn work_is_in_proportion() {
    for name in ["grids_earliest.h5", "grids_latest.h5"] {
        for (path, filled) in
            [("line", 3), ("fixed", 3), ("square", 3), ("second", 3), ("square_unwritten", 2)]
        {
            let (tree, counts, len) = open(name);
            let array = array(&tree, path);
            assert!(array.len() >= 1 << 18 && array.chunk_len() == 1, "{path}");
            let before = MEMORY.current_usage() as u64;
            MEMORY.reset_peak_usage();
            let values = block_on(tree::read_all(&tree, &array)).unwrap();
            let taken = MEMORY.peak_usage() as u64 - before;
            let Values::U8(items) = values else { panic!("{path}") };
            let written: Vec<usize> = if path.ends_with("unwritten") {
                Vec::new()
            } else {
                vec![0, 1, 70_001, 9_000_000 % items.len(), items.len() - 1]
            };
            for (at, &item) in items.iter().enumerate() {
                if item != filled {
                    assert!(item == 9 && written.contains(&at), "{name} {path}: {item} at {at}");
                }
            }
            assert_eq!(items.iter().filter(|&&item| item == 9).count(), written.len(), "{name} {path}");
            let most = len as usize / 4;
            assert!(
                tree.looked_up.get() <= most,
                "{name} {path}: {} look-ups, {len} bytes",
                tree.looked_up.get()
            );
            assert!(
                counts.bytes.get() <= 2 * len,
                "{name} {path}: {} of {len} bytes read",
                counts.bytes.get()
            );
            assert!(taken <= 2 * array.len() + SLACK, "{name} {path}: {taken} bytes of memory");
        }
    }
    // A chunk far larger than the array: what it declares is decoded, and no more than that.
    let (tree, _, len) = open("bomb.h5");
    let array = array(&tree, "zeros");
    let before = MEMORY.current_usage() as u64;
    MEMORY.reset_peak_usage();
    let values = block_on(tree::read(&tree, &array, &Select::span(0..5))).unwrap();
    assert_eq!(values, Values::U8(vec![1, 2, 3, 4, 5]));
    let taken = MEMORY.peak_usage() as u64 - before;
    assert!(
        len < 1 << 17 && taken <= 2 * array.chunk_len() + SLACK,
        "{taken} bytes of memory, {len} of file"
    );
}
