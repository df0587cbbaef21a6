//! What a session has beside its settings and its transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::advisory::{AdvisoryLocks, SessionLocks};
use super::notify::{Channels, Listener};
use super::portal::Portals;
use super::prepared::PreparedStatements;
use crate::config::Settings;

/// The objects of a session.
pub(crate) struct SessionObjects {
    portals: Mutex<Portals>,
    prepared: Mutex<PreparedStatements>,
    /// What it listens to.
    pub listener: Listener,
    /// The numbers that it has locked.
    pub locks: SessionLocks,
}

/// A moment within a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    portals: u64,
    staged: usize,
}

impl SessionObjects {
    /// None yet, and at most as many as the settings say.
    pub fn new(settings: &Settings, channels: Arc<Channels>, locks: Arc<AdvisoryLocks>) -> Self {
        let most = |name| usize::try_from(settings.number(name)).unwrap_or_default();
        Self {
            portals: Mutex::new(Portals::new(most("max_portals"))),
            prepared: Mutex::new(PreparedStatements::new(most("max_prepared_statements"))),
            listener: Listener::new(channels),
            locks: SessionLocks::new(locks),
        }
    }

    /// Forgets all of it, as DISCARD ALL does.
    pub(super) fn discard(&self) {
        self.portals().close_all();
        self.prepared().close_all();
        self.listener.hear_nothing();
        self.locks.unlock_all();
    }

    /// Ends what doesn't outlast a transaction: cursors that are not held, and locks of its own. What it said by NOTIFY is heard
    /// if it stands.
    pub fn end_transaction(&self, stands: bool) {
        self.portals().end_transaction();
        self.locks.end_transaction();
        if stands {
            self.listener.commit();
        } else {
            self.listener.rollback();
        }
    }

    /// This moment, to go back to.
    pub(super) fn mark(&self) -> Mark {
        Mark { portals: self.portals().made(), staged: self.listener.count_staged() }
    }

    /// Takes back what came since a moment: its cursors are closed, what was said is not said. Locks stay.
    pub(super) fn roll_back_to(&self, mark: Mark) {
        self.portals().end_since(mark.portals);
        self.listener.keep_staged(mark.staged);
    }

    /// Its cursors and portals.
    pub fn portals(&self) -> MutexGuard<'_, Portals> {
        self.portals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its prepared statements.
    pub fn prepared(&self) -> MutexGuard<'_, PreparedStatements> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
