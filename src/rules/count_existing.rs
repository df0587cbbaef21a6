//! EXISTS outside of WHERE, which the engine doesn't plan, as a count.
//!
//! ```text
//! SELECT EXISTS (SELECT ..)      ->      SELECT (SELECT count(1) FROM (SELECT .. LIMIT 1)) > 0
//! ```
//!
//! A subquery that uses outer columns is counted without a limit: the engine joins it, once for all rows.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::functions_aggregate::count::count;
use datafusion::logical_expr::expr::Exists;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Subquery, lit};
use datafusion::optimizer::AnalyzerRule;

/// See the module.
#[derive(Debug, Default)]
pub struct CountExisting;

impl AnalyzerRule for CountExisting {
    fn name(&self) -> &str {
        "count_existing"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let counted = plan.transform_up_with_subqueries(|node| match node {
            // Of these the engine makes joins.
            LogicalPlan::Filter(_) | LogicalPlan::Join(_) => Ok(Transformed::no(node)),
            node => counted_in(node),
        });
        Ok(counted?.data)
    }
}

fn counted_in(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let names = NamePreserver::new(&node);
    node.map_expressions(|expression| {
        let name = names.save(&expression);
        let counted = expression.transform_up(|part| match part {
            Expr::Exists(exists) => Ok(Transformed::yes(counted(exists)?)),
            part => Ok(Transformed::no(part)),
        })?;
        Ok(counted.update_data(|expression| name.restore(expression)))
    })
}

fn counted(exists: Exists) -> Result<Expr> {
    let Exists { subquery, negated } = exists;
    let rows = LogicalPlanBuilder::from(subquery.subquery);
    let rows = if subquery.outer_ref_columns.is_empty() { rows.limit(0, Some(1))? } else { rows };
    let counted = rows.aggregate(Vec::<Expr>::new(), [count(lit(1i64))])?.build()?;
    let count = Expr::ScalarSubquery(Subquery { subquery: Arc::new(counted), ..subquery });
    Ok(if negated { count.eq(lit(0i64)) } else { count.gt(lit(0i64)) })
}
