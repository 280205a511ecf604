//! Passes over a matrix stored by row in which other readers take part: the same columns, whatever the others do.

mod rows;

use std::{
    cell::{Cell, RefCell},
    future::pending,
    ops::Range,
    rc::Rc,
};

use cellucid_wasm::{
    Limits, Pending,
    anndata::{Aide, Aides, Bits, Form, Items, Matrix, Numbers, Parcel, Portion, Watch},
    array::Values,
    error::Result,
    shelf::{Memory, Shelf},
    source::Identity,
};
use rows::{Dice, Rows, Store, run};

/// Nine blocks of the least size.
const ITEMS: usize = 4_500_000;
const ROWS: u64 = 70_000;

/// What readers elsewhere do.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Way {
    Work,
    /// Two stretches, then nothing more.
    Stop,
    /// They do not answer.
    Hang,
    Fail,
    /// Items are missing.
    Short,
    /// Columns that are not there.
    Beyond,
    /// Values of another width.
    Other,
    /// Another file's.
    Foreign,
    /// They keep items, and say what was asked for.
    Away,
    /// They keep items, and do not say what was asked for.
    Unfound,
    /// They keep items, and say what was asked for in another order.
    Disordered,
    /// They keep items, among them columns that are not there.
    BeyondAway,
    /// They keep items, fewer than they say.
    ShortAway,
}

const WAYS: [Way; 13] = [
    Way::Work,
    Way::Stop,
    Way::Hang,
    Way::Fail,
    Way::Short,
    Way::Beyond,
    Way::Other,
    Way::Foreign,
    Way::Away,
    Way::Unfound,
    Way::Disordered,
    Way::BeyondAway,
    Way::ShortAway,
];

/// Items in somebody else's memory, unpacked as often as they are asked for.
struct Kept {
    count: usize,
    kept: (Form, usize),
    packed: (Vec<u16>, Numbers),
}

impl Parcel for Kept {
    fn items(&self) -> usize {
        self.count
    }

    fn kept(&self) -> (Form, usize) {
        self.kept
    }

    fn unpack(&self) -> Result<(Vec<u16>, Numbers)> {
        let (indices, Numbers { plain, form, bits }) = &self.packed;
        let bits = match bits {
            Bits::One(v) => Bits::One(v.clone()),
            Bits::Two(v) => Bits::Two(v.clone()),
            Bits::Four(v) => Bits::Four(v.clone()),
            Bits::Eight(v) => Bits::Eight(v.clone()),
        };
        Ok((indices.clone(), Numbers { plain: *plain, form: *form, bits }))
    }
}

struct Near {
    aide: Aide,
    way: Way,
    asked: RefCell<Vec<Range<u64>>>,
    given: Cell<usize>,
}

impl Aides for Near {
    fn most(&self) -> usize {
        if self.way == Way::Stop && self.given.get() == 2 { 0 } else { 2 }
    }

    fn portion<'a>(
        &'a self,
        path: &'a str,
        items: Range<u64>,
        columns: Vec<u64>,
    ) -> Pending<'a, Option<Portion>> {
        assert_eq!(path, "X");
        self.asked.borrow_mut().push(items.clone());
        Box::pin(async move {
            if self.way == Way::Hang {
                return pending().await;
            }
            let portion = self.aide.portion(path, items, &columns).await?;
            self.given.set(self.given.get() + 1);
            let Portion { mut whose, items, mut found, seen } = portion;
            let Items::Here(mut indices, mut values) = items else { panic!("are here") };
            match self.way {
                Way::Fail => return Ok(None),
                Way::Short => drop(indices.pop()),
                Way::Beyond | Way::BeyondAway => indices[0] = 60_000,
                Way::Other => values = Numbers::new(Values::F64(vec![0.5; indices.len()]))?,
                Way::Foreign => whose = Some("another".into()),
                Way::Disordered => found.iter_mut().for_each(|found| found.places.reverse()),
                Way::Unfound => found.clear(),
                _ => {}
            }
            let away = matches!(
                self.way,
                Way::Away | Way::BeyondAway | Way::ShortAway | Way::Unfound | Way::Disordered
            );
            let items = if away {
                let (count, kept) = (indices.len(), (values.form, values.plain));
                if self.way == Way::ShortAway {
                    indices.pop();
                }
                Items::Away(Rc::new(Kept { count, kept, packed: (indices, values) }))
            } else {
                Items::Here(indices, values)
            };
            Ok(Some(Portion { whose, items, found, seen }))
        })
    }
}

fn helped(rows: &Rows, limits: Limits, way: Way) -> (Rc<Store>, Matrix, Rc<Store>, Rc<Near>) {
    let (here, there) = (Store::new(rows, limits), Store::new(rows, limits));
    let near = Rc::new(Near {
        aide: Aide::new(Rc::clone(&there) as Rc<_>),
        way,
        asked: RefCell::default(),
        given: Cell::default(),
    });
    let matrix = here.matrix();
    matrix.help_with(Some(Rc::clone(&near) as Rc<dyn Aides>));
    (here, matrix, there, near)
}

fn counts() -> Rows {
    Rows::new(ROWS, 300, ITEMS, "<f4", |dice: &mut Dice| (dice.roll(9) as f32).to_le_bytes().to_vec())
}

#[test]
fn columns_are_the_same_whatever_aides_do() {
    // In the last, each number of a column is a sum of hundreds, from several blocks: its order shows.
    for rows in [counts(), Rows::floats(ROWS, 300, ITEMS), Rows::floats(40, 300, ITEMS)] {
        let alone = Store::new(&rows, Limits::default());
        let columns: Vec<u64> = vec![0, 7, 299];
        let expected = run(alone.matrix().columns(&*alone, &columns)).unwrap();
        for way in WAYS {
            let (here, matrix, there, near) = helped(&rows, Limits::default(), way);
            assert_eq!(run(matrix.columns(&*here, &columns)).unwrap(), expected, "{way:?}");
            let (mine, theirs) = (here.taken(), there.taken());
            if way == Way::Work {
                // 90 chunks; what aides have not handed over by the end may be read twice.
                assert!(mine.0 < 90 && theirs.0 > 0 && mine.0 + theirs.0 <= 90 + 22, "{mine:?} {theirs:?}");
            }
            // What does not serve is not asked for again and again.
            let most = match way {
                Way::Work | Way::Away | Way::Unfound | Way::BeyondAway | Way::ShortAway => 9,
                Way::Stop => 3,
                _ => 2,
            };
            assert!(near.asked.borrow().len() <= most, "{way:?} {:?}", near.asked.borrow());
            // Later columns need nothing more, wherever their items were read, unless these turn out to be wrong.
            while matrix.tidy() {}
            let spoilt = matches!(way, Way::BeyondAway | Way::ShortAway);
            assert_eq!(run(matrix.columns(&*here, &[7])).unwrap()[0], expected[1], "{way:?}");
            assert_eq!(spoilt, here.taken().0 > 0, "{way:?}");
            let asked = near.asked.borrow().len();
            assert_eq!(run(matrix.columns(&*here, &columns)).unwrap(), expected, "{way:?}");
            assert_eq!(near.asked.borrow().len(), asked, "{way:?}");
            assert_eq!((here.taken(), there.taken()), ((0, 0), (0, 0)), "{way:?}");
        }
    }
}

#[test]
fn many_columns_at_once_and_more_than_memory_holds() {
    let rows = counts();
    let alone = Store::new(&rows, Limits::default());
    let columns: Vec<u64> = (0..12).map(|i| i * 25).collect();
    let expected = run(alone.matrix().columns(&*alone, &columns)).unwrap();
    for index in [Limits::default().index, 1 << 20] {
        let limits = Limits { index, ..Limits::default() };
        let (here, matrix, there, _) = helped(&rows, limits, Way::Work);
        let shelf: Rc<dyn Shelf> = Rc::new(Memory::new(1 << 30));
        matrix.keep_on(&shelf);
        assert_eq!(run(matrix.columns(&*here, &columns)).unwrap(), expected, "{index}");
        assert!(there.taken().0 > 0);
        assert_eq!(run(matrix.columns(&*here, &columns[..1])).unwrap()[0], expected[0], "{index}");
    }
}

#[test]
fn a_matrix_of_few_blocks_is_read_alone() {
    let rows = Rows::floats(5_000, 300, 600_000);
    let (here, matrix, _, near) = helped(&rows, Limits::default(), Way::Work);
    run(matrix.columns(&*here, &[1])).unwrap();
    assert!(near.asked.borrow().is_empty());
}

#[test]
fn the_sample_of_a_place_that_tells_of_no_changes_is_put_together_from_both() {
    let rows = counts();
    let inexact = |store: Rc<Store>| {
        let mut store = Rc::into_inner(store).unwrap();
        store.identity = Some(Identity { text: "a matrix".into(), exact: false });
        Rc::new(store)
    };
    let (here, there) =
        (inexact(Store::new(&rows, Limits::default())), inexact(Store::new(&rows, Limits::default())));
    let near = Rc::new(Near {
        aide: Aide::new(Rc::clone(&there) as Rc<_>),
        way: Way::Work,
        asked: RefCell::default(),
        given: Cell::default(),
    });
    let shelf: Rc<dyn Shelf> = Rc::new(Memory::new(1 << 30));
    let matrix = here.matrix();
    matrix.keep_on(&shelf);
    matrix.help_with(Some(near));
    let expected = run(matrix.columns(&*here, &[3])).unwrap();
    run(matrix.settle());
    assert!(there.taken().0 > 0);
    here.taken();
    // A later visit finds the index and needs no more than the sample.
    let later = here.matrix();
    later.keep_on(&shelf);
    assert_eq!(run(later.columns(&*here, &[3])).unwrap(), expected);
    let (data, indices) = here.taken();
    assert!(data <= 8 && indices <= 8, "{data} {indices}");
}

#[test]
fn rows_that_are_final_are_told_in_order() {
    struct Told(RefCell<Vec<Range<u64>>>);
    impl Watch for Told {
        fn rows(&self, rows: Range<u64>, _: &[Values]) {
            self.0.borrow_mut().push(rows);
        }
    }
    let (here, matrix, ..) = helped(&counts(), Limits::default(), Way::Work);
    let told = Rc::new(Told(RefCell::default()));
    run(matrix.columns_watched(&*here, &[3], Some(Rc::clone(&told) as Rc<dyn Watch>))).unwrap();
    let told = told.0.borrow();
    assert!(told.windows(2).all(|pair| pair[0].end == pair[1].start), "{told:?}");
    assert_eq!((told[0].start, told[told.len() - 1].end), (0, ROWS));
    assert!(told.len() > 1, "{told:?}");
}

#[test]
fn an_aide_says_what_it_cannot_do() {
    let rows = Rows::floats(5_000, 300, 600_000);
    let store = Store::new(&rows, Limits::default());
    let aide = Aide::new(store as Rc<_>);
    for (path, items) in [("X", 0..600_001), ("X/data", 0..1), ("Y", 0..1)] {
        assert!(run(aide.portion(path, items, &[])).is_err(), "{path}");
    }
}
