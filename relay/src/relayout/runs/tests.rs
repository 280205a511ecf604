//! Stretches that are put together, in memory and from files.

use super::*;

/// Rows and values of all columns, and where columns begin.
fn merged(runs: &Runs, memory: u64) -> (Vec<u8>, Vec<u8>) {
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    let take = |r: &[u8], v: &[u8]| {
        rows.extend_from_slice(r);
        values.extend_from_slice(v);
        Ok(())
    };
    runs.merge(memory, take).unwrap();
    (rows, values)
}

#[test]
fn many_stretches_give_what_one_gives() {
    // (row, column, value), with an empty row, an empty column and an item that is stored twice.
    let all: [(u32, u32, u8); 8] =
        [(0, 3, 1), (0, 0, 2), (2, 3, 3), (2, 3, 4), (3, 1, 5), (4, 0, 6), (4, 4, 7), (5, 1, 8)];
    let items = |part: &[(u32, u32, u8)]| Items {
        columns: part.iter().map(|i| i.1).collect(),
        rows: part.iter().map(|i| i.0).collect(),
        values: part.iter().map(|i| i.2).collect(),
    };
    let folder = tempfile::tempdir().unwrap();
    let journal = || Rc::new(Journal::open(folder.path(), "what", false).unwrap().unwrap());
    let mut one = Runs::open(5, 1, false, &journal(), "X").unwrap();
    one.add(items(&all), 8, true).unwrap();
    let mut many = Runs::open(5, 1, false, &journal(), "X").unwrap();
    for (part, to) in all.chunks(3).zip([3, 6]) {
        many.add(items(part), to, false).unwrap();
    }
    // Interrupted, and gone on with by another run.
    drop(many);
    let mut many = Runs::open(5, 1, false, &journal(), "X").unwrap();
    assert_eq!((many.len(), many.read()), (2, 6));
    many.add(items(&all[6..]), 8, true).unwrap();
    assert_eq!((one.len(), many.len()), (1, 3));
    assert_eq!(many.counts(), [2, 2, 0, 3, 1]);
    let want: Vec<u8> = [0_u32, 4, 3, 5, 0, 2, 2, 4].iter().flat_map(|r| r.to_le_bytes()).collect();
    for memory in [0, 11, 1 << 20] {
        for runs in [&one, &many] {
            assert_eq!(merged(runs, memory), (want.clone(), vec![2, 6, 5, 8, 1, 3, 4, 7]), "{memory}");
        }
    }
}

#[test]
fn dense_columns_are_put_together_from_stretches() {
    let folder = tempfile::tempdir().unwrap();
    let journal = || Rc::new(Journal::open(folder.path(), "what", false).unwrap().unwrap());
    let mut runs = Runs::open(3, 1, true, &journal(), "layers/a").unwrap();
    runs.add_dense(2, vec![1, 4, 2, 5, 3, 6], 6, false).unwrap();
    drop(runs);
    let mut runs = Runs::open(3, 1, true, &journal(), "layers/a").unwrap();
    assert_eq!((runs.len(), runs.read()), (1, 6));
    runs.add_dense(1, vec![7, 8, 9], 9, true).unwrap();
    assert_eq!(runs.dense(&(0..3)).unwrap(), [1, 4, 7, 2, 5, 8, 3, 6, 9]);
    assert_eq!(runs.dense(&(1..2)).unwrap(), [2, 5, 8]);
    // A stretch that is no longer what it was is sorted anew.
    std::fs::write(folder.path().join("layers.a.runs"), [1, 4, 2, 5, 3, 7, 7, 8, 9]).unwrap();
    assert_eq!(Runs::open(3, 1, true, &journal(), "layers/a").unwrap().len(), 0);
}
