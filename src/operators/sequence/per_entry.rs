//! A condition on a dictionary column, computed once per entry in place of once per row.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int32Type, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::PhysicalExpr;

use crate::error::Error;

/// A condition that reads one column alone.
#[derive(Debug)]
pub(super) struct PerEntry {
    column: Column,
    condition: Arc<dyn PhysicalExpr>,
    /// The condition over a batch of that column alone.
    alone: Arc<dyn PhysicalExpr>,
    /// The last dictionary and what holds of its entries, and of NULL after them: batches of one file share it.
    last: Mutex<Option<(ArrayData, BooleanArray)>>,
}

impl PerEntry {
    /// The condition, and the same over a batch of its column alone.
    pub fn new(column: Column, condition: Arc<dyn PhysicalExpr>, alone: Arc<dyn PhysicalExpr>) -> Self {
        Self { column, condition, alone, last: Mutex::default() }
    }

    fn of_entries(&self, schema: &Schema, dictionary: &DictionaryArray<Int32Type>) -> Result<BooleanArray> {
        let values = dictionary.values().to_data();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, held)) = last.as_ref()
            && known.ptr_eq(&values)
        {
            return Ok(held.clone());
        }
        let keys: Int32Array = (0..values.len() as i32).map(Some).chain([None]).collect();
        let entries: ArrayRef = Arc::new(DictionaryArray::try_new(keys, Arc::clone(dictionary.values()))?);
        let field = schema.field(self.column.index()).clone().with_nullable(true);
        let each = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![entries])?;
        let held = self.alone.evaluate(&each)?.into_array(each.num_rows())?.as_boolean().clone();
        *last = Some((values, held.clone()));
        Ok(held)
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
        let dictionary = batch.column(self.column.index()).as_dictionary_opt::<Int32Type>();
        let Some(dictionary) = dictionary.filter(|dictionary| dictionary.values().len() < batch.num_rows()) else {
            return self.condition.evaluate(batch);
        };
        let held = self.of_entries(batch.schema_ref(), dictionary)?;
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
