//! Rewrites the expressions of a plan, each with the columns it can read, and keeps the names of columns.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, LogicalPlan};

/// Rewrites the expressions of all nodes, those of subqueries too, from the leaves up.
pub(super) fn rewrite(plan: LogicalPlan, with: impl Fn(Expr, &DFSchema) -> Transformed<Expr>) -> Result<LogicalPlan> {
    Ok(plan.transform_up_with_subqueries(|node| rewrite_node(node, &with))?.data)
}

/// Rewrites the expressions of one node.
pub(super) fn rewrite_node(
    node: LogicalPlan,
    with: impl Fn(Expr, &DFSchema) -> Transformed<Expr>,
) -> Result<Transformed<LogicalPlan>> {
    let inputs = merge_schema(&node.inputs());
    let names = NamePreserver::new(&node);
    node.map_expressions(|expression| {
        let name = names.save(&expression);
        let rewritten = expression.transform_up(|e| Ok(with(e, &inputs)))?;
        Ok(rewritten.update_data(|e| name.restore(e)))
    })
}
