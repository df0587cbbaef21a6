//! The engine's own aggregates over text as dictionaries, where nothing but conditions reads it: they are computed once per entry
//! in place of once per row.
//!
//! ```text
//! SELECT count(*) FILTER (WHERE channel = 'web'), sum(cost) FROM interactions WHERE team <> 'support'
//! ```

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::entities::{Types, input_in_codes};

/// The same aggregate, if the plan is one that reads rows, and reads no text but in conditions, over a source that has any.
pub fn in_codes(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else {
        return Ok(None);
    };
    let reads_rows =
        matches!(aggregate.mode(), AggregateMode::Partial | AggregateMode::Single | AggregateMode::SinglePartitioned);
    // What it was told beside its arguments, a new one would not know.
    let is_plain = aggregate.limit_options().is_none() && aggregate.dynamic_expressions_produced().is_empty();
    if !reads_rows || !is_plain || has_order(aggregate) {
        return Ok(None);
    }
    let Some(input) = input_in_codes(aggregate.input())? else {
        return Ok(None);
    };
    let types = Types { plain: &aggregate.input().schema(), coded: &input.schema() };
    let values = aggregate.aggr_expr().iter().flat_map(|function| function.expressions());
    let read = aggregate.group_expr().input_exprs().into_iter().chain(values);
    if read.into_iter().any(|expression| types.reads_codes(&expression)) {
        return Ok(None);
    }
    let condition = |condition: &Option<Arc<dyn PhysicalExpr>>| {
        condition.as_ref().map(|condition| types.condition(Arc::clone(condition))).transpose()
    };
    let conditions = aggregate.filter_expr().iter().map(condition).collect::<Result<Vec<_>>>()?;
    let (groups, functions) = (aggregate.group_expr().clone(), aggregate.aggr_expr().to_vec());
    let schema = aggregate.input_schema();
    let coded = AggregateExec::try_new(*aggregate.mode(), groups, functions, conditions, input, schema)?;
    // Groups that came side by side are to come so still.
    Ok((coded.input_order_mode() == aggregate.input_order_mode()).then(|| Arc::new(coded) as _))
}

/// Whether the order of rows matters to it.
fn has_order(aggregate: &AggregateExec) -> bool {
    aggregate.aggr_expr().iter().any(|function| !function.order_bys().is_empty())
}
