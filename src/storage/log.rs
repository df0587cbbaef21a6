//! The Delta log: create, replay, put a commit, checkpoint. The only module that knows deltalake-core's log.
//!
//! The library's own commit builder is not used: when a rewrite wins against another rewrite of the same files it lets
//! both through, and the rows are there twice (delta-io/delta-rs#3982). What decides is `Snapshot::apply`; here a
//! commit is one file that is there whole or not at all. The library validates nothing it is given: a commit with
//! broken statistics makes a table that can't be opened any more, so a commit is read back before it is put.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::Schema;
use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::kernel::{
    Action, Add, CommitInfo, EagerSnapshot, LogicalFileView, MetadataExt, Protocol, Remove, new_metadata,
};
use deltalake_core::logstore::{
    CommitOrBytes, LogStore, StorageConfig, commit_uri_from_version, default_logstore, get_actions,
};
use deltalake_core::table::config::TablePropertiesExt;
use deltalake_core::{DeltaTable, DeltaTableError, checkpoints};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use url::Url;
use uuid::Uuid;

use super::owners::DETERMINED_BY;
use super::schema::{from_delta, to_delta};
use super::snapshot::{Change, DataFile, Operation, Snapshot};
use super::sorting::{SORTED_BY, Sorting};
use super::statistics;
use crate::error::{Error, Result, SqlState};

pub(super) use deltalake_core::kernel::Metadata;

/// The tag on a file whose recorded bounds are those of its rows to the last digit. Other programs round theirs.
const EXACT: &str = "jdb.statistics";

/// The tag on a file with the text columns that lie in it as dictionaries throughout.
const CODED: &str = "journeydb.coded";

/// The log of one table.
#[derive(Debug, Clone)]
pub(super) struct Log {
    store: Arc<dyn LogStore>,
    name: String,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Done,
    /// The version is another commit's.
    Taken,
}

impl Log {
    /// The log of the table in a folder of a store.
    pub fn new(root: Arc<dyn ObjectStore>, folder: &Path) -> Result<Self> {
        // The scheme only has to be one that the library doesn't take for the machine's own file system.
        let url = Url::parse(&format!("memory:///{folder}/")).map_err(|error| Error::internal(error.to_string()))?;
        let table: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(Arc::clone(&root), folder.clone()));
        let store = default_logstore(table, root, &url, &StorageConfig::default());
        Ok(Self { store, name: folder.to_string() })
    }

    /// Writes version 0: a table without rows.
    pub async fn create(&self, schema: &Schema, sorting: Option<&Sorting>) -> Result<Snapshot> {
        // The library deletes old log files after a commit unless told otherwise, and trusts a checkpoint it has not
        // read back.
        let mut settings = vec![("delta.enableExpiredLogCleanup", "false".to_owned())];
        settings.extend(sorting.map(|sorting| (SORTED_BY, sorting.record().to_owned())));
        let metadata = new_metadata(&to_delta(schema)?, Vec::<String>::new(), settings).map_err(broken)?;
        let protocol: Protocol = serde_json::from_str(r#"{"minReaderVersion":1,"minWriterVersion":2}"#)
            .map_err(|error| Error::internal(error.to_string()))?;
        let actions = [commit_info("CREATE TABLE"), Action::Protocol(protocol), Action::Metadata(metadata.clone())];
        match self.put(0, encoded(0, &actions)?).await? {
            Put::Done => Ok(Snapshot::new(0, Arc::new(metadata), Arc::new(schema.clone()), vec![])),
            Put::Taken => Err(Error::new(SqlState::DuplicateTable, format!("table {} exists already", self.name))),
        }
    }

    /// The newest version.
    pub async fn replay(&self) -> Result<Snapshot> {
        let state = self.state().await?;
        let protocol = serde_json::to_value(state.protocol()).map_err(|error| Error::internal(error.to_string()))?;
        let above = |key: &str, known: i64| protocol[key].as_i64().is_none_or(|version| version > known);
        if above("minReaderVersion", 1) || above("minWriterVersion", 2) {
            return Err(Error::unsupported(format!("the protocol that another program gave the table {}", self.name)));
        }
        let schema = from_delta(&state.schema())?;
        let files = state.log_data().iter().map(|view| Arc::new(data_file(&view, &schema))).collect();
        Ok(Snapshot::new(state.version(), Arc::new(state.metadata().clone()), schema, files))
    }

    /// What the log says of a change as a version.
    pub fn body(&self, version: u64, change: &Change) -> Result<Bytes> {
        let now = Utc::now().timestamp_millis();
        let mut actions = vec![commit_info(change.operation.name())];
        actions.extend(change.altered.iter().map(|metadata| Action::Metadata(Metadata::clone(metadata))));
        let data_change = change.operation != Operation::Compact;
        let goes = |file: &&Arc<DataFile>| !change.adds.iter().any(|added| added.path == file.path);
        let removes = change.removes.iter().filter(goes).map(|file| Remove { data_change, ..remove(file, now) });
        actions.extend(removes.map(Action::Remove));
        let adds = change.adds.iter().map(|file| Add { data_change, ..add(file, &change.schema) });
        actions.extend(adds.map(Action::Add));
        encoded(version, &actions)
    }

    /// Puts what the log says as a version, if that version is free.
    pub async fn put(&self, version: u64, body: Bytes) -> Result<Put> {
        match self.store.write_commit_entry(version, CommitOrBytes::LogBytes(body), Uuid::nil()).await {
            Ok(()) => Ok(Put::Done),
            Err(TransactionError::VersionAlreadyExists(_)) => Ok(Put::Taken),
            Err(TransactionError::ObjectStore { source }) => Err(source.into()),
            Err(other) => Err(broken(other)),
        }
    }

    /// Puts what a commit that stands says, unless the log says it already, as that version or, where other programs were
    /// faster, as the next free one; tells which. 55000 if they have changed files that the commit removes.
    pub async fn ensure(&self, version: u64, body: Bytes) -> Result<u64> {
        let mut at = version;
        while self.put(at, body.clone()).await? == Put::Taken {
            if self.store.read_commit_entry(at).await.map_err(broken)?.is_some_and(|found| found == body) {
                return Ok(at);
            }
            self.check_removes(&get_actions(version, &body).map_err(broken)?).await?;
            at += 1;
        }
        Ok(at)
    }

    /// 55000 if files that a commit removes are not there.
    async fn check_removes(&self, actions: &[Action]) -> Result<()> {
        let newest = self.replay().await?;
        let mut removes = actions.iter().filter_map(|action| match action {
            Action::Remove(remove) => Some(remove.path.as_str()),
            _ => None,
        });
        match removes.find(|path| !newest.holds(path)) {
            None => Ok(()),
            Some(_) => {
                let message = format!("another program changed the table {} in the middle of a commit", self.name);
                Err(Error::new(SqlState::ObjectNotInPrerequisiteState, message))
            }
        }
    }

    /// Whether a version is still in the log. A handle whose version has been cleaned away would commit into the past:
    /// the next version looks free, and nobody ever reads it.
    pub async fn holds(&self, version: u64) -> Result<bool> {
        match self.store.object_store(None).head(&commit_uri_from_version(Some(version))).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a version as one Parquet file, so that opening the table needn't read every commit. A listing of the log in which
    /// commits come meanwhile may have a later one without the one before it, so what is newest is not asked.
    pub async fn checkpoint(&self, version: u64) -> Result<()> {
        let mut table = DeltaTable::new(Arc::clone(&self.store));
        table.load_version(version).await.map_err(broken)?;
        checkpoints::create_checkpoint(&table, None).await.map_err(broken)
    }

    /// Removes the entries that are older than the table keeps them and that a checkpoint makes needless. The version that the
    /// caller knows is read back first, through the checkpoint; if other files come out, nothing is removed.
    pub async fn expire(&self, known: &Snapshot) -> Result<()> {
        let mut table = DeltaTable::new(Arc::clone(&self.store));
        table.load_version(known.version()).await.map_err(broken)?;
        let read = table.snapshot().map_err(broken)?.log_data();
        let read: HashSet<String> = read.iter().map(|view| view.path().into_owned()).collect();
        if read.len() != known.files().len() || !known.files().iter().all(|file| read.contains(&file.path)) {
            return Err(Error::internal("the log doesn't read back as it was written"));
        }
        checkpoints::cleanup_metadata(&table, None).await.map_err(broken)?;
        Ok(())
    }

    /// The removed files that the log still speaks of as of a version, with the time of their removal in milliseconds, and how
    /// long such files stay.
    pub async fn tombstones(&self, version: u64) -> Result<(HashMap<String, i64>, TimeDelta)> {
        let mut table = DeltaTable::new(Arc::clone(&self.store));
        table.load_version(version).await.map_err(broken)?;
        let state = table.snapshot().map_err(broken)?;
        let removed = state.all_tombstones(self.store.as_ref());
        let named = removed.map_ok(|view| (view.path().into_owned(), view.deletion_timestamp().unwrap_or(i64::MAX)));
        let retention = state.table_config().deleted_file_retention_duration();
        let retention = TimeDelta::from_std(retention).unwrap_or(TimeDelta::MAX);
        Ok((named.try_collect().await.map_err(broken)?, retention))
    }

    async fn state(&self) -> Result<EagerSnapshot> {
        EagerSnapshot::try_new(self.store.as_ref(), None).await.map_err(|error| match error {
            DeltaTableError::NotATable(_) => {
                Error::new(SqlState::UndefinedTable, format!("there is no table in the folder {}", self.name))
            }
            other => broken(other),
        })
    }
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Append => "WRITE",
            Self::Rewrite => "UPDATE",
            Self::Truncate => "TRUNCATE",
            Self::AddColumn => "ADD COLUMNS",
            Self::Compact => "OPTIMIZE",
        }
    }
}

/// Actions as the log holds them, read back before anybody relies on them.
fn encoded(version: u64, actions: &[Action]) -> Result<Bytes> {
    let lines = actions.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let body = Bytes::from(lines.map_err(|error| Error::internal(error.to_string()))?.join("\n"));
    if get_actions(version, &body).map_err(broken)? != actions {
        return Err(Error::internal("a commit doesn't read back as it was written"));
    }
    Ok(body)
}

/// The metadata of a table whose columns have become others.
pub(super) fn altered(metadata: &Metadata, schema: &Schema) -> Result<Metadata> {
    metadata.clone().with_schema(&to_delta(schema)?).map_err(broken)
}

fn commit_info(operation: &str) -> Action {
    Action::CommitInfo(CommitInfo {
        timestamp: Some(Utc::now().timestamp_millis()),
        operation: Some(operation.to_owned()),
        operation_parameters: Some(HashMap::new()),
        engine_info: Some(concat!("journeydb/", env!("CARGO_PKG_VERSION")).to_owned()),
        ..Default::default()
    })
}

fn add(file: &DataFile, schema: &Schema) -> Add {
    let mut tags = HashMap::from([(EXACT.to_owned(), Some("exact".to_owned()))]);
    tags.extend(file.sorted_by.iter().map(|columns| (SORTED_BY.to_owned(), Some(columns.clone()))));
    tags.extend(file.determined_by.iter().map(|column| (DETERMINED_BY.to_owned(), Some(column.clone()))));
    if !file.coded.is_empty() {
        tags.insert(CODED.to_owned(), Some(serde_json::Value::from(file.coded.clone()).to_string()));
    }
    Add {
        path: file.path.clone(),
        size: file.size as i64,
        modification_time: file.created,
        data_change: true,
        stats: Some(statistics::encode(&file.statistics, schema)),
        tags: Some(tags),
        ..Default::default()
    }
}

/// With its time, always: without one, a vacuum by another program deletes the file at once.
fn remove(file: &DataFile, now: i64) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change: true,
        deletion_timestamp: Some(now),
        extended_file_metadata: Some(true),
        partition_values: Some(HashMap::new()),
        size: Some(file.size as i64),
        ..Default::default()
    }
}

#[expect(deprecated, reason = "no other accessor gives the tags")]
fn data_file(view: &LogicalFileView, schema: &Schema) -> DataFile {
    let add = view.add_action();
    let tag = |key: &str| add.tags.as_ref().and_then(|tags| tags.get(key)?.clone());
    let (exact, sorted_by, determined_by) = (tag(EXACT).is_some(), tag(SORTED_BY), tag(DETERMINED_BY));
    let coded = tag(CODED).and_then(|columns| serde_json::from_str(&columns).ok()).unwrap_or_default();
    let statistics = statistics::decode(add.stats.as_deref(), schema, add.size as usize, exact);
    let statistics = Arc::new(statistics);
    let (size, created) = (add.size as u64, add.modification_time);
    DataFile { path: add.path, size, created, statistics, sorted_by, coded, determined_by }
}

fn broken(error: impl std::fmt::Display) -> Error {
    let message = error.to_string();
    Error::new(SqlState::IoError, message.lines().next().unwrap_or_default())
}
