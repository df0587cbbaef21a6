//! Bytes of a COPY, cut anywhere, to batches of a table's own types.

use arrow::array::new_null_array;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use bytes::{Buf, BytesMut};

use super::binary::BinaryRows;
use super::columns::Columns;
use super::line_rows::LineRows;
use super::values::Values;
use crate::error::{Error, Result, SqlState};
use crate::statements::{CopyFormat, CopyIn};

/// Rows of a batch: those that the engine's own sources make.
const ROWS: usize = 8192;

/// Bytes of input that make a batch however few the rows are.
const BATCH: usize = 8 * 1024 * 1024;

/// The longest row. Quotes that were never closed make one of all that follows.
const LONGEST: usize = 64 * 1024 * 1024;

/// Reads rows as COPY spells them. The bytes of [`CopyReader::push`] may end anywhere; [`CopyReader::next`] gives batches as
/// they are full, [`CopyReader::finish`] what is left.
pub struct CopyReader {
    rows: Rows,
    columns: Columns,
    values: Vec<Values>,
    /// Rows and bytes of the batch that is being read.
    count: usize,
    bytes: usize,
    input: BytesMut,
}

/// Reads rows of one of the formats.
enum Rows {
    Lines(LineRows),
    Binary(BinaryRows),
}

/// What was read, and how many bytes it was.
pub(super) enum Step {
    /// Nothing: more input is needed.
    Part,
    /// Something beside the rows.
    Passed(usize),
    /// A row.
    Row(usize),
    /// The end of the data; the rest has no meaning.
    End(usize),
}

impl CopyReader {
    /// For the rows that a COPY waits for; instants without an offset are read in the zone of that name.
    pub fn new(copy: &CopyIn, zone: &str) -> Result<Self> {
        let zone = zone.parse().map_err(|_| Error::internal(format!("TimeZone \"{zone}\" is not known")))?;
        let values = copy.columns.iter().map(|&at| Values::of(copy.schema.field(at), zone)).collect::<Result<_>>()?;
        let rows = match copy.options.format {
            CopyFormat::Binary => Rows::Binary(BinaryRows::default()),
            CopyFormat::Text | CopyFormat::Csv => Rows::Lines(LineRows::new(&copy.options)),
        };
        Ok(Self { rows, columns: Columns::of(copy), values, count: 0, bytes: 0, input: BytesMut::new() })
    }

    /// The columns of the batches: the table's, NULL allowed in all of them.
    pub fn schema(&self) -> SchemaRef {
        self.columns.schema.clone()
    }

    /// Takes in more bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// A full batch; `None` when more bytes are needed for one. Errors are those of Postgres, with the line and column.
    #[expect(clippy::should_implement_trait, reason = "no iterator: it goes on after the next push")]
    pub fn next(&mut self) -> Result<Option<RecordBatch>> {
        while self.count < ROWS && self.bytes < BATCH {
            if !self.step(false)? {
                return Ok(None);
            }
        }
        self.batch().map(Some)
    }

    /// The rows that are left when no more bytes come.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>> {
        while self.step(true)? {}
        if self.count == 0 { Ok(None) } else { self.batch().map(Some) }
    }

    /// Reads a row, or what stands beside the rows; false where nothing more is to be read. `all`: no more input comes.
    fn step(&mut self, all: bool) -> Result<bool> {
        let step = match &mut self.rows {
            Rows::Lines(rows) => rows.step(&self.input, all, &self.columns, &mut self.values)?,
            Rows::Binary(rows) => rows.step(&self.input, all, &self.columns, &mut self.values)?,
        };
        match step {
            Step::Part if self.input.len() > LONGEST => return Err(self.too_long()),
            Step::Part => return Ok(false),
            Step::End(length) => {
                self.input.advance(length);
                return Ok(false);
            }
            Step::Passed(length) => self.input.advance(length),
            Step::Row(length) => {
                self.count += 1;
                self.bytes += length;
                self.input.advance(length);
            }
        }
        Ok(true)
    }

    fn too_long(&self) -> Error {
        let error =
            Error::new(SqlState::ProgramLimitExceeded, format!("a row of more than {LONGEST} bytes does not fit"));
        let line = match &self.rows {
            Rows::Lines(rows) => rows.line(),
            Rows::Binary(rows) => rows.line(),
        };
        self.columns.on_line(error.with_hint("look for quotes that are not closed"), line)
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let count = std::mem::take(&mut self.count);
        self.bytes = 0;
        let read: Vec<_> = self.values.iter_mut().map(Values::finish).collect();
        let places = self.columns.places.iter().zip(self.columns.schema.fields());
        let columns = places.map(|(place, field)| match place {
            Some(at) => read[*at].clone(),
            None => new_null_array(field.data_type(), count),
        });
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        Ok(RecordBatch::try_new_with_options(self.schema(), columns.collect(), &options)?)
    }
}
