//! The memory of a database: what queries hold and the columns that are kept for the next ones have one limit, and queries come
//! first.
//!
//! ```text
//! limit   |---- held by queries ----|--- columns kept ---|      |
//!                                    at most what is set for them, and what queries leave
//! ```
//!
//! A query that asks for more than the limit is told so: it goes on on disk if it can (sorts, groups), else it ends with 53200.
//! A statement may have a limit of its own within that of all.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
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
    queries: Account,
    /// What the kept columns may take where queries leave it, and what they were told that they may.
    for_columns: u64,
    given: u64,
}

/// What is held of a limit.
#[derive(Debug)]
struct Account {
    limit: u64,
    /// Held by what can go on on disk, and by how many of those.
    spillable: u64,
    spillers: u64,
    /// Held by all else.
    fixed: u64,
}

/// What a database's queries and kept columns take of its memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryFacts {
    /// What they may hold together; `None` without a limit.
    pub limit: Option<u64>,
    /// Held by queries.
    pub queries: u64,
}

impl Memory {
    /// Without a limit, over columns that keep to the capacity that they have.
    pub(super) fn new(columns: Arc<ColumnCache>) -> Self {
        let capacity = columns.facts().capacity;
        let taken = Taken { queries: Account::new(u64::MAX), for_columns: capacity, given: capacity };
        Self { taken: Mutex::new(taken), columns }
    }

    /// Limits queries and kept columns to so many bytes together.
    pub fn limit(&self, bytes: u64) {
        self.change(|taken| taken.queries.limit = bytes);
    }

    /// Lets columns take so many of them.
    pub fn keep_columns(&self, bytes: u64) {
        self.change(|taken| taken.for_columns = bytes);
    }

    /// What is taken now.
    pub fn facts(&self) -> MemoryFacts {
        let taken = self.taken();
        let limit = taken.queries.limit;
        MemoryFacts { limit: (limit < u64::MAX).then_some(limit), queries: taken.queries.held() }
    }

    /// Changes what is taken, and tells the columns what is left for them.
    fn change<T>(&self, change: impl FnOnce(&mut Taken) -> T) -> T {
        let mut taken = self.taken();
        let changed = change(&mut taken);
        let left = taken.queries.limit.saturating_sub(taken.queries.held()).min(taken.for_columns);
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

impl Account {
    fn new(limit: u64) -> Self {
        Self { limit, spillable: 0, spillers: 0, fixed: 0 }
    }

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

    /// Refuses a reservation that would grow beyond what it may hold of what `whose` says.
    fn admit(&self, reservation: &MemoryReservation, additional: usize, whose: &str) -> Result<()> {
        let wanted = (reservation.size() as u64).saturating_add(additional as u64);
        if wanted <= self.most(reservation) {
            return Ok(());
        }
        Err(DataFusionError::ResourcesExhausted(format!(
            "out of memory: {} asks for {additional} more bytes than the {} it has, and {whose} may hold {} in all, of which {} \
             are taken",
            reservation.consumer().name(),
            reservation.size(),
            self.limit,
            self.held(),
        )))
    }
}

impl MemoryPool for Memory {
    fn name(&self) -> &str {
        "database"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.taken().queries.spillers += u64::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.taken().queries.spillers -= u64::from(consumer.can_spill());
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.change(|taken| *taken.queries.of(reservation.consumer()) += additional as u64);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.change(|taken| *taken.queries.of(reservation.consumer()) -= shrink as u64);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.change(|taken| {
            taken.queries.admit(reservation, additional, "queries")?;
            *taken.queries.of(reservation.consumer()) += additional as u64;
            Ok(())
        })
    }

    fn reserved(&self) -> usize {
        self.taken().queries.held() as usize
    }

    fn memory_limit(&self) -> MemoryLimit {
        limit(self.taken().queries.limit)
    }
}

fn limit(bytes: u64) -> MemoryLimit {
    if bytes == u64::MAX { MemoryLimit::Infinite } else { MemoryLimit::Finite(bytes as usize) }
}

/// What one statement may hold of a database's memory: what it holds counts for both.
#[derive(Debug)]
pub struct StatementMemory {
    memory: Arc<Memory>,
    account: Mutex<Account>,
    /// What the session's statements hold together.
    session: Arc<AtomicU64>,
}

impl StatementMemory {
    /// With a limit in bytes; what it holds is counted in `session` too.
    pub fn new(memory: Arc<Memory>, limit: Option<u64>, session: Arc<AtomicU64>) -> Self {
        Self { memory, account: Mutex::new(Account::new(limit.unwrap_or(u64::MAX))), session }
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grown(&self, account: &mut Account, reservation: &MemoryReservation, additional: usize) {
        *account.of(reservation.consumer()) += additional as u64;
        self.session.fetch_add(additional as u64, Ordering::Relaxed);
    }
}

impl MemoryPool for StatementMemory {
    fn name(&self) -> &str {
        "statement"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.account().spillers += u64::from(consumer.can_spill());
        self.memory.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.account().spillers -= u64::from(consumer.can_spill());
        self.memory.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.grown(&mut self.account(), reservation, additional);
        self.memory.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        *self.account().of(reservation.consumer()) -= shrink as u64;
        self.session.fetch_sub(shrink as u64, Ordering::Relaxed);
        self.memory.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut account = self.account();
        account.admit(reservation, additional, "the statement")?;
        self.memory.try_grow(reservation, additional)?;
        self.grown(&mut account, reservation, additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.account().held() as usize
    }

    fn memory_limit(&self) -> MemoryLimit {
        let own = self.account().limit;
        if own == u64::MAX { self.memory.memory_limit() } else { limit(own) }
    }
}

impl fmt::Display for StatementMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.account();
        write!(f, "{}(used: {}, limit: {})", self.name(), account.held(), account.limit)
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = self.taken();
        write!(f, "{}(used: {}, limit: {})", self.name(), taken.queries.held(), taken.queries.limit)
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
    fn a_statement_keeps_to_its_own_limit_within_that_of_all() {
        let (memory, _) = with_ten_columns();
        memory.limit(12 * COLUMN);
        let session = Arc::new(AtomicU64::new(0));
        let statement = |most: u64| -> Arc<dyn MemoryPool> {
            Arc::new(StatementMemory::new(Arc::clone(&memory), Some(most), Arc::clone(&session)))
        };
        let (one, other) = (statement(5 * COLUMN), statement(20 * COLUMN));
        let (of_one, of_other) =
            (MemoryConsumer::new("join").register(&one), MemoryConsumer::new("join").register(&other));
        of_one.try_grow(5 * COLUMN as usize).unwrap();
        let refused = of_one.try_grow(1).unwrap_err().to_string();
        assert!(refused.contains("the statement may hold 400000 in all"), "{refused}");
        of_other.try_grow(7 * COLUMN as usize).unwrap();
        let refused = of_other.try_grow(1).unwrap_err().to_string();
        assert!(refused.contains("queries may hold 960000 in all"), "{refused}");
        assert_eq!((session.load(Ordering::Relaxed), memory.facts().queries), (12 * COLUMN, 12 * COLUMN));
        drop(of_one);
        of_other.try_grow(COLUMN as usize).unwrap();
        drop(of_other);
        assert_eq!((session.load(Ordering::Relaxed), memory.facts().queries), (0, 0));
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
