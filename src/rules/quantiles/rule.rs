//! Puts one call of our function in the place of the engine's `percentile_cont` over the same rows.
//!
//! ```text
//! Aggregate: percentile_cont(d, .25), percentile_cont(d, .5), count(d)
//!
//! Projection: quantiles(d, .25, false, .5, false)['0'], quantiles(d, .25, false, .5, false)['1'], count(d)
//!   Aggregate: quantiles(d, .25, false, .5, false), count(d)
//! ```

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_aggregate::percentile_cont::PercentileCont;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{Aggregate, AggregateUDF, Expr, ExprSchemable, LogicalPlan, Projection, lit};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::function::{QuantilesOf, name};
use super::select::Place;

/// See the module.
#[derive(Debug)]
pub struct Quantiles {
    function: Arc<AggregateUDF>,
}

impl Default for Quantiles {
    fn default() -> Self {
        Self { function: Arc::new(AggregateUDF::from(QuantilesOf::default())) }
    }
}

impl OptimizerRule for Quantiles {
    fn name(&self) -> &str {
        "quantiles"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match &plan {
            LogicalPlan::Aggregate(aggregate) => match self.together(aggregate)? {
                Some(together) => Ok(Transformed::yes(together)),
                None => Ok(Transformed::no(plan)),
            },
            _ => Ok(Transformed::no(plan)),
        }
    }
}

/// The quantiles of one value under one condition.
struct Family {
    value: Expr,
    filter: Option<Box<Expr>>,
    places: Vec<Place>,
}

/// What a column of the aggregate becomes.
enum Told {
    /// Another aggregate, as it is.
    Other(Expr),
    /// A family's quantile.
    Quantile { family: usize, place: usize },
}

impl Quantiles {
    fn together(&self, aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
        let mut families: Vec<Family> = vec![];
        let told = aggregate.aggr_expr.iter().map(|given| {
            match quantile(&given.clone().unalias(), aggregate.input.schema()) {
                Some((value, filter, place)) => told(&mut families, value, filter, place),
                None => Told::Other(given.clone()),
            }
        });
        let told: Vec<Told> = told.collect();
        if families.is_empty() {
            return Ok(None);
        }
        let others = told.iter().filter_map(|told| match told {
            Told::Other(other) => Some(other.clone()),
            Told::Quantile { .. } => None,
        });
        let others: Vec<Expr> = others.collect();
        let calls = families.iter().enumerate().map(|(number, family)| self.call(family).alias(call_name(number)));
        let calls = others.iter().cloned().chain(calls).collect();
        let groups = aggregate.group_expr.clone();
        let below = Aggregate::try_new(Arc::clone(&aggregate.input), groups, calls)?;
        let columns = below.schema.columns();
        let group_columns = columns.len() - others.len() - families.len();
        let (keys, mut rest) = (&columns[..group_columns], columns[group_columns..].iter());
        let told = told.into_iter().filter_map(|told| match told {
            Told::Other(_) => rest.next().cloned().map(Expr::Column),
            Told::Quantile { family, place } => {
                let call = Expr::Column(Column::new_unqualified(call_name(family)));
                Some(get_field(call, name(place)))
            }
        });
        let all = keys.iter().cloned().map(Expr::Column).chain(told);
        let named = all.zip(aggregate.schema.iter()).map(|(expression, (qualifier, field))| match expression {
            Expr::Column(_) => expression,
            other => other.alias_qualified(qualifier.cloned(), field.name()),
        });
        let (named, schema) = (named.collect(), Arc::clone(&aggregate.schema));
        let below = Arc::new(LogicalPlan::Aggregate(below));
        Ok(Some(LogicalPlan::Projection(Projection::try_new_with_schema(named, below, schema)?)))
    }

    fn call(&self, family: &Family) -> Expr {
        let places = family.places.iter().flat_map(|place| [lit(place.fraction), lit(place.descends)]);
        let args = [family.value.clone()].into_iter().chain(places);
        let (args, filter) = (args.collect(), family.filter.clone());
        Expr::AggregateFunction(AggregateFunction {
            func: Arc::clone(&self.function),
            params: AggregateFunctionParams { args, distinct: false, filter, order_by: vec![], null_treatment: None },
        })
    }
}

fn call_name(family: usize) -> String {
    format!("quantiles {family}")
}

fn told(families: &mut Vec<Family>, value: Expr, filter: Option<Box<Expr>>, place: Place) -> Told {
    let known = families.iter().position(|family| family.value == value && family.filter == filter);
    let family = known.unwrap_or(families.len());
    if known.is_none() {
        families.push(Family { value, filter, places: vec![] });
    }
    let places = &mut families[family].places;
    let known = places.iter().position(|known| *known == place);
    if known.is_none() {
        places.push(place);
    }
    Told::Quantile { family, place: known.unwrap_or(places.len() - 1) }
}

/// The value, the condition and the place of a quantile that is ours to find.
fn quantile(given: &Expr, input: &DFSchema) -> Option<(Expr, Option<Box<Expr>>, Place)> {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = given else {
        return None;
    };
    let [value, Expr::Literal(ScalarValue::Float64(Some(fraction)), _)] = params.args.as_slice() else {
        return None;
    };
    let is_ours = func.inner().is::<PercentileCont>()
        && !params.distinct
        && (0.0..=1.0).contains(fraction)
        && value.get_type(input).is_ok_and(|of| of == DataType::Float64);
    let descends = params.order_by.first().is_some_and(|by| !by.asc);
    is_ours.then(|| (value.clone(), params.filter.clone(), Place { fraction: *fraction, descends }))
}
