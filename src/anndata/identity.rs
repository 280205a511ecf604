//! Which data a gene index belongs to: a text that changes when they change.
//!
//! A host or file system that says when a file last changed settles it. Where none does, as with stores of many files, a sample
//! of what is stored is part of the text: the ends and the middle of values and indices, as they lie there, compressed. A pass
//! over the matrix sees all of that anyway, so only a later visit that finds an index reads the sample by itself.

use std::{cell::RefCell, collections::BTreeMap};

use super::sparse::Sparse;
use crate::{
    array::{Array, grid},
    error::Result,
    shelf::sum,
    tree::{Stored, Tree},
};

/// Where the matrix lies and how it is laid out: what finds an index.
pub struct Outline {
    /// The same as long as nobody says that the data have changed.
    pub text: String,
    /// Whether that settles it; otherwise a sample has to be the same, too.
    pub exact: bool,
}

/// The outline of a matrix; `None` when the place has no name that outlives this visit.
pub fn outline(tree: &dyn Tree, matrix: &Sparse) -> Option<Outline> {
    let place = tree.identity()?;
    let mut text = place.text;
    for array in [&matrix.data, &matrix.indices, &matrix.indptr] {
        let Array { path, dtype, shape, chunk, codecs, .. } = &**array;
        let steps: Vec<&str> = codecs.iter().map(|codec| codec.name()).collect();
        text.push_str(&format!("\n{path} {} {shape:?} {chunk:?} {}", dtype.name(), steps.join(" ")));
    }
    Some(Outline { text, exact: place.exact })
}

/// Chunks looked at.
const CHUNKS: u64 = 8;
/// Bytes looked at of each.
const BYTES: u64 = 64 << 10;

/// The chunks of an array that are looked at.
fn some(array: &Array) -> Vec<u64> {
    let chunks: u64 = grid(&array.shape, &array.chunk).iter().product();
    let last = chunks.saturating_sub(1);
    let mut some: Vec<u64> = (0..CHUNKS).map(|i| last * i / (CHUNKS - 1)).filter(|&c| c < chunks).collect();
    some.dedup();
    some
}

/// Size and checksum of a chunk as stored, of which the beginning may be all that is there; zeros of one that is not stored.
type Print = (u64, u32);

/// An array, the number of a chunk of it, and what was seen of that.
pub type Sight = (String, u64, Print);

fn print(size: u64, bytes: Option<&[u8]>) -> Print {
    let Some(bytes) = bytes else { return (0, 0) };
    (size, sum(bytes.get(..BYTES as usize).unwrap_or(bytes)))
}

/// What a pass has seen of the sample.
#[derive(Default)]
pub struct Seen(RefCell<BTreeMap<(String, u64), Print>>);

impl Seen {
    /// Takes note of a chunk of an array that came by whole.
    pub fn chunk(&self, array: &Array, number: u64, stored: Option<&[u8]>) {
        if some(array).contains(&number) {
            let print = print(stored.map_or(0, |bytes| bytes.len() as u64), stored);
            self.0.borrow_mut().insert((array.path.clone(), number), print);
        }
    }

    /// Takes note of what somebody else has seen.
    pub fn add(&self, seen: Vec<Sight>) {
        self.0.borrow_mut().extend(seen.into_iter().map(|(path, number, print)| ((path, number), print)));
    }

    /// All of it, for somebody else.
    pub fn into_sights(self) -> Vec<Sight> {
        self.0.into_inner().into_iter().map(|((path, number), print)| (path, number, print)).collect()
    }

    /// The sample, if all of it came by.
    pub fn sample(&self, matrix: &Sparse) -> Option<String> {
        let seen = self.0.borrow();
        let of = |array: &Array| {
            let key = |number: u64| (array.path.clone(), number);
            some(array).into_iter().map(|number| seen.get(&key(number)).copied()).collect::<Option<Vec<_>>>()
        };
        Some(text(&[of(&matrix.data)?, of(&matrix.indices)?]))
    }
}

/// Reads the sample.
///
/// # Errors
/// Whatever reading it says.
pub async fn sample(tree: &dyn Tree, matrix: &Sparse) -> Result<String> {
    Ok(text(&[of(tree, &matrix.data).await?, of(tree, &matrix.indices).await?]))
}

async fn of(tree: &dyn Tree, array: &Array) -> Result<Vec<Print>> {
    let mut stored: Vec<Stored> = tree.locate(array, &some(array)).await?;
    let mut sizes = Vec::new();
    for place in &mut stored {
        let mut size = None;
        if let Stored::Span { range, .. } = place {
            size = Some(range.end - range.start);
            range.end = range.end.min(range.start.saturating_add(BYTES));
        }
        sizes.push(size);
    }
    let read = tree.fetch(&stored).await?;
    let prints = sizes.into_iter().zip(&read).map(|(size, bytes)| {
        let all = bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        print(size.unwrap_or(all), bytes.as_deref())
    });
    Ok(prints.collect())
}

fn text(prints: &[Vec<Print>]) -> String {
    prints.iter().map(|prints| format!("\n{prints:x?}")).collect()
}
