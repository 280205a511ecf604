//! szip as HDF5 uses it: the size, then a stream of CCSDS 121.0-B (adaptive entropy coding) without end marks.
//!
//! Samples come in blocks, blocks in scanlines. Each block says which of a few codes it is in; with the nearest-neighbour
//! option the first sample of a scanline stands there as it is and the others as folded differences. Numbers of 32 and
//! 64 bits are cut into bytes first, all first bytes in front.

#[cfg(test)]
mod tests;

use super::{
    Room,
    bits::{mask, put},
    shuffle,
};
use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// Bits of the option mask: numbers are big-endian, differences to the sample before.
const BIG: u32 = 16;
const NEAREST: u32 = 32;
/// Most samples of a block and most blocks of a scanline, as the format has it.
const BLOCK: u32 = 32;
const BLOCKS: u32 = 4096;
/// A run of empty blocks ends at such a boundary.
const SEGMENT: u32 = 64;
/// The run length that means: up to the boundary.
const REST: u32 = 5;
/// Most decoded bytes per encoded one: nine bits for a segment of empty blocks of four-byte samples.
const RATIO: usize = 8192;

/// How a dataset's chunks were packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Szip {
    /// Bytes of a sample as decoded; 1 where numbers were cut into bytes.
    width: u8,
    /// Bits of a sample that count.
    bits: u32,
    /// Samples of a block.
    block: u32,
    /// Samples of a scanline.
    line: u32,
    /// Samples are big-endian.
    big: bool,
    /// Differences instead of samples.
    nearest: bool,
    /// Bytes of the numbers that were cut into bytes; 1 where none were.
    cut: u8,
}

impl Szip {
    /// From the filter's parameters: options, samples per block, bits per sample, samples per scanline. `None`: they
    /// make no sense.
    pub fn new(options: u32, block: u32, bits: u32, line: u32) -> Option<Self> {
        let cut: u8 = match bits {
            32 => 4,
            64 => 8,
            _ => 1,
        };
        let bits = if cut > 1 { 8 } else { bits };
        let width = match bits {
            1..=8 => 1,
            9..=16 => 2,
            17..=24 => 4,
            _ => return None,
        };
        let sound = (2..=BLOCK).contains(&block) && block.is_multiple_of(2) && line > 0;
        let blocks = line.div_ceil(block.max(1));
        (sound && blocks <= BLOCKS).then_some(Self {
            width,
            bits,
            block,
            line,
            big: options & BIG != 0,
            nearest: options & NEAREST != 0,
            cut,
        })
    }
}

/// Decodes a chunk.
pub(super) fn decode(form: &Szip, input: &[u8], room: Room) -> Result<Vec<u8>> {
    let (head, stream) = input.split_first_chunk::<4>().ok_or_else(short)?;
    let size = room.declared(u32::from_le_bytes(*head).into(), stream.len(), RATIO)?;
    let width = usize::from(form.width);
    let mut out = Limits::room(size, "a chunk")?;
    let mut coder = Decoder::new(form, stream);
    while out.len() < size {
        let left = size.saturating_sub(out.len()).checked_div(width).unwrap_or(0);
        if left == 0 {
            return Err(Error::malformed(format!("{size} bytes are not samples of {width}")));
        }
        coder.scanline(left)?;
        for &sample in coder.samples.iter().take(left.min(form.line as usize)) {
            let mut slot = [0; 4];
            let slot = slot.get_mut(..width).unwrap_or(&mut []);
            put(slot, sample.into(), form.big);
            out.extend_from_slice(slot);
        }
    }
    match form.cut {
        1 => Ok(out),
        cut => shuffle::unshuffle(out.into(), cut.into()).map(|bytes| bytes.to_vec()),
    }
}

fn short() -> Error {
    Error::malformed("stream ends early")
}

struct Decoder<'a> {
    form: &'a Szip,
    bits: Stream<'a>,
    /// Bits of a block's code number.
    head: u32,
    /// The scanline being decoded.
    samples: Vec<u32>,
}

impl<'a> Decoder<'a> {
    fn new(form: &'a Szip, stream: &'a [u8]) -> Self {
        let head = match form.bits {
            0..=8 => 3,
            9..=16 => 4,
            _ => 5,
        };
        Self { form, bits: Stream { rest: stream, window: 0, have: 0 }, head, samples: Vec::new() }
    }

    /// Decodes a scanline, of which `wanted` samples are of use: the last one ends where the data do.
    fn scanline(&mut self, wanted: usize) -> Result<()> {
        let Szip { block, line, nearest, .. } = *self.form;
        let blocks = line.div_ceil(block);
        self.samples.clear();
        let mut done = 0;
        while done < blocks && self.samples.len() < wanted.min(line as usize) {
            done = done.saturating_add(self.block(done, blocks)?);
        }
        if nearest {
            self.unfold();
        }
        Ok(())
    }

    /// Decodes the next blocks and says how many those were: more than one where they are empty.
    fn block(&mut self, done: u32, blocks: u32) -> Result<u32> {
        let Szip { block, bits, nearest, .. } = *self.form;
        let first = nearest && done == 0;
        let code = self.bits.take(self.head)?;
        let last = mask(self.head) as u32;
        let empty = code == 0 && self.bits.take(1)? == 0;
        // The first sample of a scanline stands in front, as it is; where nothing is coded it is among the others.
        if first && code != last {
            let sample = self.bits.take(bits)?;
            self.samples.push(sample);
        }
        let here = block.saturating_sub(u32::from(first));
        if empty {
            let run = self.bits.unary()?.saturating_add(1);
            let left = blocks.saturating_sub(done);
            let run = match run {
                REST => left.min(SEGMENT.saturating_sub(done.checked_rem(SEGMENT).unwrap_or(0))),
                run if run > REST => run.saturating_sub(1),
                run => run,
            };
            if run > left {
                return Err(Error::malformed(format!("{run} empty blocks where {left} are left")));
            }
            let end = done.saturating_add(run).saturating_mul(block);
            self.samples.resize(end as usize, 0);
            return Ok(run);
        }
        match code {
            0 => self.pairs(u32::from(first))?,
            code if code == last => {
                for _ in 0..block {
                    let sample = self.bits.take(bits)?;
                    self.samples.push(sample);
                }
            }
            code => self.split(here, code.saturating_sub(1))?,
        }
        Ok(1)
    }

    /// High parts in unary, then low parts of `low` bits.
    fn split(&mut self, count: u32, low: u32) -> Result<()> {
        let start = self.samples.len();
        let most = mask(self.form.bits) as u32;
        for _ in 0..count {
            let high = self.bits.unary()?;
            let sample = u64::from(high).checked_shl(low).filter(|&s| s <= u64::from(most));
            self.samples.push(sample.ok_or_else(|| wide(self.form.bits))? as u32);
        }
        for sample in self.samples.iter_mut().skip(start) {
            *sample |= self.bits.take(low)?;
        }
        Ok(())
    }

    /// Pairs of small samples, each pair as one number: the second extension. `at` is 1 where a block's first sample is
    /// there already, whose pair then gives its second half only.
    fn pairs(&mut self, mut at: u32) -> Result<()> {
        while at < self.form.block {
            let number = self.bits.unary()?;
            // The sum of the pair: numbers count up the diagonals.
            let (mut sum, mut diagonal) = (0_u32, 0_u32);
            while number.saturating_sub(diagonal) > sum {
                diagonal = diagonal.saturating_add(sum).saturating_add(1);
                sum = sum.saturating_add(1);
            }
            if sum > 12 {
                return Err(Error::malformed(format!("a pair of samples with the number {number}")));
            }
            let second = number.saturating_sub(diagonal);
            if at.is_multiple_of(2) {
                self.samples.push(sum.saturating_sub(second));
                at = at.saturating_add(1);
            }
            self.samples.push(second);
            at = at.saturating_add(1);
        }
        Ok(())
    }

    /// From folded differences to samples.
    fn unfold(&mut self) {
        let most = mask(self.form.bits) as u32;
        let middle = (most >> 1).wrapping_add(1);
        let mut samples = self.samples.iter_mut();
        let Some(&mut mut sample) = samples.next() else { return };
        for slot in samples {
            let folded = *slot;
            // Distance to the nearer end of the range: up to there both directions alternate, beyond there is only one.
            let flip = if sample & middle == 0 { 0 } else { most };
            let half = (folded >> 1).saturating_add(folded & 1);
            sample = if half <= flip ^ sample {
                let step = folded >> 1;
                if folded & 1 == 0 { sample.wrapping_add(step) } else { sample.wrapping_sub(half) }
            } else {
                flip ^ folded
            } & most;
            *slot = sample;
        }
    }
}

fn wide(bits: u32) -> Error {
    Error::malformed(format!("a sample of more than {bits} bits"))
}

/// Bits, most significant first.
struct Stream<'a> {
    rest: &'a [u8],
    /// Bits taken out of `rest` and not yet given, the next one highest; what is below them is zero.
    window: u64,
    have: u32,
}

impl Stream<'_> {
    fn fill(&mut self) {
        while self.have <= 56 {
            let Some((&byte, rest)) = self.rest.split_first() else { return };
            self.rest = rest;
            self.window |= u64::from(byte).checked_shl(56_u32.saturating_sub(self.have)).unwrap_or(0);
            self.have = self.have.saturating_add(8);
        }
    }

    fn drop(&mut self, count: u32) {
        self.window = self.window.checked_shl(count).unwrap_or(0);
        self.have = self.have.saturating_sub(count);
    }

    /// The next number of so many bits, at most 32.
    fn take(&mut self, count: u32) -> Result<u32> {
        if self.have < count {
            self.fill();
            if self.have < count {
                return Err(short());
            }
        }
        let number = self.window.checked_shr(64_u32.saturating_sub(count)).unwrap_or(0) as u32;
        self.drop(count);
        Ok(number)
    }

    /// Zeros up to the next one.
    fn unary(&mut self) -> Result<u32> {
        let mut count = 0_u32;
        loop {
            self.fill();
            let zeros = self.window.leading_zeros();
            if zeros < self.have {
                self.drop(zeros.saturating_add(1));
                return Ok(count.saturating_add(zeros));
            }
            if self.have == 0 {
                return Err(short());
            }
            count = count.saturating_add(self.have);
            self.drop(self.have);
        }
    }
}
