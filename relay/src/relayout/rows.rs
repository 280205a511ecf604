//! Rows that come piece by piece, cut into chunks along the first axis.

use cellucid_wasm::{Error, Result};

use super::writer::Writer;

/// The chunk that grows.
pub struct Rows {
    array: usize,
    /// Bytes of a row, rows of a chunk.
    row: usize,
    per: usize,
    /// Coordinates along the other axes: each has one chunk.
    axes: usize,
    next: u64,
    buffer: Vec<u8>,
}

impl Rows {
    /// Rows of so many bytes into an array of so many axes, so many rows to a chunk.
    pub fn new(array: usize, axes: usize, row: usize, per: u64) -> Result<Self> {
        let over = |_| Error::limit("a chunk is too large");
        Ok(Self { array, row, per: usize::try_from(per).map_err(over)?, axes, next: 0, buffer: Vec::new() })
    }

    /// Goes on behind so many chunks, which an earlier run has written.
    pub fn begin(&mut self, chunks: u64) {
        self.next = chunks;
    }

    /// Takes rows.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn push(&mut self, writer: &mut Writer, mut bytes: &[u8]) -> Result<()> {
        let whole = self.row * self.per;
        while !bytes.is_empty() && whole > 0 {
            let (now, rest) = bytes.split_at(bytes.len().min(whole - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = rest;
            if self.buffer.len() == whole {
                self.emit(writer)?;
            }
        }
        Ok(())
    }

    fn emit(&mut self, writer: &mut Writer) -> Result<()> {
        let mut at = vec![0; self.axes];
        if let Some(first) = at.first_mut() {
            *first = self.next;
        }
        self.next += 1;
        writer.put(self.array, at, std::mem::take(&mut self.buffer))
    }

    /// Fills the last chunk up.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn end(mut self, writer: &mut Writer) -> Result<()> {
        if !self.buffer.is_empty() {
            self.buffer.resize(self.row * self.per, 0);
            self.emit(writer)?;
        }
        Ok(())
    }
}
