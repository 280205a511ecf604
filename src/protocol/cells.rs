//! Many rows in few bytes: one bit per row, or runs of rows, whichever is smaller. A million of any million rows take 125,000 bytes.
//!
//! This form goes to our own relay only; the reference's server gets the plain list. See [`Packed`].

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    CELLS_LIMIT,
    numbers::{push_uvarint, uvarint, uvarint_size},
};
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// Up to this many rows go as a plain list, which everybody can read.
pub(super) const FEW: usize = 1024;

/// How rows are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// One bit for each row from `from` on, lowest bit of the first byte first.
    Bits,
    /// Pairs of base-128 numbers: rows left out, rows taken (at least one), beginning at `from`.
    Ranges,
}

/// Ascending rows, each once. In JSON: `{"coding": "bits", "from": 12, "count": 5000, "data": "…base64…"}`; where bytes can travel as
/// they are (a message port, a widget's channel), `data` is a byte array instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// How.
    pub coding: Coding,
    /// The first row; 0 when there is none.
    pub from: u32,
    /// How many rows.
    pub count: u32,
    /// The rows.
    pub data: Vec<u8>,
}

/// Packs rows; the order and repetitions are not kept.
///
/// ```
/// use cellucid_wasm::protocol::{pack, unpack};
///
/// let packed = pack(&[7, 5, 6, 5]);
/// assert_eq!((packed.from, packed.count), (5, 3));
/// assert_eq!(unpack(&packed, 100)?, [5, 6, 7]);
/// # Ok::<(), cellucid_wasm::Error>(())
/// ```
pub fn pack(rows: &[u32]) -> Packed {
    let rows = &*ascending(rows);
    let count = rows.len() as u32;
    let [from, ..] = *rows else {
        return Packed { coding: Coding::Ranges, from: 0, count: 0, data: Vec::new() };
    };
    let bits = rows.last().map_or(0, |last| (last - from) as usize / 8 + 1);
    let ranges: usize = runs(rows).map(|(skip, run)| uvarint_size(skip) + uvarint_size(run)).sum();
    if ranges <= bits {
        let mut data = Vec::with_capacity(ranges);
        for (skip, run) in runs(rows) {
            push_uvarint(&mut data, skip);
            push_uvarint(&mut data, run);
        }
        return Packed { coding: Coding::Ranges, from, count, data };
    }
    let mut data = vec![0_u8; bits];
    for row in rows {
        let at = row - from;
        if let Some(byte) = data.get_mut(at as usize / 8) {
            *byte |= 1 << (at % 8);
        }
    }
    Packed { coding: Coding::Bits, from, count, data }
}

/// Rows left out and rows taken, in turn.
fn runs(rows: &[u32]) -> impl Iterator<Item = (u64, u64)> {
    let mut next = rows.first().copied().unwrap_or_default();
    rows.chunk_by(|a, b| a.checked_add(1) == Some(*b)).map(move |run| {
        let first = run.first().copied().unwrap_or_default();
        let skip = first.saturating_sub(next);
        next = first.saturating_add(run.len() as u32);
        (skip.into(), run.len() as u64)
    })
}

/// The rows again.
///
/// # Errors
/// `Malformed` when the bytes do not hold exactly `count` rows of 32 bits; `Limit` when these are more than `most`.
pub fn unpack(packed: &Packed, most: usize) -> Result<Vec<u32>> {
    let Packed { coding, from, count, data } = packed;
    let wrong =
        || Error::malformed(format!("packed rows: the data does not hold {count} rows from {from} on"));
    let count = Limits::size(u64::from(*count), most as u64, "a list of rows")?;
    match coding {
        Coding::Bits => {
            // Counted first: memory is only taken for rows that are there.
            if data.iter().map(|byte| byte.count_ones() as usize).sum::<usize>() != count {
                return Err(wrong());
            }
            let mut rows = Limits::room(count, "a list of rows")?;
            for (at, &byte) in data.iter().enumerate() {
                let mut left = byte;
                while left != 0 {
                    let row = u64::from(*from) + at as u64 * 8 + u64::from(left.trailing_zeros());
                    rows.push(u32::try_from(row).map_err(|_| wrong())?);
                    left &= left - 1;
                }
            }
            Ok(rows)
        }
        Coding::Ranges => {
            let mut rows = Limits::room(count, "a list of rows")?;
            let (mut rest, mut next) = (data.as_slice(), u64::from(*from));
            while !rest.is_empty() {
                let (skip, run) = (uvarint(&mut rest)?, uvarint(&mut rest)?);
                let first = next.saturating_add(skip);
                next = first.saturating_add(run);
                if run == 0 || run > (count - rows.len()) as u64 || next > 1 << 32 {
                    return Err(wrong());
                }
                rows.extend((first..next).map(|row| row as u32));
            }
            if rows.len() == count { Ok(rows) } else { Err(wrong()) }
        }
    }
}

impl Packed {
    /// The JSON form.
    pub(super) fn write(&self) -> Value {
        let coding = match self.coding {
            Coding::Bits => "bits",
            Coding::Ranges => "ranges",
        };
        json!({"coding": coding, "from": self.from, "count": self.count, "data": STANDARD.encode(&self.data)})
    }

    /// Bytes of the JSON form at most.
    pub(super) fn size(&self) -> usize {
        self.data.len().div_ceil(3) * 4 + 96
    }

    /// Reads the JSON form.
    pub(super) fn read(value: &Value) -> Result<Self> {
        let coding = match value.get("coding").and_then(Value::as_str) {
            Some("bits") => Coding::Bits,
            Some("ranges") => Coding::Ranges,
            Some(other) => return Err(Error::unsupported(format!("cells: coding \"{other}\""))),
            None => return Err(Error::request("cells: neither a list nor a packed list")),
        };
        let number = |name: &str| {
            let number = value.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            number.ok_or_else(|| Error::request(format!("cells: \"{name}\" is not a row number")))
        };
        let data = value.get("data").and_then(Value::as_str).unwrap_or_default();
        let data = STANDARD
            .decode(data)
            .map_err(|e| Error::malformed("cells: the data is not base64").because(e))?;
        Ok(Self { coding, from: number("from")?, count: number("count")?, data })
    }
}

/// What to make of `cells` in a message: a list, a packed list, or null.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rows {
    /// All rows.
    All,
    /// These.
    Some(Vec<u32>),
    /// Something else, put into words.
    Wrong(String),
}

impl Rows {
    /// The packed form, unpacked.
    pub(super) fn unpacked(value: &Value) -> Self {
        let rows = Packed::read(value).and_then(|packed| unpack(&packed, CELLS_LIMIT));
        rows.map_or_else(|error| Self::Wrong(error.to_string()), Self::Some)
    }
}

/// Ascending, each once.
pub(super) fn ascending(rows: &[u32]) -> Cow<'_, [u32]> {
    if rows.is_sorted_by(|a, b| a < b) {
        return rows.into();
    }
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows.dedup();
    rows.into()
}
