//! The threads that commits run on, and what follows them.
//!
//! A commit is a row of short steps, and keeps every other one to its tables waiting. Among plans, which compute for milliseconds
//! between their awaits, each step would wait for its turn: 90 ms a commit where 64 clients ask, in place of 10.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::error::Result;

/// One can join files while the other commits.
const THREADS: usize = 2;

/// A runtime that ends with its owner, without waiting.
#[derive(Debug)]
pub(super) struct Threads {
    runtime: Option<Runtime>,
}

impl Threads {
    pub fn new() -> Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(THREADS).thread_name("journeydb-commit").enable_all().build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Runs work to its end, whether or not somebody waits for it.
    pub fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.runtime.as_ref().expect("the runtime is there until the drop").spawn(work)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // The last owner may be a task, which can't wait for a runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
