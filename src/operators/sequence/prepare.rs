//! Computes a call's arguments: per batch what a kernel reads of its rows, once per partition the kernel itself.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{cast, partition};
use arrow::datatypes::{DataType, Int64Type, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_plan::PhysicalExpr;

use super::conditions::Conditions;
use super::entity::{Codes, Rows, Values};
use super::function::{Function, Kernel, Slot};
use super::intern::Interner;
use crate::error::{Error, Result};

/// The physical arguments of a call.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    pub function: Function,
    pub entity: Vec<Arc<dyn PhysicalExpr>>,
    pub at: Arc<dyn PhysicalExpr>,
    pub tiebreak: Vec<Arc<dyn PhysicalExpr>>,
    /// Slot by slot, as many as each takes.
    pub slots: Vec<Vec<Arc<dyn PhysicalExpr>>>,
    pub constants: Vec<Arc<dyn PhysicalExpr>>,
    /// The type of times, and of each slot's values.
    pub at_type: DataType,
    pub slot_types: Vec<DataType>,
    /// Which of the function's columns are read.
    pub wanted: Vec<bool>,
}

impl Arguments {
    /// How many of the entity's columns the answer begins with.
    pub fn keys(&self) -> usize {
        if self.function.is_total() { 0 } else { self.entity.len() }
    }
}

/// Computes them for one partition.
#[derive(Debug)]
pub(super) struct Prepare {
    arguments: Arguments,
    conditions: Vec<Option<Conditions>>,
    last_tie: Option<(Vec<ArrayRef>, u32)>,
}

impl Prepare {
    pub fn new(arguments: Arguments) -> Result<Self> {
        let conditions = arguments.function.slots().into_iter().zip(&arguments.slots).map(|(slot, given)| match slot {
            Slot::Conditions(_) => Conditions::new(given.clone()).map(Some),
            _ => Ok(None),
        });
        let conditions = conditions.collect::<Result<_>>()?;
        Ok(Self { arguments, conditions, last_tie: None })
    }

    /// What the codes of slots will stand for.
    pub fn codes(&self) -> Result<Codes> {
        let slots = self.arguments.function.slots().into_iter().zip(&self.arguments.slot_types);
        let interner = slots.map(|(slot, data_type)| match slot {
            Slot::Code => Interner::new(data_type).map(Some),
            _ => Ok(None),
        });
        Ok(Codes(interner.collect::<Result<_>>()?))
    }

    /// The keys of a batch's rows and what the kernel reads of them.
    pub fn values(&mut self, batch: &RecordBatch, codes: &mut Codes) -> Result<(Vec<ArrayRef>, Rows)> {
        let entity = self.arguments.entity.iter().map(|key| evaluate(key, batch));
        let entity = entity.collect::<Result<Vec<_>>>()?;
        let times = integers(&evaluate(&self.arguments.at, batch)?)?;
        let ranks = if self.arguments.tiebreak.is_empty() { None } else { Some(self.ranks(batch)?) };
        let slots = (0..self.arguments.slots.len()).map(|slot| self.slot(slot, batch, codes));
        Ok((entity, Rows { times, ranks, slots: slots.collect::<Result<_>>()? }))
    }

    /// The kernel, made at the first call.
    pub fn kernel<'k>(&self, made: &'k mut Option<Box<dyn Kernel>>) -> Result<&'k mut dyn Kernel> {
        let kernel = match made.take() {
            Some(kernel) => kernel,
            None => {
                let Arguments { function, constants, at_type, slot_types, wanted, .. } = &self.arguments;
                let constants = constants.iter().map(constant).collect::<Result<Vec<_>>>()?;
                function.kernel_for(wanted, &constants, at_type, slot_types)?
            }
        };
        Ok(made.insert(kernel).as_mut())
    }

    fn slot(&self, slot: usize, batch: &RecordBatch, codes: &mut Codes) -> Result<Values> {
        if let Some(conditions) = &self.conditions[slot] {
            return Ok(Values::Masks(conditions.masks(batch)?));
        }
        let column = evaluate(&self.arguments.slots[slot][0], batch)?;
        if let Some(interner) = &mut codes.0[slot] {
            return Ok(Values::Codes(interner.encode(&column)?));
        }
        match self.arguments.function.slots()[slot] {
            Slot::Integer => Ok(Values::Integers(integers(&column)?)),
            _ => Ok(Values::Kept(vec![column])),
        }
    }

    /// A number per row that grows where the tiebreak's values change.
    fn ranks(&mut self, batch: &RecordBatch) -> Result<Vec<u32>> {
        let ties = self.arguments.tiebreak.iter().map(|tie| evaluate(tie, batch)).collect::<Result<Vec<_>>>()?;
        let mut rank = match &self.last_tie {
            Some((last, rank)) if same(last, &ties)? => *rank,
            Some((_, rank)) => rank.wrapping_add(1),
            None => 0,
        };
        let mut ranks = Vec::with_capacity(batch.num_rows());
        for (index, run) in partition(&ties)?.ranges().into_iter().enumerate() {
            rank = if index > 0 { rank.wrapping_add(1) } else { rank };
            ranks.extend(std::iter::repeat_n(rank, run.len()));
        }
        let last = batch.num_rows() - 1;
        self.last_tie = Some((ties.iter().map(|tie| tie.slice(last, 1)).collect(), rank));
        Ok(ranks)
    }
}

/// Whether a row equals the first row of others; NULL equals NULL.
pub(super) fn same(one: &[ArrayRef], others: &[ArrayRef]) -> Result<bool> {
    for (one, other) in one.iter().zip(others) {
        if !not_distinct(one, &other.slice(0, 1))?.value(0) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn evaluate(expression: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<ArrayRef> {
    Ok(expression.evaluate(batch)?.into_array(batch.num_rows())?)
}

/// Times in their own unit, and whole numbers.
fn integers(column: &ArrayRef) -> Result<Vec<i64>> {
    let integers = cast(column, &DataType::Int64)?;
    let integers = integers.as_primitive::<Int64Type>();
    Ok(match integers.nulls() {
        None => integers.values().to_vec(),
        Some(_) => integers.iter().map(|integer| integer.unwrap_or(i64::MIN)).collect(),
    })
}

fn constant(expression: &Arc<dyn PhysicalExpr>) -> Result<ScalarValue> {
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options)?;
    match expression.evaluate(&row)? {
        ColumnarValue::Scalar(value) => Ok(value),
        ColumnarValue::Array(values) if values.len() == 1 => Ok(ScalarValue::try_from_array(&values, 0)?),
        ColumnarValue::Array(_) => Err(Error::internal("a constant of several values")),
    }
}
