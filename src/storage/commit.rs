//! Makes a staged change the table's next version.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;

use super::log::{Metadata, Put};
use super::owners::Owners;
use super::snapshot::{Change, conflict};
use super::sorting::Sorting;
use super::table::Table;
use super::writer::Drafts;
use crate::error::{Error, Result};

/// A change whose files are written and durable, and that nobody sees. Dropping it takes it back.
#[derive(Debug)]
pub struct Staged {
    table: Arc<Table>,
    change: Change,
    drafts: Drafts,
    inserted: u64,
    removed: u64,
}

impl Staged {
    pub(super) fn new(table: Arc<Table>, change: Change, drafts: Drafts) -> Self {
        Self { table, change, drafts, inserted: 0, removed: 0 }
    }

    pub(super) fn counted(self, inserted: u64, removed: u64) -> Self {
        Self { inserted, removed, ..self }
    }

    pub(super) fn altering(mut self, metadata: Metadata, schema: SchemaRef) -> Self {
        self.change.altered = Some(Arc::new(metadata));
        self.change.schema = schema;
        self
    }

    /// The same files once more, to say of them whom the contacts in their rows belong to.
    pub(super) fn restating(mut self, owners: Owners) -> Self {
        self.change.adds.clone_from(&self.change.removes);
        self.drafts.own(owners);
        self
    }

    /// This change and the rows that another one of the same table adds, as one.
    pub fn with(mut self, mut added: Staged) -> Result<Self> {
        if !Arc::ptr_eq(&self.table, &added.table) || !added.change.removes.is_empty() {
            return Err(Error::internal("only added rows of the same table join a change"));
        }
        self.change.adds.append(&mut added.change.adds);
        self.drafts.join(added.drafts);
        self.inserted += added.inserted;
        Ok(self)
    }

    /// The table it changes.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// Rows that it adds.
    pub fn inserted(&self) -> u64 {
        self.inserted
    }

    /// Rows that it takes away, updated ones too.
    pub fn removed(&self) -> u64 {
        self.removed
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.change.adds.is_empty() && self.change.removes.is_empty() && self.change.altered.is_none()
    }

    /// Commits in a task of its own: a caller that goes away in the middle neither stops it nor tears it.
    pub(super) async fn commit(self) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        finished(tokio::spawn(self.commit_here())).await
    }

    /// The same, with the table's write lock held until it is done.
    pub(super) async fn commit_under(self, writing: OwnedMutexGuard<()>) -> Result<()> {
        let commit = async move {
            let done = self.commit_here().await;
            drop(writing);
            done
        };
        finished(tokio::spawn(commit)).await
    }

    async fn commit_here(self) -> Result<()> {
        let Self { table, mut change, drafts, inserted, .. } = self;
        let mut register = table.committing.lock().await;
        if table.is_closed() {
            return Err(conflict("the table was dropped or rebuilt"));
        }
        loop {
            let base = table.snapshot();
            if !table.log.holds(base.version()).await? {
                table.advance(table.log.replay().await?);
                continue;
            }
            let is_proven = register.proves(&table, &base, &change, drafts.owners(), inserted > 0).await;
            change = change.determined(base.sorting().and_then(Sorting::determinant).filter(|_| is_proven));
            let next = base.apply(&change)?;
            if change.says_nothing() {
                break;
            }
            match table.log.commit(next.version(), &change).await? {
                Put::Done => {
                    let owners = drafts.keep();
                    if is_proven {
                        register.enter(&change.adds, owners);
                    }
                    table.advance(next);
                    break;
                }
                // Another program writes to the table too.
                Put::Taken => table.advance(table.log.replay().await?),
            }
        }
        drop(register);
        if let Some(background) = table.background.upgrade() {
            background.tend(&table);
        }
        Ok(())
    }
}

async fn finished(commit: JoinHandle<Result<()>>) -> Result<()> {
    commit.await.map_err(|error| Error::internal(format!("the commit was not finished: {error}")))?
}

/// The one table that a commit may change.
pub(super) fn single(mut staged: Vec<Staged>) -> Result<Option<Staged>> {
    staged.retain(|change| !change.is_empty());
    let only = staged.pop();
    if staged.is_empty() { Ok(only) } else { Err(Error::unsupported("a commit that changes several tables")) }
}

impl Table {
    /// Writes a checkpoint of the newest version now.
    pub async fn checkpoint(&self) -> Result<()> {
        self.log.checkpoint().await
    }
}
