//! Parquet files; their rows are named by number, 1 first.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use journeydb::{Error, Result, SqlState};

use super::chunk::{Chunk, Layout, Originals, Source, in_file};
use super::limits::CHUNK_ROWS;
use super::mapping::{Mapping, Matched};

/// A Parquet file. Fields that feed no column are read too: a reject repeats the whole row.
pub struct ParquetFile {
    file: Arc<str>,
    reader: ParquetRecordBatchReader,
    matched: Matched,
    row: u64,
    rows: u64,
    size: u64,
}

impl ParquetFile {
    /// Opens a file and reads its schema.
    pub fn open(path: &Path, mapping: &Mapping) -> Result<Self> {
        let file: Arc<str> = path.display().to_string().into();
        let input = File::open(path).map_err(|error| in_file(&file, error))?;
        let size = input.metadata().map_err(|error| in_file(&file, error))?.len();
        let builder = ParquetRecordBatchReaderBuilder::try_new(input).map_err(|error| unreadable(&file, &error))?;
        let rows = builder.metadata().file_metadata().num_rows().max(0) as u64;
        let matched = mapping.matched(&file, builder.schema().fields().iter().map(|field| field.name().as_str()))?;
        let reader = builder.with_batch_size(CHUNK_ROWS).build().map_err(|error| unreadable(&file, &error))?;
        Ok(Self { file, reader, matched, row: 0, rows, size })
    }
}

impl Source for ParquetFile {
    fn next(&mut self) -> Result<Option<Chunk>> {
        let Some(batch) = self.reader.next().transpose().map_err(|error| unreadable(&self.file, &error))? else {
            return Ok(None);
        };
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for (index, column) in &self.matched.fed {
            fields.push(Field::new(column, batch.column(*index).data_type().clone(), true));
            columns.push(batch.column(*index).clone());
        }
        let columns = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        let first = self.row + 1;
        self.row += batch.num_rows() as u64;
        let lines = (first..=self.row).collect();
        Ok(Some(Chunk { columns, lines, originals: Originals::Columns(batch), malformed: Vec::new() }))
    }

    fn feeds(&self, column: &str) -> bool {
        self.matched.fed.iter().any(|(_, fed)| fed == column)
    }

    fn ignored(&self) -> Vec<String> {
        self.matched.ignored.clone()
    }

    /// The share of the rows read: the reader jumps between columns, so that no place in the file says more.
    fn bytes_read(&self) -> u64 {
        if self.rows == 0 { self.size } else { (self.size as f64 * self.row as f64 / self.rows as f64) as u64 }
    }

    fn layout(&self) -> Layout {
        Layout::Json
    }
}

fn unreadable(file: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(SqlState::IoError, format!("{file}: not readable as Parquet: {error}"))
        .with_hint("check that the file is whole, or say what it is with --format")
}
