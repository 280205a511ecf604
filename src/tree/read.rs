//! The one read path: plan, locate, fetch, decode, scatter.

use bytes::Bytes;

use super::{Stored, Tree, scatter::Target};
use crate::{
    array::{Array, DType, Piece, Select, Step, Text, TextForm, Values, pieces},
    codec,
    error::{Error, Result},
    limits::Limits,
    source::Part,
};

/// Most chunks planned at a time, and most stored bytes in memory for them: what a read costs besides its result.
const BATCH: usize = 8192;
const BATCH_BYTES: u64 = 64 << 20;

/// Reads a box of an array, C order.
///
/// # Errors
/// `Request` for a selection outside the array, `Limit` for a result beyond [`Limits::result`], and whatever locating,
/// fetching and decoding its chunks says, with the array's path.
pub async fn read(tree: &dyn Tree, array: &Array, select: &Select) -> Result<Values> {
    read_box(tree, array, select).await.map_err(|e| e.at(&array.path).in_file(tree.name()))
}

/// Reads all of an array.
///
/// # Errors
/// As [`read`].
pub async fn read_all(tree: &dyn Tree, array: &Array) -> Result<Values> {
    read(tree, array, &Select::all(&array.shape)).await
}

async fn read_box(tree: &dyn Tree, array: &Array, select: &Select) -> Result<Values> {
    select.check(&array.shape)?;
    let bytes = select.len().saturating_mul(array.dtype.width().max(1) as u64);
    Limits::size(bytes, tree.limits().result, "a result")?;
    let len = Limits::size(select.len(), tree.limits().result, "a result")?;
    let mut target = Target::new(array, select, len)?;
    let mut plan = pieces(&array.shape, &array.chunk, select).peekable();
    while plan.peek().is_some() {
        let batch: Vec<Piece> = plan.by_ref().take(BATCH).collect();
        let chunks: Vec<u64> = batch.iter().map(|piece| piece.chunk).collect();
        let located = tree.locate(array, &chunks).await?;
        if located.len() != batch.len() {
            return Err(Error::malformed("the chunk index answers for another number of chunks"));
        }
        let mut work: Vec<(Piece, Narrowed)> =
            batch.into_iter().zip(located).map(|(piece, stored)| narrow(array, piece, stored)).collect();
        // Stored order: neighbours merge into one request, and each batch moves forward in the file.
        work.sort_by_key(|(_, at)| if let Stored::Span { range, .. } = &at.stored { range.start } else { 0 });
        for part in batches(array, &work) {
            read_batch(tree, array, part, &mut target).await?;
        }
    }
    let (dtype, raw) = target.finish();
    finish(tree, array, dtype, raw, len).await
}

/// Where a piece's bytes are, cut down to what is needed of them.
struct Narrowed {
    stored: Stored,
    /// Items of the chunk that lie before the first byte fetched.
    before: usize,
}

/// Chunks that are stored as they are need not be read whole.
fn narrow(array: &Array, piece: Piece, stored: Stored) -> (Piece, Narrowed) {
    let width = array.dtype.width() as u64;
    let plain = array.codecs.is_empty() && width > 0 && array.axes.iter().copied().eq(0..array.axes.len());
    if !plain {
        return (piece, Narrowed { stored, before: 0 });
    }
    let (mut first, mut last) = (0_u64, 0_u64);
    for ((&from, &len), &side) in piece.from.iter().zip(&piece.len).zip(&array.chunk) {
        first = first.saturating_mul(side).saturating_add(from);
        last = last.saturating_mul(side).saturating_add(from.saturating_add(len.saturating_sub(1)));
    }
    let (start, end) = (first.saturating_mul(width), last.saturating_add(1).saturating_mul(width));
    let cut = |from: u64| from.saturating_add(start)..from.saturating_add(end);
    let stored = match stored {
        Stored::Span { range, skip } => Stored::Span { range: cut(range.start), skip },
        Stored::Key { key, part: Part::All } => {
            let whole = piece.len.iter().zip(&array.chunk).all(|(a, b)| a == b);
            Stored::Key { key, part: if whole { Part::All } else { Part::Span(cut(0)) } }
        }
        Stored::Key { key, part: Part::Span(range) } => {
            Stored::Key { key, part: Part::Span(cut(range.start)) }
        }
        other => return (piece, Narrowed { stored: other, before: 0 }),
    };
    let before = if matches!(stored, Stored::Key { part: Part::All, .. }) { 0 } else { first };
    (piece, Narrowed { stored, before: usize::try_from(before).unwrap_or(usize::MAX) })
}

/// Cuts work into parts of bounded size.
fn batches<'w>(array: &Array, work: &'w [(Piece, Narrowed)]) -> Vec<&'w [(Piece, Narrowed)]> {
    let whole = array.chunk_len().saturating_mul(array.dtype.width() as u64);
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (0, 0_u64);
    for (i, (_, at)) in work.iter().enumerate() {
        let size = match &at.stored {
            Stored::Span { range, .. } | Stored::Key { part: Part::Span(range), .. } => {
                range.end.saturating_sub(range.start)
            }
            // What a keyed file holds is not known beforehand: at most about its decoded size.
            Stored::Key { .. } => whole,
            Stored::Here(_) | Stored::Absent => 0,
        };
        if bytes > 0 && bytes.saturating_add(size) > BATCH_BYTES {
            parts.push(work.get(start..i).unwrap_or(&[]));
            (start, bytes) = (i, 0);
        }
        bytes = bytes.saturating_add(size);
    }
    parts.push(work.get(start..).unwrap_or(&[]));
    parts
}

async fn read_batch(
    tree: &dyn Tree,
    array: &Array,
    work: &[(Piece, Narrowed)],
    target: &mut Target<'_>,
) -> Result<()> {
    let stored: Vec<Stored> = work.iter().map(|(_, at)| at.stored.clone()).collect();
    let fetched = tree.fetch(&stored).await?;
    drop(stored);
    for ((piece, at), raw) in work.iter().zip(fetched) {
        let name = |e: Error| e.at(format!("chunk {:?} of {}", coordinates(array, piece.chunk), array.path));
        match raw {
            None => target.fill(piece),
            Some(raw) => {
                let skip = if let Stored::Span { skip, .. } = at.stored { skip } else { 0 };
                unpack(tree.limits(), array, raw, skip).and_then(|chunk| match array.dtype {
                    DType::Text(TextForm::Packed) => target.put_text(piece, packed(&chunk)?),
                    _ => target.put(piece, &chunk, at.before),
                })
            }
        }
        .map_err(name)?;
    }
    Ok(())
}

fn unpack(limits: &Limits, array: &Array, raw: Bytes, skip: u32) -> Result<Bytes> {
    if array.codecs.is_empty() {
        return Ok(raw);
    }
    let width = array.dtype.width() as u64;
    let bound = Limits::size(limits.chunk, limits.chunk, "a chunk")?;
    let size = match width {
        0 => None,
        _ => Some(Limits::size(array.chunk_len().saturating_mul(width), limits.chunk, "a chunk")?),
    };
    codec::decode(&array.codecs, raw, skip, size, size.unwrap_or(bound))
}

/// Turns gathered items into their final form.
async fn finish(tree: &dyn Tree, array: &Array, dtype: &DType, raw: Values, len: usize) -> Result<Values> {
    let Values::Bytes { bytes, .. } = raw else { return Ok(raw) };
    match dtype {
        DType::Bytes { width } => Ok(Values::Bytes { width: *width as usize, bytes }),
        DType::Text(TextForm::Heap { .. }) => Ok(Values::Text(tree.resolve(array, &bytes).await?)),
        DType::Record { fields, width } => {
            let mut columns = Limits::room(fields.len(), "a record")?;
            for field in fields {
                let (start, count) = (field.offset as usize, field.count as usize);
                let end = start.saturating_add(field.dtype.width().saturating_mul(count));
                let mut part = Limits::room(len.saturating_mul(end.saturating_sub(start)), "a field")?;
                for item in bytes.chunks_exact((*width as usize).max(1)) {
                    part.extend_from_slice(item.get(start..end).ok_or_else(|| {
                        Error::malformed(format!("field \"{}\" does not lie within its record", field.name))
                    })?);
                }
                let part = Values::Bytes { width: field.dtype.width(), bytes: part };
                let values =
                    Box::pin(finish(tree, array, &field.dtype, part, len.saturating_mul(count))).await?;
                columns.push(crate::array::Column { name: field.name.clone(), count, values });
            }
            Ok(Values::Record(columns))
        }
        _ => {
            let mut values = Values::zeros(dtype, len)?;
            let step = Step { at: 0, by: 1 };
            values.put(dtype, step, &bytes, step, len)?;
            Ok(values)
        }
    }
}

/// The strings of a Zarr `vlen-utf8` chunk: a count, then each with its length in front, all 32-bit little-endian
/// (numcodecs, "VLenUTF8").
fn packed(chunk: &[u8]) -> Result<Text> {
    let short = || Error::malformed("string chunk ends early");
    let number = |rest: &mut &[u8]| -> Result<usize> {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        *rest = tail;
        Ok(u32::from_le_bytes(*head) as usize)
    };
    let mut rest = chunk;
    let mut text = Text::new();
    for _ in 0..number(&mut rest)? {
        let len = number(&mut rest)?;
        text.push_bytes(rest.get(..len).ok_or_else(short)?);
        rest = rest.get(len..).unwrap_or(&[]);
    }
    Ok(text)
}

/// A chunk's place in its grid, for messages.
fn coordinates(array: &Array, mut chunk: u64) -> Vec<u64> {
    let mut at: Vec<u64> = crate::array::grid(&array.shape, &array.chunk)
        .iter()
        .rev()
        .map(|&n| {
            let here = chunk.checked_rem(n).unwrap_or(0);
            chunk = chunk.checked_div(n).unwrap_or(0);
            here
        })
        .collect();
    at.reverse();
    at
}
