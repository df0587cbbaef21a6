//! A database's home: a folder with a lock, a format version, catalog records and tables.
//!
//! ```text
//! journeydb.json             {"format": 1}
//! lock                       held by the process that has the database open
//! catalog/<20 digits>.json   catalog records; the newest counts
//! intents/<uuid>.json        commits of several things that stand and are not finished
//! tables/<location>/         one Delta table each
//! tmp/                       files that have no name yet
//! ```

use std::fs;
use std::path::Path as FsPath;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::datatypes::SchemaRef;
use datafusion::execution::object_store::ObjectStoreUrl;
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use super::background::Background;
use super::cleanup::Unnamed;
use super::column_cache::{COLUMN_CACHE, ColumnCache};
use super::commit::Commit;
use super::disk::{Disk, LocalDisk};
use super::files::{Files, TEMPORARY};
use super::journal::{CommitFacts, Journal};
use super::lock::{LOCK, Lock, unusable};
use super::locks::Waits;
use super::log::Log;
use super::memory::Memory;
use super::sequences::Sequences;
use super::sorting::Sorting;
use super::staged::Staged;
use super::store::SyncedStore;
use super::sweep::sweep_folders;
use super::table::{Place, Table};
use crate::error::{Error, Result, SqlState};

/// The version of the folder's layout. A change that an older release would misread raises it.
const FORMAT: u32 = 1;
/// The file that says so, and that makes a folder a database.
const MARK: &str = "journeydb.json";
/// The folder of tables.
const TABLES: &str = "tables";
/// The folder of catalog records, which hold what passwords are checked with.
pub(super) const CATALOG: &str = "catalog";

/// A database's home.
#[derive(Debug)]
pub struct Home {
    store: Arc<dyn ObjectStore>,
    /// Under which the engine knows the store; each home of a process has its own.
    url: ObjectStoreUrl,
    /// None in memory.
    files: Option<Arc<Files>>,
    /// Decoded columns of all tables.
    cache: Arc<ColumnCache>,
    memory: Arc<Memory>,
    lock: Option<Arc<Lock>>,
    background: Arc<Background>,
    journal: Arc<Journal>,
    waits: Arc<Waits>,
    sequences: Sequences,
}

#[derive(Serialize, Deserialize)]
struct Mark {
    format: u32,
}

impl Home {
    /// Opens the database in a folder, making it where the folder is empty or missing. Errors, each of one line: 55P03
    /// if another process has it open; 55000 if it isn't a database, or one of a newer release; 58030 if it can't be
    /// read or written.
    pub async fn open(path: &FsPath) -> Result<Arc<Self>> {
        Self::open_on(path, Arc::new(LocalDisk)).await
    }

    /// The same over another disk.
    pub async fn open_on(path: &FsPath, disk: Arc<dyn Disk>) -> Result<Arc<Self>> {
        let known = is_database(path)?;
        let files = Arc::new(Files::open(path, disk).map_err(|error| unusable(path, &error))?);
        let lock = Lock::take(files.root()).await?;
        files.sweep()?;
        let store: Arc<dyn ObjectStore> = Arc::new(SyncedStore::new(Arc::clone(&files))?);
        if known {
            check_format(path, store.as_ref()).await?;
        } else {
            let mark = serde_json::to_vec(&Mark { format: FORMAT }).map_err(|e| Error::internal(e.to_string()))?;
            store.put(&Path::from(MARK), mark.into()).await?;
        }
        files.keep_private(CATALOG)?;
        let home = Self::new(store, Some(files), Some(Arc::new(lock)))?;
        home.journal.recover().await?;
        Ok(Arc::new(home))
    }

    /// A database that lives as long as its handles.
    pub fn in_memory() -> Result<Arc<Self>> {
        Ok(Arc::new(Self::new(Arc::new(InMemory::new()), None, None)?))
    }

    fn new(store: Arc<dyn ObjectStore>, files: Option<Arc<Files>>, lock: Option<Arc<Lock>>) -> Result<Self> {
        let cache = Arc::new(ColumnCache::new(COLUMN_CACHE));
        let memory = Arc::new(Memory::new(Arc::clone(&cache)));
        let journal = Arc::new(Journal::new(Arc::clone(&store))?);
        let (background, waits) = (Arc::default(), Arc::default());
        let sequences = Sequences::new(Arc::clone(&store));
        Ok(Self { store, sequences, url: next_url()?, files, cache, memory, lock, background, journal, waits })
    }

    /// The counters of sequences.
    pub fn sequences(&self) -> &Sequences {
        &self.sequences
    }

    /// The columns kept in memory.
    pub fn column_cache(&self) -> &ColumnCache {
        &self.cache
    }

    /// What commits have done.
    pub fn commits(&self) -> CommitFacts {
        self.journal.facts()
    }

    /// What queries and those columns may take.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Tells processes that find the folder taken where it is served.
    pub fn announce(&self, url: &str) -> Result<()> {
        self.lock.as_ref().map_or(Ok(()), |lock| lock.announce(url))
    }

    /// The newest catalog record and its version.
    pub async fn read_catalog(&self) -> Result<Option<(u64, Vec<u8>)>> {
        self.journal.records().newest().await
    }

    /// Writes a catalog record, durable when this returns; 40001 if that version is there.
    pub async fn write_catalog(&self, version: u64, record: Vec<u8>) -> Result<()> {
        self.journal.records().write(version, record).await
    }

    /// Makes a table without rows. What an unfinished creation left in its place is removed; the caller knows that no
    /// table of its catalog is there. `location` is names separated by `/`, as in `journey/interactions`.
    pub async fn create_table(&self, location: &str, schema: SchemaRef) -> Result<Arc<Table>> {
        self.create_sorted_table(location, schema, None).await
    }

    /// The same for a table that keeps its rows in an order.
    pub async fn create_sorted_table(
        &self,
        location: &str,
        schema: SchemaRef,
        sorting: Option<&Sorting>,
    ) -> Result<Arc<Table>> {
        self.drop_table(location).await?;
        let folder = folder(location);
        let log = Log::new(Arc::clone(&self.store), &folder)?;
        let snapshot = log.create(&schema, sorting).await?;
        Ok(self.table(log, folder, snapshot))
    }

    /// Opens a table; 42P01 if there is none.
    pub async fn open_table(&self, location: &str) -> Result<Arc<Table>> {
        let folder = folder(location);
        let log = Log::new(Arc::clone(&self.store), &folder)?;
        let snapshot = log.replay().await?;
        Ok(self.table(log, folder, snapshot))
    }

    /// Removes a table's files. Queries that still read it fail.
    pub async fn drop_table(&self, location: &str) -> Result<()> {
        let folder = folder(location);
        if let Some(files) = &self.files {
            let (files, path) = (Arc::clone(files), folder.to_string());
            let removed = tokio::task::spawn_blocking(move || files.remove_folder(path.as_ref())).await;
            return Ok(removed.map_err(|error| Error::internal(error.to_string()))??);
        }
        let objects = self.store.list(Some(&folder)).map_ok(|object| object.location).boxed();
        self.store.delete_stream(objects).try_collect::<Vec<_>>().await?;
        Ok(())
    }

    /// A commit of nothing yet.
    pub fn begin_commit(&self) -> Commit {
        Commit::new(Arc::clone(&self.journal))
    }

    /// Commits staged changes, one a table: all of them or none, durable when this returns. 40001 if another statement was
    /// faster; then nothing has happened and the statement may be run again. It runs in a task of its own: a caller that
    /// goes away in the middle neither stops it nor tears it.
    pub async fn commit(&self, staged: Vec<Staged>) -> Result<()> {
        let mut commit = self.begin_commit();
        staged.into_iter().for_each(|change| commit.change(change));
        self.run_commit(async move { commit.lock().await.finish(None, || ()).await }).await
    }

    /// Runs what a commit does in a task of its own: a caller that goes away in the middle neither stops it nor tears it.
    pub async fn run_commit(&self, commit: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
        self.journal.run(commit).await
    }

    /// Looks at several tables, and whatever else changes with them, at one instant: no commit shows itself meanwhile.
    pub fn look<T>(&self, look: impl FnOnce() -> T) -> T {
        self.journal.look(look)
    }

    /// Removes what no table needs: folders of tables that are not among `live`, files of unfinished commits, and files
    /// that a table let go of a week ago. To be called once, after opening, with all tables of the catalog.
    pub async fn sweep(&self, live: &[Arc<Table>]) -> Result<()> {
        let Some(files) = &self.files else {
            return Ok(());
        };
        sweep_folders(files, TABLES, live)?;
        for table in live {
            table.remove_dead_files(Unnamed::All).await?;
        }
        Ok(())
    }

    /// From now on, commits to tables in the folder are followed by what keeps them quick to read, in the background: small
    /// files are joined, old log entries and dead files removed. To be called after [`Home::sweep`]; a home in memory does
    /// without.
    pub fn tend(&self) {
        if self.files.is_some() {
            self.background.start();
        }
    }

    /// Does that for a table now, as thoroughly as can be, and waits for the end. 40001 if other statements kept being faster.
    pub async fn vacuum(&self, table: &Arc<Table>) -> Result<()> {
        table.vacuum(&self.background.turn()).await
    }

    fn table(&self, log: Log, folder: Path, snapshot: super::Snapshot) -> Arc<Table> {
        let (store, url, cache) = (Arc::clone(&self.store), self.url.clone(), Arc::clone(&self.cache));
        let (background, journal) = (Arc::downgrade(&self.background), Arc::clone(&self.journal));
        let place = Place { log, store, url, folder, cache, background, journal, waits: Arc::clone(&self.waits) };
        Table::new(place, snapshot, self.lock.clone())
    }
}

/// Whether a folder holds a database; an error if it holds something else. A folder where one was begun is as good as
/// empty.
fn is_database(path: &FsPath) -> Result<bool> {
    if path.join(MARK).exists() {
        return Ok(true);
    }
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unusable(path, &error)),
    };
    for entry in entries {
        let name = entry.map_err(|error| unusable(path, &error))?.file_name();
        if ![LOCK, TEMPORARY].iter().any(|own| name == *own) {
            let message = format!("{} is not a journeydb database, and it is not empty", path.display());
            return Err(
                Error::new(SqlState::ObjectNotInPrerequisiteState, message).with_hint("name an empty or a new folder")
            );
        }
    }
    Ok(false)
}

async fn check_format(path: &FsPath, store: &dyn ObjectStore) -> Result<()> {
    let mark = store.get(&Path::from(MARK)).await?.bytes().await?;
    let wrong = |what: String, hint: &str| {
        Err(Error::new(SqlState::ObjectNotInPrerequisiteState, format!("{} {what}", path.display())).with_hint(hint))
    };
    match serde_json::from_slice::<Mark>(&mark) {
        Ok(mark) if mark.format <= FORMAT => Ok(()),
        Ok(mark) => wrong(
            format!("has format {}, and this release reads up to {FORMAT}", mark.format),
            "open it with a newer release",
        ),
        Err(_) => wrong(format!("has a damaged {MARK}"), "restore the file: it holds {\"format\":1}"),
    }
}

/// The folder of a table. Lower-case letters, digits, `_` and `-` stand for themselves; every other byte is written
/// `=` and two hexadecimal digits, so that names that differ in case alone differ on every file system, and no name
/// needs encoding in a URL.
fn folder(location: &str) -> Path {
    let encode = |name: &str| {
        name.bytes().fold(String::new(), |encoded, byte| match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => encoded + &char::from(byte).to_string(),
            _ => encoded + &format!("={byte:02x}"),
        })
    };
    let names = location.split('/').map(encode);
    std::iter::once(TABLES.to_owned()).chain(names).collect()
}

fn next_url() -> Result<ObjectStoreUrl> {
    static HOMES: AtomicU64 = AtomicU64::new(0);
    Ok(ObjectStoreUrl::parse(format!("jdb://home-{}", HOMES.fetch_add(1, Ordering::Relaxed)))?)
}
