//! The conditions of a slot, computed for a batch as one mask per row.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array};
use arrow::datatypes::{Int32Type, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::PhysicalExpr;

use crate::error::Result;

/// Up to 64 conditions.
#[derive(Debug)]
pub(super) struct Conditions {
    conditions: Vec<Arc<dyn PhysicalExpr>>,
    /// The only column that they read, and the conditions over a batch of that column alone. Where it is a dictionary, they
    /// are computed once per entry in place of once per row.
    alone: Option<(usize, Vec<Arc<dyn PhysicalExpr>>)>,
}

impl Conditions {
    pub fn new(conditions: Vec<Arc<dyn PhysicalExpr>>) -> Result<Self> {
        let alone = match Self::only_column(&conditions) {
            Some(index) => {
                let moved = conditions.iter().map(|condition| first(Arc::clone(condition)));
                Some((index, moved.collect::<Result<_>>()?))
            }
            None => None,
        };
        Ok(Self { conditions, alone })
    }

    /// Bit k of a row's mask says whether condition k holds; NULL doesn't.
    pub fn masks(&self, batch: &RecordBatch) -> Result<Vec<u64>> {
        if let Some((index, conditions)) = &self.alone
            && let Some(dictionary) = batch.column(*index).as_dictionary_opt::<Int32Type>()
            && dictionary.values().len() < batch.num_rows()
        {
            return by_entry(conditions, batch.schema_ref(), *index, dictionary);
        }
        masks(&self.conditions, batch)
    }

    fn only_column(conditions: &[Arc<dyn PhysicalExpr>]) -> Option<usize> {
        let mut columns = conditions.iter().flat_map(collect_columns);
        let first = columns.next()?;
        let volatile = conditions.iter().any(datafusion::physical_expr_common::physical_expr::is_volatile);
        (!volatile && columns.all(|column| column.index() == first.index())).then_some(first.index())
    }
}

/// The expression over a batch in which its column is the first.
fn first(expression: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
    let moved = expression.transform(|e| match e.downcast_ref::<Column>() {
        Some(column) => Ok(Transformed::yes(Arc::new(Column::new(column.name(), 0)) as Arc<dyn PhysicalExpr>)),
        None => Ok(Transformed::no(e)),
    });
    Ok(moved?.data)
}

fn by_entry(
    conditions: &[Arc<dyn PhysicalExpr>],
    schema: &Schema,
    index: usize,
    dictionary: &DictionaryArray<Int32Type>,
) -> Result<Vec<u64>> {
    // Every entry, and NULL after them.
    let entries = dictionary.values().len();
    let keys: Int32Array = (0..entries as i32).map(Some).chain([None]).collect();
    let column: ArrayRef = Arc::new(DictionaryArray::try_new(keys, Arc::clone(dictionary.values()))?);
    let field = schema.field(index).clone().with_nullable(true);
    let each = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column])?;
    let masks = masks(conditions, &each)?;
    let keys = dictionary.keys();
    Ok(match keys.nulls() {
        None => keys.values().iter().map(|key| masks[*key as usize]).collect(),
        Some(_) => keys.iter().map(|key| masks[key.map_or(entries, |key| key as usize)]).collect(),
    })
}

fn masks(conditions: &[Arc<dyn PhysicalExpr>], batch: &RecordBatch) -> Result<Vec<u64>> {
    let mut masks = vec![0; batch.num_rows()];
    for (bit, condition) in conditions.iter().enumerate() {
        let held = condition.evaluate(batch)?.into_array(batch.num_rows())?;
        if let Some(held) = held.as_boolean_opt() {
            set(&mut masks, held, 1 << bit);
        }
    }
    Ok(masks)
}

fn set(masks: &mut [u64], held: &BooleanArray, bit: u64) {
    let held = match held.nulls() {
        Some(valid) => held.values() & valid.inner(),
        None => held.values().clone(),
    };
    held.set_indices().for_each(|row| masks[row] |= bit);
}
