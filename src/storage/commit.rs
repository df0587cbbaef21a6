//! Makes staged changes of tables, and a change of the catalog, visible: all at once or not at all.
//!
//! A commit locks its tables against other commits, in the order of their numbers, so that no two wait for each other. It checks
//! every change against the version that it will follow. One thing to write is one put, as atomic as that is. For several,
//! an intent is written first ([`Journal`]): from then on the commit stands, and whoever opens the database after a crash
//! finishes it. In memory all versions change at one instant.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::journal::{Intent, Journal, Part as Declared};
use super::log::Put;
use super::owners::Register;
use super::snapshot::{Operation, Snapshot, conflict};
use super::sorting::Sorting;
use super::staged::Staged;
use super::table::Table;
use crate::error::{Result, SqlState};

/// Between two attempts at what has to be done whatever the disk says.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// A version of the catalog to write.
pub type Record = (u64, Vec<u8>);

/// A commit before it has locked anything.
#[derive(Debug)]
pub struct Commit {
    journal: Arc<Journal>,
    parts: Vec<(Arc<Table>, Work)>,
    held: Vec<Held>,
}

/// What a commit does to a table.
#[derive(Debug)]
enum Work {
    Change(Box<Staged>),
    /// Lets it go; if its rows live on elsewhere, they must be those of a version still.
    LetGo(Option<Arc<Snapshot>>),
}

/// A table that nobody else commits to while this is held.
#[derive(Debug)]
pub struct Held {
    table: Arc<Table>,
    register: OwnedMutexGuard<Register>,
}

impl Table {
    /// Waits for the commits to a table and keeps others waiting. Nobody may hold one table and wait for another.
    pub async fn hold(self: &Arc<Self>) -> Held {
        Held { table: Arc::clone(self), register: Arc::clone(&self.committing).lock_owned().await }
    }
}

impl Commit {
    pub(super) fn new(journal: Arc<Journal>) -> Self {
        Self { journal, parts: vec![], held: vec![] }
    }

    /// Adds a change; a table has one at most.
    pub fn change(&mut self, staged: Staged) {
        if !staged.is_empty() {
            self.parts.push((Arc::clone(staged.table()), Work::Change(Box::new(staged))));
        }
    }

    /// Lets a table go: commits that wait for it, and all later ones, fail with 40001. With a version, 40001 here if rows
    /// have come or gone since.
    pub fn let_go(&mut self, table: Arc<Table>, unchanged_since: Option<Arc<Snapshot>>) {
        self.parts.push((table, Work::LetGo(unchanged_since)));
    }

    /// Takes a table that is held already.
    pub fn holding(&mut self, held: Held) {
        self.held.push(held);
    }

    /// Waits until no other commit is under way to any of its tables.
    pub async fn lock(self) -> Locked {
        let Self { journal, mut parts, mut held } = self;
        parts.sort_by_key(|(table, _)| table.number);
        let mut locked = vec![];
        for (table, work) in parts {
            let Held { table, register } = match held.iter().position(|held| Arc::ptr_eq(&held.table, &table)) {
                Some(at) => held.swap_remove(at),
                None => table.hold().await,
            };
            locked.push(Part { table, register, work, proven: false });
        }
        Locked { journal, parts: locked, _held: held }
    }
}

/// A commit whose tables are its own.
#[derive(Debug)]
pub struct Locked {
    journal: Arc<Journal>,
    parts: Vec<Part>,
    /// Tables it was given and does nothing to.
    _held: Vec<Held>,
}

#[derive(Debug)]
struct Part {
    table: Arc<Table>,
    register: OwnedMutexGuard<Register>,
    work: Work,
    /// Whether its files keep up whom contacts belong to.
    proven: bool,
}

/// A version that a commit puts.
struct Next {
    part: usize,
    snapshot: Snapshot,
    body: Bytes,
}

impl Locked {
    /// Checks, writes and shows the commit; `show` runs at the instant at which the tables' new versions become visible. 40001
    /// if another statement was faster: then nothing has happened. A caller that goes away stops it between two writes, so
    /// it belongs into a task of its own.
    pub async fn finish(mut self, record: Option<Record>, show: impl FnOnce() + Send) -> Result<()> {
        let written = loop {
            let next = self.check().await?;
            if let Some(written) = self.write(next, record.as_ref()).await? {
                break written;
            }
        };
        let journal = Arc::clone(&self.journal);
        let mut parts: Vec<_> = self.parts.into_iter().map(|part| (part, None)).collect();
        written.into_iter().for_each(|next| parts[next.part].1 = Some(next.snapshot));
        let mut changed = vec![];
        journal.show(|| {
            for (mut part, next) in parts {
                match part.work {
                    Work::LetGo(_) => part.table.closed.store(true, Ordering::Release),
                    Work::Change(staged) => {
                        let Staged { change, drafts, .. } = *staged;
                        let owners = drafts.keep();
                        if part.proven {
                            part.register.enter(&change.adds, owners);
                        }
                        if let Some(next) = next {
                            journal.count(change.operation);
                            if change.operation == Operation::Compact {
                                part.table.joined(next.version(), &change);
                            }
                            part.table.advance(next);
                            changed.push(part.table);
                        }
                    }
                }
            }
            show();
        });
        for table in changed {
            if let Some(background) = table.background.upgrade() {
                background.tend(&table);
            }
        }
        Ok(())
    }

    /// The versions to put, each following the newest of its table.
    async fn check(&mut self) -> Result<Vec<Next>> {
        let mut next = vec![];
        for (at, part) in self.parts.iter_mut().enumerate() {
            next.extend(part.check(&self.journal).await?.map(|(snapshot, body)| Next { part: at, snapshot, body }));
        }
        Ok(next)
    }

    /// Writes the commit; `None` if another program was faster, and everything has to be checked anew.
    async fn write(&self, next: Vec<Next>, record: Option<&Record>) -> Result<Option<Vec<Next>>> {
        match (next.as_slice(), record) {
            ([], None) => {}
            ([], Some((version, bytes))) => self.journal.records().write(*version, bytes.clone()).await?,
            ([only], None) => {
                let table = &self.parts[only.part].table;
                if table.log.put(only.snapshot.version(), only.body.clone()).await? == Put::Taken {
                    let newest = table.log.replay().await?;
                    self.journal.show(|| table.advance(newest));
                    return Ok(None);
                }
            }
            (_, record) => return self.write_declared(next, record).await.map(Some),
        }
        Ok(Some(next))
    }

    /// Writes several things: the intent, everything it names, and its end.
    async fn write_declared(&self, mut next: Vec<Next>, record: Option<&Record>) -> Result<Vec<Next>> {
        let parts = next.iter().map(|next| Declared {
            folder: self.parts[next.part].table.folder.to_string(),
            version: next.snapshot.version(),
            body: next.body.clone(),
        });
        let intent = Intent::new(parts.collect(), record)?;
        let declared = self.journal.declare(&intent).await?;
        // It stands: an error can't take it back any more, only put off its end.
        while let Err(error) = self.carry_out(&intent, &mut next).await {
            if error.state() == SqlState::ObjectNotInPrerequisiteState {
                return Err(error);
            }
            tracing::warn!(%error, "a commit of several tables waits to be finished");
            tokio::time::sleep(PAUSE).await;
        }
        if let Err(error) = self.journal.withdraw(&declared).await {
            tracing::warn!(%error, "the intent of a finished commit stays until the next start");
        }
        Ok(next)
    }

    /// Writes what an intent names; where another program came between, the versions are what the logs then say.
    async fn carry_out(&self, intent: &Intent, next: &mut [Next]) -> Result<()> {
        for (version, next) in self.journal.carry_out(intent).await?.into_iter().zip(next) {
            if version != next.snapshot.version() {
                next.snapshot = self.parts[next.part].table.log.replay().await?;
            }
        }
        Ok(())
    }
}

impl Part {
    /// The version that the newest one becomes, and what the log says of it; none where nothing is to be written.
    async fn check(&mut self, journal: &Journal) -> Result<Option<(Snapshot, Bytes)>> {
        let table = &self.table;
        if table.is_closed() {
            return Err(conflict("the table was dropped or rebuilt"));
        }
        let newest = loop {
            let newest = table.snapshot();
            if table.log.holds(newest.version()).await? {
                break newest;
            }
            let replayed = table.log.replay().await?;
            journal.show(|| table.advance(replayed));
        };
        let staged = match &mut self.work {
            Work::LetGo(None) => return Ok(None),
            Work::LetGo(Some(since)) if table.followed(since).paths() == newest.paths() => return Ok(None),
            Work::LetGo(Some(_)) => return Err(conflict("rows of a table that is rebuilt were changed")),
            Work::Change(staged) => staged,
        };
        let (change, owners) = (&staged.change, staged.drafts.owners());
        self.proven = self.register.proves(table, &newest, change, owners, staged.inserted > 0).await;
        staged.change.determine(newest.sorting().and_then(Sorting::determinant).filter(|_| self.proven));
        let next = newest.apply(&staged.change)?;
        if staged.change.says_nothing() {
            return Ok(None);
        }
        let body = table.log.body(next.version(), &staged.change)?;
        Ok(Some((next, body)))
    }
}

impl Staged {
    /// Commits in a task of its own, with the table's write lock held until it is done: a caller that goes away in the middle
    /// neither stops it nor tears it.
    pub(super) async fn commit_under(self, writing: OwnedMutexGuard<()>) -> Result<()> {
        let journal = Arc::clone(&self.table.journal);
        let mut commit = Commit::new(Arc::clone(&journal));
        commit.change(self);
        let commit = async move {
            let done = commit.lock().await.finish(None, || ()).await;
            drop(writing);
            done
        };
        journal.run(commit).await
    }
}

impl Table {
    /// Writes a checkpoint of the newest version now.
    pub async fn checkpoint(&self) -> Result<()> {
        self.log.checkpoint(self.snapshot().version()).await
    }
}

/// Held by one commit to a table at a time, from check to put.
pub(super) type Committing = Arc<Mutex<Register>>;
