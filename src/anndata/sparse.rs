//! CSR and CSC matrices: three arrays, read by column or whole.

use std::{cell::OnceCell, ops::Range, rc::Rc};

use futures_util::future::{join, try_join};

use super::{
    below,
    matrix::pair,
    sweep::{Sweep, Watch},
};
use crate::{
    array::{Array, Select, Values},
    error::{Error, Result},
    limits::Limits,
    tree::{Group, Tree, open, read_all, read_many},
    wait::{self, apart},
};

/// Longest `indptr` of a CSC matrix that is read whole.
const ENDS: u64 = 1 << 20;

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
    /// What passes over a CSR matrix have found, shared by all copies of this.
    pub(super) sweep: Rc<Sweep>,
    /// `indptr` of a CSC matrix, once it was read.
    ends: Rc<OnceCell<Rc<Values>>>,
}

impl Sparse {
    /// Opens a sparse group.
    ///
    /// # Errors
    /// `Malformed` when a part is missing or the parts contradict each other.
    pub async fn open(tree: &dyn Tree, group: &Group, compressed: Compressed) -> Result<Self> {
        let paths = ["data", "indices", "indptr"].map(|name| below(&group.path, name));
        let mut parts = wait::try_all(paths.iter().map(|path| open(tree, path))).await?.into_iter();
        let mut next = || parts.next().ok_or_else(|| Error::malformed("lacks a part"))?.array();
        let (data, indices, indptr) = (next()?, next()?, next()?);
        let shape = pair(&group.attrs, "shape").or_else(|| pair(&group.attrs, "h5sparse_shape"));
        let shape = shape.ok_or_else(|| Error::malformed("has no shape of two numbers"))?;
        let (sweep, ends) = Default::default();
        let sparse = Self { compressed, shape, data, indices, indptr, sweep, ends };
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

    /// Its path in the file.
    pub(super) fn path(&self) -> &str {
        self.data.path.strip_suffix("/data").unwrap_or_default()
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
    pub(super) async fn columns(
        &self,
        tree: &dyn Tree,
        wanted: &[u64],
        watch: Option<Rc<dyn Watch>>,
    ) -> Result<Vec<Values>> {
        match self.compressed {
            Compressed::Columns => apart(self.slices(tree, wanted)).await,
            Compressed::Rows => apart(self.sweep.columns(self, tree, wanted, watch)).await,
        }
    }

    /// Columns of a CSC matrix: where they begin, then their items, for all of them together.
    async fn slices(&self, tree: &dyn Tree, wanted: &[u64]) -> Result<Vec<Values>> {
        let spans = apart(self.spans(tree, wanted)).await?;
        let (indices, data) =
            try_join(read_many(tree, &self.indices, &spans), read_many(tree, &self.data, &spans)).await?;
        indices
            .iter()
            .zip(data)
            .map(|(indices, data)| {
                let mut out = self.zeros()?;
                let hits = indices.to_u64()?;
                let hits = hits.iter().enumerate().map(|(i, &row)| (row, i));
                add(&mut out, &data, hits).map_err(|e| e.at(&self.indices.path))?;
                Ok(out)
            })
            .collect()
    }

    /// The items of columns of a CSC matrix.
    async fn spans(&self, tree: &dyn Tree, wanted: &[u64]) -> Result<Vec<Select>> {
        let ends: Vec<Values> = match apart(self.ends(tree)).await? {
            Some(ends) => wanted.iter().filter_map(|&j| ends.part(j as usize..j as usize + 2)).collect(),
            None => {
                let ends: Vec<Select> = wanted.iter().map(|&j| Select::span(j..j + 2)).collect();
                read_many(tree, &self.indptr, &ends).await?
            }
        };
        let span = |ends: &Values| match ends.to_u64()?.as_slice() {
            [start, end] => Ok(Select::span(self.span(*start, *end)?)),
            _ => Err(Error::malformed("\"indptr\" is too short")),
        };
        ends.iter().map(span).collect()
    }

    /// All of `indptr`, unchecked, read once and kept, unless it is large. What leads to the other parts comes with it.
    async fn ends(&self, tree: &dyn Tree) -> Result<Option<Rc<Values>>> {
        if let Some(ends) = self.ends.get() {
            return Ok(Some(Rc::clone(ends)));
        }
        if self.indptr.len() > ENDS {
            return Ok(None);
        }
        let (ends, ()) = join(apart(read_all(tree, &self.indptr)), apart(self.find(tree))).await;
        let ends = Rc::new(ends?);
        Ok(Some(Rc::clone(self.ends.get_or_init(|| ends))))
    }

    /// Looks the first chunks of items up, and so the roots of their indexes; what is wrong with them is found out later.
    pub(super) async fn find(&self, tree: &dyn Tree) {
        drop(join(tree.locate(&self.indices, &[0]), tree.locate(&self.data, &[0])).await);
    }

    /// Reads what any column will need first.
    pub(super) async fn warm(&self, tree: &dyn Tree) {
        match self.compressed {
            Compressed::Columns => {
                apart(self.ends(tree)).await.ok();
            }
            Compressed::Rows => {
                drop(join(tree.locate(&self.indptr, &[0]), self.find(tree)).await);
            }
        }
    }

    pub(super) fn zeros(&self) -> Result<Values> {
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

    /// `indptr`, checked: ascending from 0 to the number of items.
    pub(super) async fn starts(&self, tree: &dyn Tree) -> Result<Vec<u64>> {
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
            join(self.starts(tree), wait::all([read_all(tree, &self.indices), read_all(tree, &self.data)]))
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

/// Numbers that add up the way numpy adds them.
pub trait Add: Copy + Default + PartialEq {
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
pub(super) fn add(
    out: &mut Values,
    data: &Values,
    mut hits: impl Iterator<Item = (u64, usize)>,
) -> Result<()> {
    // By the handful, so that what is done for each type of number is not done for each kind of iterator as well.
    let mut some = [(0, 0); 256];
    loop {
        let mut n = 0;
        for (slot, hit) in some.iter_mut().zip(&mut hits) {
            *slot = hit;
            n += 1;
        }
        add_some(out, data, some.get(..n).unwrap_or_default())?;
        if n < some.len() {
            return Ok(());
        }
    }
}

fn add_some(out: &mut Values, data: &Values, hits: &[(u64, usize)]) -> Result<()> {
    fn go<T: Add>(out: &mut [T], data: &[T], hits: &[(u64, usize)]) -> Result<()> {
        let len = out.len();
        for &(position, item) in hits {
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
