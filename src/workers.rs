//! The threads that run plans.
//!
//! Plans compute for milliseconds between their awaits, so they run on a runtime of their own: the one that accepts
//! connections, reads cancel requests and watches timeouts always has a thread free.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::record_batch::RecordBatch;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::{Error, Result};

/// Batches that may wait for a slow reader.
const AHEAD: usize = 2;

/// Stack of a worker. Planning recurses with the depth of a statement, and views are planned inside of the statement that
/// reads them: in a debug build the deepest KPI view needs more than the usual 2 MB. Only what is used becomes memory.
const STACK: usize = 16 << 20;

/// The runtime that plans run on; ends with its last owner, without waiting.
pub(crate) struct Workers {
    runtime: Option<Runtime>,
    /// Bytes that plans put on disk for want of memory.
    spilled: Arc<AtomicU64>,
}

impl Workers {
    /// As many threads as the machine has cores.
    pub(crate) fn new() -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // A cancelled task waits in the runtime's common queue, which by default a thread looks into after 61 turns of its
        // own tasks: seconds, where each computes for milliseconds.
        let runtime = Builder::new_multi_thread()
            .worker_threads(cores)
            .global_queue_interval(3)
            .thread_name("journeydb-worker")
            .thread_stack_size(STACK)
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime), spilled: Arc::default() })
    }

    /// Runs a plan; dropping the stream stops it.
    pub(crate) fn run(&self, plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = plan.schema();
        let (sender, receiver) = mpsc::channel::<EngineResult<RecordBatch>>(AHEAD);
        let mut task = JoinSet::new();
        let running = Running { plan, spilled: Arc::clone(&self.spilled) };
        task.spawn_on(forward(running, context, sender), self.runtime().handle());
        let rows = futures::stream::unfold((receiver, task), |(mut receiver, mut task)| async move {
            if let Some(batch) = receiver.recv().await {
                return Some((batch, (receiver, task)));
            }
            // The channel closes when the plan is done, or when it panicked: only the task knows which.
            let failed = task.join_next().await?.err()?;
            Some((Err(DataFusionError::External(Box::new(panicked(failed)))), (receiver, task)))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }

    /// Runs work that must be stopped when its caller goes away.
    pub(crate) async fn complete<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let mut task = JoinSet::new();
        task.spawn_on(work, self.runtime().handle());
        match task.join_next().await {
            Some(Ok(done)) => done,
            Some(Err(failed)) => Err(panicked(failed)),
            None => Err(Error::internal("a task without an end")),
        }
    }

    /// Bytes that plans which have ended put on disk for want of memory.
    pub(crate) fn spilled(&self) -> u64 {
        self.spilled.load(Ordering::Relaxed)
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("the runtime is there until the drop")
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // A runtime may not be waited for inside of another one, where most owners live.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A plan that runs; what it put on disk is counted when it ends, however that is.
struct Running {
    plan: Arc<dyn ExecutionPlan>,
    spilled: Arc<AtomicU64>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.spilled.fetch_add(spilled(self.plan.as_ref()), Ordering::Relaxed);
    }
}

fn spilled(plan: &dyn ExecutionPlan) -> u64 {
    let own = plan.metrics().and_then(|metrics| metrics.spilled_bytes()).unwrap_or(0) as u64;
    own + plan.children().iter().map(|child| spilled(child.as_ref())).sum::<u64>()
}

async fn forward(running: Running, context: Arc<TaskContext>, sender: mpsc::Sender<EngineResult<RecordBatch>>) {
    match execute_stream(Arc::clone(&running.plan), context) {
        Ok(mut batches) => {
            while let Some(batch) = batches.next().await {
                let ended = batch.is_err();
                if sender.send(batch).await.is_err() || ended {
                    return;
                }
            }
        }
        Err(error) => {
            // Nobody to tell is nobody to tell: the reader went away.
            let _ = sender.send(Err(error)).await;
        }
    }
}

fn panicked(failed: tokio::task::JoinError) -> Error {
    Error::internal(format!("the query failed inside: {failed}"))
}
