//! Reads files of a sorted table that share values of its first column, as one stream in the table's order per range.
//!
//! It leaves to the scan of files side by side what it can: where columns come from, filters and statistics. It asks that scan
//! for the columns that it needs itself, behind those that are wanted, and takes them off at the end. Text comes as it is, not
//! as codes: those of several files are not the same.
//! Where nothing above needs the order, layers are read one after the other.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ScalarValue, Statistics};
use datafusion::config::ConfigOptions;
use datafusion::datasource::source::DataSource;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
use datafusion::physical_expr::projection::{ProjectionExpr, ProjectionExprs, ProjectionMapping};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr, conjunction};
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::execution_plan::SchedulingType;
use datafusion::physical_plan::filter::batch_filter;
use datafusion::physical_plan::filter_pushdown::FilterPushdownPropagation;
use datafusion::physical_plan::limit::LimitStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt, stream};

use super::columns::Columns;
use super::ranges::{Part, Range, Ranges};
use super::run_merge::merged;
use crate::error::Error;
use crate::model::AnyOrder;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct MergedScan {
    /// All files in one group; the wanted columns, then those that merging needs.
    scan: Columns,
    wanted: usize,
    ranges: Arc<Ranges>,
    in_order: bool,
    fetch: Option<usize>,
}

impl MergedScan {
    /// Reads the table's columns of a projection. The scan has no projection yet, and the ranges' files as its one group.
    pub fn new(scan: Columns, ranges: Ranges, projection: Option<&Vec<usize>>, fetch: Option<usize>) -> Result<Self> {
        let schema = scan.files().projected_schema()?;
        let mut columns = projection.cloned().unwrap_or_else(|| (0..schema.fields().len()).collect());
        let wanted = columns.len();
        let keys = ranges.ordering.iter().filter_map(|key| Some(key.expr.downcast_ref::<Column>()?.index()));
        columns.extend(keys);
        let projected = scan.try_swapping_with_projection(&ProjectionExprs::from_indices(&columns, &schema))?;
        let scan = Columns::changed(projected).ok_or_else(|| Error::internal("a file scan refuses its own columns"))?;
        Ok(Self { scan, wanted, ranges: Arc::new(ranges), in_order: true, fetch })
    }

    fn schema(&self) -> Result<SchemaRef> {
        let columns: Vec<usize> = (0..self.wanted).collect();
        Ok(Arc::new(self.scan.files().projected_schema()?.project(&columns)?))
    }

    /// A column of the order, by its place in it: they stand behind the wanted ones.
    fn key(&self, place: usize) -> Result<Column> {
        let (schema, index) = (self.scan.files().projected_schema()?, self.wanted + place);
        Ok(Column::new(schema.field(index).name(), index))
    }

    /// What the wanted columns are in terms of the table's.
    fn mapping(&self) -> Result<ProjectionMapping> {
        let columns = self.scan.files().file_source().projection().into_iter().flat_map(ProjectionExprs::iter);
        let columns = columns.take(self.wanted).map(|column| (Arc::clone(&column.expr), column.alias.clone()));
        ProjectionMapping::try_new(columns, self.scan.files().file_source().table_schema().table_schema())
    }

    /// The rows of a layer that lie in a range.
    fn layer(&self, range: &Range, layer: &[Part], context: &Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let chunks = layer.chunk_by(|a, b| a.crosses == b.crosses);
        let chunks = chunks.map(|parts| {
            let files = parts.iter().map(|part| self.scan.files().file_groups[0][part.file].clone()).collect();
            let files = self.scan.of(files)?;
            match parts[0].crosses {
                true => self.between(files, range, context),
                false => files.open(0, Arc::clone(context)),
            }
        });
        let chunks = chunks.collect::<Result<Vec<_>>>()?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.scan.files().projected_schema()?,
            stream::iter(chunks).flatten(),
        )))
    }

    /// The rows of files that lie in a range: pages and row groups that hold none are not read.
    fn between(&self, files: Columns, range: &Range, context: &Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let key: Arc<dyn PhysicalExpr> = Arc::new(self.key(0)?);
        let bound = |bound: &Option<ScalarValue>, operator: Operator| {
            let bound = Arc::new(Literal::new(bound.clone()?));
            Some(Arc::new(BinaryExpr::new(Arc::clone(&key), operator, bound)) as Arc<dyn PhysicalExpr>)
        };
        let bounds = [bound(&range.low, Operator::GtEq), bound(&range.high, Operator::Lt)];
        let inside = conjunction(bounds.into_iter().flatten());
        let pruned = files.try_pushdown_filters(vec![Arc::clone(&inside)], context.session_config().options())?;
        let pruned = Columns::changed(pruned.updated_node).unwrap_or(files);
        let (schema, batches) = (self.scan.files().projected_schema()?, pruned.open(0, Arc::clone(context))?);
        let rows = batches.map(move |batch| batch_filter(&batch?, &inside));
        let rows = rows.try_filter(|batch| std::future::ready(batch.num_rows() > 0));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    /// The same in any order: of the columns behind the wanted ones only those that are still needed.
    fn unordered(&self) -> Result<Option<Self>> {
        let crosses = self.ranges.ranges.iter().flat_map(|range| &range.layers).flatten().any(|part| part.crosses);
        let kept: Vec<usize> = (0..self.wanted + usize::from(crosses)).collect();
        let kept = ProjectionExprs::from_indices(&kept, self.scan.files().projected_schema()?.as_ref());
        let scan = Columns::changed(self.scan.try_swapping_with_projection(&kept)?);
        Ok(scan.map(|scan| Self { scan, in_order: false, ..self.clone() }))
    }
}

impl DataSource for MergedScan {
    fn open(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(range) = self.ranges.ranges.get(partition) else {
            return Err(Error::internal("a scan is asked for a partition that it doesn't have").into());
        };
        let layers = range.layers.iter().map(|layer| self.layer(range, layer, &context));
        let mut layers = layers.collect::<Result<Vec<_>>>()?;
        let schema = self.scan.files().projected_schema()?;
        let rows = match layers.pop() {
            Some(only) if layers.is_empty() => only,
            Some(last) if self.in_order => {
                layers.push(last);
                let keys = (self.wanted..schema.fields().len()).collect();
                let rows = merged(layers, keys, context.session_config().batch_size());
                Box::pin(RecordBatchStreamAdapter::new(schema, rows))
            }
            last => {
                layers.extend(last);
                Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(layers).flatten()))
            }
        };
        let columns: Vec<usize> = (0..self.wanted).collect();
        let rows = rows.map(move |batch| Ok(batch?.project(&columns)?));
        let rows: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(self.schema()?, rows));
        let Some(fetch) = self.fetch else { return Ok(rows) };
        let metrics = BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), partition);
        Ok(Box::pin(LimitStream::new(rows, 0, Some(fetch), metrics)))
    }

    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let layers = self.ranges.ranges.iter().map(|range| range.layers.len()).max().unwrap_or_default();
        let (ranges, how) = (self.ranges.ranges.len(), if self.in_order { "merged" } else { "in any order" });
        match t {
            DisplayFormatType::TreeRender => writeln!(f, "layers={layers} {how}")?,
            _ => write!(f, "ranges={ranges}, layers={layers} {how}, ")?,
        }
        self.scan.fmt_as(t, f)?;
        match t {
            DisplayFormatType::TreeRender => Ok(()),
            _ => write!(f, ", output_partitioning={}", self.output_partitioning()),
        }
    }

    fn output_partitioning(&self) -> Partitioning {
        let table = self.scan.files().file_source().table_schema().table_schema();
        match self.mapping() {
            Ok(mapping) => self.ranges.partitioning.project(&mapping, &EquivalenceProperties::new(Arc::clone(table))),
            Err(_) => Partitioning::UnknownPartitioning(self.ranges.ranges.len()),
        }
    }

    fn eq_properties(&self) -> EquivalenceProperties {
        let table = Arc::clone(self.scan.files().file_source().table_schema().table_schema());
        let orderings = self.in_order.then(|| self.ranges.ordering.clone());
        let known = EquivalenceProperties::new_with_orderings(table, orderings);
        match (self.mapping(), self.schema()) {
            (Ok(mapping), Ok(schema)) => known.project(&mapping, schema),
            // Nothing is known of columns that can't be named; reading them will say why.
            _ => EquivalenceProperties::new(Arc::new(arrow::datatypes::Schema::empty())),
        }
    }

    fn scheduling_type(&self) -> SchedulingType {
        self.scan.scheduling_type()
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        if partition.is_some() {
            return Ok(Arc::new(Statistics::new_unknown(self.schema()?.as_ref())));
        }
        let mut known = Arc::unwrap_or_clone(self.scan.partition_statistics(None)?);
        known.column_statistics.truncate(self.wanted);
        Ok(Arc::new(known))
    }

    /// After the merge, not in the files' scans: those of a file that crosses a range may be rows of another.
    fn with_fetch(&self, fetch: Option<usize>) -> Option<Arc<dyn DataSource>> {
        Some(Arc::new(Self { fetch, ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    fn metrics(&self) -> ExecutionPlanMetricsSet {
        self.scan.metrics()
    }

    fn try_swapping_with_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn DataSource>>> {
        let schema = self.scan.files().projected_schema()?;
        let own = (self.wanted..schema.fields().len()).map(|index| {
            let name = schema.field(index).name();
            ProjectionExpr::new(Arc::new(Column::new(name, index)), name)
        });
        let columns = ProjectionExprs::new(projection.iter().cloned().chain(own));
        let Some(scan) = Columns::changed(self.scan.try_swapping_with_projection(&columns)?) else { return Ok(None) };
        let wanted = projection.iter().count();
        Ok(Some(Arc::new(Self { scan, wanted, ..self.clone() })))
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn DataSource>>> {
        let pushed = self.scan.try_pushdown_filters(filters, config)?;
        let scan = Columns::changed(pushed.updated_node);
        let updated_node = scan.map(|scan| Arc::new(Self { scan, ..self.clone() }) as Arc<dyn DataSource>);
        Ok(FilterPushdownPropagation { filters: pushed.filters, updated_node })
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.scan.apply_expressions(f)
    }

    fn with_new_state(&self, state: Arc<dyn Any + Send + Sync>) -> Option<Arc<dyn DataSource>> {
        if !self.in_order || !state.is::<AnyOrder>() {
            return None;
        }
        // A scan that can't be told keeps its order, which is as right.
        Some(Arc::new(self.unordered().ok()??))
    }
}
