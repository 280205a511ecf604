//! How much one decoding step may give.

use bytes::Bytes;

use crate::{
    error::{Error, Result},
    limits::Limits,
};

/// First guess at an unknown size, as a multiple of the encoded one.
const GUESS: usize = 4;

/// The size a step has to give, or else the size it may not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    size: Option<usize>,
    bound: usize,
}

impl Room {
    /// A step that has to give exactly `size` bytes, or if that is not known at most about `bound`.
    pub fn new(size: Option<usize>, bound: usize) -> Self {
        // What is incompressible grows a little when it is encoded: a step in the middle may give more.
        let slack = (bound / 8).saturating_add(1 << 16);
        Self { size, bound: size.unwrap_or(bound.saturating_add(slack)) }
    }

    /// Exactly so many bytes.
    pub fn exact(size: usize) -> Self {
        Self { size: Some(size), bound: size }
    }

    /// What is left for the next part of a stream whose first parts gave `done` bytes.
    #[must_use]
    pub fn after(self, done: usize) -> Self {
        Self { size: self.size.map(|s| s.saturating_sub(done)), bound: self.bound.saturating_sub(done) }
    }

    /// The exact size, where it is known.
    pub fn size(self) -> Option<usize> {
        self.size
    }

    /// The most there may be.
    pub fn bound(self) -> usize {
        self.bound
    }

    /// Bytes to make room for at first: the exact size where it is known. `ratio` is the most that one encoded byte
    /// can give, so that a short stream gets no large buffer whatever it or the array says.
    pub fn guess(self, encoded: usize, ratio: usize) -> usize {
        let guess = encoded.saturating_mul(GUESS).max(1 << 12).min(self.bound);
        self.size.unwrap_or(guess).min(encoded.saturating_mul(ratio).saturating_add(64))
    }

    /// A buffer of zeros of the [guessed](Self::guess) size, to be [grown](Self::grow) where that was too small.
    ///
    /// # Errors
    /// `Limit` when the memory cannot be had.
    pub fn buffer(self, encoded: usize, ratio: usize) -> Result<Vec<u8>> {
        Limits::filled(self.guess(encoded, ratio), 0, "a chunk")
    }

    /// Makes a full buffer larger.
    ///
    /// # Errors
    /// [`over`](Self::over) when it may not be.
    pub fn grow(self, buffer: &mut Vec<u8>) -> Result<()> {
        if buffer.len() >= self.bound {
            return Err(self.over());
        }
        let more = buffer.len().saturating_mul(2).clamp(1 << 12, self.bound.max(1 << 12)).min(self.bound);
        buffer
            .try_reserve_exact(more.saturating_sub(buffer.len()))
            .map_err(|_| Error::limit(format!("no memory for a chunk of {more} bytes")))?;
        buffer.resize(more, 0);
        Ok(())
    }

    /// Checks a size that the stream itself declares, before anything is allocated by it. `encoded` bytes follow, each
    /// of which can give `ratio` at most.
    ///
    /// # Errors
    /// `Malformed` when another size is known or so few bytes cannot give it, `Limit` when it is over the bound.
    pub fn declared(self, size: u64, encoded: usize, ratio: usize) -> Result<usize> {
        let most = encoded.saturating_mul(ratio).saturating_add(64);
        let size = match (self.size, usize::try_from(size)) {
            (Some(known), Ok(size)) if known == size => size,
            (None, Ok(size)) if size <= self.bound => size,
            (Some(known), _) => {
                return Err(Error::malformed(format!("declares {size} bytes where {known} are wanted")));
            }
            (None, _) => {
                return Err(Error::limit(format!(
                    "declares {size} bytes, more than the limit of {}",
                    self.bound
                )));
            }
        };
        if size > most {
            return Err(Error::malformed(format!("{encoded} bytes cannot hold the declared {size}")));
        }
        Ok(size)
    }

    /// The error for a stream that has more to give than there may be.
    pub fn over(self) -> Error {
        match self.size {
            Some(size) => Error::malformed(format!("stream holds more than the {size} bytes wanted")),
            None => Error::limit(format!("stream holds more than the limit of {} bytes", self.bound)),
        }
    }

    /// Checks what a step gave.
    pub(super) fn check(self, out: Bytes) -> Result<Bytes> {
        match self.size {
            Some(size) if out.len() != size => {
                Err(Error::malformed(format!("gives {} bytes where {size} are wanted", out.len())))
            }
            _ if out.len() > self.bound => Err(self.over()),
            _ => Ok(out),
        }
    }
}
