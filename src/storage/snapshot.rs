//! A version of a table: its schema and the files that hold its rows. Immutable, so readers share it without a lock.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Statistics};

use super::log::Metadata;
use super::sorting::Sorting;
use crate::error::{Error, Result, SqlState};

/// One version of a table.
#[derive(Debug)]
pub struct Snapshot {
    version: u64,
    metadata: Arc<Metadata>,
    schema: SchemaRef,
    files: Vec<Arc<DataFile>>,
    sorting: Option<Sorting>,
    summary: OnceLock<Arc<Statistics>>,
}

/// One Parquet file of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFile {
    /// Its name below the table's folder.
    pub(super) path: String,
    /// Bytes.
    pub(super) size: u64,
    /// Milliseconds since the Unix epoch.
    pub(super) created: i64,
    /// One entry per column of the table.
    pub(super) statistics: Arc<Statistics>,
    /// The columns that its rows are sorted by, as the log records them.
    pub(super) sorted_by: Option<String>,
    /// The text columns that lie in it as dictionaries throughout.
    pub(super) coded: Vec<String>,
    /// The column of the entity that determines the others, among the rows of all files that say so.
    pub(super) determined_by: Option<String>,
}

impl Snapshot {
    /// The files are put in the order of their names, which is that of their writing; neither the log nor a checkpoint
    /// keeps one.
    pub(super) fn new(version: u64, metadata: Arc<Metadata>, schema: SchemaRef, mut files: Vec<Arc<DataFile>>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let sorting = Sorting::of(&metadata, &schema);
        Self { version, metadata, schema, files, sorting, summary: OnceLock::new() }
    }

    /// The version of the Delta table.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The columns as SQL sees them.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The number of rows; `None` if a file that another program has written doesn't say.
    pub fn rows(&self) -> Option<u64> {
        self.files.iter().map(|file| file.rows()).sum()
    }

    /// The bytes of its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The files; a row's `_file` is an index into this list.
    pub fn files(&self) -> &[Arc<DataFile>] {
        &self.files
    }

    /// Whether a file is among them.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok()
    }

    /// The names of the files.
    pub(super) fn paths(&self) -> HashSet<&str> {
        self.files.iter().map(|file| file.path.as_str()).collect()
    }

    /// The order in which the table keeps its rows, if it has one.
    pub fn sorting(&self) -> Option<&Sorting> {
        self.sorting.as_ref()
    }

    /// The entity's columns, if the last of them alone determines the others in all rows where it is known.
    pub(super) fn determined_entity(&self) -> Option<&[String]> {
        let sorting = self.sorting.as_ref().filter(|sorting| sorting.determinant().is_some())?;
        self.files.iter().all(|file| file.is_determined(sorting)).then(|| sorting.entity())
    }

    pub(super) fn metadata(&self) -> &Arc<Metadata> {
        &self.metadata
    }

    /// The statistics of all rows.
    pub(super) fn summary(&self) -> Result<Arc<Statistics>> {
        if let Some(known) = self.summary.get() {
            return Ok(Arc::clone(known));
        }
        let summary = Arc::new(summary(&self.files, &self.schema)?);
        Ok(Arc::clone(self.summary.get_or_init(|| summary)))
    }

    /// Some of the files, by index in order.
    pub(super) fn part(&self, files: &[usize]) -> Self {
        let files = files.iter().map(|index| Arc::clone(&self.files[*index])).collect();
        Self::new(self.version, Arc::clone(&self.metadata), Arc::clone(&self.schema), files)
    }

    /// The same rows with some files joined into others; none if not all of them are here.
    pub(super) fn with_joined(&self, joined: &Joined) -> Option<Self> {
        if !joined.removes.iter().all(|path| self.holds(path)) {
            return None;
        }
        let kept = self.files.iter().filter(|file| !joined.removes.contains(&file.path)).cloned();
        let columns = self.schema.fields().len();
        let fits = |file: &Arc<DataFile>| file.statistics.column_statistics.len() == columns;
        let files = kept.chain(joined.adds.iter().cloned()).collect();
        joined.adds.iter().all(fits).then(|| Self::new(self.version, self.metadata.clone(), self.schema.clone(), files))
    }

    /// The version that a change makes of this one; 40001 if the change doesn't fit it, because another one came first.
    pub(super) fn apply(&self, change: &Change) -> Result<Self> {
        if *self.metadata != *change.base {
            return Err(conflict("its columns were altered"));
        }
        let removed: HashSet<&str> = change.removes.iter().map(|file| file.path.as_str()).collect();
        let mut files: Vec<_> = self.files.iter().filter(|f| !removed.contains(f.path.as_str())).cloned().collect();
        if files.len() + removed.len() != self.files.len() {
            return Err(conflict("rows that this statement read were changed"));
        }
        files.extend(change.adds.iter().cloned());
        let columns = change.schema.fields().len();
        if columns > self.schema.fields().len() {
            files = files.iter().map(|file| file.widened(columns)).collect();
        }
        let metadata = change.altered.as_ref().unwrap_or(&self.metadata);
        Ok(Self::new(self.version + 1, Arc::clone(metadata), Arc::clone(&change.schema), files))
    }
}

impl DataFile {
    pub(super) fn rows(&self) -> Option<u64> {
        self.statistics.num_rows.get_value().map(|rows| *rows as u64)
    }

    /// Whether a text column lies in it as a dictionary throughout.
    pub(super) fn is_coded(&self, column: &str) -> bool {
        self.coded.iter().any(|coded| coded == column)
    }

    /// Whether none of its rows lacks the table's column of that number.
    pub(super) fn knows(&self, column: usize) -> bool {
        let known = self.statistics.column_statistics.get(column);
        known.is_some_and(|known| known.null_count == Precision::Exact(0))
    }

    /// Whether its rows are in a table's order.
    pub(super) fn keeps(&self, sorting: &Sorting) -> bool {
        self.sorted_by.as_deref() == Some(sorting.record())
    }

    /// Whether it is among the files in whose rows the last column of a table's entity determines the others.
    pub(super) fn is_determined(&self, sorting: &Sorting) -> bool {
        self.keeps(sorting) && self.determined_by.is_some() && self.determined_by.as_deref() == sorting.determinant()
    }

    /// The file as part of a table that has gained columns: nothing is recorded of them.
    fn widened(&self, columns: usize) -> Arc<Self> {
        let mut statistics = Statistics::clone(&self.statistics);
        statistics.column_statistics.resize(columns, ColumnStatistics::new_unknown());
        Arc::new(Self { statistics: Arc::new(statistics), ..self.clone() })
    }
}

/// A version that has only joined files.
#[derive(Debug)]
pub(super) struct Joined {
    pub version: u64,
    /// Names.
    pub removes: HashSet<String>,
    pub adds: Vec<Arc<DataFile>>,
}

/// What one commit does to a table.
#[derive(Debug)]
pub(super) struct Change {
    /// The metadata that the change was made for.
    pub base: Arc<Metadata>,
    pub removes: Vec<Arc<DataFile>>,
    /// One that is removed too is the same file, of which something else is said.
    pub adds: Vec<Arc<DataFile>>,
    /// New metadata, if the columns become others.
    pub altered: Option<Arc<Metadata>>,
    /// The columns after it.
    pub schema: SchemaRef,
    pub operation: Operation,
}

impl Change {
    /// Whether it puts back what it takes away.
    pub fn says_nothing(&self) -> bool {
        self.altered.is_none() && self.adds == self.removes
    }

    /// Notes what its new files say of the entity: the column that determines the others, or none.
    pub fn determine(&mut self, by: Option<&str>) {
        for file in self.adds.iter_mut().filter(|file| file.determined_by.as_deref() != by) {
            *file = Arc::new(DataFile { determined_by: by.map(str::to_owned), ..DataFile::clone(file) });
        }
    }
}

/// The kind of a change, as the log's history names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Append,
    Rewrite,
    Truncate,
    AddColumn,
    /// The same rows in other files.
    Compact,
}

/// The statistics of all rows of some files. Without files there are no rows, which is exact knowledge too.
pub(super) fn summary(files: &[Arc<DataFile>], schema: &SchemaRef) -> Result<Statistics> {
    if files.is_empty() {
        return Ok(Statistics::new_unknown(schema).with_num_rows(Precision::Exact(0)));
    }
    Ok(Statistics::try_merge_iter(files.iter().map(|file| file.statistics.as_ref()), schema)?)
}

pub(super) fn conflict(what: &str) -> Error {
    Error::new(SqlState::SerializationFailure, format!("could not serialize access: {what} by a concurrent statement"))
        .with_hint("run the statement again")
}
