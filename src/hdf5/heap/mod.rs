//! The three kinds of heap: local (names of old groups), global (variable-length data), fractal (links and
//! attributes of new groups). Decoders only.

pub mod fractal;
pub mod global;
pub mod local;
