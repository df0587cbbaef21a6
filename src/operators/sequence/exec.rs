//! The plan node: asks for rows of one entity in one partition, in the order of time, and runs the stream over each
//! partition. Where the input has that order the planner adds nothing, elsewhere an exchange and a sort.

use std::fmt;
use std::sync::Arc;

use arrow::compute::BatchCoalescer;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::ProjectionMapping;
use datafusion::physical_expr::{EquivalenceProperties, OrderingRequirements};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, Partitioning, PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
};
use tokio::sync::OnceCell;

use super::beside::{Collected, Collecting};
use super::prepare::{Arguments, Prepare, Side};
use super::stream::{Others, SequenceStream};
use super::ties::Ties;
use crate::error::Error;
use crate::operators::entities::{Without, into_stream, visit};

/// Runs a sequence function.
#[derive(Debug, Clone)]
pub(super) struct SequenceExec {
    arguments: Arguments,
    input: Arc<dyn ExecutionPlan>,
    /// Rows beside those: what is read of them, and where they come from.
    beside: Option<Beside>,
    /// Those rows, once a partition has asked for them.
    collected: Arc<OnceCell<Arc<Collected>>>,
    /// The entity's columns, then the function's.
    answer: SchemaRef,
    /// Which of those it gives, under which names.
    given: Vec<(usize, String)>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// What is read of the rows beside, and where they come from.
pub(super) type Beside = (Side, Arc<dyn ExecutionPlan>);

impl SequenceExec {
    /// The answer has the entity's columns first.
    pub fn try_new(
        arguments: Arguments,
        input: Arc<dyn ExecutionPlan>,
        beside: Option<Beside>,
        answer: SchemaRef,
    ) -> Result<Self> {
        let given = answer.fields().iter().enumerate().map(|(index, field)| (index, field.name().clone()));
        let given = given.collect();
        Self::giving(arguments, input, beside, answer, given)
    }

    /// What it computes.
    pub fn arguments(&self) -> &Arguments {
        &self.arguments
    }

    /// Its rows.
    pub fn input(&self) -> &Arc<dyn ExecutionPlan> {
        &self.input
    }

    /// The rows beside those.
    pub fn beside(&self) -> Option<&Beside> {
        self.beside.as_ref()
    }

    /// The same answer from rows without what their entity belongs to, if the source knows that they lie together without it, and
    /// nobody reads it.
    pub fn without_owner(&self) -> Result<Option<Self>> {
        let rows = &self.arguments.rows;
        let keys: Vec<_> = rows.keys().cloned().collect();
        let (owners, is_total) = (rows.owner.len(), self.arguments.function.is_total());
        let place = |key: usize| key.checked_sub(owners).filter(|_| !is_total);
        let needed = |key| place(key).is_some_and(|column| self.given.iter().any(|(given, _)| *given == column));
        let others: Vec<_> = rows.per_row().skip(rows.entity.len()).cloned().collect();
        if self.beside.is_some() {
            return Ok(None);
        }
        let Some(without) = Without::determined(&self.input, &keys, needed, &others)? else {
            return Ok(None);
        };
        let Self { mut given, mut answer, .. } = self.clone();
        if let Some(column) = place(without.key) {
            let fields = answer.fields().iter().enumerate().filter(|(at, _)| *at != column).map(|(_, field)| field);
            answer = Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()));
            given.iter_mut().for_each(|(at, _)| *at -= usize::from(*at > column));
        }
        let arguments = Arguments { rows: rows.over(&without)?, ..self.arguments.clone() };
        Self::giving(arguments, without.input, None, answer, given).map(Some)
    }

    /// The same answer from the same rows in other types.
    pub fn with_input(
        &self,
        arguments: Arguments,
        input: Arc<dyn ExecutionPlan>,
        beside: Option<Beside>,
    ) -> Result<Self> {
        Self::giving(arguments, input, beside, Arc::clone(&self.answer), self.given.clone())
    }

    fn giving(
        mut arguments: Arguments,
        input: Arc<dyn ExecutionPlan>,
        beside: Option<Beside>,
        answer: SchemaRef,
        given: Vec<(usize, String)>,
    ) -> Result<Self> {
        let keys = arguments.keys();
        arguments.wanted =
            (keys..answer.fields().len()).map(|own| given.iter().any(|(index, _)| *index == own)).collect();
        let columns = arguments.rows.entity.iter().take(keys).zip(answer.fields());
        let columns = columns.map(|(entity, field)| (Arc::clone(entity), field.name().clone()));
        let mapping = ProjectionMapping::try_new(columns, &input.schema())?;
        let equivalences = match beside {
            Some(_) => EquivalenceProperties::new(Arc::clone(&answer)),
            None => input.equivalence_properties().project(&mapping, Arc::clone(&answer)),
        };
        // Who is last to end answers for entities without rows: they are in nobody's range.
        let partitioning = match arguments.function.is_total() || beside.is_some() {
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
        let (collected, properties) = (Arc::default(), Arc::new(properties));
        Ok(Self { arguments, input, beside, collected, answer, given, properties, metrics })
    }

    /// What is read of its inputs, and they.
    fn sides(&self) -> impl Iterator<Item = (&Side, &Arc<dyn ExecutionPlan>)> {
        let beside = self.beside.as_ref().map(|(side, input)| (side, input));
        [(&self.arguments.rows, &self.input)].into_iter().chain(beside)
    }

    fn collecting(&self) -> Option<Collecting> {
        let (side, input) = self.beside.clone()?;
        let own = self.arguments.rows.slots.len();
        Some(Collecting {
            function: self.arguments.function.name(),
            side,
            slot_types: self.arguments.slot_types[own..].to_vec(),
            input,
            asking: self.input.output_partitioning().partition_count(),
        })
    }
}

impl DisplayAs for SequenceExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let list = |expressions: &[Arc<dyn PhysicalExpr>]| {
            expressions.iter().map(|e| e.to_string()).collect::<Vec<_>>().join(", ")
        };
        let Arguments { function, rows: Side { entity, owner, at, tiebreak, slots, .. }, .. } = &self.arguments;
        let of = |owner: &[Arc<dyn PhysicalExpr>]| match owner {
            [] => String::new(),
            owner => format!(" of [{}]", list(owner)),
        };
        write!(f, "SequenceExec: {}, entity=[{}]{}, at={at}", function.name(), list(entity), of(owner))?;
        if !tiebreak.is_empty() {
            write!(f, ", tiebreak=[{}]", list(tiebreak))?;
        }
        let read = slots.iter().filter(|(_, slot)| !slot.is_empty());
        read.into_iter().try_for_each(|(_, slot)| write!(f, ", reads=[{}]", list(slot)))?;
        match &self.beside {
            Some((Side { entity, owner, at, .. }, _)) => {
                write!(f, ", beside: entity=[{}]{}, at={at}", list(entity), of(owner))
            }
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for SequenceExec {
    fn name(&self) -> &str {
        "SequenceExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    /// The two inputs needn't agree: rows beside are found by their entity wherever they are.
    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        let keys = self.sides().map(|(side, _)| match side.promised {
            true => Distribution::UnspecifiedDistribution,
            false => Distribution::KeyPartitioned(side.keys().cloned().collect()),
        });
        InputDistributionRequirements::new(keys.collect())
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let order = |side: &Side| if side.promised { None } else { side.order() };
        self.sides().map(|(side, _)| order(side).map(Into::into)).collect()
    }

    /// Rows that come in order are read as they come, even in one partition: more of them would have to be sorted again.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        self.sides().map(|(side, input)| !side.comes_in_order(input).unwrap_or(false)).collect()
    }

    /// The order by entity is in the node's properties. Saying here that it keeps its input's would let the engine move a sort
    /// of the answer below it, by the numbers of columns that mean others there.
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false; self.children().len()]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.sides().map(|(_, input)| input).collect()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let beside = self.beside.iter().flat_map(|(side, _)| side.per_row());
        visit(
            self.arguments
                .rows
                .per_row()
                .chain(&self.arguments.rows.owner)
                .chain(&self.arguments.constants)
                .chain(beside),
            f,
        )
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut children = children.into_iter();
        let input = children.next().ok_or_else(|| Error::internal("SequenceExec without a child"))?;
        let beside = self.beside.as_ref().map(|(side, _)| side.clone()).zip(children.next());
        Ok(Arc::new(self.with_input(self.arguments.clone(), input, beside)?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let prepare = Prepare::new(self.arguments.rows.clone())?;
        let name = self.arguments.function.name();
        let memory = MemoryConsumer::new(format!("{name}[{partition}]")).register(context.memory_pool());
        let stream = SequenceStream {
            name,
            input: self.input.execute(partition, Arc::clone(&context))?,
            codes: prepare.codes(&self.arguments.slot_types)?,
            prepare,
            ties: (!self.arguments.rows.tiebreak.is_empty()).then(|| Ties::new(self.arguments.rows.clone())),
            arguments: self.arguments.clone(),
            beside: self.collecting().map(|collecting| Others {
                collected: Arc::clone(&self.collected),
                collecting,
                context: Arc::clone(&context),
                cursors: vec![],
            }),
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
        Ok(into_stream(stream, self.schema()))
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { collected: Arc::default(), ..Self::clone(&self) }))
    }

    /// A projection that only picks columns is this node's own business: its kernel needn't make the others.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let picked = projection.expr().iter().map(|picked| {
            let column = picked.expr.downcast_ref::<Column>()?;
            Some((self.given.get(column.index())?.0, picked.alias.clone()))
        });
        match picked.collect::<Option<Vec<_>>>() {
            Some(given) if !given.is_empty() => {
                let (arguments, input, beside) = (self.arguments.clone(), Arc::clone(&self.input), self.beside.clone());
                Ok(Some(Arc::new(Self::giving(arguments, input, beside, Arc::clone(&self.answer), given)?)))
            }
            _ => Ok(None),
        }
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
