//! Has a sequence function sum its own answer where an aggregate above would do nothing else with it: credit by channel needs
//! no row per conversion and touch.
//!
//! ```text
//! Aggregate: group by touch, sum(linear)      ->      Aggregate: group by touch, sum(linear)
//!   Sequence: attribution, a row per touch              Sequence: attribution, a row per partition and channel
//! ```

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Projection, SubqueryAlias};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use crate::operators::sequence::Sequence;

/// See the module.
#[derive(Debug, Default)]
pub struct SumSequences;

impl OptimizerRule for SumSequences {
    fn name(&self) -> &str {
        "sum_sequences"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(aggregate) = &plan else {
            return Ok(Transformed::no(plan));
        };
        let Some(input) = summed(aggregate) else {
            return Ok(Transformed::no(plan));
        };
        let (input, groups, sums) = (Arc::new(input?), aggregate.group_expr.clone(), aggregate.aggr_expr.clone());
        let schema = Arc::clone(&aggregate.schema);
        Ok(Transformed::yes(LogicalPlan::Aggregate(Aggregate::try_new_with_schema(input, groups, sums, schema)?)))
    }
}

/// The input of an aggregate, summed, if it groups by one column and sums others.
fn summed(aggregate: &Aggregate) -> Option<Result<LogicalPlan>> {
    let [Expr::Column(group)] = aggregate.group_expr.as_slice() else {
        return None;
    };
    let sums = aggregate.aggr_expr.iter().map(|sum| match sum {
        Expr::AggregateFunction(AggregateFunction { func, params }) => {
            let is_plain =
                func.name() == "sum" && !params.distinct && params.filter.is_none() && params.order_by.is_empty();
            match params.args.as_slice() {
                [Expr::Column(column)] if is_plain => Some(column.name()),
                _ => None,
            }
        }
        _ => None,
    });
    let mut sums = sums.collect::<Option<Vec<&str>>>()?;
    sums.sort_unstable();
    sums.dedup();
    below(&aggregate.input, group.name(), &sums)
}

/// The same plan over a function that sums; names stay what they are on the way.
fn below(plan: &LogicalPlan, group: &str, sums: &[&str]) -> Option<Result<LogicalPlan>> {
    match plan {
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, .. }) => {
            let input = below(input, group, sums)?;
            Some(input.and_then(|input| {
                Ok(LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(Arc::new(input), alias.clone())?))
            }))
        }
        LogicalPlan::Projection(Projection { expr, input, .. }) => {
            let picks = expr.iter().all(|picked| matches!(picked, Expr::Column(_)));
            if picks { below(input, group, sums) } else { None }
        }
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref::<Sequence>()?.summed(group, sums),
        _ => None,
    }
}
