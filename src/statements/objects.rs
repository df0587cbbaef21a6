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

    /// Its cursors and portals.
    pub fn portals(&self) -> MutexGuard<'_, Portals> {
        self.portals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its prepared statements.
    pub fn prepared(&self) -> MutexGuard<'_, PreparedStatements> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
