//! The order in which a table keeps its rows: by entity, then by time.
//!
//! Every write sorts its rows and cuts them into files between two values of the first column, so that files of one write never
//! share one. The order stands in the table's metadata in the log; each file that keeps it says so by a tag, because other
//! programs write files that don't.

use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::Schema;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};

use super::log::Metadata;
use crate::error::{Error, Result, SqlState};

/// The key of the order in a table's metadata, and of the tag on a file that keeps it.
pub(super) const SORTED_BY: &str = "journeydb.sortedBy";

/// The columns that rows are sorted by, ascending, NULL last. Rows of different files differ in the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sorting {
    columns: Vec<String>,
    determinant: Option<String>,
    /// As the log has it.
    record: String,
}

impl Sorting {
    /// By these columns of a table; 42703 if it lacks one, 42P16 if there is none or one is named twice.
    pub fn new(columns: Vec<String>, schema: &Schema) -> Result<Self> {
        if let Some(missing) = columns.iter().find(|column| schema.field_with_name(column).is_err()) {
            return Err(Error::new(SqlState::UndefinedColumn, format!("column \"{missing}\" does not exist")));
        }
        let repeated = columns.iter().enumerate().any(|(at, column)| columns[..at].contains(column));
        if columns.is_empty() || repeated {
            let message = "the columns that a table is sorted by must be some, each named once";
            return Err(Error::new(SqlState::InvalidTableDefinition, message));
        }
        let record = serde_json::Value::from(columns.clone()).to_string();
        let is_exact =
            |column: &String| !schema.field_with_name(column).is_ok_and(|field| field.data_type().is_floating());
        let determinant = match columns.as_slice() {
            [_, .., last, _] => Some(last.clone()).filter(is_exact),
            _ => None,
        };
        Ok(Self { columns, determinant, record })
    }

    /// What a table's metadata says, as far as the table has the columns.
    pub(super) fn of(metadata: &Metadata, schema: &Schema) -> Option<Self> {
        let columns = serde_json::from_str(metadata.configuration().get(SORTED_BY)?).ok()?;
        Self::new(columns, schema).ok()
    }

    /// As the log records it.
    pub(super) fn record(&self) -> &str {
        &self.record
    }

    /// What rows belong to: all columns but the last, which is their time.
    pub(super) fn entity(&self) -> &[String] {
        &self.columns[..self.columns.len() - 1]
    }

    /// The column that may determine those before it in the entity. Zeros of floating point are two values in an order and
    /// one in SQL.
    pub(super) fn determinant(&self) -> Option<&str> {
        self.determinant.as_deref()
    }

    /// The columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The order of rows of a schema.
    pub(super) fn ordering(&self, schema: &Schema) -> Option<LexOrdering> {
        let keys = self.columns.iter().map(|column| {
            let key = Column::new(column, schema.index_of(column).ok()?);
            let options = SortOptions { descending: false, nulls_first: false };
            Some(PhysicalSortExpr::new(Arc::new(key), options))
        });
        LexOrdering::new(keys.collect::<Option<Vec<_>>>()?)
    }
}
