//! One table: the newest version in memory, and changes staged for the next.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use chrono::Utc;
use datafusion::catalog::TableProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::object_store::ObjectStoreUrl;
use futures::StreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::background::Background;
use super::column_cache::ColumnCache;
use super::commit::Committing;
use super::journal::Journal;
use super::lock::Lock;
use super::locks::Waits;
use super::log::{Log, altered};
use super::rewrite::{RowAddresses, survivors};
use super::scan::TableScan;
use super::snapshot::{Change, DataFile, Joined, Operation, Snapshot, conflict};
use super::staged::Staged;
use super::writer::{Drafts, Target, Writer};
use crate::error::{Error, Result, SqlState};

/// A Delta table in a [`Home`](super::Home).
#[derive(Debug)]
pub struct Table {
    /// Its own in this process.
    pub(super) number: u64,
    pub(super) log: Log,
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) url: ObjectStoreUrl,
    pub(super) folder: Path,
    pub(super) cache: Arc<ColumnCache>,
    newest: RwLock<Arc<Snapshot>>,
    /// Versions before it that someone may still read. Locked after `newest`.
    older: std::sync::Mutex<Vec<Weak<Snapshot>>>,
    /// Files that versions have let go of since the table was opened, with the time in milliseconds: a checkpoint forgets
    /// them when their time is over, though somebody may still be reading them then.
    pub(super) let_go: std::sync::Mutex<HashMap<String, i64>>,
    /// Versions that blocks read, which may want to change their rows.
    blocks: std::sync::Mutex<Vec<Weak<Snapshot>>>,
    /// Later versions that only joined files, as long as somebody may read one before them.
    joins: std::sync::Mutex<Vec<Joined>>,
    pub(super) committing: Committing,
    writing: Arc<Mutex<()>>,
    /// What commits to all tables of the home share.
    pub(super) journal: Arc<Journal>,
    pub(super) waits: Arc<Waits>,
    /// Whether the catalog has let go of it: what is written to it would be lost.
    pub(super) closed: AtomicBool,
    /// The home's, as long as it lives.
    pub(super) background: Weak<Background>,
    /// Whether a task is joining its files, or waits for its turn to.
    pub(super) tending: AtomicBool,
    /// Whether a task is writing a checkpoint.
    pub(super) checkpointing: AtomicBool,
    /// Whoever can still write holds the folder.
    _lock: Option<Arc<Lock>>,
}

/// Where a table is, and what works for it.
pub(super) struct Place {
    pub log: Log,
    pub store: Arc<dyn ObjectStore>,
    pub url: ObjectStoreUrl,
    pub folder: Path,
    pub cache: Arc<ColumnCache>,
    pub background: Weak<Background>,
    pub journal: Arc<Journal>,
    pub waits: Arc<Waits>,
}

impl Table {
    pub(super) fn new(place: Place, snapshot: Snapshot, lock: Option<Arc<Lock>>) -> Arc<Self> {
        static TABLES: AtomicU64 = AtomicU64::new(0);
        let Place { log, store, url, folder, cache, background, journal, waits } = place;
        Arc::new(Self {
            number: TABLES.fetch_add(1, Ordering::Relaxed),
            log,
            store,
            url,
            folder,
            cache,
            newest: RwLock::new(Arc::new(snapshot)),
            older: std::sync::Mutex::default(),
            let_go: std::sync::Mutex::default(),
            blocks: std::sync::Mutex::default(),
            joins: std::sync::Mutex::default(),
            committing: Arc::default(),
            writing: Arc::default(),
            journal,
            waits,
            closed: AtomicBool::new(false),
            background,
            tending: AtomicBool::new(false),
            checkpointing: AtomicBool::new(false),
            _lock: lock,
        })
    }

    /// The columns as SQL sees them.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(self.snapshot().schema())
    }

    /// The newest committed version.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn advance(&self, snapshot: Snapshot) {
        let (after, now) = (snapshot.paths(), Utc::now().timestamp_millis());
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let gone = newest.paths().into_iter().filter(|path| !after.contains(path));
        let gone: Vec<(String, i64)> = gone.map(|path| (path.to_owned(), now)).collect();
        self.let_go.lock().unwrap_or_else(PoisonError::into_inner).extend(gone);
        drop(after);
        let before = std::mem::replace(&mut *newest, Arc::new(snapshot));
        let mut older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        older.retain(|version| version.strong_count() > 0);
        older.push(Arc::downgrade(&before));
        drop(before);
        let is_read = older.iter().any(|version| version.strong_count() > 0);
        drop(older);
        if !is_read {
            self.joins.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Keeps the files of a version that is none of the log's, as long as it lives.
    pub(super) fn note(&self, version: &Arc<Snapshot>) {
        self.older.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(version));
    }

    /// Remembers that a version has only joined files.
    pub(super) fn joined(&self, version: u64, change: &Change) {
        let removes = change.removes.iter().map(|file| file.path.clone()).collect();
        let joined = Joined { version, removes, adds: change.adds.clone() };
        self.joins.lock().unwrap_or_else(PoisonError::into_inner).push(joined);
    }

    /// The rows of a version in the files that hold them now, where files were only joined since. A file that was joined with
    /// rows of others stays as it was.
    pub(super) fn followed(&self, at: &Arc<Snapshot>) -> Arc<Snapshot> {
        let mut followed = Arc::clone(at);
        for joined in self.joins.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            match followed.with_joined(joined) {
                Some(next) if joined.version > at.version() => followed = Arc::new(next),
                _ => {}
            }
        }
        if !Arc::ptr_eq(&followed, at) {
            self.note(&followed);
        }
        followed
    }

    /// 40001 unless the newest version still holds some files.
    pub(super) fn still_holds<'a>(&self, mut files: impl Iterator<Item = &'a Arc<DataFile>>) -> Result<()> {
        let newest = self.snapshot();
        match files.all(|file| newest.holds(&file.path)) {
            true => Ok(()),
            false => Err(conflict("rows that this statement changes were changed")),
        }
    }

    /// The names of the files that the newest version holds, and those before it that are being read.
    pub(super) fn needed(&self) -> HashSet<String> {
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        let older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        let read = older.iter().filter_map(Weak::upgrade).chain([Arc::clone(&newest)]);
        read.flat_map(|version| version.paths().into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Says that a block reads a version, and may want to change its rows before the version dies.
    pub fn enter(&self, at: &Arc<Snapshot>) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.retain(|version| version.strong_count() > 0);
        blocks.push(Arc::downgrade(at));
    }

    /// The versions that blocks read.
    pub(super) fn entered(&self) -> Vec<Arc<Snapshot>> {
        let blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.iter().filter_map(Weak::upgrade).collect()
    }

    /// Reads the rows of a version. It takes no INSERT: rows come in by [`Table::stage_append`].
    pub fn provider(self: &Arc<Self>, at: Arc<Snapshot>) -> Arc<dyn TableProvider> {
        Arc::new(TableScan::rows(Arc::clone(self), at))
    }

    /// Reads the rows of a version, each with its address in the hidden columns [`FILE`](super::FILE) and
    /// [`ROW`](super::ROW), which come last.
    pub fn addressed(self: &Arc<Self>, at: Arc<Snapshot>) -> Arc<dyn TableProvider> {
        Arc::new(TableScan::addressed_rows(Arc::clone(self), at))
    }

    /// Waits for the right to change rows, for somebody who asks for no other.
    pub(super) async fn write_lock(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.writing).lock_owned().await
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Writes rows that a commit adds to a version or a later one. Their columns are that version's, in order; 42804 for another
    /// type, 23502 for a NULL where none may be.
    pub async fn stage_append(self: &Arc<Self>, at: &Arc<Snapshot>, rows: SendableRecordBatchStream) -> Result<Staged> {
        let mut writer = Writer::new(self.target(at))?;
        let inserted = self.copy(rows, at, &mut writer).await?;
        Ok(self.staged(at, Operation::Append, vec![], writer.finish().await?).counted(inserted, 0))
    }

    /// Writes what the next commit puts in place of the removed rows' files: the rows of those that stay, and the added
    /// ones. `removed` are addresses in the version `at`.
    pub async fn stage_rewrite(
        self: &Arc<Self>,
        at: Arc<Snapshot>,
        removed: RowAddresses,
        added: Option<SendableRecordBatchStream>,
    ) -> Result<Staged> {
        let mut writer = Writer::new(self.target(&at))?;
        let mut removes = vec![];
        for (index, rows) in removed.by_file() {
            let file = at.files().get(index).ok_or_else(|| Error::internal("a row's address names no file"))?;
            if file.rows() != Some(rows.len()) {
                let mut kept = survivors(self, &at, index, rows)?;
                while let Some(batch) = kept.next().await {
                    writer.write(batch?).await?;
                }
            }
            removes.push(Arc::clone(file));
        }
        let inserted = match added {
            Some(rows) => self.copy(rows, &at, &mut writer).await?,
            None => 0,
        };
        let staged = self.staged(&at, Operation::Rewrite, removes, writer.finish().await?);
        Ok(staged.counted(inserted, removed.len()))
    }

    /// Removes all rows of a version.
    pub fn stage_truncate(self: &Arc<Self>, at: &Arc<Snapshot>) -> Staged {
        let staged = self.staged(at, Operation::Truncate, at.files().to_vec(), Drafts::none(self.target(at)));
        staged.counted(0, at.rows().unwrap_or_default())
    }

    /// Adds a column at the end, NULL in the rows that are there; 23502 if there are any and it may not be NULL.
    pub fn stage_add_column(self: &Arc<Self>, at: &Arc<Snapshot>, column: Field) -> Result<Staged> {
        if !column.is_nullable() && at.rows() != Some(0) {
            return Err(self.contains_null(column.name()));
        }
        let columns = at.schema().fields().iter().cloned().chain([Arc::new(column)]).collect::<Vec<_>>();
        let schema = Arc::new(Schema::new(columns));
        let metadata = altered(at.metadata(), &schema)?;
        let staged = self.staged(at, Operation::AddColumn, vec![], Drafts::none(self.target(at)));
        Ok(staged.altering(metadata, schema))
    }

    pub(super) fn staged(
        self: &Arc<Self>,
        at: &Snapshot,
        operation: Operation,
        removes: Vec<Arc<DataFile>>,
        drafts: Drafts,
    ) -> Staged {
        let change = Change {
            base: Arc::clone(at.metadata()),
            removes,
            adds: drafts.files().to_vec(),
            altered: None,
            schema: Arc::clone(at.schema()),
            operation,
        };
        Staged::new(Arc::clone(self), change, drafts)
    }

    pub(super) fn target(&self, at: &Snapshot) -> Target {
        let (store, folder, schema) = (Arc::clone(&self.store), self.folder.clone(), Arc::clone(at.schema()));
        Target { store, folder, schema, sorting: at.sorting().cloned() }
    }

    async fn copy(&self, mut rows: SendableRecordBatchStream, at: &Snapshot, writer: &mut Writer) -> Result<u64> {
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            let batch = self.checked(&batch?, at.schema())?;
            count += batch.num_rows() as u64;
            writer.write(batch).await?;
        }
        Ok(count)
    }

    /// A batch under the table's own schema. The engine neither casts nor checks what INSERT gives to a table.
    fn checked(&self, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        if batch.num_columns() != schema.fields().len() {
            return Err(Error::new(
                SqlState::DatatypeMismatch,
                format!(
                    "relation \"{}\" has {} columns, got {}",
                    self.name(),
                    schema.fields().len(),
                    batch.num_columns()
                ),
            ));
        }
        for (field, column) in schema.fields().iter().zip(batch.columns()) {
            if field.data_type() != column.data_type() {
                return Err(Error::new(
                    SqlState::DatatypeMismatch,
                    format!("column \"{}\" is of type {}, got {}", field.name(), field.data_type(), column.data_type()),
                ));
            }
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(self.null_in(field.name()));
            }
        }
        Ok(RecordBatch::try_new(Arc::clone(schema), batch.columns().to_vec())?)
    }

    fn null_in(&self, column: &str) -> Error {
        Error::new(
            SqlState::NotNullViolation,
            format!("null value in column \"{column}\" of relation \"{}\" violates not-null constraint", self.name()),
        )
    }

    fn contains_null(&self, column: &str) -> Error {
        Error::new(
            SqlState::NotNullViolation,
            format!("column \"{column}\" of relation \"{}\" contains null values", self.name()),
        )
    }

    /// Its name without the schema, for messages.
    fn name(&self) -> String {
        self.folder.parts().next_back().map(|part| part.as_ref().to_owned()).unwrap_or_default()
    }
}
