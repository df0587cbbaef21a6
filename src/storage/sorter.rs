//! Brings the rows of one write into the order of their table: in memory as far as they fit, on disk beyond.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::{SortExec, sort_batch};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::StreamExt;
use tokio::sync::mpsc;

use super::writer::{Drafts, Files, Target};
use crate::error::{Error, Result};

/// Rows that a write sorts in memory, in one go; larger ones go through the engine's sort.
const SMALL: usize = 64 << 10;

/// What a larger write may hold in memory; the rest goes to temporary files. Each has its own: none fails for another.
const MEMORY: usize = 512 << 20;

/// Gathers the rows of a write, and writes sorted files once all have come.
pub(super) struct Sorter {
    target: Target,
    ordering: LexOrdering,
    key: usize,
    gathered: Vec<RecordBatch>,
    rows: usize,
    large: Option<Large>,
}

/// A sort under way.
struct Large {
    rows: mpsc::Sender<RecordBatch>,
    /// None once it has failed.
    files: Option<SpawnedTask<Result<Drafts>>>,
}

impl Sorter {
    /// Waits for rows of a table that has an order.
    pub fn start(target: Target) -> Result<Self> {
        let sorting = target.sorting.as_ref().ok_or_else(|| Error::internal("a table without an order"))?;
        let ordering = sorting.ordering(&target.schema).ok_or_else(|| Error::internal("an order without columns"))?;
        let key = target.schema.index_of(&sorting.columns()[0])?;
        Ok(Self { target, ordering, key, gathered: vec![], rows: 0, large: None })
    }

    /// Adds rows.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if let Some(large) = &mut self.large {
            return large.write(batch).await;
        }
        self.rows += batch.num_rows();
        self.gathered.push(batch);
        if self.rows > SMALL {
            let large = self.large.insert(Large::start(self.target.clone(), self.ordering.clone(), self.key)?);
            for batch in self.gathered.drain(..) {
                large.write(batch).await?;
            }
        }
        Ok(())
    }

    /// The files, complete and durable.
    pub async fn finish(self) -> Result<Drafts> {
        let Self { target, ordering, key, gathered, large, .. } = self;
        if let Some(Large { rows, files }) = large {
            drop(rows);
            return ended(files).await;
        }
        let schema = Arc::clone(&target.schema);
        let mut files = Files::new(target);
        if !gathered.is_empty() {
            let sorted = concat_batches(&schema, &gathered)?;
            files.write_sorted(sort_batch(&sorted, &ordering, None)?, key).await?;
        }
        files.finish().await
    }
}

impl Large {
    fn start(target: Target, ordering: LexOrdering, key: usize) -> Result<Self> {
        let schema = Arc::clone(&target.schema);
        let (rows, arriving) = mpsc::channel(2);
        let arrival = Arc::new(Arrival { schema: Arc::clone(&schema), rows: Mutex::new(Some(arriving)) });
        let arrivals = StreamingTableExec::try_new(schema, vec![arrival], None, vec![], false, None)?;
        let sorted = SortExec::new(ordering, Arc::new(arrivals));
        let memory = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(GreedyMemoryPool::new(MEMORY)));
        let context = Arc::new(TaskContext::default().with_runtime(memory.build_arc()?));
        let files = SpawnedTask::spawn(async move {
            let mut sorted = sorted.execute(0, context)?;
            let mut files = Files::new(target);
            while let Some(batch) = sorted.next().await {
                files.write_sorted(batch?, key).await?;
            }
            files.finish().await
        });
        Ok(Self { rows, files: Some(files) })
    }

    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if self.rows.send(batch).await.is_ok() {
            return Ok(());
        }
        // It takes no more rows because it failed.
        let failed = ended(self.files.take()).await;
        failed.and(Err(Error::internal("rows are sorted before all have come")))
    }
}

async fn ended(files: Option<SpawnedTask<Result<Drafts>>>) -> Result<Drafts> {
    let files = files.ok_or_else(|| Error::internal("a sort that failed is asked for its files"))?;
    files.join().await.map_err(|error| Error::internal(error.to_string()))?
}

/// Rows on their way to the sort, read once.
struct Arrival {
    schema: SchemaRef,
    rows: Mutex<Option<mpsc::Receiver<RecordBatch>>>,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arrival")
    }
}

impl PartitionStream for Arrival {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        let rows = futures::stream::unfold(rows, async |rows| {
            let mut rows = rows?;
            rows.recv().await.map(|batch| (Ok(batch), Some(rows)))
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows))
    }
}
