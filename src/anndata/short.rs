//! A stretch of a matrix stored by row, in as few bytes as say the same: narrowed chunk by chunk as they are decoded, while they are at
//! hand, and never all there as they are stored.

use std::ops::Range;

use cellucid_kernels::short;

use super::{
    identity::Seen,
    index::{Bits, Form, Numbers, narrow, outside},
};
use crate::{
    array::{Array, DType, Order, Select, Step, Values},
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
    type Shorten = fn(&[u8], u32, &mut [u16]) -> bool;
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
    let mut all = Limits::filled(fetched.count()?, 0_u16, ROOM)?;
    let limit = u32::try_from(columns).unwrap_or(u32::MAX);
    let mut wrong: Option<u64> = None;
    let mut put = |at: usize, bytes: &[u8]| {
        let to = all.get_mut(at..).unwrap_or_default();
        if !shorten(bytes, limit, to) {
            let width = array.dtype.width();
            let within = bytes.chunks_exact(width).position(|item| !is_below(item, limit));
            let item = first + (at + within.unwrap_or(0)) as u64;
            wrong = Some(wrong.map_or(item, |other| other.min(item)));
        }
        Ok(())
    };
    fetched.each(&mut put).await?;
    match wrong {
        Some(item) => Err(outside(item, columns).at(&array.path)),
        None => Ok(all),
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
    type Shorten = fn(&[u8], &mut [u8]) -> bool;
    let fetched = stretch(tree, array, items, seen).await?;
    let (shorten, plain): (Shorten, usize) = match array.dtype {
        DType::Float { bytes: 4, order: Order::Little } => (short::f32_u8, 4),
        DType::Float { bytes: 8, order: Order::Little } => (short::f64_u8, 8),
        _ => return Numbers::new(fetched.decode().await?).map_err(|e| e.at(&array.path)),
    };
    let len = fetched.count()?;
    let mut small = Limits::filled(len, 0_u8, ROOM)?;
    // Counts so far, and which; all of them as they are once something else came.
    let (mut done, mut all): (Vec<Range<usize>>, Option<Values>) = (Vec::new(), None);
    let mut put = |at: usize, bytes: &[u8]| {
        let run = at..at.saturating_add(bytes.len() / plain);
        if all.is_none() {
            if shorten(bytes, small.get_mut(run.clone()).unwrap_or_default()) {
                done.push(run);
                return Ok(());
            }
            let mut values = Values::zeros(&array.dtype, len)?;
            done.iter().for_each(|run| widen(&small, run, &mut values));
            small = Vec::new();
            all = Some(values);
        }
        let (to, from) = (Step { at, by: 1 }, Step { at: 0, by: 1 });
        all.as_mut().map_or(Ok(()), |all| all.put(&array.dtype, to, bytes, from, run.len()))
    };
    fetched.each(&mut put).await?;
    match all {
        Some(values) => Numbers::new(values).map_err(|e| e.at(&array.path)),
        None => Ok(Numbers { plain, form: Form::One, bits: Bits::One(small) }),
    }
}

/// Counts as the numbers they are.
fn widen(small: &[u8], run: &Range<usize>, to: &mut Values) {
    let small = small.get(run.clone()).unwrap_or_default();
    match to {
        Values::F32(to) => to.iter_mut().skip(run.start).zip(small).for_each(|(to, &x)| *to = x.into()),
        Values::F64(to) => to.iter_mut().skip(run.start).zip(small).for_each(|(to, &x)| *to = x.into()),
        _ => {}
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
