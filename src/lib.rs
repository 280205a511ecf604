//! Cellucid without a server.
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
pub mod limits;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod open;
pub mod protocol;
pub mod shelf;
pub mod source;
pub mod tree;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
pub mod zarr;

pub use error::{Error, Kind, Pending, Place, Result};
pub use limits::Limits;
