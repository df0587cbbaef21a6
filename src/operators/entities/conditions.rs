//! The conditions of a slot, computed for a batch as one mask per row.
//!
//! Conditions that read one and the same dictionary column are computed once per entry, in place of once per row.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::record_batch::RecordBatch;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_plan::PhysicalExpr;

use super::entries::{Entries, by_entry, few_entries};
use super::expressions::with_places;
use crate::error::Result;

/// Up to 64 conditions.
#[derive(Debug)]
pub struct Conditions {
    of_columns: Vec<OfColumn>,
    /// Those that read several columns, or none, or answer differently each time.
    others: Vec<Condition>,
}

/// A condition and its bit in the masks.
type Condition = (u64, Arc<dyn PhysicalExpr>);

/// The conditions that read one column alone.
#[derive(Debug)]
struct OfColumn {
    column: usize,
    conditions: Vec<Condition>,
    /// The same over a batch of that column alone.
    alone: Vec<Condition>,
    /// The masks of a dictionary's entries, NULL's after them.
    entries: Entries<Arc<[u64]>>,
}

impl Conditions {
    pub fn new(conditions: Vec<Arc<dyn PhysicalExpr>>) -> Result<Self> {
        let (mut of_columns, mut others): (Vec<OfColumn>, _) = (vec![], vec![]);
        for (bit, condition) in conditions.into_iter().enumerate() {
            let bit = 1 << bit;
            let Some(column) = only_column(&condition).map(|column| column.index()) else {
                others.push((bit, condition));
                continue;
            };
            let alone = (bit, first(Arc::clone(&condition))?);
            match of_columns.iter_mut().find(|known| known.column == column) {
                Some(known) => {
                    known.conditions.push((bit, condition));
                    known.alone.push(alone);
                }
                None => {
                    let (conditions, alone) = (vec![(bit, condition)], vec![alone]);
                    of_columns.push(OfColumn { column, conditions, alone, entries: Entries::default() });
                }
            }
        }
        Ok(Self { of_columns, others })
    }

    /// Bit k of a row's mask says whether condition k holds; NULL doesn't. No masks where there are no conditions.
    pub fn masks(&mut self, batch: &RecordBatch) -> Result<Vec<u64>> {
        if self.of_columns.is_empty() && self.others.is_empty() {
            return Ok(vec![]);
        }
        let mut masks = vec![0; batch.num_rows()];
        for of_column in &mut self.of_columns {
            of_column.add(batch, &mut masks)?;
        }
        add(&self.others, batch, &mut masks)?;
        Ok(masks)
    }
}

impl OfColumn {
    fn add(&mut self, batch: &RecordBatch, masks: &mut [u64]) -> Result<()> {
        let Some(dictionary) = few_entries(batch.column(self.column)) else {
            return add(&self.conditions, batch, masks);
        };
        let entries = self.entries.of(dictionary, batch.schema_ref(), self.column, |each| {
            let mut masks = vec![0; each.num_rows()];
            add(&self.alone, each, &mut masks)?;
            Ok(Arc::from(masks))
        });
        // It may fail for an entry that no row has any more: then the rows themselves say.
        let Ok(entries) = entries else {
            return add(&self.conditions, batch, masks);
        };
        let (keys, null) = (dictionary.keys(), dictionary.values().len());
        match keys.nulls() {
            None => by_entry(&entries, keys.values(), masks, |mask, held| *mask |= held),
            Some(_) => {
                let keys = keys.iter().map(|key| key.map_or(null, |key| key as usize));
                masks.iter_mut().zip(keys).for_each(|(mask, key)| *mask |= entries[key]);
            }
        }
        Ok(())
    }
}

/// The column that a condition reads, if it reads one alone and gives the same answer each time.
pub(super) fn only_column(condition: &Arc<dyn PhysicalExpr>) -> Option<Column> {
    let mut columns = collect_columns(condition).into_iter();
    let first = columns.next()?;
    (!is_volatile(condition) && columns.all(|column| column.index() == first.index())).then_some(first)
}

/// The expression over a batch in which its column is the first.
pub(super) fn first(expression: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
    Ok(with_places(expression, |_| 0)?)
}

/// Sets the bits of conditions in the masks of a batch's rows.
fn add(conditions: &[Condition], batch: &RecordBatch, masks: &mut [u64]) -> Result<()> {
    for (bit, condition) in conditions {
        let held = condition.evaluate(batch)?.into_array(batch.num_rows())?;
        if let Some(held) = held.as_boolean_opt() {
            set(masks, held, *bit);
        }
    }
    Ok(())
}

fn set(masks: &mut [u64], held: &BooleanArray, bit: u64) {
    let held = match held.nulls() {
        Some(valid) => held.values() & valid.inner(),
        None => held.values().clone(),
    };
    held.set_indices().for_each(|row| masks[row] |= bit);
}
