//! Cellucid without a server: `.h5ad`, `.zarr` and export folders, read lazily and seen as the files of an export folder.
//!
//! ```
//! use cellucid_wasm::{Limits, dataset::Dataset, export::Options, native::{File, block_on}, open::Source};
//! use std::{path::Path, rc::Rc};
//!
//! let file = File::open(Path::new("www/sample/sample.h5ad"))?;
//! let dataset = Dataset::open(Source::File(Rc::new(file)), "", Options::default(), Limits::default());
//! let dataset = block_on(dataset)?;
//! let points = block_on(dataset.file("points_2d.bin"))?.body; // little-endian float32, two per cell
//! assert_eq!(points.len(), 5000 * 2 * 4);
//! # Ok::<(), cellucid_wasm::Error>(())
//! ```
//!
//! From below: [`source`] is bytes by position or by key, [`hdf5`] and [`zarr`] make a [`tree`] of them, [`anndata`] knows what the
//! groups mean, [`export`] turns that into files, [`dataset`] is what callers open. [`protocol`] is commands and events of a viewer.
#![forbid(unsafe_code)]

pub mod anndata;
pub mod array;
pub mod choice;
pub mod codec;
pub mod dataset;
pub mod error;
pub mod export;
pub mod folder;
pub mod hdf5;
pub mod host;
pub mod limits;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod open;
pub mod order;
pub mod protocol;
pub mod shelf;
pub mod source;
pub mod threads;
pub mod tree;
pub mod wait;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
pub mod zarr;

pub use error::{Error, Kind, Pending, Place, Result};
pub use limits::Limits;
