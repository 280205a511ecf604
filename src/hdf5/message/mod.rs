//! Header messages, one file per kind; plain functions from bytes to values.
//!
//! HDF5 File Format Specification, section IV.A.2.

pub mod attribute;
pub mod dataspace;
pub mod datatype;
pub mod external;
pub mod fill;
pub mod filters;
pub mod group;
pub mod layout;
pub mod link;
pub mod mapping;
pub mod selection;
pub mod shared;
