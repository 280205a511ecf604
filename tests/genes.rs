//! Columns of matrices stored by row: right in every type, one pass for all who wait, an index that is kept, bounded and never
//! trusted.

mod rows;

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    ops::Range,
    rc::Rc,
    task::Poll,
};

use cellucid_wasm::{
    Kind, Limits, Pending,
    anndata::{Lost, Matrix, Watch},
    array::Values,
    codec::Codec,
    shelf::{Kept, Memory, Shelf},
};
use rows::{CHUNK, Dice, Rows, Store, Task, run};

/// More than four blocks of the least size.
const ITEMS: usize = 2_400_000;

/// A column as its definition says.
fn expected(rows: &Rows, column: u64) -> Vec<f64> {
    let width = rows.data.len() / rows.indices.len().max(1);
    let mut out = vec![0.0; rows.starts.len() - 1];
    for (row, ends) in rows.starts.windows(2).enumerate() {
        for i in ends[0] as usize..ends[1] as usize {
            if rows.indices[i] as u64 == column {
                let item = &rows.data[i * width..][..width];
                out[row] += match rows.dtype {
                    "<f4" => f64::from(f32::from_le_bytes(item.try_into().unwrap())),
                    "<f8" => f64::from_le_bytes(item.try_into().unwrap()),
                    "<f2" => f64::from(u16::from_le_bytes(item.try_into().unwrap()) == 0x3c00),
                    "<i8" => i64::from_le_bytes(item.try_into().unwrap()) as f64,
                    "<u2" => f64::from(u16::from_le_bytes(item.try_into().unwrap())),
                    "|i1" => f64::from(item[0] as i8),
                    "|b1" => f64::from(item[0]),
                    other => panic!("{other}"),
                };
                if rows.dtype == "|b1" {
                    out[row] = f64::min(out[row], 1.0);
                }
                if rows.dtype == "<f4" {
                    out[row] = f64::from(out[row] as f32);
                }
            }
        }
    }
    out
}

fn numbers(values: &Values) -> Vec<f64> {
    match values {
        Values::F64(v) => v.clone(),
        Values::I64(v) => v.iter().map(|&x| x as f64).collect(),
        other => other.to_f32().unwrap().into_iter().map(f64::from).collect(),
    }
}

fn column(matrix: &Matrix, store: &Store, column: u64) -> Vec<f64> {
    numbers(&run(matrix.columns(store, &[column])).unwrap()[0])
}

fn shelf() -> (Rc<Memory>, Rc<dyn Shelf>) {
    let memory = Rc::new(Memory::new(1 << 30));
    (Rc::clone(&memory), memory)
}

fn bounded(index: u64) -> Limits {
    Limits { index, ..Limits::default() }
}

#[test]
fn every_type_comes_back_to_the_last_bit_with_an_index_and_without() {
    type Make = fn(&mut Dice) -> Vec<u8>;
    let types: [(&str, Make); 9] = [
        ("<f4", |dice| (dice.roll(1000) as f32 / 3.0).to_le_bytes().to_vec()),
        // Counts, kept as one byte; a negative zero and a large number are kept as they are.
        ("<f4", |dice| (dice.roll(9) as f32).to_le_bytes().to_vec()),
        ("<f4", |dice| [1.0_f32, -0.0, 70_000.0][dice.roll(3) as usize].to_le_bytes().to_vec()),
        ("<f8", |dice| (dice.roll(300) as f64).to_le_bytes().to_vec()),
        ("<f8", |dice| (dice.roll(300) as f64 / 4.0).to_le_bytes().to_vec()),
        ("<i8", |dice| (dice.roll(300) as i64 - 150).to_le_bytes().to_vec()),
        ("<u2", |dice| (dice.roll(300) as u16).to_le_bytes().to_vec()),
        ("|i1", |dice| vec![dice.roll(12) as u8]),
        ("|b1", |dice| vec![dice.roll(2) as u8]),
    ];
    for (dtype, value) in types {
        let rows = Rows::new(300, 7, 900, dtype, value);
        for limits in [bounded(0), Limits::default()] {
            let store = Store::new(&rows, limits);
            let matrix = store.matrix();
            for c in [3, 0, 6, 3] {
                assert_eq!(column(&matrix, &store, c), expected(&rows, c), "{dtype}");
            }
            let all = run(matrix.columns(&*store, &[6, 1, 6])).unwrap();
            let same: Vec<_> = all.iter().map(numbers).collect();
            assert_eq!(same, [6, 1, 6].map(|c| expected(&rows, c)), "{dtype}");
        }
    }
}

#[test]
fn later_columns_need_nothing_more() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    let store = Store::new(&rows, Limits::default());
    let matrix = store.matrix();
    assert_eq!(column(&matrix, &store, 5), expected(&rows, 5));
    let chunks = ITEMS.div_ceil(CHUNK as usize);
    // Blocks end where chunks of indices do, so each chunk is decoded once.
    assert_eq!(store.taken(), (chunks, chunks));
    for c in [6, 49] {
        assert_eq!(column(&matrix, &store, c), expected(&rows, c));
    }
    assert_eq!(store.taken(), (0, 0));
}

#[test]
fn what_was_read_is_sorted_once_nobody_waits() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    let store = Store::new(&rows, Limits::default());
    let matrix = store.matrix();
    assert!(!matrix.tidy(), "nothing was read yet");
    assert_eq!(column(&matrix, &store, 5), expected(&rows, 5));
    store.taken();
    // Some of it now; whoever asks then has the rest sorted.
    assert!(matrix.tidy() && matrix.tidy());
    assert_eq!(column(&matrix, &store, 6), expected(&rows, 6));
    assert!(!matrix.tidy() && store.taken() == (0, 0));
    // Picking many columns one by one would take longer than sorting.
    let matrix = store.matrix();
    let all = run(matrix.columns(&*store, &[0, 1, 2, 3, 4])).unwrap();
    assert_eq!(all.iter().map(numbers).collect::<Vec<_>>(), [0, 1, 2, 3, 4].map(|c| expected(&rows, c)));
    assert!(!matrix.tidy());
}

#[test]
fn rows_that_are_mostly_empty() {
    // More rows per block than two bytes tell apart.
    let rows = Rows::floats(900_000, 5, 700_000);
    let store = Store::new(&rows, Limits::default());
    let matrix = store.matrix();
    for c in 0..5 {
        assert_eq!(column(&matrix, &store, c), expected(&rows, c));
    }
    let nothing = Store::new(&Rows::floats(10, 3, 0), Limits::default());
    assert_eq!(column(&nothing.matrix(), &nothing, 2), [0.0; 10]);
}

/// Whether a pass has begun and not come to its end.
fn under_way(store: &Store) -> bool {
    let chunks = ITEMS.div_ceil(CHUNK as usize);
    store.fetched.borrow().get("X/indices").is_some_and(|&fetched| fetched > 0 && fetched < chunks)
}

#[test]
fn one_pass_answers_all_who_wait() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    let chunks = ITEMS.div_ceil(CHUNK as usize);
    for limits in [Limits::default(), bounded(0)] {
        let store = Store::new(&rows, limits);
        let matrix = store.matrix();
        let mut first = Task::new(matrix.columns(&*store, &[1]));
        let mut second = Task::new(matrix.columns(&*store, &[2]));
        assert!(first.poll(1).is_none() && second.poll(1).is_none());
        let mut late = None;
        let mut answers = [None, None, None];
        for _ in 0..10_000 {
            if late.is_none() && under_way(&store) {
                late = Some(Task::new(matrix.columns(&*store, &[3])));
            }
            let [a, b, c] = &mut answers;
            if a.is_none() {
                *a = first.poll(1);
            }
            if b.is_none() {
                *b = second.poll(1);
            }
            if let (None, Some(late)) = (&c, &mut late) {
                *c = late.poll(1);
            }
            if a.is_some() && b.is_some() && c.is_some() {
                break;
            }
        }
        for (c, answer) in [1, 2, 3].into_iter().zip(answers) {
            let (a, b) = (numbers(&answer.unwrap().unwrap()[0]), expected(&rows, c));
            let wrong: Vec<usize> = (0..a.len()).filter(|&i| a[i] != b[i]).collect();
            assert!(
                wrong.is_empty(),
                "{} col {c}: {} wrong from {:?}: {:?}",
                limits.index,
                wrong.len(),
                wrong.first(),
                wrong.iter().take(5).map(|&i| (a[i], b[i])).collect::<Vec<_>>()
            );
        }
        let (data, indices) = store.taken();
        if limits.index > 0 {
            // Who came late found the beginning in the index.
            assert_eq!((data, indices), (chunks, chunks));
        } else {
            // Without one, the beginning is read again for it, and no more than that.
            assert!(indices < 2 * chunks && indices > chunks, "{indices} of {chunks}");
        }
    }
}

#[test]
fn who_gives_up_leaves_the_pass_to_the_others() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    let store = Store::new(&rows, Limits::default());
    let matrix = store.matrix();
    let mut first = Task::new(matrix.columns(&*store, &[1]));
    let mut second = Task::new(matrix.columns(&*store, &[2]));
    while !under_way(&store) {
        assert!(first.poll(1).is_none() && second.poll(1).is_none());
    }
    drop(first);
    assert_eq!(numbers(&second.poll(10_000).unwrap().unwrap()[0]), expected(&rows, 2));
    let (data, _) = store.taken();
    assert!(data <= ITEMS.div_ceil(CHUNK as usize) + 3 * 11, "what was under way is lost, no more: {data}");
    // All gave up: what was indexed till then is not read again.
    let store = Store::new(&rows, Limits::default());
    let matrix = store.matrix();
    let mut only = Task::new(matrix.columns(&*store, &[1]));
    while !under_way(&store) {
        assert!(only.poll(1).is_none());
    }
    drop(only);
    assert_eq!(column(&matrix, &store, 9), expected(&rows, 9));
}

#[test]
fn without_an_index_values_are_read_only_where_a_column_has_any() {
    let mut rows = Rows::floats(40_000, 50, ITEMS);
    // Column 49 only at the ends.
    let last = rows.indices.len() - 10;
    for (i, index) in rows.indices.iter_mut().enumerate() {
        *index = if (10..last).contains(&i) { (i % 49) as i32 } else { 49 };
    }
    let store = Store::new(&rows, bounded(0));
    let matrix = store.matrix();
    assert_eq!(column(&matrix, &store, 49), expected(&rows, 49));
    assert_eq!(store.taken(), (2, ITEMS.div_ceil(CHUNK as usize)));
}

#[test]
fn what_finds_no_room_is_gone_through_again_or_put_on_the_shelf() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    let chunks = ITEMS.div_ceil(CHUNK as usize);
    let store = Store::new(&rows, bounded(7 << 20));
    let matrix = store.matrix();
    assert_eq!(column(&matrix, &store, 5), expected(&rows, 5));
    store.taken();
    assert_eq!(column(&matrix, &store, 6), expected(&rows, 6));
    let (_, indices) = store.taken();
    assert!(indices > 0 && indices < chunks, "the part that was kept is not read again: {indices}");
    assert_eq!(matrix.lost(), Some(Lost::Now("there is nowhere to put it aside".into())));
    // With a shelf nothing is.
    let (memory, shelf) = shelf();
    let store = Store::new(&rows, bounded(7 << 20));
    let matrix = store.matrix();
    matrix.keep_on(&shelf);
    assert_eq!(column(&matrix, &store, 5), expected(&rows, 5));
    store.taken();
    assert_eq!(column(&matrix, &store, 6), expected(&rows, 6));
    assert_eq!(store.taken(), (0, 0));
    run(matrix.settle());
    assert_eq!((memory.files().len(), matrix.lost()), (1, None));
    // A shelf that is too small is as none.
    let store = Store::new(&rows, bounded(7 << 20));
    let matrix = store.matrix();
    let small: Rc<dyn Shelf> = Rc::new(Memory::new(1 << 20));
    matrix.keep_on(&small);
    for c in [5, 6] {
        assert_eq!(column(&matrix, &store, c), expected(&rows, c));
    }
    // Few blocks: all were on their way when that was found out, and stay.
    assert_eq!(matrix.lost(), None);
    // With memory for all of it only the next visit misses it.
    let store = Store::new(&rows, Limits::default());
    let matrix = store.matrix();
    matrix.keep_on(&small);
    column(&matrix, &store, 5);
    assert_eq!(matrix.lost(), None);
    run(matrix.settle());
    let lost = matrix.lost();
    assert!(matches!(&lost, Some(Lost::Later(why)) if why.contains("more than may be kept")), "{lost:?}");
}

/// A shelf whose turn to be written to is given by hand, and that notes how much is written at a time.
struct Patient {
    inner: Memory,
    turns: Rc<Cell<usize>>,
    written: Rc<RefCell<Vec<usize>>>,
}

struct PatientFile(Rc<dyn Kept>, Rc<RefCell<Vec<usize>>>);

impl Shelf for Patient {
    fn find<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Rc<dyn Kept>>> {
        self.inner.find(name)
    }

    fn begin<'a>(&'a self, name: &'a str, size: u64) -> Pending<'a, Option<Rc<dyn Kept>>> {
        Box::pin(async move {
            let file = self.inner.begin(name, size).await?;
            Ok(file.map(|file| Rc::new(PatientFile(file, Rc::clone(&self.written))) as Rc<dyn Kept>))
        })
    }

    fn discard<'a>(&'a self, name: &'a str) -> Pending<'a, ()> {
        self.inner.discard(name)
    }

    fn turn(&self) -> Pending<'_, ()> {
        Box::pin(poll_fn(|_| match self.turns.get().checked_sub(1) {
            Some(left) => {
                self.turns.set(left);
                Poll::Ready(Ok(()))
            }
            None => Poll::Pending,
        }))
    }
}

impl Kept for PatientFile {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Vec<u8>>> {
        self.0.read_many(spans)
    }

    fn append<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, ()> {
        self.1.borrow_mut().push(bytes.len());
        self.0.append(bytes)
    }

    fn finished(&self) -> bool {
        self.0.finished()
    }

    fn finish(&self) -> Pending<'_, ()> {
        self.0.finish()
    }
}

#[test]
fn keeping_the_index_waits_for_its_turn_before_each_piece() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    let (turns, written) = (Rc::new(Cell::new(3)), Rc::default());
    let inner = Memory::new(1 << 30);
    let patient = Rc::new(Patient { inner, turns: Rc::clone(&turns), written: Rc::clone(&written) });
    let shelf: Rc<dyn Shelf> = Rc::clone(&patient) as _;
    let store = Store::new(&rows, Limits::default());
    let matrix = store.matrix();
    matrix.keep_on(&shelf);
    column(&matrix, &store, 5);
    store.taken();
    let mut keeping = Task::new(matrix.settle());
    assert!(keeping.poll(1).is_none());
    let some = written.borrow().len();
    assert!((1..=3).contains(&some), "{some} pieces in three turns");
    // Whoever asks meanwhile is answered, and nothing is written.
    for c in [6, 7] {
        assert_eq!(column(&matrix, &store, c), expected(&rows, c));
        assert!(keeping.poll(1).is_none());
    }
    assert_eq!((written.borrow().len(), store.taken()), (some, (0, 0)));
    assert!(patient.inner.files().is_empty(), "nobody finds what is not finished");
    turns.set(1000);
    assert!(keeping.poll(1).is_some());
    let (pieces, most) = (written.borrow().len(), written.borrow().iter().copied().max());
    assert!(pieces > (ITEMS * 6) >> 20 && most <= Some(1 << 20), "{pieces} pieces, {most:?}");
    // It is whole.
    let matrix = store.matrix();
    matrix.keep_on(&shelf);
    assert_eq!(column(&matrix, &store, 8), expected(&rows, 8));
    assert_eq!(store.taken(), (0, 0));
}

#[test]
fn a_later_visit_reads_the_index_alone() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    let (memory, shelf) = shelf();
    let store = Store::new(&rows, Limits::default());
    let matrix = store.matrix();
    matrix.keep_on(&shelf);
    column(&matrix, &store, 5);
    run(matrix.settle());
    let size: usize = memory.files().values().map(Vec::len).sum();
    assert!(size as f64 <= ITEMS as f64 * 6.1, "{size} bytes for {ITEMS} items");
    // Another visit.
    store.taken();
    let matrix = store.matrix();
    matrix.keep_on(&shelf);
    for c in [7, 0, 49] {
        assert_eq!(column(&matrix, &store, c), expected(&rows, c));
    }
    assert_eq!(store.taken(), (0, 0));
    // The file has changed meanwhile: another identity, another name.
    let mut changed = rows.clone();
    changed.data[3] ^= 1;
    let mut store = Store::new(&changed, Limits::default());
    Rc::get_mut(&mut store).unwrap().identity.as_mut().unwrap().text.push_str(" and a second");
    let matrix = store.matrix();
    matrix.keep_on(&shelf);
    for c in [rows.indices[0] as u64, 7] {
        assert_eq!(column(&matrix, &store, c), expected(&changed, c));
    }
    assert_ne!(store.taken(), (0, 0));
}

/// A place without time of last change is known by a sample of what is stored.
#[test]
fn a_place_that_does_not_tell_of_changes_is_known_by_a_sample() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    let mut changed = rows.clone();
    changed.data[3] ^= 1;
    let chunks = ITEMS.div_ceil(CHUNK as usize);
    let (packed, plain) = ([Codec::Shuffle { width: 1 }], []);
    for codecs in [&packed[..], &plain] {
        let (_, shelf) = shelf();
        let visit = |rows: &Rows| {
            let mut store = Store::coded(rows, Limits::default(), codecs);
            Rc::get_mut(&mut store).unwrap().identity.as_mut().unwrap().exact = false;
            let matrix = store.matrix();
            matrix.keep_on(&shelf);
            assert_eq!(column(&matrix, &store, 7), expected(rows, 7));
            run(matrix.settle());
            store.taken().1
        };
        // What a pass sees of compressed chunks is the sample.
        let sample = 8;
        assert_eq!(visit(&rows), chunks + if codecs.is_empty() { sample } else { 0 });
        assert_eq!(visit(&rows), sample);
        assert_eq!(visit(&changed), sample + chunks);
        assert_eq!(visit(&changed), sample);
    }
}

#[test]
fn a_damaged_index_is_made_anew() {
    let rows = Rows::floats(30, 4, 60);
    let (memory, shelf) = shelf();
    let visit = || {
        let store = Store::new(&rows, Limits::default());
        let matrix = store.matrix();
        matrix.keep_on(&shelf);
        for c in 0..4 {
            assert_eq!(column(&matrix, &store, c), expected(&rows, c));
        }
        run(matrix.settle());
        store.taken() != (0, 0)
    };
    assert!(visit() && !visit());
    let (name, whole) = memory.files().iter().next().map(|(k, v)| (k.clone(), v.clone())).unwrap();
    let mut noticed = 0;
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        memory.files().insert(name.clone(), damaged);
        noticed += usize::from(visit());
        damaged_goes(&memory, &name, &whole);
        // Cut off.
        memory.files().insert(name.clone(), whole[..at].to_vec());
        assert!(visit());
        damaged_goes(&memory, &name, &whole);
    }
    // All but the four bytes that nothing is read from.
    assert!(noticed >= whole.len() - 4, "{noticed} of {}", whole.len());
}

/// After a visit the shelf holds the index as it should be, or what was not noticed because it is not used.
fn damaged_goes(memory: &Memory, name: &str, whole: &[u8]) {
    let files = memory.files();
    let now = &files[name];
    let different = now.iter().zip(whole).filter(|(a, b)| a != b).count();
    assert!(now.len() == whole.len() && different <= 1, "{different} bytes differ");
}

#[test]
fn what_contradicts_itself_is_an_error_and_is_not_kept() {
    let rows = Rows::floats(30, 4, 60);
    let (memory, shelf) = shelf();
    type Damage = fn(&mut Rows);
    let cases: [(&str, Damage); 5] = [
        ("does not ascend", |rows| rows.starts[3] = 0),
        ("does not ascend", |rows| rows.starts[0] = 2),
        ("does not ascend", |rows| *rows.starts.last_mut().unwrap() = 61),
        ("outside 0..4", |rows| rows.indices[59] = 4),
        ("outside 0..4", |rows| rows.indices[7] = -1),
    ];
    for (says, damage) in cases {
        for limits in [Limits::default(), bounded(0)] {
            let mut rows = rows.clone();
            damage(&mut rows);
            if rows.starts[3] == 0 {
                rows.starts[2] = 1;
            }
            let store = Store::new(&rows, limits);
            let matrix = store.matrix();
            matrix.keep_on(&shelf);
            for _ in 0..2 {
                let error = run(matrix.columns(&*store, &[1])).unwrap_err();
                assert!(error.kind == Kind::Malformed && error.message.contains(says), "{error}");
            }
            run(matrix.settle());
            assert!(memory.files().is_empty());
        }
    }
}

struct Log(RefCell<Vec<(Range<u64>, Vec<f64>)>>);

impl Watch for Log {
    fn rows(&self, rows: Range<u64>, columns: &[Values]) {
        let part = numbers(&columns[0])[rows.start as usize..rows.end as usize].to_vec();
        self.0.borrow_mut().push((rows, part));
    }
}

#[test]
fn a_column_comes_in_parts_that_are_final() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    for limits in [Limits::default(), bounded(0), bounded(7 << 20)] {
        let store = Store::new(&rows, limits);
        let matrix = store.matrix();
        for c in [4, 5] {
            let log = Rc::new(Log(RefCell::default()));
            let whole = run(matrix.columns_watched(&*store, &[c], Some(log.clone()))).unwrap();
            let parts = log.0.take();
            assert!(c == 5 || parts.len() >= 4, "{} parts", parts.len());
            let mut next = 0;
            let mut all = Vec::new();
            for (rows, part) in parts {
                assert_eq!(rows.start, next);
                next = rows.end;
                all.extend(part);
            }
            assert_eq!(next, 40_000);
            assert_eq!(all, numbers(&whole[0]));
            assert_eq!(all, expected(&rows, c));
        }
    }
}

#[test]
fn what_a_column_costs_is_known_before_it_is_read() {
    let rows = Rows::floats(40_000, 50, ITEMS);
    let store = Store::new(&rows, Limits::default());
    let matrix = store.matrix();
    assert_eq!(run(matrix.cost(&*store)).unwrap(), 8 * ITEMS as u64);
    column(&matrix, &store, 1);
    assert_eq!(run(matrix.cost(&*store)).unwrap(), 0);
}
