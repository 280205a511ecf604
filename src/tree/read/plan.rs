//! Where the bytes of pieces are, and in which parts these are asked for.

use crate::{
    array::{Array, Piece},
    error::{Error, Result},
    order,
    source::Part,
    tree::{Stored, Tree},
};

/// About the most bytes that are under way.
const UNDER_WAY: u64 = 64 << 20;

/// A piece, the result it belongs to, and where its bytes are, cut down to what is needed of them.
pub struct Item {
    pub target: usize,
    pub piece: Piece,
    pub stored: Stored,
    /// Items of the chunk that lie before the first byte fetched.
    pub before: usize,
}

/// Stored order: neighbours merge into one request, and each batch moves forward in the file.
pub fn sort(work: &mut Vec<Item>) {
    order::sort_by_key(work, |item| {
        (if let Stored::Span { range, .. } = &item.stored { range.start } else { 0 }, item.piece.chunk)
    });
}

/// Looks every chunk up once.
///
/// # Errors
/// What looking them up says.
pub async fn locate(tree: &dyn Tree, array: &Array, batch: Vec<(usize, Piece)>) -> Result<Vec<Item>> {
    let mut chunks: Vec<u64> = batch.iter().map(|(_, piece)| piece.chunk).collect();
    chunks.sort_unstable();
    chunks.dedup();
    let located = tree.locate(array, &chunks).await?;
    if located.len() != chunks.len() {
        return Err(Error::malformed("the chunk index answers for another number of chunks"));
    }
    let items = batch.into_iter().filter_map(|(target, piece)| {
        let stored = located.get(chunks.binary_search(&piece.chunk).ok()?)?.clone();
        Some(narrow(array, target, piece, stored))
    });
    Ok(items.collect())
}

/// Chunks that are stored as they are need not be read whole.
fn narrow(array: &Array, target: usize, piece: Piece, stored: Stored) -> Item {
    let width = array.dtype.width() as u64;
    let plain = array.codecs.is_empty() && width > 0 && array.axes.iter().copied().eq(0..array.axes.len());
    if !plain {
        return Item { target, piece, stored, before: 0 };
    }
    let (mut first, mut last) = (0_u64, 0_u64);
    for ((&from, &len), &side) in piece.from.iter().zip(&piece.len).zip(&array.chunk) {
        first = first.saturating_mul(side).saturating_add(from);
        last = last.saturating_mul(side).saturating_add(from.saturating_add(len.saturating_sub(1)));
    }
    let (start, end) = (first.saturating_mul(width), last.saturating_add(1).saturating_mul(width));
    let cut = |from: u64| from.saturating_add(start)..from.saturating_add(end);
    let mut before = usize::try_from(first).unwrap_or(usize::MAX);
    let stored = match stored {
        Stored::Span { range, skip } => Stored::Span { range: cut(range.start), skip },
        Stored::Key { key, part: Part::All } => {
            let whole = piece.len.iter().zip(&array.chunk).all(|(a, b)| a == b);
            Stored::Key { key, part: if whole { Part::All } else { Part::Span(cut(0)) } }
        }
        Stored::Key { key, part: Part::Span(range) } => {
            Stored::Key { key, part: Part::Span(cut(range.start)) }
        }
        other => {
            before = 0;
            other
        }
    };
    Item { target, piece, stored, before }
}

/// Cuts work into parts of bounded size, never between pieces of one chunk.
pub fn batches<'w>(array: &Array, work: &'w [Item], most: u64) -> Vec<&'w [Item]> {
    let whole = array.chunk_len().saturating_mul(array.dtype.width() as u64);
    let mut parts = Vec::new();
    let (mut start, mut end, mut bytes) = (0, 0, 0_u64);
    for group in work.chunk_by(|a, b| a.stored == b.stored) {
        let size = match group.first().map(|item| &item.stored) {
            Some(Stored::Span { range, .. } | Stored::Key { part: Part::Span(range), .. }) => {
                range.end.saturating_sub(range.start)
            }
            // What a keyed file holds is not known beforehand: at most about its decoded size.
            Some(Stored::Key { .. }) => whole,
            _ => 0,
        };
        if bytes > 0 && bytes.saturating_add(size) > most {
            parts.push(work.get(start..end).unwrap_or(&[]));
            (start, bytes) = (end, 0);
        }
        bytes = bytes.saturating_add(size);
        end += group.len();
    }
    parts.push(work.get(start..end).unwrap_or(&[]));
    parts
}

/// Bytes of each part of some work, of about as many as `most`, and how many are under way: equal parts, of which one is decoded while the
/// next are on their way. What lies in files of its own is asked for file by file anyway.
pub fn in_parts(work: &[Item], most: u64) -> (u64, usize) {
    let groups = work.chunk_by(|a, b| a.stored == b.stored);
    let size = |group: &[Item]| match group.first().map(|item| &item.stored) {
        Some(Stored::Span { range, .. }) => range.end.saturating_sub(range.start),
        _ => 0,
    };
    let (sum, largest) = groups
        .map(size)
        .fold((0_u64, 0), |(sum, largest), size| (sum.saturating_add(size), size.max(largest)));
    if sum == 0 {
        return (UNDER_WAY, 1);
    }
    let parts = sum.div_ceil(most.max(1));
    let part = sum.checked_div(parts).unwrap_or(sum).saturating_add(largest).max(1);
    (part, usize::try_from(UNDER_WAY / part).unwrap_or(1).max(1))
}

/// Where the chunks of some work are, each once.
pub fn stored(work: &[Item]) -> Vec<Stored> {
    let groups = work.chunk_by(|a, b| a.stored == b.stored);
    groups.filter_map(|group| group.first()).map(|item| item.stored.clone()).collect()
}
