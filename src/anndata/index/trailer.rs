//! The end of a kept gene index: what it is an index of, and where its blocks are.
//!
//! A line of JSON, then 16 bytes: its length, its checksum, and a mark. A file that was not finished has no such end.

use serde_json::{Value, json};

use super::{Head, Shape, item::Form};
use crate::shelf::{self, Kept, sum};

/// Ends every kept index; its last digit is the version of the form.
const MARK: [u8; 8] = *b"genes  1";
/// Largest trailer that is read.
const MOST: u64 = 64 << 20;

/// The trailer of a finished index.
pub fn write(identity: &str, shape: &Shape, heads: &[(Head, u64)]) -> Vec<u8> {
    let blocks: Vec<Value> = heads
        .iter()
        .map(|(head, at)| json!([at, head.base, head.items, head.wide, head.form.code()]))
        .collect();
    let text = json!({
        "identity": identity,
        "rows": shape.rows,
        "columns": shape.columns,
        "items": shape.items,
        "block": shape.block,
        "dtype": shape.dtype,
        "blocks": blocks,
    });
    let mut bytes = text.to_string().into_bytes();
    let (len, sum) = (bytes.len() as u32, sum(&bytes));
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(&MARK);
    bytes
}

/// The blocks of a kept index, if it is whole and one of these data.
pub async fn read(file: &dyn Kept, identity: &str, shape: &Shape) -> Option<Vec<(Head, u64)>> {
    let end = file.len().checked_sub(16)?;
    let foot = shelf::read(file, end..file.len()).await.ok()?;
    let number = |at: usize| foot.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b));
    let (len, expected) = (u64::from(number(0)?), number(4)?);
    if foot.get(8..) != Some(&MARK) || len > MOST {
        return None;
    }
    let start = end.checked_sub(len)?;
    let text = shelf::read(file, start..end).await.ok()?;
    if sum(&text) != expected {
        return None;
    }
    let value: Value = serde_json::from_slice(&text).ok()?;
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let same = value.get("identity").and_then(Value::as_str) == Some(identity)
        && value.get("dtype").and_then(Value::as_str) == Some(&shape.dtype)
        && number("rows") == Some(shape.rows)
        && number("columns") == Some(shape.columns as u64)
        && number("items") == Some(shape.items)
        && number("block") == Some(shape.block);
    let blocks = value
        .get("blocks")
        .and_then(Value::as_array)
        .filter(|blocks| same && blocks.len() == shape.blocks())?;
    let heads = blocks.iter().enumerate().map(|(i, block)| head(i, block, shape, start));
    heads.collect()
}

fn head(number: usize, block: &Value, shape: &Shape, end: u64) -> Option<(Head, u64)> {
    let part = |i: usize| block.get(i).and_then(Value::as_u64);
    let head = Head {
        number: number as u64,
        base: part(1)?,
        columns: shape.columns,
        items: usize::try_from(part(2)?).ok()?,
        wide: block.get(3)?.as_bool()?,
        form: Form::from_code(u8::try_from(part(4)?).ok()?)?,
        plain: shape.plain,
    };
    let at = part(0)?;
    let span = shape.span(number);
    let fits = head.items as u64 == span.end - span.start && at.checked_add(head.len() as u64)? <= end;
    fits.then_some((head, at))
}
