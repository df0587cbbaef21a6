//! A condition on a dictionary column, computed once per entry in place of once per row.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::take;
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::PhysicalExpr;

use super::entries::{Entries, few_entries};
use super::expressions::evaluate;
use crate::error::Error;

/// A condition that reads one column alone.
#[derive(Debug)]
pub(super) struct PerEntry {
    column: Column,
    condition: Arc<dyn PhysicalExpr>,
    /// The condition over a batch of that column alone.
    alone: Arc<dyn PhysicalExpr>,
    /// What holds of a dictionary's entries, and of NULL after them.
    entries: Mutex<Entries<BooleanArray>>,
}

impl PerEntry {
    /// The condition, and the same over a batch of its column alone.
    pub fn new(column: Column, condition: Arc<dyn PhysicalExpr>, alone: Arc<dyn PhysicalExpr>) -> Self {
        Self { column, condition, alone, entries: Mutex::default() }
    }
}

impl PhysicalExpr for PerEntry {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.condition.nullable(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let index = self.column.index();
        let Some(dictionary) = few_entries(batch.column(index)) else {
            return self.condition.evaluate(batch);
        };
        let of_entries = |each: &RecordBatch| Ok(evaluate(&self.alone, each)?.as_boolean().clone());
        // Partitions share the expression: the lock is held for the look-up alone.
        let held = {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.of(dictionary, batch.schema_ref(), index, of_entries)
        };
        // It may fail for an entry that no row has any more: then the rows themselves say.
        let Ok(held) = held else {
            return self.condition.evaluate(batch);
        };
        let null = held.len() as i32 - 1;
        let keys = match dictionary.keys().null_count() {
            0 => dictionary.keys().clone(),
            _ => dictionary.keys().iter().map(|key| Some(key.unwrap_or(null))).collect(),
        };
        Ok(ColumnarValue::Array(take(&held, &keys, None)?))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.condition]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let [condition] = <[_; 1]>::try_from(children).map_err(|_| Error::internal("a condition has one child"))?;
        // What becomes of it needn't read one column any more.
        Ok(if condition.eq(&self.condition) { self } else { condition })
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt_sql(f)
    }
}

impl fmt::Display for PerEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

impl PartialEq for PerEntry {
    fn eq(&self, other: &Self) -> bool {
        self.condition.eq(&other.condition)
    }
}

impl Eq for PerEntry {}

impl Hash for PerEntry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.condition.hash(state);
    }
}
