//! Which function and which constant goes into which part, and where the first part needs stubs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::{
    Outcome,
    constants::{Addresses, Constants},
    whole::Whole,
};

/// Bytes of code up to which a function stays where it is called: a stub would be as large.
const SMALL: usize = 24;

/// Where each function is.
pub struct Plan {
    /// Functions of the second part.
    pub later: BTreeSet<u32>,
    /// Those of them that something in the first part refers to, and their place in the table.
    pub stubs: BTreeMap<u32, u32>,
    /// Places of the table that the second part fills.
    pub places: BTreeMap<u32, u32>,
    /// Functions of the first part that the second calls.
    pub shared: BTreeSet<u32>,
    /// Places in the table.
    pub size: u32,
    /// Where constants lie that only the second part needs, in order.
    pub constants: Vec<Range<u32>>,
}

impl Plan {
    /// What was not used goes later, but for what is as small as its stub.
    ///
    /// # Errors
    /// When a function cannot be read.
    pub fn new(whole: &Whole, used: &BTreeSet<u32>, constants: &Constants) -> Outcome<Self> {
        let all = whole.functions.len() as u32;
        let calls = (0..all)
            .map(|f| if f < whole.imported { Ok(BTreeSet::new()) } else { whole.called(f) })
            .collect::<Outcome<Vec<_>>>()?;
        let mut later: BTreeSet<u32> = (whole.imported..all).filter(|f| !used.contains(f)).collect();
        let size = |f: u32| whole.bodies[(f - whole.imported) as usize].range().len();
        let mut referred;
        loop {
            referred = whole.exported.iter().chain(whole.table.values()).copied().collect::<BTreeSet<u32>>();
            for f in (whole.imported..all).filter(|f| !later.contains(f)) {
                referred.extend(&calls[f as usize]);
            }
            let before = later.len();
            later.retain(|f| size(*f) > SMALL || !referred.contains(f));
            if later.len() == before {
                break;
            }
        }
        let places: BTreeMap<u32, u32> =
            whole.table.iter().filter(|(_, f)| later.contains(f)).map(|(place, f)| (*place, *f)).collect();
        let mut plan = Self {
            shared: later
                .iter()
                .flat_map(|f| &calls[*f as usize])
                .filter(|f| !later.contains(f))
                .copied()
                .collect(),
            stubs: BTreeMap::new(),
            size: whole.tables.first().map_or(0, |t| t.initial as u32),
            constants: constants.unneeded(addresses(whole, &later)?),
            places,
            later,
        };
        for (place, f) in &plan.places {
            plan.stubs.entry(*f).or_insert(*place);
        }
        for f in referred.intersection(&plan.later) {
            if !plan.stubs.contains_key(f) {
                plan.stubs.insert(*f, plan.size);
                plan.places.insert(plan.size, *f);
                plan.size += 1;
            }
        }
        Ok(plan)
    }

    /// The table of functions, with room for those of the second part.
    pub fn grown(&self, ty: wasm_encoder::TableType) -> wasm_encoder::TableType {
        if ty.element_type != wasm_encoder::RefType::FUNCREF {
            return ty;
        }
        let size = u64::from(self.size);
        wasm_encoder::TableType { minimum: size, maximum: ty.maximum.map(|most| most.max(size)), ..ty }
    }

    /// The places among a segment's bytes where constants of the second part are.
    pub fn constants_in(&self, address: u32, bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let end = address + bytes.len() as u32;
        let inside = self.constants.iter().filter(move |place| place.start >= address && place.end <= end);
        inside.map(move |place| (place.start - address) as usize..(place.end - address) as usize)
    }
}

/// Numbers in the first part's functions that may be addresses.
fn addresses(whole: &Whole, later: &BTreeSet<u32>) -> Outcome<BTreeSet<u32>> {
    let mut found = Addresses::default();
    for (function, body) in (whole.imported..).zip(&whole.bodies) {
        if !later.contains(&function) {
            found.collect(body).map_err(|e| format!("function {function} cannot be read: {e}"))?;
        }
    }
    Ok(found.0)
}
