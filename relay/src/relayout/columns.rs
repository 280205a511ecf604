//! A matrix stored by column, written from sorted stretches.

use cellucid_wasm::{
    Result,
    array::{Attrs, Values},
};
use serde_json::json;

use super::{
    copy,
    kind::Kind,
    matrix::{How, per_chunk, spec},
    rows::Rows,
    runs::Runs,
    writer::{Writer, chunks},
};

/// Attributes of a CSC matrix instead of those it had.
pub fn csc(attrs: &Attrs, shape: [u64; 2]) -> Attrs {
    let mut attrs = attrs.clone();
    attrs.retain(|name, _| !name.starts_with("h5sparse_") && name != "encoding-version");
    attrs.insert("encoding-type".into(), "csc_matrix".into());
    attrs.insert("encoding-version".into(), "0.1.0".into());
    attrs.insert("shape".into(), json!(shape));
    attrs
}

/// Where it goes and what its items are.
pub struct Columns {
    path: String,
    shape: [u64; 2],
    kind: Kind,
}

/// Whole numbers, of 64 bits where 32 do not hold the largest.
fn integers(largest: u64) -> Result<Kind> {
    let wide = i32::try_from(largest).is_err();
    Kind::of(&if wide { Values::I64(Vec::new()) } else { Values::I32(Vec::new()) })
}

impl Columns {
    /// Begins it at `path`, with the attributes of what it was.
    pub fn begin(writer: &mut Writer, path: &str, attrs: &Attrs, shape: [u64; 2], kind: Kind) -> Self {
        writer.group(path, &csc(attrs, shape));
        Self { path: path.to_owned(), shape, kind }
    }

    /// Numbers of the arrays of row numbers and of values.
    fn arrays(&self, writer: &mut Writer, items: u64) -> Result<[usize; 2]> {
        let per = per_chunk(items, self.shape[1]);
        let indices = writer.array(spec(format!("{}/indices", self.path), integers(self.shape[0])?, per));
        let data = writer.array(spec(format!("{}/data", self.path), self.kind.clone(), per));
        Ok([indices, data])
    }

    /// Takes over what an earlier run has written, if it is all there.
    ///
    /// # Errors
    /// As [`Writer::close`].
    pub fn take_over(&self, writer: &mut Writer) -> Result<bool> {
        let Some(items) = writer.journal().items(&self.path) else { return Ok(false) };
        let count = chunks(&[items], &[per_chunk(items, self.shape[1])]);
        let arrays = self.arrays(writer, items)?;
        if arrays.iter().any(|&array| writer.begun(array, &[items]) < count) {
            return Ok(false);
        }
        let shape = [self.shape[1] + 1];
        let ends = copy::there(writer, integers(items)?, &shape, &format!("{}/indptr", self.path))?;
        let Some(ends) = ends else { return Ok(false) };
        for array in arrays {
            writer.close(array, &[items], &Attrs::new())?;
        }
        writer.close(ends, &shape, &Attrs::new())?;
        Ok(true)
    }

    /// Writes it; gives the number of stretches.
    ///
    /// # Errors
    /// What reading stretches or writing says.
    pub fn write(self, writer: &mut Writer, runs: Runs, how: &How) -> Result<usize> {
        let mut ends: Vec<u64> = vec![0];
        for count in runs.counts() {
            ends.push(ends.last().copied().unwrap_or(0) + count);
        }
        let items = ends.last().copied().unwrap_or(0);
        let per = per_chunk(items, self.shape[1]);
        let index_width = integers(self.shape[0])?.width();
        let [indices, data] = self.arrays(writer, items)?;
        let mut index_rows = Rows::new(indices, 1, index_width, per)?;
        let mut data_rows = Rows::new(data, 1, self.kind.width(), per)?;
        runs.merge(how.memory / 4, |rows, values| {
            if index_width > 4 {
                let wider: Vec<u8> =
                    rows.chunks_exact(4).flat_map(|row| row.iter().copied().chain([0; 4])).collect();
                index_rows.push(writer, &wider)?;
            } else {
                index_rows.push(writer, rows)?;
            }
            data_rows.push(writer, values)
        })?;
        index_rows.end(writer)?;
        data_rows.end(writer)?;
        writer.close(indices, &[items], &Attrs::new())?;
        writer.close(data, &[items], &Attrs::new())?;
        let ends = if integers(items)?.width() > 4 {
            Values::I64(ends.iter().map(|&end| end as i64).collect())
        } else {
            Values::I32(ends.iter().map(|&end| end as i32).collect())
        };
        copy::values(writer, &ends, &[self.shape[1] + 1], &format!("{}/indptr", self.path), &Attrs::new())?;
        let stretches = runs.len();
        // The stretches go only when nobody will ask for them again.
        writer.secure()?;
        runs.done(items);
        Ok(stretches)
    }
}
