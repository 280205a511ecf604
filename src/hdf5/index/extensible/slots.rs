//! Which data block and page holds an entry, and the reverse: arithmetic on what the header says.

/// The array's header.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub entry: usize,
    /// Bits of an entry's number.
    pub bits: u8,
    /// Entries in the index block.
    pub direct: u64,
    /// Entries of the smallest data block.
    pub least: u64,
    /// Data blocks of the first secondary block that exists as such.
    pub pointers: u64,
    /// Entries per page.
    pub page: u64,
    pub index: Option<u64>,
}

/// Where an entry is: by data block, and by number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Group of equal data blocks.
    pub group: u32,
    /// Data block within its group.
    pub block: u64,
    /// Entry within the block.
    pub entry: u64,
}

impl Header {
    /// Entries of a data block of a group.
    pub fn block(&self, group: u32) -> u64 {
        self.least.saturating_mul(power(group.saturating_add(1) / 2))
    }

    /// Groups whose data blocks the index block points to.
    pub fn inline(&self) -> u32 {
        self.pointers.max(1).ilog2().saturating_mul(2)
    }

    /// Data blocks of all groups before one.
    pub fn before(&self, group: u32) -> u64 {
        (0..group).fold(0, |n: u64, g| n.saturating_add(power(g / 2)))
    }

    /// Groups there may be.
    pub fn groups(&self) -> u32 {
        u32::from(self.bits).saturating_sub(self.least.max(1).ilog2()).saturating_add(1)
    }

    /// Bytes that say which entry a block begins with.
    pub fn offset(&self) -> usize {
        usize::from(self.bits.div_ceil(8))
    }

    /// Pages of a data block of a group; 0: it has none.
    pub fn pages(&self, group: u32) -> u64 {
        let entries = self.block(group);
        if entries > self.page { entries.checked_div(self.page).unwrap_or(0) } else { 0 }
    }

    /// The position of a slot's entry, the reverse of [`slot`](Self::slot).
    pub fn position(&self, slot: Slot) -> u64 {
        let group = self.least.saturating_mul(power(slot.group).saturating_sub(1));
        let block = slot.block.saturating_mul(self.block(slot.group));
        self.direct.saturating_add(group).saturating_add(block).saturating_add(slot.entry)
    }

    /// Where an entry behind those of the index block is.
    pub fn slot(&self, position: u64) -> Option<Slot> {
        let at = position.checked_sub(self.direct)?;
        let group = at.checked_div(self.least)?.checked_add(1)?.ilog2();
        let start = self.least.checked_mul(power(group).checked_sub(1)?)?;
        let within = at.checked_sub(start)?;
        let len = self.block(group);
        Some(Slot { group, block: within.checked_div(len)?, entry: within.checked_rem(len)? })
    }

    /// A slot's page and its entry in it; blocks without pages are one.
    pub fn split(&self, slot: Slot) -> (u64, u64) {
        match self.pages(slot.group) {
            0 => (0, slot.entry),
            _ => (
                slot.entry.checked_div(self.page).unwrap_or(0),
                slot.entry.checked_rem(self.page).unwrap_or(0),
            ),
        }
    }
}

/// Two to the power of a number, as far as that goes.
pub fn power(of: u32) -> u64 {
    1_u64.checked_shl(of).unwrap_or(u64::MAX)
}
