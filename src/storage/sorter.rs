//! Brings the rows of one write into the order of their table: in memory as far as they fit, on disk beyond.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::StreamExt;
use tokio::sync::mpsc;

use super::writer::{Drafts, Files, Target};
use crate::error::{Error, Result};

/// What all writes of a process may hold in memory to sort; more goes to temporary files.
const MEMORY: usize = 1 << 30;

/// Sorts while rows come, and writes files once all have.
pub(super) struct Sorter {
    rows: mpsc::Sender<RecordBatch>,
    /// None once it has failed.
    files: Option<SpawnedTask<Result<Drafts>>>,
}

impl Sorter {
    /// Starts to wait for rows of a table that has an order.
    pub fn start(target: Target) -> Result<Self> {
        let schema = Arc::clone(&target.schema);
        let sorting = target.sorting.as_ref().ok_or_else(|| Error::internal("a table without an order"))?;
        let ordering = sorting.ordering(&schema).ok_or_else(|| Error::internal("an order without columns"))?;
        let key = schema.index_of(&sorting.columns()[0])?;
        let (rows, arriving) = mpsc::channel(2);
        let arrival = Arc::new(Arrival { schema: Arc::clone(&schema), rows: Mutex::new(Some(arriving)) });
        let arrivals = StreamingTableExec::try_new(schema, vec![arrival], None, vec![], false, None)?;
        let sorted = SortExec::new(ordering, Arc::new(arrivals));
        let files = SpawnedTask::spawn(async move {
            let context = TaskContext::default().with_runtime(runtime()?);
            let mut sorted = sorted.execute(0, Arc::new(context))?;
            let mut files = Files::new(target);
            while let Some(batch) = sorted.next().await {
                files.write_sorted(batch?, key).await?;
            }
            files.finish().await
        });
        Ok(Self { rows, files: Some(files) })
    }

    /// Adds rows.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if self.rows.send(batch).await.is_ok() {
            return Ok(());
        }
        // It takes no more rows because it failed.
        let failed = ended(self.files.take()).await;
        failed.and(Err(Error::internal("rows are sorted before all have come")))
    }

    /// The files, complete and durable.
    pub async fn finish(self) -> Result<Drafts> {
        drop(self.rows);
        ended(self.files).await
    }
}

async fn ended(files: Option<SpawnedTask<Result<Drafts>>>) -> Result<Drafts> {
    let files = files.ok_or_else(|| Error::internal("a sort that failed is asked for its files"))?;
    files.join().await.map_err(|error| Error::internal(error.to_string()))?
}

fn runtime() -> Result<Arc<RuntimeEnv>> {
    static RUNTIME: LazyLock<Option<Arc<RuntimeEnv>>> = LazyLock::new(|| {
        let memory = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(GreedyMemoryPool::new(MEMORY)));
        memory.build_arc().ok()
    });
    RUNTIME.clone().ok_or_else(|| Error::internal("no memory to sort in"))
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
