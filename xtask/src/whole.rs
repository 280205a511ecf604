//! A module as far as taking it apart needs to know it.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{
    DataKind, ElementItems, ElementKind, ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef,
};

use crate::Outcome;

/// A module taken apart.
pub struct Whole<'m> {
    pub bytes: &'m [u8],
    /// Types, as the module's type section has them.
    pub types: Vec<wasmparser::FuncType>,
    /// The type of each function, imported ones first.
    pub functions: Vec<u32>,
    pub imported: u32,
    /// The names of imported functions.
    pub given: Vec<&'m str>,
    pub tables: Vec<wasmparser::TableType>,
    pub memories: Vec<wasmparser::MemoryType>,
    pub globals: Vec<wasmparser::GlobalType>,
    /// Functions that are exported, by name.
    pub exported: Vec<u32>,
    pub names: BTreeSet<&'m str>,
    /// Place in the first table → function.
    pub table: BTreeMap<u32, u32>,
    pub bodies: Vec<FunctionBody<'m>>,
    /// What memory holds at the start: from which address, which bytes.
    pub data: Vec<(u32, &'m [u8])>,
}

/// Where a segment of data goes.
///
/// # Errors
/// When it is not for a place in memory that is known.
pub fn address(kind: &DataKind) -> Result<u32, String> {
    let DataKind::Active { memory_index: 0, offset_expr } = kind else {
        return Err("it has data that goes nowhere by itself".into());
    };
    match offset_expr.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => Ok(value as u32),
        _ => Err("it has data that goes to a place that is not known".into()),
    }
}

impl<'m> Whole<'m> {
    /// # Errors
    /// When it has something that this does not know.
    pub fn read(bytes: &'m [u8]) -> Outcome<Self> {
        let mut whole = Self {
            bytes,
            types: Vec::new(),
            functions: Vec::new(),
            imported: 0,
            given: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            exported: Vec::new(),
            names: BTreeSet::new(),
            table: BTreeMap::new(),
            bodies: Vec::new(),
            data: Vec::new(),
        };
        whole.sections().map_err(|e| format!("the module cannot be read: {e}"))?;
        Ok(whole)
    }

    fn sections(&mut self) -> Result<(), String> {
        let text = |e: wasmparser::BinaryReaderError| e.to_string();
        for payload in Parser::new(0).parse_all(self.bytes) {
            match payload.map_err(text)? {
                Payload::TypeSection(types) => {
                    for ty in types.into_iter_err_on_gc_types() {
                        self.types.push(ty.map_err(text)?);
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import.map_err(text)?;
                        let TypeRef::Func(ty) = import.ty else {
                            return Err("it imports something else than functions".into());
                        };
                        self.given.push(import.name);
                        self.functions.push(ty);
                        self.imported += 1;
                    }
                }
                Payload::FunctionSection(types) => {
                    for ty in types {
                        self.functions.push(ty.map_err(text)?);
                    }
                }
                Payload::TableSection(tables) => {
                    for table in tables {
                        self.tables.push(table.map_err(text)?.ty);
                    }
                }
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        self.memories.push(memory.map_err(text)?);
                    }
                }
                Payload::GlobalSection(globals) => {
                    for global in globals {
                        self.globals.push(global.map_err(text)?.ty);
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export.map_err(text)?;
                        self.names.insert(export.name);
                        if export.kind == ExternalKind::Func {
                            self.exported.push(export.index);
                        }
                    }
                }
                Payload::ElementSection(elements) => {
                    for element in elements {
                        self.element(element.map_err(text)?)?;
                    }
                }
                Payload::CodeSectionEntry(body) => self.bodies.push(body),
                Payload::DataSection(all) => {
                    for data in all {
                        let data = data.map_err(text)?;
                        self.data.push((address(&data.kind)?, data.data));
                    }
                }
                Payload::StartSection { .. } => return Err("it starts by itself".into()),
                _ => {}
            }
        }
        Ok(())
    }

    fn element(&mut self, element: wasmparser::Element) -> Result<(), String> {
        let text = |e: wasmparser::BinaryReaderError| e.to_string();
        let (
            ElementKind::Active { table_index: None | Some(0), offset_expr },
            ElementItems::Functions(items),
        ) = (element.kind, element.items)
        else {
            return Err("it fills a table in a way that is not known".into());
        };
        let Operator::I32Const { value } = offset_expr.get_operators_reader().read().map_err(text)? else {
            return Err("it fills a table at a place that is not known".into());
        };
        for (place, function) in items.into_iter().enumerate() {
            self.table.insert(value as u32 + place as u32, function.map_err(text)?);
        }
        Ok(())
    }

    /// What a function refers to by its number.
    pub fn called(&self, function: u32) -> Outcome<BTreeSet<u32>> {
        let wrong = |e| format!("function {function} cannot be read: {e}");
        let mut called = BTreeSet::new();
        let body = &self.bodies[(function - self.imported) as usize];
        for operator in body.get_operators_reader().map_err(wrong)? {
            match operator.map_err(wrong)? {
                Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } => {
                    called.insert(function_index);
                }
                _ => {}
            }
        }
        Ok(called)
    }
}
