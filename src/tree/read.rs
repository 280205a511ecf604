//! The one read path: plan, locate, fetch, decode, scatter.

use bytes::Bytes;
use futures_util::lock::Mutex;

use super::{Stored, Tree, decode, scatter::Target};
use crate::{
    array::{Array, DType, Piece, Select, Step, Text, TextForm, Values, count, piece, pieces},
    error::{Error, Result},
    limits::Limits,
    order,
    source::Part,
    wait,
};

/// Most pieces planned at a time.
const BATCH: usize = 32_768;
/// About the most bytes that are under way.
const UNDER_WAY: u64 = 64 << 20;

/// Reads a box of an array, C order.
///
/// # Errors
/// `Request` for a selection outside the array, `Limit` for a result beyond [`Limits::result`], and whatever locating,
/// fetching and decoding its chunks says, with the array's path.
pub async fn read(tree: &dyn Tree, array: &Array, select: &Select) -> Result<Values> {
    let mut read = read_many(tree, array, std::slice::from_ref(select)).await?;
    read.pop().ok_or_else(|| Error::malformed("nothing was read").at(&array.path))
}

/// Reads all of an array.
///
/// # Errors
/// As [`read`].
pub async fn read_all(tree: &dyn Tree, array: &Array) -> Result<Values> {
    read(tree, array, &Select::all(&array.shape)).await
}

/// Reads several boxes of an array together: one plan, one batch of requests, each chunk decoded once.
///
/// # Errors
/// As [`read`].
pub async fn read_many(tree: &dyn Tree, array: &Array, selects: &[Select]) -> Result<Vec<Values>> {
    read_boxes(tree, array, selects).await.map_err(|e| e.at(&array.path).in_file(tree.name()))
}

async fn read_boxes(tree: &dyn Tree, array: &Array, selects: &[Select]) -> Result<Vec<Values>> {
    let mut bytes = 0_u64;
    for select in selects {
        select.check(&array.shape)?;
        bytes = bytes.saturating_add(select.len().saturating_mul(array.dtype.width().max(1) as u64));
    }
    Limits::size(bytes, tree.limits().result, "a result")?;
    let lens: Vec<usize> = selects
        .iter()
        .map(|select| Limits::size(select.len(), tree.limits().result, "a result"))
        .collect::<Result<_>>()?;
    let chunks = selects.iter().fold(0_u64, |n, s| n.saturating_add(count(&array.chunk, s)));
    let written = if chunks > BATCH as u64 { tree.written(array, chunks).await? } else { None };
    // Made once what is put into them has been asked for: filling memory takes about as long as bringing it.
    let make = || -> Result<Vec<Target<'_>>> {
        let one = |(select, &len): (&Select, &usize)| {
            let mut target = Target::new(array, select, len)?;
            if written.is_some() {
                let origin = vec![0; select.0.len()];
                target.fill(&Piece { chunk: 0, from: origin.clone(), to: origin, len: select.shape() })?;
            }
            Ok(target)
        };
        selects.iter().zip(&lens).map(one).collect()
    };
    let plan: Box<dyn Iterator<Item = (usize, Piece)>> = match &written {
        Some(written) => Box::new(selects.iter().enumerate().flat_map(|(target, select)| {
            let of = |&number: &u64| piece(&array.shape, &array.chunk, select, number);
            written.iter().filter_map(of).map(move |piece| (target, piece))
        })),
        None => Box::new(selects.iter().enumerate().flat_map(|(target, select)| {
            pieces(&array.shape, &array.chunk, select).map(move |piece| (target, piece))
        })),
    };
    let targets = Mutex::new(None);
    let mut plan = plan.peekable();
    while plan.peek().is_some() {
        let batch: Vec<(usize, Piece)> = plan.by_ref().take(BATCH).collect();
        let mut work = locate(tree, array, batch).await?;
        sort(&mut work);
        let (most, under_way) = in_parts(&work, tree.batch());
        let parts = batches(array, &work, most);
        let parts = parts.into_iter().map(|part| read_batch(tree, array, part, &targets, &make));
        wait::try_some(parts, under_way).await?;
    }
    let mut read = Vec::with_capacity(lens.len());
    let targets = targets.into_inner().map_or_else(&make, Ok)?;
    for (target, &len) in targets.into_iter().zip(&lens) {
        let (dtype, raw) = target.finish();
        read.push(finish(tree, array, dtype, raw, len).await?);
    }
    Ok(read)
}

/// A piece, the result it belongs to, and where its bytes are, cut down to what is needed of them.
struct Item {
    target: usize,
    piece: Piece,
    stored: Stored,
    /// Items of the chunk that lie before the first byte fetched.
    before: usize,
}

/// Stored order: neighbours merge into one request, and each batch moves forward in the file.
fn sort(work: &mut Vec<Item>) {
    order::sort_by_key(work, |item| {
        (if let Stored::Span { range, .. } = &item.stored { range.start } else { 0 }, item.piece.chunk)
    });
}

/// Looks every chunk up once.
async fn locate(tree: &dyn Tree, array: &Array, batch: Vec<(usize, Piece)>) -> Result<Vec<Item>> {
    let mut chunks: Vec<u64> = batch.iter().map(|(_, piece)| piece.chunk).collect();
    chunks.sort_unstable();
    chunks.dedup();
    let located = tree.locate(array, &chunks).await?;
    if located.len() != chunks.len() {
        return Err(Error::malformed("the chunk index answers for another number of chunks"));
    }
    let items = batch.into_iter().filter_map(|(target, piece)| {
        let stored = located.get(chunks.binary_search(&piece.chunk).ok()?)?.clone();
        Some(narrow(array, target, piece, stored))
    });
    Ok(items.collect())
}

/// Chunks that are stored as they are need not be read whole.
fn narrow(array: &Array, target: usize, piece: Piece, stored: Stored) -> Item {
    let width = array.dtype.width() as u64;
    let plain = array.codecs.is_empty() && width > 0 && array.axes.iter().copied().eq(0..array.axes.len());
    if !plain {
        return Item { target, piece, stored, before: 0 };
    }
    let (mut first, mut last) = (0_u64, 0_u64);
    for ((&from, &len), &side) in piece.from.iter().zip(&piece.len).zip(&array.chunk) {
        first = first.saturating_mul(side).saturating_add(from);
        last = last.saturating_mul(side).saturating_add(from.saturating_add(len.saturating_sub(1)));
    }
    let (start, end) = (first.saturating_mul(width), last.saturating_add(1).saturating_mul(width));
    let cut = |from: u64| from.saturating_add(start)..from.saturating_add(end);
    let mut before = usize::try_from(first).unwrap_or(usize::MAX);
    let stored = match stored {
        Stored::Span { range, skip } => Stored::Span { range: cut(range.start), skip },
        Stored::Key { key, part: Part::All } => {
            let whole = piece.len.iter().zip(&array.chunk).all(|(a, b)| a == b);
            Stored::Key { key, part: if whole { Part::All } else { Part::Span(cut(0)) } }
        }
        Stored::Key { key, part: Part::Span(range) } => {
            Stored::Key { key, part: Part::Span(cut(range.start)) }
        }
        other => {
            before = 0;
            other
        }
    };
    Item { target, piece, stored, before }
}

/// Cuts work into parts of bounded size, never between pieces of one chunk.
fn batches<'w>(array: &Array, work: &'w [Item], most: u64) -> Vec<&'w [Item]> {
    let whole = array.chunk_len().saturating_mul(array.dtype.width() as u64);
    let mut parts = Vec::new();
    let (mut start, mut end, mut bytes) = (0, 0, 0_u64);
    for group in work.chunk_by(|a, b| a.stored == b.stored) {
        let size = match group.first().map(|item| &item.stored) {
            Some(Stored::Span { range, .. } | Stored::Key { part: Part::Span(range), .. }) => {
                range.end.saturating_sub(range.start)
            }
            // What a keyed file holds is not known beforehand: at most about its decoded size.
            Some(Stored::Key { .. }) => whole,
            _ => 0,
        };
        if bytes > 0 && bytes.saturating_add(size) > most {
            parts.push(work.get(start..end).unwrap_or(&[]));
            (start, bytes) = (end, 0);
        }
        bytes = bytes.saturating_add(size);
        end += group.len();
    }
    parts.push(work.get(start..end).unwrap_or(&[]));
    parts
}

/// Bytes of each part of some work, of about as many as `most`, and how many are under way: equal parts, of which one is decoded while the
/// next are on their way. What lies in files of its own is asked for file by file anyway.
fn in_parts(work: &[Item], most: u64) -> (u64, usize) {
    let groups = work.chunk_by(|a, b| a.stored == b.stored);
    let size = |group: &[Item]| match group.first().map(|item| &item.stored) {
        Some(Stored::Span { range, .. }) => range.end.saturating_sub(range.start),
        _ => 0,
    };
    let (sum, largest) = groups
        .map(size)
        .fold((0_u64, 0), |(sum, largest), size| (sum.saturating_add(size), size.max(largest)));
    if sum == 0 {
        return (UNDER_WAY, 1);
    }
    let parts = sum.div_ceil(most.max(1));
    let part = sum.checked_div(parts).unwrap_or(sum).saturating_add(largest).max(1);
    (part, usize::try_from(UNDER_WAY / part).unwrap_or(1).max(1))
}

/// Fetches chunks, decodes them and puts them where they belong, which is made when the first of them are there.
async fn read_batch<'a>(
    tree: &dyn Tree,
    array: &Array,
    work: &[Item],
    targets: &Mutex<Option<Vec<Target<'a>>>>,
    make: &dyn Fn() -> Result<Vec<Target<'a>>>,
) -> Result<()> {
    let fetched = tree.fetch(&stored(work)).await?;
    let made = &mut *targets.lock().await;
    let targets = match made {
        Some(targets) => targets,
        None => made.insert(make()?),
    };
    let put: Put<'_> = &mut |group, chunk| scatter(array, group, chunk, targets);
    scatter_all(tree.limits(), array, work, fetched, put).await
}

/// Where the chunks of some work are, each once.
fn stored(work: &[Item]) -> Vec<Stored> {
    let groups = work.chunk_by(|a, b| a.stored == b.stored);
    groups.filter_map(|group| group.first()).map(|item| item.stored.clone()).collect()
}

/// Puts the pieces of one chunk where they belong; without a chunk it is the fill value.
type Put<'p> = &'p mut dyn FnMut(&[Item], Option<Bytes>) -> Result<()>;

/// Decodes chunks, several at a time, and has their pieces put where they belong.
async fn scatter_all(
    limits: &Limits,
    array: &Array,
    work: &[Item],
    fetched: Vec<Option<Bytes>>,
    put: Put<'_>,
) -> Result<()> {
    let groups: Vec<&[Item]> = work.chunk_by(|a, b| a.stored == b.stored).collect();
    let packed = groups
        .iter()
        .zip(fetched)
        .map(|(group, raw)| match group.first() {
            Some(Item { stored: Stored::Span { skip, .. }, .. }) => (raw, *skip),
            _ => (raw, 0),
        })
        .collect();
    let mut put = |number: usize, chunk| put(groups.get(number).copied().unwrap_or(&[]), chunk);
    decode::each(limits, array, packed, &mut put).await.map_err(|(number, error)| {
        let first = groups.get(number).and_then(|group| group.first());
        let chunk = first.map_or(0, |item| item.piece.chunk);
        error.at(format!("chunk {:?} of {}", coordinates(array, chunk), array.path))
    })
}

/// Puts the pieces of one chunk where they belong.
fn scatter(array: &Array, group: &[Item], chunk: Option<Bytes>, targets: &mut [Target<'_>]) -> Result<()> {
    let text = match (&chunk, &array.dtype) {
        (Some(chunk), DType::Text(TextForm::Packed)) => Some(packed(chunk)?),
        _ => None,
    };
    for item in group {
        let Some(target) = targets.get_mut(item.target) else { continue };
        match (&chunk, &text) {
            (None, _) => target.fill(&item.piece)?,
            (Some(_), Some(text)) => target.put_text(&item.piece, text.clone())?,
            (Some(chunk), None) => target.put(&item.piece, chunk, item.before)?,
        }
    }
    Ok(())
}

/// The stored bytes of a box of numbers: what is left to do needs no source.
pub struct Fetched<'a> {
    tree: &'a dyn Tree,
    array: &'a Array,
    select: Select,
    work: Vec<Item>,
    stored: Vec<Option<Bytes>>,
}

/// Fetches a box of an array of numbers, without decoding it. For boxes of moderate size: all of it is asked for at once.
///
/// # Errors
/// As [`read`], and `Request` for an array of something else.
pub async fn fetch<'a>(tree: &'a dyn Tree, array: &'a Array, select: Select) -> Result<Fetched<'a>> {
    let fetched = async {
        select.check(&array.shape)?;
        if !array.dtype.is_number() {
            return Err(Error::request(format!("{} is not a number", array.dtype.name())));
        }
        let plan = pieces(&array.shape, &array.chunk, &select).map(|piece| (0, piece)).collect();
        let mut work = locate(tree, array, plan).await?;
        sort(&mut work);
        let stored = tree.fetch(&stored(&work)).await?;
        Ok((work, stored))
    };
    let (work, stored) = fetched.await.map_err(|e: Error| e.at(&array.path).in_file(tree.name()))?;
    Ok(Fetched { tree, array, select, work, stored })
}

impl Fetched<'_> {
    /// Chunks as they are stored, with their numbers, each of which was fetched whole: none of arrays that are stored as they are.
    pub fn whole(&self) -> impl Iterator<Item = (u64, Option<&[u8]>)> {
        let groups = self.work.chunk_by(|a, b| a.stored == b.stored).zip(&self.stored);
        let whole = groups.filter(|_| !self.array.codecs.is_empty());
        whole.flat_map(|(group, bytes)| group.iter().map(|item| (item.piece.chunk, bytes.as_deref())))
    }

    /// How many numbers there are.
    ///
    /// # Errors
    /// `Limit` when they are more than a result may have.
    pub fn count(&self) -> Result<usize> {
        Limits::size(self.select.len(), self.tree.limits().result, "a result")
    }

    /// Hands the numbers of an array of one axis over as they are decoded, in runs and in any order: where in the result a run begins,
    /// and its bytes as the array's type has them.
    ///
    /// # Errors
    /// As [`read`], what `put` says, and `Request` for an array of more axes.
    pub async fn each(self, put: &mut dyn FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        let Self { tree, array, work, stored, .. } = self;
        let width = array.dtype.width();
        let run: Put<'_> = &mut |group, chunk| {
            for Item { piece, before, .. } in group {
                let ([to], [from], [len]) = (&*piece.to, &*piece.from, &*piece.len) else {
                    return Err(Error::request("has more than one axis"));
                };
                let size = |n: u64| Limits::size(n, tree.limits().result, "a result");
                let (to, from, len) = (size(*to)?, size(*from)?, size(*len)?);
                match &chunk {
                    Some(chunk) => {
                        let start = from.checked_sub(*before).and_then(|from| from.checked_mul(width));
                        let run = start.and_then(|start| chunk.get(start..)?.get(..len.checked_mul(width)?));
                        let short = || {
                            let had = chunk.len();
                            Error::malformed(format!(
                                "chunk of {had} bytes is too short for {len} items of {width} bytes"
                            ))
                        };
                        put(to, run.ok_or_else(short)?)?;
                    }
                    // Fill values that are not said are zeros.
                    None if array.fill.len() == width => put(to, &array.fill.repeat(len))?,
                    None => put(to, &Limits::filled(len.saturating_mul(width), 0, "fill values")?)?,
                }
            }
            Ok(())
        };
        let put = scatter_all(tree.limits(), array, &work, stored, run).await;
        put.map_err(|e| e.at(&array.path).in_file(tree.name()))
    }

    /// The numbers.
    ///
    /// # Errors
    /// As [`read`].
    pub async fn decode(self) -> Result<Values> {
        let Self { tree, array, select, work, stored } = self;
        let decoded = async {
            let len = Limits::size(select.len(), tree.limits().result, "a result")?;
            let mut targets = [Target::new(array, &select, len)?];
            let put: Put<'_> = &mut |group, chunk| scatter(array, group, chunk, &mut targets);
            scatter_all(tree.limits(), array, &work, stored, put).await?;
            let [target] = targets;
            Ok(target.finish().1)
        };
        decoded.await.map_err(|e: Error| e.at(&array.path).in_file(tree.name()))
    }
}

/// Turns gathered items into their final form.
async fn finish(tree: &dyn Tree, array: &Array, dtype: &DType, raw: Values, len: usize) -> Result<Values> {
    let Values::Bytes { bytes, .. } = raw else { return Ok(raw) };
    match dtype {
        DType::Bytes { width } => Ok(Values::Bytes { width: *width as usize, bytes }),
        DType::Text(TextForm::Heap { .. }) => Ok(Values::Text(tree.resolve(array, &bytes).await?)),
        DType::List { item, count, .. } => {
            let (width, count) = (item.width(), *count as usize);
            let lists = tree.gather(array, &bytes, width.saturating_mul(count)).await?;
            let len = lists.bytes.len().checked_div(width).unwrap_or(0);
            let raw = Values::Bytes { width, bytes: lists.bytes };
            let items = Box::new(Box::pin(finish(tree, array, item, raw, len)).await?);
            Ok(Values::Lists { lens: lists.lens, count, items })
        }
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
