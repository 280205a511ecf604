//! The part of an index that is on a shelf: blocks that found no room in memory, or the whole, for later visits.

use std::{ops::Range, rc::Rc};

use super::{Block, Head, Index, Slot, trailer};
use crate::{
    array::Values,
    error::{Error, Result},
    shelf::{self, Kept, Shelf},
};

/// Bytes that are put on a shelf in one go while nobody waits: few enough that whoever asks meanwhile hardly does.
const PIECE: usize = 1 << 20;

/// Where a finished index is kept, and what it is an index of.
#[derive(Clone)]
pub struct Place {
    /// The shelf.
    pub shelf: Rc<dyn Shelf>,
    /// What finds it: where the data lie and how they are laid out.
    pub outline: String,
    /// What else tells the data from others, once that is known.
    pub sample: Option<String>,
}

impl Place {
    fn name(&self) -> String {
        shelf::name(&self.outline)
    }

    /// Says of which data: anything that changes when they change.
    fn identity(&self) -> Option<String> {
        self.sample.as_ref().map(|sample| format!("{}{sample}", self.outline))
    }
}

impl Index {
    /// Adds those of some blocks that are on the shelf to columns: all tables in one read, all segments in another. `false`
    /// when what was read is damaged; nothing has been added then, and the blocks are missing from now on.
    ///
    /// # Errors
    /// As [`Head::add`].
    pub async fn add_kept(&self, blocks: &[usize], columns: &[u64], out: &mut [Values]) -> Result<bool> {
        let kept: Vec<(Head, u64)> = {
            let slots = self.slots.borrow();
            let kept = |&block: &usize| match slots.get(block) {
                Some(Slot::Kept(head, at)) => Some((head.clone(), *at)),
                _ => None,
            };
            blocks.iter().filter_map(kept).collect()
        };
        if kept.is_empty() {
            return Ok(true);
        }
        let Ok(segments) = self.segments(&kept, columns).await else {
            self.forget().await;
            return Ok(false);
        };
        for (slot, (head, segment)) in segments {
            if let Some(out) = out.get_mut(slot) {
                head.add(&segment, out)?;
            }
        }
        Ok(true)
    }

    /// The proved segments of columns in blocks on the shelf, each with the number of its column in `columns`.
    async fn segments<'h>(
        &self,
        kept: &'h [(Head, u64)],
        columns: &[u64],
    ) -> Result<Vec<(usize, (&'h Head, Vec<u8>))>> {
        let damaged = || Error::source("is damaged");
        let file = self.file.borrow().clone().ok_or_else(damaged)?;
        let mut wanted = Vec::new();
        let mut spans = Vec::new();
        for (head, at) in kept {
            for (slot, &column) in columns.iter().enumerate() {
                let column = usize::try_from(column).map_err(|_| damaged())?;
                spans.push(shift(head.entry(column), *at));
                wanted.push((slot, head, column, *at));
            }
        }
        let entries = file.read_many(&spans).await?;
        let mut spans = Vec::new();
        for ((_, head, _, at), entry) in wanted.iter().zip(&entries) {
            spans.push(shift(head.segment(entry).ok_or_else(damaged)?, *at));
        }
        let segments = file.read_many(&spans).await?;
        let mut proved = Vec::new();
        for (((slot, head, column, _), entry), segment) in wanted.into_iter().zip(entries).zip(segments) {
            if !head.intact(column, &entry, &segment) {
                return Err(damaged());
            }
            proved.push((slot, (head, segment)));
        }
        Ok(proved)
    }

    /// Throws away what is on the shelf; its blocks are missing from now on.
    pub async fn forget(&self) {
        for slot in self.slots.borrow_mut().iter_mut() {
            if matches!(slot, Slot::Kept(..)) {
                *slot = Slot::Missing;
            }
        }
        self.file.borrow_mut().take();
        let place = self.place.borrow().clone();
        if let Some(place) = place {
            // A shelf that cannot even throw away is of no use any more.
            if place.shelf.discard(&place.name()).await.is_err() {
                self.place.borrow_mut().take();
            }
        }
    }

    /// Finds the index that an earlier visit kept; `sample` is asked for only where there is one.
    pub async fn restore(&self, sample: impl Future<Output = Option<String>>) {
        let Some(place) = self.place.borrow().clone() else { return };
        let Ok(Some(file)) = place.shelf.find(&place.name()).await else { return };
        if place.sample.is_none() {
            self.know(sample.await);
        }
        let Some(identity) = self.place.borrow().as_ref().and_then(Place::identity) else { return };
        match trailer::read(&*file, &identity, &self.shape).await {
            Some(heads) => {
                let kept = heads.into_iter().map(|(head, at)| Slot::Kept(head, at)).collect();
                *self.slots.borrow_mut() = kept;
                *self.file.borrow_mut() = Some(file);
            }
            None => self.forget().await,
        }
    }

    /// Moves a block from memory to the shelf; `false` when it has to stay or there is no shelf.
    pub async fn shelve(&self, block: usize) -> bool {
        let loose = match self.slots.borrow().get(block) {
            Some(Slot::Loose(loose)) => Some(Rc::clone(loose)),
            _ => None,
        };
        match loose.map(|loose| loose.sort()) {
            Some(Ok(sorted)) => self.put(sorted),
            Some(Err(_)) => return false,
            None => {}
        }
        let Some(Slot::Memory(made)) = self.slots.borrow().get(block).cloned() else { return true };
        let Some(place) = self.place.borrow().clone() else { return false };
        let file = match self.begin(&place).await {
            Ok(file) => file,
            Err(reason) => {
                self.refuse(reason);
                self.place.borrow_mut().take();
                return false;
            }
        };
        let head = made.head.clone();
        let bytes = Block::clone(&made).seal();
        drop(made);
        // Nobody else appends between these two: it is done before the first wait.
        let at = file.len();
        if let Err(error) = file.append(&bytes).await {
            // No room: what is written so far still serves, nothing more is.
            self.refuse(error.to_string());
            self.place.borrow_mut().take();
            return false;
        }
        if let Some(slot) = self.slots.borrow_mut().get_mut(block) {
            *slot = Slot::Kept(head, at);
        }
        true
    }

    /// The file that blocks are written to, or why there is none.
    async fn begin(&self, place: &Place) -> std::result::Result<Rc<dyn Kept>, String> {
        if let Some(file) = &*self.file.borrow() {
            return Ok(Rc::clone(file));
        }
        let size = self.shape.estimate();
        let begun = place.shelf.begin(&place.name(), size).await.map_err(|e| e.to_string())?;
        let file = begun.ok_or_else(|| format!("its {} MB are more than may be kept", size / 1_000_000))?;
        *self.file.borrow_mut() = Some(Rc::clone(&file));
        Ok(file)
    }

    /// Keeps a complete index for later visits; blocks that were in memory stay there. Does nothing when there is nothing to keep,
    /// or somebody is doing so.
    pub async fn save(&self) {
        while self.tidy() {}
        let memory = self.slots.borrow().iter().any(|slot| matches!(slot, Slot::Memory(_)));
        let fresh = memory || self.file.borrow().as_ref().is_some_and(|file| !file.finished());
        if !fresh || !self.complete() {
            return;
        }
        let Some(place) = self.place.borrow_mut().take() else { return };
        let Some(identity) = place.identity() else { return };
        if let Err(reason) = self.write(&place, &identity).await {
            self.unsaved.replace(Some(reason));
            // What nobody reads gives its room back.
            if !self.slots.borrow().iter().any(|slot| matches!(slot, Slot::Kept(..))) {
                self.file.borrow_mut().take();
            }
        }
    }

    /// Writes what is not on the shelf yet, and the end, or says why it cannot be written.
    async fn write(&self, place: &Place, identity: &str) -> std::result::Result<(), String> {
        let words = |error: Error| error.to_string();
        let file = self.begin(place).await?;
        let mut heads = Vec::new();
        for number in 0..self.shape.blocks() {
            let slot = self.slots.borrow().get(number).cloned();
            let at = file.len();
            match slot {
                Some(Slot::Kept(head, at)) => heads.push((head, at)),
                Some(Slot::Memory(block)) => {
                    place.shelf.turn().await.map_err(words)?;
                    for piece in Block::clone(&block).seal().chunks(PIECE) {
                        place.shelf.turn().await.map_err(words)?;
                        file.append(piece).await.map_err(words)?;
                    }
                    heads.push((block.head.clone(), at));
                }
                _ => return Err("a part of it is missing".into()),
            }
        }
        file.append(&trailer::write(identity, &self.shape, &heads)).await.map_err(words)?;
        file.finish().await.map_err(words)
    }
}

fn shift(span: Range<usize>, by: u64) -> Range<u64> {
    (span.start as u64).saturating_add(by)..(span.end as u64).saturating_add(by)
}
