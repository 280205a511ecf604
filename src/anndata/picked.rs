//! Wanted columns picked out of a stretch of a matrix stored by row, where nothing is kept of the rest: values are read only where a
//! wanted column has any.

use std::{ops::Range, rc::Rc};

use super::{
    index::rows,
    sparse::{Sparse, add},
};
use crate::{
    array::{Select, Values},
    error::Result,
    limits::Limits,
    tree::{Tree, read_many},
};

/// Values of a stretch of items, and of each column picked its rows and positions among the values.
pub struct Picked {
    columns: Rc<Vec<u64>>,
    values: Values,
    hits: Vec<Vec<(u64, usize)>>,
}

impl Picked {
    /// Whether all of some columns were picked.
    pub fn covers(&self, wanted: &[u64]) -> bool {
        wanted.iter().all(|column| self.columns.binary_search(column).is_ok())
    }

    /// Adds what was picked to the wanted columns.
    ///
    /// # Errors
    /// When values are of another type.
    pub fn add(&self, wanted: &[u64], out: &mut [Values]) -> Result<()> {
        for (column, out) in wanted.iter().zip(out) {
            if let Some(hits) = self.columns.binary_search(column).ok().and_then(|at| self.hits.get(at)) {
                add(out, &self.values, hits.iter().copied())?;
            }
        }
        Ok(())
    }
}

/// Positions within a block that hold a wanted column, in order, each with that column's number among those wanted.
///
/// # Errors
/// `Limit` when there is no memory for a list of the columns.
pub fn hits(indices: &[u32], wanted: &[u64], columns: usize) -> Result<Vec<(u32, u32)>> {
    let mut slots = Limits::filled(columns, u32::MAX, "the columns")?;
    for (number, &column) in wanted.iter().enumerate() {
        if let Some(slot) = usize::try_from(column).ok().and_then(|c| slots.get_mut(c)) {
            *slot = number as u32;
        }
    }
    let slot = |index: u32| slots.get(index as usize).copied().filter(|&slot| slot != u32::MAX);
    let hits = indices.iter().enumerate().filter_map(|(i, &index)| Some((i as u32, slot(index)?)));
    Ok(hits.collect())
}

/// Reads the values of hits: those in neighbouring chunks together, chunks without any not at all.
///
/// # Errors
/// Whatever reading says.
pub async fn pick(
    matrix: &Sparse,
    tree: &dyn Tree,
    starts: &[u64],
    span: Range<u64>,
    columns: Rc<Vec<u64>>,
    hits: &[(u32, u32)],
) -> Result<Vec<Picked>> {
    let chunk = matrix.data.chunk.first().copied().unwrap_or(1).max(1);
    let number = |hit: &(u32, u32)| (span.start + u64::from(hit.0)) / chunk;
    let stretches: Vec<&[(u32, u32)]> = hits.chunk_by(|a, b| number(b) - number(a) <= 1).collect();
    let item = |hit: Option<&(u32, u32)>| hit.map_or(0, |hit| span.start + u64::from(hit.0));
    let parts: Vec<Select> =
        stretches.iter().map(|s| Select::span(item(s.first())..item(s.last()) + 1)).collect();
    let values = read_many(tree, &matrix.data, &parts).await?;
    let mut row = rows(starts, span.clone()).start as usize;
    let mut picked = Vec::new();
    for (stretch, values) in stretches.into_iter().zip(values) {
        let first = item(stretch.first());
        let mut hits = vec![Vec::new(); columns.len()];
        for hit in stretch {
            let at = item(Some(hit));
            while starts.get(row + 1).is_some_and(|&next| next <= at) {
                row += 1;
            }
            if let Some(hits) = hits.get_mut(hit.1 as usize) {
                hits.push((row as u64, (at - first) as usize));
            }
        }
        picked.push(Picked { columns: Rc::clone(&columns), values, hits });
    }
    if picked.is_empty() {
        // Says that nothing was found, of these columns.
        picked.push(Picked { columns, values: Values::Bool(Vec::new()), hits: Vec::new() });
    }
    Ok(picked)
}
