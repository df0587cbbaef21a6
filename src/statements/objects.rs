//! What a session has beside its settings and its transaction.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::portal::Portals;
use super::prepared::PreparedStatements;
use crate::config::Settings;

/// The objects of a session.
pub(crate) struct SessionObjects {
    portals: Mutex<Portals>,
    prepared: Mutex<PreparedStatements>,
}

impl SessionObjects {
    /// None yet, and at most as many as the settings say.
    pub fn new(settings: &Settings) -> Self {
        let most = |name| usize::try_from(settings.number(name)).unwrap_or_default();
        Self {
            portals: Mutex::new(Portals::new(most("max_portals"))),
            prepared: Mutex::new(PreparedStatements::new(most("max_prepared_statements"))),
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
