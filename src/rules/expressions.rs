//! Rewrites the expressions of a plan, each with the columns it can read, and keeps the names of columns; moves one to other columns.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result};
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

/// An expression with what its columns stand for in their place; `of` leaves a column as it is by giving none.
pub(super) fn with_columns(expression: Expr, of: impl Fn(&Column) -> Result<Option<Expr>>) -> Result<Expr> {
    let moved = expression.transform(|e| {
        let stands_for = if let Expr::Column(column) = &e { of(column)? } else { None };
        Ok(stands_for.map_or_else(|| Transformed::no(e), Transformed::yes))
    });
    Ok(moved?.data)
}
