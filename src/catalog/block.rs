//! A transaction block: the catalog and the tables as it found them, and what it has made of them so far.
//!
//! It reads one moment and its own changes. Those are drafts that nobody else sees; a commit brings them to what is newest then.
//! Dropped without one, it leaves nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use arrow::datatypes::SchemaRef;

use super::merge::merge;
use super::record::{Body, Record, RelationRecord, SchemaRecord};
use super::session_catalog::{OnCommit, SessionCatalog};
use super::store::{Catalog, Moment, State, locations, remove_when_unused};
use crate::error::{Error, Result, SqlState};
use crate::storage::{Commit, Held, Owner, Pending, Snapshot, Sorting, Staged, Table, WriteLock};

/// What one transaction has seen and done.
pub struct Block {
    session: Arc<SessionCatalog>,
    catalog: Arc<Catalog>,
    /// Whether it ends with the statement that it was made for.
    alone: bool,
    /// Whether a statement of it is done: from then on its moment is settled.
    settled: bool,
    owner: Owner,
    base: Moment,
    state: Arc<State>,
    pending: Vec<Pending>,
    /// What becomes of temporary tables that it has made when it commits.
    ends: Vec<(u32, OnCommit)>,
    /// Tables whose rows it has copied to others, and how it found them.
    rebuilt: Vec<Moved>,
    /// The folders of tables that it has made.
    made: Vec<(String, Weak<Table>)>,
    marks: Vec<Mark>,
    locks: Vec<WriteLock>,
    held: Option<Held>,
}

type Moved = (Arc<Table>, Arc<Snapshot>);

/// Where a savepoint was set.
struct Mark {
    state: Arc<State>,
    steps: Vec<usize>,
    rebuilt: usize,
}

impl Block {
    pub(super) fn new(session: Arc<SessionCatalog>, alone: bool) -> Self {
        let base = session.moment();
        if !alone {
            base.enter();
        }
        Self {
            catalog: Arc::clone(session.shared()),
            session,
            alone,
            settled: false,
            owner: Owner::fresh(),
            state: Arc::clone(&base.state),
            base,
            pending: vec![],
            ends: vec![],
            rebuilt: vec![],
            made: vec![],
            marks: vec![],
            locks: vec![],
            held: None,
        }
    }

    /// The catalog as the block sees it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The same, to change it.
    pub fn state_mut(&mut self) -> &mut State {
        Arc::make_mut(&mut self.state)
    }

    /// What the block's next statement reads.
    pub fn moment(&self) -> Moment {
        if self.is_untouched() && self.pending.is_empty() {
            return self.base.clone();
        }
        self.base.with(Arc::clone(&self.state), &self.pending)
    }

    /// A statement of the block is done.
    pub fn settle(&mut self) {
        self.settled = true;
    }

    /// Whether the block has changed nothing.
    pub fn is_untouched(&self) -> bool {
        Arc::ptr_eq(&self.state, &self.base.state) && self.pending.iter().all(|pending| pending.steps() == 0)
    }

    /// Waits for the right to change a table's rows and keeps it to the end of the block; 40P01 in place of waiting forever. A
    /// block that has done nothing yet then looks anew: what its wait was for is not in its way.
    pub async fn lock(&mut self, table: &Arc<Table>) -> Result<()> {
        if self.locks.iter().any(|lock| lock.is_of(table)) {
            return Ok(());
        }
        self.locks.push(table.lock(self.owner).await?);
        match self.settled || !self.is_untouched() {
            true => self.pending_mut(table)?.follow(),
            false => self.look_anew(),
        }
        Ok(())
    }

    fn look_anew(&mut self) {
        let before = std::mem::replace(&mut self.base, self.session.moment());
        if !self.alone {
            self.base.enter();
        }
        for mark in self.marks.iter_mut().filter(|mark| Arc::ptr_eq(&mark.state, &before.state)) {
            mark.state = Arc::clone(&self.base.state);
        }
        self.state = Arc::clone(&self.base.state);
        self.pending.clear();
    }

    /// The version of a table that the block's next statement reads.
    pub fn at(&self, table: &Arc<Table>) -> Result<Arc<Snapshot>> {
        let pending = self.pending.iter().find(|pending| Arc::ptr_eq(pending.table(), table)).map(Pending::now);
        let at = pending.or_else(|| self.base.of_table(table));
        at.cloned().ok_or_else(|| Error::internal("a table that the block doesn't see"))
    }

    /// Whether the block reads a table as it is now, but for its own changes.
    pub fn is_newest(&self, table: &Arc<Table>) -> bool {
        let pending = self.pending.iter().find(|pending| Arc::ptr_eq(pending.table(), table)).map(Pending::base);
        let base = pending.or_else(|| self.base.of_table(table));
        base.is_some_and(|base| Arc::ptr_eq(base, &table.snapshot()))
    }

    /// The rows of a table as they would be if the block committed now. To be called with the table's lock, unless the block has only
    /// added rows to it.
    pub fn newest(&self, table: &Arc<Table>) -> Result<Arc<Snapshot>> {
        match self.pending.iter().find(|pending| Arc::ptr_eq(pending.table(), table)) {
            Some(pending) => pending.newest(),
            None => Ok(table.snapshot()),
        }
    }

    /// The rows that a change would add under some names of files, and those beside which they would stand if the block committed
    /// now. To be called with the table's lock.
    pub fn beside(&mut self, staged: &Staged, added: &HashSet<String>) -> Result<[Arc<Snapshot>; 2]> {
        self.pending_mut(staged.table())?.beside(staged, added)
    }

    /// Takes a change of a table's rows or columns.
    pub fn stage(&mut self, staged: Staged) -> Result<()> {
        let table = Arc::clone(staged.table());
        self.pending_mut(&table)?.push(staged)
    }

    /// The changes of a table so far.
    fn pending_mut(&mut self, table: &Arc<Table>) -> Result<&mut Pending> {
        let at = match self.pending.iter().position(|pending| Arc::ptr_eq(pending.table(), table)) {
            Some(at) => at,
            None => {
                self.pending.push(Pending::new(Arc::clone(table), self.at(table)?));
                self.pending.len() - 1
            }
        };
        Ok(&mut self.pending[at])
    }

    /// Makes the Delta table of a relation that is being made, sorted by these columns if there are any, and names its folder.
    pub async fn make_table(
        &mut self,
        schema: &str,
        name: &str,
        columns: SchemaRef,
        sorted_by: Vec<String>,
    ) -> Result<(String, Arc<Table>)> {
        let sorting = if sorted_by.is_empty() { None } else { Some(Sorting::new(sorted_by, &columns)?) };
        let location = self.catalog.take_location(schema, name);
        // Cut off here, something may still be written to the folder: it stays taken, and the next opening sweeps it.
        let table = self.catalog.home().create_sorted_table(&location, columns, sorting.as_ref()).await?;
        self.made.push((location.clone(), Arc::downgrade(&table)));
        self.pending.push(Pending::new(Arc::clone(&table), table.snapshot()));
        Ok((location, table))
    }

    /// Says that a table's rows, as the block sees them, are copied to another one: none may come or go before the commit.
    /// A block of one statement keeps others waiting; a longer one fails at its commit.
    pub async fn rebuild(&mut self, table: &Arc<Table>) -> Result<()> {
        self.lock(table).await?;
        if self.alone && self.held.is_none() && self.is_untouched() {
            self.held = Some(table.hold().await);
            self.look_anew();
        }
        let base = Arc::clone(self.pending_mut(table)?.base());
        self.rebuilt.push((Arc::clone(table), base));
        Ok(())
    }

    /// Adds a relation under a fresh object id.
    pub fn add(&mut self, mut relation: RelationRecord, table: Option<Arc<Table>>) -> Result<()> {
        self.require_schema(&relation.schema)?;
        if self.state.record.is_taken(&relation.schema, &relation.name) {
            let message = format!("relation \"{}\" already exists", relation.name);
            return Err(Error::new(SqlState::DuplicateTable, message));
        }
        relation.oid = self.catalog.take_oid();
        let state = self.state_mut();
        if let Some(table) = table {
            state.tables.insert(relation.oid, table);
        }
        state.record.relations.push(relation);
        Ok(())
    }

    /// The schema of the session's temporary relations, made where it is missing.
    pub fn temporary_schema(&mut self) -> String {
        let name = self.session.temporary_schema().to_owned();
        if self.state.record.schema(&name).is_none() {
            let oid = self.take_oid();
            self.state_mut().record.schemas.push(SchemaRecord::temporary(oid, &name));
        }
        name
    }

    /// Says what becomes of a temporary table when a transaction commits.
    pub fn on_commit(&mut self, schema: &str, name: &str, how: OnCommit) {
        self.ends.extend(self.state.record.relation(schema, name).map(|table| (table.oid, how)));
    }

    /// A fresh object id.
    pub fn take_oid(&self) -> u32 {
        self.catalog.take_oid()
    }

    /// Takes a relation out.
    pub fn remove(&mut self, schema: &str, name: &str) {
        let state = self.state_mut();
        if let Some(at) = state.record.relations.iter().position(|r| r.schema == schema && r.name == name) {
            let gone = state.record.relations.remove(at);
            state.tables.remove(&gone.oid);
        }
    }

    /// 3F000 unless the schema exists.
    pub fn require_schema(&self, name: &str) -> Result<()> {
        match self.state.record.schema(name) {
            Some(_) => Ok(()),
            None => Err(Error::new(SqlState::InvalidSchemaName, format!("schema \"{name}\" does not exist"))),
        }
    }

    /// Sets a savepoint after those that are set.
    pub fn mark(&mut self) {
        let steps = self.pending.iter().map(Pending::steps).collect();
        self.marks.push(Mark { state: Arc::clone(&self.state), steps, rebuilt: self.rebuilt.len() });
    }

    /// Takes back everything since a savepoint, which stays, unlike those after it. Locks are kept.
    pub fn return_to(&mut self, mark: usize) {
        self.marks.truncate(mark + 1);
        if let Some(mark) = self.marks.last() {
            self.state = Arc::clone(&mark.state);
            self.rebuilt.truncate(mark.rebuilt);
            for (at, pending) in self.pending.iter_mut().enumerate() {
                pending.truncate(mark.steps.get(at).copied().unwrap_or_default());
            }
        }
    }

    /// Forgets a savepoint and those after it.
    pub fn release(&mut self, mark: usize) {
        self.marks.truncate(mark);
    }

    /// Commits the changes, all or none, durable when this returns; 40001 where others came in between. It runs in a task
    /// of its own: a caller that goes away in the middle neither stops it nor tears it.
    pub async fn commit(self) -> Result<()> {
        if self.is_untouched() {
            return Ok(());
        }
        let catalog = Arc::clone(&self.catalog);
        catalog.home().run_commit(self.commit_here()).await
    }

    async fn commit_here(mut self) -> Result<()> {
        let catalog = Arc::clone(&self.catalog);
        self.end_temporary()?;
        let before = Arc::clone(&self.base.state);
        let (commit, own) = self.changes();
        // Versions that only this block held are no reason any more to keep files apart.
        self.base = Moment::of(Arc::clone(&before), HashMap::new());
        for staged in own {
            catalog.home().commit(vec![staged]).await?;
        }
        let locked = commit.lock().await;
        if Arc::ptr_eq(&self.state, &before) {
            return locked.finish(None, || ()).await;
        }
        let (old, _) = self.session.part(&before.record);
        let (mine, temporary) = self.session.part(&self.state.record);
        let keep = || self.session.keep(temporary, &self.state, &self.ends);
        if mine == old {
            locked.finish(None, keep).await?;
        } else {
            let _changing = catalog.changing().await;
            let newest = catalog.state();
            let mut record = merge(&old, &mine, &newest.record)?;
            record.next_oid = catalog.next_oid();
            // A view may have the object id of the table in whose place it stands.
            let tables = record.relations.iter().filter(|relation| relation.is_table()).filter_map(|relation| {
                let own = self.state.table(relation).filter(|own| !before.has(own));
                Some((relation.oid, Arc::clone(own.or_else(|| newest.table(relation))?)))
            });
            let state = Arc::new(State { version: newest.version + 1, tables: tables.collect(), record });
            let record = (state.version, state.record.write()?);
            let show = || {
                catalog.replace(Arc::clone(&state));
                keep();
            };
            locked.finish(Some(record), show).await?;
            catalog.arrived(&state.record);
        }
        self.made.retain(|(made, _)| !locations(&self.state.record).contains(&made.as_str()));
        for (location, table) in left_behind(&before, &self.state.record) {
            remove_when_unused(&catalog, location, table, false);
        }
        Ok(())
    }

    /// What temporary tables ask for when a transaction commits.
    fn end_temporary(&mut self) -> Result<()> {
        for (oid, how) in [self.session.ends(), self.ends.clone()].concat() {
            let relation = self.state.record.relations.iter().find(|relation| relation.oid == oid).cloned();
            let Some(relation) = relation else { continue };
            match (how, self.state.table(&relation).cloned()) {
                (OnCommit::DeleteRows, Some(table)) => {
                    let at = self.at(&table)?;
                    if at.rows() != Some(0) {
                        self.stage(table.stage_truncate(&at))?;
                    }
                }
                (OnCommit::DeleteRows, None) => {}
                (OnCommit::Drop, _) => self.remove(&relation.schema, &relation.name),
            }
        }
        Ok(())
    }

    /// The changes of tables that stay, as one commit, and of tables of the block's own making, which nobody sees before the
    /// catalog names them.
    fn changes(&mut self) -> (Commit, Vec<Staged>) {
        let before = Arc::clone(&self.base.state);
        let (mut commit, mut own) = (self.catalog.home().begin_commit(), vec![]);
        for pending in std::mem::take(&mut self.pending) {
            if before.has(pending.table()) && self.state.has(pending.table()) {
                commit.change(pending.into_staged());
            } else if self.state.has(pending.table()) {
                own.push(pending.into_staged());
            }
        }
        for table in before.tables.values().filter(|table| !self.state.has(table)) {
            let moved = self.rebuilt.iter().find(|(moved, _)| Arc::ptr_eq(moved, table));
            commit.let_go(Arc::clone(table), moved.map(|(_, at)| Arc::clone(at)));
        }
        if let Some(held) = self.held.take() {
            commit.holding(held);
        }
        self.rebuilt.clear();
        (commit, own)
    }
}

impl Drop for Block {
    /// The folders of tables that it made for nothing go in the background; the next opening sweeps what stays.
    fn drop(&mut self) {
        for (location, table) in self.made.drain(..) {
            remove_when_unused(&self.catalog, location, table, true);
        }
    }
}

/// The folders that a record leaves behind.
fn left_behind(before: &State, record: &Record) -> Vec<(String, Weak<Table>)> {
    let kept = locations(record);
    let gone = before.record.relations.iter().filter_map(|relation| match &relation.body {
        Body::Table { location, .. } if !kept.contains(&location.as_str()) => {
            Some((location.clone(), Arc::downgrade(before.tables.get(&relation.oid)?)))
        }
        _ => None,
    });
    gone.collect()
}
