//! The bounds of each file, as the engine's pruning asks for them.
//!
//! The engine's own adapter gives up on a column as soon as one file has no bound, and one file of NULLs is enough.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use arrow::datatypes::DataType;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::snapshot::{DataFile, Snapshot};

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

/// Whether a file holds nothing but NULL in a column that a filter wants known.
pub(super) fn is_void(filter: &Expr, file: &DataFile, at: &Snapshot) -> bool {
    let Expr::IsNotNull(inner) = filter else {
        return false;
    };
    let index = match inner.as_ref() {
        Expr::Column(column) => at.schema().index_of(&column.name),
        _ => return false,
    };
    let known = index.ok().and_then(|index| file.statistics.column_statistics.get(index));
    let counts = known.map(|known| (known.null_count, file.statistics.num_rows));
    matches!(counts, Some((Precision::Exact(nulls), Precision::Exact(rows))) if nulls == rows)
}

/// Whether the bounds of the files show that every row that is read passes a filter: one that compares a column without NULL
/// with a constant, or wants it known. Files that are [void](is_void) for it are not read.
pub(super) fn always(filter: &Expr, at: &Snapshot) -> bool {
    let known = |column: &Column| {
        let index = at.schema().index_of(&column.name).ok()?;
        Some(at.files().iter().map(move |file| (file, &file.statistics.column_statistics[index])))
    };
    let never_null = |column: &Column| {
        known(column).is_some_and(|mut files| files.all(|(_, known)| known.null_count == Precision::Exact(0)))
    };
    match filter {
        Expr::IsNotNull(inner) => match inner.as_ref() {
            Expr::Column(column) => known(column).is_some_and(|mut files| {
                files.all(|(file, known)| known.null_count == Precision::Exact(0) || is_void(filter, file, at))
            }),
            _ => false,
        },
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (Expr::Column(column), Expr::Literal(value, _)) = (left.as_ref(), right.as_ref()) else {
                return false;
            };
            let holds = |known: &ColumnStatistics| {
                let (bound, allowed): (_, &[Ordering]) = match op {
                    Operator::Lt => (&known.max_value, &[Ordering::Less]),
                    Operator::LtEq => (&known.max_value, &[Ordering::Less, Ordering::Equal]),
                    Operator::Gt => (&known.min_value, &[Ordering::Greater]),
                    Operator::GtEq => (&known.min_value, &[Ordering::Greater, Ordering::Equal]),
                    _ => return false,
                };
                let Precision::Exact(bound) = bound else {
                    return false;
                };
                bound.data_type() == value.data_type()
                    && bound.partial_cmp(value).is_some_and(|order| allowed.contains(&order))
            };
            !value.is_null()
                && never_null(column)
                && known(column).is_some_and(|mut files| files.all(|(_, known)| holds(known)))
        }
        _ => false,
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
