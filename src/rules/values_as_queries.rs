//! VALUES with subqueries, which the engine plans and then doesn't run, as queries of one row each.
//!
//! ```text
//! VALUES (1, (SELECT ..)), (2, 3)      ->      SELECT 1, (SELECT ..) UNION ALL SELECT 2, 3
//! ```

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::logical_plan::Values;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::optimizer::AnalyzerRule;

/// See the module.
#[derive(Debug, Default)]
pub struct ValuesAsQueries;

impl AnalyzerRule for ValuesAsQueries {
    fn name(&self) -> &str {
        "values_as_queries"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let changed = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Values(values) if values.values.iter().flatten().any(asks) => {
                Ok(Transformed::yes(queries(values)?))
            }
            node => Ok(Transformed::no(node)),
        });
        Ok(changed?.data)
    }
}

fn asks(value: &Expr) -> bool {
    value
        .exists(|part| Ok(matches!(part, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_))))
        .unwrap_or(true)
}

fn queries(values: Values) -> Result<LogicalPlan> {
    let Values { schema, values } = values;
    let columns = || schema.fields().iter();
    let rows = values.into_iter().map(|row| {
        let cells = row.into_iter().zip(columns());
        let cells = cells.map(|(value, column)| cast(value, column.data_type().clone()).alias(column.name()));
        LogicalPlanBuilder::empty(true).project(cells)
    });
    let all = rows.reduce(|above, row| above?.union(row?.build()?));
    all.unwrap_or_else(|| {
        Ok(LogicalPlanBuilder::from(LogicalPlan::Values(Values { schema: Arc::clone(&schema), values: vec![] })))
    })?
    .build()
}
