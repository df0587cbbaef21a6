//! Who may change the rows of which table, and who waits for whom: of those who wait for one another in a circle, the last is
//! told at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::table::Table;
use crate::error::{Error, Result, SqlState};

/// Whoever takes write locks and keeps them while it asks for more: a transaction block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner(u64);

impl Owner {
    /// One that holds nothing yet.
    pub fn fresh() -> Self {
        static OWNERS: AtomicU64 = AtomicU64::new(0);
        Self(OWNERS.fetch_add(1, Ordering::Relaxed))
    }
}

/// Who holds the write locks of a home's tables, and who waits for which; tables by their numbers.
#[derive(Debug, Default)]
pub(super) struct Waits {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    holders: HashMap<u64, Owner>,
    waiting: HashMap<Owner, u64>,
}

impl Waits {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether a table's lock comes free only after its future owner has let go of one of its own.
    fn closes_a_circle(&self, owner: Owner, table: u64) -> bool {
        let next = |table: &u64| self.waiting.get(self.holders.get(table)?).copied();
        let tables = std::iter::successors(Some(table), next).take(self.waiting.len() + 1);
        tables.filter_map(|table| self.holders.get(&table)).any(|holder| *holder == owner)
    }
}

/// The right to change a table's rows; dropping it gives it back.
#[derive(Debug)]
pub struct WriteLock {
    table: Arc<Table>,
    _writing: OwnedMutexGuard<()>,
}

impl WriteLock {
    /// Whether it is the lock of a table.
    pub fn is_of(&self, table: &Arc<Table>) -> bool {
        Arc::ptr_eq(&self.table, table)
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        self.table.waits.known().holders.remove(&self.table.number);
    }
}

/// A wait under way; it ends when it is dropped, however that comes about.
struct Waiting<'a>(&'a Waits, Owner);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.known().waiting.remove(&self.1);
    }
}

impl Table {
    /// Waits for the right to change rows, for an owner that does not hold it. UPDATE and DELETE keep it from their read to
    /// their commit, so that none is refused because of another. 40P01 if the wait would never end: whoever holds the lock
    /// waits, directly or not, for one of the owner's.
    pub async fn lock(self: &Arc<Self>, owner: Owner) -> Result<WriteLock> {
        let waiting = {
            let mut known = self.waits.known();
            if known.closes_a_circle(owner, self.number) {
                return Err(Error::new(SqlState::DeadlockDetected, "deadlock detected")
                    .with_hint("roll back and run the transaction again"));
            }
            known.waiting.insert(owner, self.number);
            Waiting(&self.waits, owner)
        };
        let writing = self.write_lock().await;
        drop(waiting);
        self.waits.known().holders.insert(self.number, owner);
        Ok(WriteLock { table: Arc::clone(self), _writing: writing })
    }
}
