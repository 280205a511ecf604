//! Which chunks a selection touches, and which part of each goes where: pure arithmetic.

use std::ops::Range;

use crate::error::{Error, Result};

/// A box of an array: one span per axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select(pub Vec<Range<u64>>);

impl Select {
    /// All of an array of that shape.
    pub fn all(shape: &[u64]) -> Self {
        Self(shape.iter().map(|&n| 0..n).collect())
    }

    /// A span of the first axis, everything of the others.
    pub fn rows(shape: &[u64], rows: Range<u64>) -> Self {
        let mut select = Self::all(shape);
        if let Some(first) = select.0.first_mut() {
            *first = rows;
        }
        select
    }

    /// A span of an array of one axis.
    pub fn span(span: Range<u64>) -> Self {
        Self(Vec::from([span]))
    }

    /// Items along each axis.
    pub fn shape(&self) -> Vec<u64> {
        self.0.iter().map(|span| span.end.saturating_sub(span.start)).collect()
    }

    /// Number of items.
    pub fn len(&self) -> u64 {
        self.shape().iter().fold(1, |n: u64, &s| n.saturating_mul(s))
    }

    /// Whether nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that the selection lies within a shape.
    ///
    /// # Errors
    /// `Request` when it does not.
    pub fn check(&self, shape: &[u64]) -> Result<()> {
        let fits = self.0.len() == shape.len()
            && self.0.iter().zip(shape).all(|(span, &n)| span.start <= span.end && span.end <= n);
        if fits {
            Ok(())
        } else {
            Err(Error::request(format!("selection {:?} lies outside shape {shape:?}", self.0)))
        }
    }
}

/// The part of one chunk that belongs to a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Row-major number of the chunk in its grid.
    pub chunk: u64,
    /// First item within the chunk, per axis.
    pub from: Vec<u64>,
    /// First item within the selection, per axis.
    pub to: Vec<u64>,
    /// Items, per axis.
    pub len: Vec<u64>,
}

/// Number of chunks along each axis.
pub fn grid(shape: &[u64], chunk: &[u64]) -> Vec<u64> {
    shape.iter().zip(chunk).map(|(&n, &c)| n.div_ceil(c.max(1))).collect()
}

/// The pieces that make up a selection, in row-major order of their chunks. Lazy: a huge grid costs nothing
/// until it is walked. The selection has to lie within the shape.
pub fn pieces<'a>(
    shape: &'a [u64],
    chunk: &'a [u64],
    select: &'a Select,
) -> impl Iterator<Item = Piece> + 'a {
    let grid = grid(shape, chunk);
    // First and last chunk along each axis.
    let cover: Vec<Range<u64>> = select
        .0
        .iter()
        .zip(chunk)
        .map(|(span, &c)| span.start / c.max(1)..span.end.div_ceil(c.max(1)))
        .collect();
    let mut at: Option<Vec<u64>> =
        if select.is_empty() { None } else { Some(cover.iter().map(|c| c.start).collect()) };
    std::iter::from_fn(move || {
        let here = at.take()?;
        let mut piece =
            Piece { chunk: 0, from: Vec::with_capacity(here.len()), to: Vec::new(), len: Vec::new() };
        for (axis, &c) in here.iter().enumerate() {
            let (span, side) = (select.0.get(axis)?, *chunk.get(axis)?);
            let origin = c.saturating_mul(side);
            let start = span.start.max(origin);
            let end = span.end.min(origin.saturating_add(side));
            piece.chunk = piece.chunk.saturating_mul(*grid.get(axis)?).saturating_add(c);
            piece.from.push(start.saturating_sub(origin));
            piece.to.push(start.saturating_sub(span.start));
            piece.len.push(end.saturating_sub(start));
        }
        at = next(here, &cover);
        Some(piece)
    })
}

/// How many pieces a selection has.
pub fn count(chunk: &[u64], select: &Select) -> u64 {
    if select.is_empty() {
        return 0;
    }
    let cover =
        select.0.iter().zip(chunk).map(|(s, &c)| s.end.div_ceil(c.max(1)).saturating_sub(s.start / c.max(1)));
    cover.fold(1, |n: u64, along| n.saturating_mul(along))
}

/// The piece of one chunk, by its number; `None` where the selection does not touch it.
pub fn piece(shape: &[u64], chunk: &[u64], select: &Select, number: u64) -> Option<Piece> {
    let mut rest = number;
    let mut origin: Vec<u64> = grid(shape, chunk)
        .iter()
        .zip(chunk)
        .rev()
        .map(|(&n, &side)| {
            let at = rest.checked_rem(n)?.checked_mul(side)?;
            rest = rest.checked_div(n)?;
            Some(at)
        })
        .collect::<Option<_>>()?;
    origin.reverse();
    let mut piece = Piece { chunk: number, from: Vec::new(), to: Vec::new(), len: Vec::new() };
    for ((span, &side), &origin) in select.0.iter().zip(chunk).zip(&origin) {
        let start = span.start.max(origin);
        let end = span.end.min(origin.saturating_add(side));
        piece.from.push(start.checked_sub(origin)?);
        piece.to.push(start.checked_sub(span.start)?);
        piece.len.push(end.checked_sub(start).filter(|&n| n > 0)?);
    }
    Some(piece)
}

/// The next chunk in row-major order.
fn next(mut here: Vec<u64>, cover: &[Range<u64>]) -> Option<Vec<u64>> {
    for (c, span) in here.iter_mut().zip(cover).rev() {
        *c += 1;
        if *c < span.end {
            return Some(here);
        }
        *c = span.start;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_covered_exactly_once() {
        let (shape, chunk) = ([7, 5, 4], [3, 2, 4]);
        let select = Select(vec![1..7, 0..5, 2..3]);
        let mut seen = std::collections::HashMap::new();
        for piece in pieces(&shape, &chunk, &select) {
            let side = grid(&shape, &chunk);
            let origin =
                [piece.chunk / side[2] / side[1], piece.chunk / side[2] % side[1], piece.chunk % side[2]];
            for i in 0..piece.len[0] {
                for j in 0..piece.len[1] {
                    for k in 0..piece.len[2] {
                        let step = [i, j, k];
                        let to: Vec<u64> = (0..3).map(|a| piece.to[a] + step[a]).collect();
                        let from: Vec<u64> =
                            (0..3).map(|a| origin[a] * chunk[a] + piece.from[a] + step[a]).collect();
                        assert!(seen.insert(to, from).is_none());
                    }
                }
            }
        }
        assert_eq!(seen.len() as u64, select.len());
        let all: Vec<Piece> = pieces(&shape, &chunk, &select).collect();
        assert_eq!(all.len() as u64, count(&chunk, &select));
        let chunks = grid(&shape, &chunk).iter().product();
        let by_number: Vec<Piece> =
            (0..chunks).filter_map(|number| piece(&shape, &chunk, &select, number)).collect();
        assert_eq!(by_number, all);
        for (to, from) in seen {
            assert_eq!(from, [to[0] + 1, to[1], to[2] + 2]);
        }
    }

    #[test]
    fn scalars_are_one_piece_and_nothing_is_none() {
        assert_eq!(pieces(&[], &[], &Select(vec![])).count(), 1);
        assert_eq!(pieces(&[0], &[1], &Select::span(0..0)).count(), 0);
        assert_eq!(
            pieces(&[u64::MAX, 1 << 40], &[1, 1], &Select::all(&[u64::MAX, 1 << 40])).take(3).count(),
            3
        );
    }
}
