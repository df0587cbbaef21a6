//! Commits of several things, atomic across a crash and for whoever looks on.
//!
//! An intent is one document with everything that a commit writes: an entry for the log of each table, and the catalog's record.
//! Once it is there, the commit stands. Its writer, or the next opening of the database, writes what it says, each thing unless it
//! is there already, and removes it. Entries are told by their bytes: the names of files in them are nobody else's.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::commit::{PAUSE, Record};
use super::log::Log;
use super::records::Records;
use super::snapshot::Operation;
use super::threads::Threads;
use crate::error::{Error, Result, SqlState};

/// The folder of intents.
const INTENTS: &str = "intents";

/// The form of an intent; a newer one is refused.
const FORMAT: u32 = 1;

/// What the commits of a home share.
#[derive(Debug)]
pub(super) struct Journal {
    store: Arc<dyn ObjectStore>,
    records: Records,
    /// Written to while a commit shows itself.
    showing: RwLock<()>,
    threads: Threads,
    /// Versions of tables that writes made, and that joining files made.
    written: AtomicU64,
    joined: AtomicU64,
}

/// What commits have done since a database was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitFacts {
    /// Versions of tables that writes made.
    pub written: u64,
    /// Versions of tables that joining files made.
    pub joined: u64,
}

/// A commit of several things.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Intent {
    format: u32,
    tables: Vec<Entry>,
    catalog: Option<CatalogEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    folder: String,
    version: u64,
    body: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct CatalogEntry {
    version: u64,
    record: String,
}

/// What a commit writes to one table.
pub(super) struct Part {
    /// The table's folder.
    pub folder: String,
    /// The version that its log gets.
    pub version: u64,
    /// What the log says there.
    pub body: Bytes,
}

impl Intent {
    pub fn new(parts: Vec<Part>, record: Option<&Record>) -> Result<Self> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|error| Error::internal(error.to_string()));
        let entry = |Part { folder, version, body }| Ok(Entry { folder, version, body: text(&body)? });
        let tables = parts.into_iter().map(entry).collect::<Result<_>>()?;
        let catalog =
            |(version, bytes): &Record| Ok::<_, Error>(CatalogEntry { version: *version, record: text(bytes)? });
        Ok(Self { format: FORMAT, tables, catalog: record.map(catalog).transpose()? })
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Stamp {
            format: u32,
        }
        let damaged = |error: serde_json::Error| Error::internal(format!("an intent is damaged: {error}"));
        let stamp: Stamp = serde_json::from_slice(bytes).map_err(damaged)?;
        if stamp.format > FORMAT {
            let message = format!("an intent has format {}, this release reads up to {FORMAT}", stamp.format);
            return Err(Error::new(SqlState::ObjectNotInPrerequisiteState, message)
                .with_hint("open it with a newer release of journeydb"));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }
}

impl Journal {
    pub fn new(store: Arc<dyn ObjectStore>) -> Result<Self> {
        let (records, threads) = (Records::new(Arc::clone(&store)), Threads::new()?);
        let (written, joined) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { records, store, showing: RwLock::default(), threads, written, joined })
    }

    /// Counts a version that has been shown.
    pub fn count(&self, operation: Operation) {
        let counter = if operation == Operation::Compact { &self.joined } else { &self.written };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub fn facts(&self) -> CommitFacts {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CommitFacts { written: value(&self.written), joined: value(&self.joined) }
    }

    /// Runs a commit in a task of its own: a caller that goes away in the middle neither stops it nor tears it.
    pub async fn run(&self, commit: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
        let done = self.threads.spawn(commit).await;
        done.map_err(|error| Error::internal(format!("the commit was not finished: {error}")))?
    }

    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Changes several things at one instant for those who [`Journal::look`].
    pub fn show<T>(&self, change: impl FnOnce() -> T) -> T {
        let _showing = self.showing.write().unwrap_or_else(PoisonError::into_inner);
        change()
    }

    /// Looks at several things at one instant.
    pub fn look<T>(&self, look: impl FnOnce() -> T) -> T {
        let _still = self.showing.read().unwrap_or_else(PoisonError::into_inner);
        look()
    }

    /// Writes an intent, durable when this returns, and tells where. After an error there is none: what may have got its name
    /// before the disk failed is removed, however often that takes.
    pub async fn declare(&self, intent: &Intent) -> Result<Path> {
        let bytes = serde_json::to_vec(intent).map_err(|error| Error::internal(error.to_string()))?;
        let path = Path::from(format!("{INTENTS}/{}.json", Uuid::new_v4()));
        let Err(error) = self.store.put_opts(&path, bytes.into(), PutMode::Create.into()).await else {
            return Ok(path);
        };
        loop {
            match self.store.delete(&path).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => return Err(error.into()),
                Err(error) => tracing::warn!(%error, "an intent that failed waits to be removed"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Writes what an intent says, unless it is there already; the version of each table that says it now. 55000 if another
    /// program has changed a table so that it can't follow.
    pub async fn carry_out(&self, intent: &Intent) -> Result<Vec<u64>> {
        let mut versions = vec![];
        for Entry { folder, version, body } in &intent.tables {
            let log = Log::new(Arc::clone(&self.store), &Path::from(folder.as_str()))?;
            versions.push(log.ensure(*version, Bytes::copy_from_slice(body.as_bytes())).await?);
        }
        if let Some(CatalogEntry { version, record }) = &intent.catalog {
            self.records.ensure(*version, record.clone().into_bytes()).await?;
        }
        Ok(versions)
    }

    /// Removes the intent of a finished commit.
    pub async fn withdraw(&self, declared: &Path) -> Result<()> {
        Ok(self.store.delete(declared).await?)
    }

    /// Finishes the commits that a crash has left, before anything is read.
    pub async fn recover(&self) -> Result<()> {
        let left: Vec<_> = self.store.list(Some(&Path::from(INTENTS))).try_collect().await?;
        for declared in left.into_iter().map(|object| object.location) {
            let bytes = self.store.get(&declared).await?.bytes().await?;
            let blocked = |error: Error| match error.state() {
                SqlState::ObjectNotInPrerequisiteState => {
                    error.with_hint(format!("remove the file {declared} to give up the rest of that commit"))
                }
                _ => error,
            };
            self.carry_out(&Intent::read(&bytes)?).await.map_err(blocked)?;
            self.withdraw(&declared).await?;
            tracing::info!("a commit that was under way at the last end was finished");
        }
        Ok(())
    }
}
