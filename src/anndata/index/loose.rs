//! A block of a gene index that is not sorted yet: who waits for its items need not wait for the sort as well.

use std::rc::Rc;

use super::{
    block::{Block, Head, row_spans},
    item::{Form, Numbers},
};
use crate::{
    array::Values,
    error::{Error, Result},
    limits::Limits,
};

/// Items that are in somebody else's memory: to bring them here costs as much as to touch memory that nobody has, which whoever waits for
/// a column need not wait for.
pub trait Parcel {
    /// How many there are.
    fn items(&self) -> usize;

    /// How their values are kept: the form, and the bytes of a value in the matrix' own type.
    fn kept(&self) -> (Form, usize);

    /// Columns and values, as many as were said, in that form.
    ///
    /// # Errors
    /// `Limit` when there is no memory for them.
    fn unpack(&self) -> Result<(Vec<u16>, Numbers)>;
}

/// Columns and values of items.
pub enum Items {
    /// In memory.
    Here(Vec<u16>, Numbers),
    /// Elsewhere.
    Away(Rc<dyn Parcel>),
}

impl Items {
    /// How many there are, and how their values are kept.
    ///
    /// # Errors
    /// `Malformed` when there are not as many values as columns.
    pub fn kept(&self) -> Result<(usize, (Form, usize))> {
        match self {
            Self::Here(indices, values) => Ok((indices.len(), values.kept(indices.len())?)),
            Self::Away(parcel) => Ok((parcel.items(), parcel.kept())),
        }
    }
}

/// What a column has among items.
pub struct Found {
    /// The column.
    pub column: u16,
    /// Which of the items, ascending.
    pub places: Vec<u32>,
    /// Their values, as segments have them.
    pub values: Vec<u8>,
}

impl Found {
    /// Looks for a column, going through all items.
    pub fn of(column: u16, indices: &[u16], values: &Numbers) -> Self {
        let places = hits(indices, column);
        let values = values.bits.some(&places);
        Self { column, places, values }
    }

    /// Whether it can be part of a block.
    fn agrees(&self, head: &Head) -> bool {
        let width = head.form.width(head.plain);
        self.values.len() == self.places.len().saturating_mul(width)
            && self.places.is_sorted_by(|a, b| a < b)
            && self.places.last().is_none_or(|&last| (last as usize) < head.items)
    }
}

/// Items as they came, in the form that they will be kept in.
pub struct Loose {
    /// What it will be.
    pub head: Head,
    /// Its first item's number in the matrix.
    first: u64,
    items: Items,
    /// What is known already.
    found: Vec<Found>,
    /// Where each row of the matrix begins.
    starts: Rc<Vec<u64>>,
}

impl Loose {
    /// Most columns that a matrix may have.
    pub const COLUMNS: usize = 1 << 16;

    /// Takes items from `first` on, those that are here all of columns that are there, with what has been `found` among them. `starts` says
    /// where each row of the matrix begins, ascending.
    ///
    /// # Errors
    /// `Malformed` when there are not as many values as columns, more of them than a block can have, or some were found where none are.
    pub fn new(
        number: u64,
        first: u64,
        items: Items,
        found: Vec<Found>,
        starts: Rc<Vec<u64>>,
        columns: usize,
    ) -> Result<Self> {
        let (count, kept) = items.kept()?;
        let head = Head::new(number, first, count, &starts, columns, kept)?;
        if !found.iter().all(|found| found.agrees(&head)) {
            return Err(Error::malformed("what was found among items is not there"));
        }
        Ok(Self { head, first, items, found, starts })
    }

    /// The block, sorted.
    ///
    /// # Errors
    /// `Limit` when there is no memory for it, `Malformed` when what comes from elsewhere is not what it has to be.
    pub fn sort(&self) -> Result<Block> {
        self.with(|indices, values| {
            let mut wide: Vec<u32> = Limits::room(indices.len(), "the gene index")?;
            wide.extend(indices.iter().map(|&column| u32::from(column)));
            Block::sort(self.head.clone(), self.first, &wide, &values.bits, &self.starts)
        })
    }

    /// Whether its items are in somebody else's memory.
    pub fn is_away(&self) -> bool {
        matches!(self.items, Items::Away(_))
    }

    /// Does something with the items.
    fn with<T>(&self, work: impl FnOnce(&[u16], &Numbers) -> Result<T>) -> Result<T> {
        match &self.items {
            Items::Here(indices, values) => work(indices, values),
            Items::Away(parcel) => {
                let (indices, values) = parcel.unpack()?;
                let kept = (self.head.form, self.head.plain);
                let there = |&column: &u16| usize::from(column) < self.head.columns;
                if indices.len() != self.head.items
                    || values.kept(indices.len())? != kept
                    || !indices.iter().all(there)
                {
                    return Err(Error::malformed("what another reader has read is not what it has to be"));
                }
                work(&indices, &values)
            }
        }
    }

    /// Adds columns' values to `out`, going through all items for those that have not been found. Nothing is added where items turn out not to
    /// be what they have to be.
    ///
    /// # Errors
    /// As [`sort`](Self::sort) and [`Head::add`].
    pub fn add(&self, columns: &[u64], out: &mut [Values]) -> Result<()> {
        let narrow = |&column: &u64| u16::try_from(column);
        let columns: std::result::Result<Vec<u16>, _> = columns.iter().map(narrow).collect();
        let columns = columns.map_err(|_| Error::malformed("the gene index lacks a column"))?;
        let known = |column: u16| self.found.iter().find(|found| found.column == column);
        let lacking: Vec<u16> = columns.iter().copied().filter(|&column| known(column).is_none()).collect();
        let look = |indices: &[u16], values: &Numbers| {
            Ok(lacking.iter().map(|&column| Found::of(column, indices, values)).collect::<Vec<_>>())
        };
        let looked = if lacking.is_empty() { Vec::new() } else { self.with(look)? };
        for (&column, out) in columns.iter().zip(out) {
            if let Some(found) = known(column).or_else(|| looked.iter().find(|found| found.column == column))
            {
                self.add_found(found, out)?;
            }
        }
        Ok(())
    }

    fn add_found(&self, found: &Found, out: &mut Values) -> Result<()> {
        let last = self.first.saturating_add(self.head.items as u64);
        let rows = self.head.base..self.starts.len() as u64;
        let mut rows = row_spans(&self.starts, rows, self.first..last);
        let mut here = rows.next();
        let mut segment = Vec::with_capacity(found.places.len() * 4 + found.values.len());
        for &place in &found.places {
            while here.as_ref().is_some_and(|(_, span)| span.end <= place as usize) {
                here = rows.next();
            }
            let row = here.as_ref().map_or(0, |(row, _)| row.saturating_sub(self.head.base));
            self.head.push_row(row as u32, &mut segment);
        }
        segment.extend_from_slice(&found.values);
        self.head.add(&segment, out)
    }

    /// Bytes it takes, wherever they are.
    pub fn len(&self) -> u64 {
        (self.head.items * (2 + self.head.form.width(self.head.plain))) as u64
    }
}

/// Positions of a column. In stretches, most of which have none, so that the loop over one is plain.
fn hits(indices: &[u16], column: u16) -> Vec<u32> {
    const STRETCH: usize = 64;
    let mut hits = Vec::new();
    for (number, stretch) in indices.chunks(STRETCH).enumerate() {
        if stretch.iter().fold(false, |any, &other| any | (other == column)) {
            let within = stretch.iter().enumerate().filter(|&(_, &other)| other == column);
            hits.extend(within.map(|(at, _)| (number * STRETCH + at) as u32));
        }
    }
    hits
}
