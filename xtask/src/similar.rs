//! The order of a module's functions: like ones side by side, where gzip, which looks back 32 kB, still sees the one before.

use crate::Outcome;
use wasm_encoder::{NameMap, NameSection, Section};
use wasmparser::{Parser, Payload, TypeRef};

/// Numbers that stand for a function: each the least of its four-byte windows in some shuffled order. Two functions agree in about as many
/// as they have windows in common.
const MARKS: usize = 64;

/// The module with its functions named by their place in the new order, for `wasm-opt --reorder-functions-by-name`.
pub fn named(module: &[u8]) -> Outcome<Vec<u8>> {
    let mut imported = 0;
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(|e| format!("the module cannot be read: {e}"))? {
            Payload::ImportSection(imports) => {
                let imports = imports.into_imports().filter_map(Result::ok);
                imported += imports.filter(|i| matches!(i.ty, TypeRef::Func(_))).count();
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
            _ => {}
        }
    }
    let mut places: Vec<(usize, usize)> =
        order(&bodies).into_iter().enumerate().map(|(place, body)| (body, place)).collect();
    places.sort_unstable();
    let mut functions = NameMap::new();
    for (body, place) in places {
        functions.append((imported + body) as u32, &format!("{place:08}"));
    }
    let mut names = NameSection::new();
    names.functions(&functions);
    let mut named = module.to_vec();
    names.append_to(&mut named);
    Ok(named)
}

/// From the first, always on to the one most like those before, which count for less the further back they are.
fn order(bodies: &[&[u8]]) -> Vec<usize> {
    let marks: Vec<[u32; MARKS]> = bodies.iter().map(|body| marks(body)).collect();
    let mut left: Vec<(usize, u32)> = (0..bodies.len()).map(|body| (body, 0)).collect();
    let mut order = Vec::new();
    let mut next = 0;
    while next < left.len() {
        let last = left.remove(next).0;
        order.push(last);
        next = 0;
        let mut most = 0;
        for (at, (body, score)) in left.iter_mut().enumerate() {
            let same = marks[*body].iter().zip(&marks[last]).filter(|(a, b)| a == b).count();
            *score = *score / 2 + 256 * same as u32;
            if *score > most {
                (most, next) = (*score, at);
            }
        }
    }
    order
}

fn marks(body: &[u8]) -> [u32; MARKS] {
    let mut least = [u32::MAX; MARKS];
    for window in body.windows(4) {
        let mut word = u64::from(u32::from_le_bytes([window[0], window[1], window[2], window[3]]));
        for least in &mut least {
            // SplitMix64's step: each time another shuffle.
            word =
                (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(0x9e37_79b9_7f4a_7c15);
            *least = (*least).min((word >> 32) as u32);
        }
    }
    least
}
