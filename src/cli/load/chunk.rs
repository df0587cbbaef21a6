//! A chunk of rows as a file gave them, with where each came from, so that a refused row can be named and kept.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use journeydb::{Error, Result};

/// Rows of one file, in order, that have the shape of a row; the rest are in `malformed`.
#[derive(Debug)]
pub struct Chunk {
    /// One column per column of the table that the file feeds, under the table's name, with the file's type.
    pub columns: RecordBatch,
    /// The line of each row, 1 first; in Parquet the row number.
    pub lines: Vec<u64>,
    /// What the file holds for each row.
    pub originals: Originals,
    /// Rows that could not be cut into fields.
    pub malformed: Vec<Reject>,
}

/// A row that was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Its line, or row number, in the file.
    pub line: u64,
    /// Why, in one line.
    pub reason: String,
    /// The row as the file holds it, without its line end.
    pub original: Vec<u8>,
}

/// The rows as the file holds them.
#[derive(Debug)]
pub enum Originals {
    /// Text, row after row.
    Text(Lines),
    /// Columns of a binary file; a row is written as a JSON object.
    Columns(RecordBatch),
}

/// Pieces of text in one buffer.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Lines {
    /// Adds a piece.
    pub fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    fn get(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }
}

impl Chunk {
    /// The reject for one of the rows.
    pub fn reject(&self, row: usize, reason: String) -> Result<Reject> {
        let original = match &self.originals {
            Originals::Text(lines) => lines.get(row).to_vec(),
            Originals::Columns(batch) => json(&batch.slice(row, 1))?,
        };
        Ok(Reject { line: self.lines[row], reason, original })
    }
}

fn json(row: &RecordBatch) -> Result<Vec<u8>> {
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write(row)?;
    writer.finish()?;
    let mut text = writer.into_inner();
    text.truncate(text.trim_ascii_end().len());
    Ok(text)
}

/// Reads one file from front to back.
pub trait Source: Send {
    /// The next rows; `None` at the end. An error means that the rest can't be read.
    fn next(&mut self) -> Result<Option<Chunk>>;

    /// Whether the file has this column of the table; a format that names its fields row by row has them all.
    fn feeds(&self, column: &str) -> bool;

    /// The fields met so far that feed no column.
    fn ignored(&self) -> Vec<String>;

    /// Bytes read so far.
    fn bytes_read(&self) -> u64;

    /// How a reject file repeats the rows.
    fn layout(&self) -> Layout;
}

/// The form of a reject file: that of the file it belongs to, so that it can be mended and loaded again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// CSV with this delimiter and header line.
    Csv {
        /// The delimiter.
        delimiter: u8,
        /// The header as the file has it.
        header: Vec<u8>,
    },
    /// One JSON object per line.
    Json,
}

/// An error that names the file it happened in.
pub fn in_file(file: &Arc<str>, error: impl Into<Error>) -> Error {
    let error = error.into();
    let named = Error::new(error.state(), format!("{file}: {}", error.message()));
    match error.hint() {
        Some(hint) => named.with_hint(hint),
        None => named,
    }
}
