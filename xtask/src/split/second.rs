//! The second part: a module of the functions, and of the constants that only they need.

use std::collections::BTreeMap;
use std::ops::Range;

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, FunctionSection,
    ImportSection, Module, TypeSection,
    reencode::{Reencode, utils},
};

use super::{Written, names::taken, plan::Plan};
use crate::whole::Whole;

/// Bytes between constants of the second part up to which they are written as one.
const GAP: usize = 8;

/// Writes the second part: functions, and constants that only they need.
pub struct Second<'p, 'm> {
    whole: &'p Whole<'m>,
    plan: &'p Plan,
    numbers: BTreeMap<u32, u32>,
}

impl<'p, 'm> Second<'p, 'm> {
    /// A writer of it.
    pub fn new(whole: &'p Whole<'m>, plan: &'p Plan) -> Self {
        let numbers = plan.shared.iter().chain(&plan.later).copied().zip(0..).collect();
        Self { whole, plan, numbers }
    }

    /// The part as a module.
    ///
    /// # Errors
    /// When the module has something that this does not know.
    pub fn write(mut self) -> Written<Vec<u8>> {
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
            for place in plan.constants_in(*address, bytes) {
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
        utils::table_type(self, ty).map(|ty| self.plan.grown(ty))
    }
}
