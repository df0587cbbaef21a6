//! Where a scan's rows come from: columns of whole row groups, kept in memory or decoded for it, or else pages of files.
//!
//! ```text
//! file of a partition     its columns are in memory          passed on as they are
//!                         the question reads most files      decoded, passed on, offered to the cache
//!                         it reads a few                     the engine's own source, which skips pages by bounds
//! ```
//!
//! What is known of the files (order, ranges, statistics, the filters that skip files) stays with the engine's own source;
//! this one only reads differently. Text comes as dictionaries where the plan above asks for it ([`AsCodes`]).

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::{DataSource, OpenArgs};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, Partitioning, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::execution_plan::SchedulingType;
use datafusion::physical_plan::filter_pushdown::FilterPushdownPropagation;
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayFormatType, SortOrderPushdownResult};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;

use super::column_cache::{ColumnCache, Decoded, Part};
use super::column_reader::{ColumnReader, codes, in_type};
use super::snapshot::DataFile;
use crate::model::{AsCodes, Determined};

/// The rows of some files of a table.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    files: FileScanConfig,
    cache: Arc<ColumnCache>,
    /// Whether columns that are not in memory are decoded whole, and offered to the cache.
    brings: bool,
    /// The type of each column as it goes out.
    given: SchemaRef,
    /// The columns of the entity that rows come in the order of, if the last of them alone determines the others.
    entity: Option<Arc<[String]>>,
}

impl Columns {
    /// The rows that the engine's source has.
    pub fn new(files: FileScanConfig, cache: Arc<ColumnCache>, brings: bool) -> Result<Self> {
        let given = files.projected_schema()?;
        Ok(Self { files, cache, brings, given, entity: None })
    }

    /// The same of a table that keeps rows by this entity, and in whose rows the last of its columns alone determines the others.
    pub fn by_entity(self, entity: Option<&[String]>) -> Self {
        Self { entity: entity.map(Arc::from), ..self }
    }

    /// The engine's own source.
    pub fn files(&self) -> &FileScanConfig {
        &self.files
    }

    /// The same columns of other files.
    pub fn of(&self, files: Vec<PartitionedFile>) -> Result<Self> {
        let groups = vec![FileGroup::new(files)];
        let files = FileScanConfigBuilder::from(self.files.clone()).with_file_groups(groups).with_preserve_order(true);
        Self::new(files.build(), Arc::clone(&self.cache), self.brings)
    }

    /// What a source of this kind gives for itself with something changed; none if it is not of this kind any more.
    pub fn changed(source: Option<Arc<dyn DataSource>>) -> Option<Self> {
        (source.as_deref()? as &dyn Any).downcast_ref::<Self>().cloned()
    }

    /// The same over another source of the engine's, which one of its rules has made of this one's.
    fn over(&self, source: Arc<dyn DataSource>) -> Arc<dyn DataSource> {
        let files = (source.as_ref() as &dyn Any).downcast_ref::<FileScanConfig>().cloned();
        let same = files.map(|files| Self::new(files, Arc::clone(&self.cache), self.brings));
        match same.map(|same| same.map(|same| Self { entity: self.entity.clone(), ..same })) {
            Some(Ok(same)) if self.is_coded() => Arc::new(Self { given: same.coded().unwrap_or(same.given), ..same }),
            Some(Ok(same)) => Arc::new(same),
            _ => source,
        }
    }

    /// Whether text goes out as dictionaries.
    fn is_coded(&self) -> bool {
        self.given.fields().iter().any(|field| *field.data_type() == codes())
    }

    /// The table's columns that it gives, if it gives nothing else.
    fn picked(&self) -> Option<Vec<usize>> {
        let table = self.files.file_source().table_schema();
        if table.table_schema().fields().len() > table.file_schema().fields().len() {
            return None;
        }
        let columns = match self.files.file_source().projection() {
            Some(projection) => picked(projection)?,
            None => (0..table.file_schema().fields().len()).collect(),
        };
        (!columns.is_empty()).then_some(columns)
    }

    /// Its files, as the table knows them.
    fn data_files(&self) -> Option<Vec<&Arc<DataFile>>> {
        self.files.file_groups.iter().flat_map(FileGroup::iter).map(PartitionedFile::extension).collect()
    }

    /// The same without a column that another one determines. Rows of which that one is NULL are of anybody's: there must be none.
    fn without(&self, column: usize, by: usize) -> Option<Arc<dyn DataSource>> {
        let (last, others) = self.entity.as_deref()?.split_last()?;
        let table = self.files.file_source().table_schema().file_schema();
        let columns = self.picked()?;
        let name = |column: usize| Some(table.field(*columns.get(column)?).name());
        let is_known = |file: &&Arc<DataFile>| file.knows(columns[by]);
        if name(by)? != last || !others.contains(name(column)?) || !self.data_files()?.iter().all(is_known) {
            return None;
        }
        let kept: Vec<usize> = (0..columns.len()).filter(|at| *at != column).collect();
        let given = self.files.projected_schema().ok()?;
        let kept = ProjectionExprs::from_indices(&kept, &given);
        let source = self.files.try_swapping_with_projection(&kept).ok()??;
        Some(self.over(source))
    }

    /// The schema with every text column that lies in all files as a dictionary as one. Rows that are cut off after some are read
    /// by the engine's own source.
    fn coded(&self) -> Option<SchemaRef> {
        if self.files.limit.is_some() {
            return None;
        }
        let table = self.files.file_source().table_schema().file_schema();
        let columns = self.picked()?;
        let files = self.data_files()?;
        let fields = self.given.fields().iter().zip(&columns).map(|(field, column)| {
            let name = table.field(*column).name();
            match *field.data_type() == DataType::Utf8View && files.iter().all(|file| file.is_coded(name)) {
                true => Arc::new(field.as_ref().clone().with_data_type(codes())),
                false => Arc::clone(field),
            }
        });
        let coded = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        (coded != self.given).then_some(coded)
    }
}

/// The columns that a projection picks, if it computes nothing.
fn picked(projection: &ProjectionExprs) -> Option<Vec<usize>> {
    projection.as_ref().iter().map(|picked| Some(picked.expr.downcast_ref::<Column>()?.index())).collect()
}

impl DataSource for Columns {
    fn open(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.open_with_args(OpenArgs::new(partition, context))
    }

    fn open_with_args(&self, args: OpenArgs) -> Result<SendableRecordBatchStream> {
        let Some(columns) = self.picked().filter(|_| self.files.limit.is_none()) else {
            return self.files.open_with_args(args);
        };
        let OpenArgs { partition, context, .. } = args;
        let metrics = self.files.metrics();
        let reading = Reading {
            store: context.runtime_env().object_store(&self.files.object_store_url)?,
            source: self.clone(),
            columns,
            reads_whole: self.is_coded() || self.brings,
            context,
            hits: MetricBuilder::new(&metrics).counter("columns_in_memory", partition),
            misses: MetricBuilder::new(&metrics).counter("columns_decoded", partition),
        };
        let files = self.files.file_groups[partition].files().to_vec();
        let reading = Arc::new(reading);
        let batches = stream::iter(files).then(move |file| Arc::clone(&reading).rows(file)).try_flatten();
        let measured = measured(batches.boxed(), BaselineMetrics::new(&metrics, partition));
        Ok(Box::pin(cooperative(RecordBatchStreamAdapter::new(Arc::clone(&self.given), measured))))
    }

    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        self.files.fmt_as(t, f)?;
        let coded = self.given.fields().iter().filter(|field| field.data_type() == &codes());
        let coded: Vec<&str> = coded.map(|field| field.name().as_str()).collect();
        if coded.is_empty() { Ok(()) } else { write!(f, ", codes=[{}]", coded.join(", ")) }
    }

    fn repartitioned(
        &self,
        target_partitions: usize,
        repartition_file_min_size: usize,
        output_ordering: Option<LexOrdering>,
    ) -> Result<Option<Arc<dyn DataSource>>> {
        let source = self.files.repartitioned(target_partitions, repartition_file_min_size, output_ordering)?;
        Ok(source.map(|source| self.over(source)))
    }

    fn output_partitioning(&self) -> Partitioning {
        self.files.output_partitioning()
    }

    fn eq_properties(&self) -> EquivalenceProperties {
        let known = self.files.eq_properties();
        match *known.schema() == self.given {
            true => known,
            false => {
                EquivalenceProperties::new_with_orderings(Arc::clone(&self.given), known.oeq_class().iter().cloned())
            }
        }
    }

    fn scheduling_type(&self) -> SchedulingType {
        self.files.scheduling_type()
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        self.files.partition_statistics(partition)
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn DataSource>> {
        self.files.with_fetch(limit).map(|source| self.over(source))
    }

    fn fetch(&self) -> Option<usize> {
        self.files.fetch()
    }

    fn metrics(&self) -> ExecutionPlanMetricsSet {
        self.files.metrics()
    }

    /// Takes over what only picks columns: the others are computed above, from columns that can be kept.
    fn try_swapping_with_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn DataSource>>> {
        if picked(projection).is_none() {
            return Ok(None);
        }
        Ok(self.files.try_swapping_with_projection(projection)?.map(|source| self.over(source)))
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn DataSource>>> {
        let pushed = self.files.try_pushdown_filters(filters, config)?;
        let updated_node = pushed.updated_node.map(|source| self.over(source));
        Ok(FilterPushdownPropagation { filters: pushed.filters, updated_node })
    }

    fn try_pushdown_sort(&self, order: &[PhysicalSortExpr]) -> Result<SortOrderPushdownResult<Arc<dyn DataSource>>> {
        self.files.try_pushdown_sort(order)?.try_map(|source| Ok(self.over(source)))
    }

    fn with_preserve_order(&self, preserve_order: bool) -> Option<Arc<dyn DataSource>> {
        self.files.with_preserve_order(preserve_order).map(|source| self.over(source))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.files.apply_expressions(f)
    }

    fn with_new_state(&self, state: Arc<dyn Any + Send + Sync>) -> Option<Arc<dyn DataSource>> {
        if state.is::<AsCodes>() {
            return Some(Arc::new(Self { given: self.coded()?, ..self.clone() }));
        }
        match state.downcast_ref::<Determined>() {
            Some(Determined { column, by }) => self.without(*column, *by),
            None => self.files.with_new_state(state).map(|source| self.over(source)),
        }
    }

    fn create_sibling_state(&self, config: &ConfigOptions) -> Option<Arc<dyn Any + Send + Sync>> {
        self.files.create_sibling_state(config)
    }
}

/// The same rows, counted and timed.
fn measured(mut rows: Batches, metrics: BaselineMetrics) -> Batches {
    let elapsed = metrics.elapsed_compute().clone();
    let polled = stream::poll_fn(move |context| {
        let _timer = elapsed.timer();
        metrics.record_poll(rows.poll_next_unpin(context))
    });
    polled.boxed()
}

/// One partition being read.
struct Reading {
    source: Columns,
    store: Arc<dyn ObjectStore>,
    /// The table's columns, in the order in which they go out.
    columns: Vec<usize>,
    /// Whether files are read by whole columns, in memory or not.
    reads_whole: bool,
    context: Arc<TaskContext>,
    hits: Count,
    misses: Count,
}

type Batches = BoxStream<'static, Result<RecordBatch>>;

impl Reading {
    /// The rows of a file.
    async fn rows(self: Arc<Self>, file: PartitionedFile) -> Result<Batches> {
        let cache = &self.source.cache;
        let is_known = cache.footer(file.path()).is_some();
        if !(self.reads_whole || is_known) {
            return self.pages(file);
        }
        let schema = Arc::clone(self.source.files.file_source().table_schema().file_schema());
        let reader = ColumnReader::open(Arc::clone(&self.store), file.clone(), schema, cache).await?;
        let groups = reader.groups();
        let is_there = |group| self.columns.iter().all(|column| cache.holds(&self.part(&reader, group, *column)));
        if !(self.reads_whole || groups.iter().all(|(group, _)| is_there(*group))) {
            return self.pages(file);
        }
        let reader = Arc::new(reader);
        let groups = stream::iter(groups);
        Ok(groups.then(move |(group, _)| Arc::clone(&self).group(Arc::clone(&reader), group)).try_flatten().boxed())
    }

    /// The rows of a file, as the engine's own source reads them.
    fn pages(&self, file: PartitionedFile) -> Result<Batches> {
        let alone = FileScanConfigBuilder::from(self.source.files.clone())
            .with_file_groups(vec![FileGroup::new(vec![file])])
            .with_output_partitioning(None);
        Ok(alone.build().open(0, Arc::clone(&self.context))?.boxed())
    }

    fn part(&self, reader: &ColumnReader, group: usize, column: usize) -> Part {
        let table = self.source.files.file_source().table_schema().file_schema();
        Part { file: reader.path().clone(), group, column: table.field(column).name().clone() }
    }

    /// The rows of a row group: columns in memory beside those that are decoded for it.
    async fn group(self: Arc<Self>, reader: Arc<ColumnReader>, group: usize) -> Result<Batches> {
        let parts = self.columns.iter().map(|column| self.part(&reader, group, *column));
        let kept: Vec<Option<Arc<Decoded>>> = parts.map(|part| self.source.cache.get(&part)).collect();
        let missing: Vec<usize> =
            self.columns.iter().zip(&kept).filter(|(_, kept)| kept.is_none()).map(|(column, _)| *column).collect();
        self.hits.add(kept.len() - missing.len());
        self.misses.add(missing.len());
        if missing.is_empty() {
            let pieces = kept.iter().flatten().map(|column| column.pieces.len()).min().unwrap_or(0);
            return Ok(stream::iter(0..pieces).map(move |piece| self.batch(&kept, &[], piece)).boxed());
        }
        let decoding = Decoding {
            pieces: reader.decode(group, &missing)?,
            decoded: vec![vec![]; missing.len()],
            parts: missing.iter().map(|column| self.part(&reader, group, *column)).collect(),
            kept,
            count: 0,
            reading: self,
        };
        Ok(stream::try_unfold(decoding, Decoding::next).boxed())
    }

    /// The batch of one piece.
    fn batch(&self, kept: &[Option<Arc<Decoded>>], decoded: &[ArrayRef], piece: usize) -> Result<RecordBatch> {
        let mut decoded = decoded.iter();
        let columns = kept.iter().zip(self.source.given.fields()).filter_map(|(kept, field)| {
            let column = match kept {
                Some(column) => column.pieces.get(piece)?,
                None => decoded.next()?,
            };
            Some(in_type(column, field.data_type()))
        });
        let columns = columns.collect::<crate::error::Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.source.given), columns)?)
    }
}

/// A row group of which some columns are being decoded.
struct Decoding {
    reading: Arc<Reading>,
    kept: Vec<Option<Arc<Decoded>>>,
    pieces: BoxStream<'static, crate::error::Result<Vec<ArrayRef>>>,
    /// What came so far, to be kept when the last piece has come.
    decoded: Vec<Vec<ArrayRef>>,
    parts: Vec<Part>,
    count: usize,
}

impl Decoding {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        match self.pieces.try_next().await? {
            Some(pieces) => {
                let batch = self.reading.batch(&self.kept, &pieces, self.count)?;
                if self.reading.source.brings {
                    self.decoded.iter_mut().zip(pieces).for_each(|(column, piece)| column.push(piece));
                }
                self.count += 1;
                Ok(Some((batch, self)))
            }
            None => {
                if self.reading.source.brings {
                    let columns = self.parts.into_iter().zip(self.decoded);
                    columns.for_each(|(part, pieces)| self.reading.source.cache.offer(part, pieces));
                }
                Ok(None)
            }
        }
    }
}
