//! A stretch of a matrix stored by row, in as few bytes as say the same: narrowed chunk by chunk as they are decoded, while they are at
//! hand, and never all there as they are stored.

use std::ops::Range;

use cellucid_kernels::short;

use super::{
    identity::Seen,
    index::{Bits, Form, Item, Numbers, narrow, outside},
};
use crate::{
    array::{Array, DType, Order, Select, Values},
    error::Result,
    limits::Limits,
    tree::{Fetched, Tree, fetch},
};

const ROOM: &str = "the gene index";

/// Columns of items, all of them columns that are there: at most 65,536.
///
/// # Errors
/// `Malformed` for an index that is no column, and whatever reading says.
pub async fn indices(
    tree: &dyn Tree,
    array: &Array,
    items: Range<u64>,
    columns: usize,
    seen: Option<&Seen>,
) -> Result<Vec<u16>> {
    type Shorten = fn(&[u8], u32, &mut Vec<u16>) -> bool;
    let first = items.start;
    let fetched = stretch(tree, array, items, seen).await?;
    let shorten: Shorten = match array.dtype {
        DType::Int { bytes: 4, order: Order::Little, signed: true } => short::i32_u16,
        DType::Int { bytes: 8, order: Order::Little, signed: true } => short::i64_u16,
        _ => {
            let wide = narrow(fetched.decode().await?, columns, first).map_err(|e| e.at(&array.path))?;
            let mut all = Limits::room(wide.len(), ROOM)?;
            all.extend(wide.iter().map(|&column| column as u16));
            return Ok(all);
        }
    };
    let mut all = Limits::room(fetched.count()?, ROOM)?;
    let limit = u32::try_from(columns).unwrap_or(u32::MAX);
    let mut wrong: Option<u64> = None;
    let mut put = |at: usize, bytes: &[u8]| {
        join(&mut all, at, |to| {
            if !shorten(bytes, limit, to) {
                let width = array.dtype.width();
                let within = bytes.chunks_exact(width).position(|item| !is_below(item, limit));
                let item = first + (at + within.unwrap_or(0)) as u64;
                wrong = Some(wrong.map_or(item, |other| other.min(item)));
            }
        });
        Ok(())
    };
    fetched.each(&mut put).await?;
    match wrong {
        Some(item) => Err(outside(item, columns).at(&array.path)),
        None => Ok(all),
    }
}

/// Has a run of items put where it belongs in a list that becomes longer with it. Room for all is there: it is not filled with zeros
/// first, since what is touched for the first time is dear. Where runs do not come in their order, they are copied.
fn join<T: Copy + Default>(all: &mut Vec<T>, at: usize, append: impl FnOnce(&mut Vec<T>)) {
    if at == all.len() {
        return append(all);
    }
    let mut run = Vec::new();
    append(&mut run);
    let end = at.saturating_add(run.len());
    if all.len() < end {
        all.resize(end, T::default());
    }
    if let Some(to) = all.get_mut(at..end) {
        to.copy_from_slice(&run);
    }
}

/// Whether a whole number, little-endian, is in `0..limit`.
fn is_below(item: &[u8], limit: u32) -> bool {
    let (low, high) = item.split_at(item.len().min(4));
    let low = low.first_chunk().map_or(u32::MAX, |low| u32::from_le_bytes(*low));
    low < limit && high.iter().all(|&byte| byte == 0)
}

/// Values of items, in the shortest form of all of them.
///
/// # Errors
/// `Unsupported` for what is no plain number, and whatever reading says.
pub async fn numbers(
    tree: &dyn Tree,
    array: &Array,
    items: Range<u64>,
    seen: Option<&Seen>,
) -> Result<Numbers> {
    let fetched = stretch(tree, array, items, seen).await?;
    let short = match array.dtype {
        DType::Float { bytes: 4, order: Order::Little } => {
            floats(fetched, short::f32_u8, short::f32_all, Values::F32).await
        }
        DType::Float { bytes: 8, order: Order::Little } => {
            floats(fetched, short::f64_u8, short::f64_all, Values::F64).await
        }
        _ => fetched.decode().await.and_then(Numbers::new),
    };
    short.map_err(|e| e.at(&array.path))
}

/// Little-endian numbers, as counts while they are.
async fn floats<T: Item>(
    fetched: Fetched<'_>,
    shorten: fn(&[u8], &mut Vec<u8>) -> bool,
    take: fn(&[u8], &mut Vec<T>),
    wrap: fn(Vec<T>) -> Values,
) -> Result<Numbers> {
    let len = fetched.count()?;
    let mut small: Vec<u8> = Vec::new();
    // Counts so far, and which; all of them as they are once something else came.
    let (mut done, mut all): (Vec<Range<usize>>, Option<Vec<T>>) = (Vec::new(), None);
    let mut put = |at: usize, bytes: &[u8]| {
        let values = match &mut all {
            Some(values) => values,
            None => {
                if small.capacity() == 0 {
                    small = Limits::room(len, ROOM)?;
                }
                let mut counts = true;
                join(&mut small, at, |small| counts = shorten(bytes, small));
                if counts {
                    done.push(at..at.saturating_add(bytes.len() / T::WIDTH));
                    return Ok(());
                }
                let values = all.insert(Limits::room(len, ROOM)?);
                for run in &done {
                    let counts = small.get(run.clone()).unwrap_or_default();
                    join(values, run.start, |to| to.extend(counts.iter().map(|&x| T::from_small(x.into()))));
                }
                small = Vec::new();
                values
            }
        };
        join(values, at, |to| take(bytes, to));
        Ok(())
    };
    fetched.each(&mut put).await?;
    match all {
        Some(values) => Numbers::new(wrap(values)),
        None => Ok(Numbers { plain: T::WIDTH, form: Form::One, bits: Bits::One(small) }),
    }
}

/// The stored bytes of a stretch of an array; what comes by of the sample is noted in `seen`.
pub async fn stretch<'a>(
    tree: &'a dyn Tree,
    array: &'a Array,
    items: Range<u64>,
    seen: Option<&Seen>,
) -> Result<Fetched<'a>> {
    let fetched = fetch(tree, array, Select::span(items)).await?;
    if let Some(seen) = seen {
        fetched.whole().for_each(|(number, stored)| seen.chunk(array, number, stored));
    }
    Ok(fetched)
}
