//! A block of a gene index: consecutive items of a matrix stored by row, sorted by column.
//!
//! One buffer, the same in memory and on a shelf, numbers little-endian:
//!
//! - a table of 8 bytes per column and 8 more: number of the column's first item within the block, and a checksum, which is
//!   only there once the block was [sealed](Block::seal);
//! - the columns' segments one after another: rows, counted from the block's first, then values.
//!
//! Rows take 2 bytes unless the block spans more than 65,536 of them; values as their [`Form`] says.

use std::ops::Range;

use cellucid_kernels::{convert, sort};

use super::item::{Bits, Form, Item, Numbers};
use crate::{
    array::{Values, each_number},
    error::{Error, Result},
    limits::Limits,
    shelf::sum,
};

/// Bytes of the table per column.
const ENTRY: usize = 8;

/// What there is to know about a block besides its buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Number of the block.
    pub number: u64,
    /// Row of its first item.
    pub base: u64,
    /// Columns of the matrix.
    pub columns: usize,
    /// Items in it.
    pub items: usize,
    /// Whether rows take 4 bytes.
    pub wide: bool,
    /// How values are kept.
    pub form: Form,
    /// Bytes of a value in the matrix' own type.
    pub plain: usize,
}

impl Head {
    /// What a block of so many items, from `first` on, will be.
    ///
    /// # Errors
    /// `Malformed` when they are more than a block can have.
    pub(super) fn new(
        number: u64,
        first: u64,
        items: usize,
        starts: &[u64],
        columns: usize,
        (form, plain): (Form, usize),
    ) -> Result<Self> {
        if u32::try_from(items).is_err() {
            return Err(Error::malformed("has more items than a block of the gene index"));
        }
        let rows = rows(starts, first..first.saturating_add(items as u64));
        let wide = rows.end - rows.start > 1 << 16;
        Ok(Self { number, base: rows.start, columns, items, wide, form, plain })
    }

    /// Bytes of a row number.
    fn row(&self) -> usize {
        if self.wide { 4 } else { 2 }
    }

    /// Bytes of an item.
    fn width(&self) -> usize {
        self.row() + self.form.width(self.plain)
    }

    fn table(&self) -> usize {
        self.columns.saturating_add(1).saturating_mul(ENTRY)
    }

    /// Bytes of the buffer.
    pub fn len(&self) -> usize {
        self.table().saturating_add(self.items.saturating_mul(self.width()))
    }

    /// Where the buffer has a column's entry in the table and the beginning of the next.
    pub fn entry(&self, column: usize) -> Range<usize> {
        let start = column.saturating_mul(ENTRY);
        start..start + ENTRY + 4
    }

    /// Where the buffer has a column's segment, by its entry.
    pub fn segment(&self, entry: &[u8]) -> Option<Range<usize>> {
        let (start, end) = (number(entry, 0)?, number(entry, 8)?);
        let at = |item: u32| self.table() + item as usize * self.width();
        (start <= end && end as usize <= self.items).then(|| at(start)..at(end))
    }

    /// The checksum of a column's segment, which also says whose and where it is.
    fn sum(&self, column: usize, entry: &[u8], segment: &[u8]) -> u32 {
        let mut whose = [0; 24];
        let parts = [self.number, column as u64];
        for (to, part) in whose.chunks_exact_mut(8).zip(parts) {
            to.copy_from_slice(&part.to_le_bytes());
        }
        for (to, at) in whose[16..].chunks_exact_mut(4).zip([0, 8]) {
            to.copy_from_slice(&number(entry, at).unwrap_or(0).to_le_bytes());
        }
        sum(segment).rotate_left(7) ^ sum(&whose)
    }

    /// Whether an entry and its segment are as they were written.
    pub fn intact(&self, column: usize, entry: &[u8], segment: &[u8]) -> bool {
        number(entry, 4) == Some(self.sum(column, entry, segment))
    }

    /// Writes the table, without checksums; the result says of each column where in the segments its next row number and its
    /// next value go.
    fn divide(&self, indices: &[u32], bytes: &mut [u8]) -> Result<Vec<(u32, u32)>> {
        let mut counts = Limits::filled(self.columns + 1, 0_u32, "the gene index")?;
        sort::count(indices, &mut counts);
        let mut next = Limits::room(self.columns + 1, "the gene index")?;
        let mut first = 0_u32;
        for (entry, &count) in bytes.chunks_exact_mut(ENTRY).zip(&counts) {
            first.write(entry);
            let begin = first as usize * self.width();
            next.push((begin as u32, (begin + count as usize * self.row()) as u32));
            first += count;
        }
        Ok(next)
    }

    /// Puts every item into its column's segment.
    fn scatter<T>(
        &self,
        put: impl Fn(u32, bool, &[u32], &[T], &mut [(u32, u32)], &mut [u8]),
        indices: &[u32],
        data: &[T],
        rows: impl Iterator<Item = (u64, Range<usize>)>,
        mut next: Vec<(u32, u32)>,
        segments: &mut [u8],
    ) {
        for (row, span) in rows {
            let row = (row - self.base) as u32;
            let (Some(indices), Some(data)) = (indices.get(span.clone()), data.get(span)) else { continue };
            put(row, self.wide, indices, data, &mut next, segments);
        }
    }

    /// Appends a row number, counted from the block's first, as segments have them.
    pub fn push_row(&self, row: u32, to: &mut Vec<u8>) {
        if self.wide {
            to.extend_from_slice(&row.to_le_bytes());
        } else {
            to.extend_from_slice(&(row as u16).to_le_bytes());
        }
    }

    /// Adds a segment's values to the rows of a column.
    ///
    /// # Errors
    /// `Malformed` when it names a row that is not there, `Request` for values of another type.
    pub fn add(&self, segment: &[u8], out: &mut Values) -> Result<()> {
        each_number!(out, out => self.add_to(segment, out), _ => Err(Error::request("no number")))
    }

    fn add_to<T: Item>(&self, segment: &[u8], out: &mut [T]) -> Result<()> {
        match self.form {
            Form::Plain => self.add_rows(segment, out, T::read),
            // Only what is longer is ever kept so, which the compiler can tell too.
            Form::One if T::WIDTH > 2 => self.add_rows(segment, out, |v| T::from_small(u8::read(v).into())),
            Form::Two if T::WIDTH > 2 => self.add_rows(segment, out, |v| T::from_small(u16::read(v))),
            Form::Single if T::WIDTH > 4 => self.add_rows(segment, out, |v| T::from_single(f32::read(v))),
            _ => Err(Error::malformed("the gene index keeps values in no shorter form than their own")),
        }
    }

    fn add_rows<T: Item>(&self, segment: &[u8], out: &mut [T], value: impl Fn(&[u8]) -> T) -> Result<()> {
        let items = segment.len() / self.width();
        let (rows, values) = segment.split_at((items * self.row()).min(segment.len()));
        let base = usize::try_from(self.base).unwrap_or(usize::MAX);
        let out = out.get_mut(base..).unwrap_or_default();
        let pairs = rows.chunks_exact(self.row()).zip(values.chunks_exact(self.width() - self.row()));
        for (row, item) in pairs {
            let row = if self.wide { u32::read(row) as usize } else { usize::from(u16::read(row)) };
            let slot = out
                .get_mut(row)
                .ok_or_else(|| Error::malformed("the gene index names a row beyond the last"))?;
            *slot = slot.plus(value(item));
        }
        Ok(())
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

/// A block in memory.
#[derive(Clone, Debug)]
pub struct Block {
    /// What it is.
    pub head: Head,
    bytes: Vec<u8>,
}

/// What a block is made of.
pub struct Parts<'a> {
    /// Number of the block.
    pub number: u64,
    /// Its first item's number in the matrix.
    pub first: u64,
    /// Column of each item, all of them columns that are there.
    pub indices: &'a [u32],
    /// Value of each item.
    pub data: Values,
    /// Where each row of the matrix begins, ascending.
    pub starts: &'a [u64],
    /// Columns of the matrix.
    pub columns: usize,
}

impl Block {
    /// Sorts items by column; within a column their order stays.
    ///
    /// # Errors
    /// `Unsupported` for values that are no plain numbers, `Limit` when there is no memory for the block.
    pub fn new(parts: Parts<'_>) -> Result<Self> {
        let Parts { first, indices, starts, .. } = parts;
        if indices.len() != parts.data.len() {
            return Err(Error::malformed("indices and data are of different lengths"));
        }
        let (number, columns, values) = (parts.number, parts.columns, Numbers::new(parts.data)?);
        let kept = values.kept(indices.len())?;
        let head = Head::new(number, first, indices.len(), starts, columns, kept)?;
        Self::sort(head, first, indices, &values.bits, starts)
    }

    /// Sorts what was outlined.
    pub(super) fn sort(head: Head, first: u64, indices: &[u32], bits: &Bits, starts: &[u64]) -> Result<Self> {
        let span = first..first.saturating_add(indices.len() as u64);
        let rows = rows(starts, span.clone());
        let mut bytes = Limits::filled(head.len(), 0_u8, "the gene index")?;
        if u32::try_from(bytes.len()).is_err() {
            return Err(Error::limit("a block of the gene index is too large"));
        }
        let next = head.divide(indices, &mut bytes)?;
        let rows = row_spans(starts, rows, span);
        let segments = bytes.get_mut(head.table()..).unwrap_or_default();
        match bits {
            Bits::One(data) => head.scatter(sort::one, indices, data, rows, next, segments),
            Bits::Two(data) => head.scatter(sort::two, indices, data, rows, next, segments),
            Bits::Four(data) => head.scatter(sort::four, indices, data, rows, next, segments),
            Bits::Eight(data) => head.scatter(sort::eight, indices, data, rows, next, segments),
        }
        Ok(Self { head, bytes })
    }

    /// Adds a column's values to `out`.
    ///
    /// # Errors
    /// As [`Head::add`].
    pub fn add(&self, column: u64, out: &mut Values) -> Result<()> {
        let entry = usize::try_from(column).ok().and_then(|c| self.bytes.get(self.head.entry(c)));
        let segment = entry.and_then(|entry| self.bytes.get(self.head.segment(entry)?));
        self.head.add(segment.ok_or_else(|| Error::malformed("the gene index lacks a column"))?, out)
    }

    /// Bytes it takes.
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Its buffer with all checksums filled in.
    pub fn seal(mut self) -> Vec<u8> {
        for column in 0..self.head.columns {
            let sum = self.bytes.get(self.head.entry(column)).and_then(|entry| {
                Some(self.head.sum(column, entry, self.bytes.get(self.head.segment(entry)?)?))
            });
            if let (Some(sum), Some(to)) = (sum, self.bytes.get_mut(column * ENTRY + 4..)) {
                sum.write(to);
            }
        }
        self.bytes
    }
}

/// Columns of items, checked: each of them is there.
///
/// # Errors
/// `Malformed` for one that is not, or for indices that are no whole numbers.
pub fn narrow(indices: Values, columns: usize, first: u64) -> Result<Vec<u32>> {
    let (narrow, wrong) = match indices {
        Values::I8(v) => convert::i8_u32(v, columns),
        Values::I16(v) => convert::i16_u32(v, columns),
        Values::I32(v) => convert::i32_u32(v, columns),
        Values::I64(v) => convert::i64_u32(v, columns),
        Values::U8(v) => convert::u8_u32(v, columns),
        Values::U16(v) => convert::u16_u32(v, columns),
        Values::U32(v) => convert::u32_u32(v, columns),
        Values::U64(v) => convert::u64_u32(v, columns),
        other => return Err(Error::malformed(format!("indices are {}", other.name()))),
    };
    match wrong {
        Some(item) => Err(outside(first + item as u64, columns)),
        None => Ok(narrow),
    }
}

/// An index that names no column.
pub fn outside(item: u64, columns: usize) -> Error {
    Error::malformed(format!("item {item} has an index outside 0..{columns}"))
}

/// The rows that some items lie in.
pub fn rows(starts: &[u64], items: Range<u64>) -> Range<u64> {
    let last = starts.len().saturating_sub(1);
    let row = |item: u64| starts.partition_point(|&start| start <= item).saturating_sub(1).min(last) as u64;
    if items.is_empty() { 0..0 } else { row(items.start)..row(items.end - 1) + 1 }
}

/// Each of the rows with its part of the items, counted from the first of them.
pub fn row_spans(
    starts: &[u64],
    rows: Range<u64>,
    items: Range<u64>,
) -> impl Iterator<Item = (u64, Range<usize>)> {
    rows.map(move |row| {
        let edge = |r: u64| starts.get(r as usize).copied().unwrap_or(items.end);
        let clip = |at: u64| (at.clamp(items.start, items.end) - items.start) as usize;
        (row, clip(edge(row))..clip(edge(row + 1)))
    })
}
