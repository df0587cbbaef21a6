//! What a transaction block does to one table: versions of its own, step by step, that nobody else sees.

use std::collections::HashSet;
use std::sync::Arc;

use super::snapshot::{Change, DataFile, Operation, Snapshot};
use super::staged::Staged;
use super::table::Table;
use super::writer::Drafts;
use crate::error::{Error, Result};

/// The changes of a block to a table that are not committed. Dropping it takes them back.
#[derive(Debug)]
pub struct Pending {
    table: Arc<Table>,
    base: Arc<Snapshot>,
    now: Arc<Snapshot>,
    steps: Vec<Step>,
}

/// One statement's change.
#[derive(Debug)]
struct Step {
    before: Arc<Snapshot>,
    drafts: Drafts,
    operation: Operation,
    inserted: u64,
    removed: u64,
}

impl Pending {
    /// No changes yet of a version.
    pub fn new(table: Arc<Table>, base: Arc<Snapshot>) -> Self {
        Self { table, now: Arc::clone(&base), base, steps: vec![] }
    }

    /// The table.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The rows as the block found them.
    pub fn base(&self) -> &Arc<Snapshot> {
        &self.base
    }

    /// The rows as the block sees them.
    pub fn now(&self) -> &Arc<Snapshot> {
        &self.now
    }

    /// How many changes there are.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Takes a change of the rows as the block sees them. 40001 if somebody else has changed them since.
    pub fn push(&mut self, staged: Staged) -> Result<()> {
        let Staged { table, change, drafts, inserted, removed } = staged;
        if !Arc::ptr_eq(&table, &self.table) {
            return Err(Error::internal("a change of another table"));
        }
        self.table.still_holds(change.removes.iter().filter(|file| self.base.holds(&file.path)))?;
        let next = Arc::new(self.now.apply(&change)?);
        self.table.note(&next);
        let before = std::mem::replace(&mut self.now, next);
        self.steps.push(Step { before, drafts, operation: change.operation, inserted, removed });
        Ok(())
    }

    /// What a commit of all this and one change more would make of the newest version: the rows that the change adds under these
    /// names of files, and those beside which they would stand. To be called with the table's write lock, under which nobody
    /// else's rows come or go where everybody waits for it.
    pub fn beside(&self, staged: &Staged, added: &HashSet<String>) -> Result<[Arc<Snapshot>; 2]> {
        let after = self.over_newest(&self.now.apply(&staged.change)?)?;
        let (new, old) = (0..after.files().len()).partition::<Vec<_>, _>(|at| added.contains(&after.files()[*at].path));
        Ok([new, old].map(|files| {
            let part = Arc::new(after.part(&files));
            self.table.note(&part);
            part
        }))
    }

    /// What a commit of all this would make of the newest version. To be called with the table's write lock, unless the block has
    /// only added rows.
    pub fn newest(&self) -> Result<Arc<Snapshot>> {
        if Arc::ptr_eq(&self.base, &self.table.snapshot()) {
            return Ok(Arc::clone(&self.now));
        }
        let newest = Arc::new(self.over_newest(&self.now)?);
        self.table.note(&newest);
        Ok(newest)
    }

    /// The newest version with what lies between the block's base and another version.
    fn over_newest(&self, after: &Snapshot) -> Result<Snapshot> {
        let change = Change {
            removes: missing(&self.base, after),
            adds: missing(after, &self.base),
            altered: (self.base.metadata() != after.metadata()).then(|| Arc::clone(after.metadata())),
            base: Arc::clone(self.base.metadata()),
            schema: Arc::clone(after.schema()),
            operation: Operation::Rewrite,
        };
        self.table.snapshot().apply(&change)
    }

    /// Takes back all but the first changes.
    pub fn truncate(&mut self, steps: usize) {
        if let Some(first) = self.steps.get(steps) {
            self.now = Arc::clone(&first.before);
            self.steps.truncate(steps);
        }
    }

    /// Follows the files that were only joined since the block began: the same rows in those that hold them now. To be called
    /// with the table's write lock, under which no more are joined.
    pub fn follow(&mut self) {
        let followed = |at: &Arc<Snapshot>| self.table.followed(at);
        let (base, now) = (followed(&self.base), followed(&self.now));
        let befores: Vec<_> = self.steps.iter().map(|step| followed(&step.before)).collect();
        for (step, before) in self.steps.iter_mut().zip(befores) {
            step.before = before;
        }
        (self.base, self.now) = (base, now);
    }

    /// All changes as one: files that a later step let go of again are not in it.
    pub fn into_staged(self) -> Staged {
        let Self { table, base, now, steps } = self;
        let operation = match steps.as_slice() {
            [only] => only.operation,
            steps if steps.iter().all(|step| step.operation == Operation::Append) => Operation::Append,
            _ => Operation::Rewrite,
        };
        let (inserted, removed) =
            steps.iter().fold((0, 0), |(in_, out), step| (in_ + step.inserted, out + step.removed));
        let mut drafts = Drafts::none(table.target(&now));
        steps.into_iter().for_each(|step| drafts.join(step.drafts));
        drafts.retain(|file| now.holds(&file.path));
        let change = Change {
            removes: missing(&base, &now),
            adds: missing(&now, &base),
            altered: (base.metadata() != now.metadata()).then(|| Arc::clone(now.metadata())),
            base: Arc::clone(base.metadata()),
            schema: Arc::clone(now.schema()),
            operation,
        };
        Staged::new(table, change, drafts).counted(inserted, removed)
    }
}

/// The files of one version that another one lacks.
fn missing(of: &Snapshot, from: &Snapshot) -> Vec<Arc<DataFile>> {
    let there: HashSet<&str> = from.paths();
    of.files().iter().filter(|file| !there.contains(file.path.as_str())).cloned().collect()
}
