//! Chunks as they come: decoded, and their pieces put where they belong.

use bytes::Bytes;

use super::plan::Item;
use crate::{
    array::{Array, DType, Text, TextForm},
    error::{Error, Result},
    limits::Limits,
    tree::{Stored, decode, scatter::Target},
};

/// Puts the pieces of one chunk where they belong; without a chunk it is the fill value.
pub type Put<'p> = &'p mut dyn FnMut(&[Item], Option<Bytes>) -> Result<()>;

/// Decodes chunks, several at a time, and has their pieces put where they belong.
///
/// # Errors
/// What decoding and `put` say, with the chunk.
pub async fn scatter_all(
    limits: &Limits,
    array: &Array,
    work: &[Item],
    fetched: Vec<Option<Bytes>>,
    put: Put<'_>,
) -> Result<()> {
    let groups: Vec<&[Item]> = work.chunk_by(|a, b| a.stored == b.stored).collect();
    let packed = groups
        .iter()
        .zip(fetched)
        .map(|(group, raw)| match group.first() {
            Some(Item { stored: Stored::Span { skip, .. }, .. }) => (raw, *skip),
            _ => (raw, 0),
        })
        .collect();
    let mut put = |number: usize, chunk| put(groups.get(number).copied().unwrap_or(&[]), chunk);
    decode::each(limits, array, packed, &mut put).await.map_err(|(number, error)| {
        let first = groups.get(number).and_then(|group| group.first());
        let chunk = first.map_or(0, |item| item.piece.chunk);
        error.at(format!("chunk {:?} of {}", coordinates(array, chunk), array.path))
    })
}

/// Puts the pieces of one chunk where they belong.
///
/// # Errors
/// `Malformed` when the chunk holds less than it should.
pub fn scatter(
    array: &Array,
    group: &[Item],
    chunk: Option<Bytes>,
    targets: &mut [Target<'_>],
) -> Result<()> {
    let text = match (&chunk, &array.dtype) {
        (Some(chunk), DType::Text(TextForm::Packed)) => Some(packed(chunk)?),
        _ => None,
    };
    for item in group {
        let Some(target) = targets.get_mut(item.target) else { continue };
        match (&chunk, &text) {
            (None, _) => target.fill(&item.piece)?,
            (Some(_), Some(text)) => target.put_text(&item.piece, text.clone())?,
            (Some(chunk), None) => target.put(&item.piece, chunk, item.before)?,
        }
    }
    Ok(())
}

/// The strings of a Zarr `vlen-utf8` chunk: a count, then each with its length in front, all 32-bit little-endian
/// (numcodecs, "VLenUTF8").
fn packed(chunk: &[u8]) -> Result<Text> {
    let short = || Error::malformed("string chunk ends early");
    let number = |rest: &mut &[u8]| -> Result<usize> {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        *rest = tail;
        Ok(u32::from_le_bytes(*head) as usize)
    };
    let mut rest = chunk;
    let mut text = Text::new();
    for _ in 0..number(&mut rest)? {
        let len = number(&mut rest)?;
        text.push_bytes(rest.get(..len).ok_or_else(short)?);
        rest = rest.get(len..).unwrap_or(&[]);
    }
    Ok(text)
}

/// A chunk's place in its grid, for messages.
fn coordinates(array: &Array, mut chunk: u64) -> Vec<u64> {
    let mut at: Vec<u64> = crate::array::grid(&array.shape, &array.chunk)
        .iter()
        .rev()
        .map(|&n| {
            let here = chunk.checked_rem(n).unwrap_or(0);
            chunk = chunk.checked_div(n).unwrap_or(0);
            here
        })
        .collect();
    at.reverse();
    at
}
