//! `clv_forecast(input, ...)`: what each customer will still buy, and what it is worth.

use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, ScalarUDF, col};

use super::fit::{PURCHASES, SPENDING, fit};
use super::forecast::{COLUMNS, Forecast, MODELS, Model, UNITS, Unit};
use super::histories::{ARGUMENTS, Histories};
use crate::error::Result;
use crate::relations::call::Call;
use crate::relations::entry::{Argument, Column, Entry};
use crate::relations::function::TableFunction;

const ENTRY: Entry = Entry {
    name: "clv_forecast",
    family: "lift",
    description: "Forecasts each customer's lifetime value: whether the customer is still one, how many purchases are to come within the \
                  horizon, what one is worth (Gamma-Gamma), and the present value of all of them. For customers without a contract; \
                  clv_model gives the models' parameters and says what to mind.",
    arguments: &[
        ARGUMENTS[0],
        ARGUMENTS[1],
        Argument::optional("horizon", "interval", "How far ahead, a whole number of periods; `1 year` by default."),
        Argument::optional(
            "discount",
            "number",
            "The rate by which a period later is worth less: `.01` for one per cent; 0 by default.",
        ),
        Argument::optional(
            "period",
            "interval",
            "The period of the discount, at whose end its purchases count; `1 month` by default, which is 30.436875 days.",
        ),
        ARGUMENTS[2],
        ARGUMENTS[3],
        ARGUMENTS[4],
        ARGUMENTS[5],
        ARGUMENTS[6],
    ],
    columns: &[
        Column::of("(entity)", "as given", "The customer's column or columns, under their own names."),
        Column::of("x", "bigint", "Repeat purchases: days with a purchase after the first one."),
        Column::of("t_x", "double precision", "Time from the first purchase to the last, in units."),
        Column::of("t", "double precision", "Time from the first purchase to as_of, in units."),
        Column::of(
            "mean_value",
            "double precision",
            "Mean value of the repeats, the first purchase left out; NULL without any.",
        ),
        Column::of(
            "p_alive",
            "double precision",
            "Probability that the customer is still one. By BG/NBD it is 1 of everybody without repeats: no score of health.",
        ),
        Column::of("expected_purchases", "double precision", "Expected purchases within the horizon."),
        Column::of("expected_value", "double precision", "Expected value of one of them."),
        Column::of("clv", "double precision", "Present value of all of them."),
    ],
    nulls: "rows without customer or time are left out. A customer buys on a day whose amounts add up to more than 0: refunds are no \
            purchases, and more than one purchase a day is one. Where no model fits, what it would say is NULL: clv_model's note says \
            why. Customers without repeats have no expected value where Gamma-Gamma's `q` is at most 1.",
    errors: "42883 for an unknown argument; 42804 for an amount that is no number; 22023 for an unknown model or unit, a negative \
             discount, or a horizon that is not 1 to 1200 whole periods.",
    cost: "customers are aggregated twice, once for the fit and once for the answer; the fit holds 40 bytes per customer, and the answer \
           computes a hypergeometric function per customer and period.",
    source: "Fader, Hardie & Lee (2005); Batislam, Denizel & Filiztekin (2007); Schmittlein, Morrison & Colombo (1987); Fader & Hardie \
             (2013).",
    example: "SELECT account_id, x, t_x, t, mean_value, round(p_alive, 2) AS p_alive, round(expected_purchases, 2) AS purchases,\n  \
              round(expected_value, 2) AS value, round(clv, 2) AS clv\n\
              FROM clv_forecast((SELECT h.name || CAST(copy.i AS VARCHAR) AS account_id,\n    \
              DATE '2025-01-01' + CAST(7 * (39 - h.t) + CASE buy.k WHEN h.x THEN 7 * h.t_x ELSE buy.k END AS INT) AS occurred_at,\n    \
              5 + (copy.i * 9 + h.x * h.t) % 13 * 4 AS amount\n  \
              FROM (VALUES ('a', 0, 0, 39, 60), ('b', 0, 0, 30, 30), ('c', 1, 1, 39, 10), ('d', 1, 10, 35, 8), ('e', 2, 30, 39, 4), ('f', 2, 5, 35, 5),\n    \
              ('g', 3, 20, 38, 3), ('h', 4, 12, 36, 2), ('i', 6, 35, 38, 2), ('j', 10, 36, 37, 1), ('k', 5, 4, 33, 1), ('l', 15, 38, 39, 1))\n    \
              AS h(name, x, t_x, t, customers)\n  \
              JOIN generate_series(1, 60) AS copy(i) ON copy.i <= h.customers\n  \
              JOIN generate_series(0, 15) AS buy(k) ON buy.k <= h.x),\n  \
              horizon => '1 year', discount => .01, as_of => DATE '2025-10-01')\n\
              WHERE account_id IN ('a1', 'd1', 'i1') ORDER BY account_id;",
    output: "\
+------------+---+------+------+------------+---------+-----------+-------+-------+
| account_id | x | t_x  | t    | mean_value | p_alive | purchases | value | clv   |
+------------+---+------+------+------------+---------+-----------+-------+-------+
| a1         | 0 | 0.0  | 39.0 |            | 1.0     | 0.11      | 30.8  | 3.18  |
| d1         | 1 | 10.0 | 35.0 | 25.0       | 0.27    | 0.31      | 28.32 | 8.4   |
| i1         | 6 | 35.0 | 38.0 | 17.0       | 0.81    | 4.52      | 19.51 | 83.22 |
+------------+---+------+------+------------+---------+-----------+-------+-------+",
};

pub(in crate::relations) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let model = call.word("model", &MODELS)?.unwrap_or(Model::Bg);
    let unit = call.word("unit", &UNITS)?.unwrap_or(Unit::Week);
    let histories = Histories::read(&mut call, unit)?;
    let constants =
        [call.interval("horizon", "1 year")?, call.interval("period", "1 month")?, call.number("discount", 0.0)?];
    let known = ["x", "t_x", "t", "mean_value"];
    if let Some((_, taken)) =
        histories.keys.iter().find(|(_, name)| known.iter().chain(&COLUMNS).any(|own| own == name))
    {
        return Err(call.invalid("entity", "columns that the answer doesn't have already", taken));
    }
    let forecast = ScalarUDF::new_from_impl(Forecast::new(ENTRY.name, model, unit));
    let arguments = [PURCHASES, SPENDING].iter().chain(&known).map(|name| col(*name)).chain(constants);
    let fit = fit(&histories, model)?;
    let keys = || histories.keys.iter().map(|(key, _)| col(key));
    let answer = LogicalPlanBuilder::from(histories.customers)
        .cross_join(fit)?
        .project(keys().chain(known.map(col)).chain([forecast.call(arguments.collect()).alias("forecast")]))?
        .project(
            histories
                .keys
                .iter()
                .map(|(key, name)| col(key).alias(name))
                .chain(known.map(col))
                .chain(COLUMNS.map(|column| get_field(col("forecast"), column).alias(column))),
        )?;
    Ok(answer.build()?)
}
