//! Datasets of a file, and where their chunks are.

use std::{ops::Range, rc::Rc};

use super::{
    super::{
        dataset::{Dataset, Place},
        index,
    },
    DATASETS, File,
};
use crate::{
    array::Array,
    error::{Error, Result},
    source::Part,
    tree::Stored,
};

impl File {
    /// The dataset whose header is at an address.
    ///
    /// # Errors
    /// `Malformed` when there is none, and as [`node`](Self::node).
    pub async fn dataset(&self, address: u64) -> Result<Rc<Dataset>> {
        if let Some(dataset) = self.space.kept(DATASETS, address) {
            return Ok(dataset);
        }
        let object = self.load(address).await?;
        let dataset = Dataset::new(&self.space, &object)?;
        let dataset = Rc::new(dataset.ok_or_else(|| self.space.bad(address, "is no dataset"))?);
        self.space.keep((DATASETS, address), Rc::clone(&dataset) as _, 512);
        Ok(dataset)
    }

    /// Where chunks of the dataset at an address are, in this file.
    ///
    /// # Errors
    /// `Malformed`, `Limit`, `Source`.
    pub async fn locate(&self, array: &Array, address: u64, chunks: &[u64]) -> Result<Vec<Stored>> {
        let dataset = self.dataset(address).await?;
        match &dataset.place {
            Place::Here(bytes) => Ok(vec![Stored::Here(bytes.clone()); chunks.len()]),
            Place::Piece(None) => Ok(vec![Stored::Absent; chunks.len()]),
            Place::Piece(Some(address)) => {
                let blocks = chunks.iter().map(|&number| {
                    let block = self.block(array, number)?;
                    let from = block.start.checked_add(*address).ok_or_else(|| self.far(array))?;
                    let range = self.space.span(from, block.end.saturating_sub(block.start))?;
                    Ok(Stored::Span { range, skip: 0 })
                });
                blocks.collect()
            }
            // Their bytes are put together when they are fetched.
            Place::Virtual { .. } | Place::Outside(_) => {
                let key = array.id.to_string();
                let blocks = chunks.iter().map(|&number| {
                    Ok(Stored::Key { key: key.clone(), part: Part::Span(self.block(array, number)?) })
                });
                blocks.collect()
            }
            Place::Chunks(place) => {
                let walk = index::Walk::new(&self.space, place, address, self.chunk_k);
                let mut stored = walk.locate(chunks).await?;
                for chunk in &mut stored {
                    // What is in front of the filters always applies.
                    if let Stored::Span { skip, .. } = chunk {
                        *skip = skip.checked_shl(dataset.before).unwrap_or(0);
                    }
                }
                Ok(stored)
            }
        }
    }

    /// Numbers of the chunks of the dataset at an address that may have been written; `None` where it has none.
    ///
    /// # Errors
    /// As [`locate`](Self::locate).
    pub async fn written(&self, address: u64) -> Result<Option<Vec<u64>>> {
        let dataset = self.dataset(address).await?;
        let Place::Chunks(place) = &dataset.place else { return Ok(None) };
        index::Walk::new(&self.space, place, address, self.chunk_k).written().await.map(Some)
    }

    fn far(&self, array: &Array) -> Error {
        self.space.bad(array.id, format!("shape {:?} is more than a file can hold", array.shape))
    }

    /// The bytes of a block among all of an array that lies in one piece.
    fn block(&self, array: &Array, mut number: u64) -> Result<Range<u64>> {
        let far = || self.far(array);
        // From the last axis to the first: first item of the block, items it has.
        let (mut first, mut count, mut stride) = (0_u64, 1_u64, 1_u64);
        for (&n, &side) in array.shape.iter().zip(&array.chunk).rev() {
            let along = n.div_ceil(side.max(1)).max(1);
            let start = number.checked_rem(along).and_then(|c| c.checked_mul(side)).ok_or_else(far)?;
            number = number.checked_div(along).unwrap_or(0);
            first = start.checked_mul(stride).and_then(|f| f.checked_add(first)).ok_or_else(far)?;
            count = count.checked_mul(side.min(n.saturating_sub(start))).ok_or_else(far)?;
            stride = stride.checked_mul(n).ok_or_else(far)?;
        }
        let width = array.dtype.width() as u64;
        let from = first.checked_mul(width).ok_or_else(far)?;
        let len = count.checked_mul(width).ok_or_else(far)?;
        Ok(from..from.checked_add(len).ok_or_else(far)?)
    }
}
