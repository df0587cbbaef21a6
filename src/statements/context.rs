//! What a statement may touch.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use datafusion::execution::session_state::SessionState;

use super::objects::SessionObjects;
use super::transaction::Transaction;
use crate::catalog::{Catalog, Resolver, SystemSchemas};
use crate::config::Settings;
use crate::outcome::Notice;
use crate::workers::Workers;

/// What one statement of one session may touch; made anew for each, cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    /// The engine as of this statement's start.
    pub engine: SessionState,
    /// The database's objects, shared by all sessions.
    pub catalog: Arc<Catalog>,
    /// The computed schemas.
    pub system: Arc<SystemSchemas>,
    /// The session's settings.
    pub settings: Arc<RwLock<Settings>>,
    /// The session's transaction.
    pub transaction: Arc<Mutex<Transaction>>,
    /// The threads that run plans.
    pub workers: Arc<Workers>,
    /// What the session has: cursors, prepared statements.
    pub objects: Arc<SessionObjects>,
    /// The number of the connection.
    pub backend_pid: i32,
    /// What the client is told beside the result.
    pub notices: Arc<Mutex<Vec<Notice>>>,
}

impl Context {
    /// Finds what this statement's names mean, as of now.
    pub(crate) fn resolver(&self) -> Resolver<'_> {
        Resolver::new(&self.engine, self.catalog.state(), &self.system, self.search_path())
    }

    /// The schemas that bare names are looked up in.
    pub(crate) fn search_path(&self) -> Vec<String> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).search_path()
    }

    /// Tells the client something beside the result, unless it does not want to know (`client_min_messages`).
    pub(crate) fn notice(&self, notice: Notice) {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        if notice.severity.reaches(settings.get("client_min_messages").unwrap_or_default()) {
            self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
        }
    }

    /// The session's transaction, to look at or change.
    pub(crate) fn transaction(&self) -> MutexGuard<'_, Transaction> {
        self.transaction.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
