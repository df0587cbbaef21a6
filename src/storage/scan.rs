//! Reads one version of a table: plain Parquet files, through the engine's own source.
//!
//! deltalake's scan is not used: it drops orderings and can't be sent to another machine.

use std::any::Any;
use std::cmp::Reverse;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use async_trait::async_trait;
use chrono::DateTime;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result as EngineResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use object_store::ObjectMeta;
use parquet::arrow::RowNumber;

use super::columns::Columns;
use super::merging::MergedScan;
use super::pinned::PinnedFiles;
use super::pruning::{FileBounds, always, is_void};
use super::ranges::Ranges;
use super::snapshot::{DataFile, Snapshot, summary};
use super::table::Table;
use crate::error::Result;

/// The hidden column with the index of a row's file in its version.
pub const FILE: &str = "_file";
/// The hidden column with a row's number in its file.
pub const ROW: &str = "_row";

/// A question that reads less than this part of a table's files, one in so many, reads pages and brings no columns into memory.
const FEW: usize = 4;

/// The rows of a version, as the engine's planner sees them.
#[derive(Debug)]
pub(super) struct TableScan {
    table: Arc<Table>,
    at: Arc<Snapshot>,
    columns: TableSchema,
    /// Whether columns that it decodes are offered to the cache.
    keeps: bool,
}

impl TableScan {
    /// The table's columns.
    pub fn rows(table: Arc<Table>, at: Arc<Snapshot>) -> Self {
        let columns = TableSchema::from(at.schema());
        Self { table, at, columns, keeps: true }
    }

    /// The table's columns and each row's address. The file is a constant that goes with it, the row a number that the
    /// Parquet reader makes, so both stay right however the scan is pruned and cut in pieces.
    pub fn addressed_rows(table: Arc<Table>, at: Arc<Snapshot>) -> Self {
        let file: FieldRef = Arc::new(Field::new(FILE, DataType::Int32, false));
        let row: FieldRef = Arc::new(Field::new(ROW, DataType::Int64, false).with_extension_type(RowNumber));
        let columns = TableSchema::builder(Arc::clone(at.schema()))
            .with_table_partition_cols(vec![file])
            .with_virtual_columns(vec![row])
            .build();
        Self { table, at, columns, keeps: true }
    }

    /// The same for files that are read once more and never again.
    pub fn in_passing(self) -> Self {
        Self { keeps: false, ..self }
    }

    /// A plan over some of the files, by index.
    pub fn plan(
        &self,
        files: &[usize],
        partitions: usize,
        options: TableParquetOptions,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let pinned = PinnedFiles::new(Arc::clone(&self.table.store), Arc::clone(&self.at));
        let source = ParquetSource::new(self.columns.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(pinned));
        let config = FileScanConfigBuilder::new(self.table.url.clone(), Arc::new(source))
            .with_statistics(self.statistics_of(files)?);
        let group = |places: &[usize]| FileGroup::new(places.iter().map(|at| self.partitioned(files[*at])).collect());
        let brings = self.keeps && files.len() * FEW >= self.at.files().len();
        let columns = |files| Columns::new(files, Arc::clone(&self.table.cache), brings);
        let Some(ranges) = Ranges::of(&self.at, files, partitions) else {
            let groups = self.groups(files, partitions).iter().map(|places| group(places)).collect();
            let config = config.with_file_groups(groups).with_projection_indices(projection.cloned())?;
            return Ok(DataSourceExec::from_data_source(columns(config.with_limit(limit).build())?));
        };
        let Some(groups) = ranges.groups() else {
            let all = FileGroup::new(files.iter().map(|index| self.partitioned(*index)).collect());
            let all = columns(config.with_file_group(all).build())?;
            let merged = MergedScan::new(all, ranges, projection, limit)?;
            return Ok(DataSourceExec::from_data_source(merged));
        };
        // Said, not left to be found out: what the engine infers from Parquet's metadata is wrong beside nested columns.
        let config = config
            .with_file_groups(groups.iter().map(|places| group(places)).collect())
            .with_projection_indices(projection.cloned())?
            .with_output_ordering(vec![ranges.ordering])
            .with_output_partitioning(Some(ranges.partitioning));
        let rows = columns(config.with_limit(limit).build())?.by_entity(self.at.determined_entity());
        Ok(DataSourceExec::from_data_source(rows))
    }

    /// Files in groups of about the same size, each in the order of the version; places in the list.
    fn groups(&self, files: &[usize], partitions: usize) -> Vec<Vec<usize>> {
        let size = |place: usize| self.at.files()[files[place]].size;
        let mut largest: Vec<usize> = (0..files.len()).collect();
        largest.sort_by_key(|place| Reverse(size(*place)));
        let mut groups: Vec<(u64, Vec<usize>)> = vec![(0, vec![]); partitions.clamp(1, files.len().max(1))];
        for place in largest {
            if let Some((total, members)) = groups.iter_mut().min_by_key(|(total, _)| *total) {
                *total += size(place);
                members.push(place);
            }
        }
        let ordered = groups.into_iter().map(|(_, mut members)| {
            members.sort_unstable();
            members
        });
        ordered.collect()
    }

    fn partitioned(&self, index: usize) -> PartitionedFile {
        let file = &self.at.files()[index];
        let mut partitioned = PartitionedFile::new_from_meta(ObjectMeta {
            location: self.table.folder.clone().join(file.path.as_str()),
            last_modified: DateTime::from_timestamp_millis(file.created).unwrap_or_default(),
            size: file.size,
            e_tag: None,
            version: None,
        });
        if !self.columns.table_partition_cols().is_empty() {
            partitioned = partitioned.with_partition_values(vec![ScalarValue::Int32(Some(index as i32))]);
        }
        partitioned.with_statistics(Arc::clone(&file.statistics)).with_extension(Arc::clone(file))
    }

    fn statistics_of(&self, files: &[usize]) -> EngineResult<Statistics> {
        let mut known = if files.len() == self.at.files().len() {
            Statistics::clone(self.at.summary()?.as_ref())
        } else {
            let files: Vec<Arc<DataFile>> = files.iter().map(|index| Arc::clone(&self.at.files()[*index])).collect();
            summary(&files, self.at.schema())?
        };
        let columns = self.columns.table_schema().fields().len();
        known.column_statistics.resize(columns, ColumnStatistics::new_unknown());
        Ok(known)
    }

    /// The files that may hold rows that pass the filters.
    fn candidates(&self, state: &dyn Session, filters: &[Expr]) -> EngineResult<Vec<usize>> {
        let is_void = |index: &usize| filters.iter().any(|filter| is_void(filter, &self.at.files()[*index], &self.at));
        let all = (0..self.at.files().len()).filter(|index| !is_void(index));
        let Some(filter) = conjunction(filters.to_vec()) else {
            return Ok(all.collect());
        };
        let schema = self.at.schema();
        let filter = state.create_physical_expr(filter, &DFSchema::try_from(Arc::clone(schema))?)?;
        let Some(predicate) = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema)).build(filter) else {
            return Ok(all.collect());
        };
        let kept = predicate.prune(&FileBounds::of(&self.at))?;
        Ok(all.filter(|index| kept[*index]).collect())
    }
}

#[async_trait]
impl TableProvider for TableScan {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        state.runtime_env().register_object_store(self.table.url.as_ref(), Arc::clone(&self.table.store));
        let options = &state.config_options().execution;
        let files = self.candidates(state, filters)?;
        let parquet = TableParquetOptions { global: options.parquet.clone(), ..Default::default() };
        self.plan(&files, options.target_partitions, parquet, projection, limit)
    }

    /// Filters choose files, row groups and pages; the engine still applies them to every row, but for those that the files'
    /// bounds show to be true of all rows. Those on an address choose nothing.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        let addresses = self.columns.table_schema().fields().len() > self.at.schema().fields().len();
        let on_address = |filter: &Expr| filter.column_refs().iter().any(|column| [FILE, ROW].contains(&column.name()));
        let supported = filters.iter().map(|filter| match addresses && on_address(filter) {
            true => TableProviderFilterPushDown::Unsupported,
            false if always(filter, &self.at) => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        });
        Ok(supported.collect())
    }

    fn statistics(&self) -> Option<Statistics> {
        self.statistics_of(&(0..self.at.files().len()).collect::<Vec<_>>()).ok()
    }
}

/// The columns of the entity that a table keeps its rows by, if the last of them alone determines the others in the version that a
/// scan reads, in all rows where it is known: where `contact_id` says which `account_id` it is.
pub fn determined_entity(scan: &dyn TableProvider) -> Option<&[String]> {
    (scan as &dyn Any).downcast_ref::<TableScan>()?.at.determined_entity()
}

/// All rows of one file with their addresses.
pub(super) fn whole_file(table: &Arc<Table>, at: &Arc<Snapshot>, file: usize) -> Result<SendableRecordBatchStream> {
    let scan = TableScan::addressed_rows(Arc::clone(table), Arc::clone(at));
    let plan = scan.plan(&[file], 1, TableParquetOptions::default(), None, None)?;
    let context = TaskContext::default();
    context.runtime_env().register_object_store(table.url.as_ref(), Arc::clone(&table.store));
    Ok(plan.execute(0, Arc::new(context))?)
}
