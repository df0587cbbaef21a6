//! What a session has taken of sequences.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::record::Sequence;
use crate::error::Result;
use crate::storage::{Home, Stand};

/// The sequences of a database as a session asks them.
pub struct SessionSequences {
    home: Arc<Home>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// The number that came last, by sequence.
    numbers: HashMap<u32, i64>,
    /// The sequence that was asked last.
    last: Option<u32>,
}

impl SessionSequences {
    /// Nothing taken yet.
    pub fn new(home: Arc<Home>) -> Self {
        Self { home, taken: Mutex::default() }
    }

    /// The next numbers of a sequence, in order.
    pub async fn next(&self, oid: u32, sequence: &Sequence, count: usize) -> Result<Vec<i64>> {
        let (counter, steps) = sequence.counter(oid);
        let numbers = self.home.sequences().next(counter, &steps, count).await?;
        if let Some(number) = numbers.last() {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.numbers.insert(oid, *number);
            taken.last = Some(oid);
        }
        Ok(numbers)
    }

    /// Says where a sequence stands.
    pub async fn set(&self, oid: u32, sequence: &Sequence, stand: Stand) -> Result<()> {
        self.home.sequences().set(sequence.counter(oid).0, stand).await?;
        if stand.is_called {
            self.taken.lock().unwrap_or_else(PoisonError::into_inner).numbers.insert(oid, stand.value);
        }
        Ok(())
    }

    /// The number that the session took of a sequence last.
    pub fn current(&self, oid: u32) -> Option<i64> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).numbers.get(&oid).copied()
    }

    /// The number that the session took last.
    pub fn last(&self) -> Option<i64> {
        let last = self.taken.lock().unwrap_or_else(PoisonError::into_inner).last;
        self.current(last?)
    }

    /// Where a sequence stands for all, and how many more numbers are given out before its file is written again.
    pub fn stand(&self, oid: u32, sequence: &Sequence) -> (Stand, usize) {
        self.home.sequences().stand(sequence.counter(oid))
    }
}
