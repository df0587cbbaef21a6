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
use arrow::compute::{BatchCoalescer, cast, take};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::BaselineMetrics;
use futures::StreamExt;
use tokio::sync::OnceCell;

use super::among::Apart;
use super::beside::{Collected, Collecting, KeyOrder};
use super::entity::{Codes, Entities, Entity, Rows};
use super::function::Kernel;
use super::prepare::{Arguments, Prepare};
use super::ties::Ties;
use crate::error::{Error, Result, SqlState};
use crate::operators::entities::{Answer, runs, same};

/// The state of one partition.
pub(super) struct SequenceStream {
    pub name: &'static str,
    pub input: SendableRecordBatchStream,
    pub prepare: Prepare,
    /// Puts ties in order, where the call says how.
    pub ties: Option<Ties>,
    pub arguments: Arguments,
    /// The rows beside.
    pub beside: Option<Others>,
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

/// Rows beside the stream's, and where in them it is.
pub(super) struct Others {
    pub collected: Arc<OnceCell<Arc<Collected>>>,
    pub collecting: Collecting,
    pub context: Arc<TaskContext>,
    pub cursors: Vec<usize>,
}

impl Others {
    /// Collects them, unless another partition has.
    async fn get(&mut self) -> Result<Arc<Collected>> {
        let collecting =
            || async { Ok::<_, Error>(Arc::new(self.collecting.clone().collect(Arc::clone(&self.context)).await?)) };
        let collected = Arc::clone(self.collected.get_or_try_init(collecting).await?);
        if self.cursors.is_empty() {
            self.cursors = collected.cursors();
        }
        Ok(collected)
    }
}

/// The entity whose last row may not have come yet.
pub(super) struct Open {
    /// One row.
    key: Vec<ArrayRef>,
    rows: Rows,
}

/// Finds the rows beside those of a batch.
struct Lookup<'a> {
    found: Option<(&'a Collected, Vec<KeyOrder>, &'a mut [usize])>,
}

impl<'a> Lookup<'a> {
    fn new(collected: Option<&'a Collected>, others: &'a mut Option<Others>, keys: &[ArrayRef]) -> Result<Self> {
        let found = match collected.zip(others.as_mut()) {
            Some((collected, others)) => Some((collected, collected.order(keys)?, others.cursors.as_mut_slice())),
            None => None,
        };
        Ok(Self { found })
    }

    /// An entity with the rows beside it, by the row of its key.
    fn with<'e>(&'e mut self, entity: Entity<'e>, row: usize) -> Entity<'e> {
        let found = self.found.as_mut();
        match found.and_then(|(collected, orders, cursors)| collected.find(row, orders, cursors)) {
            Some(beside) => entity.with(beside),
            None => entity,
        }
    }
}

impl Answer for SequenceStream {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.answer.next_completed_batch() {
                self.metrics.record_output(batch.num_rows());
                return Ok(Some(batch));
            }
            if self.ended {
                return Ok(None);
            }
            let others = match &mut self.beside {
                Some(others) => Some(others.get().await?),
                None => None,
            };
            let others = others.as_deref();
            let input = self.input.next().await.transpose()?;
            let elapsed = self.metrics.elapsed_compute().clone();
            let _timer = elapsed.timer();
            match input {
                Some(batch) if batch.num_rows() > 0 => {
                    let batch = match &mut self.ties {
                        Some(ties) => ties.next(batch)?,
                        None => Some(batch),
                    };
                    if let Some(batch) = batch {
                        self.add(&batch, others)?;
                    }
                    self.account()?;
                }
                Some(_) => {}
                None => {
                    if let Some(last) = self.ties.as_mut().map(Ties::rest).transpose()?.flatten() {
                        self.add(&last, others)?;
                    }
                    self.close(others)?;
                    self.left(others)?;
                    self.sum_up()?;
                    self.answer.finish_buffered_batch()?;
                    self.ended = true;
                }
            }
        }
    }
}

impl SequenceStream {
    fn add(&mut self, batch: &RecordBatch, others: Option<&Collected>) -> Result<()> {
        let (keys, rows) = self.prepare.values(batch, &mut self.codes)?;
        let runs = runs(&keys)?;
        let mut runs = runs.as_slice();
        if let (Some(open), [first, rest @ ..]) = (&mut self.open, runs)
            && same(&open.key, &keys)?
        {
            open.rows.append(&rows, first.clone());
            runs = rest;
        }
        if let [whole @ .., last] = runs {
            self.close(others)?;
            self.run(&keys, &rows, whole, others)?;
            let mut gathered = Rows::default();
            gathered.append(&rows, last.clone());
            self.open = Some(Open { key: keys.iter().map(|key| key.slice(last.start, 1)).collect(), rows: gathered });
        }
        Ok(())
    }

    /// Runs the kernel over entities that lie in one batch.
    fn run(&mut self, keys: &[ArrayRef], rows: &Rows, runs: &[Range<usize>], others: Option<&Collected>) -> Result<()> {
        let mut answered: Vec<u32> = Vec::with_capacity(runs.len());
        let kernel = self.arguments.kernel(&mut self.kernel)?;
        let is_alone = others.is_none() && self.arguments.function.own().is_none();
        if self.total && is_alone && kernel.run_all(&Entities::new(rows, &self.codes, runs))? {
            return Ok(());
        }
        let mut answer = |entity: &Entity<'_>, run: &Range<usize>| -> Result<()> {
            let added = kernel.run(entity)?;
            answered.extend(std::iter::repeat_n(run.start as u32, added));
            Ok(())
        };
        if let Some(own) = self.arguments.function.own() {
            let apart = Apart::new(rows, own)?;
            for run in runs {
                apart.entity(run, &self.codes).map_or(Ok(()), |entity| answer(&entity, run))?;
            }
        } else {
            let mut beside = Lookup::new(others, &mut self.beside, keys)?;
            for run in runs {
                answer(&beside.with(Entity::new(rows, &self.codes, run.clone()), run.start), run)?;
            }
        }
        if self.total {
            return Ok(());
        }
        let columns = kernel.take(&self.codes)?;
        self.push(keys, answered, columns)
    }

    /// Runs the kernel over the open entity: it is complete.
    fn close(&mut self, others: Option<&Collected>) -> Result<()> {
        let Some(Open { key, mut rows }) = self.open.take() else {
            return Ok(());
        };
        rows.join()?;
        let all = 0..rows.times.len();
        self.run(&key, &rows, std::slice::from_ref(&all), others)
    }

    /// Runs the kernel over entities that have nothing but rows beside, if no other partition will.
    fn left(&mut self, others: Option<&Collected>) -> Result<()> {
        let Some(others) = others.filter(|others| others.is_done()) else {
            return Ok(());
        };
        let none = self.prepare.nothing();
        for piece in others.pieces() {
            let mut answered: Vec<u32> = vec![];
            let kernel = self.arguments.kernel(&mut self.kernel)?;
            for (range, beside) in piece.left() {
                let added = kernel.run(&Entity::new(&none, &self.codes, 0..0).with(beside))?;
                answered.extend(std::iter::repeat_n(range.start as u32, added));
            }
            if !self.total {
                let columns = kernel.take(&self.codes)?;
                self.push(&piece.keys, answered, columns)?;
            }
        }
        Ok(())
    }

    /// The answer about all entities together.
    fn sum_up(&mut self) -> Result<()> {
        if !self.total {
            return Ok(());
        }
        let columns = self.arguments.kernel(&mut self.kernel)?.take(&self.codes)?;
        let given = self.given.iter().map(|index| Arc::clone(&columns[*index])).collect();
        self.answer.push_batch(RecordBatch::try_new(Arc::clone(&self.schema), given)?)?;
        Ok(())
    }

    fn push(&mut self, keys: &[ArrayRef], rows: Vec<u32>, answer: Vec<ArrayRef>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows = UInt32Array::from(rows);
        let given = self.given.iter().zip(self.schema.fields()).map(|(index, field)| match keys.get(*index) {
            Some(key) => Ok(cast(&take(key, &rows, None)?, field.data_type())?),
            None => Ok(Arc::clone(&answer[index - keys.len()])),
        });
        let columns = given.collect::<Result<Vec<_>>>()?;
        self.answer.push_batch(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)?;
        Ok(())
    }

    fn account(&mut self) -> Result<()> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let waiting = self.ties.as_ref().map_or(0, Ties::size);
        self.memory.try_resize(open.rows.size() + waiting).map_err(|cause| {
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
