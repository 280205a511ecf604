//! What was gathered as bytes in its final form: strings, lists, records.

use crate::{
    array::{Array, DType, Step, TextForm, Values},
    error::{Error, Result},
    limits::Limits,
    tree::Tree,
};

/// Turns gathered items into their final form.
///
/// # Errors
/// What reading strings and lists that lie elsewhere says, and `Malformed` for a record that contradicts itself.
pub async fn finish(
    tree: &dyn Tree,
    array: &Array,
    dtype: &DType,
    raw: Values,
    len: usize,
) -> Result<Values> {
    let Values::Bytes { bytes, .. } = raw else { return Ok(raw) };
    match dtype {
        DType::Bytes { width } => Ok(Values::Bytes { width: *width as usize, bytes }),
        DType::Text(TextForm::Heap { .. }) => Ok(Values::Text(tree.resolve(array, &bytes).await?)),
        DType::List { item, count, .. } => {
            let (width, count) = (item.width(), *count as usize);
            let lists = tree.gather(array, &bytes, width.saturating_mul(count)).await?;
            let len = lists.bytes.len().checked_div(width).unwrap_or(0);
            let raw = Values::Bytes { width, bytes: lists.bytes };
            let items = Box::new(Box::pin(finish(tree, array, item, raw, len)).await?);
            Ok(Values::Lists { lens: lists.lens, count, items })
        }
        DType::Record { fields, width } => {
            let mut columns = Limits::room(fields.len(), "a record")?;
            for field in fields {
                let (start, count) = (field.offset as usize, field.count as usize);
                let end = start.saturating_add(field.dtype.width().saturating_mul(count));
                let mut part = Limits::room(len.saturating_mul(end.saturating_sub(start)), "a field")?;
                for item in bytes.chunks_exact((*width as usize).max(1)) {
                    part.extend_from_slice(item.get(start..end).ok_or_else(|| {
                        Error::malformed(format!("field \"{}\" does not lie within its record", field.name))
                    })?);
                }
                let part = Values::Bytes { width: field.dtype.width(), bytes: part };
                let values =
                    Box::pin(finish(tree, array, &field.dtype, part, len.saturating_mul(count))).await?;
                columns.push(crate::array::Column { name: field.name.clone(), count, values });
            }
            Ok(Values::Record(columns))
        }
        _ => {
            let mut values = Values::zeros(dtype, len)?;
            let step = Step { at: 0, by: 1 };
            values.put(dtype, step, &bytes, step, len)?;
            Ok(values)
        }
    }
}
