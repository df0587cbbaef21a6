//! Who is connected and what each session does: what `journey.activity` shows, and what cancels and ends sessions.

mod backend;
mod text;

pub use backend::{Backend, Block, Client, Seen, State, Wait, Work};

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use tokio::sync::watch;

use crate::config::Settings;

/// The sessions of a database.
#[derive(Debug)]
pub struct Activity {
    opened: DateTime<Utc>,
    sessions: Mutex<BTreeMap<i32, Arc<Backend>>>,
    begun: AtomicU64,
    /// Rows that statements gave.
    rows: Arc<AtomicU64>,
    /// Changes whenever servers are to read their files anew.
    reloads: watch::Sender<()>,
}

/// A session's place among the others; it goes when this is dropped.
#[derive(Debug)]
pub struct Presence {
    activity: Arc<Activity>,
    backend: Arc<Backend>,
}

impl Activity {
    /// Enters a session under a number that no other has.
    pub fn enter(self: &Arc<Self>, settings: Arc<RwLock<Settings>>) -> Presence {
        let mut sessions = self.sessions();
        let pid = loop {
            let pid = rand::random_range(1..i32::MAX);
            if !sessions.contains_key(&pid) {
                break pid;
            }
        };
        let backend = Arc::new(Backend::new(pid, settings, Arc::clone(&self.rows)));
        self.begun.fetch_add(1, Ordering::Relaxed);
        sessions.insert(pid, Arc::clone(&backend));
        Presence { activity: Arc::clone(self), backend }
    }

    /// The session of a number.
    pub fn backend(&self, pid: i32) -> Option<Arc<Backend>> {
        self.sessions().get(&pid).cloned()
    }

    /// Cancels the statement of a connection if the key is right.
    pub fn cancel_with(&self, pid: i32, key: &[u8]) {
        if let Some(backend) = self.backend(pid).filter(|backend| backend.key() == key) {
            backend.cancel();
        }
    }

    /// Every session as it is now, by number.
    pub fn seen(&self) -> Vec<Seen> {
        let backends: Vec<_> = self.sessions().values().cloned().collect();
        backends.iter().map(|backend| backend.seen()).collect()
    }

    /// When the database was opened.
    pub fn opened(&self) -> DateTime<Utc> {
        self.opened
    }

    /// How many sessions have begun since.
    pub fn sessions_begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// How many rows their statements gave.
    pub fn rows_given(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Asks the servers of the database to read their files anew.
    pub fn reload(&self) {
        self.reloads.send_replace(());
    }

    /// What tells a server that it is asked to.
    pub fn reloads(&self) -> watch::Receiver<()> {
        self.reloads.subscribe()
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<i32, Arc<Backend>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Activity {
    fn default() -> Self {
        let (opened, reloads) = (Utc::now(), watch::Sender::default());
        Self { opened, sessions: Mutex::default(), begun: AtomicU64::default(), rows: Arc::default(), reloads }
    }
}

impl Deref for Presence {
    type Target = Arc<Backend>;

    fn deref(&self) -> &Arc<Backend> {
        &self.backend
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.activity.sessions().remove(&self.backend.pid());
    }
}

/// The rows of a statement; it is at work while they are asked for, until they are dropped.
pub fn watched(rows: SendableRecordBatchStream, work: Work) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let batches = futures::stream::unfold((rows, work), |(mut rows, work)| async move {
        work.go_on();
        let batch = rows.next().await?;
        if let Ok(batch) = &batch {
            work.gave(batch.num_rows());
        }
        Some((batch, (rows, work)))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_key_cancels() {
        let activity = Arc::new(Activity::default());
        let presence = activity.enter(Arc::default());
        let cancelled = presence.cancelled();
        tokio::pin!(cancelled);
        assert!(futures::poll!(cancelled.as_mut()).is_pending());
        let wrong = presence.key().map(|byte| !byte);
        activity.cancel_with(presence.pid(), &wrong);
        activity.cancel_with(presence.pid(), &[]);
        assert!(futures::poll!(cancelled.as_mut()).is_pending());
        activity.cancel_with(presence.pid(), &presence.key());
        assert!(futures::poll!(cancelled).is_ready());
    }

    #[test]
    fn a_session_is_seen_as_long_as_it_is_there() {
        let activity = Arc::new(Activity::default());
        let (one, other) = (activity.enter(Arc::default()), activity.enter(Arc::default()));
        assert_eq!(activity.seen().len(), 2);
        let pid = one.pid();
        drop(one);
        assert!(activity.backend(pid).is_none());
        assert_eq!(activity.seen()[0].pid, other.pid());
    }
}
