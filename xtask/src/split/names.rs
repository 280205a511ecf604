//! Names for what crosses from one part to another: as short as can be, for there are thousands.

use std::collections::BTreeMap;

use wasm_encoder::ExportKind;

use super::plan::Plan;
use crate::whole::Whole;

/// Short names, in order: letters, then pairs of them.
fn letters() -> impl Iterator<Item = String> {
    const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    (0_usize..).map(|mut number| {
        let mut name = String::new();
        loop {
            name.push(char::from(LETTERS[number % 52]));
            number /= 52;
            if number == 0 {
                return name;
            }
            number -= 1;
        }
    })
}

/// A short name for each that the module imports from the glue.
pub fn renamed<'m>(whole: &Whole<'m>) -> BTreeMap<&'m str, String> {
    whole.given.iter().copied().zip(letters()).collect()
}

/// What the second part takes from the first, each with its name there.
pub fn taken(whole: &Whole, plan: &Plan) -> Vec<(String, ExportKind, u32)> {
    let of = |kind, count: usize| (0..count as u32).map(move |index| (kind, index));
    of(ExportKind::Memory, whole.memories.len())
        .chain(of(ExportKind::Table, whole.tables.len()))
        .chain(of(ExportKind::Global, whole.globals.len()))
        .chain(plan.shared.iter().map(|f| (ExportKind::Func, *f)))
        .zip(letters().filter(|name| !whole.names.contains(name.as_str())))
        .map(|((kind, index), name)| (name, kind, index))
        .collect()
}
