//! Transactions as histories: one row per customer, with repeats, recency, age and the mean value of the repeats.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn::{count, first_value, max, min, sum};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, col, lit};
use datafusion::prelude::nullif;

use super::forecast::Unit;
use crate::error::Result;
use crate::functions::sql_name;
use crate::relations::call::Call;
use crate::relations::entry::{AS_OF, AT, Argument, INPUT};
use crate::relations::rows::EntityRows;

/// Customers with the columns x, t_x, t and mean_value.
pub(super) struct Histories {
    pub customers: LogicalPlan,
    /// The customer's columns in the plan, and the answer's names for them.
    pub keys: Vec<(String, String)>,
}

/// The arguments that both functions take first.
pub(super) const ARGUMENTS: [Argument; 7] = [
    INPUT,
    Argument::optional(
        "model",
        "text",
        "`bg_nbd` (default), `mbg_nbd` or `pareto_nbd`: how customers leave, as bg_nbd_summary and its siblings say.",
    ),
    Argument::optional(
        "unit",
        "text",
        "The unit of time of t_x and t: `day`, `week` (default), `month` or `year`, the latter two of mean length.",
    ),
    Argument::optional(
        "entity",
        "expression",
        "The customer: a column or expression, or several in parentheses; `account_id` by default.",
    ),
    AT,
    Argument::optional("amount", "number", "What was paid; the column `amount` by default."),
    AS_OF,
];

impl Histories {
    /// Reads a call's arguments.
    pub fn read(call: &mut Call<'_>, unit: Unit) -> Result<Self> {
        let mut rows = EntityRows::read(call, "account_id")?;
        let schema = Arc::clone(rows.input.schema());
        let amount = call.column("amount", "amount", &schema)?;
        let given = amount.get_type(&schema)?;
        if !given.is_numeric() {
            return Err(call.wrong("amount", "a number", format!("{amount}, which is {}", sql_name(&given))));
        }
        let as_of = rows.observe(call)?;
        let EntityRows { input, entity, at, .. } = rows;
        let today = cast(as_of, at.get_type(&schema)?);
        // Under names of their own, as a customer's column may have any.
        let keys: Vec<(String, String)> =
            entity.iter().enumerate().map(|(i, (_, name))| (format!("key{i}"), name.clone())).collect();
        let columns = || keys.iter().map(|(key, _)| col(key));
        let given = entity.into_iter().zip(&keys).map(|((expression, _), (key, _))| expression.alias(key));
        let days = LogicalPlanBuilder::from(input)
            .aggregate(
                given.chain([cast(at, DataType::Date32).alias("day")]),
                [sum(cast(amount, DataType::Float64)).alias("value")],
            )?
            .filter(col("value").gt(lit(0.0)))?;
        let seen = days.aggregate(
            columns(),
            [
                count(lit(1)).alias("days"),
                min(col("day")).alias("first"),
                max(col("day")).alias("last"),
                sum(col("value")).alias("total"),
                first_value(col("value"), vec![col("day").sort(true, false)]).alias("initial"),
            ],
        )?;
        let repeats = col("days") - lit(1_i64);
        let customers = seen.project(
            columns().chain([
                repeats.clone().alias("x"),
                time(col("last"), unit).alias("t_x"),
                time(cast(today, DataType::Date32), unit).alias("t"),
                ((col("total") - col("initial")) / cast(nullif(repeats, lit(0_i64)), DataType::Float64))
                    .alias("mean_value"),
            ]),
        )?;
        Ok(Self { customers: customers.build()?, keys })
    }
}

/// The time from the first purchase to a day.
fn time(day: Expr, unit: Unit) -> Expr {
    let number = |day| cast(cast(day, DataType::Int32), DataType::Int64);
    cast(number(day) - number(col("first")), DataType::Float64) / lit(unit.days())
}
