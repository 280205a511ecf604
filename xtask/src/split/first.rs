//! The first part: the module as it was, with stubs for what is not there.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, Instruction, Module, TypeSection, ValType,
    reencode::{Reencode, utils},
};
use wasmparser::{FunctionBody, Import};

use super::{
    BRING, Written,
    names::{renamed, taken},
    plan::Plan,
};
use crate::whole::Whole;

/// Where the first part looks for what brings the second, beside what the glue gives it.
const GLUE: &str = "./cellucid_bg.js";

/// Writes the first part: the module as it was, with stubs for what is not there.
pub struct First<'p, 'm> {
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
    /// A writer that has written nothing.
    pub fn new(whole: &'p Whole<'m>, plan: &'p Plan) -> Self {
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
        utils::table_type(self, ty).map(|ty| self.plan.grown(ty))
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
        for place in self.plan.constants_in(address, bytes) {
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
