//! From the filters of a dataset to the codecs that undo them.

use super::message::filters::Filter;
use crate::{
    codec::{Codec, Packing, Part, ScaleOffset, Significant, Szip},
    error::{Error, Result},
};

/// Most parts of an item that nbit packs one by one, arrays taken apart.
const PARTS: usize = 1 << 16;

/// The codecs of a pipeline, in the order of writing. `width` is the size of an item.
///
/// # Errors
/// `Unsupported`, with number and name of the filter; `Malformed` when its parameters make no sense.
pub fn codecs(filters: &[Filter], width: u32) -> Result<Vec<Codec>> {
    filters.iter().map(|filter| codec(filter, width)).collect()
}

fn codec(filter: &Filter, width: u32) -> Result<Codec> {
    let first = filter.values.first().copied();
    Ok(match filter.id {
        1 => Codec::Zlib,
        2 => Codec::Shuffle { width: first.unwrap_or(width) },
        3 => Codec::Fletcher32,
        4 => szip(&filter.values)?,
        5 => nbit(&filter.values)?,
        6 => scale_offset(&filter.values)?,
        307 => Codec::Bz2,
        32_000 => Codec::Lzf,
        32_001 => Codec::Blosc,
        32_004 => Codec::Lz4Frames,
        32_008 => bitshuffle(&filter.values)?,
        32_015 => Codec::Zstd,
        32_026 => Codec::Blosc2,
        id => return Err(refuse(id, &filter.name)),
    })
}

fn refuse(id: u16, name: &str) -> Error {
    let known = match id {
        305 => "lzo",
        32_013 => "zfp",
        32_017 => "sz",
        32_018 => "fcidecomp",
        32_019 => "jpeg",
        32_024 => "sz3",
        32_028 => "sperr",
        _ if name.is_empty() => "without a name",
        _ => name,
    };
    Error::unsupported(format!("filter {id} ({known}) is not read")).hint(format!(
        "write the dataset again with gzip instead: h5repack -f GZIP=4 IN OUT, on a machine that has the filter {id}"
    ))
}

fn bitshuffle(values: &[u32]) -> Result<Codec> {
    // Version, width, items per block, and what packs the blocks.
    let packing = match values.get(4).copied().unwrap_or(0) {
        0 => Packing::None,
        2 => Packing::Lz4,
        3 => Packing::Zstd,
        other => return Err(Error::unsupported(format!("bitshuffle with packing {other} is not read"))),
    };
    let at = |i: usize| values.get(i).copied();
    let width = at(2).filter(|&width| width > 0);
    let width = width.ok_or_else(|| Error::malformed(format!("bitshuffle with parameters {values:?}")))?;
    Ok(Codec::Bitshuffle { width, block: at(3).unwrap_or(0), packing })
}

fn szip(values: &[u32]) -> Result<Codec> {
    let form = match *values {
        [options, block, bits, line, ..] => Szip::new(options, block, bits, line),
        _ => None,
    };
    form.map(Codec::Szip).ok_or_else(|| Error::malformed(format!("szip with parameters {values:?}")))
}

/// A step that changes nothing.
fn nothing() -> Codec {
    Codec::Shuffle { width: 1 }
}

fn scale_offset(values: &[u32]) -> Result<Codec> {
    let bad = || Error::malformed(format!("scale-offset with parameters {values:?}"));
    let &[scale, factor, count, class, width, _signed, order, filled, ref fill @ ..] = values else {
        return Err(bad());
    };
    let decimals = match (class, scale, width) {
        (0, 2, 1 | 2 | 4 | 8) => None,
        (1, 0, 4 | 8) => Some(factor as i32),
        (1, 1, _) => return Err(Error::unsupported("scale-offset with a scaled exponent is not read")),
        _ => return Err(bad()),
    };
    if decimals.is_none() && factor == width.saturating_mul(8) {
        return Ok(nothing());
    }
    let word = |i: usize| u64::from(fill.get(i).copied().unwrap_or(0));
    Ok(Codec::ScaleOffset(ScaleOffset {
        count,
        width: width as u8,
        big: order == 1,
        decimals,
        fill: (filled == 1).then(|| word(1) << 32 | word(0)),
    }))
}

/// What is left of nbit's parameters: a description of the item's type, nested like the type itself.
struct Nested<'v> {
    values: std::slice::Iter<'v, u32>,
    parts: Vec<Part>,
    /// Steps left: arrays of empty records would else go on for ever.
    fuel: usize,
}

fn nbit(values: &[u32]) -> Result<Codec> {
    let bad = || Error::malformed(format!("nbit with parameters {values:?}"));
    let (Some(1), false) = (values.get(1), values.len() < 5) else {
        let &[_, _, _, class, width, ..] = values else { return Err(bad()) };
        let values = values.get(4..).unwrap_or(&[]).iter();
        let mut nested = Nested { values, parts: Vec::new(), fuel: PARTS };
        nested.describe(class, 0, 16).ok_or_else(bad)?;
        return Ok(Codec::NBit { width, parts: nested.parts });
    };
    Ok(nothing())
}

impl Nested<'_> {
    fn next(&mut self) -> Option<u32> {
        self.values.next().copied()
    }

    /// Takes in a type whose first byte is `at`; the size comes first. `None`: the parameters make no sense.
    fn describe(&mut self, class: u32, at: u32, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.fuel = self.fuel.checked_sub(1)?;
        let size = self.next().filter(|&size| size > 0)?;
        match class {
            1 => {
                let big = self.next()? == 1;
                let precision = self.next()?.try_into().ok()?;
                let offset = self.next()?.try_into().ok()?;
                let bits = Significant { width: size.try_into().ok()?, big, offset, precision };
                self.push(Part::Number { at, bits }, bits.is_sound())
            }
            2 => {
                let class = self.next()?;
                let base = self.values.clone();
                let each = self.values.as_slice().first().copied().filter(|&each| each > 0)?;
                if class == 4 {
                    self.next()?;
                    return self.push(Part::Plain { at, len: size }, true);
                }
                for i in 0..size.checked_div(each)? {
                    self.values = base.clone();
                    self.describe(class, at.checked_add(i.checked_mul(each)?)?, depth)?;
                }
                Some(())
            }
            3 => {
                for _ in 0..self.next()? {
                    let member = self.next()?;
                    let class = self.next()?;
                    self.describe(class, at.checked_add(member)?, depth)?;
                }
                Some(())
            }
            4 => self.push(Part::Plain { at, len: size }, true),
            _ => None,
        }
    }

    fn push(&mut self, part: Part, sound: bool) -> Option<()> {
        self.parts.push(part);
        sound.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nbit_parameters_are_nested_like_the_type() {
        // A record of 9 bytes: a 12-bit number at 0, an array of two 4-bit numbers at 2, five plain bytes at 4.
        let member = [0, 1, 2, 0, 12, 0];
        let array = [2, 2, 2, 1, 1, 1, 4, 2];
        let plain = [4, 4, 5];
        let values = [&[25, 0, 7, 3, 9, 3][..], &member, &array, &plain].concat();
        let Codec::NBit { width: 9, parts } = nbit(&values).unwrap() else { panic!() };
        let bits = Significant { width: 1, big: true, offset: 2, precision: 4 };
        assert_eq!(parts.len(), 4);
        assert_eq!(parts[2], Part::Number { at: 3, bits });
        assert_eq!(parts[3], Part::Plain { at: 4, len: 5 });
        assert!(nbit(&values[..values.len() - 1]).is_err());
        assert_eq!(nbit(&[8, 1, 7, 1, 4, 0, 32, 0]).unwrap(), nothing());
    }
}
