//! Where chunks are: a key each, or a part of a shard that its index names.

use std::{collections::HashMap, rc::Rc};

use bytes::Bytes;

use super::{
    Layout, Zarr,
    shard::{self, Index, Level},
};
use crate::{
    array::{Array, grid},
    codec::decode,
    error::{Error, Result},
    limits::Limits,
    source::Part,
    tree::Stored,
};

/// Most bytes of shard indexes, and of shards that had to be decoded whole, that are kept.
const KEPT: u64 = 64 << 20;

/// What is known of a shard.
struct Known {
    index: Index,
    /// All of it, where it was decoded whole.
    bytes: Option<Bytes>,
}

/// Shards by name; `None` for those that do not exist.
#[derive(Default)]
pub(super) struct Shards {
    known: HashMap<Name, Option<Rc<Known>>>,
    bytes: u64,
}

/// Key, depth of nesting and start of a shard.
type Name = (String, usize, u64);

impl Shards {
    fn keep(&mut self, name: Name, known: Option<Rc<Known>>) {
        let size = known.as_ref().map_or(64, |known| {
            let whole = known.bytes.as_ref().map_or(0, Bytes::len) as u64;
            (known.index.len() as u64).saturating_mul(16).saturating_add(whole)
        });
        if self.bytes.saturating_add(size) > KEPT {
            (self.known, self.bytes) = (HashMap::new(), 0);
        }
        self.bytes = self.bytes.saturating_add(size);
        self.known.insert(name, known);
    }
}

/// A shard that is a file, a part of one, or a part of what was decoded from one.
#[derive(Clone, Debug)]
struct Shard {
    key: String,
    part: Part,
    /// What the part is of, where it is not the file.
    here: Option<Bytes>,
}

impl Shard {
    fn name(&self, depth: usize) -> Name {
        let start = if let Part::Span(span) = &self.part { span.start } else { u64::MAX };
        (self.key.clone(), depth, start)
    }

    /// Its bytes, where they are here.
    fn bytes(&self) -> Result<Option<Bytes>> {
        let Some(here) = &self.here else { return Ok(None) };
        let Part::Span(span) = &self.part else { return Ok(Some(here.clone())) };
        let inside = span.start <= span.end && span.end <= here.len() as u64;
        if !inside {
            return Err(Error::malformed(format!(
                "shard places a chunk at {span:?} of {} bytes",
                here.len()
            )));
        }
        // Within a buffer, so both ends fit a usize.
        Ok(Some(here.slice(span.start as usize..span.end as usize)))
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
            found.push((at, Some(Shard { key: layout.keys.key(&outer), part: Part::All, here: None })));
        }
        for depth in 0..layout.levels.len() {
            self.descend(&layout, &sides, depth, &mut found).await.map_err(|e| e.at(&array.path))?;
        }
        let stored = |shard: Option<Shard>| match shard {
            None => Ok(Stored::Absent),
            Some(shard) => Ok(match shard.bytes()? {
                Some(bytes) => Stored::Here(bytes),
                None => Stored::Key { key: shard.key, part: shard.part },
            }),
        };
        found.into_iter().map(|(_, shard)| stored(shard)).collect()
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
        let shards = found.iter().filter_map(|(_, shard)| shard.as_ref());
        let known = self.known(level, depth, shards).await?;
        for (at, slot) in found {
            let Some(shard) = slot.take() else { continue };
            let Some(known) = known.get(&shard.name(depth)).cloned().flatten() else { continue };
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
            let here = known.bytes.clone();
            let whole = here.as_ref().map(|bytes| Part::Span(0..bytes.len() as u64));
            let within = whole.as_ref().unwrap_or(&shard.part);
            let part = shard::chunk(&known.index, level.number(&inside), within, &self.limits)?;
            *slot = part.map(|part| Shard { key: shard.key, part, here });
        }
        Ok(())
    }

    /// What some shards hold; those not yet known are fetched together: their indexes, or all of them where something was
    /// done to them as a whole.
    async fn known<'s>(
        &self,
        level: &Level,
        depth: usize,
        shards: impl Iterator<Item = &'s Shard>,
    ) -> Result<HashMap<Name, Option<Rc<Known>>>> {
        let mut all = HashMap::new();
        let mut missing: Vec<&Shard> = Vec::new();
        for shard in shards {
            let name = shard.name(depth);
            if all.contains_key(&name) {
                continue;
            }
            let known = self.shards.borrow().known.get(&name).cloned();
            if known.is_none() {
                missing.push(shard);
            }
            all.insert(name, known.flatten());
        }
        if missing.is_empty() {
            return Ok(all);
        }
        Limits::size(level.len(), self.limits.header, "a shard's index")?;
        let part = |shard: &Shard| {
            if level.around.is_empty() { level.part(&shard.part) } else { shard.part.clone() }
        };
        let away = missing.iter().filter(|shard| shard.here.is_none());
        let wanted: Vec<_> = away.map(|shard| (shard.key.clone(), part(shard))).collect();
        let mut fetched =
            if wanted.is_empty() { Vec::new() } else { self.store.get_many(&wanted).await? }.into_iter();
        for shard in missing {
            let in_shard = |e: Error| e.at(format!("shard {}", shard.key));
            let known = match shard.bytes().map_err(in_shard)? {
                Some(bytes) => Some(self.whole(level, bytes).map_err(in_shard)?),
                None => match fetched.next().flatten() {
                    Some(bytes) if level.around.is_empty() => {
                        let index = level.parse(bytes, &self.limits).map_err(in_shard)?;
                        Some(Known { index, bytes: None })
                    }
                    Some(bytes) => Some(self.whole(level, bytes).map_err(in_shard)?),
                    None => None,
                },
            };
            let known = known.map(Rc::new);
            self.shards.borrow_mut().keep(shard.name(depth), known.clone());
            all.insert(shard.name(depth), known);
        }
        Ok(all)
    }

    /// A shard whose bytes are here: what was done to it is undone, its index read.
    fn whole(&self, level: &Level, bytes: Bytes) -> Result<Known> {
        let bytes = if level.around.is_empty() {
            bytes
        } else {
            let bound = Limits::size(self.limits.chunk, self.limits.chunk, "a shard")?;
            decode(&level.around, bytes, 0, None, bound)?
        };
        let len = bytes.len() as u64;
        let index = match level.part(&Part::Span(0..len)) {
            // Within the buffer.
            Part::Span(span) => bytes.slice(span.start as usize..span.end as usize),
            _ => bytes.clone(),
        };
        Ok(Known { index: level.parse(index, &self.limits)?, bytes: Some(bytes) })
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
