//! How often reading an HDF5 file waits, how many requests it makes and how many bytes it moves.
//!
//! Time is not measured: a clock that only moves when nothing else can makes every reply arrive one tick after it was
//! asked for, so ticks are dependent rounds.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    ops::Range,
    path::Path,
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use cellucid_wasm::{
    Limits, Pending,
    anndata::AnnData,
    dataset::Dataset,
    export::Options,
    hdf5::Hdf5,
    native::File,
    open::Source,
    shelf::{Memory, Shelf},
    source::{ByteSource, Identity},
    tree::{self, Tree},
};
use futures_util::future::{join, try_join_all};

/// A file behind a link whose replies take one tick, far away or, with bytes to ask for at a time, at hand.
struct Far {
    file: File,
    near: Option<u64>,
    clock: Rc<Clock>,
}

#[derive(Default)]
struct Clock {
    ticks: Cell<u64>,
    requests: Cell<u64>,
    bytes: Cell<u64>,
    /// Bytes of the largest request.
    largest: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl ByteSource for Far {
    fn len(&self) -> u64 {
        self.file.len()
    }

    fn name(&self) -> &str {
        self.file.name()
    }

    fn identity(&self) -> Option<Identity> {
        self.file.identity()
    }

    fn is_far(&self) -> bool {
        self.near.is_none()
    }

    fn batch(&self) -> u64 {
        self.near.unwrap_or(8 << 20)
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        Box::pin(async move {
            if spans.is_empty() {
                return Ok(Vec::new());
            }
            let clock = &self.clock;
            clock.requests.set(clock.requests.get() + spans.len() as u64);
            clock.bytes.set(clock.bytes.get() + spans.iter().map(|s| s.end - s.start).sum::<u64>());
            let sizes = spans.iter().map(|s| s.end - s.start);
            clock.largest.set(sizes.fold(clock.largest.get(), u64::max));
            let arrival = clock.ticks.get() + 1;
            poll_fn(|context| {
                if clock.ticks.get() >= arrival {
                    return Poll::Ready(());
                }
                clock.waiting.borrow_mut().push(context.waker().clone());
                Poll::Pending
            })
            .await;
            self.file.read_many(spans).await
        })
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a piece of work cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    rounds: u64,
    requests: u64,
    bytes: u64,
}

impl Clock {
    /// Runs work to its end, moving on only when nothing is left to do.
    fn run<T>(&self, work: impl Future<Output = T>) -> (T, Cost) {
        let before = (self.ticks.get(), self.requests.get(), self.bytes.get());
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut context = Context::from_waker(&waker);
        let mut work = pin!(work);
        loop {
            if flag.0.swap(false, Ordering::Relaxed) {
                if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
                    let cost = Cost {
                        rounds: self.ticks.get() - before.0,
                        requests: self.requests.get() - before.1,
                        bytes: self.bytes.get() - before.2,
                    };
                    return (done, cost);
                }
            } else {
                let waiting = self.waiting.take();
                assert!(!waiting.is_empty(), "the work waits for nothing");
                self.ticks.set(self.ticks.get() + 1);
                waiting.into_iter().for_each(Waker::wake);
            }
        }
    }
}

fn far(file: &str) -> (Rc<Far>, Rc<Clock>) {
    behind(file, None)
}

fn behind(file: &str, near: Option<u64>) -> (Rc<Far>, Rc<Clock>) {
    let clock = Rc::new(Clock::default());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let file = File::open(&path).unwrap_or_else(|e| panic!("{e}; run ./check large"));
    (Rc::new(Far { file, near, clock: Rc::clone(&clock) }), clock)
}

/// Bytes of all chunks of some arrays.
async fn stored(tree: &dyn Tree, paths: &[&str]) -> u64 {
    let mut sum = 0;
    for path in paths {
        let array = tree::open(tree, path).await.unwrap().array().unwrap();
        let chunks: Vec<u64> =
            (0..cellucid_wasm::array::grid(&array.shape, &array.chunk).iter().product()).collect();
        for stored in tree.locate(&array, &chunks).await.unwrap() {
            if let tree::Stored::Span { range, .. } = stored {
                sum += range.end - range.start;
            }
        }
    }
    sum
}

const FILES: [&str; 3] = [
    "build/bench/20000x500_csc_gzip.h5ad",
    "build/bench/20000x500_csr_gzip.h5ad",
    // A matrix of a few genes: what is around it is that of a million cells.
    "build/bench/1000000x10_csc_gzip.h5ad",
];
/// What a first plot shows: two embeddings and a column.
const PLOT: [&str; 3] = ["obsm/X_umap", "obsm/X_umap_3d", "obs/cell_type/codes"];
/// Bytes of metadata that a first plot may read, a few pages of read-ahead included.
const METADATA: u64 = 400_000;

/// Whether a plot was cheap enough, given the rounds it may take and the bytes of its chunks.
fn check(what: &str, cost: Cost, rounds: u64, needed: u64) {
    assert!(cost.rounds <= rounds, "{what}: {cost:?}");
    assert!(cost.requests <= 30, "{what}: {cost:?}");
    assert!(cost.bytes <= needed + needed / 20 + METADATA, "{what}: {cost:?} for {needed}");
}

#[test]
fn a_plot_by_known_paths_takes_few_rounds() {
    for file in FILES {
        let (source, clock) = far(file);
        let (tree, cost) = clock.run(async {
            let tree = Hdf5::open(source, Limits::default()).await.unwrap();
            let arrays = try_join_all(PLOT.iter().map(|path| tree::open(&tree, path))).await.unwrap();
            let arrays: Vec<_> = arrays.into_iter().map(|node| node.array().unwrap()).collect();
            try_join_all(arrays.iter().map(|array| tree::read_all(&tree, array))).await.unwrap();
            tree
        });
        let (needed, _) = clock.run(stored(&tree, &PLOT));
        check(file, cost, 8, needed);
        // All headers and index nodes are known by now: what is left is the data.
        let (_, cost) = clock.run(async {
            let arrays = try_join_all(PLOT.iter().map(|path| tree::open(&tree, path))).await.unwrap();
            let arrays: Vec<_> = arrays.into_iter().map(|node| node.array().unwrap()).collect();
            try_join_all(arrays.iter().map(|array| tree::read_all(&tree, array))).await.unwrap();
        });
        assert_eq!(cost.rounds, 1, "{file}: {cost:?}");
    }
}

#[test]
fn a_plot_of_an_anndata_takes_few_rounds() {
    for file in FILES {
        let (source, clock) = far(file);
        let (tree, cost) = clock.run(async {
            let tree = Rc::new(Hdf5::open(source, Limits::default()).await.unwrap());
            let data = AnnData::open(tree.clone(), "").await.unwrap();
            let points = ["X_umap", "X_umap_3d"].map(|key| data.embedding(key).unwrap().read());
            let column = data.obs.column(0);
            let (points, column) = join(try_join_all(points), column).await;
            assert_eq!((points.unwrap().len(), column.unwrap().len() as u64), (2, data.obs.len()));
            tree
        });
        let (needed, _) = clock.run(stored(&*tree, &PLOT));
        check(file, cost, 5, needed);
    }
}

#[test]
fn a_plot_of_a_file_at_hand_is_read_in_parts_under_way_together() {
    // As a browser's files are.
    let part = 15 << 17;
    let (source, clock) = behind(FILES[2], Some(part));
    let open = Dataset::open(Source::File(source), "", Options::default(), Limits::default());
    let (dataset, cost) = clock.run(async {
        let dataset = open.await.unwrap();
        dataset.describe().await.unwrap();
        dataset
    });
    println!("opened: {cost:?}");
    assert!(cost.rounds <= 9 && cost.requests <= 25, "{cost:?}");
    let paths = ["points_2d.bin", "points_3d.bin", "obs/cell_type.codes.u8"];
    let (_, cost) = clock.run(async { dataset.files(&paths).await.unwrap() });
    println!("shown: {cost:?}, at most {} bytes at a time", clock.largest.get());
    assert_eq!((cost.rounds, cost.requests), (1, 11), "{cost:?}");
    assert!(clock.largest.get() <= 2 << 20, "{}", clock.largest.get());
}

#[test]
fn genes_by_column_take_two_rounds_however_many() {
    let (source, clock) = far(FILES[0]);
    let (data, _) = clock.run(async {
        let tree = Rc::new(Hdf5::open(source, Limits::default()).await.unwrap());
        let data = AnnData::open(tree, "").await.unwrap();
        // What is read ahead while the plot is.
        data.warm().await;
        data
    });
    let x = data.x.as_ref().unwrap();
    let tree = &**data.tree();
    let (one, cost) = clock.run(async { x.columns(tree, &[7]).await.unwrap() });
    println!("a gene: {cost:?}");
    assert!(cost.rounds <= 2 && cost.requests <= 4, "{cost:?}");
    let wanted: Vec<u64> = (0..20).map(|i| i * 24 + 7).collect();
    let (all, cost) = clock.run(async { x.columns(tree, &wanted).await.unwrap() });
    println!("twenty: {cost:?}");
    assert!(cost.rounds <= 2 && cost.requests <= 60, "{cost:?}");
    assert_eq!((all.len(), &all[0]), (20, &one[0]));
    let (_, cost) = clock.run(async { x.columns(tree, &[7]).await.unwrap() });
    assert_eq!(cost.rounds, 1, "what leads to a gene is known by then: {cost:?}");
}

#[test]
fn a_second_opening_takes_two_rounds() {
    let shelf: Rc<dyn Shelf> = Rc::new(Memory::new(64 << 20));
    let visit = |file| {
        let (source, clock) = far(file);
        let shelf = Rc::clone(&shelf);
        let (dataset, cost) = clock.run(async {
            let (options, limits) = (Options::default(), Limits::default());
            let dataset =
                Dataset::open_kept(Source::File(source), "", options, limits, Some(shelf)).await.unwrap();
            // As a page does it.
            dataset.describe().await.unwrap();
            dataset.files(&["points_2d.bin", "points_3d.bin", "obs/cell_type.codes.u8"]).await.unwrap();
            dataset
        });
        clock.run(dataset.settle());
        cost
    };
    // Requests of a first opening; without what lies just before headers of columns two more.
    for (file, most) in FILES.into_iter().zip([13, 16, 27]) {
        let (first, second) = (visit(file), visit(file));
        println!("{file}: {first:?}, then {second:?}");
        // One to see what file it is, which over HTTP comes with the size; then the data.
        assert!(second.rounds <= 2 && second.requests <= 6, "{first:?}, then {second:?}");
        assert!(first.rounds <= 6 && first.requests <= most, "{first:?}");
        assert!(second.bytes < first.bytes);
    }
}
