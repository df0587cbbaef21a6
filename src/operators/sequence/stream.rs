//! Cuts sorted batches into entities and runs the kernel over each.
//!
//! ```text
//! batch 1      batch 2      batch 3
//! A A A B B | B B C C D | D D D D D |        runs of equal keys
//!       `------'      `---------------'      gathered: an entity that crosses an edge is copied together
//! ```

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::{BatchCoalescer, partition, take};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::metrics::BaselineMetrics;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt};

use super::entity::{Codes, Entity, Rows};
use super::function::Kernel;
use super::prepare::{Prepare, same};
use crate::error::{Error, Result, SqlState};

/// The state of one partition.
pub(super) struct SequenceStream {
    pub name: &'static str,
    pub input: SendableRecordBatchStream,
    pub prepare: Prepare,
    pub schema: SchemaRef,
    /// Which of the columns, the entity's and then the function's, the answer has.
    pub given: Vec<usize>,
    /// Whether the answer is about all entities together.
    pub total: bool,
    /// Made when the first rows come: its constants may be subqueries, which have an answer by then.
    pub kernel: Option<Box<dyn Kernel>>,
    pub codes: Codes,
    pub open: Option<Open>,
    pub answer: BatchCoalescer,
    pub memory: MemoryReservation,
    pub metrics: BaselineMetrics,
    pub ended: bool,
}

/// The entity whose last row may not have come yet.
pub(super) struct Open {
    /// One row.
    key: Vec<ArrayRef>,
    rows: Rows,
}

impl SequenceStream {
    /// The answer as the engine reads it.
    pub fn into_stream(self) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let batches = futures::stream::try_unfold(self, async |mut stream| {
            let next = stream.next().await?;
            Ok::<_, Error>(next.map(|batch| (batch, stream)))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, batches.map_err(Into::into)))
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.answer.next_completed_batch() {
                self.metrics.record_output(batch.num_rows());
                return Ok(Some(batch));
            }
            if self.ended {
                return Ok(None);
            }
            let input = self.input.next().await.transpose()?;
            let elapsed = self.metrics.elapsed_compute().clone();
            let _timer = elapsed.timer();
            match input {
                Some(batch) if batch.num_rows() > 0 => self.add(&batch)?,
                Some(_) => {}
                None => {
                    self.close()?;
                    self.sum_up()?;
                    self.answer.finish_buffered_batch()?;
                    self.ended = true;
                }
            }
        }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let (keys, rows) = self.prepare.values(batch, &mut self.codes)?;
        let mut runs: &[Range<usize>] = &partition(&keys)?.ranges();
        if let (Some(open), [first, rest @ ..]) = (&mut self.open, runs)
            && same(&open.key, &keys)?
        {
            open.rows.append(&rows, first.clone());
            runs = rest;
        }
        if let [whole @ .., last] = runs {
            self.close()?;
            self.run(&keys, &rows, whole)?;
            let mut gathered = Rows::default();
            gathered.append(&rows, last.clone());
            self.open = Some(Open { key: keys.iter().map(|key| key.slice(last.start, 1)).collect(), rows: gathered });
        }
        self.account()
    }

    /// Runs the kernel over entities that lie in one batch.
    fn run(&mut self, keys: &[ArrayRef], rows: &Rows, runs: &[Range<usize>]) -> Result<()> {
        let mut answered: Vec<u32> = Vec::with_capacity(runs.len());
        let kernel = self.prepare.kernel(&mut self.kernel)?;
        for run in runs {
            let added = kernel.run(&Entity::new(rows, &self.codes, run.clone()))?;
            answered.extend(std::iter::repeat_n(run.start as u32, added));
        }
        if self.total {
            return Ok(());
        }
        let columns = kernel.take(&self.codes)?;
        self.push(keys, answered, columns)
    }

    /// Runs the kernel over the open entity: it is complete.
    fn close(&mut self) -> Result<()> {
        let Some(Open { key, mut rows }) = self.open.take() else {
            return Ok(());
        };
        rows.join()?;
        let kernel = self.prepare.kernel(&mut self.kernel)?;
        let added = kernel.run(&Entity::new(&rows, &self.codes, 0..rows.times.len()))?;
        if self.total {
            return Ok(());
        }
        let columns = kernel.take(&self.codes)?;
        self.push(&key, vec![0; added], columns)
    }

    /// The answer about all entities together.
    fn sum_up(&mut self) -> Result<()> {
        if !self.total {
            return Ok(());
        }
        let columns = self.prepare.kernel(&mut self.kernel)?.take(&self.codes)?;
        let given = self.given.iter().map(|index| Arc::clone(&columns[*index])).collect();
        self.answer.push_batch(RecordBatch::try_new(Arc::clone(&self.schema), given)?)?;
        Ok(())
    }

    fn push(&mut self, keys: &[ArrayRef], rows: Vec<u32>, answer: Vec<ArrayRef>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows = UInt32Array::from(rows);
        let given = self.given.iter().map(|index| match keys.get(*index) {
            Some(key) => take(key, &rows, None),
            None => Ok(Arc::clone(&answer[index - keys.len()])),
        });
        let columns = given.collect::<Result<Vec<_>, _>>()?;
        self.answer.push_batch(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)?;
        Ok(())
    }

    fn account(&mut self) -> Result<()> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        self.memory.try_resize(open.rows.size()).map_err(|cause| {
            let entity = open.key.iter().map(|key| arrow::util::display::array_value_to_string(key, 0));
            let entity = entity.collect::<Result<Vec<_>, _>>().unwrap_or_default().join(", ");
            let message = format!(
                "{}: the rows of one entity ({entity}) don't fit into memory after {}: {cause}",
                self.name,
                open.rows.times.len()
            );
            Error::new(SqlState::OutOfMemory, message)
                .with_hint("give queries more memory, or narrow the input with WHERE")
        })
    }
}
