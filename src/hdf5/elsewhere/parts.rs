//! One part of a virtual dataset: which items of it lie in a box, and copying them there from their own dataset.

use std::ops::Range;

use bytes::Bytes;

use super::{Part, axes};
use crate::{
    array::{Array, DType, Order, Select, TextForm, Values},
    codec::{
        self, Codec,
        number::{Form, Number},
    },
    error::{Error, Pending, Result},
    hdf5::{
        Hdf5,
        dataset::Dataset,
        message::selection::Axis,
        space::{apart, number, together},
    },
    limits::Limits,
    tree::{self, Group, Node, Stored, Tree},
};

/// A box around items that is so much larger than what is wanted of it is read in two halves.
const SPARSE: u64 = 8;

/// What of a part lies in a box of the virtual dataset.
pub(super) struct Piece {
    /// Per axis: items of the part, by number.
    numbers: Vec<Range<u64>>,
    /// The box.
    select: Select,
}

impl Piece {
    /// `None` where nothing of the part lies in the box.
    pub(super) fn new(to: &[Axis], select: &Select) -> Option<Self> {
        let numbers: Vec<Range<u64>> =
            to.iter().zip(&select.0).map(|(chosen, span)| chosen.within(span)).collect();
        numbers.iter().all(|n| !n.is_empty()).then(|| Self { numbers, select: select.clone() })
    }

    /// Number of items.
    pub(super) fn len(&self) -> u64 {
        self.numbers.iter().fold(1, |n: u64, r| n.saturating_mul(r.end.saturating_sub(r.start)))
    }
}

/// Copies a piece into `out`, which holds the box in row-major order.
pub(super) async fn copy(
    tree: &Hdf5,
    dataset: &Dataset,
    part: &Part,
    source: &Array,
    piece: &Piece,
    out: &mut [u8],
    depth: usize,
) -> Result<()> {
    let Some(from) = axes(&part.map.from, &source.shape)? else { return Ok(()) };
    // Axes of one item come and go between the two.
    let wide = |chosen: &[Axis]| -> Vec<usize> {
        chosen.iter().enumerate().filter(|(_, s)| s.len() != 1).map(|(axis, _)| axis).collect()
    };
    let (to_axes, from_axes) = (wide(&part.to), wide(&from));
    let lens = |chosen: &[Axis], axes: &[usize]| -> Vec<u64> {
        axes.iter().filter_map(|&axis| chosen.get(axis).map(Axis::len)).collect()
    };
    if lens(&part.to, &to_axes) != lens(&from, &from_axes) {
        return Err(Error::unsupported(
            "a part of a virtual dataset has another shape than where it comes from",
        ));
    }
    let dtype = convert(source, dataset)?;
    let nested = Nested { tree, depth: depth.saturating_add(1) };
    let width = dataset.dtype.width();
    let strides = strides(&piece.select);
    let mut todo = vec![piece.numbers.clone()];
    while let Some(numbers) = todo.pop() {
        let mut spans: Vec<Range<u64>> =
            from.iter().map(|chosen| chosen.at(0)..chosen.at(0).saturating_add(1)).collect();
        for (&t, &f) in to_axes.iter().zip(&from_axes) {
            let (Some(n), Some(chosen), Some(span)) = (numbers.get(t), from.get(f), spans.get_mut(f)) else {
                continue;
            };
            *span = chosen.at(n.start)..chosen.at(n.end.saturating_sub(1)).saturating_add(1);
        }
        let select = Select(spans);
        let wanted = numbers.iter().fold(1_u64, |n, r| n.saturating_mul(r.end.saturating_sub(r.start)));
        if select.len() > wanted.saturating_mul(SPARSE).saturating_add(1 << 12) {
            let longest = (0..numbers.len())
                .max_by_key(|&a| numbers.get(a).map_or(0, |r| r.end.saturating_sub(r.start)));
            let (low, high) = halves(&numbers, longest.unwrap_or(0));
            todo.extend([high, low]);
            continue;
        }
        let raw = raw(&nested, source, &select, &dtype, dataset).await?;
        let inner = self::strides(&select);
        // Per axis of the virtual dataset: where its items are in the box, and where in what was read.
        let mut places: Vec<Vec<(usize, usize)>> = Vec::new();
        for (axis, (range, chosen)) in numbers.iter().zip(&part.to).enumerate() {
            let f = to_axes.iter().position(|&t| t == axis).and_then(|at| from_axes.get(at).copied());
            let start = piece.select.0.get(axis).map_or(0, |span| span.start);
            let stride = strides.get(axis).copied().unwrap_or(0);
            let place = |n: u64| {
                let to = size(chosen.at(n).saturating_sub(start)).saturating_mul(stride);
                let from = f.and_then(|f| {
                    let (chosen, span) = (from.get(f)?, select.0.get(f)?);
                    Some(size(chosen.at(n).saturating_sub(span.start)).saturating_mul(*inner.get(f)?))
                });
                (to, from.unwrap_or(0))
            };
            places.push(range.clone().map(place).collect());
        }
        scatter(&places, 0, 0, width, &raw, out)?;
    }
    Ok(())
}

fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Cuts a box of numbers in two along an axis.
fn halves(numbers: &[Range<u64>], axis: usize) -> (Vec<Range<u64>>, Vec<Range<u64>>) {
    let (mut low, mut high) = (numbers.to_vec(), numbers.to_vec());
    if let (Some(low), Some(high)) = (low.get_mut(axis), high.get_mut(axis)) {
        let middle = low.start.midpoint(low.end);
        (low.end, high.start) = (middle, middle);
    }
    (low, high)
}

/// Items from one to the next along each axis of a box in row-major order.
fn strides(select: &Select) -> Vec<usize> {
    let mut step = 1_usize;
    let mut strides: Vec<usize> = select
        .shape()
        .iter()
        .rev()
        .map(|&n| {
            let stride = step;
            step = step.saturating_mul(size(n));
            stride
        })
        .collect();
    strides.reverse();
    strides
}

/// Copies item by item, runs of the last axis at once.
fn scatter(
    places: &[Vec<(usize, usize)>],
    to: usize,
    from: usize,
    width: usize,
    raw: &[u8],
    out: &mut [u8],
) -> Result<()> {
    let misfit = || Error::malformed("a part of a virtual dataset does not fit");
    let mut copy = |to: usize, from: usize, n: usize| {
        let span = |at: usize| at.saturating_mul(width)..at.saturating_add(n).saturating_mul(width);
        let slot = out.get_mut(span(to)).ok_or_else(misfit)?;
        slot.copy_from_slice(raw.get(span(from)).ok_or_else(misfit)?);
        Ok(())
    };
    match places.split_first() {
        None => copy(to, from, 1),
        Some((last, [])) => {
            for run in
                last.chunk_by(|a, b| a.0.checked_add(1) == Some(b.0) && a.1.checked_add(1) == Some(b.1))
            {
                let Some(&(t, f)) = run.first() else { continue };
                copy(to.saturating_add(t), from.saturating_add(f), run.len())?;
            }
            Ok(())
        }
        Some((axis, rest)) => {
            for &(t, f) in axis {
                scatter(rest, to.saturating_add(t), from.saturating_add(f), width, raw, out)?;
            }
            Ok(())
        }
    }
}

/// How items are turned from one type to another: not at all, or as numbers.
fn convert(source: &Array, dataset: &Dataset) -> Result<Option<Codec>> {
    let (from, to) = (&source.dtype, &dataset.dtype);
    let heap = matches!(to, DType::Text(TextForm::Heap { .. }) | DType::List { .. });
    if from == to && (heap || !refers(to)) {
        return Ok(None);
    }
    match (number_of(from), number_of(to)) {
        (Some(stored), Some(plain)) => Ok(Some(Codec::Cast { stored, plain })),
        _ => Err(Error::unsupported(format!(
            "a part of a virtual dataset is of type {} where {} is wanted",
            from.name(),
            to.name()
        ))),
    }
}

/// Whether items lead to others in their file.
fn refers(dtype: &DType) -> bool {
    match dtype {
        DType::Text(TextForm::Heap { .. }) | DType::List { .. } => true,
        DType::Record { fields, .. } => fields.iter().any(|field| refers(&field.dtype)),
        _ => false,
    }
}

fn number_of(dtype: &DType) -> Option<Number> {
    let (form, bytes, order) = match *dtype {
        DType::Bool => (Form::Unsigned, 1, Order::Little),
        DType::Int { bytes, signed, order } => {
            (if signed { Form::Signed } else { Form::Unsigned }, bytes, order)
        }
        DType::Float { bytes, order } => (Form::Float, bytes, order),
        _ => return None,
    };
    Some(Number { form, bytes, big: order == Order::Big })
}

/// A box of a dataset as bytes of the virtual one's type.
async fn raw(
    tree: &Nested<'_>,
    source: &Array,
    select: &Select,
    convert: &Option<Codec>,
    dataset: &Dataset,
) -> Result<Bytes> {
    let width = u32::try_from(source.dtype.width()).unwrap_or(u32::MAX);
    let plain = Array { dtype: DType::Bytes { width }, ..source.clone() };
    let Values::Bytes { mut bytes, .. } = tree::read(tree, &plain, select).await? else {
        return Err(Error::unsupported("a part of a virtual dataset has no fixed width").at(&source.path));
    };
    if let Some(cast) = convert {
        let len = select.len().saturating_mul(dataset.dtype.width() as u64);
        let len = Limits::size(len, tree.limits().result, "a part")?;
        return codec::decode(std::slice::from_ref(cast), bytes.into(), 0, Some(len), len);
    }
    if refers(&dataset.dtype) {
        mark(&mut bytes, width as usize, source.id)?;
    }
    Ok(bytes.into())
}

/// Says in each reference to a heap in which file that is: the number of the file, counted from 1, above the address.
/// References of the file itself have nothing there.
fn mark(references: &mut [u8], width: usize, source: u64) -> Result<()> {
    let (file, _) = apart(source);
    if width != 16 {
        return Err(Error::unsupported("strings in a virtual dataset of a file with short addresses"));
    }
    for item in references.chunks_exact_mut(width) {
        let Some(slot) = item.get_mut(4..12) else { continue };
        let address = slot.iter().rev().fold(0_u64, |n, &b| n << 8 | u64::from(b));
        if address != 0 && address != u64::MAX && number(address) == 0 {
            slot.copy_from_slice(&together(file.saturating_add(1), address).to_le_bytes());
        }
    }
    Ok(())
}

/// The tree as seen from within a virtual dataset.
struct Nested<'t> {
    tree: &'t Hdf5,
    depth: usize,
}

impl Tree for Nested<'_> {
    fn name(&self) -> &str {
        self.tree.name()
    }

    fn format(&self) -> &'static str {
        self.tree.format()
    }

    fn limits(&self) -> &Limits {
        self.tree.limits()
    }

    fn open<'a>(&'a self, path: &'a str) -> Pending<'a, Option<Node>> {
        self.tree.open(path)
    }

    fn names<'a>(&'a self, group: &'a Group) -> Pending<'a, Option<Vec<String>>> {
        self.tree.names(group)
    }

    fn locate<'a>(&'a self, array: &'a Array, chunks: &'a [u64]) -> Pending<'a, Vec<Stored>> {
        self.tree.locate(array, chunks)
    }

    fn written<'a>(&'a self, array: &'a Array, wanted: u64) -> Pending<'a, Option<Vec<u64>>> {
        self.tree.written(array, wanted)
    }

    fn fetch<'a>(&'a self, stored: &'a [Stored]) -> Pending<'a, Vec<Option<Bytes>>> {
        Box::pin(self.tree.bring(stored, self.depth))
    }
}
