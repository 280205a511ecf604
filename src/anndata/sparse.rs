//! CSR and CSC matrices: three arrays, read by column or whole.

use std::{ops::Range, rc::Rc};

use futures_util::future::{join, join_all, try_join_all};

use super::{below, matrix::pair};
use crate::{
    array::{Array, Select, Values},
    error::{Error, Result},
    limits::Limits,
    tree::{Group, Tree, open, read, read_all, read_many},
};

/// Non-zero items looked at in one step of a sweep: bounds its memory.
const SWEEP: u64 = 4 << 20;

/// Which axis `indptr` runs along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compressed {
    /// CSR.
    Rows,
    /// CSC.
    Columns,
}

/// A sparse matrix on disk.
#[derive(Clone, Debug)]
pub struct Sparse {
    /// Its compression.
    pub compressed: Compressed,
    /// Rows and columns.
    pub shape: [u64; 2],
    /// Non-zero items.
    pub data: Rc<Array>,
    /// The other axis' position of each.
    pub indices: Rc<Array>,
    /// Where each row (CSR) or column (CSC) begins; one more at the end.
    pub indptr: Rc<Array>,
}

impl Sparse {
    /// Opens a sparse group.
    ///
    /// # Errors
    /// `Malformed` when a part is missing or the parts contradict each other.
    pub async fn open(tree: &dyn Tree, group: &Group, compressed: Compressed) -> Result<Self> {
        let paths = ["data", "indices", "indptr"].map(|name| below(&group.path, name));
        let mut parts = try_join_all(paths.iter().map(|path| open(tree, path))).await?.into_iter();
        let mut next = || parts.next().ok_or_else(|| Error::malformed("lacks a part"))?.array();
        let (data, indices, indptr) = (next()?, next()?, next()?);
        let shape = pair(&group.attrs, "shape").or_else(|| pair(&group.attrs, "h5sparse_shape"));
        let shape = shape.ok_or_else(|| Error::malformed("has no shape of two numbers"))?;
        let sparse = Self { compressed, shape, data, indices, indptr };
        let major = sparse.major();
        if sparse.indptr.shape != [major + 1] {
            return Err(Error::malformed(format!(
                "\"indptr\" has shape {:?} where {} numbers are wanted",
                sparse.indptr.shape,
                major + 1
            )));
        }
        if sparse.data.shape != sparse.indices.shape || sparse.data.shape.len() != 1 {
            return Err(Error::malformed(format!(
                "\"data\" has shape {:?} and \"indices\" {:?}",
                sparse.data.shape, sparse.indices.shape
            )));
        }
        if !sparse.data.dtype.is_number() {
            return Err(Error::unsupported(format!("a matrix of {} is not read", sparse.data.dtype.name())));
        }
        Ok(sparse)
    }

    /// Length of the compressed axis.
    fn major(&self) -> u64 {
        match self.compressed {
            Compressed::Rows => self.shape[0],
            Compressed::Columns => self.shape[1],
        }
    }

    /// Length of the other axis.
    fn minor(&self) -> u64 {
        match self.compressed {
            Compressed::Rows => self.shape[1],
            Compressed::Columns => self.shape[0],
        }
    }

    /// Whole columns, in the stored type.
    pub(super) async fn columns(&self, tree: &dyn Tree, wanted: &[u64]) -> Result<Vec<Values>> {
        match self.compressed {
            Compressed::Columns => self.slices(tree, wanted).await,
            Compressed::Rows => self.sweep(tree, wanted).await,
        }
    }

    /// Columns of a CSC matrix: where they begin, then their items, for all of them together.
    async fn slices(&self, tree: &dyn Tree, wanted: &[u64]) -> Result<Vec<Values>> {
        let ends: Vec<Select> = wanted.iter().map(|&j| Select::span(j..j + 2)).collect();
        let spans: Vec<Select> = read_many(tree, &self.indptr, &ends)
            .await?
            .iter()
            .map(|ends| match ends.to_u64()?.as_slice() {
                [start, end] => Ok(Select::span(self.span(*start, *end)?)),
                _ => Err(Error::malformed("\"indptr\" is too short")),
            })
            .collect::<Result<_>>()?;
        let (indices, data) =
            join(read_many(tree, &self.indices, &spans), read_many(tree, &self.data, &spans)).await;
        indices?
            .iter()
            .zip(data?)
            .map(|(indices, data)| {
                let mut out = self.zeros()?;
                let hits = indices.to_u64()?;
                let hits = hits.iter().enumerate().map(|(i, &row)| (row, i));
                add(&mut out, &data, hits).map_err(|e| e.at(&self.indices.path))?;
                Ok(out)
            })
            .collect()
    }

    fn zeros(&self) -> Result<Values> {
        let rows = Limits::size(self.shape[0], u64::from(u32::MAX), "a column")?;
        Values::zeros(&self.data.dtype, rows)
    }

    fn span(&self, start: u64, end: u64) -> Result<Range<u64>> {
        if start <= end && end <= self.data.len() {
            return Ok(start..end);
        }
        Err(Error::malformed(format!("\"indptr\" points to {start}..{end} of {} items", self.data.len()))
            .at(&self.indptr.path))
    }

    /// One pass over the indices for all columns wanted; items are read only where there are hits.
    async fn sweep(&self, tree: &dyn Tree, wanted: &[u64]) -> Result<Vec<Values>> {
        let starts = self.starts(tree).await?;
        let mut out: Vec<Values> = wanted.iter().map(|_| self.zeros()).collect::<Result<_>>()?;
        let columns = Limits::size(self.shape[1], u64::from(u32::MAX), "a row")?;
        // Which result a column goes to.
        let mut slots = Limits::filled(columns, u32::MAX, "the columns")?;
        let mut twins = Vec::new();
        for (slot, &column) in wanted.iter().enumerate() {
            match slots.get_mut(column as usize) {
                Some(free) if *free == u32::MAX => *free = slot as u32,
                Some(first) => twins.push((slot, *first as usize)),
                None => {}
            }
        }
        let total = self.indices.len();
        let mut row = 0;
        for start in (0..total).step_by(SWEEP as usize) {
            let span = start..(start + SWEEP).min(total);
            let indices = read(tree, &self.indices, &Select::span(span.clone())).await?;
            let hits = hits(&indices, &slots).map_err(|e| e.at(&self.indices.path))?;
            let stretches = self.stretches(&hits, span.start);
            let parts: Vec<Select> = stretches.iter().map(|(part, _)| Select::span(part.clone())).collect();
            let data = read_many(tree, &self.data, &parts).await?;
            for ((part, hits), data) in stretches.iter().zip(&data) {
                for &(position, slot) in *hits {
                    let at = span.start + u64::from(position);
                    while starts.get(row + 1).is_some_and(|&next| next <= at) {
                        row += 1;
                    }
                    if let Some(out) = out.get_mut(slot as usize) {
                        add(out, data, std::iter::once((row as u64, (at - part.start) as usize)))?;
                    }
                }
            }
        }
        for (twin, first) in twins {
            if let Some(same) = out.get(first).cloned()
                && let Some(slot) = out.get_mut(twin)
            {
                *slot = same;
            }
        }
        Ok(out)
    }

    /// Hits grouped by adjoining chunks of the data, each with the span of items to read.
    fn stretches<'h>(&self, hits: &'h [Hit], origin: u64) -> Vec<(Range<u64>, &'h [Hit])> {
        let chunk = self.data.chunk.first().copied().unwrap_or(1).max(1);
        let number = |hit: &Hit| (origin + u64::from(hit.0)) / chunk;
        hits.chunk_by(|a, b| number(b) - number(a) <= 1)
            .filter_map(|group| {
                let (first, last) = (group.first()?, group.last()?);
                Some((origin + u64::from(first.0)..origin + u64::from(last.0) + 1, group))
            })
            .collect()
    }

    /// `indptr`, checked: ascending from 0 to the number of items.
    async fn starts(&self, tree: &dyn Tree) -> Result<Vec<u64>> {
        let starts = read_all(tree, &self.indptr).await?.to_u64()?;
        let ascending = starts.is_sorted() && starts.first() == Some(&0);
        if !ascending || starts.last().is_none_or(|&end| end > self.data.len()) {
            return Err(
                Error::malformed("does not ascend from 0 to the number of items").at(&self.indptr.path)
            );
        }
        Ok(starts)
    }

    /// All of it, as stored.
    pub(super) async fn load(&self, tree: &dyn Tree) -> Result<(Vec<u64>, Vec<u32>, Values)> {
        let (starts, rest) =
            join(self.starts(tree), join_all([read_all(tree, &self.indices), read_all(tree, &self.data)]))
                .await;
        let mut rest = rest.into_iter();
        let mut next = || rest.next().unwrap_or_else(|| Err(Error::malformed("lacks a part")));
        let (indices, data) = (next()?, next()?);
        let minor = self.minor();
        let indices = indices
            .to_u64()?
            .into_iter()
            .map(|i| match u32::try_from(i) {
                Ok(small) if i < minor => Ok(small),
                _ => {
                    Err(Error::malformed(format!("index {i} lies outside 0..{minor}")).at(&self.indices.path))
                }
            })
            .collect::<Result<_>>()?;
        Ok((starts?, indices, data))
    }

    pub(super) async fn to_f32(&self, tree: &dyn Tree) -> Result<Vec<f32>> {
        let [rows, columns] = self.shape;
        let len = Limits::size(rows.saturating_mul(columns), tree.limits().result / 4, "a dense matrix")?;
        let (starts, indices, data) = self.load(tree).await?;
        let mut out = Values::zeros(&self.data.dtype, len)?;
        let majors = starts.windows(2).enumerate().flat_map(|(major, ends)| match ends {
            [start, end] => (*start..*end).map(move |i| (major as u64, i as usize)).collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        let hits = majors.filter_map(|(major, i)| {
            let minor = u64::from(*indices.get(i)?);
            let (row, column) = match self.compressed {
                Compressed::Rows => (major, minor),
                Compressed::Columns => (minor, major),
            };
            Some((row * columns + column, i))
        });
        add(&mut out, &data, hits)?;
        out.to_f32()
    }
}

/// A position in a block of indices that hits a wanted column, and the number of the result it goes to.
type Hit = (u32, u32);

/// All hits of a block, in order.
fn hits(indices: &Values, slots: &[u32]) -> Result<Vec<Hit>> {
    fn scan<T: Copy + TryInto<usize>>(indices: &[T], slots: &[u32]) -> Result<Vec<Hit>> {
        let mut hits = Vec::new();
        for (position, &index) in indices.iter().enumerate() {
            let slot = index.try_into().ok().and_then(|i| slots.get(i)).ok_or_else(|| {
                Error::malformed(format!("item {position} has an index outside 0..{}", slots.len()))
            })?;
            if *slot != u32::MAX {
                hits.push((position as u32, *slot));
            }
        }
        Ok(hits)
    }
    match indices {
        Values::I8(v) => scan(v, slots),
        Values::I16(v) => scan(v, slots),
        Values::I32(v) => scan(v, slots),
        Values::I64(v) => scan(v, slots),
        Values::U8(v) => scan(v, slots),
        Values::U16(v) => scan(v, slots),
        Values::U32(v) => scan(v, slots),
        Values::U64(v) => scan(v, slots),
        other => Err(Error::malformed(format!("indices are {}", other.name()))),
    }
}

/// Numbers that add up the way numpy adds them.
pub(super) trait Add: Copy + Default + PartialEq {
    /// The sum, wrapping in integers.
    fn plus(self, other: Self) -> Self;
}

macro_rules! add_wrapping {
    ($($t:ty),*) => { $(impl Add for $t {
        fn plus(self, other: Self) -> Self {
            self.wrapping_add(other)
        }
    })* };
}
add_wrapping!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! add_float {
    ($($t:ty),*) => { $(impl Add for $t {
        fn plus(self, other: Self) -> Self {
            self + other
        }
    })* };
}
add_float!(f32, f64);

impl Add for half::f16 {
    fn plus(self, other: Self) -> Self {
        // One rounding: the sum of two halves is exact in single precision or rounds the same way twice.
        Self::from_f32(self.to_f32() + other.to_f32())
    }
}

impl Add for bool {
    fn plus(self, other: Self) -> Self {
        self | other
    }
}

impl Add for [f64; 2] {
    fn plus(self, other: Self) -> Self {
        [self[0] + other[0], self[1] + other[1]]
    }
}

/// Adds items of `data` to positions of `out`: pairs of (position, item).
fn add(out: &mut Values, data: &Values, hits: impl Iterator<Item = (u64, usize)>) -> Result<()> {
    fn go<T: Add>(out: &mut [T], data: &[T], hits: impl Iterator<Item = (u64, usize)>) -> Result<()> {
        let len = out.len();
        for (position, item) in hits {
            let slot = usize::try_from(position).ok().and_then(|p| out.get_mut(p));
            match (slot, data.get(item)) {
                (Some(slot), Some(&value)) => *slot = slot.plus(value),
                _ => return Err(Error::malformed(format!("index {position} lies outside 0..{len}"))),
            }
        }
        Ok(())
    }
    match (out, data) {
        (Values::Bool(out), Values::Bool(data)) => go(out, data, hits),
        (Values::Complex { items: out, .. }, Values::Complex { items: data, .. }) => go(out, data, hits),
        (Values::I8(out), Values::I8(data)) => go(out, data, hits),
        (Values::I16(out), Values::I16(data)) => go(out, data, hits),
        (Values::I32(out), Values::I32(data)) => go(out, data, hits),
        (Values::I64(out), Values::I64(data)) => go(out, data, hits),
        (Values::U8(out), Values::U8(data)) => go(out, data, hits),
        (Values::U16(out), Values::U16(data)) => go(out, data, hits),
        (Values::U32(out), Values::U32(data)) => go(out, data, hits),
        (Values::U64(out), Values::U64(data)) => go(out, data, hits),
        (Values::F16(out), Values::F16(data)) => go(out, data, hits),
        (Values::F32(out), Values::F32(data)) => go(out, data, hits),
        (Values::F64(out), Values::F64(data)) => go(out, data, hits),
        (_, data) => Err(Error::unsupported(format!("a matrix of {} is not read", data.name()))),
    }
}
