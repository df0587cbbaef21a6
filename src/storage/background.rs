//! Work that goes on behind the statements: checkpoints, joining files, removing dead ones.
//!
//! It belongs to the home: when that goes, the work stops where it is, and what it has not committed is dropped. A database in
//! memory does none of it by itself.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::compaction::Effort;
use super::table::Table;
use crate::error::{Result, SqlState};

/// How many commits lie between two checkpoints: opening a table reads one checkpoint and at most so many commits.
const CHECKPOINT_INTERVAL: u64 = 64;

/// Rounds that VACUUM begins anew when a statement was faster.
const ATTEMPTS: usize = 16;

/// The tasks of a home.
#[derive(Debug, Default)]
pub(super) struct Background {
    /// Whether tables are tended without being asked.
    tends: AtomicBool,
    /// Dropping it stops them.
    tasks: Mutex<JoinSet<()>>,
    /// Held by whoever rewrites files: one at a time in a database.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Background {
    /// From now on tables are tended after commits.
    pub fn start(&self) {
        self.tends.store(true, Ordering::Release);
    }

    /// Waits for the right to rewrite files.
    pub fn turn(&self) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.turn)
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    /// After a commit: what it has made worth doing.
    pub fn tend(&self, table: &Arc<Table>) {
        let at = table.snapshot();
        let tends = self.tends.load(Ordering::Acquire);
        let is_due = at.version().is_multiple_of(CHECKPOINT_INTERVAL);
        // It reads every commit since the last one: two at a time would take twice the memory for nothing.
        if is_due && !table.checkpointing.swap(true, Ordering::AcqRel) {
            self.spawn(checkpointed(Arc::clone(table), tends));
        }
        if tends && table.worth_joining(&at, Effort::Steady).is_some() && !table.tending.swap(true, Ordering::AcqRel) {
            self.spawn(tended(Arc::clone(table), self.turn()));
        }
    }
}

/// Round after round until nothing is worth one, commits that came in between included.
async fn tended(table: Arc<Table>, turn: Arc<tokio::sync::Mutex<()>>) {
    let _turn = turn.lock().await;
    loop {
        match table.compact(Effort::Steady).await {
            Ok(true) => {}
            Ok(false) => {
                table.tending.store(false, Ordering::Release);
                let is_done = table.worth_joining(&table.snapshot(), Effort::Steady).is_none();
                if is_done || table.tending.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
            Err(error) => {
                // Where a statement was faster, the next commit asks again.
                if error.state() != SqlState::SerializationFailure {
                    tracing::warn!(%error, folder = %table.folder, "files were not joined");
                }
                table.tending.store(false, Ordering::Release);
                return;
            }
        }
    }
}

/// Writes a checkpoint, and where tables are tended removes what is needless before and after it.
async fn checkpointed(table: Arc<Table>, tends: bool) {
    let done = if tends { table.clean().await } else { table.checkpoint().await };
    if let Err(error) = done {
        tracing::warn!(%error, folder = %table.folder, "no checkpoint was written, or old files stay");
    }
    table.checkpointing.store(false, Ordering::Release);
}

impl Table {
    /// Joins all files that are worth it, and removes what nobody needs any more; waits for its turn.
    pub(super) async fn vacuum(self: &Arc<Self>, turn: &tokio::sync::Mutex<()>) -> Result<()> {
        let _turn = turn.lock().await;
        let mut attempts = 0;
        loop {
            match self.compact(Effort::Complete).await {
                Ok(true) => {}
                Ok(false) => break,
                // A table that is gone needs nothing.
                Err(_) if self.is_closed() => return Ok(()),
                Err(error) if error.state() == SqlState::SerializationFailure && attempts < ATTEMPTS => attempts += 1,
                Err(error) => return Err(error),
            }
        }
        match self.prove_owners().await {
            Ok(()) => {}
            Err(_) if self.is_closed() => return Ok(()),
            // A statement was faster: the next round proves it.
            Err(error) if error.state() == SqlState::SerializationFailure => {}
            Err(error) => return Err(error),
        }
        self.clean().await
    }
}
