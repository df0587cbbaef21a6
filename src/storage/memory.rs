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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

use super::column_cache::ColumnCache;

/// A database's memory. Queries reserve of it as of any pool of the engine's; those that can go on on disk share four
/// fifths of what the others leave evenly: none of them takes it all, and who merges what they sorted has room too.
#[derive(Debug)]
pub struct Memory {
    taken: Mutex<Taken>,
    columns: Arc<ColumnCache>,
}

#[derive(Debug)]
struct Taken {
    limit: u64,
    /// Held by what can go on on disk, and by how many of those.
    spillable: u64,
    spillers: u64,
    /// Held by all else.
    fixed: u64,
    /// What the kept columns may take where queries leave it, and what they were told that they may.
    for_columns: u64,
    given: u64,
}

impl Memory {
    /// Without a limit, over columns that keep to the capacity that they have.
    pub(super) fn new(columns: Arc<ColumnCache>) -> Self {
        let capacity = columns.facts().capacity;
        let taken =
            Taken { limit: u64::MAX, spillable: 0, spillers: 0, fixed: 0, for_columns: capacity, given: capacity };
        Self { taken: Mutex::new(taken), columns }
    }

    /// Limits queries and kept columns to so many bytes together.
    pub fn limit(&self, bytes: u64) {
        self.change(|taken| taken.limit = bytes);
    }

    /// Lets columns take so many of them.
    pub fn keep_columns(&self, bytes: u64) {
        self.change(|taken| taken.for_columns = bytes);
    }

    /// Changes what is taken, and tells the columns what is left for them.
    fn change<T>(&self, change: impl FnOnce(&mut Taken) -> T) -> T {
        let mut taken = self.taken();
        let changed = change(&mut taken);
        let left = taken.limit.saturating_sub(taken.held()).min(taken.for_columns);
        if left != taken.given {
            taken.given = left;
            self.columns.resize(left);
        }
        changed
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn held(&self) -> u64 {
        self.spillable + self.fixed
    }

    fn of(&mut self, consumer: &MemoryConsumer) -> &mut u64 {
        if consumer.can_spill() { &mut self.spillable } else { &mut self.fixed }
    }

    /// The most that a reservation may hold.
    fn most(&self, reservation: &MemoryReservation) -> u64 {
        match reservation.consumer().can_spill() {
            true => self.limit.saturating_sub(self.fixed) / 5 * 4 / self.spillers.max(1),
            false => self.limit.saturating_sub(self.held()).saturating_add(reservation.size() as u64),
        }
    }
}

impl MemoryPool for Memory {
    fn name(&self) -> &str {
        "database"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.taken().spillers += u64::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.taken().spillers -= u64::from(consumer.can_spill());
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.change(|taken| *taken.of(reservation.consumer()) += additional as u64);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.change(|taken| *taken.of(reservation.consumer()) -= shrink as u64);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let consumer = reservation.consumer();
        self.change(|taken| {
            let wanted = (reservation.size() as u64).saturating_add(additional as u64);
            if wanted > taken.most(reservation) {
                return Err(DataFusionError::ResourcesExhausted(format!(
                    "out of memory: {} asks for {additional} more bytes than the {} it has, and queries may hold {} in all, of which \
                     {} are taken",
                    consumer.name(),
                    reservation.size(),
                    taken.limit,
                    taken.held(),
                )));
            }
            *taken.of(consumer) += additional as u64;
            Ok(())
        })
    }

    fn reserved(&self) -> usize {
        self.taken().held() as usize
    }

    fn memory_limit(&self) -> MemoryLimit {
        match self.taken().limit {
            u64::MAX => MemoryLimit::Infinite,
            limit => MemoryLimit::Finite(limit as usize),
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = self.taken();
        write!(f, "{}(used: {}, limit: {})", self.name(), taken.held(), taken.limit)
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
    fn what_can_go_on_on_disk_shares_evenly() {
        let (memory, _) = with_ten_columns();
        memory.limit(12 * COLUMN);
        let pool: Arc<dyn MemoryPool> = Arc::clone(&memory) as _;
        let sort = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&pool);
        let (one, other) = (sort("one"), sort("other"));
        let fixed = MemoryConsumer::new("join").register(&pool);
        fixed.try_grow(2 * COLUMN as usize).unwrap();
        one.try_grow(4 * COLUMN as usize).unwrap();
        assert!(one.try_grow(1).is_err());
        other.try_grow(4 * COLUMN as usize).unwrap();
        fixed.try_grow(2 * COLUMN as usize).unwrap();
        assert!(fixed.try_grow(1).is_err());
        drop((other, fixed));
        one.try_grow(5 * COLUMN as usize).unwrap();
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
