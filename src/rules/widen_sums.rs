//! Makes `sum` of a bigint exact: the engine's own wraps around where the sum leaves the 64 bits.
//!
//! The rule sums in a numeric of 38 digits, which no table can overflow, and casts the result back:
//!
//! ```text
//! Aggregate: sum(x)      ->      Projection: CAST(sum(x) AS bigint)          fails (22003) where the sum doesn't fit
//!                                  Aggregate: sum(CAST(x AS numeric(19,0)))
//! ```
//!
//! A sum of narrower integers is left alone: four billion of the largest rows would be needed.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Projection, WindowFunctionDefinition, cast};
use datafusion::optimizer::AnalyzerRule;

/// A numeric that holds every bigint; the engine sums it in 38 digits.
const EVERY_BIGINT: DataType = DataType::Decimal128(19, 0);

/// See the module.
#[derive(Debug, Default)]
pub struct WidenSums;

impl AnalyzerRule for WidenSums {
    fn name(&self) -> &str {
        "widen_sums"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let widened = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Aggregate(_) | LogicalPlan::Window(_) => widen(node),
            other => Ok(Transformed::no(other)),
        });
        Ok(widened?.data)
    }
}

fn widen(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let inputs = merge_schema(&node.inputs());
    let names = NamePreserver::new_for_projection();
    let before = Arc::clone(node.schema());
    let widened = node.map_expressions(|expression| {
        let name = names.save(&expression);
        let widened = expression.transform_down(|e| {
            let overflows = summed(&e).is_some_and(|bigint| may_overflow(bigint, &inputs));
            Ok(if overflows { Transformed::yes(wide(e)) } else { Transformed::no(e) })
        })?;
        Ok(widened.update_data(|e| name.restore(e)))
    })?;
    if !widened.transformed {
        return Ok(widened);
    }
    let wide = widened.data.recompute_schema()?;
    let columns = before.iter().zip(wide.schema().iter()).map(|((qualifier, field), (_, now))| {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        if field.data_type() == now.data_type() {
            column
        } else {
            cast(column, field.data_type().clone()).alias_qualified(qualifier.cloned(), field.name())
        }
    });
    let columns = columns.collect();
    Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(wide))?)))
}

/// What a call of `sum` adds up.
fn summed(expression: &Expr) -> Option<&Expr> {
    match expression {
        Expr::AggregateFunction(call) if call.func.name() == "sum" => call.params.args.first(),
        Expr::WindowFunction(call) => match &call.fun {
            WindowFunctionDefinition::AggregateUDF(function) if function.name() == "sum" => call.params.args.first(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a sum of it can leave the 64 bits. Narrower integers reach `sum` in the cast that type coercion puts around them.
fn may_overflow(summed: &Expr, inputs: &DFSchema) -> bool {
    let narrow = match summed {
        Expr::Cast(inner) => inner.expr.get_type(inputs).is_ok_and(|t| t.is_integer() && t.primitive_width() < Some(8)),
        _ => false,
    };
    !narrow && summed.get_type(inputs).is_ok_and(|t| t == DataType::Int64)
}

fn wide(mut sum: Expr) -> Expr {
    let arguments = match &mut sum {
        Expr::AggregateFunction(call) => &mut call.params.args,
        Expr::WindowFunction(call) => &mut call.params.args,
        _ => return sum,
    };
    for argument in arguments {
        *argument = cast(argument.clone(), EVERY_BIGINT);
    }
    sum
}
