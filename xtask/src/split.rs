//! The released module in two: what opening and showing a dataset runs through, and the rest, which is loaded when it is called.
//!
//! What was not run (`xtask/used.js`) goes to the second part. In the first, a stub of a few bytes takes the place of each function that is still
//! referred to: it has the second part brought, then calls the function through the table, where the second part puts it. The second part shares
//! memory, table and globals, and imports from the first what it calls there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, Module, TypeSection,
    ValType,
    reencode::{Error, Reencode, utils},
};
use wasmparser::{FunctionBody, Import, Parser};

use crate::{
    Outcome,
    constants::{Addresses, Constants},
    whole::Whole,
};

/// Bytes of code up to which a function stays where it is called: a stub would be as large.
const SMALL: usize = 24;
/// Bytes between constants of the second part up to which they are written as one.
const GAP: usize = 8;
/// Where the first part looks for what brings the second, beside what the glue gives it.
const GLUE: &str = "./cellucid_bg.js";
/// What brings the second part.
pub const BRING: &str = "__cellucid_second_part";

/// Where each function is.
struct Plan {
    /// Functions of the second part.
    later: BTreeSet<u32>,
    /// Those of them that something in the first part refers to, and their place in the table.
    stubs: BTreeMap<u32, u32>,
    /// Places of the table that the second part fills.
    places: BTreeMap<u32, u32>,
    /// Functions of the first part that the second calls.
    shared: BTreeSet<u32>,
    /// Places in the table.
    size: u32,
    /// Where constants lie that only the second part needs, in order.
    constants: Vec<Range<u32>>,
}

impl Plan {
    fn new(whole: &Whole, used: &BTreeSet<u32>, constants: &Constants) -> Outcome<Self> {
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
fn taken(whole: &Whole, plan: &Plan) -> Vec<(String, ExportKind, u32)> {
    let of = |kind, count: usize| (0..count as u32).map(move |index| (kind, index));
    of(ExportKind::Memory, whole.memories.len())
        .chain(of(ExportKind::Table, whole.tables.len()))
        .chain(of(ExportKind::Global, whole.globals.len()))
        .chain(plan.shared.iter().map(|f| (ExportKind::Func, *f)))
        .zip(letters().filter(|name| !whole.names.contains(name.as_str())))
        .map(|((kind, index), name)| (name, kind, index))
        .collect()
}

/// Writes the first part: the module as it was, with stubs for what is not there.
struct First<'p, 'm> {
    whole: &'p Whole<'m>,
    plan: &'p Plan,
    /// Old number → new; of a function that is not there, its stub's.
    numbers: Vec<u32>,
    /// The type of what takes nothing and gives nothing.
    nothing: u32,
    /// The function that brings the second part, once.
    bring: u32,
    next: usize,
}

impl<'p, 'm> First<'p, 'm> {
    fn new(whole: &'p Whole<'m>, plan: &'p Plan) -> Self {
        let imported = whole.imported;
        // One more is imported.
        let mut next = imported + 1;
        let mut number = || {
            next += 1;
            next - 1
        };
        let all = 0..whole.functions.len() as u32;
        let mut numbers: Vec<u32> = all
            .map(|f| {
                if f < imported {
                    f
                } else if plan.later.contains(&f) {
                    u32::MAX
                } else {
                    number()
                }
            })
            .collect();
        let bring = number();
        for f in plan.stubs.keys() {
            numbers[*f as usize] = number();
        }
        let empty = |t: &wasmparser::FuncType| t.params().is_empty() && t.results().is_empty();
        let nothing = whole.types.iter().position(empty).unwrap_or(whole.types.len()) as u32;
        Self { whole, plan, numbers, nothing, bring, next: 0 }
    }
}

/// The table of functions, with room for those of the second part.
fn grown(ty: wasm_encoder::TableType, plan: &Plan) -> wasm_encoder::TableType {
    if ty.element_type != wasm_encoder::RefType::FUNCREF {
        return ty;
    }
    let size = u64::from(plan.size);
    wasm_encoder::TableType { minimum: size, maximum: ty.maximum.map(|most| most.max(size)), ..ty }
}

/// What re-encoding gives.
pub type Written<T = ()> = Result<T, Error<std::convert::Infallible>>;

impl Reencode for First<'_, '_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Written<u32> {
        Ok(self.numbers[function as usize])
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader,
    ) -> Written {
        utils::parse_type_section(self, types, section)?;
        if self.nothing == self.whole.types.len() as u32 {
            types.ty().function([], []);
        }
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader,
    ) -> Written {
        let short = renamed(self.whole);
        for import in section.into_imports() {
            let import = import?;
            utils::parse_import(self, imports, Import { name: &short[import.name], ..import })?;
        }
        imports.import(GLUE, BRING, EntityType::Function(self.nothing));
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        _: wasmparser::FunctionSectionReader,
    ) -> Written {
        for (f, ty) in self.whole.functions.iter().enumerate().skip(self.whole.imported as usize) {
            if !self.plan.later.contains(&(f as u32)) {
                functions.function(*ty);
            }
        }
        functions.function(self.nothing);
        for f in self.plan.stubs.keys() {
            functions.function(self.whole.functions[*f as usize]);
        }
        Ok(())
    }

    fn table_type(&mut self, ty: wasmparser::TableType) -> Written<wasm_encoder::TableType> {
        utils::table_type(self, ty).map(|ty| grown(ty, self.plan))
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader,
    ) -> Written {
        utils::parse_global_section(self, globals, section)?;
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader,
    ) -> Written {
        utils::parse_export_section(self, exports, section)?;
        for (name, kind, index) in taken(self.whole, self.plan) {
            let index = if kind == ExportKind::Func { self.numbers[index as usize] } else { index };
            exports.export(&name, kind, index);
        }
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody) -> Written {
        let function = self.whole.imported + self.next as u32;
        self.next += 1;
        if !self.plan.later.contains(&function) {
            utils::parse_function_body(self, code, body)?;
        }
        if self.next < self.whole.bodies.len() {
            return Ok(());
        }
        let brought = self.whole.globals.len() as u32;
        let mut bring = Function::new([]);
        bring.instructions().global_get(brought).i32_eqz().if_(wasm_encoder::BlockType::Empty);
        bring.instructions().call(self.whole.imported).i32_const(1).global_set(brought).end().end();
        code.function(&bring);
        for (f, place) in &self.plan.stubs {
            let ty = self.whole.functions[*f as usize];
            let mut stub = Function::new([]);
            stub.instruction(&Instruction::Call(self.bring));
            for given in 0..self.whole.types[ty as usize].params().len() as u32 {
                stub.instruction(&Instruction::LocalGet(given));
            }
            stub.instructions().i32_const(*place as i32).call_indirect(0, ty).end();
            code.function(&stub);
        }
        Ok(())
    }

    fn parse_data(&mut self, section: &mut DataSection, _: wasmparser::Data) -> Written {
        // What is all zeros takes no room once it is optimised.
        let (address, bytes) = self.whole.data[section.len() as usize];
        let mut left = bytes.to_vec();
        for place in within(&self.plan.constants, address, bytes) {
            left[place].fill(0);
        }
        section.active(0, &ConstExpr::i32_const(address as i32), left);
        Ok(())
    }

    fn custom_section<'a>(
        &mut self,
        _: wasmparser::CustomSectionReader<'a>,
    ) -> Written<wasm_encoder::CustomSection<'a>> {
        unreachable!("custom sections are left out")
    }

    fn parse_custom_section(&mut self, _: &mut Module, _: wasmparser::CustomSectionReader) -> Written {
        Ok(())
    }
}

/// The places of a segment's bytes among these of memory.
fn within(places: &[Range<u32>], address: u32, bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let end = address + bytes.len() as u32;
    let inside = places.iter().filter(move |place| place.start >= address && place.end <= end);
    inside.map(move |place| (place.start - address) as usize..(place.end - address) as usize)
}

/// Writes the second part: functions, and constants that only they need.
struct Second<'p, 'm> {
    whole: &'p Whole<'m>,
    plan: &'p Plan,
    numbers: BTreeMap<u32, u32>,
}

impl<'p, 'm> Second<'p, 'm> {
    fn new(whole: &'p Whole<'m>, plan: &'p Plan) -> Self {
        let numbers = plan.shared.iter().chain(&plan.later).copied().zip(0..).collect();
        Self { whole, plan, numbers }
    }

    fn write(mut self) -> Written<Vec<u8>> {
        let (whole, plan) = (self.whole, self.plan);
        let mut types = TypeSection::new();
        for ty in &whole.types {
            let ty = self.func_type(ty.clone())?;
            types.ty().func_type(&ty);
        }
        let mut imports = ImportSection::new();
        for (name, kind, index) in taken(whole, plan) {
            let at = index as usize;
            let ty = match kind {
                ExportKind::Memory => self.memory_type(whole.memories[at])?.into(),
                ExportKind::Table => self.table_type(whole.tables[at])?.into(),
                ExportKind::Global => self.global_type(whole.globals[at])?.into(),
                _ => EntityType::Function(whole.functions[at]),
            };
            imports.import("", &name, ty);
        }
        let mut functions = FunctionSection::new();
        let mut code = CodeSection::new();
        for f in &plan.later {
            functions.function(whole.functions[*f as usize]);
            self.parse_function_body(&mut code, whole.bodies[(f - whole.imported) as usize].clone())?;
        }
        let mut elements = ElementSection::new();
        let places: Vec<(u32, u32)> =
            plan.places.iter().map(|(place, f)| (*place, self.numbers[f])).collect();
        for run in places.chunk_by(|a, b| a.0 + 1 == b.0) {
            let filled: Vec<u32> = run.iter().map(|(_, f)| *f).collect();
            elements.active(None, &ConstExpr::i32_const(run[0].0 as i32), Elements::Functions(filled.into()));
        }
        let mut data = DataSection::new();
        for (address, bytes) in &whole.data {
            let mut runs: Vec<Range<usize>> = Vec::new();
            for place in within(&plan.constants, *address, bytes) {
                match runs.last_mut() {
                    // What is between them is a constant, too: written again, it is the same.
                    Some(run) if place.start - run.end <= GAP => run.end = place.end,
                    _ => runs.push(place),
                }
            }
            for run in runs {
                let at = ConstExpr::i32_const((*address as usize + run.start) as i32);
                data.active(0, &at, bytes[run].iter().copied());
            }
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&elements).section(&code);
        module.section(&data);
        Ok(module.finish())
    }
}

impl Reencode for Second<'_, '_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Written<u32> {
        Ok(self.numbers[&function])
    }

    fn table_type(&mut self, ty: wasmparser::TableType) -> Written<wasm_encoder::TableType> {
        utils::table_type(self, ty).map(|ty| grown(ty, self.plan))
    }
}
