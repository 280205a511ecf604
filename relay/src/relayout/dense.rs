//! A matrix that stores all its items: as chunks of whole columns, or without its zeros.

use cellucid_wasm::{
    Result,
    array::{Array, Attrs, Select, Values},
    tree::{self, Tree},
};

use super::{
    copy,
    kind::Kind,
    matrix::{How, SHARD, most, small},
    runs::{Items, Runs},
    writer::{Spec, Writer},
};

/// Items of a chunk of a matrix that stores all.
const DENSE: u64 = 64 << 10;
/// Most rows of such a chunk.
const ROWS: u64 = 256 << 10;
/// Rows of a dense matrix turned at a time: whole chunks where they fit.
pub fn stretch(array: &Array, width: usize, how: &How) -> u64 {
    let columns = array.shape.get(1).copied().unwrap_or(1).max(1);
    let rows = (how.memory / 4 / columns.saturating_mul(2 * width.max(1) as u64)).max(1);
    let chunk = array.chunk.first().copied().unwrap_or(1).max(1);
    if chunk > rows { rows } else { rows / chunk * chunk }
}

/// Items of a chunk along both axes.
pub fn dense_chunk(shape: &[u64]) -> Vec<u64> {
    let (rows, columns) = (shape.first().copied().unwrap_or(1), shape.get(1).copied().unwrap_or(1));
    let tall = rows.clamp(1, ROWS);
    vec![tall, (DENSE / tall).clamp(1, columns.max(1))]
}

/// The items of a dense matrix that are not zero, sorted into stretches.
pub async fn turn(writer: &Writer, tree: &dyn Tree, array: &Array, path: &str, how: &How) -> Result<Runs> {
    let kind = Kind::of(&Values::zeros(&array.dtype, 0)?)?;
    let (n_rows, width) = (array.shape.first().copied().unwrap_or(0), kind.width());
    let columns = small(array.shape.get(1).copied().unwrap_or(1), "genes")?;
    small(n_rows, "cells")?;
    let signed = matches!(&kind, Kind::Numbers { code, .. } if code.contains('f'));
    let zero = |item: &[u8]| match item.split_last() {
        // Zero may have a sign.
        Some((top, rest)) => rest.iter().all(|&b| b == 0) && (*top == 0 || signed && *top == 0x80),
        None => true,
    };
    let most = most(how, width);
    let step = stretch(array, width, how);
    let mut runs = Runs::open(columns, width, false, writer.journal(), path)?;
    let mut items = Items::default();
    // A stretch may have ended within a row; reading begins where it would have anyhow, so that chunks are read whole.
    let mut start = runs.read() / columns.max(1) as u64 / step * step;
    let mut skip = usize::try_from(runs.read() - start * columns as u64).unwrap_or(0);
    while start < n_rows {
        let end = (start + step).min(n_rows);
        let read = tree::read(tree, array, &Select::rows(&array.shape, start..end)).await?;
        let bytes = read.to_bytes().unwrap_or_default();
        drop(read);
        for (at, item) in bytes.chunks_exact(width.max(1)).enumerate().skip(std::mem::take(&mut skip)) {
            if !zero(item) {
                items.columns.push((at % columns.max(1)) as u32);
                items.rows.push((start + (at / columns.max(1)) as u64) as u32);
                items.values.extend_from_slice(item);
                if items.rows.len() >= most {
                    let to = start * columns as u64 + at as u64 + 1;
                    runs.add(std::mem::take(&mut items), to, false)?;
                }
            }
        }
        writer.show().step(0);
        start = end;
    }
    if runs.len() == 0 || !items.rows.is_empty() {
        runs.add(items, n_rows * columns as u64, true)?;
    }
    Ok(runs)
}

/// A matrix that stores all items: chunks of whole columns.
pub async fn dense(
    writer: &mut Writer,
    tree: &dyn Tree,
    array: &Array,
    path: &str,
    attrs: &Attrs,
    how: &How,
) -> Result<usize> {
    let &[n_rows, n_columns] = array.shape.as_slice() else {
        copy::array(writer, tree, array, path, how.memory).await?;
        return Ok(0);
    };
    let kind = Kind::of(&Values::zeros(&array.dtype, 0)?)?;
    let width = kind.width();
    let step = stretch(array, width, how);
    let columns = usize::try_from(n_columns).unwrap_or(usize::MAX);
    let chunk = dense_chunk(&array.shape);
    let (tall, broad) = (chunk[0] as usize, chunk[1] as usize);
    let stacked = n_rows.div_ceil(chunk[0]);
    let shard = Some(vec![stacked.max(1), (SHARD / stacked.max(1)).max(1)]);
    let number = writer.array(Spec { path: path.to_owned(), kind, chunk, shard });
    let mut wanted = Vec::new();
    for (j, first) in (0..columns).step_by(broad).enumerate() {
        if !(0..stacked).all(|i| writer.has(number, &[i, j as u64])) {
            wanted.push((j, first));
        }
    }
    if wanted.is_empty() {
        writer.close(number, &array.shape, attrs)?;
        return Ok(0);
    }
    let mut runs = Runs::open(columns, width, true, writer.journal(), path)?;
    let mut start = runs.read() / n_columns.max(1);
    while start < n_rows {
        let end = (start + step).min(n_rows);
        let read = tree::read(tree, array, &Select::rows(&array.shape, start..end)).await?;
        let bytes = read.to_bytes().unwrap_or_default();
        drop(read);
        let rows = (end - start) as usize;
        runs.add_dense(rows, turned(&bytes, rows, columns, width), end * n_columns, end == n_rows)?;
        writer.show().step(0);
        start = end;
    }
    for (j, first) in wanted {
        let group = first..(first + broad).min(columns);
        let here = runs.dense(&group)?;
        for i in 0..stacked as usize {
            let mut body = Vec::with_capacity(tall * broad * width);
            for row in i * tall..(i + 1) * tall {
                for column in 0..broad {
                    let at = (column * n_rows as usize + row) * width;
                    let inside = row < n_rows as usize && column < group.len();
                    match here.get(at..at + width).filter(|_| inside) {
                        Some(item) => body.extend_from_slice(item),
                        None => body.resize(body.len() + width, 0),
                    }
                }
            }
            writer.put(number, vec![i as u64, j as u64], body)?;
        }
    }
    writer.close(number, &array.shape, attrs)?;
    let stretches = runs.len();
    writer.secure()?;
    runs.done(array.len());
    Ok(stretches)
}

/// Rows as columns.
fn turned(bytes: &[u8], rows: usize, columns: usize, width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for column in 0..columns {
        for row in 0..rows {
            let at = (row * columns + column) * width;
            out.extend_from_slice(bytes.get(at..at + width).unwrap_or_default());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_tall() {
        assert_eq!(dense_chunk(&[100_000, 2000]), [100_000, 1]);
        assert_eq!(dense_chunk(&[2638, 1838]), [2638, 24]);
        assert_eq!(dense_chunk(&[1 << 30, 5]), [ROWS, 1]);
        assert_eq!(dense_chunk(&[0, 0]), [1, 1]);
    }

    #[test]
    fn rows_become_columns() {
        assert_eq!(
            turned(&[1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0], 2, 3, 2),
            [1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6, 0]
        );
    }
}
