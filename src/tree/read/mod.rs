//! The one read path: plan, locate, fetch, decode, scatter.

mod chunks;
mod fetched;
mod finish;
mod plan;

use futures_util::lock::Mutex;

use super::{Tree, scatter::Target};
use crate::{
    array::{Array, Piece, Select, Values, count, piece, pieces},
    error::{Error, Result},
    limits::Limits,
    wait,
};
use chunks::{Put, scatter, scatter_all};
pub use fetched::{Fetched, fetch};
use finish::finish;
use plan::{Item, batches, in_parts, locate, sort, stored};

/// Most pieces planned at a time.
const BATCH: usize = 32_768;

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
