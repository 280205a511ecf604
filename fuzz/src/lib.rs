//! What each fuzz target does, as plain functions: the targets give them made-up bytes, `tests/fuzz_replay.rs` seeds and
//! what once failed. A function fails by panicking; an error that the library gives is right.

mod codec;
mod hdf5;
mod message;
mod slices;
mod zarr;
mod zip;

pub use codec::codec;
pub use hdf5::{hdf5_index, hdf5_open};
pub use message::message;
pub use slices::slices;
pub use zarr::zarr_meta;
pub use zip::zip;

use cellucid_wasm::Limits;

/// Bounds under which fuzzing stays quick, and at which a broken one shows.
fn limits() -> Limits {
    Limits { result: 1 << 20, chunk: 1 << 20, header: 1 << 20, items: 10_000, depth: 32, ..Limits::default() }
}
