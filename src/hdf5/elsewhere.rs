//! Datasets whose data are elsewhere: virtual ones, put together out of parts of others, and those whose bytes are in
//! other files as they are.
//!
//! Both are read by spans of the bytes that they would have in one piece. A part that is missing is an error that names
//! the file: the HDF5 library gives fill values instead, which nobody can tell from data.

use std::{cell::OnceCell, ops::Range, rc::Rc};

use bytes::Bytes;

use super::{
    Hdf5,
    dataset::{Dataset, Place},
    file::File,
    heap::local,
    message::{
        external::Files,
        link::text,
        mapping::{self, Mapping},
        selection::{Axis, Selection},
    },
    space::apart,
    walk::strings,
};
use crate::{
    array::{Array, Select},
    error::{Error, Result},
    limits::Limits,
};

mod parts;

/// Owner of decoded mappings and of lists of files in the space's cache.
const OWNER: u64 = u64::MAX - 3;
/// Deepest nesting of virtual datasets.
const DEPTH: usize = 8;

/// A part of a virtual dataset, and the dataset it comes from once that was opened.
pub struct Part {
    map: Mapping,
    /// Where it belongs.
    to: Vec<Axis>,
    source: OnceCell<Rc<Array>>,
}

/// Bytes `span` of the dataset with the handle `id`.
///
/// # Errors
/// `Missing`, with the name of the file or dataset wanted; `Malformed`, `Unsupported`, `Limit`, `Source`.
pub async fn bytes(tree: &Hdf5, id: u64, span: Range<u64>, depth: usize) -> Result<Bytes> {
    let (number, address) = apart(id);
    let file = tree.files.file(number)?;
    let dataset = file.dataset(address).await?;
    match &dataset.place {
        Place::Virtual { heap: Some(heap), index } => {
            if depth >= DEPTH {
                return Err(Error::malformed(format!("virtual datasets within each other, {DEPTH} deep")));
            }
            let parts = parts_of(&file, &dataset, *heap, *index).await?;
            put_together(tree, number, &dataset, &parts, span, depth).await
        }
        Place::Outside(files) => outside(tree, number, &file, files, span).await,
        _ => filled(&dataset, &span).map(Bytes::from),
    }
}

/// As many bytes as a span has, all of them fill values.
fn filled(dataset: &Dataset, span: &Range<u64>) -> Result<Vec<u8>> {
    let len = Limits::size(span.end.saturating_sub(span.start), u64::MAX, "a part")?;
    let mut out = Limits::filled(len, 0_u8, "a part")?;
    if dataset.fill.iter().any(|&b| b != 0) {
        for item in out.chunks_exact_mut(dataset.fill.len()) {
            item.copy_from_slice(&dataset.fill);
        }
    }
    Ok(out)
}

async fn parts_of(file: &File, dataset: &Dataset, heap: u64, index: u32) -> Result<Rc<Vec<Part>>> {
    let space = &file.space;
    let key = (OWNER, dataset.address);
    if let Some(parts) = space.kept::<Vec<Part>>(key.0, key.1) {
        return Ok(parts);
    }
    let found = strings::collections(space, &[(heap, index)].into()).await?;
    let item = found.get(&heap).and_then(|collection| collection.item(index));
    let item = item.ok_or_else(|| space.bad(heap, format!("item {index} of a global heap is not there")))?;
    let maps = mapping::decode(space.cursor(item, heap, "list of parts"), space.limits().items)?;
    let mut parts = Vec::new();
    for map in maps {
        let to = axes(&map.to, &dataset.shape)?;
        parts.extend(to.map(|to| Part { map, to, source: OnceCell::new() }));
    }
    let parts = Rc::new(parts);
    space.keep(key, Rc::clone(&parts) as _, item.len().saturating_mul(2));
    Ok(parts)
}

/// A selection along the axes of an array of a shape; `None` where nothing is selected.
fn axes(selection: &Selection, shape: &[u64]) -> Result<Option<Vec<Axis>>> {
    let axes = match selection {
        Selection::None => return Ok(None),
        Selection::All => shape.iter().map(|&len| Axis::all(len)).collect(),
        Selection::Axes(axes) => axes.clone(),
        Selection::Endless => {
            return Err(Error::unsupported("a virtual dataset of parts without end is not read")
                .hint("copy it into a plain dataset, for example with h5repack"));
        }
    };
    let fits = axes.len() == shape.len() && axes.iter().zip(shape).all(|(chosen, &len)| chosen.end() <= len);
    if !fits {
        return Err(Error::malformed(format!("a part of a virtual dataset lies outside of shape {shape:?}")));
    }
    Ok(Some(axes))
}

async fn put_together(
    tree: &Hdf5,
    number: u64,
    dataset: &Dataset,
    parts: &[Part],
    span: Range<u64>,
    depth: usize,
) -> Result<Bytes> {
    let width = dataset.dtype.width().max(1) as u64;
    let mut out = filled(dataset, &span)?;
    let first = span.start.checked_div(width).unwrap_or(0);
    let items =
        first..first.saturating_add(span.end.saturating_sub(span.start).checked_div(width).unwrap_or(0));
    let mut at = 0_usize;
    for select in boxes(&dataset.shape, items) {
        let len = usize::try_from(select.len().saturating_mul(width)).unwrap_or(usize::MAX);
        let here = out.get_mut(at..at.saturating_add(len));
        let here = here.ok_or_else(|| Error::malformed("a part of a virtual dataset does not fit"))?;
        let mut put = 0_u64;
        for part in parts {
            let piece = parts::Piece::new(&part.to, &select);
            let Some(piece) = piece else { continue };
            put = put.saturating_add(piece.len());
            // Parts that do not overlap make the work one of the data, however many datasets lie within each other.
            if put > select.len() {
                return Err(Error::malformed("the parts of a virtual dataset overlap"));
            }
            let source = source(tree, number, part).await?;
            parts::copy(tree, dataset, part, &source, &piece, here, depth).await?;
        }
        at = at.saturating_add(len);
    }
    Ok(out.into())
}

/// The dataset that a part comes from.
async fn source(tree: &Hdf5, number: u64, part: &Part) -> Result<Rc<Array>> {
    if let Some(source) = part.source.get() {
        return Ok(Rc::clone(source));
    }
    let Mapping { file, path, .. } = &part.map;
    let other = match &**file {
        mapping::SAME => number,
        name => tree.files.beside(number, name).await.map_err(|mut e| {
            e.message = format!("part of a virtual dataset: {}", e.message);
            e
        })?,
    };
    let node = tree.node(other, path).await?;
    let node = node.ok_or_else(|| {
        Error::missing(format!("part of a virtual dataset: \"{file}\" has no dataset \"{path}\""))
    })?;
    let array = node.array()?;
    let _ = part.source.set(Rc::clone(&array));
    Ok(array)
}

/// Boxes that together are a row-major span of an array's items, in order: at most two for each axis.
fn boxes(shape: &[u64], span: Range<u64>) -> Vec<Select> {
    let Some((&side, inner)) = shape.split_first() else {
        return if span.is_empty() { Vec::new() } else { vec![Select(Vec::new())] };
    };
    let row = inner.iter().fold(1_u64, |n, &s| n.saturating_mul(s));
    let mut found = Vec::new();
    let mut at = span.start;
    while at < span.end && row > 0 {
        let (index, from) = (at.checked_div(row).unwrap_or(0), at.checked_rem(row).unwrap_or(0));
        let whole = span.end.checked_div(row).unwrap_or(0).min(side);
        if from == 0 && whole > index {
            let rest = inner.iter().map(|&n| 0..n);
            found.push(Select(std::iter::once(index..whole).chain(rest).collect()));
            at = whole.saturating_mul(row);
            continue;
        }
        let end = span.end.min(index.saturating_add(1).saturating_mul(row));
        let to = from.saturating_add(end.saturating_sub(at));
        for Select(rest) in boxes(inner, from..to) {
            let axis = index..index.saturating_add(1);
            found.push(Select(std::iter::once(axis).chain(rest).collect()));
        }
        if end <= at {
            break;
        }
        at = end;
    }
    found
}

/// A span out of files that hold a dataset's bytes one behind the other.
async fn outside(tree: &Hdf5, number: u64, file: &File, files: &Files, span: Range<u64>) -> Result<Bytes> {
    let space = &file.space;
    let header = space.read(files.heap, local::header_length(space.widths())).await?;
    let header = local::header(space.cursor(&header, files.heap, "local heap"))?;
    let names = space.read(header.data, header.size).await?;
    let len = Limits::size(span.end.saturating_sub(span.start), u64::MAX, "a part")?;
    let mut out = Limits::filled(len, 0_u8, "a part")?;
    let mut begin = 0_u64;
    for slot in &files.slots {
        let end = begin.saturating_add(slot.size);
        let (from, to) = (span.start.max(begin), span.end.min(end));
        if from < to {
            let name = text(local::string(&names, slot.name, &space.cursor(&[], files.heap, "local heap"))?);
            let source = tree.files.raw(number, &name).await.map_err(|mut e| {
                e.message = format!("its data are in another file: {}", e.message);
                e
            })?;
            let start = slot.offset.saturating_add(from.saturating_sub(begin));
            // What the file does not reach was never written: zeros.
            let stop = start.saturating_add(to.saturating_sub(from)).min(source.len());
            if start < stop {
                let read = source.read(start..stop).await?;
                let at = usize::try_from(from.saturating_sub(span.start)).unwrap_or(usize::MAX);
                if let Some(slot) = out.get_mut(at..at.saturating_add(read.len())) {
                    slot.copy_from_slice(&read);
                }
            }
        }
        begin = end;
    }
    if begin < span.end {
        return Err(Error::malformed(format!("the files of a dataset hold {begin} bytes, not {}", span.end)));
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_items_is_few_boxes_in_order() {
        let shape = [3, 4, 5];
        for from in 0..60 {
            for to in from..=60 {
                let mut next = from;
                let found = boxes(&shape, from..to);
                for select in &found {
                    let [a, b, c] = &select.0[..] else { panic!() };
                    for i in a.clone() {
                        for j in b.clone() {
                            for k in c.clone() {
                                assert_eq!(i * 20 + j * 5 + k, next, "{from}..{to}");
                                next += 1;
                            }
                        }
                    }
                }
                assert_eq!(next, to);
                assert!(found.len() <= 5, "{from}..{to}: {found:?}");
            }
        }
        assert_eq!(boxes(&[], 0..1), [Select(Vec::new())]);
        assert!(boxes(&[0, 3], 0..0).is_empty());
    }
}
