//! Puts our function in the place of the engine's, under the same name.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::functions_aggregate::count::Count;
use datafusion::logical_expr::{AggregateUDF, Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

use super::function::CountTexts;
use crate::rules::expressions::rewrite_node;

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
            LogicalPlan::Aggregate(ref aggregate) if !aggregate.group_expr.is_empty() => {
                rewrite_node(node, |expression, inputs| self.count(expression, inputs))
            }
            other => Ok(Transformed::no(other)),
        });
        Ok(counted?.data)
    }
}

impl CountDistinct {
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
