//! Shards: many chunks in one file behind an index of where each lies.
//!
//! Format: <https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/>.

use bytes::Bytes;
use serde_json::Value;

use super::{codecs::endian, json::named};
use crate::{
    array::Order,
    codec::{Codec, checksum::Sum, decode},
    error::{Error, Result},
    limits::Limits,
    source::Part,
};

/// One level of shards.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Level {
    /// The array's axes in the order in which the index runs over them, slowest first.
    axes: Vec<usize>,
    /// Chunks per shard along each of these.
    counts: Vec<u64>,
    order: Order,
    checked: bool,
    at_end: bool,
    /// What was done to shards as a whole, in the order of writing.
    pub around: Vec<Codec>,
}

/// Where the chunks of a shard lie, in row-major order.
pub(super) type Index = Vec<(u64, u64)>;

impl Level {
    /// From a codec's configuration: shards of shape `outer` hold chunks of shape `inner`, both in the order of `axes`.
    pub(super) fn new(configuration: &Value, axes: &[usize], outer: &[u64], inner: &[u64]) -> Result<Self> {
        let mismatch =
            || Error::malformed(format!("shards of shape {outer:?} cannot be cut into chunks of {inner:?}"));
        if outer.len() != inner.len() {
            return Err(mismatch());
        }
        let counts = outer.iter().zip(inner).map(|(&o, &i)| match o.checked_rem(i) {
            Some(0) => Ok(o.checked_div(i).unwrap_or(0).max(1)),
            // An array without items may have chunks without any.
            None if o == 0 => Ok(1),
            _ => Err(mismatch()),
        });
        let counts = counts.collect::<Result<Vec<u64>>>()?;
        let (mut order, mut checked) = (Order::Little, false);
        for (i, codec) in
            configuration.get("index_codecs").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            match named(codec)? {
                ("bytes", configuration) if i == 0 => order = endian(configuration)?,
                ("crc32c", _) if i == 1 => checked = true,
                (other, _) => {
                    return Err(Error::unsupported(format!(
                        "codec \"{other}\" of a shard's index is not read"
                    )));
                }
            }
        }
        let at_end = match configuration.get("index_location").and_then(Value::as_str) {
            None | Some("end") => true,
            Some("start") => false,
            Some(other) => return Err(Error::malformed(format!("index location \"{other}\""))),
        };
        Ok(Self { axes: axes.to_vec(), counts, order, checked, at_end, around: Vec::new() })
    }

    /// Chunks per shard along each of the array's axes.
    pub(super) fn sides(&self) -> Vec<u64> {
        let mut sides = vec![1; self.counts.len()];
        for (&axis, &count) in self.axes.iter().zip(&self.counts) {
            if let Some(side) = sides.get_mut(axis) {
                *side = count;
            }
        }
        sides
    }

    /// A chunk's number in the index, from its place within the shard along each of the array's axes.
    pub(super) fn number(&self, inside: &[u64]) -> u64 {
        self.axes.iter().zip(&self.counts).fold(0, |number: u64, (&axis, &count)| {
            let step = inside.get(axis).copied().unwrap_or(0);
            number.saturating_mul(count).saturating_add(step)
        })
    }

    /// Bytes of the index.
    pub(super) fn len(&self) -> u64 {
        let count = self.counts.iter().fold(1, |n: u64, &c| n.saturating_mul(c));
        count.saturating_mul(16).saturating_add(if self.checked { 4 } else { 0 })
    }

    /// Which part of a shard the index is; the shard is a file or a part of one.
    pub(super) fn part(&self, shard: &Part) -> Part {
        let len = self.len();
        match (shard, self.at_end) {
            (Part::Span(span), true) => Part::Span(span.end.saturating_sub(len).max(span.start)..span.end),
            (Part::Span(span), false) => Part::Span(span.start..span.start.saturating_add(len).min(span.end)),
            (_, true) => Part::Last(len),
            (_, false) => Part::Span(0..len),
        }
    }

    /// Reads an index.
    pub(super) fn parse(&self, bytes: Bytes, limits: &Limits) -> Result<Index> {
        let len = Limits::size(self.len(), limits.header, "a shard's index")?;
        if bytes.len() != len {
            return Err(Error::malformed(format!(
                "shard has {} bytes, too few for an index of {len}",
                bytes.len()
            )));
        }
        let bytes = if self.checked {
            let checksum = [Codec::Checksum { sum: Sum::Crc32c, front: false }];
            let size = len.saturating_sub(4);
            decode(&checksum, bytes, 0, Some(size), size).map_err(|e| e.about("index of the shard"))?
        } else {
            bytes
        };
        let number = if self.order == Order::Big { u64::from_be_bytes } else { u64::from_le_bytes };
        let (pairs, _) = bytes.as_chunks::<8>().0.as_chunks::<2>();
        Ok(pairs.iter().map(|&[offset, len]| (number(offset), number(len))).collect())
    }
}

/// Where a chunk lies within a shard that is a file or a part of one; `None` if it was never written.
pub(super) fn chunk(index: &Index, number: u64, shard: &Part, limits: &Limits) -> Result<Option<Part>> {
    let entry = usize::try_from(number).ok().and_then(|n| index.get(n)).copied();
    let (offset, len) = entry.ok_or_else(|| Error::malformed("chunk is not in the index of its shard"))?;
    if (offset, len) == (u64::MAX, u64::MAX) {
        return Ok(None);
    }
    // Encoded data may be a little larger than decoded ones, not much.
    Limits::size(len, limits.chunk.saturating_add(limits.chunk / 8).saturating_add(1 << 16), "a chunk")?;
    let (start, room) = match shard {
        Part::Span(span) => (span.start, span.end.saturating_sub(span.start)),
        _ => (0, u64::MAX),
    };
    let end = offset.checked_add(len).filter(|&end| end <= room).and_then(|end| end.checked_add(start));
    let end = end.ok_or_else(|| {
        Error::malformed(format!("index of the shard places a chunk at {offset} with {len} bytes"))
    })?;
    Ok(Some(Part::Span(start.saturating_add(offset)..end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_of_chunks_follow_the_order_of_axes() {
        let configuration = json!({"index_codecs": ["bytes", {"name": "crc32c"}], "index_location": "start"});
        let level = Level::new(&configuration, &[1, 0], &[6, 8], &[2, 8]).unwrap();
        assert_eq!((level.sides(), level.len()), (vec![1, 3], 3 * 16 + 4));
        assert_eq!(level.number(&[0, 2]), 2);
        assert_eq!(level.part(&Part::All), Part::Span(0..52));
        let end = Level { at_end: true, ..level };
        assert_eq!(end.part(&Part::All), Part::Last(52));
        assert_eq!(end.part(&Part::Span(100..300)), Part::Span(248..300));
    }

    #[test]
    fn damaged_indexes_are_refused() {
        let level = Level::new(&json!({"index_codecs": ["bytes", "crc32c"]}), &[0], &[4], &[2]).unwrap();
        let limits = Limits::default();
        let mut bytes: Vec<u8> =
            [0_u64, 10, u64::MAX, u64::MAX].iter().flat_map(|n| n.to_le_bytes()).collect();
        bytes.extend(Sum::Crc32c.of(&bytes).to_le_bytes());
        let index = level.parse(bytes.clone().into(), &limits).unwrap();
        assert_eq!(chunk(&index, 0, &Part::All, &limits).unwrap(), Some(Part::Span(0..10)));
        assert_eq!(chunk(&index, 0, &Part::Span(5..15), &limits).unwrap(), Some(Part::Span(5..15)));
        assert_eq!(chunk(&index, 1, &Part::All, &limits).unwrap(), None);
        assert!(chunk(&index, 2, &Part::All, &limits).is_err());
        assert!(chunk(&index, 0, &Part::Span(5..14), &limits).is_err());
        assert!(chunk(&vec![(u64::MAX - 1, 5)], 0, &Part::All, &limits).is_err());
        assert!(chunk(&vec![(0, u64::MAX - 1)], 0, &Part::All, &limits).is_err());
        bytes[3] ^= 1;
        assert!(level.parse(bytes.clone().into(), &limits).is_err());
        assert!(level.parse(bytes[1..].to_vec().into(), &limits).is_err());
        assert!(Level::new(&json!({}), &[0], &[5], &[2]).is_err());
        assert!(Level::new(&json!({}), &[0], &[5], &[0]).is_err());
    }
}
