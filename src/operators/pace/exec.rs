//! The plan node: its input's rows, order, partitions and statistics, unchanged.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, EvaluationType, SchedulingType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    ReplaceChildrenOptions,
};

use super::stream::PaceStream;
use crate::error::Error;

/// Passes its input's rows on, with pauses.
#[derive(Debug, Clone)]
pub struct PaceExec {
    input: Arc<dyn ExecutionPlan>,
    mode: Mode,
    properties: Arc<PlanProperties>,
}

/// How batches are passed on.
#[derive(Debug, Clone)]
enum Mode {
    Whole,
    Sliced,
    /// Whole, and whether that has happened.
    Once(Arc<AtomicBool>),
}

impl PaceExec {
    /// Passes whole batches on: for a consumer whose work on one batch is small, but which never stops while there are
    /// more.
    pub fn whole(input: Arc<dyn ExecutionPlan>) -> Self {
        Self::new(input, Mode::Whole)
    }

    /// Passes whole batches on, once: for the side that a nested loop join collects. Where that doesn't fit into memory the engine
    /// would read it again, to put it on disk; but exchanges below panic when they are read twice, and the outer joins that
    /// go on from disk give their unmatched rows once per partition. So they end with 53200.
    pub fn once(input: Arc<dyn ExecutionPlan>) -> Self {
        Self::new(input, Mode::Once(Arc::default()))
    }

    /// Cuts batches so that the consumer's work on one takes about 100 ms: for the probe side of a join, where a single
    /// row may meet millions. A slice keeps the memory of the batch it is cut from, so a consumer that keeps its input
    /// should get whole batches.
    pub fn sliced(input: Arc<dyn ExecutionPlan>) -> Self {
        match input.downcast_ref::<Self>() {
            Some(paced) => Self::new(Arc::clone(&paced.input), Mode::Sliced),
            None => Self::new(input, Mode::Sliced),
        }
    }

    fn new(input: Arc<dyn ExecutionPlan>, mode: Mode) -> Self {
        let properties = PlanProperties::clone(input.properties())
            .with_evaluation_type(EvaluationType::Lazy)
            .with_scheduling_type(SchedulingType::Cooperative);
        Self { input, mode, properties: Arc::new(properties) }
    }
}

impl DisplayAs for PaceExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self.mode {
            Mode::Whole => "PaceExec",
            Mode::Sliced => "PaceExec: sliced",
            Mode::Once(_) => "PaceExec: once",
        })
    }
}

impl ExecutionPlan for PaceExec {
    fn name(&self) -> &str {
        "PaceExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[_; 1]>::try_from(children).map_err(|_| Error::internal("PaceExec has one child"))?;
        Ok(Arc::new(match self.mode {
            Mode::Whole => Self::whole(input),
            Mode::Sliced => Self::new(input, Mode::Sliced),
            // Another plan, which has not been read.
            Mode::Once(_) => Self::once(input),
        }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if let Mode::Once(read) = &self.mode
            && read.swap(true, Ordering::Relaxed)
        {
            let message = "out of memory: neither side of a join without equalities fits";
            return Err(DataFusionError::ResourcesExhausted(message.to_owned()));
        }
        let input = self.input.execute(partition, context)?;
        Ok(Box::pin(match self.mode {
            Mode::Sliced => PaceStream::sliced(input),
            Mode::Whole | Mode::Once(_) => PaceStream::whole(input),
        }))
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        Ok(Arc::clone(&inputs[0]))
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        FilterDescription::from_children(filters, &self.children())
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(result))
    }
}
