//! A matrix stored by row behind a tree that counts, waits, and can be damaged.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use cellucid_wasm::{
    Limits, Pending,
    anndata::Matrix,
    array::{Array, Attrs, DType},
    codec::Codec,
    source::{Identity, Part},
    tree::{Group, Node, Stored, Tree},
};

/// Items per chunk.
pub const CHUNK: u64 = 50_000;

/// A matrix as three lists.
#[derive(Clone)]
pub struct Rows {
    pub columns: u64,
    pub starts: Vec<i64>,
    pub indices: Vec<i32>,
    /// Stored bytes of the values, and their numpy type.
    pub data: Vec<u8>,
    pub dtype: &'static str,
}

/// The same sequence of numbers every time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

impl Rows {
    /// `items` items in `rows` rows; `value` makes one's bytes.
    pub fn new(
        rows: u64,
        columns: u64,
        items: usize,
        dtype: &'static str,
        value: impl Fn(&mut Dice) -> Vec<u8>,
    ) -> Self {
        let mut dice = Dice(7);
        let mut ends: Vec<i64> = (0..rows).map(|_| dice.roll(items as u64 + 1) as i64).collect();
        ends.sort_unstable();
        let mut starts = vec![0];
        starts.extend(ends);
        *starts.last_mut().unwrap() = items as i64;
        let indices = (0..items).map(|_| dice.roll(columns) as i32).collect();
        let data = (0..items).flat_map(|_| value(&mut dice)).collect();
        Self { columns, starts, indices, data, dtype }
    }

    pub fn floats(rows: u64, columns: u64, items: usize) -> Self {
        Self::new(rows, columns, items, "<f4", |dice| {
            (dice.roll(100_000) as f32 / 7.0 - 3000.0).to_le_bytes().to_vec()
        })
    }
}

/// A tree with the matrix at `X`.
pub struct Store {
    arrays: BTreeMap<&'static str, (Rc<Array>, Bytes)>,
    group: Rc<Group>,
    limits: Limits,
    pub identity: Option<Identity>,
    /// Chunks fetched of each array.
    pub fetched: RefCell<BTreeMap<String, usize>>,
    /// Calls of `fetch`.
    pub calls: Cell<usize>,
}

impl Store {
    /// In compressed chunks, which are not read in part.
    pub fn new(rows: &Rows, limits: Limits) -> Rc<Self> {
        Self::coded(rows, limits, &[Codec::Shuffle { width: 1 }])
    }

    pub fn coded(rows: &Rows, limits: Limits, codecs: &[Codec]) -> Rc<Self> {
        let dtype = DType::from_numpy(rows.dtype).unwrap();
        let width = dtype.width();
        let bytes = |v: Vec<Vec<u8>>| Bytes::from(v.concat());
        let starts = bytes(rows.starts.iter().map(|x| x.to_le_bytes().to_vec()).collect());
        let indices = bytes(rows.indices.iter().map(|x| x.to_le_bytes().to_vec()).collect());
        let parts = [
            ("X/data", dtype, rows.data.len() / width, Bytes::from(rows.data.clone())),
            ("X/indices", DType::from_numpy("<i4").unwrap(), rows.indices.len(), indices),
            ("X/indptr", DType::from_numpy("<i8").unwrap(), rows.starts.len(), starts),
        ];
        let arrays = parts.map(|(path, dtype, len, bytes)| {
            let array = Array {
                path: path.into(),
                id: 0,
                dtype,
                shape: vec![len as u64],
                chunk: vec![CHUNK],
                axes: vec![0],
                fill: Vec::new(),
                codecs: codecs.to_vec(),
                attrs: Attrs::new(),
            };
            (path, (Rc::new(array), bytes))
        });
        let attrs = serde_json::json!({
            "encoding-type": "csr_matrix",
            "shape": [rows.starts.len() - 1, rows.columns],
        });
        let attrs = attrs.as_object().unwrap().clone();
        let group = Rc::new(Group { path: "X".into(), id: 0, attrs });
        let identity = Some(Identity { text: "a matrix".into(), exact: true });
        let (fetched, calls) = Default::default();
        Rc::new(Self { arrays: arrays.into(), group, limits, identity, fetched, calls })
    }

    /// The matrix, without anything that was learned of it before.
    pub fn matrix(&self) -> Matrix {
        run(Matrix::open(self, Node::Group(Rc::clone(&self.group)))).unwrap().unwrap()
    }

    /// Chunks of values and indices fetched since the last call.
    pub fn taken(&self) -> (usize, usize) {
        let mut fetched = self.fetched.take();
        let mut of = |name: &str| fetched.remove(name).unwrap_or(0);
        (of("X/data"), of("X/indices"))
    }
}

impl Tree for Store {
    fn name(&self) -> &str {
        "store"
    }

    fn format(&self) -> &'static str {
        "memory"
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn identity(&self) -> Option<Identity> {
        self.identity.clone()
    }

    fn open<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Node>> {
        let node = match path {
            "X" => Some(Node::Group(Rc::clone(&self.group))),
            other => self.arrays.get(other).map(|(array, _)| Node::Array(Rc::clone(array))),
        };
        Box::pin(async move { Ok(node) })
    }

    fn names<'a>(&'a self, _: &'a Group) -> Pending<'a, Option<Vec<String>>> {
        Box::pin(async { Ok(None) })
    }

    fn locate<'a>(&'a self, array: &'a Array, chunks: &'a [u64]) -> Pending<'a, Vec<Stored>> {
        let place = |&chunk: &u64| Stored::Key { key: format!("{}/{chunk}", array.path), part: Part::All };
        Box::pin(async move { Ok(chunks.iter().map(place).collect()) })
    }

    fn fetch<'a>(&'a self, stored: &'a [Stored]) -> Pending<'a, Vec<Option<Bytes>>> {
        self.calls.set(self.calls.get() + 1);
        Box::pin(async move {
            let mut read = Vec::new();
            for place in stored {
                let Stored::Key { key, part } = place else { panic!("{place:?}") };
                let (path, number) = key.rsplit_once('/').unwrap();
                let (array, bytes) = &self.arrays[path];
                let side = CHUNK as usize * array.dtype.width();
                let start = number.parse::<usize>().unwrap() * side;
                let mut chunk = bytes.slice(start..(start + side).min(bytes.len())).to_vec();
                // Chunks at the edge are stored whole.
                chunk.resize(side, 0);
                let chunk = Bytes::from(chunk);
                read.push(Some(match part {
                    Part::Span(span) => chunk.slice(span.start as usize..span.end as usize),
                    _ => chunk,
                }));
                *self.fetched.borrow_mut().entry(path.to_owned()).or_default() += 1;
            }
            pause().await;
            Ok(read)
        })
    }
}

thread_local! {
    /// Who waits for the next round, and how many there were.
    static WAITING: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    static ROUND: Cell<u64> = const { Cell::new(0) };
}

/// Waits for the next round.
async fn pause() {
    let now = ROUND.get();
    poll_fn(|context| {
        if ROUND.get() > now {
            return Poll::Ready(());
        }
        WAITING.with_borrow_mut(|waiting| waiting.push(context.waker().clone()));
        Poll::Pending
    })
    .await;
}

/// A future that is polled by hand.
pub struct Task<'a, T>(Pin<Box<dyn Future<Output = T> + 'a>>);

impl<'a, T> Task<'a, T> {
    pub fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self(Box::pin(future))
    }

    /// Polls so many times, or until there is a result. Before each, what was fetched till then arrives.
    pub fn poll(&mut self, times: usize) -> Option<T> {
        for _ in 0..times {
            ROUND.set(ROUND.get() + 1);
            WAITING.take().into_iter().for_each(Waker::wake);
            if let Poll::Ready(done) = self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return Some(done);
            }
        }
        None
    }
}

/// Runs to the end.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    Task::new(future).poll(1_000_000).expect("waits for nothing")
}
