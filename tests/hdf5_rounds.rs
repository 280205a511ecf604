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
    hdf5::Hdf5,
    native::File,
    source::ByteSource,
    tree::{self, Tree},
};
use futures_util::future::{join_all, try_join_all};

/// A file behind a link whose replies take one tick.
struct Far {
    file: File,
    clock: Rc<Clock>,
}

#[derive(Default)]
struct Clock {
    ticks: Cell<u64>,
    requests: Cell<u64>,
    bytes: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl ByteSource for Far {
    fn len(&self) -> u64 {
        self.file.len()
    }

    fn name(&self) -> &str {
        self.file.name()
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        Box::pin(async move {
            if spans.is_empty() {
                return Ok(Vec::new());
            }
            let clock = &self.clock;
            if std::env::var("TRACE").is_ok() {
                eprintln!(
                    "tick {} {:?}",
                    clock.ticks.get(),
                    spans.iter().map(|s| (s.start >> 14, (s.end - s.start) >> 10)).collect::<Vec<_>>()
                );
            }
            clock.requests.set(clock.requests.get() + spans.len() as u64);
            clock.bytes.set(clock.bytes.get() + spans.iter().map(|s| s.end - s.start).sum::<u64>());
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
    let clock = Rc::new(Clock::default());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let file = File::open(&path).unwrap_or_else(|e| panic!("{e}; run ./check hdf5"));
    (Rc::new(Far { file, clock: Rc::clone(&clock) }), clock)
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

const LARGE: &str = "build/hdf5/large/100000x300_csc_gzip.h5ad";
const PLOT: [&str; 3] = ["obsm/X_umap", "obsm/X_umap_3d", "obs/cell_type/codes"];

#[test]
fn a_first_plot_by_known_paths() {
    let (source, clock) = far(LARGE);
    let work = async {
        let tree = Hdf5::open(source, Limits::default()).await.unwrap();
        let arrays = join_all(PLOT.iter().map(|path| tree::open(&tree, path))).await;
        let arrays: Vec<_> = arrays.into_iter().map(|node| node.unwrap().array().unwrap()).collect();
        try_join_all(arrays.iter().map(|array| tree::read_all(&tree, array))).await.unwrap();
        tree
    };
    let (tree, cost) = clock.run(work);
    let (needed, _) = clock.run(stored(&tree, &PLOT));
    panic!("{cost:?} needed {needed}");
}

#[test]
fn a_first_plot_of_an_anndata() {
    let (source, clock) = far(LARGE);
    let work = async {
        let tree = Rc::new(Hdf5::open(source, Limits::default()).await.unwrap());
        eprintln!("{}", clock.ticks.get());
        let data = AnnData::open(tree.clone(), "").await.unwrap();
        eprintln!("{}", clock.ticks.get());
        let entries =
            PLOT.iter().take(2).map(|p| data.embedding(p.rsplit('/').next().unwrap()).unwrap().read());
        let column = data.obs.column(0);
        let (points, column) = futures_util::future::join(try_join_all(entries), column).await;
        eprintln!("{}", clock.ticks.get());
        points.unwrap();
        column.unwrap();
        tree
    };
    let (tree, cost) = clock.run(work);
    let (needed, _) = clock.run(stored(&*tree, &PLOT));
    panic!("{cost:?} needed {needed}");
}
