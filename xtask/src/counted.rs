//! A module that tells which of its functions are run.

use wasm_encoder::{
    CodeSection, EntityType, ImportSection, Module, TypeSection, ValType,
    reencode::{Reencode, utils},
};
use wasmparser::{FunctionBody, Parser};

use crate::{Outcome, split::Written, whole::Whole};

/// The module with a call of `used.at`, with its number, at the start of each function.
pub fn counted(module: &[u8]) -> Outcome<Vec<u8>> {
    let whole = Whole::read(module)?;
    let mut made = Module::new();
    let mut counted =
        Counted { ty: whole.types.len() as u32, imported: whole.imported, next: whole.imported };
    counted.parse_core_module(&mut made, Parser::new(0), module).map_err(|e| e.to_string())?;
    Ok(made.finish())
}

struct Counted {
    ty: u32,
    imported: u32,
    next: u32,
}

impl Reencode for Counted {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Written<u32> {
        Ok(if function < self.imported { function } else { function + 1 })
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader,
    ) -> Written {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader,
    ) -> Written {
        utils::parse_import_section(self, imports, section)?;
        imports.import("used", "at", EntityType::Function(self.ty));
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody) -> Written {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        function.instructions().i32_const(self.next as i32).call(self.imported);
        self.next += 1;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            function.instruction(&self.parse_instruction(&mut operators)?);
        }
        code.function(&function);
        Ok(())
    }
}
