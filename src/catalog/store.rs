//! The catalog of an open database: its record, its open tables, and how both change together.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::record::{Body, Record, RelationRecord};
use crate::error::{Error, Result, SqlState};
use crate::storage::{Closing, Home, Sorting, Table};

/// The catalog of an open database.
pub struct Catalog {
    home: Arc<Home>,
    state: RwLock<Arc<State>>,
    /// Held by the one change under way.
    changing: Arc<Mutex<()>>,
    /// Folders that no table may be made in: of tables that are gone and that statements still use, and of tables whose
    /// making was cut off.
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

    /// Looks a name up: in its schema, or along the path. `None` where nothing has it.
    pub fn find(&self, schema: Option<&str>, name: &str, path: &[String]) -> Option<&RelationRecord> {
        match schema {
            Some(schema) => self.record.relation(schema, name),
            None => path.iter().find_map(|schema| self.record.relation(schema, name)),
        }
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
        let oids = record.relations.iter().filter(|r| r.view().is_none()).map(|r| r.oid);
        let opened = futures::future::try_join_all(live.iter().map(|location| home.open_table(location))).await?;
        home.sweep(&opened).await?;
        home.tend();
        let tables = oids.zip(opened).collect();
        let state = RwLock::new(Arc::new(State { version, record, tables }));
        Ok(Self { home, state, changing: Arc::default(), leaving: Leaving::default() })
    }

    /// The newest version.
    pub fn state(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The home its tables live in.
    pub fn home(&self) -> &Arc<Home> {
        &self.home
    }

    fn leaving(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a change; nobody sees it, and nothing of it survives, before [`Change::commit`] returns.
    pub async fn change(self: &Arc<Self>) -> Change {
        let guard = Arc::clone(&self.changing).lock_owned().await;
        let before = self.state();
        Change { catalog: Arc::clone(self), state: (*before).clone(), before, closing: Vec::new(), _guard: guard }
    }
}

/// A change of the catalog under way.
pub struct Change {
    catalog: Arc<Catalog>,
    before: Arc<State>,
    /// The catalog as it will be.
    pub state: State,
    closing: Vec<Closing>,
    /// The last to go: the next change finds what this one leaves.
    _guard: OwnedMutexGuard<()>,
}

impl Change {
    /// Makes the Delta table of a relation that is being made, sorted by these columns if there are any, and names its folder.
    pub async fn make_table(
        &mut self,
        schema: &str,
        name: &str,
        columns: arrow::datatypes::SchemaRef,
        sorted_by: Vec<String>,
    ) -> Result<(String, Arc<Table>)> {
        let sorting = if sorted_by.is_empty() { None } else { Some(Sorting::new(sorted_by, &columns)?) };
        let location = self.free_location(schema, name);
        // No other table may be made there until the catalog names it: when the statement is cut off, something may still
        // be written to the folder. The next opening sweeps it.
        self.catalog.leaving().insert(location.clone());
        let table = self.catalog.home.create_sorted_table(&location, columns, sorting.as_ref()).await?;
        Ok((location, table))
    }

    /// Waits for the writes to a table that the change will let go of, and keeps others waiting: none commits rows that
    /// nobody would see.
    pub async fn close(&mut self, table: &Arc<Table>) {
        if !self.closing.iter().any(|closing| closing.holds(table)) {
            self.closing.push(table.close().await);
        }
    }

    /// Adds a relation under a fresh object id.
    pub fn add(&mut self, mut relation: RelationRecord, table: Option<Arc<Table>>) -> Result<()> {
        self.require_schema(&relation.schema)?;
        if self.state.record.relation(&relation.schema, &relation.name).is_some() {
            let message = format!("relation \"{}\" already exists", relation.name);
            return Err(Error::new(SqlState::DuplicateTable, message));
        }
        relation.oid = self.state.record.take_oid();
        if let Some(table) = table {
            self.state.tables.insert(relation.oid, table);
        }
        self.state.record.relations.push(relation);
        Ok(())
    }

    /// Takes a relation out.
    pub fn remove(&mut self, schema: &str, name: &str) {
        let record = &mut self.state.record;
        if let Some(at) = record.relations.iter().position(|r| r.schema == schema && r.name == name) {
            let gone = record.relations.remove(at);
            self.state.tables.remove(&gone.oid);
        }
    }

    /// 3F000 unless the schema exists.
    pub fn require_schema(&self, name: &str) -> Result<()> {
        match self.state.record.schema(name) {
            Some(_) => Ok(()),
            None => Err(Error::new(SqlState::InvalidSchemaName, format!("schema \"{name}\" does not exist"))),
        }
    }

    /// Persists the change and shows it to everybody; a change of nothing writes nothing. It runs in a task of its own: a
    /// caller that goes away in the middle neither stops it nor tears it.
    pub async fn commit(self) -> Result<()> {
        if self.state.record == self.before.record {
            return Ok(());
        }
        let done = tokio::spawn(self.commit_here()).await;
        done.map_err(|error| Error::internal(format!("the change was not finished: {error}")))?
    }

    async fn commit_here(mut self) -> Result<()> {
        let before = Arc::clone(&self.before);
        for (oid, table) in &before.tables {
            if !self.state.tables.get(oid).is_some_and(|kept| Arc::ptr_eq(kept, table)) {
                self.close(table).await;
            }
        }
        drop(before);
        self.state.version += 1;
        let catalog = Arc::clone(&self.catalog);
        catalog.home.write_catalog(self.state.version, self.state.record.write()?).await?;
        let named = locations(&self.state.record);
        catalog.leaving().retain(|location| !named.contains(&location.as_str()));
        let dropped = self.dropped();
        *catalog.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(self.state);
        self.closing.into_iter().for_each(Closing::finish);
        drop(self.before);
        for (location, table) in dropped {
            remove_when_unused(&catalog, location, table);
        }
        Ok(())
    }

    /// The folders that the change leaves behind.
    fn dropped(&self) -> Vec<(String, Weak<Table>)> {
        let kept = locations(&self.state.record);
        let before = &self.before;
        let gone = before.record.relations.iter().filter_map(|relation| match &relation.body {
            Body::Table { location, .. } if !kept.contains(&location.as_str()) => {
                Some((location.clone(), Arc::downgrade(before.tables.get(&relation.oid)?)))
            }
            _ => None,
        });
        gone.collect()
    }

    /// `schema/name`, or the first `schema/name.N` that no relation uses: a renamed or replaced table keeps its folder.
    fn free_location(&self, schema: &str, name: &str) -> String {
        let taken = [locations(&self.state.record), locations(&self.before.record)].concat();
        let leaving = self.catalog.leaving();
        let base = format!("{}/{}", file_name(schema), file_name(name));
        std::iter::once(base.clone())
            .chain((2..).map(|n| format!("{base}.{n}")))
            .find(|location| !taken.contains(&location.as_str()) && !leaving.contains(location))
            .expect("the numbers do not end")
    }
}

fn locations(record: &Record) -> Vec<&str> {
    let tables = record.relations.iter().filter_map(|relation| match &relation.body {
        Body::Table { location, .. } => Some(location.as_str()),
        Body::View(_) => None,
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

/// Removes a table's folder once the last statement that reads or writes it is done; what a crash leaves, opening sweeps.
fn remove_when_unused(catalog: &Catalog, location: String, table: Weak<Table>) {
    let (home, leaving) = (catalog.home.clone(), catalog.leaving.clone());
    leaving.lock().unwrap_or_else(PoisonError::into_inner).insert(location.clone());
    tokio::spawn(async move {
        while table.strong_count() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if let Err(error) = home.drop_table(&location).await {
            tracing::warn!(%location, %error, "the folder of a table that is gone stays until the next start");
        }
        leaving.lock().unwrap_or_else(PoisonError::into_inner).remove(&location);
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
