//! Which constants a part of the module needs.
//!
//! The linker tells (`--emit-relocs`) where each constant lies and which addresses are written in it. Addresses in code are found by reading it,
//! because the glue has moved functions since then: a number that only looks like an address keeps a constant where it need not be, no more.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Range;

use wasm_encoder::{
    Instruction, MemArg, Module, RawSection,
    reencode::{Reencode, utils},
};
use wasmparser::{
    DefinedDataSymbol, KnownCustom, Linking, Parser, Payload, RelocationEntry, RelocationType, SymbolInfo,
};

use crate::{Outcome, split::Written, whole};

/// The linker's segment of what is never written to. Only this is moved.
const CONSTANT: &str = ".rodata";
/// What the linker says of relocations.
const RELOCATIONS: [&str; 2] = ["reloc.CODE", "reloc.DATA"];
const LINKING: &str = "linking";

/// Constants and variables of a module, by number.
#[derive(Default)]
pub struct Constants {
    /// Where each lies in memory; in order, and none over another.
    places: Vec<Range<u32>>,
    /// Those whose addresses are written in each.
    named: Vec<BTreeSet<usize>>,
    /// Those that stay, whoever refers to them: variables, and what is reached from addresses outside of it.
    staying: BTreeSet<usize>,
}

/// What the linker has written, as it is read.
#[derive(Default)]
struct Linked<'m> {
    /// Where each segment's bytes go in memory, and where in the data section they are.
    segments: Vec<(u32, Range<u32>)>,
    names: Vec<&'m str>,
    symbols: Vec<Option<DefinedDataSymbol>>,
    in_code: Vec<RelocationEntry>,
    in_data: Vec<RelocationEntry>,
}

impl Constants {
    /// Reads the module as the linker has written it.
    ///
    /// # Errors
    /// When it refers to memory in a way that this does not know.
    pub fn read(linked: &[u8]) -> Outcome<Self> {
        Linked::read(linked).map_err(|e| format!("what the linker says cannot be read: {e}"))?.constants()
    }

    fn at(&self, address: u32) -> Option<usize> {
        let after = self.places.partition_point(|place| place.start <= address);
        after.checked_sub(1).filter(|at| self.places[*at].contains(&address))
    }

    /// Where the constants lie that nothing at these addresses leads to.
    pub fn unneeded(&self, addresses: impl IntoIterator<Item = u32>) -> Vec<Range<u32>> {
        let mut needed = self.staying.clone();
        needed.extend(addresses.into_iter().filter_map(|address| self.at(address)));
        let mut next: Vec<usize> = needed.iter().copied().collect();
        while let Some(constant) = next.pop() {
            next.extend(self.named[constant].iter().filter(|named| needed.insert(**named)));
        }
        let unneeded = self.places.iter().enumerate().filter(|(constant, _)| !needed.contains(constant));
        unneeded.map(|(_, place)| place.clone()).collect()
    }
}

impl<'m> Linked<'m> {
    fn read(module: &'m [u8]) -> Result<Self, String> {
        let text = |e: wasmparser::BinaryReaderError| e.to_string();
        let mut linked = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(text)? {
                Payload::DataSection(section) => {
                    let start = section.range().start;
                    for data in section {
                        let data = data.map_err(text)?;
                        let end = (data.range.end - start) as u32;
                        linked
                            .segments
                            .push((whole::address(&data.kind)?, end - data.data.len() as u32..end));
                    }
                }
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::Linking(parts) => {
                        for part in parts {
                            linked.part(part.map_err(text)?).map_err(text)?;
                        }
                    }
                    KnownCustom::Reloc(entries) => {
                        let entries = entries.entries().into_iter().collect::<Result<Vec<_>, _>>();
                        match RELOCATIONS.iter().position(|name| *name == section.name()) {
                            Some(0) => linked.in_code = entries.map_err(text)?,
                            Some(_) => linked.in_data = entries.map_err(text)?,
                            None => {}
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        Ok(linked)
    }

    fn part(&mut self, part: Linking<'m>) -> wasmparser::Result<()> {
        match part {
            Linking::SegmentInfo(segments) => {
                for segment in segments {
                    self.names.push(segment?.name);
                }
            }
            Linking::SymbolTable(symbols) => {
                for symbol in symbols {
                    let SymbolInfo::Data { symbol, .. } = symbol? else {
                        self.symbols.push(None);
                        continue;
                    };
                    self.symbols.push(symbol);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Where in memory a symbol's bytes are; none of what is all zeros and not in the module.
    fn place(&self, symbol: &DefinedDataSymbol) -> Option<Range<u32>> {
        let start = self.segments.get(symbol.index as usize)?.0 + symbol.offset;
        Some(start..start + symbol.size)
    }

    fn constants(self) -> Outcome<Constants> {
        if self.in_code.is_empty() || self.in_data.is_empty() {
            return Err("the linker does not say what refers to what".into());
        }
        let mut places: Vec<(u32, u32, bool)> = Vec::new();
        for symbol in self.symbols.iter().flatten().filter(|symbol| symbol.size > 0) {
            let constant = self.names.get(symbol.index as usize).is_some_and(|n| n.starts_with(CONSTANT));
            places.extend(self.place(symbol).map(|place| (place.start, place.end, constant)));
        }
        places.sort_unstable();
        let mut constants = Constants::default();
        for (start, end, constant) in places {
            match constants.places.last_mut() {
                // Two names of one thing, or of a part of it.
                Some(last) if start < last.end => last.end = last.end.max(end),
                _ => constants.places.push(start..end),
            }
            if !constant {
                constants.staying.insert(constants.places.len() - 1);
            }
        }
        constants.named.resize_with(constants.places.len(), BTreeSet::new);
        for entry in &self.in_code {
            if let Some((named, true)) = self.named(&constants, entry)? {
                constants.staying.insert(named);
            }
        }
        for entry in &self.in_data {
            let Some((named, outside)) = self.named(&constants, entry)? else { continue };
            let segment = self.segments.iter().find(|(_, within)| within.contains(&entry.offset));
            let within = segment.map(|(address, within)| address + entry.offset - within.start);
            match within.and_then(|address| constants.at(address)) {
                Some(constant) if !outside => _ = constants.named[constant].insert(named),
                _ => _ = constants.staying.insert(named),
            }
        }
        Ok(constants)
    }

    /// What an address is meant to be in, and whether it lies outside of it.
    fn named(&self, constants: &Constants, entry: &RelocationEntry) -> Outcome<Option<(usize, bool)>> {
        match entry.ty {
            RelocationType::MemoryAddrLeb
            | RelocationType::MemoryAddrSleb
            | RelocationType::MemoryAddrI32 => {}
            RelocationType::FunctionIndexLeb
            | RelocationType::TableIndexSleb
            | RelocationType::TableIndexI32
            | RelocationType::TypeIndexLeb
            | RelocationType::GlobalIndexLeb
            | RelocationType::TableNumberLeb => return Ok(None),
            other => return Err(format!("the linker has written a reference that is not known: {other:?}")),
        }
        let symbol = self.symbols.get(entry.index as usize).and_then(Option::as_ref);
        let Some(place) = symbol.and_then(|symbol| self.place(symbol)) else { return Ok(None) };
        let outside = !(0..i64::from(place.end - place.start)).contains(&entry.addend);
        Ok(constants.at(place.start).map(|constant| (constant, outside)))
    }
}

/// The module without what the linker says of it.
pub fn plain(linked: &[u8]) -> Outcome<Vec<u8>> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(linked) {
        let payload = payload.map_err(|e| format!("the module cannot be read: {e}"))?;
        let dropped = |name: &str| name == LINKING || RELOCATIONS.contains(&name);
        if matches!(&payload, Payload::CustomSection(section) if dropped(section.name())) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: &linked[range] });
        }
    }
    Ok(module.finish())
}

/// Numbers in a function's code that may be addresses.
#[derive(Default)]
pub struct Addresses(pub BTreeSet<u32>);

impl Addresses {
    /// # Errors
    /// When the function cannot be read.
    pub fn collect(&mut self, body: &wasmparser::FunctionBody) -> Written {
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            if let Instruction::I32Const(value) = self.parse_instruction(&mut operators)? {
                self.0.insert(value as u32);
            }
        }
        Ok(())
    }
}

impl Reencode for Addresses {
    type Error = Infallible;

    fn mem_arg(&mut self, arg: wasmparser::MemArg) -> Written<MemArg> {
        self.0.insert(arg.offset as u32);
        utils::mem_arg(self, arg)
    }
}
