//! Puts a [`PaceExec`] wherever an operator may work long without a pause, so that the query can be cancelled and others
//! get their turn. Without it one poll of a nested loop join over two million-row tables ran for 422 seconds.
//!
//! Two things make an operator deaf. Its input never says "not now": sources and exchanges do only every 128 batches, and
//! sorts, aggregates and joins not at all once they have rows; a window or an aggregate above then works through all of
//! them. So the rule puts a pause between each of these and its consumer. Or one batch is work without end: a join compares
//! it with the whole other side and may keep nothing. So the rule has that input sliced.
//!
//! Exchanges need no pauses below them: they pass batches to a bounded channel and stop when it is full.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinSide, Result};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::execution_plan::{EvaluationType, replace_children_if_necessary};
use datafusion::physical_plan::explain::ExplainExec;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PiecewiseMergeJoinExec, SortMergeJoinExec, SymmetricHashJoinExec,
};
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::unnest::UnnestExec;

use crate::operators::pace::PaceExec;

/// See the module.
#[derive(Debug, Default)]
pub struct PaceStreams;

impl PhysicalOptimizerRule for PaceStreams {
    fn name(&self) -> &str {
        "PaceStreams"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.transform_up(pace_inputs)?.data;
        Ok(if is_tireless(plan.as_ref()) { Arc::new(PaceExec::whole(plan)) } else { plan })
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn pace_inputs(node: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    if is_exchange(node.as_ref()) {
        return Ok(Transformed::no(node));
    }
    let endless = input_that_is_work_without_end(node.as_ref());
    let children: Vec<Arc<dyn ExecutionPlan>> = node.children().into_iter().cloned().collect();
    let paced = children.into_iter().enumerate().map(|(index, child)| -> Arc<dyn ExecutionPlan> {
        if endless == Some(index) {
            Arc::new(PaceExec::sliced(child))
        } else if node.is::<NestedLoopJoinExec>() {
            Arc::new(PaceExec::once(child))
        } else if is_tireless(child.as_ref()) {
            Arc::new(PaceExec::whole(child))
        } else {
            child
        }
    });
    let paced = paced.collect();
    Ok(Transformed::yes(replace_children_if_necessary(node, paced)?))
}

/// Whether an operator may hand over any number of batches without a pause.
fn is_tireless(node: &dyn ExecutionPlan) -> bool {
    let one_batch = node.is::<EmptyExec>() || node.is::<PlaceholderRowExec>() || node.is::<ExplainExec>();
    node.children().is_empty() && !one_batch
        || is_exchange(node)
        || node.is::<SortExec>()
        || node.is::<AggregateExec>()
        || node.is::<CrossJoinExec>()
        || node.is::<PiecewiseMergeJoinExec>()
        || node.is::<SymmetricHashJoinExec>()
        || input_that_is_work_without_end(node).is_some()
}

/// Whether an operator runs its input in tasks of its own.
fn is_exchange(node: &dyn ExecutionPlan) -> bool {
    node.properties().evaluation_type == EvaluationType::Eager
}

/// The child of which one batch can be any amount of work: the probe side of a join, the lists of an unnest.
fn input_that_is_work_without_end(node: &dyn ExecutionPlan) -> Option<usize> {
    if node.is::<NestedLoopJoinExec>() || node.is::<HashJoinExec>() {
        Some(1)
    } else if let Some(join) = node.downcast_ref::<SortMergeJoinExec>() {
        Some(usize::from(SortMergeJoinExec::probe_side(&join.join_type()) == JoinSide::Right))
    } else if node.is::<UnnestExec>() {
        Some(0)
    } else {
        None
    }
}
