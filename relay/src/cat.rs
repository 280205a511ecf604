//! `cat`: one array as it is stored, block by block, so that its size does not matter.

use std::{
    io::{self, IsTerminal, Write},
    ops::Range,
};

use cellucid_wasm::{
    Error, Result,
    array::{Array, Column, Select, Values},
    native::block_on,
    tree::{self, Node},
};
use serde_json::{Value, json};

use crate::{output, source::Opened};

/// Bytes of a block, roughly: whole rows, and whole chunks of rows.
const BLOCK: u64 = 64 << 20;

pub fn run(source: &str, object: &str, attrs: bool, headers: &[(String, String)]) -> Result<()> {
    let opened = Opened::new(source, headers)?;
    let path =
        [opened.root.trim_matches('/'), object.trim_matches('/')].into_iter().filter(|p| !p.is_empty());
    let path = path.collect::<Vec<_>>().join("/");
    block_on(async {
        let tree = opened.tree().await?;
        let node = tree::open(&*tree, &path).await.map_err(|e| e.in_file(tree.name()))?;
        if attrs {
            let text = serde_json::to_string_pretty(node.attrs()).unwrap_or_default();
            return output::standard(|out| writeln!(out, "{text}"));
        }
        let array = match node {
            Node::Array(array) => array,
            Node::Group(group) => {
                let names = tree.names(&group).await?.unwrap_or_default();
                return Err(Error::request(format!("is a group; in it: {}", names.join(", ")))
                    .at(path)
                    .in_file(tree.name())
                    .hint("name one of its arrays, or use --attrs"));
            }
        };
        let head = json!({"dtype": array.dtype.name(), "shape": array.shape});
        output::note(&head.to_string());
        let row = array.shape.get(1..).unwrap_or_default().iter().product::<u64>();
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        // People read numbers, programs bytes.
        let read = io::stdout().is_terminal();
        for span in spans(&array, BLOCK) {
            let values = tree::read(&*tree, &array, &Select::rows(&array.shape, span)).await?;
            output::standard(|out| match read {
                true => shown(out, &values, row),
                false => write(out, &values),
            })?;
        }
        Ok(())
    })
}

/// Rows of the blocks that cover an array, aligned with its chunks, of so many bytes each or one chunk's.
pub fn spans(array: &Array, bytes: u64) -> Vec<Range<u64>> {
    // Without an axis there is one block, of all there is.
    let Some(&rows) = array.shape.first() else { return std::iter::once(0..1).collect() };
    if array.is_empty() {
        return Vec::new();
    }
    let row = (array.len() / rows).saturating_mul(array.dtype.width().max(8) as u64).max(1);
    let chunk = array.chunk.first().copied().unwrap_or(1).max(1);
    let step = (bytes / row / chunk).max(1).saturating_mul(chunk);
    (0..rows.div_ceil(step)).map(|i| i * step..(i + 1).saturating_mul(step).min(rows)).collect()
}

/// Rows as lines of JSON, which is what they are in any case unless they are numbers.
fn shown(out: &mut dyn Write, values: &Values, row: usize) -> io::Result<()> {
    if values.to_bytes().is_none() {
        return write(out, values);
    }
    let lines = values.len().checked_div(row).unwrap_or(0);
    (0..lines).try_for_each(|line| match row {
        1 => writeln!(out, "{}", item(values, line)),
        _ => {
            writeln!(out, "{}", (line * row..(line + 1) * row).map(|at| item(values, at)).collect::<Value>())
        }
    })
}

fn write(out: &mut dyn Write, values: &Values) -> io::Result<()> {
    match values {
        Values::Text(text) => text.iter().try_for_each(|item| writeln!(out, "{}", Value::from(item))),
        Values::Lists { .. } => lists(values).try_for_each(|list| writeln!(out, "{list}")),
        Values::Record(columns) => {
            (0..values.len()).try_for_each(|row| writeln!(out, "{}", record(columns, row)))
        }
        numbers => out.write_all(&numbers.to_bytes().unwrap_or_default()),
    }
}

/// One record as a JSON object; sub-arrays are lists.
fn record(columns: &[Column], row: usize) -> Value {
    let field = |column: &Column| {
        let mut items: Vec<Value> =
            (0..column.count).map(|i| item(&column.values, row * column.count + i)).collect();
        let value = if column.count == 1 { items.pop().unwrap_or_default() } else { Value::from(items) };
        (column.name.clone(), value)
    };
    Value::Object(columns.iter().map(field).collect())
}

/// Lists as JSON, one after another.
fn lists(values: &Values) -> impl Iterator<Item = Value> {
    let (lens, count, items) = match values {
        Values::Lists { lens, count, items } => (lens.as_slice(), *count, Some(items)),
        _ => (&[][..], 1, None),
    };
    let mut at = 0;
    lens.iter().map(move |&len| {
        let all = at..at + len as usize * count;
        at = all.end;
        let mut all: Vec<Value> =
            items.iter().flat_map(|items| all.clone().map(|i| item(items, i))).collect();
        // An element of several items is a list of its own.
        if count > 1 {
            all = all.chunks(count).map(|element| Value::from(element.to_vec())).collect();
        }
        Value::from(all)
    })
}

fn item(values: &Values, at: usize) -> Value {
    match values {
        Values::Bool(v) => json!(v.get(at)),
        Values::F16(v) => json!(v.get(at).map(|x| x.to_f32())),
        Values::Text(text) => json!(text.get(at)),
        Values::Complex { items, .. } => json!(items.get(at)),
        Values::Bytes { width, bytes } => json!(bytes.chunks(*width).nth(at)),
        Values::Record(columns) => record(columns, at),
        Values::Lists { .. } => lists(values).nth(at).unwrap_or_default(),
        Values::I8(v) => json!(v.get(at)),
        Values::I16(v) => json!(v.get(at)),
        Values::I32(v) => json!(v.get(at)),
        Values::I64(v) => json!(v.get(at)),
        Values::U8(v) => json!(v.get(at)),
        Values::U16(v) => json!(v.get(at)),
        Values::U32(v) => json!(v.get(at)),
        Values::U64(v) => json!(v.get(at)),
        Values::F32(v) => json!(v.get(at)),
        Values::F64(v) => json!(v.get(at)),
    }
}
