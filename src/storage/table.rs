//! One table: the newest version in memory, and changes staged for the next.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
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
use super::commit::Staged;
use super::lock::Lock;
use super::log::{Log, altered};
use super::owners::Register;
use super::rewrite::{RowAddresses, survivors};
use super::scan::TableScan;
use super::snapshot::{Change, DataFile, Operation, Snapshot};
use super::writer::{Drafts, Target, Writer};
use crate::error::{Error, Result, SqlState};

/// A Delta table in a [`Home`](super::Home).
#[derive(Debug)]
pub struct Table {
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
    /// Held by one commit at a time, from check to put.
    pub(super) committing: Arc<Mutex<Register>>,
    writing: Arc<Mutex<()>>,
    /// Whether the catalog has let go of it: what is written to it would be lost.
    closed: AtomicBool,
    /// The home's, as long as it lives.
    pub(super) background: Weak<Background>,
    /// Whether a task is joining its files, or waits for its turn to.
    pub(super) tending: AtomicBool,
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
}

impl Table {
    pub(super) fn new(place: Place, snapshot: Snapshot, lock: Option<Arc<Lock>>) -> Arc<Self> {
        let Place { log, store, url, folder, cache, background } = place;
        Arc::new(Self {
            log,
            store,
            url,
            folder,
            cache,
            newest: RwLock::new(Arc::new(snapshot)),
            older: std::sync::Mutex::default(),
            let_go: std::sync::Mutex::default(),
            committing: Arc::default(),
            writing: Arc::default(),
            closed: AtomicBool::new(false),
            background,
            tending: AtomicBool::new(false),
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
    }

    /// The names of the files that the newest version holds, and those before it that are being read.
    pub(super) fn needed(&self) -> HashSet<String> {
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        let older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        let read = older.iter().filter_map(Weak::upgrade).chain([Arc::clone(&newest)]);
        read.flat_map(|version| version.paths().into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
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

    /// Waits for the right to change rows. UPDATE and DELETE hold it from their read to their commit, so that within the
    /// process none is refused because of another.
    pub async fn write_lock(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.writing).lock_owned().await
    }

    /// Waits for the writes under way and keeps others waiting: for a statement that drops the table or puts another in
    /// its place.
    pub async fn close(self: &Arc<Self>) -> Closing {
        let writing = self.write_lock().await;
        let committing = Arc::clone(&self.committing).lock_owned().await;
        Closing { table: Arc::clone(self), _writing: writing, _committing: committing }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Writes rows that the next commit adds. Their columns are the table's, in order; 42804 for another type, 23502 for
    /// a NULL where none may be.
    pub async fn stage_append(self: &Arc<Self>, rows: SendableRecordBatchStream) -> Result<Staged> {
        let at = self.snapshot();
        let mut writer = Writer::new(self.target(&at))?;
        let inserted = self.copy(rows, &at, &mut writer).await?;
        Ok(self.staged(&at, Operation::Append, vec![], writer.finish().await?).counted(inserted, 0))
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

    /// Removes all rows.
    pub fn stage_truncate(self: &Arc<Self>) -> Staged {
        let at = self.snapshot();
        let staged = self.staged(&at, Operation::Truncate, at.files().to_vec(), Drafts::none(self.target(&at)));
        staged.counted(0, at.rows().unwrap_or_default())
    }

    /// Adds a column at the end, NULL in the rows that are there; 23502 if there are any and it may not be NULL.
    pub fn stage_add_column(self: &Arc<Self>, column: Field) -> Result<Staged> {
        let at = self.snapshot();
        if !column.is_nullable() && at.rows() != Some(0) {
            return Err(self.contains_null(column.name()));
        }
        let columns = at.schema().fields().iter().cloned().chain([Arc::new(column)]).collect::<Vec<_>>();
        let schema = Arc::new(Schema::new(columns));
        let metadata = altered(at.metadata(), &schema)?;
        let staged = self.staged(&at, Operation::AddColumn, vec![], Drafts::none(self.target(&at)));
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

/// A table that is about to go. Nothing commits to it while this is held; dropping it gives the table back.
#[derive(Debug)]
pub struct Closing {
    table: Arc<Table>,
    _writing: OwnedMutexGuard<()>,
    _committing: OwnedMutexGuard<Register>,
}

impl Closing {
    /// Whether this holds a table.
    pub fn holds(&self, table: &Arc<Table>) -> bool {
        Arc::ptr_eq(&self.table, table)
    }

    /// The table is gone: writes that waited, and all later ones, fail with 40001.
    pub fn finish(self) {
        self.table.closed.store(true, Ordering::Release);
    }
}
