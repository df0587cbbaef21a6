//! Subqueries in aggregates, sorts and windows are computed in a projection below: the engine plans those that use outer columns in
//! select lists and WHERE alone.
//!
//! ```text
//! Aggregate: sum((SELECT ..))      ->      Aggregate: sum("#1")
//!   t                                        Projection: t.*, (SELECT ..) AS "#1"
//!                                              t
//! ```

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::AnalyzerRule;

/// See the module.
#[derive(Debug, Default)]
pub struct SubqueriesBelow;

impl AnalyzerRule for SubqueriesBelow {
    fn name(&self) -> &str {
        "subqueries_below"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let moved = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Aggregate(_) | LogicalPlan::Sort(_) | LogicalPlan::Window(_) => below(node),
            node => Ok(Transformed::no(node)),
        });
        Ok(moved?.data)
    }
}

fn below(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let mut found: Vec<Expr> = Vec::new();
    let names = NamePreserver::new(&node);
    let columns = node.schema().columns();
    let is_aggregate = matches!(node, LogicalPlan::Aggregate(_));
    // Rows are merged by values that are at hand, not by those of a subquery that has yet to run.
    let is_sort = matches!(node, LogicalPlan::Sort(_));
    let replaced = node.map_expressions(|expression| {
        let name = names.save(&expression);
        let replaced = expression.transform_down(|part| match part {
            Expr::ScalarSubquery(ref subquery) if is_sort || !subquery.outer_ref_columns.is_empty() => {
                let at = found.iter().position(|known| *known == part).unwrap_or_else(|| {
                    found.push(part.clone());
                    found.len() - 1
                });
                Ok(Transformed::yes(Expr::Column(Column::new_unqualified(named(at)))))
            }
            part => Ok(Transformed::no(part)),
        })?;
        Ok(replaced.update_data(|expression| name.restore(expression)))
    })?;
    if found.is_empty() {
        return Ok(replaced);
    }
    let node = replaced.data;
    let input = node.inputs()[0].clone();
    let kept = input.schema().columns().into_iter().map(Expr::Column);
    let computed = found.into_iter().enumerate().map(|(at, subquery)| subquery.alias(named(at)));
    let kept: Vec<Expr> = kept.chain(computed).collect();
    let input = LogicalPlanBuilder::from(input).project(kept)?.build()?;
    let node = node.with_new_exprs(node.expressions(), vec![input])?;
    if is_aggregate {
        return Ok(Transformed::yes(node));
    }
    // What was computed below is no column of these.
    let columns: Vec<Expr> = columns.into_iter().map(Expr::Column).collect();
    let node = LogicalPlanBuilder::from(Arc::new(node)).project(columns)?.build()?;
    Ok(Transformed::yes(node))
}

fn named(at: usize) -> String {
    format!("#{at}")
}
