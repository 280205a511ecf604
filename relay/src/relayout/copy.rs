//! Arrays as they are, in chunks that suit reading.

use cellucid_wasm::{
    Error, Result,
    array::{Array, Attrs, DType, Select, Values},
    tree::{self, Tree},
};

use super::{
    kind::{Kind, record_bytes},
    lists,
    matrix::SHARD,
    rows::Rows,
    writer::{Spec, Writer, chunks},
};
use crate::cat::spans;

/// Bytes of a chunk before it is packed: a million cells' codes are one, their embedding eight that arrive side by side.
const CHUNK: u64 = 1 << 20;
/// Items of a chunk of text.
const TEXTS: u64 = 64 << 10;

/// Rows of a chunk.
fn per(shape: &[u64], width: usize) -> u64 {
    let Some((&rows, rest)) = shape.split_first() else { return 1 };
    let items = rest.iter().product::<u64>().max(1);
    let most = if width == 0 { TEXTS / items } else { CHUNK / items.saturating_mul(width as u64) };
    most.max(1).min(rows.max(1))
}

fn chunk(shape: &[u64], width: usize) -> Vec<u64> {
    let mut chunk: Vec<u64> = shape.iter().map(|&side| side.max(1)).collect();
    if let Some(first) = chunk.first_mut() {
        *first = per(shape, width);
    }
    chunk
}

/// Chunks that will be written for an array.
pub fn steps(array: &Array) -> u64 {
    let width = if array.dtype.is_text() { 0 } else { array.dtype.width() };
    chunks(&array.shape, &chunk(&array.shape, width))
}

/// Checks that an array can be written, by its type alone.
///
/// # Errors
/// `Unsupported` for what Zarr has no type for.
pub fn check(array: &Array) -> Result<()> {
    let kind = Values::zeros(&array.dtype, 0).and_then(|none| Kind::of(&none));
    kind.map(|_| ()).map_err(|e| e.at(&array.path))
}

/// Copies an array to `path`, block by block.
///
/// # Errors
/// What reading or writing says.
pub async fn array(
    writer: &mut Writer,
    tree: &dyn Tree,
    array: &Array,
    path: &str,
    memory: u64,
) -> Result<()> {
    if array.attrs.get("encoding-type").is_some_and(|kind| kind == "null") {
        return values(writer, &Values::Bool(vec![false]), &[], path, &array.attrs);
    }
    if matches!(array.dtype, DType::List { .. }) {
        let read = tree::read_all(tree, array).await?;
        return lists::write(writer, &read, &array.shape, path, &array.attrs);
    }
    let empty = Values::zeros(&array.dtype, 0)?;
    let whole = matches!(empty, Values::Record(_)) || array.shape.len() < 2 && array.len() <= CHUNK / 16;
    if whole || array.is_empty() {
        let read = tree::read_all(tree, array).await?;
        return values(writer, &read, &array.shape, path, &array.attrs);
    }
    let mut out = Sink::begin(writer, Kind::of(&empty)?, &array.shape, path)?;
    let mut spans = spans(array, (memory / 16).clamp(1 << 20, 64 << 20));
    // What an earlier run has written need not be read again, up to where a block that is read begins a chunk.
    let (begun, per) = (writer.begun(out.number, &array.shape), out.rows.max(1));
    if begun == chunks(&array.shape, &chunk(&array.shape, out.width)) {
        spans.clear();
    } else if let Some(at) = spans.iter().rposition(|s| s.start <= begun * per && s.start % per == 0) {
        spans.drain(..at);
        out.skip(spans.first().map_or(0, |span| span.start / per));
    }
    for span in spans {
        let read = tree::read(tree, array, &Select::rows(&array.shape, span)).await?;
        out.take(writer, &read)?;
    }
    out.end(writer, &array.shape, &array.attrs)
}

/// The number of an array that an earlier run has written whole.
///
/// # Errors
/// `Limit` for what is too large to be written at all.
pub fn there(writer: &mut Writer, kind: Kind, shape: &[u64], path: &str) -> Result<Option<usize>> {
    let out = Sink::begin(writer, kind, shape, path)?;
    let whole = writer.begun(out.number, shape) == chunks(shape, &chunk(shape, out.width));
    Ok(whole.then_some(out.number))
}

/// Writes an array that is in memory.
///
/// # Errors
/// What writing says.
pub fn values(writer: &mut Writer, values: &Values, shape: &[u64], path: &str, attrs: &Attrs) -> Result<()> {
    let kind = Kind::of(values).map_err(|e| e.at(path))?;
    let mut out = Sink::begin(writer, kind, shape, path)?;
    out.take(writer, values)?;
    out.end(writer, shape, attrs)
}

/// An array that is written row by row.
struct Sink {
    number: usize,
    /// Rows of a chunk, and bytes of an item.
    rows: u64,
    width: usize,
    form: Form,
}

enum Form {
    Items(Rows),
    /// Strings of the chunk that grows, and how many there are; items and axes of a whole one.
    Text {
        body: Vec<u8>,
        count: u32,
        whole: u64,
        axes: usize,
        next: u64,
    },
}

impl Sink {
    fn begin(writer: &mut Writer, kind: Kind, shape: &[u64], path: &str) -> Result<Self> {
        let (chunk, width) = (chunk(shape, kind.width()), kind.width());
        let shard = (!shape.is_empty()).then(|| {
            let mut shard = vec![1; shape.len()];
            if let Some(first) = shard.first_mut() {
                *first = SHARD;
            }
            shard
        });
        // What is one chunk needs no shard.
        let shard = shard.filter(|_| chunks(shape, &chunk) > 8);
        let row = chunk.get(1..).unwrap_or_default().iter().product::<u64>();
        let (text, rows) = (kind == Kind::Text, chunk.first().copied().unwrap_or(1));
        let number = writer.array(Spec { path: path.to_owned(), kind, chunk, shard });
        let over = |_| Error::limit("a row is too large").at(path);
        let form = if text {
            Form::Text { body: Vec::new(), count: 0, whole: rows * row, axes: shape.len(), next: 0 }
        } else {
            Form::Items(Rows::new(number, shape.len(), usize::try_from(row).map_err(over)? * width, rows)?)
        };
        Ok(Self { number, rows, width, form })
    }

    /// Goes on behind so many chunks.
    fn skip(&mut self, chunks: u64) {
        match &mut self.form {
            Form::Items(rows) => rows.begin(chunks),
            Form::Text { next, .. } => *next = chunks,
        }
    }

    fn take(&mut self, writer: &mut Writer, values: &Values) -> Result<()> {
        match (&mut self.form, values) {
            (Form::Items(rows), Values::Record(columns)) => rows.push(writer, &record_bytes(columns)?),
            (Form::Items(rows), values) => rows.push(writer, &values.to_bytes().unwrap_or_default()),
            (Form::Text { .. }, Values::Text(text)) => {
                text.iter().try_for_each(|item| self.string(writer, item))
            }
            _ => Err(Error::malformed("an array changes its type")),
        }
    }

    fn string(&mut self, writer: &mut Writer, item: &str) -> Result<()> {
        let Form::Text { body, count, whole, axes, next } = &mut self.form else { return Ok(()) };
        let over = |_| Error::limit(format!("a string of {} bytes is too long", item.len()));
        body.extend_from_slice(&u32::try_from(item.len()).map_err(over)?.to_le_bytes());
        body.extend_from_slice(item.as_bytes());
        *count += 1;
        if u64::from(*count) < *whole {
            return Ok(());
        }
        let mut chunk = std::mem::take(count).to_le_bytes().to_vec();
        chunk.append(body);
        let mut at = vec![0; *axes];
        if let Some(first) = at.first_mut() {
            *first = *next;
        }
        *next += 1;
        writer.put(self.number, at, chunk)
    }

    fn end(mut self, writer: &mut Writer, shape: &[u64], attrs: &Attrs) -> Result<()> {
        // The last chunk is filled up.
        while matches!(self.form, Form::Text { count: 1.., .. }) {
            self.string(writer, "")?;
        }
        if let Form::Items(rows) = self.form {
            rows.end(writer)?;
        }
        writer.close(self.number, shape, attrs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_whole_rows() {
        assert_eq!(chunk(&[1_000_000, 2], 4), [131_072, 2]);
        assert_eq!((chunk(&[5, 3], 8), chunk(&[], 8)), (vec![5, 3], vec![]));
        assert_eq!((chunk(&[0, 3], 8), chunk(&[100_000], 0)), (vec![1, 3], vec![65_536]));
        assert_eq!(chunk(&[10, 1 << 30], 4), [1, 1 << 30]);
    }
}
