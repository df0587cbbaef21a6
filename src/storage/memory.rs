//! The memory of a database: what queries hold and the columns that are kept for the next ones have one limit, and queries come
//! first.
//!
//! ```text
//! limit   |---- held by queries ----|--- columns kept ---|      |
//!                                    at most what is set for them, and what queries leave
//! ```
//!
//! A query that asks for more than the limit is told so: it goes on on disk if it can (sorts, groups), else it ends with 53200.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};

use super::column_cache::ColumnCache;

/// A database's memory. Queries reserve of it as of any pool of the engine's.
#[derive(Debug)]
pub struct Memory {
    limit: AtomicU64,
    /// What queries hold.
    held: AtomicU64,
    /// What the kept columns may take where queries leave it.
    for_columns: AtomicU64,
    /// What they were last told that they may.
    given: AtomicU64,
    /// Held by who tells them.
    telling: Mutex<()>,
    columns: Arc<ColumnCache>,
}

impl Memory {
    /// Without a limit, over columns that keep to the capacity that they have.
    pub(super) fn new(columns: Arc<ColumnCache>) -> Self {
        let capacity = columns.facts().capacity;
        let (for_columns, given) = (AtomicU64::new(capacity), AtomicU64::new(capacity));
        let (limit, held) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
        Self { limit, held, for_columns, given, telling: Mutex::default(), columns }
    }

    /// Limits queries and kept columns to so many bytes together.
    pub fn limit(&self, bytes: u64) {
        self.limit.store(bytes, Ordering::SeqCst);
        self.share();
    }

    /// Lets columns take so many of them.
    pub fn keep_columns(&self, bytes: u64) {
        self.for_columns.store(bytes, Ordering::SeqCst);
        self.share();
    }

    /// Tells the columns what queries leave, until it is so: others may grow or shrink meanwhile.
    fn share(&self) {
        while self.given.load(Ordering::SeqCst) != self.left() {
            let _telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
            let left = self.left();
            self.given.store(left, Ordering::SeqCst);
            self.columns.resize(left);
        }
    }

    fn left(&self) -> u64 {
        let left = self.limit.load(Ordering::SeqCst).saturating_sub(self.held.load(Ordering::SeqCst));
        left.min(self.for_columns.load(Ordering::SeqCst))
    }
}

impl MemoryPool for Memory {
    fn name(&self) -> &str {
        "database"
    }

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        self.held.fetch_add(additional as u64, Ordering::SeqCst);
        self.share();
    }

    fn shrink(&self, _: &MemoryReservation, shrink: usize) {
        self.held.fetch_sub(shrink as u64, Ordering::SeqCst);
        self.share();
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let limit = self.limit.load(Ordering::SeqCst);
        let grown = |held: u64| held.checked_add(additional as u64).filter(|held| *held <= limit);
        self.held.fetch_update(Ordering::SeqCst, Ordering::SeqCst, grown).map_err(|held| {
            DataFusionError::ResourcesExhausted(format!(
                "out of memory: {} asks for {additional} more bytes than the {} it has, and queries may hold {limit} in all, of which \
                 {held} are taken",
                reservation.consumer().name(),
                reservation.size(),
            ))
        })?;
        self.share();
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.held.load(Ordering::SeqCst) as usize
    }

    fn memory_limit(&self) -> MemoryLimit {
        match self.limit.load(Ordering::SeqCst) {
            u64::MAX => MemoryLimit::Infinite,
            limit => MemoryLimit::Finite(limit as usize),
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(used: {}, limit: {})", self.name(), self.reserved(), self.limit.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{ArrayRef, Int64Array};
    use datafusion::execution::memory_pool::MemoryConsumer;
    use object_store::path::Path;

    use super::super::column_cache::Part;
    use super::*;

    const COLUMN: u64 = 80_000;

    /// A memory whose columns hold ten of [`COLUMN`] bytes and little more.
    fn with_ten_columns() -> (Arc<Memory>, Arc<ColumnCache>) {
        let columns = Arc::new(ColumnCache::new(11 * COLUMN));
        for group in 0..10 {
            let part = Part { file: Path::from("file"), group, column: "column".into() };
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..COLUMN as i64 / 8));
            columns.offer(part, vec![numbers]);
        }
        assert!(columns.facts().used >= 10 * COLUMN);
        (Arc::new(Memory::new(Arc::clone(&columns))), columns)
    }

    #[test]
    fn queries_come_first_and_columns_have_what_they_leave() {
        let (memory, columns) = with_ten_columns();
        memory.limit(20 * COLUMN);
        let pool: Arc<dyn MemoryPool> = Arc::clone(&memory) as _;
        let query = MemoryConsumer::new("query").register(&pool);
        query.try_grow(5 * COLUMN as usize).unwrap();
        assert_eq!(columns.facts().capacity, 11 * COLUMN);
        query.try_grow(12 * COLUMN as usize).unwrap();
        assert_eq!(columns.facts().capacity, 3 * COLUMN);
        assert!(columns.facts().used <= 3 * COLUMN);
        let refused = query.try_grow(4 * COLUMN as usize).unwrap_err();
        assert!(
            matches!(&refused, DataFusionError::ResourcesExhausted(text) if text.contains("query asks for 320000 more")),
            "{refused}"
        );
        assert_eq!(pool.reserved() as u64, 17 * COLUMN);
        // What must succeed does, beyond the limit too.
        query.grow(9 * COLUMN as usize);
        assert_eq!(columns.facts().used, 0);
        drop(query);
        assert_eq!((columns.facts().capacity, pool.reserved()), (11 * COLUMN, 0));
    }

    #[test]
    fn what_is_set_for_columns_is_theirs_within_the_limit() {
        let (memory, columns) = with_ten_columns();
        memory.keep_columns(4 * COLUMN);
        assert!(columns.facts().used <= 4 * COLUMN);
        memory.limit(2 * COLUMN);
        assert_eq!(columns.facts().capacity, 2 * COLUMN);
        memory.limit(u64::MAX);
        assert_eq!(columns.facts().capacity, 4 * COLUMN);
    }

    #[test]
    fn many_queries_at_once_leave_columns_their_share() {
        let (memory, columns) = with_ten_columns();
        memory.limit(12 * COLUMN);
        let pool: Arc<dyn MemoryPool> = Arc::clone(&memory) as _;
        std::thread::scope(|scope| {
            for query in 0..4 {
                let query = MemoryConsumer::new(format!("query {query}")).register(&pool);
                scope.spawn(move || {
                    for round in 0..2_000 {
                        if query.try_grow(round % 7 * COLUMN as usize).is_ok() {
                            query.free();
                        }
                    }
                });
            }
        });
        assert_eq!((columns.facts().capacity, pool.reserved()), (11 * COLUMN, 0));
    }
}
