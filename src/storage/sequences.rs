//! The counters of sequences: each number is given out once, whatever becomes of who took it.
//!
//! A sequence's file says up to where numbers may have been given out. Up to there they are taken from memory; before one beyond is given
//! out, the file is written. So a crash skips numbers and repeats none.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, SqlState};

/// The folder of the files.
const FOLDER: &str = "sequences";
/// Numbers that one write of the file is good for, beside those that were asked for.
const AHEAD: usize = 32;

/// How a sequence counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// Where it begins.
    pub start: i64,
    /// From one number to the next, not zero.
    pub increment: i64,
    /// Its least number.
    pub least: i64,
    /// Its greatest number.
    pub most: i64,
    /// Whether it begins anew beyond its last number.
    pub cycle: bool,
}

/// Where a sequence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    /// The number given out last, or the one that comes first.
    pub value: i64,
    /// Whether it has been given out.
    pub is_called: bool,
}

/// The counters of a database.
#[derive(Debug)]
pub struct Sequences {
    store: Arc<dyn ObjectStore>,
    counters: Mutex<HashMap<u32, Counter>>,
    /// Held while a file is written.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    stand: Stand,
    /// How many more numbers the file covers, of those that come by these steps: ALTER SEQUENCE gives a sequence others.
    covered: usize,
    steps: Option<Steps>,
}

impl Steps {
    /// Where a sequence stands that nobody has asked.
    fn first(&self) -> Stand {
        Stand { value: self.start, is_called: false }
    }

    /// The number after a stand; `None` where there is none.
    fn after(&self, stand: Stand) -> Option<Stand> {
        let next = match stand.is_called {
            false => Some(stand.value),
            true => stand.value.checked_add(self.increment).filter(|next| (self.least..=self.most).contains(next)),
        };
        let around = || self.cycle.then_some(if self.increment > 0 { self.least } else { self.most });
        next.or_else(around).map(|value| Stand { value, is_called: true })
    }
}

impl Sequences {
    pub(super) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, counters: Mutex::default(), writing: tokio::sync::Mutex::default() }
    }

    /// Reads the files of the sequences that there are, by object id, and removes the others.
    pub async fn open(&self, live: &HashSet<u32>) -> Result<()> {
        let files: Vec<_> = self.store.list(Some(&Path::from(FOLDER))).try_collect().await?;
        for file in files {
            let oid = file.location.filename().and_then(|name| name.strip_suffix(".json")?.parse().ok());
            let Some(oid) = oid.filter(|oid| live.contains(oid)) else {
                self.store.delete(&file.location).await?;
                continue;
            };
            let bytes = self.store.get(&file.location).await?.bytes().await?;
            let stand = serde_json::from_slice(&bytes)
                .map_err(|error| Error::internal(format!("the file of sequence {oid} is damaged: {error}")))?;
            self.counters().insert(oid, Counter { stand, covered: 0, steps: None });
        }
        Ok(())
    }

    /// Gives out the next numbers of a sequence, in order; 2200H where there are not as many.
    pub async fn next(&self, oid: u32, steps: &Steps, count: usize) -> Result<Vec<i64>> {
        if let Some(numbers) = self.take(oid, steps, count)? {
            return Ok(numbers);
        }
        let _writing = self.writing.lock().await;
        // Somebody else may have written meanwhile.
        if let Some(numbers) = self.take(oid, steps, count)? {
            return Ok(numbers);
        }
        let before = {
            let mut counters = self.counters();
            let counter = counters.entry(oid).or_insert(Counter { stand: steps.first(), covered: 0, steps: None });
            if counter.steps != Some(*steps) {
                *counter = Counter { covered: 0, steps: Some(*steps), ..*counter };
            }
            *counter
        };
        let (ahead, covered) = run(steps, before.stand, count + AHEAD);
        if covered.len() < count {
            return Err(exhausted(steps));
        }
        self.write(oid, ahead).await?;
        if let Some(now) = self.counters().get_mut(&oid) {
            // Others may have taken some meanwhile.
            now.covered += covered.len() - before.covered;
        }
        self.take(oid, steps, count)?.ok_or_else(|| Error::internal("a sequence lost the numbers it was given"))
    }

    /// The next numbers, as far as the file covers them.
    fn take(&self, oid: u32, steps: &Steps, count: usize) -> Result<Option<Vec<i64>>> {
        let mut counters = self.counters();
        let covers = |counter: &&mut Counter| counter.covered >= count && counter.steps == Some(*steps);
        let Some(counter) = counters.get_mut(&oid).filter(covers) else { return Ok(None) };
        let (stand, numbers) = run(steps, counter.stand, count);
        if numbers.len() < count {
            return Err(exhausted(steps));
        }
        *counter = Counter { stand, covered: counter.covered - count, ..*counter };
        Ok(Some(numbers))
    }

    /// Says where a sequence stands from now on.
    pub async fn set(&self, oid: u32, stand: Stand) -> Result<()> {
        let _writing = self.writing.lock().await;
        self.write(oid, stand).await?;
        self.counters().insert(oid, Counter { stand, covered: 0, steps: None });
        Ok(())
    }

    /// Where a sequence stands, and how many more numbers are given out before its file is written again.
    pub fn stand(&self, (oid, steps): (u32, Steps)) -> (Stand, usize) {
        let known = self.counters().get(&oid).map(|counter| (counter.stand, counter.covered));
        known.unwrap_or((steps.first(), 0))
    }

    async fn write(&self, oid: u32, stand: Stand) -> Result<()> {
        let bytes = serde_json::to_vec(&stand).map_err(|error| Error::internal(error.to_string()))?;
        self.store.put(&Path::from(format!("{FOLDER}/{oid}.json")), bytes.into()).await?;
        Ok(())
    }

    fn counters(&self) -> MutexGuard<'_, HashMap<u32, Counter>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At most so many numbers after a stand, and where that ends.
fn run(steps: &Steps, mut stand: Stand, count: usize) -> (Stand, Vec<i64>) {
    let mut numbers = Vec::with_capacity(count);
    while numbers.len() < count
        && let Some(next) = steps.after(stand)
    {
        stand = next;
        numbers.push(next.value);
    }
    (stand, numbers)
}

fn exhausted(steps: &Steps) -> Error {
    let (end, bound) = if steps.increment > 0 { ("maximum", steps.most) } else { ("minimum", steps.least) };
    Error::new(SqlState::SequenceGeneratorLimitExceeded, format!("nextval: reached {end} value of sequence ({bound})"))
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    const BY_THREE: Steps = Steps { start: 2, increment: 3, least: 1, most: 10, cycle: false };

    #[tokio::test]
    async fn numbers_come_once_and_end() {
        let sequences = Sequences::new(Arc::new(InMemory::new()));
        assert_eq!(sequences.next(7, &BY_THREE, 2).await.unwrap(), [2, 5]);
        assert_eq!(sequences.next(7, &BY_THREE, 1).await.unwrap(), [8]);
        let error = sequences.next(7, &BY_THREE, 1).await.unwrap_err();
        assert_eq!(error.state(), SqlState::SequenceGeneratorLimitExceeded);
        let around = Steps { cycle: true, ..BY_THREE };
        assert_eq!(sequences.next(7, &around, 2).await.unwrap(), [1, 4]);
    }

    #[tokio::test]
    async fn what_is_opened_again_repeats_no_number() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let steps = Steps { most: i64::MAX, increment: 1, ..BY_THREE };
        let sequences = Sequences::new(Arc::clone(&store));
        let given = sequences.next(7, &steps, 100).await.unwrap();
        sequences.next(8, &steps, 1).await.unwrap();
        let again = Sequences::new(Arc::clone(&store));
        again.open(&HashSet::from([7])).await.unwrap();
        assert!(again.next(7, &steps, 1).await.unwrap()[0] > given[99]);
        // The file of one that is gone went.
        assert_eq!(again.next(8, &steps, 1).await.unwrap(), [2]);
        again.set(7, Stand { value: 5, is_called: false }).await.unwrap();
        assert_eq!(again.next(7, &steps, 2).await.unwrap(), [5, 6]);
    }

    #[tokio::test]
    async fn steps_that_change_go_on_from_the_last_number() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let sequences = Sequences::new(Arc::clone(&store));
        let steps = Steps { most: i64::MAX, increment: 1, start: 1, ..BY_THREE };
        let wider = Steps { increment: 100, ..steps };
        sequences.next(7, &steps, 3).await.unwrap();
        assert_eq!(sequences.next(7, &wider, 2).await.unwrap(), [103, 203]);
        assert_eq!(sequences.next(7, &steps, 1).await.unwrap(), [204]);
        let given = sequences.next(7, &wider, 1).await.unwrap()[0];
        let again = Sequences::new(store);
        again.open(&HashSet::from([7])).await.unwrap();
        assert!(again.next(7, &steps, 1).await.unwrap()[0] > given);
    }

    #[tokio::test]
    async fn tasks_that_race_share_no_number() {
        let sequences = Arc::new(Sequences::new(Arc::new(InMemory::new())));
        let steps = Steps { most: i64::MAX, increment: 1, start: 1, ..BY_THREE };
        let tasks = (0..20_usize).map(|n| {
            let sequences = Arc::clone(&sequences);
            tokio::spawn(async move { sequences.next(1, &steps, n % 7 + 1).await.unwrap() })
        });
        let mut all = vec![];
        for task in tasks.collect::<Vec<_>>() {
            all.extend(task.await.unwrap());
        }
        let count = all.len();
        all.sort_unstable();
        assert_eq!(all, (1..=count as i64).collect::<Vec<_>>());
    }
}
