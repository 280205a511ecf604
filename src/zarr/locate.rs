//! Where chunks are: a key each, or a part of a shard that its index names.

use std::{collections::HashMap, rc::Rc};

use super::{
    Layout, Zarr,
    shard::{self, Index, Level},
};
use crate::{
    array::{Array, grid},
    error::{Error, Result},
    limits::Limits,
    source::Part,
    tree::Stored,
};

/// Most bytes of shard indexes that are kept.
const KEPT: u64 = 64 << 20;

/// Indexes of shards by key and part; `None` for shards that do not exist.
#[derive(Default)]
pub(super) struct Shards {
    known: HashMap<(String, u64), Option<Rc<Index>>>,
    bytes: u64,
}

impl Shards {
    fn keep(&mut self, shard: &Shard, index: Option<Rc<Index>>) {
        let size = index.as_ref().map_or(64, |index| (index.len() as u64).saturating_mul(16));
        if self.bytes.saturating_add(size) > KEPT {
            (self.known, self.bytes) = (HashMap::new(), 0);
        }
        self.bytes = self.bytes.saturating_add(size);
        self.known.insert(shard.name(), index);
    }
}

/// A shard that is a file, or a part of one.
#[derive(Clone, Debug, PartialEq)]
struct Shard {
    key: String,
    part: Part,
}

impl Shard {
    fn name(&self) -> (String, u64) {
        (self.key.clone(), if let Part::Span(span) = &self.part { span.start } else { u64::MAX })
    }
}

impl Zarr {
    pub(super) async fn find(&self, array: &Array, chunks: &[u64]) -> Result<Vec<Stored>> {
        let layout = usize::try_from(array.id).ok().and_then(|id| self.layouts.borrow().get(id).cloned());
        let layout = layout.ok_or_else(|| Error::request("array of another store").at(&array.path))?;
        let grid = grid(&array.shape, &array.chunk);
        // Chunks per outermost shard along each axis, and down to the innermost.
        let sides: Vec<Vec<u64>> = layout.levels.iter().map(Level::sides).collect();
        let mut found = Vec::with_capacity(chunks.len());
        for &chunk in chunks {
            let at = coordinates(&grid, chunk);
            let outer: Vec<u64> = (0..at.len())
                .map(|axis| sides.iter().fold(at.get(axis).copied().unwrap_or(0), |c, s| divide(c, s, axis)))
                .collect();
            found.push((at, Some(Shard { key: layout.keys.key(&outer), part: Part::All })));
        }
        for depth in 0..layout.levels.len() {
            self.descend(&layout, &sides, depth, &mut found).await.map_err(|e| e.at(&array.path))?;
        }
        Ok(found
            .into_iter()
            .map(|(_, shard)| match shard {
                Some(Shard { key, part }) => Stored::Key { key, part },
                None => Stored::Absent,
            })
            .collect())
    }

    /// From shards to the chunks in them, which may be shards again.
    async fn descend(
        &self,
        layout: &Layout,
        sides: &[Vec<u64>],
        depth: usize,
        found: &mut [(Vec<u64>, Option<Shard>)],
    ) -> Result<()> {
        let Some(level) = layout.levels.get(depth) else { return Ok(()) };
        let indexes = self.indexes(level, found.iter().filter_map(|(_, shard)| shard.as_ref())).await?;
        for (at, slot) in found {
            let Some(shard) = slot.take() else { continue };
            let Some(index) = indexes.get(&shard.name()).cloned().flatten() else { continue };
            // The place within this shard, in units of what it holds.
            let inner = sides.get(depth.saturating_add(1)..).unwrap_or(&[]);
            let here = sides.get(depth);
            let inside: Vec<u64> = (0..at.len())
                .map(|axis| {
                    let unit =
                        inner.iter().fold(at.get(axis).copied().unwrap_or(0), |c, s| divide(c, s, axis));
                    let side = here.and_then(|s| s.get(axis)).copied().unwrap_or(1);
                    unit.checked_rem(side).unwrap_or(0)
                })
                .collect();
            let part = shard::chunk(&index, level.number(&inside), &shard.part, &self.limits)?;
            *slot = part.map(|part| Shard { key: shard.key, part });
        }
        Ok(())
    }

    /// The indexes of some shards; those not yet known are fetched together.
    async fn indexes<'s>(
        &self,
        level: &Level,
        shards: impl Iterator<Item = &'s Shard>,
    ) -> Result<HashMap<(String, u64), Option<Rc<Index>>>> {
        let mut indexes = HashMap::new();
        let mut missing: Vec<&Shard> = Vec::new();
        for shard in shards {
            let name = shard.name();
            if indexes.contains_key(&name) {
                continue;
            }
            let known = self.shards.borrow().known.get(&name).cloned();
            if known.is_none() {
                missing.push(shard);
            }
            indexes.insert(name, known.flatten());
        }
        let wanted: Vec<_> = missing.iter().map(|s| (s.key.clone(), level.part(&s.part))).collect();
        if wanted.is_empty() {
            return Ok(indexes);
        }
        Limits::size(level.len(), self.limits.header, "a shard's index")?;
        let fetched = self.store.get_many(&wanted).await?;
        for (shard, bytes) in missing.into_iter().zip(fetched) {
            let index = match bytes {
                Some(bytes) => {
                    let index = level.parse(bytes, &self.limits);
                    Some(Rc::new(index.map_err(|e| e.at(format!("shard {}", shard.key)))?))
                }
                None => None,
            };
            self.shards.borrow_mut().keep(shard, index.clone());
            indexes.insert(shard.name(), index);
        }
        Ok(indexes)
    }
}

fn divide(coordinate: u64, sides: &[u64], axis: usize) -> u64 {
    coordinate.checked_div(sides.get(axis).copied().unwrap_or(1)).unwrap_or(0)
}

/// A chunk's place in its grid.
fn coordinates(grid: &[u64], mut chunk: u64) -> Vec<u64> {
    let mut at = vec![0; grid.len()];
    for (slot, &side) in at.iter_mut().zip(grid).rev() {
        *slot = chunk.checked_rem(side).unwrap_or(0);
        chunk = chunk.checked_div(side).unwrap_or(0);
    }
    at
}
