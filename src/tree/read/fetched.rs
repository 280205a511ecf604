//! Boxes of numbers that are fetched first and decoded later, or run by run.

use bytes::Bytes;

use super::{
    chunks::{Put, scatter, scatter_all},
    plan::{Item, locate, sort, stored},
};
use crate::{
    array::{Array, Select, Values, pieces},
    error::{Error, Result},
    limits::Limits,
    tree::{Tree, scatter::Target},
};

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
/// As [`read`](super::read()), and `Request` for an array of something else.
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
    /// As [`read`](super::read()), what `put` says, and `Request` for an array of more axes.
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
    /// As [`read`](super::read()).
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
