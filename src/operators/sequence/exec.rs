//! The plan node: asks for rows of one entity in one partition, in the order of time, and runs the stream over each
//! partition. Where the input has that order the planner adds nothing, elsewhere an exchange and a sort.

use std::fmt;
use std::sync::Arc;

use arrow::compute::{BatchCoalescer, SortOptions};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::ProjectionMapping;
use datafusion::physical_expr::{LexOrdering, OrderingRequirements, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, Partitioning, PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
};

use super::prepare::{Arguments, Prepare};
use super::stream::SequenceStream;
use crate::error::Error;

/// Runs a sequence function.
#[derive(Debug, Clone)]
pub(super) struct SequenceExec {
    arguments: Arguments,
    input: Arc<dyn ExecutionPlan>,
    /// The entity's columns, then the function's.
    answer: SchemaRef,
    /// Which of those it gives, under which names.
    given: Vec<(usize, String)>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl SequenceExec {
    /// The answer has the entity's columns first.
    pub fn try_new(arguments: Arguments, input: Arc<dyn ExecutionPlan>, answer: SchemaRef) -> Result<Self> {
        let given = answer.fields().iter().enumerate().map(|(index, field)| (index, field.name().clone()));
        let given = given.collect();
        Self::giving(arguments, input, answer, given)
    }

    fn giving(
        mut arguments: Arguments,
        input: Arc<dyn ExecutionPlan>,
        answer: SchemaRef,
        given: Vec<(usize, String)>,
    ) -> Result<Self> {
        let keys = arguments.keys();
        arguments.wanted =
            (keys..answer.fields().len()).map(|own| given.iter().any(|(index, _)| *index == own)).collect();
        let columns = arguments.entity.iter().take(keys).zip(answer.fields());
        let columns = columns.map(|(entity, field)| (Arc::clone(entity), field.name().clone()));
        let mapping = ProjectionMapping::try_new(columns, &input.schema())?;
        let equivalences = input.equivalence_properties().project(&mapping, Arc::clone(&answer));
        let partitioning = match arguments.function.is_total() {
            true => Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            false => input.output_partitioning().project(&mapping, input.equivalence_properties()),
        };
        let fields = given.iter().map(|(index, name)| answer.field(*index).clone().with_name(name));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = given.iter().map(|(index, name)| {
            let column = Column::new(answer.field(*index).name(), *index);
            (Arc::new(column) as Arc<dyn PhysicalExpr>, name.clone())
        });
        let mapping = ProjectionMapping::try_new(columns, &answer)?;
        let partitioning = partitioning.project(&mapping, &equivalences);
        let equivalences = equivalences.project(&mapping, schema);
        let properties =
            PlanProperties::new(equivalences, partitioning, EmissionType::Incremental, Boundedness::Bounded);
        let metrics = ExecutionPlanMetricsSet::new();
        Ok(Self { arguments, input, answer, given, properties: Arc::new(properties), metrics })
    }
}

impl DisplayAs for SequenceExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let list = |expressions: &[Arc<dyn PhysicalExpr>]| {
            expressions.iter().map(|e| e.to_string()).collect::<Vec<_>>().join(", ")
        };
        let Arguments { function, entity, at, tiebreak, slots, .. } = &self.arguments;
        write!(f, "SequenceExec: {}, entity=[{}], at={at}", function.name(), list(entity))?;
        if !tiebreak.is_empty() {
            write!(f, ", tiebreak=[{}]", list(tiebreak))?;
        }
        slots.iter().filter(|slot| !slot.is_empty()).try_for_each(|slot| write!(f, ", reads=[{}]", list(slot)))
    }
}

impl ExecutionPlan for SequenceExec {
    fn name(&self) -> &str {
        "SequenceExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::KeyPartitioned(self.arguments.entity.clone())])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let Arguments { entity, at, tiebreak, .. } = &self.arguments;
        let keys = entity.iter().chain([at]).chain(tiebreak);
        let options = SortOptions { descending: false, nulls_first: false };
        vec![LexOrdering::new(keys.map(|key| PhysicalSortExpr::new(Arc::clone(key), options))).map(Into::into)]
    }

    /// The order by entity is in the node's properties. Saying here that it keeps its input's would let the engine move a sort
    /// of the answer below it, by the numbers of columns that mean others there.
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let Arguments { entity, at, tiebreak, slots, constants, .. } = &self.arguments;
        for expression in entity.iter().chain([at]).chain(tiebreak).chain(slots.iter().flatten()).chain(constants) {
            if f(expression)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[_; 1]>::try_from(children).map_err(|_| Error::internal("SequenceExec has one child"))?;
        Ok(Arc::new(Self::giving(self.arguments.clone(), input, Arc::clone(&self.answer), self.given.clone())?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let prepare = Prepare::new(self.arguments.clone())?;
        let name = self.arguments.function.name();
        let memory = MemoryConsumer::new(format!("{name}[{partition}]")).register(context.memory_pool());
        let stream = SequenceStream {
            name,
            input: self.input.execute(partition, Arc::clone(&context))?,
            codes: prepare.codes()?,
            prepare,
            schema: self.schema(),
            given: self.given.iter().map(|(index, _)| *index).collect(),
            total: self.arguments.function.is_total(),
            kernel: None,
            open: None,
            answer: BatchCoalescer::new(self.schema(), context.session_config().batch_size()),
            memory,
            metrics: BaselineMetrics::new(&self.metrics, partition),
            ended: false,
        };
        Ok(stream.into_stream())
    }

    /// A projection that only picks columns is this node's own business: its kernel needn't make the others.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let picked = projection.expr().iter().map(|picked| {
            let column = picked.expr.downcast_ref::<Column>()?;
            Some((self.given.get(column.index())?.0, picked.alias.clone()))
        });
        match picked.collect::<Option<Vec<_>>>() {
            Some(given) if !given.is_empty() => {
                let (arguments, input, answer) =
                    (self.arguments.clone(), Arc::clone(&self.input), Arc::clone(&self.answer));
                Ok(Some(Arc::new(Self::giving(arguments, input, answer, given)?)))
            }
            _ => Ok(None),
        }
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
