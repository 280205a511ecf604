//! Bounds on what a file may make us do; every allocation from a file-given number passes here.

use crate::error::{Error, Result};

/// Bounds that reading draws on. The defaults suit a 32-bit memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest single result, in bytes: larger ones have to be asked for in blocks.
    pub result: u64,
    /// Largest decoded chunk, in bytes.
    pub chunk: u64,
    /// Largest piece of metadata (header block, node, heap, JSON document), in bytes.
    pub header: u64,
    /// Most links of a group, columns of a frame or fields of a record.
    pub items: usize,
    /// Most bytes of a gene index in memory; 0: none is made.
    pub index: u64,
    /// Deepest nesting: groups, B-tree levels, links to links.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            result: 3 << 30,
            chunk: 1 << 30,
            header: 256 << 20,
            items: 4_000_000,
            index: 1 << 30,
            depth: 64,
        }
    }
}

impl Limits {
    /// Checks a length against a bound and turns it into a `usize`.
    ///
    /// # Errors
    /// `Limit` when `bytes` exceeds `bound` or the address space; `what` is quoted.
    pub fn size(bytes: u64, bound: u64, what: &str) -> Result<usize> {
        let over = || Error::limit(format!("{what} of {bytes} bytes exceeds the limit of {bound}"));
        if bytes > bound {
            return Err(over());
        }
        usize::try_from(bytes).map_err(|_| over())
    }

    /// Has the module's memory grow by so many bytes at once, which cost nothing before they are used. Where it grows whenever a little
    /// is lacking, the browser makes a new view of it each time, and collects the old ones.
    pub fn ahead(bytes: u64) {
        let mut room: Vec<u8> = Vec::new();
        if cfg!(target_arch = "wasm32") && room.try_reserve_exact(usize::try_from(bytes).unwrap_or(0)).is_ok()
        {
            drop(std::hint::black_box(room));
        }
    }

    /// An empty vector with room for `len` items.
    ///
    /// # Errors
    /// `Limit` when the memory cannot be had: reported instead of aborting.
    pub fn room<T>(len: usize, what: &str) -> Result<Vec<T>> {
        let mut room = Vec::new();
        room.try_reserve_exact(len)
            .map_err(|_| Error::limit(format!("no memory for {what} of {len} items")))?;
        Ok(room)
    }

    /// A vector of `len` copies of `item`.
    ///
    /// # Errors
    /// `Limit` when the memory cannot be had.
    pub fn filled<T: Clone>(len: usize, item: T, what: &str) -> Result<Vec<T>> {
        // Asked for first, because making the list ends the program where there is none to be had. Zeros come from the system then,
        // which need not be written.
        drop(Self::room::<T>(len, what)?);
        Ok(vec![item; len])
    }
}
