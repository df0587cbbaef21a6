//! Which rows a statement removes, and the reading of those that stay.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, BooleanBufferBuilder, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int32Type, Int64Type};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use super::scan::{FILE, ROW, whole_file};
use super::snapshot::Snapshot;
use super::table::Table;
use crate::error::{Error, Result};

/// A set of row addresses in one version of a table: a bit per row of each file it touches.
#[derive(Debug, Default)]
pub struct RowAddresses {
    files: BTreeMap<usize, FileRows>,
}

/// Rows of one file.
#[derive(Debug)]
pub(super) struct FileRows {
    bits: BooleanBufferBuilder,
    count: u64,
}

impl RowAddresses {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the addresses in two columns, as a scan of [`Table::addressed`] gives them, and tells for each whether it
    /// is new to the set.
    pub fn insert(&mut self, files: &dyn Array, rows: &dyn Array) -> Result<BooleanArray> {
        let malformed = || Error::internal("row addresses are an Int32 and an Int64 column without NULLs");
        let files = files.as_primitive_opt::<Int32Type>().ok_or_else(malformed)?;
        let rows = rows.as_primitive_opt::<Int64Type>().ok_or_else(malformed)?;
        if files.null_count() > 0 || rows.null_count() > 0 {
            return Err(malformed());
        }
        let news = files.values().iter().zip(rows.values()).map(|(file, row)| {
            let (file, row) = (usize::try_from(*file), usize::try_from(*row));
            let (file, row) = (file.map_err(|_| malformed())?, row.map_err(|_| malformed())?);
            Ok(self.files.entry(file).or_default().insert(row))
        });
        Ok(BooleanArray::from(news.collect::<Result<Vec<bool>>>()?))
    }

    /// The number of addresses.
    pub fn len(&self) -> u64 {
        self.files.values().map(|rows| rows.count).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn by_file(&self) -> impl Iterator<Item = (usize, &FileRows)> {
        self.files.iter().map(|(file, rows)| (*file, rows))
    }
}

impl Default for FileRows {
    fn default() -> Self {
        Self { bits: BooleanBufferBuilder::new(0), count: 0 }
    }
}

impl FileRows {
    fn insert(&mut self, row: usize) -> bool {
        if row >= self.bits.len() {
            self.bits.resize((row + 1).next_power_of_two());
        }
        let new = !self.bits.get_bit(row);
        self.bits.set_bit(row, true);
        self.count += u64::from(new);
        new
    }

    pub fn len(&self) -> u64 {
        self.count
    }

    fn contains(&self, row: i64) -> bool {
        usize::try_from(row).is_ok_and(|row| row < self.bits.len() && self.bits.get_bit(row))
    }
}

/// The rows of a file but for the removed ones.
pub(super) fn survivors<'a>(
    table: &Arc<Table>,
    at: &Arc<Snapshot>,
    file: usize,
    removed: &'a FileRows,
) -> Result<BoxStream<'a, Result<RecordBatch>>> {
    let batches = whole_file(table, at, file)?;
    Ok(batches.map_err(Error::from).map(|batch| stay(&batch?, removed)).boxed())
}

/// The rows of an addressed batch that stay, without their addresses.
fn stay(batch: &RecordBatch, removed: &FileRows) -> Result<RecordBatch> {
    let columns = batch.num_columns() - [FILE, ROW].len();
    let rows = batch.column(columns + 1).as_primitive::<Int64Type>();
    let stays: BooleanArray = rows.values().iter().map(|row| Some(!removed.contains(*row))).collect();
    let values = batch.project(&(0..columns).collect::<Vec<_>>())?;
    Ok(filter_record_batch(&values, &stays)?)
}
