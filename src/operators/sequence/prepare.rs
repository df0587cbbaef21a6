//! Computes a call's arguments: per batch what a kernel reads of its rows, once per partition the kernel itself.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{SortOptions, cast, take_record_batch};
use arrow::datatypes::{DataType, Int64Type, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, PhysicalExpr};

use super::entity::{Codes, Numbers, Rows, Values};
use super::function::{Function, Kernel, Slot};
use super::intern::Interner;
use crate::error::{Error, Result};
use crate::operators::entities::{Conditions, Without, equal_neighbours, evaluate, runs, same};

/// The physical arguments of a call.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    pub function: Function,
    /// What is read of the rows.
    pub rows: Side,
    pub constants: Vec<Arc<dyn PhysicalExpr>>,
    /// The type of times, and of each slot's values, those of the rows beside last.
    pub at_type: DataType,
    pub slot_types: Vec<DataType>,
    /// Which of the function's columns are read.
    pub wanted: Vec<bool>,
}

/// What is read of each row of a relation.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub entity: Vec<Arc<dyn PhysicalExpr>>,
    /// What comes before the entity in the order of the rows, equal in all rows of an entity; nothing reads it.
    pub owner: Vec<Arc<dyn PhysicalExpr>>,
    /// Whether the source has promised what the plan can't say: each entity's rows side by side, in the order of time.
    pub promised: bool,
    pub at: Arc<dyn PhysicalExpr>,
    pub tiebreak: Vec<Arc<dyn PhysicalExpr>>,
    /// Slot by slot: of what kind, and as many as it takes.
    pub slots: Vec<(Slot, Vec<Arc<dyn PhysicalExpr>>)>,
}

impl Arguments {
    /// How many of the entity's columns the answer begins with.
    pub fn keys(&self) -> usize {
        if self.function.is_total() { 0 } else { self.rows.entity.len() }
    }

    /// The kernel, made at the first call.
    pub fn kernel<'k>(&self, made: &'k mut Option<Box<dyn Kernel>>) -> Result<&'k mut dyn Kernel> {
        let kernel = match made.take() {
            Some(kernel) => kernel,
            None => {
                let constants = self.constants.iter().map(constant).collect::<Result<Vec<_>>>()?;
                self.function.kernel_for(&self.wanted, &constants, &self.at_type, &self.slot_types)?
            }
        };
        Ok(made.insert(kernel).as_mut())
    }
}

impl Side {
    /// Everything that is computed of a row.
    pub fn per_row(&self) -> impl Iterator<Item = &Arc<dyn PhysicalExpr>> {
        let slots = self.slots.iter().flat_map(|(_, slot)| slot);
        self.entity.iter().chain([&self.at]).chain(&self.tiebreak).chain(slots)
    }

    /// The same over batches that have a column for each of [`Side::per_row`].
    pub fn numbered(&self, schema: &Schema) -> Self {
        let mut columns = schema.fields().iter().enumerate();
        let mut next = || -> Arc<dyn PhysicalExpr> {
            let (at, name) = columns.next().map_or((0, ""), |(at, field)| (at, field.name().as_str()));
            Arc::new(Column::new(name, at))
        };
        let entity = self.entity.iter().map(|_| next()).collect();
        let at = next();
        let tiebreak = self.tiebreak.iter().map(|_| next()).collect();
        let slots = self.slots.iter().map(|(kind, slot)| (*kind, slot.iter().map(|_| next()).collect())).collect();
        Self { entity, owner: vec![], promised: false, at, tiebreak, slots }
    }

    /// What rows are kept together by: the entity, within what it belongs to.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<dyn PhysicalExpr>> {
        self.owner.iter().chain(&self.entity)
    }

    /// The order in which rows come: by those keys, then by time.
    pub fn order(&self) -> Option<LexOrdering> {
        let keys = self.keys().chain([&self.at]);
        let options = SortOptions { descending: false, nulls_first: false };
        LexOrdering::new(keys.map(|key| PhysicalSortExpr::new(Arc::clone(key), options)))
    }

    /// The same read of rows without one of the keys.
    pub fn over(&self, rows: &Without) -> datafusion::common::Result<Self> {
        let moved = |read: &Arc<dyn PhysicalExpr>| rows.over(read);
        let kept = |keys: &[Arc<dyn PhysicalExpr>], first: usize| {
            let kept = keys.iter().zip(first..).filter(|(_, at)| *at != rows.key);
            kept.map(|(key, _)| moved(key)).collect::<datafusion::common::Result<Vec<_>>>()
        };
        let slots =
            self.slots.iter().map(|(kind, slot)| Ok((*kind, slot.iter().map(moved).collect::<Result<_, _>>()?)));
        Ok(Self {
            entity: kept(&self.entity, self.owner.len())?,
            owner: kept(&self.owner, 0)?,
            promised: true,
            at: moved(&self.at)?,
            tiebreak: self.tiebreak.iter().map(moved).collect::<Result<_, _>>()?,
            slots: slots.collect::<datafusion::common::Result<_>>()?,
        })
    }

    /// The same with the owner, if rows come in its order, or else without: to sort by more columns would only take longer.
    pub fn ordered_as(mut self, input: &Arc<dyn ExecutionPlan>) -> Result<Self> {
        if !self.comes_in_order(input)? {
            self.owner.clear();
        }
        Ok(self)
    }

    /// Whether rows come so.
    pub fn comes_in_order(&self, input: &Arc<dyn ExecutionPlan>) -> Result<bool> {
        if self.promised {
            return Ok(true);
        }
        let order = self.order().map(|order| input.equivalence_properties().ordering_satisfy(order));
        Ok(order.transpose()?.unwrap_or(false))
    }
}

/// Computes it for one partition.
#[derive(Debug)]
pub(super) struct Prepare {
    side: Side,
    conditions: Vec<Option<Conditions>>,
    last_tie: Option<(Vec<ArrayRef>, u32)>,
}

impl Prepare {
    pub fn new(side: Side) -> Result<Self> {
        let conditions = side.slots.iter().map(|(slot, given)| match slot {
            Slot::Conditions(_) => Conditions::new(given.clone()).map(Some),
            _ => Ok(None),
        });
        let conditions = conditions.collect::<Result<_>>()?;
        Ok(Self { side, conditions, last_tie: None })
    }

    /// What the codes of slots will stand for, given the types of their values.
    pub fn codes(&self, types: &[DataType]) -> Result<Codes> {
        let interner = self.side.slots.iter().zip(types).map(|((slot, _), data_type)| match slot {
            Slot::Code => Interner::new(data_type).map(Some),
            _ => Ok(None),
        });
        Ok(Codes(interner.collect::<Result<_>>()?))
    }

    /// The keys of a batch's rows and what the kernel reads of them.
    pub fn values(&mut self, batch: &RecordBatch, codes: &mut Codes) -> Result<(Vec<ArrayRef>, Rows)> {
        let entity = self.side.entity.iter().map(|key| evaluate(key, batch));
        let entity = entity.collect::<Result<Vec<_>>>()?;
        let times = integers(&evaluate(&self.side.at, batch)?)?;
        let ranks = if self.side.tiebreak.is_empty() { None } else { Some(self.ranks(batch, &times)?) };
        let slots = (0..self.side.slots.len()).map(|slot| self.slot(slot, batch, codes));
        Ok((entity, Rows { times, ranks, slots: slots.collect::<Result<_>>()? }))
    }

    /// The rows of an entity without any.
    pub fn nothing(&self) -> Rows {
        let slots = self.side.slots.iter().map(|(kind, _)| match kind {
            Slot::Conditions(_) => Values::Masks(vec![]),
            Slot::Code => Values::Codes(vec![]),
            Slot::Integer => Values::Integers(Numbers::default()),
            Slot::Kept => Values::Kept(vec![]),
        });
        let ranks = (!self.side.tiebreak.is_empty()).then(Vec::new);
        Rows { times: Numbers::default(), ranks, slots: slots.collect() }
    }

    fn slot(&mut self, slot: usize, batch: &RecordBatch, codes: &mut Codes) -> Result<Values> {
        if let Some(conditions) = &mut self.conditions[slot] {
            return Ok(Values::Masks(conditions.masks(batch)?));
        }
        let (kind, given) = &self.side.slots[slot];
        let column = evaluate(&given[0], batch)?;
        if let Some(interner) = &mut codes.0[slot] {
            return Ok(Values::Codes(interner.encode(&column)?));
        }
        match kind {
            Slot::Integer => Ok(Values::Integers(integers(&column)?)),
            _ => Ok(Values::Kept(vec![column])),
        }
    }

    /// A number per row that, among neighbours of one instant, grows where the tiebreak's values change. Of other rows it says
    /// nothing: the values of the few that tie are all that is computed.
    fn ranks(&mut self, batch: &RecordBatch, times: &[i64]) -> Result<Vec<u32>> {
        let Some(last) = times.len().checked_sub(1) else {
            return Ok(vec![]);
        };
        let pairs = equal_neighbours(times);
        let tied = pairs.iter().flat_map(|pair| [*pair, pair + 1]);
        let mut rows: Vec<u32> = [0].into_iter().chain(tied).chain([last as u32]).collect();
        rows.dedup();
        let few = take_record_batch(batch, &UInt32Array::from(rows.clone()))?;
        let ties = self.side.tiebreak.iter().map(|tie| evaluate(tie, &few)).collect::<Result<Vec<_>>>()?;
        let mut ranks = vec![0; times.len()];
        ranks[0] = match &self.last_tie {
            Some((before, rank)) if same(before, &ties)? => *rank,
            Some((_, rank)) => rank.wrapping_add(1),
            None => 0,
        };
        let mut changes = runs(&ties)?.into_iter().map(|run| run.start).skip(1).peekable();
        for (place, pair) in rows.windows(2).enumerate() {
            let (row, next) = (pair[0] as usize, pair[1] as usize);
            let changed = changes.next_if_eq(&(place + 1)).is_some();
            if next == row + 1 && times[next] == times[row] {
                ranks[next] = ranks[row].wrapping_add(u32::from(changed));
            }
        }
        self.last_tie = Some((ties.iter().map(|tie| tie.slice(tie.len() - 1, 1)).collect(), ranks[last]));
        Ok(ranks)
    }
}

/// Times in their own unit, and whole numbers.
fn integers(column: &ArrayRef) -> Result<Numbers> {
    let integers = cast(column, &DataType::Int64)?;
    let integers = integers.as_primitive::<Int64Type>();
    Ok(match integers.nulls() {
        None => Numbers::Column(integers.values().clone()),
        Some(_) => Numbers::Copied(integers.iter().map(|integer| integer.unwrap_or(i64::MIN)).collect()),
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
