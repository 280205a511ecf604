//! What is left of reading when everything is known beforehand: decode a chunk, put it where it belongs. The measure for readers
//! that have to find out where the chunks are, what is in them and whether they can be trusted.

mod packed;

use packed::{inflated, unpack};

/// Elements of two-dimensional arrays (those of one dimension have one column) in C order.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen)]
pub struct Grid {
    bytes: Vec<u8>,
    rows: usize,
    columns: usize,
    item: usize,
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen)]
impl Grid {
    /// All zeros. `item` is the size of an element in bytes.
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen(constructor))]
    pub fn new(rows: usize, columns: usize, item: usize) -> Self {
        Self { bytes: vec![0; rows * columns * item], rows, columns, item }
    }

    /// Puts the chunk of `height` × `width` elements whose first is at (`row`, `column`); what lies beyond the edges is dropped.
    pub fn put(
        &mut self,
        stored: &[u8],
        packed: &str,
        row: usize,
        column: usize,
        height: usize,
        width: usize,
    ) {
        let mut decoded = Vec::new();
        let chunk = unpack(stored, packed, height * width * self.item, &mut decoded);
        let (tall, wide) = (height.min(self.rows - row), width.min(self.columns - column));
        let (line, pitch) = (width * self.item, self.columns * self.item);
        let start = row * pitch + column * self.item;
        if line == pitch {
            self.bytes[start..start + tall * pitch].copy_from_slice(&chunk[..tall * line]);
        } else if width == 1 && self.item == 4 {
            // One column of many: as anndata's default chunks have it. An element at a time is faster than slices of four bytes.
            for (to, from) in self.bytes[start..].chunks_mut(pitch).zip(chunk.as_chunks::<4>().0).take(tall) {
                if let Some(to) = to.first_chunk_mut() {
                    *to = *from;
                }
            }
        } else {
            for (to, from) in self.bytes[start..].chunks_mut(pitch).zip(chunk.chunks_exact(line)).take(tall) {
                to[..wide * self.item].copy_from_slice(&from[..wide * self.item]);
            }
        }
    }

    /// A copy of all elements.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }
}

/// One column of a CSR matrix, by a look at every index. `starts` are where rows begin, 4 bytes each.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen)]
#[must_use]
pub fn sweep(starts: &Grid, indices: &Grid, values: &Grid, gene: u32) -> Vec<u8> {
    let starts = starts.bytes.as_chunks::<4>().0;
    let indices = indices.bytes.as_chunks::<4>().0;
    let values = values.bytes.as_chunks::<4>().0;
    let wanted = gene.to_le_bytes();
    let mut out = vec![0; starts.len().saturating_sub(1) * 4];
    let (cells, _) = out.as_chunks_mut::<4>();
    let mut cell = 0;
    for (at, (index, value)) in indices.iter().zip(values).enumerate() {
        if *index == wanted {
            while cell + 1 < starts.len() && u32::from_le_bytes(starts[cell + 1]) as usize <= at {
                cell += 1;
            }
            cells[cell] = *value;
        }
    }
    out
}

/// Takes a gene out of one chunk after another of a CSR matrix of 32-bit numbers, and keeps nothing of them.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen)]
#[derive(Default)]
pub struct Picker {
    indices: Vec<u8>,
    values: Vec<u8>,
    found: Vec<u32>,
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen)]
impl Picker {
    /// With memory for chunks of so many items: the same for all that come.
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen(constructor))]
    pub fn new(height: usize) -> Self {
        let room = || Vec::with_capacity(height * 4);
        Self { indices: room(), values: room(), found: vec![0; height] }
    }

    /// The place of each of the gene's items in a chunk and the bits of its value, in turns. The chunk holds `count` items; what is left
    /// of its `height` lies beyond the end.
    pub fn pick(
        &mut self,
        indices: &[u8],
        values: &[u8],
        packed: &str,
        height: usize,
        count: usize,
        gene: u32,
    ) -> Vec<u32> {
        let indices = unpack(indices, packed, height * 4, &mut self.indices).as_chunks::<4>().0;
        let values = unpack(values, packed, height * 4, &mut self.values).as_chunks::<4>().0;
        // Without a branch: a gene of many cells would have the processor guess wrong too often.
        let mut hits = 0;
        for (at, index) in indices[..count].iter().enumerate() {
            self.found[hits] = at as u32;
            hits += usize::from(u32::from_le_bytes(*index) == gene);
        }
        self.found[..hits].iter().flat_map(|&at| [at, u32::from_le_bytes(values[at as usize])]).collect()
    }
}

/// One chunk, its checksum looked at, for comparing inflates.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen)]
#[must_use]
pub fn inflate(stored: &[u8], size: usize) -> Vec<u8> {
    inflated(stored, size, true)
}
