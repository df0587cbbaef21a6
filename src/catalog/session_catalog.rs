//! The catalog as one session sees it: that of everybody, and the temporary tables and views that the session alone has.
//!
//! Those stand in a schema that nobody else has, as records and tables like all others, so that every statement treats them
//! alike. A commit parts them from the record that everybody sees. They go with the session; what a crash leaves of them the
//! next opening sweeps, because no catalog names their folders.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::block::Block;
use super::record::{Body, Record, RelationRecord, SchemaRecord};
use super::store::{Catalog, Moment, State, remove_when_unused};
use crate::storage::Table;

/// What sessions call the schema of their temporary relations.
pub const PG_TEMP: &str = "pg_temp";

/// What becomes of a temporary table when a transaction commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnCommit {
    /// Its rows go.
    DeleteRows,
    /// It goes.
    Drop,
}

/// The catalog as one session sees it.
pub struct SessionCatalog {
    shared: Arc<Catalog>,
    temporary_schema: String,
    held: Mutex<Held>,
}

/// What a session has for itself.
#[derive(Default)]
struct Held {
    temporary: Temporary,
    tables: HashMap<u32, Arc<Table>>,
    ends: Vec<(u32, OnCommit)>,
    /// The newest catalog that was looked at, and the same with these in it.
    shown: Option<(Weak<State>, Arc<State>)>,
}

/// The part of a record that is a session's own.
#[derive(Default)]
pub(super) struct Temporary {
    schema: Option<SchemaRecord>,
    relations: Vec<RelationRecord>,
}

impl SessionCatalog {
    /// What a session sees that has nothing for itself yet.
    pub fn new(shared: Arc<Catalog>) -> Self {
        static SESSIONS: AtomicU64 = AtomicU64::new(1);
        let temporary_schema = format!("{PG_TEMP}_{}", SESSIONS.fetch_add(1, Ordering::Relaxed));
        Self { shared, temporary_schema, held: Mutex::default() }
    }

    /// The catalog that everybody sees.
    pub fn shared(&self) -> &Arc<Catalog> {
        &self.shared
    }

    /// The newest version, and that of each table, at one instant.
    pub fn moment(&self) -> Moment {
        self.shared.moment_of(|newest| self.with_own(newest))
    }

    /// Begins a transaction block that reads this moment; nobody sees what it does before [`Block::commit`] returns.
    pub fn begin(self: &Arc<Self>) -> Block {
        Block::new(Arc::clone(self), false)
    }

    /// The same for one statement.
    pub fn begin_alone(self: &Arc<Self>) -> Block {
        Block::new(Arc::clone(self), true)
    }

    /// The name of the schema of temporary relations, whether there are any or not.
    pub(super) fn temporary_schema(&self) -> &str {
        &self.temporary_schema
    }

    /// What becomes of which temporary tables when a transaction commits.
    pub(super) fn ends(&self) -> Vec<(u32, OnCommit)> {
        self.held().ends.clone()
    }

    /// A catalog with what the session has for itself.
    fn with_own(&self, newest: Arc<State>) -> Arc<State> {
        let mut held = self.held();
        let Some(schema) = &held.temporary.schema else { return newest };
        if let Some((known, shown)) = &held.shown
            && Weak::ptr_eq(known, &Arc::downgrade(&newest))
        {
            return Arc::clone(shown);
        }
        let mut state = State::clone(&newest);
        state.record.schemas.push(schema.clone());
        state.record.relations.extend(held.temporary.relations.iter().cloned());
        state.tables.extend(held.tables.iter().map(|(oid, table)| (*oid, Arc::clone(table))));
        let state = Arc::new(state);
        held.shown = Some((Arc::downgrade(&newest), Arc::clone(&state)));
        state
    }

    /// Parts a record into what everybody sees and the session's own.
    pub(super) fn part(&self, record: &Record) -> (Record, Temporary) {
        let mut common = record.clone();
        let schema = common.schemas.extract_if(.., |schema| schema.name == self.temporary_schema).next();
        let relations = common.relations.extract_if(.., |relation| relation.schema == self.temporary_schema).collect();
        (common, Temporary { schema, relations })
    }

    /// Takes what a commit has made of the session's own: the tables are those of its state, `ends` is what it adds to.
    pub(super) fn keep(&self, temporary: Temporary, state: &State, ends: &[(u32, OnCommit)]) {
        let mut held = self.held();
        let table = |relation: &RelationRecord| Some((relation.oid, Arc::clone(state.table(relation)?)));
        held.tables = temporary.relations.iter().filter_map(table).collect();
        held.ends.extend(ends);
        held.ends.retain(|(oid, _)| temporary.relations.iter().any(|relation| relation.oid == *oid));
        held.temporary = temporary;
        held.shown = None;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SessionCatalog {
    fn drop(&mut self) {
        let Held { temporary, tables, .. } = std::mem::take(&mut *self.held());
        for relation in temporary.relations {
            if let (Body::Table { location, .. }, Some(table)) = (relation.body, tables.get(&relation.oid)) {
                remove_when_unused(&self.shared, location, Arc::downgrade(table), false);
            }
        }
    }
}

/// The schemas that relations are looked up in: temporary ones come first, unless the search path has its own place for them.
pub fn searched(path: Vec<String>) -> Vec<String> {
    match path.iter().any(|schema| schema == PG_TEMP) {
        true => path,
        false => std::iter::once(PG_TEMP.to_owned()).chain(path).collect(),
    }
}
