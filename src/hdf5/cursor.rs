//! A bounds-checked reader over the bytes of one structure; every decoder here is written with it.
//!
//! It knows where in the file its bytes came from, so that an error says the offset without the decoder's help.

use crate::error::{Error, Result};

/// Bytes per address and per length in this file, as the superblock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Bytes of an address.
    pub offset: u8,
    /// Bytes of a length.
    pub length: u8,
}

/// Reads little-endian fields one after another.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    origin: u64,
    widths: Widths,
    what: &'static str,
}

impl<'a> Cursor<'a> {
    /// Over bytes that begin at `origin` in the file; `what` names the structure in errors.
    pub fn new(bytes: &'a [u8], origin: u64, widths: Widths, what: &'static str) -> Self {
        Self { bytes, at: 0, origin, widths, what }
    }

    /// Over other bytes that lie within this structure.
    pub fn inside(&self, bytes: &'a [u8], what: &'static str) -> Self {
        Self { bytes, at: 0, origin: self.origin, widths: self.widths, what }
    }

    /// Widths of addresses and lengths.
    pub fn widths(&self) -> Widths {
        self.widths
    }

    /// Where in the file the first byte is.
    pub fn origin(&self) -> u64 {
        self.origin
    }

    /// Bytes consumed so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Bytes not yet consumed.
    pub fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// An error about what was just read.
    pub fn bad(&self, message: impl std::fmt::Display) -> Error {
        Error::malformed(format!("{}: {message}", self.what))
            .offset(self.origin.saturating_add(self.at as u64))
    }

    /// A form of this structure that is not read.
    pub fn foreign(&self, message: impl std::fmt::Display) -> Error {
        Error::unsupported(format!("{}: {message}", self.what))
            .offset(self.origin.saturating_add(self.at as u64))
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// `Malformed` when there are fewer.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(n);
        let Some((part, end)) = end.and_then(|end| Some((self.bytes.get(self.at..end)?, end))) else {
            return Err(self.bad(format!("{n} more bytes are wanted, {} are left", self.left())));
        };
        self.at = end;
        Ok(part)
    }

    /// The next bytes as an array.
    ///
    /// # Errors
    /// `Malformed` when there are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let part = self.take(N)?;
        part.try_into().map_err(|_| self.bad("ends early"))
    }

    /// Passes over `n` bytes.
    ///
    /// # Errors
    /// `Malformed` when there are fewer.
    pub fn skip(&mut self, n: usize) -> Result<()> {
        self.take(n).map(|_| ())
    }

    /// Passes over padding up to a multiple of `n` bytes from the start; padding may be missing at the very end.
    pub fn align(&mut self, n: usize) {
        let past = self.at.checked_rem(n).unwrap_or(0);
        if past > 0 {
            self.at = self.at.saturating_add(n.saturating_sub(past)).min(self.bytes.len());
        }
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        self.at = self.bytes.len();
        rest
    }

    /// One byte.
    ///
    /// # Errors
    /// `Malformed` at the end, as all that follow.
    pub fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(u8::from_le_bytes)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number of 0 to 8 bytes.
    pub fn uint(&mut self, width: usize) -> Result<u64> {
        let part = self.take(width)?;
        let mut whole = [0; 8];
        match whole.get_mut(..width) {
            Some(low) => low.copy_from_slice(part),
            None => return Err(self.bad(format!("a number of {width} bytes"))),
        }
        Ok(u64::from_le_bytes(whole))
    }

    /// A length.
    pub fn length(&mut self) -> Result<u64> {
        self.uint(self.widths.length.into())
    }

    /// An address; `None` when it is the undefined one (all bits set).
    pub fn address(&mut self) -> Result<Option<u64>> {
        let width = self.widths.offset;
        let address = self.uint(width.into())?;
        let undefined = u64::MAX.checked_shr(64_u32.saturating_sub(u32::from(width).saturating_mul(8)));
        Ok((Some(address) != undefined).then_some(address))
    }

    /// An address that has to be defined.
    pub fn defined(&mut self) -> Result<u64> {
        self.address()?.ok_or_else(|| self.bad("an address is undefined"))
    }

    /// The four letters that a structure begins with.
    pub fn magic(&mut self, magic: &[u8; 4]) -> Result<()> {
        let found = self.array::<4>()?;
        if &found == magic {
            return Ok(());
        }
        Err(self.bad(format!(
            "begins with \"{}\" instead of \"{}\"",
            found.escape_ascii(),
            magic.escape_ascii()
        )))
    }

    /// A version that has to be one of a few.
    pub fn version(&mut self, known: &[u8]) -> Result<u8> {
        let version = self.u8()?;
        if known.contains(&version) {
            return Ok(version);
        }
        Err(self.foreign(format!("version {version} is not known")))
    }

    /// Bytes up to a NUL, which is passed over.
    pub fn until_nul(&mut self) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        match rest.iter().position(|&b| b == 0) {
            Some(len) => {
                let part = self.take(len)?;
                self.skip(1)?;
                Ok(part)
            }
            None => Err(self.bad("a string does not end")),
        }
    }

    /// Compares everything consumed so far with the checksum that follows.
    ///
    /// # Errors
    /// `Malformed` when they differ.
    pub fn checksum(&mut self) -> Result<()> {
        let found = crate::codec::checksum::lookup3(self.bytes.get(..self.at).unwrap_or(&[]));
        let stored = self.u32()?;
        if found == stored {
            return Ok(());
        }
        Err(self.bad(format!("checksum is {found:08x}, the file says {stored:08x}")))
    }
}
