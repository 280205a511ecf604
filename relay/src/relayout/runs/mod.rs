//! From rows to columns in bounded memory: items are sorted by column a stretch of rows at a time, stretches that do not fit lie in a
//! file, and at the end each column is put together from all of them. The source is read once, also by a run that goes on after an
//! interruption.

#[cfg(test)]
mod tests;

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    rc::Rc,
};

use cellucid_wasm::{Error, Result};

use super::journal::{Journal, Stretch, sum};
use crate::output;

/// Bytes of a row's number.
const ROW: usize = 4;

/// Stretches of rows, each sorted by column.
pub struct Runs {
    columns: usize,
    width: usize,
    runs: Vec<Run>,
    /// Where stretches are noted, and the matrix's path there.
    journal: Rc<Journal>,
    matrix: String,
    /// The file, its length, and the items of the source that are in it.
    file: Option<File>,
    end: u64,
    read: u64,
}

struct Run {
    ends: Ends,
    /// Row numbers; none where each column has all rows.
    rows: Part,
    values: Part,
}

enum Ends {
    /// Where each column's items end.
    Table(Vec<u32>),
    /// As many items in each.
    Even(usize),
}

enum Part {
    Memory(Vec<u8>),
    File(u64),
}

/// Items of a matrix, row after row, that are not sorted yet.
#[derive(Default)]
pub struct Items {
    /// Column of each.
    pub columns: Vec<u32>,
    /// Row of each.
    pub rows: Vec<u32>,
    /// Value of each, as bytes.
    pub values: Vec<u8>,
}

impl Ends {
    fn span(&self, columns: &Range<usize>) -> Range<usize> {
        let at = |column: usize| match self {
            Self::Even(rows) => column * rows,
            Self::Table(ends) => {
                column.checked_sub(1).and_then(|c| ends.get(c)).map_or(0, |&end| end as usize)
            }
        };
        at(columns.start)..at(columns.end)
    }
}

impl Runs {
    /// Those of an earlier run, or none: of a matrix of so many columns and bytes per value; `even` where it stores all items.
    ///
    /// # Errors
    /// `Source` when the earlier ones cannot be read.
    pub fn open(
        columns: usize,
        width: usize,
        even: bool,
        journal: &Rc<Journal>,
        matrix: &str,
    ) -> Result<Self> {
        let (runs, matrix, journal) = (Vec::new(), matrix.to_owned(), Rc::clone(journal));
        let mut opened = Self { columns, width, runs, journal, matrix, file: None, end: 0, read: 0 };
        for Stretch { to, at, parts: [table, rows, values], .. } in opened.journal.stretches(&opened.matrix) {
            opened.open_file().map_err(|e| Error::source(format!("a temporary file cannot be read: {e}")))?;
            let ends = if even {
                let row = (columns * width).max(1) as u64;
                Ends::Even(usize::try_from(values / row).unwrap_or(usize::MAX))
            } else {
                let bytes = opened.part(&Part::File(at), 0..usize::try_from(table).unwrap_or(usize::MAX))?;
                let numbers = bytes.chunks_exact(4).filter_map(|four| four.try_into().ok());
                Ends::Table(numbers.map(u32::from_le_bytes).collect())
            };
            let [rows_at, values_at] = [at + table, at + table + rows];
            opened.runs.push(Run { ends, rows: Part::File(rows_at), values: Part::File(values_at) });
            opened.end = values_at + values;
            opened.read = to;
        }
        Ok(opened)
    }

    fn open_file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            let place = self.journal.place(&self.matrix);
            self.file = Some(options.read(true).write(true).create(true).truncate(false).open(place)?);
        }
        self.file.as_mut().ok_or_else(|| io::Error::other("no file"))
    }

    /// Items of the source that need not be read again.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Its file goes: the matrix is written, with so many items.
    pub fn done(self, items: u64) {
        self.journal.counted(&self.matrix, items);
        drop(self.file);
        std::fs::remove_file(self.journal.place(&self.matrix)).ok();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Bytes that a stretch takes while it is sorted, for each item.
    pub fn cost(width: usize) -> u64 {
        (2 * ROW + width + ROW + width) as u64
    }

    /// Sorts a stretch that ends behind so many items of the source, and keeps it; in memory when it is the only one.
    ///
    /// # Errors
    /// `Source` when it cannot be written.
    pub fn add(&mut self, items: Items, to: u64, last: bool) -> Result<()> {
        let mut ends = vec![0_u32; self.columns];
        for &column in &items.columns {
            if let Some(count) = ends.get_mut(column as usize) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += std::mem::replace(end, sum);
        }
        // `ends` are beginnings now; placing the items makes them ends.
        let mut rows = vec![0; items.rows.len() * ROW];
        let mut values = vec![0; items.values.len()];
        for ((&column, row), value) in
            items.columns.iter().zip(&items.rows).zip(items.values.chunks_exact(self.width.max(1)))
        {
            let Some(slot) = ends.get_mut(column as usize) else { continue };
            let at = *slot as usize;
            *slot += 1;
            if let Some(place) = rows.get_mut(at * ROW..(at + 1) * ROW) {
                place.copy_from_slice(&row.to_le_bytes());
            }
            if let Some(place) = values.get_mut(at * self.width..(at + 1) * self.width) {
                place.copy_from_slice(value);
            }
        }
        drop(items);
        self.keep(Ends::Table(ends), rows, values, to, last)
    }

    /// Keeps a stretch of rows of a matrix that stores all items, turned already: column after column.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_dense(&mut self, rows: usize, values: Vec<u8>, to: u64, last: bool) -> Result<()> {
        self.keep(Ends::Even(rows), Vec::new(), values, to, last)
    }

    fn keep(&mut self, ends: Ends, rows: Vec<u8>, values: Vec<u8>, to: u64, last: bool) -> Result<()> {
        let run = if last && self.runs.is_empty() {
            Run { ends, rows: Part::Memory(rows), values: Part::Memory(values) }
        } else {
            let table: Vec<u8> = match &ends {
                Ends::Table(ends) => ends.iter().flat_map(|end| end.to_le_bytes()).collect(),
                Ends::Even(_) => Vec::new(),
            };
            let all = [&table[..], &rows, &values];
            let parts = all.map(|part| part.len() as u64);
            let stretch = Stretch { to, at: self.end, parts, sum: sum(&all) };
            self.spill(&all).map_err(|e| {
                let place = self.journal.place(&self.matrix);
                output::failed(&e, &format!("a temporary file, {},", place.display()))
            })?;
            self.journal.stretch(&self.matrix, &stretch);
            let [table, rows, _] = parts;
            let at = stretch.at + table;
            Run { ends, rows: Part::File(at), values: Part::File(at + rows) }
        };
        self.runs.push(run);
        Ok(())
    }

    fn spill(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let mut end = self.end;
        let file = self.open_file()?;
        file.seek(SeekFrom::Start(end))?;
        for part in parts {
            file.write_all(part)?;
            end += part.len() as u64;
        }
        self.end = end;
        Ok(())
    }

    fn part(&self, part: &Part, bytes: Range<usize>) -> Result<Vec<u8>> {
        let lost = || Error::malformed("a sorted stretch is shorter than it was");
        match part {
            Part::Memory(all) => Ok(all.get(bytes).ok_or_else(lost)?.to_vec()),
            Part::File(at) => {
                let mut out = vec![0; bytes.len()];
                let mut file = self.file.as_ref().ok_or_else(lost)?;
                let read = file
                    .seek(SeekFrom::Start(at + bytes.start as u64))
                    .and_then(|_| file.read_exact(&mut out));
                read.map_err(|e| Error::source(format!("a temporary file cannot be read: {e}")))?;
                Ok(out)
            }
        }
    }

    /// Items of each column.
    pub fn counts(&self) -> Vec<u64> {
        let count = |c: usize| self.runs.iter().map(|run| run.ends.span(&(c..c + 1)).len() as u64).sum();
        (0..self.columns).map(count).collect()
    }

    /// Hands out rows and values of all columns in order, as bytes; no more than so many bytes, or one stretch of a column, are held.
    ///
    /// # Errors
    /// What `take` says, and `Source` when stretches cannot be read.
    pub fn merge(&self, memory: u64, mut take: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
        let counts = self.counts();
        let each = (ROW + self.width) as u64;
        let mut start = 0;
        while start < self.columns {
            let mut bytes = 0;
            let fits = |&&count: &&u64| {
                bytes += count * each;
                bytes <= memory
            };
            let end = start + counts.get(start..).unwrap_or_default().iter().take_while(fits).count();
            let group = start..end.max(start + 1);
            start = group.end;
            // A column that is too large for the memory is read stretch by stretch, which is its order anyhow.
            if group.len() == 1 {
                for run in &self.runs {
                    let (_, rows, values) = self.slice(run, &group)?;
                    take(&rows, &values)?;
                }
                continue;
            }
            let parts = self.runs.iter().map(|run| self.slice(run, &group)).collect::<Result<Vec<_>>>()?;
            for column in group {
                for (run, (first, rows, values)) in self.runs.iter().zip(&parts) {
                    let span = run.ends.span(&(column..column + 1));
                    let span = span.start - first..span.end - first;
                    let rows = rows.get(span.start * ROW..span.end * ROW).unwrap_or_default();
                    let values =
                        values.get(span.start * self.width..span.end * self.width).unwrap_or_default();
                    take(rows, values)?;
                }
            }
        }
        Ok(())
    }

    fn slice(&self, run: &Run, columns: &Range<usize>) -> Result<(usize, Vec<u8>, Vec<u8>)> {
        let span = run.ends.span(columns);
        let rows = match run.ends {
            Ends::Even(_) => Vec::new(),
            Ends::Table(_) => self.part(&run.rows, span.start * ROW..span.end * ROW)?,
        };
        let values = self.part(&run.values, span.start * self.width..span.end * self.width)?;
        Ok((span.start, rows, values))
    }

    /// Whole columns of a matrix that stores all items, column after column.
    ///
    /// # Errors
    /// `Source` when stretches cannot be read.
    pub fn dense(&self, columns: &Range<usize>) -> Result<Vec<u8>> {
        let mut out = vec![Vec::new(); columns.len()];
        for run in &self.runs {
            let (.., values) = self.slice(run, columns)?;
            let Ends::Even(rows) = run.ends else { continue };
            for (column, part) in out.iter_mut().zip(values.chunks(rows * self.width)) {
                column.extend_from_slice(part);
            }
        }
        Ok(out.concat())
    }
}
