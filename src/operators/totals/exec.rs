//! Which aggregates it takes over, and the plan node: the aggregate's own properties, another way to its rows.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::projection::ProjectionMapping;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{LexOrdering, OrderingRequirements};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, InputOrderMode, PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
};

use super::stream::TotalsStream;
use super::total::Kind;
use crate::error::Error;
use crate::operators::entities::{Types, Without, input_in_codes, into_stream, visit, with_places};

/// Totals over groups of neighbouring rows.
#[derive(Debug, Clone)]
pub struct TotalsExec {
    pub(super) keys: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) totals: Vec<Total>,
    /// Which columns it gives: keys, then totals.
    pub(super) given: Vec<usize>,
    /// The order that keeps the rows of a group together; none where the source has promised what the plan can't say: that they lie
    /// together.
    order: Option<LexOrdering>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// One column of the answer.
#[derive(Debug, Clone)]
pub(super) struct Total {
    pub kind: Kind,
    /// None counts rows.
    pub value: Option<Arc<dyn PhysicalExpr>>,
    pub condition: Option<Arc<dyn PhysicalExpr>>,
    name: String,
}

/// The same answer by neighbours, if the plan is an aggregate that finds its groups side by side and asks for nothing but
/// counts, sums of floating point, and minima and maxima of whole numbers and instants.
pub fn in_totals(plan: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn ExecutionPlan>> {
    let aggregate = plan.downcast_ref::<AggregateExec>()?;
    let (groups, is_whole) =
        (aggregate.group_expr(), matches!(aggregate.mode(), AggregateMode::Single | AggregateMode::SinglePartitioned));
    let is_plain = groups.is_single() && !groups.is_empty() && aggregate.limit_options().is_none();
    if !is_whole || !is_plain || *aggregate.input_order_mode() != InputOrderMode::Sorted {
        return None;
    }
    let keys: Vec<Arc<dyn PhysicalExpr>> = groups.expr().iter().map(|(key, _)| Arc::clone(key)).collect();
    let given = aggregate.aggr_expr().iter().zip(aggregate.filter_expr());
    let totals = given.map(|(function, filter)| total(function, filter.clone(), &aggregate.input().schema()));
    let totals = totals.collect::<Option<Vec<Total>>>()?;
    let conditions = totals.iter().filter(|total| total.condition.is_some()).count();
    if !keys.iter().all(|key| key.is::<Column>()) || conditions > u64::BITS as usize {
        return None;
    }
    let (input, properties) = (Arc::clone(aggregate.input()), Arc::clone(aggregate.properties()));
    let order = input.output_ordering()?.iter().take(keys.len()).cloned();
    let order = LexOrdering::new(order.collect::<Vec<_>>())?;
    if !order.iter().all(|by| keys.iter().any(|key| key.eq(&by.expr))) {
        return None;
    }
    let order = Some(order);
    let given = (0..keys.len() + totals.len()).collect();
    let metrics = ExecutionPlanMetricsSet::new();
    Some(Arc::new(TotalsExec { keys, totals, given, order, input, properties, metrics }))
}

/// A projection over totals that make nothing else than it reads, if the plan is one over some that make more.
pub fn picking(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some((projection, totals)) = plan
        .downcast_ref::<ProjectionExec>()
        .and_then(|projection| Some((projection, projection.input().downcast_ref::<TotalsExec>()?)))
    else {
        return Ok(None);
    };
    let read = projection.expr().iter().flat_map(|given| collect_columns(&given.expr));
    let read: BTreeSet<usize> = read.map(|column| column.index()).collect();
    if read.is_empty() || read.len() == totals.given.len() {
        return Ok(None);
    }
    let read: Vec<usize> = read.into_iter().collect();
    let place = |column: &Column| read.iter().position(|index| *index == column.index()).unwrap_or_default();
    let columns = projection.expr().iter().map(|given| {
        let expr = with_places(Arc::clone(&given.expr), place)?;
        Ok(ProjectionExpr { expr, alias: given.alias.clone() })
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    Ok(Some(Arc::new(ProjectionExec::try_new(columns, Arc::new(totals.giving(&read)?))?)))
}

/// The same totals over text as dictionaries, if the plan is some and its source has any.
pub fn in_codes(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(totals) = plan.downcast_ref::<TotalsExec>() else {
        return Ok(None);
    };
    let Some(input) = input_in_codes(&totals.input)? else {
        return Ok(None);
    };
    let coded = totals.decoding(&Types { plain: &totals.input.schema(), coded: &input.schema() })?;
    Ok(Some(Arc::new(TotalsExec { totals: coded, input, metrics: ExecutionPlanMetricsSet::new(), ..totals.clone() })))
}

/// The same totals from rows without the account that their contact belongs to, if the plan is some that don't give it.
pub fn without_owner(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(totals) = plan.downcast_ref::<TotalsExec>() else {
        return Ok(None);
    };
    let others: Vec<_> = totals.totals.iter().flat_map(Total::reads).cloned().collect();
    let needed = |key| totals.given.contains(&key);
    let Some(without) = Without::determined(&totals.input, &totals.keys, needed, &others)? else {
        return Ok(None);
    };
    let keys = totals.keys.iter().enumerate().filter(|(at, _)| *at != without.key).map(|(_, key)| without.over(key));
    let own = totals.totals.iter().map(|total| {
        let moved = |read: &Option<Arc<dyn PhysicalExpr>>| read.as_ref().map(|read| without.over(read)).transpose();
        Ok(Total { value: moved(&total.value)?, condition: moved(&total.condition)?, ..total.clone() })
    });
    let (keys, own) = (keys.collect::<Result<_>>()?, own.collect::<Result<_>>()?);
    let given = totals.given.iter().map(|column| column - usize::from(*column > without.key)).collect();
    let metrics = ExecutionPlanMetricsSet::new();
    let without = TotalsExec { keys, totals: own, given, order: None, input: without.input, metrics, ..totals.clone() };
    Ok(Some(Arc::new(without)))
}

fn total(
    function: &AggregateFunctionExpr,
    condition: Option<Arc<dyn PhysicalExpr>>,
    input: &SchemaRef,
) -> Option<Total> {
    let expressions = function.expressions();
    let [value] = expressions.as_slice() else {
        return None;
    };
    if function.is_distinct() || !function.order_bys().is_empty() || function.ignore_nulls() {
        return None;
    }
    let of = value.data_type(input).ok()?;
    let kind = match (function.fun().name(), &of) {
        ("count", _) => Kind::Count,
        ("sum", DataType::Float64) => Kind::Sum,
        ("min", DataType::Int64 | DataType::Timestamp(..)) => Kind::Min,
        ("max", DataType::Int64 | DataType::Timestamp(..)) => Kind::Max,
        _ => return None,
    };
    let is_counted =
        kind == Kind::Count && value.downcast_ref::<Literal>().is_some_and(|literal| !literal.value().is_null());
    let value = (!is_counted).then(|| Arc::clone(value));
    Some(Total { kind, value, condition, name: function.name().to_owned() })
}

impl Total {
    fn reads(&self) -> impl Iterator<Item = &Arc<dyn PhysicalExpr>> {
        self.value.iter().chain(&self.condition)
    }
}

impl TotalsExec {
    /// The same giving some of its columns alone.
    fn giving(&self, columns: &[usize]) -> Result<Self> {
        let schema = self.schema();
        let picked = columns.iter().map(|index| {
            let name = schema.field(*index).name();
            (Arc::new(Column::new(name, *index)) as Arc<dyn PhysicalExpr>, name.clone())
        });
        let mapping = ProjectionMapping::try_new(picked, &schema)?;
        let known = &self.properties.eq_properties;
        let partitioning = self.properties.partitioning.project(&mapping, known);
        let equivalences = known.project(&mapping, Arc::new(schema.project(columns)?));
        let (emission, boundedness) = (self.properties.emission_type, self.properties.boundedness);
        let properties = Arc::new(PlanProperties::new(equivalences, partitioning, emission, boundedness));
        let given = columns.iter().map(|index| self.given[*index]).collect();
        Ok(Self { given, properties, metrics: ExecutionPlanMetricsSet::new(), ..self.clone() })
    }

    /// The totals over values where the input brings codes; keys stay columns.
    fn decoding(&self, types: &Types<'_>) -> Result<Vec<Total>> {
        let decoded = |expression: &Arc<dyn PhysicalExpr>| types.decode(Arc::clone(expression));
        let totals = self.totals.iter().map(|total| {
            let value = total.value.as_ref().map(decoded).transpose()?;
            let condition = total.condition.as_ref().map(decoded).transpose()?;
            Ok(Total { value, condition, ..total.clone() })
        });
        totals.collect()
    }
}

impl DisplayAs for TotalsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        let given = self.totals.iter().zip(self.keys.len()..).filter(|(_, column)| self.given.contains(column));
        let totals: Vec<&str> = given.map(|(total, _)| total.name.as_str()).collect();
        write!(f, "TotalsExec: gby=[{}], aggr=[{}]", keys.join(", "), totals.join(", "))
    }
}

impl ExecutionPlan for TotalsExec {
    fn name(&self) -> &str {
        "TotalsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![match self.order {
            Some(_) => Distribution::KeyPartitioned(self.keys.clone()),
            None => Distribution::UnspecifiedDistribution,
        }])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.order.clone().map(Into::into)]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        visit(self.keys.iter().chain(self.totals.iter().flat_map(Total::reads)), f)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[_; 1]>::try_from(children).map_err(|_| Error::internal("TotalsExec has one child"))?;
        Ok(Arc::new(Self { input, metrics: ExecutionPlanMetricsSet::new(), ..Self::clone(&self) }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let input = self.input.execute(partition, Arc::clone(&context))?;
        let stream = TotalsStream::new(self, input, context.session_config().batch_size(), metrics)?;
        Ok(into_stream(stream, self.schema()))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
