//! The command line: what the library does in a browser, without one.
fn main() {}
