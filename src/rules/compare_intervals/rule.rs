//! Puts lengths in the place of intervals that are compared.

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, Sort};
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, LogicalPlan, WindowFunctionDefinition};
use datafusion::optimizer::AnalyzerRule;

use super::groups::{distinct, regrouped};
use super::length::{is_interval, length, of};
use crate::rules::expressions::rewrite_node;

/// See the module.
#[derive(Debug, Default)]
pub struct CompareIntervals;

impl AnalyzerRule for CompareIntervals {
    fn name(&self) -> &str {
        "compare_intervals"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(by_length)?.data)
    }
}

fn by_length(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let node = match node {
        LogicalPlan::Distinct(Distinct::All(input)) => match distinct(&input)? {
            Some(grouped) => return regrouped(grouped),
            None => return Ok(Transformed::no(LogicalPlan::Distinct(Distinct::All(input)))),
        },
        LogicalPlan::Distinct(Distinct::On(mut on)) => {
            let inputs = on.input.schema();
            on.on_expr = on.on_expr.into_iter().map(|expression| length(expression, inputs)).collect();
            on.sort_expr = on.sort_expr.map(|order| order.into_iter().map(|sort| ordered(sort, inputs)).collect());
            LogicalPlan::Distinct(Distinct::On(on))
        }
        LogicalPlan::Sort(mut sort) => {
            let inputs = sort.input.schema();
            sort.expr = sort.expr.into_iter().map(|by| ordered(by, inputs)).collect();
            LogicalPlan::Sort(sort)
        }
        LogicalPlan::Join(mut join) => {
            let (left, right) = (join.left.schema(), join.right.schema());
            join.on = join.on.into_iter().map(|(one, other)| (length(one, left), length(other, right))).collect();
            LogicalPlan::Join(join)
        }
        node => node,
    };
    let compared = rewrite_node(node, compared)?;
    compared.transform_data(|node| match node {
        LogicalPlan::Aggregate(aggregate) => regrouped(aggregate),
        node => Ok(Transformed::no(node)),
    })
}

fn ordered(sort: Sort, inputs: &DFSchema) -> Sort {
    Sort { expr: length(sort.expr, inputs), ..sort }
}

/// An expression that compares intervals, by their lengths.
fn compared(expression: Expr, inputs: &DFSchema) -> Transformed<Expr> {
    let lengthen = |expression: &mut Expr| *expression = length(std::mem::take(expression), inputs);
    let are_intervals = |expression: &Expr| is_interval(expression, inputs);
    match expression {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.supports_propagation() => {
            if !(are_intervals(&left) && are_intervals(&right)) {
                return Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }));
            }
            Transformed::yes(Expr::BinaryExpr(BinaryExpr {
                left: Box::new(of(*left)),
                op,
                right: Box::new(of(*right)),
            }))
        }
        Expr::Between(mut between) if are_intervals(&between.expr) => {
            [&mut between.expr, &mut between.low, &mut between.high].into_iter().for_each(|part| lengthen(part));
            Transformed::yes(Expr::Between(between))
        }
        Expr::InList(mut list) if are_intervals(&list.expr) => {
            lengthen(&mut list.expr);
            list.list.iter_mut().for_each(lengthen);
            Transformed::yes(Expr::InList(list))
        }
        Expr::AggregateFunction(call) => aggregated(call, inputs),
        Expr::WindowFunction(mut call) => {
            let params = &mut call.params;
            params.partition_by.iter_mut().for_each(lengthen);
            params.order_by.iter_mut().for_each(|sort| lengthen(&mut sort.expr));
            let counts = matches!(&call.fun, WindowFunctionDefinition::AggregateUDF(f) if f.name() == "count");
            if params.distinct && counts {
                params.args.iter_mut().for_each(lengthen);
            }
            Transformed::yes(Expr::WindowFunction(call))
        }
        other => Transformed::no(other),
    }
}

fn aggregated(mut call: AggregateFunction, inputs: &DFSchema) -> Transformed<Expr> {
    call.params.order_by = call.params.order_by.into_iter().map(|sort| ordered(sort, inputs)).collect();
    if let [interval] = call.params.args.as_mut_slice()
        && is_interval(interval, inputs)
    {
        match call.func.name() {
            "count" if call.params.distinct => *interval = of(std::mem::take(interval)),
            name @ ("min" | "max") => {
                call.params.order_by = vec![Sort::new(of(interval.clone()), name == "min", false)];
                call.params.distinct = false;
                call.func = first_value_udaf();
            }
            _ => {}
        }
    }
    Transformed::yes(Expr::AggregateFunction(call))
}
