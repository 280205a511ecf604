//! A matrix of cells by genes, written so that a gene is one piece.

use super::{
    columns::{Columns, csc},
    copy,
    dense::{dense, dense_chunk, stretch, turn},
    kind::Kind,
    rows::Rows,
    runs::{Items, Runs},
    writer::{Spec, Writer, chunks},
};
use cellucid_wasm::{
    Error, Result,
    anndata::{Compressed, Matrix, Sparse},
    array::{Attrs, Select, Values},
    tree::{self, Tree},
};

/// Items of a chunk of a sparse matrix: about one gene's, so that a gene is one or two chunks and little more is read than wanted;
/// fewer make too many files of a store, more too much of a rare gene.
const ITEMS: std::ops::RangeInclusive<u64> = 16 << 10..=256 << 10;
/// Chunks of a shard: tens of megabytes, and an index of a few kilobytes.
pub const SHARD: u64 = 256;
/// Items read at a time, unless a chunk has more or the memory is less.
const BLOCK: u64 = 1 << 20;

/// How it is written.
pub struct How {
    /// Bytes to work in.
    pub memory: u64,
    /// What stores all items becomes sparse.
    pub sparse: bool,
}

/// Items of a chunk, for so many items in so many genes.
pub fn per_chunk(items: u64, genes: u64) -> u64 {
    let mean = (items / genes.max(1)).max(1).next_power_of_two();
    mean.clamp(*ITEMS.start(), *ITEMS.end()).min(items.max(1))
}

/// Chunks that will be read and written, roughly.
pub fn steps(matrix: &Matrix, how: &How) -> u64 {
    match matrix {
        Matrix::Sparse(sparse) => {
            let items = sparse.data.len();
            let read =
                if sparse.compressed == Compressed::Rows { items.div_ceil(block(sparse, how)) } else { 0 };
            read + 2 * items.div_ceil(per_chunk(items, sparse.shape[1])) + 1
        }
        Matrix::Dense(array) => {
            let width = array.dtype.width();
            array.shape.first().map_or(0, |rows| rows.div_ceil(stretch(array, width, how)))
                + if how.sparse { 0 } else { chunks(&array.shape, &dense_chunk(&array.shape)) }
        }
    }
}

/// Items of a sparse matrix read at a time: whole chunks.
fn block(sparse: &Sparse, how: &How) -> u64 {
    let chunk = sparse.data.chunk.first().copied().unwrap_or(1).max(1);
    let most = (how.memory / 8 / Runs::cost(sparse.data.dtype.width())).clamp(1, BLOCK);
    (most / chunk).max(1).saturating_mul(chunk)
}

/// Most items of a stretch: what half of the memory holds, and 32 bits count.
pub fn most(how: &How, width: usize) -> usize {
    (how.memory / 2 / Runs::cost(width)).clamp(1, 1 << 30) as usize
}

/// Writes it at `path`, with the attributes of what it was. Gives the number of stretches that were sorted.
///
/// # Errors
/// What reading or writing says.
pub async fn relay(
    writer: &mut Writer,
    tree: &dyn Tree,
    matrix: &Matrix,
    path: &str,
    attrs: &Attrs,
    how: &How,
) -> Result<usize> {
    match matrix {
        Matrix::Sparse(sparse) if sparse.compressed == Compressed::Columns => {
            same(writer, tree, sparse, path, attrs, how).await
        }
        Matrix::Sparse(sparse) => {
            let kind = Kind::of(&Values::zeros(&sparse.data.dtype, 0)?)?;
            let out = Columns::begin(writer, path, attrs, sparse.shape, kind);
            if out.take_over(writer)? {
                return Ok(0);
            }
            let runs = sort(writer, tree, sparse, path, how).await?;
            out.write(writer, runs, how)
        }
        Matrix::Dense(array) if how.sparse => {
            let kind = Kind::of(&Values::zeros(&array.dtype, 0)?)?;
            let out = Columns::begin(writer, path, attrs, matrix.shape(), kind);
            if out.take_over(writer)? {
                return Ok(0);
            }
            let runs = turn(writer, tree, array, path, how).await?;
            out.write(writer, runs, how)
        }
        Matrix::Dense(array) => dense(writer, tree, array, path, attrs, how).await,
    }
}

/// A matrix that is stored by column already: cut into other chunks.
async fn same(
    writer: &mut Writer,
    tree: &dyn Tree,
    sparse: &Sparse,
    path: &str,
    attrs: &Attrs,
    how: &How,
) -> Result<usize> {
    writer.group(path, &csc(attrs, sparse.shape));
    let items = sparse.data.len();
    let per = per_chunk(items, sparse.shape[1]);
    let step = (block(sparse, how) / per).max(1) * per;
    let mut begin = items;
    let mut parts = Vec::new();
    for (name, array) in [("indices", &sparse.indices), ("data", &sparse.data)] {
        let kind = Kind::of(&Values::zeros(&array.dtype, 0)?)?;
        let width = kind.width();
        let number = writer.array(spec(format!("{path}/{name}"), kind, per));
        begin = begin.min(writer.begun(number, &[items]) * per);
        parts.push((number, array, Rows::new(number, 1, width, per)?));
    }
    // Both in step, so that in an archive a gene's parts lie side by side.
    let begin = if begin < items { begin / step * step } else { items };
    parts.iter_mut().for_each(|(_, _, rows)| rows.begin(begin / per));
    for start in (begin..items).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        for (_, array, rows) in &mut parts {
            let select = Select::span(start..(start + step).min(items));
            let values = tree::read(tree, array, &select).await?;
            rows.push(writer, &values.to_bytes().unwrap_or_default())?;
        }
    }
    for (number, array, rows) in parts {
        rows.end(writer)?;
        writer.close(number, &[items], &array.attrs)?;
    }
    copy::array(writer, tree, &sparse.indptr, &format!("{path}/indptr"), how.memory).await?;
    Ok(0)
}

/// A compressed array of a sparse matrix: so many items to a chunk.
pub fn spec(path: String, kind: Kind, per: u64) -> Spec {
    Spec { path, kind, chunk: vec![per], shard: Some(vec![SHARD]) }
}

/// Sorts a matrix stored by row into stretches.
async fn sort(writer: &Writer, tree: &dyn Tree, sparse: &Sparse, path: &str, how: &How) -> Result<Runs> {
    let [n_rows, n_columns] = sparse.shape;
    let width = Kind::of(&Values::zeros(&sparse.data.dtype, 0)?)?.width();
    let columns = small(n_columns, "genes")?;
    small(n_rows, "cells")?;
    let starts = tree::read_all(tree, &sparse.indptr).await?.to_u64()?;
    let end = starts.last().copied().unwrap_or(0);
    if !starts.is_sorted() || starts.first() != Some(&0) || end > sparse.data.len() {
        return Err(Error::malformed("does not ascend from 0 to the number of items").at(&sparse.indptr.path));
    }
    let most = most(how, width);
    let step = block(sparse, how);
    let mut runs = Runs::open(columns, width, false, writer.journal(), path)?;
    let mut items = Items::default();
    let (mut at, mut row) = (runs.read(), 0);
    while at < end {
        let to = (at + step).min(end);
        let select = Select::span(at..to);
        let indices = tree::read(tree, &sparse.indices, &select).await?.to_u64()?;
        let data = tree::read(tree, &sparse.data, &select).await?;
        if !items.rows.is_empty() && items.rows.len() + indices.len() > most {
            runs.add(std::mem::take(&mut items), at, false)?;
        }
        for (item, &index) in (at..to).zip(&indices) {
            while starts.get(row + 1).is_some_and(|&next| next <= item) {
                row += 1;
            }
            if index >= n_columns {
                return Err(Error::malformed(format!("index {index} lies outside 0..{n_columns}"))
                    .at(&sparse.indices.path)
                    .in_file(tree.name()));
            }
            items.columns.push(index as u32);
            items.rows.push(row as u32);
        }
        items.values.extend_from_slice(&data.to_bytes().unwrap_or_default());
        writer.show().step(0);
        at = to;
    }
    if at > runs.read() || runs.len() == 0 {
        runs.add(items, at, true)?;
    }
    Ok(runs)
}

/// A count that 32 bits hold.
pub fn small(count: u64, what: &str) -> Result<usize> {
    match u32::try_from(count) {
        Ok(small) => Ok(small as usize),
        Err(_) => Err(Error::limit(format!("{count} {what} are more than are written"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_about_a_gene() {
        assert_eq!(per_chunk(12_000_000, 2000), 16 << 10);
        assert_eq!(per_chunk(50_000_000, 1000), 64 << 10);
        assert_eq!(per_chunk(10_000_000_000, 20_000), 256 << 10);
        assert_eq!((per_chunk(100, 7), per_chunk(0, 7), per_chunk(5, 0)), (100, 1, 5));
    }
}
