//! Puts decoded chunks where they belong in the result.

use crate::{
    array::{Array, DType, Piece, Select, Step, Text, TextForm, Values},
    error::{Error, Result},
    limits::Limits,
};

/// A result being filled. Numbers go straight into their final buffer; everything else is gathered as bytes and
/// turned into its final form at the end, except packed strings, which have no width.
pub(super) struct Target<'a> {
    array: &'a Array,
    /// Type under which items are gathered.
    gathered: DType,
    values: Values,
    /// Items from one to the next along each axis of the result.
    strides: Vec<usize>,
    packed: Option<Packed>,
}

/// Packed strings: whole chunks, and which of their strings goes where.
#[derive(Default)]
struct Packed {
    chunks: Vec<Text>,
    slots: Vec<(u32, u32)>,
}

impl<'a> Target<'a> {
    pub(super) fn new(array: &'a Array, select: &Select, len: usize) -> Result<Self> {
        let packed = match array.dtype {
            DType::Text(TextForm::Packed) => {
                // Chunk 0 is the fill value.
                let fill = std::iter::once(String::from_utf8_lossy(&array.fill)).collect();
                Some(Packed { chunks: vec![fill], slots: Limits::filled(len, (0, 0), "the result")? })
            }
            _ => None,
        };
        let gathered = match &array.dtype {
            numbers if numbers.is_number() => numbers.clone(),
            other => DType::Bytes { width: u32::try_from(other.width()).unwrap_or(u32::MAX) },
        };
        let values = Values::zeros(&gathered, if packed.is_some() { 0 } else { len })?;
        let order: Vec<usize> = (0..array.shape.len()).collect();
        let strides = strides(&select.shape(), &order);
        Ok(Self { array, gathered, values, strides, packed })
    }

    /// Copies a piece out of a decoded chunk, whose first `before` items are not in `chunk`.
    pub(super) fn put(&mut self, piece: &Piece, chunk: &[u8], before: usize) -> Result<()> {
        let inner = strides(&self.array.chunk, &self.array.axes);
        let (dtype, values) = (&self.gathered, &mut self.values);
        runs(piece, &self.strides, &inner, |to, from, n| {
            let at = from.at.checked_sub(before).ok_or_else(|| Error::malformed("chunk begins too late"))?;
            values.put(dtype, to, chunk, Step { at, by: from.by }, n)
        })
    }

    /// Copies a piece out of a chunk of packed strings.
    pub(super) fn put_text(&mut self, piece: &Piece, chunk: Text) -> Result<()> {
        let Some(packed) = &mut self.packed else { return Err(Error::request("not a text array")) };
        let inner = strides(&self.array.chunk, &self.array.axes);
        let number = u32::try_from(packed.chunks.len()).map_err(|_| Error::limit("too many chunks"))?;
        let slots = &mut packed.slots;
        runs(piece, &self.strides, &inner, |to, from, n| {
            for i in 0..n {
                let item = from.at + i * from.by;
                if item >= chunk.len() {
                    return Err(Error::malformed(format!("chunk has {} strings, not {item}", chunk.len())));
                }
                if let Some(slot) = slots.get_mut(to.at + i * to.by) {
                    *slot = (number, item as u32);
                }
            }
            Ok(())
        })?;
        packed.chunks.push(chunk);
        Ok(())
    }

    /// Fills a piece whose chunk was never written.
    pub(super) fn fill(&mut self, piece: &Piece) -> Result<()> {
        if self.packed.is_some() || self.array.fill.iter().all(|&b| b == 0) {
            return Ok(()); // As the buffers begin.
        }
        let inner = vec![0; piece.len.len()];
        let (dtype, values, fill) = (&self.gathered, &mut self.values, &self.array.fill);
        runs(piece, &self.strides, &inner, |to, _, n| values.fill(dtype, to, fill, n))
    }

    /// The type to finish as, and what was gathered.
    pub(super) fn finish(self) -> (&'a DType, Values) {
        let values = match self.packed {
            Some(Packed { chunks, slots }) => Values::Text(
                slots
                    .iter()
                    .map(|&(chunk, item)| {
                        chunks.get(chunk as usize).and_then(|c| c.get(item as usize)).unwrap_or("")
                    })
                    .collect(),
            ),
            None => self.values,
        };
        (&self.array.dtype, values)
    }
}

/// Items from one to the next along each axis when `order` lists the axes slowest first.
fn strides(shape: &[u64], order: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1_usize;
    for &axis in order.iter().rev() {
        if let (Some(stride), Some(&side)) = (strides.get_mut(axis), shape.get(axis)) {
            *stride = step;
            step = step.saturating_mul(usize::try_from(side).unwrap_or(usize::MAX));
        }
    }
    strides
}

/// Walks a piece in runs along its longest axis.
fn runs(
    piece: &Piece,
    outer: &[usize],
    inner: &[usize],
    mut run: impl FnMut(Step, Step, usize) -> Result<()>,
) -> Result<()> {
    let at = |origin: &[u64], strides: &[usize]| {
        origin.iter().zip(strides).fold(0_usize, |sum, (&o, &s)| {
            sum.saturating_add(usize::try_from(o).unwrap_or(usize::MAX).saturating_mul(s))
        })
    };
    let (mut to, mut from) = (at(&piece.to, outer), at(&piece.from, inner));
    // The last of the longest, so that C order with C order copies whole rows.
    let Some((axis, &n)) = piece.len.iter().enumerate().max_by_key(|&(_, n)| n) else {
        return run(Step { at: to, by: 1 }, Step { at: from, by: 1 }, 1);
    };
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    let by = |strides: &[usize]| strides.get(axis).copied().unwrap_or(1);
    let (to_by, from_by) = (by(outer), by(inner));
    let mut here = vec![0_u64; piece.len.len()];
    loop {
        run(Step { at: to, by: to_by }, Step { at: from, by: from_by }, n)?;
        // Odometer over the other axes.
        let mut moved = false;
        for a in (0..here.len()).rev().filter(|&a| a != axis) {
            let (Some(step), Some(&len)) = (here.get_mut(a), piece.len.get(a)) else { continue };
            let (so, si) = (outer.get(a).copied().unwrap_or(0), inner.get(a).copied().unwrap_or(0));
            *step += 1;
            if *step < len {
                (to, from) = (to.saturating_add(so), from.saturating_add(si));
                moved = true;
                break;
            }
            let back = (*step - 1) as usize;
            (to, from) = (to.saturating_sub(back * so), from.saturating_sub(back * si));
            *step = 0;
        }
        if !moved {
            return Ok(());
        }
    }
}
