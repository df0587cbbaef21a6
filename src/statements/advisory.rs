//! Advisory locks: numbers that sessions of a database lock for each other, and that mean what their programs agree on.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::catalog::postgres::{AdvisoryKey, AdvisoryMode};
use crate::error::{Error, Result, SqlState};

/// The advisory locks of a database.
#[derive(Default)]
pub(crate) struct AdvisoryLocks {
    state: Mutex<State>,
    released: Notify,
    sessions: AtomicU64,
}

#[derive(Default)]
struct State {
    held: HashMap<AdvisoryKey, Vec<Hold>>,
    /// What each session that waits is waiting for.
    waiting: HashMap<u64, (AdvisoryKey, AdvisoryMode)>,
}

/// A lock that a session has, and how often it took it.
struct Hold {
    session: u64,
    mode: AdvisoryMode,
    count: u64,
}

impl State {
    /// The sessions that keep one from a lock.
    fn blockers(&self, session: u64, key: AdvisoryKey, mode: AdvisoryMode) -> impl Iterator<Item = u64> {
        let held = self.held.get(&key).into_iter().flatten();
        let conflicts = move |hold: &&Hold| hold.session != session && !(mode.shared && hold.mode.shared);
        held.filter(conflicts).map(|hold| hold.session)
    }

    fn take(&mut self, session: u64, key: AdvisoryKey, mode: AdvisoryMode) -> bool {
        if self.blockers(session, key, mode).next().is_some() {
            return false;
        }
        let held = self.held.entry(key).or_default();
        match held.iter_mut().find(|hold| hold.session == session && hold.mode == mode) {
            Some(hold) => hold.count += 1,
            None => held.push(Hold { session, mode, count: 1 }),
        }
        true
    }

    /// Whether a session waits for itself, through others.
    fn is_deadlocked(&self, session: u64) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![session]);
        while let Some(waiter) = open.pop() {
            let Some((key, mode)) = self.waiting.get(&waiter) else { continue };
            for blocker in self.blockers(waiter, *key, *mode) {
                if blocker == session {
                    return true;
                }
                if seen.insert(blocker) {
                    open.push(blocker);
                }
            }
        }
        false
    }

    fn retain(&mut self, keep: impl Fn(&Hold) -> bool) {
        self.held.retain(|_, held| {
            held.retain(&keep);
            !held.is_empty()
        });
    }
}

impl AdvisoryLocks {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's part in the advisory locks of its database; its locks go with it.
pub(crate) struct SessionLocks {
    locks: Arc<AdvisoryLocks>,
    session: u64,
}

impl SessionLocks {
    /// Of a new session, which has none.
    pub fn new(locks: Arc<AdvisoryLocks>) -> Self {
        let session = locks.sessions.fetch_add(1, Ordering::Relaxed);
        Self { locks, session }
    }

    /// Takes a lock if nobody else has it; the same one may be taken again and again.
    pub fn try_lock(&self, key: AdvisoryKey, mode: AdvisoryMode) -> bool {
        self.locks.state().take(self.session, key, mode)
    }

    /// Takes a lock when nobody else has it. 40P01 where those who have it wait for this session. Dropping the future ends the
    /// waiting.
    pub async fn lock(&self, key: AdvisoryKey, mode: AdvisoryMode) -> Result<()> {
        loop {
            let released = self.locks.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            let waiting = {
                let mut state = self.locks.state();
                if state.take(self.session, key, mode) {
                    return Ok(());
                }
                state.waiting.insert(self.session, (key, mode));
                let waiting = Waiting { locks: &self.locks, session: self.session };
                if state.is_deadlocked(self.session) {
                    drop(state);
                    drop(waiting);
                    return Err(Error::new(SqlState::DeadlockDetected, "deadlock detected"));
                }
                waiting
            };
            released.await;
            drop(waiting);
        }
    }

    /// Gives back a lock of the session once; false where it has none.
    pub fn unlock(&self, key: AdvisoryKey, shared: bool) -> bool {
        let mut state = self.locks.state();
        let mode = AdvisoryMode { shared, transaction: false };
        let held = state.held.get_mut(&key).into_iter().flatten();
        let Some(hold) = held.into_iter().find(|hold| hold.session == self.session && hold.mode == mode) else {
            return false;
        };
        hold.count -= 1;
        if hold.count == 0 {
            state.retain(|hold| hold.count > 0);
            self.locks.released.notify_waiters();
        }
        true
    }

    /// Gives back the locks of the session, but not those of its transaction.
    pub fn unlock_all(&self) {
        self.release(|mode| !mode.transaction);
    }

    /// Gives back the locks of the transaction.
    pub fn end_transaction(&self) {
        self.release(|mode| mode.transaction);
    }

    fn release(&self, released: impl Fn(AdvisoryMode) -> bool) {
        self.locks.state().retain(|hold| hold.session != self.session || !released(hold.mode));
        self.locks.released.notify_waiters();
    }
}

impl Drop for SessionLocks {
    fn drop(&mut self) {
        self.release(|_| true);
    }
}

/// A session in the queue; it leaves when this is dropped.
struct Waiting<'a> {
    locks: &'a AdvisoryLocks,
    session: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.locks.state().waiting.remove(&self.session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: AdvisoryKey = AdvisoryKey::One(7);
    const EXCLUSIVE: AdvisoryMode = AdvisoryMode { shared: false, transaction: false };
    const SHARED: AdvisoryMode = AdvisoryMode { shared: true, transaction: false };

    fn sessions() -> (Arc<SessionLocks>, Arc<SessionLocks>) {
        let locks: Arc<AdvisoryLocks> = Arc::default();
        (Arc::new(SessionLocks::new(locks.clone())), Arc::new(SessionLocks::new(locks)))
    }

    #[test]
    fn a_lock_is_given_back_as_often_as_it_was_taken() {
        let (one, other) = sessions();
        assert!(one.try_lock(KEY, EXCLUSIVE) && one.try_lock(KEY, EXCLUSIVE));
        assert!(!other.try_lock(KEY, EXCLUSIVE) && !other.try_lock(KEY, SHARED));
        assert!(other.try_lock(AdvisoryKey::Two(0, 7), EXCLUSIVE), "two numbers are another lock than one");
        assert!(one.unlock(KEY, false) && !other.try_lock(KEY, SHARED));
        assert!(one.unlock(KEY, false) && !one.unlock(KEY, false));
        assert!(other.try_lock(KEY, SHARED) && one.try_lock(KEY, SHARED) && !one.try_lock(KEY, EXCLUSIVE));
        drop(other);
        assert!(one.try_lock(KEY, EXCLUSIVE));
    }

    #[test]
    fn locks_of_a_transaction_end_with_it_alone() {
        let (one, other) = sessions();
        assert!(one.try_lock(KEY, AdvisoryMode { shared: false, transaction: true }));
        assert!(!one.unlock(KEY, false));
        one.unlock_all();
        assert!(!other.try_lock(KEY, SHARED));
        one.end_transaction();
        assert!(other.try_lock(KEY, SHARED));
    }

    #[tokio::test]
    async fn who_waits_gets_it_when_it_is_free() {
        let (one, other) = sessions();
        assert!(one.try_lock(KEY, EXCLUSIVE));
        let waiter = other.clone();
        let waiting = tokio::spawn(async move { waiter.lock(KEY, EXCLUSIVE).await });
        tokio::task::yield_now().await;
        assert!(one.unlock(KEY, false));
        waiting.await.unwrap().unwrap();
        assert!(!one.try_lock(KEY, SHARED));
    }

    #[tokio::test]
    async fn waiting_for_each_other_is_an_error_of_the_last() {
        let (one, other) = sessions();
        let second = AdvisoryKey::One(8);
        assert!(one.try_lock(KEY, EXCLUSIVE) && other.try_lock(second, EXCLUSIVE));
        let waiter = one.clone();
        let waiting = tokio::spawn(async move { waiter.lock(second, EXCLUSIVE).await });
        while one.locks.state().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(other.lock(KEY, SHARED).await.unwrap_err().state(), SqlState::DeadlockDetected);
        assert!(other.unlock(second, false));
        waiting.await.unwrap().unwrap();
    }
}
