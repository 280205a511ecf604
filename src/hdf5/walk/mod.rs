//! From a path to an object: the waiting part of reading metadata.
//!
//! Each file walks one kind of structure, level by level, and asks for everything known of a level at once.

pub mod attributes;
pub mod children;
pub mod fractal;
pub mod object;
pub mod records;
pub mod strings;
