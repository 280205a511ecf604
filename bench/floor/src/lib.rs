//! What is left of reading when everything is known beforehand: inflate a chunk, put it where it belongs. The measure for readers
//! that have to find out where the chunks are, what is in them and whether they can be trusted.

use zune_inflate::{DeflateDecoder, DeflateOptions};

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
        deflated: bool,
        row: usize,
        column: usize,
        height: usize,
        width: usize,
    ) {
        let inflated;
        let chunk = if deflated {
            inflated = unpack(stored, height * width * self.item, false);
            &inflated[..]
        } else {
            stored
        };
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

/// One chunk, its checksum looked at, for comparing inflates.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen)]
#[must_use]
pub fn inflate(stored: &[u8], size: usize) -> Vec<u8> {
    unpack(stored, size, true)
}

/// # Panics
/// When it is no zlib stream: every chunk here was written by the library of record.
fn unpack(stored: &[u8], size: usize, check: bool) -> Vec<u8> {
    let options = DeflateOptions::default().set_size_hint(size).set_confirm_checksum(check);
    DeflateDecoder::new_with_options(stored, options).decode_zlib().expect("a zlib stream")
}
