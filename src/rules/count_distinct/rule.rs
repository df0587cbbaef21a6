//! Puts our function in the place of the engine's, under the same name.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::functions_aggregate::count::Count;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{AggregateUDF, Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

use super::function::CountTexts;

/// See the module.
#[derive(Debug)]
pub struct CountDistinct {
    function: Arc<AggregateUDF>,
}

impl Default for CountDistinct {
    fn default() -> Self {
        Self { function: Arc::new(AggregateUDF::from(CountTexts::default())) }
    }
}

impl AnalyzerRule for CountDistinct {
    fn name(&self) -> &str {
        "count_distinct"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let counted = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Aggregate(ref aggregate) if !aggregate.group_expr.is_empty() => self.replace(node),
            other => Ok(Transformed::no(other)),
        });
        Ok(counted?.data)
    }
}

impl CountDistinct {
    fn replace(&self, node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        let inputs = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expression| {
            let name = names.save(&expression);
            let counted = expression.transform_up(|e| Ok(self.count(e, &inputs)))?;
            Ok(counted.update_data(|e| name.restore(e)))
        })
    }

    fn count(&self, expression: Expr, inputs: &DFSchema) -> Transformed<Expr> {
        match expression {
            Expr::AggregateFunction(mut call) if call.func.inner().is::<Count>() && call.params.distinct => {
                let [counted] = call.params.args.as_slice() else {
                    return Transformed::no(Expr::AggregateFunction(call));
                };
                if !matches!(counted.get_type(inputs), Ok(DataType::Utf8View)) {
                    return Transformed::no(Expr::AggregateFunction(call));
                }
                call.func = Arc::clone(&self.function);
                call.params.distinct = false;
                Transformed::yes(Expr::AggregateFunction(call))
            }
            other => Transformed::no(other),
        }
    }
}
