//! The bounds of each file, as the engine's pruning asks for them.
//!
//! The engine's own adapter gives up on a column as soon as one file has no bound, and one file of NULLs is enough.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use arrow::datatypes::DataType;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, ScalarValue};

use super::snapshot::Snapshot;

/// The files of a version.
pub(super) struct FileBounds<'a> {
    at: &'a Snapshot,
}

impl<'a> FileBounds<'a> {
    pub fn of(at: &'a Snapshot) -> Self {
        Self { at }
    }

    /// One value per file, of the column's type; NULL where none is known.
    fn bounds(
        &self,
        column: &Column,
        bound: impl Fn(&ColumnStatistics) -> &Precision<ScalarValue>,
    ) -> Option<ArrayRef> {
        let index = self.at.schema().index_of(&column.name).ok()?;
        let data_type = self.at.schema().field(index).data_type();
        let unknown = ScalarValue::try_from(data_type).ok()?;
        let values = self.at.files().iter().map(|file| match bound(&file.statistics.column_statistics[index]) {
            Precision::Exact(value) => value.clone(),
            // A text that was cut is still a bound. An instant of another program may be cut on the wrong side.
            Precision::Inexact(value) if *data_type == DataType::Utf8View => value.clone(),
            _ => unknown.clone(),
        });
        ScalarValue::iter_to_array(values).ok()
    }
}

impl PruningStatistics for FileBounds<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |known| &known.min_value)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |known| &known.max_value)
    }

    fn num_containers(&self) -> usize {
        self.at.files().len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let index = self.at.schema().index_of(&column.name).ok()?;
        let files = self.at.files().iter();
        let counts = files.map(|file| file.statistics.column_statistics[index].null_count.get_value());
        Some(Arc::new(counts.map(|count| count.map(|count| *count as u64)).collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.at.files().iter().map(|file| file.rows()).collect::<UInt64Array>()))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
