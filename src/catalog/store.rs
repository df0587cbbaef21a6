//! The catalog of an open database: its record and its open tables, as of now or of a moment.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use datafusion::common::TableReference;
use tokio::sync::{Mutex, MutexGuard};

use super::record::{Body, Record, RelationRecord};
use super::session_catalog::PG_TEMP;
use crate::error::Result;
use crate::storage::{Home, Pending, Snapshot, Table};

/// The catalog of an open database.
pub struct Catalog {
    home: Arc<Home>,
    state: RwLock<Arc<State>>,
    /// The next object id: blocks that run beside each other never share one.
    oids: AtomicU32,
    /// Held by the one commit that writes a record.
    changing: Mutex<()>,
    /// Folders that no table may be made in: of tables that are being made, of those that are gone and that statements still
    /// use, and of those whose making was cut off.
    leaving: Leaving,
}

type Leaving = Arc<std::sync::Mutex<HashSet<String>>>;

/// The catalog as of one version; immutable, so that a statement sees one throughout.
#[derive(Clone)]
pub struct State {
    /// Counts the changes since the database was made.
    pub version: u64,
    /// What is persisted.
    pub record: Record,
    /// The open tables, by object id.
    pub tables: HashMap<u32, Arc<Table>>,
}

impl State {
    /// The table of a relation, if it is one.
    pub fn table(&self, relation: &RelationRecord) -> Option<&Arc<Table>> {
        self.tables.get(&relation.oid)
    }

    /// Whether a table is one of its tables.
    pub(super) fn has(&self, table: &Arc<Table>) -> bool {
        self.tables.values().any(|own| Arc::ptr_eq(own, table))
    }

    /// Looks a name up: in its schema, or along the path. `None` where nothing has it.
    pub fn find(&self, schema: Option<&str>, name: &str, path: &[String]) -> Option<&RelationRecord> {
        let within = |schema: &str| match schema {
            PG_TEMP => self.record.relation(self.temporary_schema()?, name),
            schema => self.record.relation(schema, name),
        };
        match schema {
            Some(schema) => within(schema),
            None => path.iter().find_map(|schema| within(schema)),
        }
    }

    /// Whether a name means a temporary relation of the session.
    pub fn is_temporary(&self, name: TableReference, path: &[String]) -> bool {
        let found = self.find(name.schema(), name.table(), path);
        found.is_some_and(|relation| self.temporary_schema() == Some(relation.schema.as_str()))
    }

    /// The schema of the session's temporary relations, if it has one: no other schema may have such a name.
    pub fn temporary_schema(&self) -> Option<&str> {
        let found = self.record.schemas.iter().rev().find(|schema| schema.is_temporary());
        found.map(|schema| schema.name.as_str())
    }
}

/// The catalog and all of its tables at one moment: what a statement reads.
#[derive(Clone)]
pub struct Moment {
    /// The catalog.
    pub state: Arc<State>,
    snapshots: Arc<HashMap<u32, Arc<Snapshot>>>,
    /// Zero where everybody sees it; a number of its own where it has the changes of a block.
    private: u64,
}

impl Moment {
    /// A moment that everybody sees, with the versions of the tables by object id.
    pub(super) fn of(state: Arc<State>, snapshots: HashMap<u32, Arc<Snapshot>>) -> Self {
        Self { state, snapshots: Arc::new(snapshots), private: 0 }
    }

    /// The same with the catalog of a block and its changes of tables.
    pub(super) fn with(&self, state: Arc<State>, pending: &[Pending]) -> Self {
        static MOMENTS: AtomicU64 = AtomicU64::new(1);
        let version = |(oid, table): (&u32, &Arc<Table>)| {
            let own = pending.iter().find(|pending| Arc::ptr_eq(pending.table(), table)).map(Pending::now);
            Some((*oid, Arc::clone(own.or_else(|| self.snapshots.get(oid))?)))
        };
        let snapshots = state.tables.iter().filter_map(version).collect();
        Self { snapshots: Arc::new(snapshots), state, private: MOMENTS.fetch_add(1, Ordering::Relaxed) }
    }

    /// Says that a block reads it, and may want to change rows.
    pub(super) fn enter(&self) {
        for (oid, table) in &self.state.tables {
            self.snapshots.get(oid).into_iter().for_each(|at| table.enter(at));
        }
    }

    /// The version of a relation's rows, if it is a table.
    pub fn snapshot(&self, relation: &RelationRecord) -> Option<&Arc<Snapshot>> {
        self.snapshots.get(&relation.oid)
    }

    /// The version of the rows of a table with this object id.
    pub fn version(&self, oid: u32) -> Option<&Arc<Snapshot>> {
        self.snapshots.get(&oid)
    }

    /// The version of a table.
    pub(super) fn of_table(&self, table: &Arc<Table>) -> Option<&Arc<Snapshot>> {
        let (oid, _) = self.state.tables.iter().find(|(_, known)| Arc::ptr_eq(known, table))?;
        self.snapshots.get(oid)
    }

    /// What tells it from others.
    pub(super) fn stamp(&self) -> Stamp {
        let tables = self.state.record.relations.iter().filter_map(|relation| self.snapshot(relation));
        let tables = tables.map(|snapshot| snapshot.version()).collect();
        Stamp { private: self.private, catalog: Arc::downgrade(&self.state), tables }
    }
}

/// What a moment is of: a catalog, a version of each of its tables, and a block's changes.
pub(super) struct Stamp {
    private: u64,
    catalog: Weak<State>,
    tables: Vec<u64>,
}

impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        self.private == other.private && Weak::ptr_eq(&self.catalog, &other.catalog) && self.tables == other.tables
    }
}

impl Catalog {
    /// Reads the catalog of a home, opens its tables and sweeps what no version of it names.
    pub async fn open(home: Arc<Home>) -> Result<Self> {
        let (version, record) = match home.read_catalog().await? {
            Some((version, bytes)) => (version, Record::read(&bytes)?),
            None => (0, Record::new()),
        };
        let live: Vec<String> = locations(&record).into_iter().map(str::to_owned).collect();
        let oids = record.relations.iter().filter(|r| r.is_table()).map(|r| r.oid);
        let opened = futures::future::try_join_all(live.iter().map(|location| home.open_table(location))).await?;
        home.sweep(&opened).await?;
        home.tend();
        let sequences = record.relations.iter().filter_map(|r| Some(r.sequence()?.counter(r.oid).0));
        home.sequences().open(&sequences.collect()).await?;
        let tables = oids.zip(opened).collect();
        let oids = AtomicU32::new(record.next_oid);
        let state = RwLock::new(Arc::new(State { version, record, tables }));
        Ok(Self { home, state, oids, changing: Mutex::default(), leaving: Leaving::default() })
    }

    /// The newest version.
    pub fn state(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest version as somebody sees it, and the versions of the tables that it then has, at one instant.
    pub(super) fn moment_of(&self, seen: impl FnOnce(Arc<State>) -> Arc<State>) -> Moment {
        self.home.look(|| {
            let state = seen(self.state());
            let snapshots = state.tables.iter().map(|(oid, table)| (*oid, table.snapshot())).collect();
            Moment::of(state, snapshots)
        })
    }

    /// The home its tables live in.
    pub fn home(&self) -> &Arc<Home> {
        &self.home
    }

    pub(super) fn take_oid(&self) -> u32 {
        self.oids.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn next_oid(&self) -> u32 {
        self.oids.load(Ordering::Relaxed)
    }

    /// Waits for the right to write a record.
    pub(super) async fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    /// Shows a version to everybody.
    pub(super) fn replace(&self, state: Arc<State>) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The tables of a record that everybody sees have left the state of being made.
    pub(super) fn arrived(&self, record: &Record) {
        let named = locations(record);
        self.leaving().retain(|location| !named.contains(&location.as_str()));
    }

    /// A folder for a new table: `schema/name`, or the first `schema/name.N` that is free, as a renamed or replaced table keeps
    /// its own.
    pub(super) fn take_location(&self, schema: &str, name: &str) -> String {
        let mut leaving = self.leaving();
        // Read after that: what is in neither is nobody's.
        let state = self.state();
        let taken = locations(&state.record);
        let base = format!("{}/{}", file_name(schema), file_name(name));
        let location = std::iter::once(base.clone())
            .chain((2..).map(|n| format!("{base}.{n}")))
            .find(|location| !taken.contains(&location.as_str()) && !leaving.contains(location))
            .expect("the numbers do not end");
        leaving.insert(location.clone());
        location
    }

    fn leaving(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folders of a record's tables.
pub(super) fn locations(record: &Record) -> Vec<&str> {
    let tables = record.relations.iter().filter_map(|relation| match &relation.body {
        Body::Table { location, .. } => Some(location.as_str()),
        Body::View(_) | Body::Sequence(_) => None,
    });
    tables.collect()
}

/// An identifier as a folder's name: letters, digits and `_-` as they are, every other byte as `%XX`.
fn file_name(identifier: &str) -> String {
    let byte = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    identifier.bytes().map(byte).collect()
}

/// Removes a table's folder once the last statement that reads or writes it is done; what a crash leaves, opening sweeps. The folder
/// of a table that came to nothing is not given to another: what was cut off may still work in it.
pub(super) fn remove_when_unused(catalog: &Catalog, location: String, table: Weak<Table>, unfinished: bool) {
    let (home, leaving) = (catalog.home.clone(), catalog.leaving.clone());
    leaving.lock().unwrap_or_else(PoisonError::into_inner).insert(location.clone());
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        while table.strong_count() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if let Err(error) = home.drop_table(&location).await {
            tracing::warn!(%location, %error, "the folder of a table that is gone stays until the next start");
        }
        if !unfinished {
            leaving.lock().unwrap_or_else(PoisonError::into_inner).remove(&location);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn folders_are_named_so_that_no_identifier_escapes_its_schema() {
        assert_eq!(file_name("state_changes"), "state_changes");
        assert_eq!(file_name("../a b"), "%2E%2E%2Fa%20b");
    }
}
