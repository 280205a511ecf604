//! The loops that go through numbers by the million, in a crate of their own because cargo optimises crate by crate: all else of the
//! module for browsers is made small, these are made fast.
//!
//! Functions of slices and nothing else. Each is of concrete types, for what is generic is compiled where it is used, and is never drawn
//! into its caller, where it would be made small with it. Sums keep their order: results are the same to the last bit at every level
//! of optimisation.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

pub mod axis;
pub mod checksum;
pub mod convert;
pub mod group;
pub mod inflate;
pub mod lz;
pub mod place;
pub mod short;
pub mod shuffle;
pub mod sort;
