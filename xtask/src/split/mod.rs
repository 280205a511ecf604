//! The released module in two: what opening and showing a dataset runs through, and the rest, which is loaded when it is called.
//!
//! What was not run (`xtask/used.js`) goes to the second part. In the first, a stub of a few bytes takes the place of each function that is still
//! referred to: it has the second part brought, then calls the function through the table, where the second part puts it. The second part shares
//! memory, table and globals, and imports from the first what it calls there.

mod first;
mod names;
mod plan;
mod second;

use std::collections::BTreeSet;

use wasm_encoder::{
    Module,
    reencode::{Error, Reencode},
};
use wasmparser::Parser;

use crate::{Outcome, constants::Constants, whole::Whole};
use first::First;
pub use names::renamed;
use plan::Plan;
use second::Second;

/// What brings the second part.
pub const BRING: &str = "__cellucid_second_part";

/// What does this: when it changes, parts that were made before are out of date.
pub const SOURCES: [&str; 5] = [
    include_str!("mod.rs"),
    include_str!("plan.rs"),
    include_str!("names.rs"),
    include_str!("first.rs"),
    include_str!("second.rs"),
];

/// What re-encoding gives.
pub type Written<T = ()> = Result<T, Error<std::convert::Infallible>>;

/// The two parts.
///
/// # Errors
/// When the module has something that this does not know.
pub fn split(whole: &Whole, used: &BTreeSet<u32>, constants: &Constants) -> Outcome<(Vec<u8>, Vec<u8>)> {
    let plan = Plan::new(whole, used, constants)?;
    let wrong = |e: Error<std::convert::Infallible>| format!("the module cannot be taken apart: {e}");
    let mut first = First::new(whole, &plan);
    let mut made = Module::new();
    first.parse_core_module(&mut made, Parser::new(0), whole.bytes).map_err(wrong)?;
    let second = Second::new(whole, &plan).write().map_err(wrong)?;
    eprintln!(
        "  {} functions now, {} later; {} stubs, {} shared",
        whole.bodies.len() - plan.later.len(),
        plan.later.len(),
        plan.stubs.len(),
        plan.shared.len()
    );
    eprintln!("  {} bytes of constants later", plan.constants.iter().map(|place| place.len()).sum::<usize>());
    Ok((made.finish(), second))
}
