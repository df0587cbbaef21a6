//! Groups by intervals: of the rows of one length, one interval is shown.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Projection};

use super::length::{is_interval, of};

/// The grouping of all columns that `SELECT DISTINCT` is, where one of them is an interval.
pub(super) fn distinct(input: &Arc<LogicalPlan>) -> Result<Option<Aggregate>> {
    let columns: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
    match columns.iter().any(|column| is_interval(column, input.schema())) {
        true => Ok(Some(Aggregate::try_new(Arc::clone(input), columns, vec![])?)),
        false => Ok(None),
    }
}

/// A grouping by lengths in the place of one by intervals, under the same names.
pub(super) fn regrouped(aggregate: Aggregate) -> Result<Transformed<LogicalPlan>> {
    let inputs = Arc::clone(aggregate.input.schema());
    let by_interval: Vec<bool> =
        aggregate.group_expr.iter().map(|expression| is_interval(expression, &inputs)).collect();
    if !by_interval.contains(&true) {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    }
    let before = Arc::clone(&aggregate.schema);
    let (mut groups, mut shown) = (vec![], vec![]);
    for (expression, is_interval) in aggregate.group_expr.into_iter().zip(&by_interval) {
        if *is_interval {
            let expression = expression.unalias();
            groups.push(of(expression.clone()));
            shown.push(first(expression).alias(format!("shown {}", shown.len())));
        } else {
            groups.push(expression);
        }
    }
    let (width, computed) = (groups.len(), aggregate.aggr_expr.len());
    let aggregates = aggregate.aggr_expr.into_iter().chain(shown).collect();
    let grouped = Aggregate::try_new(aggregate.input, groups, aggregates)?;
    // After the groups come what was asked for, and then what is shown of each interval.
    let mut next = width + computed;
    let columns = before.iter().enumerate().map(|(at, (qualifier, field))| {
        let place = match by_interval.get(at) {
            Some(true) => {
                next += 1;
                next - 1
            }
            _ => at,
        };
        let column = Expr::Column(Column::from(grouped.schema.qualified_field(place)));
        column.alias_qualified(qualifier.cloned(), field.name())
    });
    let columns = columns.collect();
    let projection = Projection::try_new(columns, Arc::new(LogicalPlan::Aggregate(grouped)))?;
    Ok(Transformed::yes(LogicalPlan::Projection(projection)))
}

/// One of the values of a group.
fn first(expression: Expr) -> Expr {
    Expr::AggregateFunction(AggregateFunction::new_udf(first_value_udaf(), vec![expression], false, None, vec![], None))
}
