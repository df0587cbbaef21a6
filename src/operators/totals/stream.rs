//! Cuts sorted batches into groups and adds up; the last group of a batch stays open for the next.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::metrics::BaselineMetrics;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use futures::StreamExt;

use super::exec::TotalsExec;
use super::total::{Kind, Totals, Value};
use crate::error::{Error, Result};
use crate::operators::entities::{Answer, Conditions, evaluate, runs, same};

/// The state of one partition.
pub(super) struct TotalsStream {
    input: SendableRecordBatchStream,
    schema: SchemaRef,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    conditions: Conditions,
    families: Vec<Family>,
    /// Which columns it gives: keys, then totals.
    given: Vec<usize>,
    /// The keys of the groups so far, in pieces, by column; empty where they are not given.
    pieces: Vec<Vec<ArrayRef>>,
    groups: usize,
    /// The key of the last row.
    last: Option<Vec<ArrayRef>>,
    batch_size: usize,
    metrics: BaselineMetrics,
    ended: bool,
}

/// The totals of one kind over one value.
struct Family {
    kind: Kind,
    value: Option<Arc<dyn PhysicalExpr>>,
    totals: Totals,
    /// The columns of the answer that they are, after the keys.
    columns: Vec<usize>,
}

impl TotalsStream {
    pub fn new(
        plan: &TotalsExec,
        input: SendableRecordBatchStream,
        batch_size: usize,
        metrics: BaselineMetrics,
    ) -> Result<Self> {
        let conditions = plan.totals.iter().filter_map(|total| total.condition.clone()).collect();
        Ok(Self {
            schema: plan.schema(),
            keys: plan.keys.clone(),
            conditions: Conditions::new(conditions)?,
            families: families(plan),
            given: plan.given.clone(),
            pieces: vec![vec![]; plan.keys.len()],
            groups: 0,
            last: None,
            input,
            batch_size,
            metrics,
            ended: false,
        })
    }
}

impl Answer for TotalsStream {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while !self.ended {
            let input = self.input.next().await.transpose()?;
            let elapsed = self.metrics.elapsed_compute().clone();
            let _timer = elapsed.timer();
            match input {
                Some(batch) if batch.num_rows() > 0 => self.add(&batch)?,
                Some(_) => {}
                None => self.ended = true,
            }
            let open = usize::from(!self.ended);
            if self.groups > self.batch_size || (self.ended && self.groups > 0) {
                return self.take(open).map(Some);
            }
        }
        Ok(None)
    }
}

impl TotalsStream {
    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let keys = self.keys.iter().map(|key| evaluate(key, batch)).collect::<Result<Vec<_>>>()?;
        let runs = runs(&keys)?;
        let continues = match &self.last {
            Some(last) => same(last, &keys)?,
            None => false,
        };
        let masks = self.conditions.masks(batch)?;
        for family in &mut self.families {
            let value = match &family.value {
                Some(value) => Value::of(family.kind, &evaluate(value, batch)?)?,
                None => Value::Rows,
            };
            family.totals.add(&value, &masks, &runs, continues);
        }
        let starts: UInt32Array = runs.iter().skip(usize::from(continues)).map(|run| run.start as u32).collect();
        self.groups += starts.len();
        for (column, field) in self.given.iter().zip(self.schema.fields()) {
            if let (Some(pieces), Some(key)) = (self.pieces.get_mut(*column), keys.get(*column)) {
                pieces.push(cast(&take(key, &starts, None)?, field.data_type())?);
            }
        }
        self.last = Some(keys.iter().map(|key| key.slice(key.len() - 1, 1)).collect());
        Ok(())
    }

    /// The groups but for the open ones.
    fn take(&mut self, open: usize) -> Result<RecordBatch> {
        let done = self.groups - open;
        if open == 0 {
            self.families.iter_mut().for_each(|family| family.totals.close());
        }
        let place = |column: usize| self.given.iter().position(|given| *given == column);
        let mut columns: Vec<Option<ArrayRef>> = vec![None; self.given.len()];
        for (key, pieces) in self.pieces.iter_mut().enumerate() {
            let Some(place) = place(key) else { continue };
            let parts: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
            let joined = concat(&parts)?;
            columns[place] = Some(joined.slice(0, done));
            *pieces = vec![joined.slice(done, open)];
        }
        for family in &mut self.families {
            for (at, total) in family.columns.iter().zip(family.totals.take()) {
                if let Some(place) = place(self.pieces.len() + at) {
                    columns[place] = Some(cast(&total, self.schema.field(place).data_type())?);
                }
            }
        }
        self.groups = open;
        self.metrics.record_output(done);
        let columns: Option<Vec<ArrayRef>> = columns.into_iter().collect();
        let columns = columns.ok_or_else(|| Error::internal("a total without its column"))?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// Totals of one kind over one value together.
fn families(plan: &TotalsExec) -> Vec<Family> {
    let mut members: Vec<Members> = vec![];
    let mut bits = 0..;
    for (column, total) in plan.totals.iter().enumerate() {
        let bit = total.condition.as_ref().and_then(|_| bits.next());
        if !plan.given.contains(&(plan.keys.len() + column)) {
            continue;
        }
        match members.iter_mut().find(|known| known.kind == total.kind && known.value == total.value) {
            Some(known) => {
                known.conditions.push(bit);
                known.columns.push(column);
            }
            None => {
                let value = total.value.clone();
                members.push(Members { kind: total.kind, value, conditions: vec![bit], columns: vec![column] });
            }
        }
    }
    let families = members.into_iter().map(|Members { kind, value, conditions, columns }| Family {
        kind,
        value,
        totals: Totals::new(kind, conditions),
        columns,
    });
    families.collect()
}

/// Which totals a family has.
struct Members {
    kind: Kind,
    value: Option<Arc<dyn PhysicalExpr>>,
    conditions: Vec<Option<u32>>,
    columns: Vec<usize>,
}
