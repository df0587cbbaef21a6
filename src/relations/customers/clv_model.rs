//! `clv_model(input, ...)`: the parameters behind clv_forecast, and what to mind.

use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col, lit, when};

use super::fit::{PURCHASES, SPENDING, fit};
use super::forecast::{MODELS, Model, UNITS, Unit};
use super::histories::{ARGUMENTS, Histories};
use crate::error::Result;
use crate::relations::call::Call;
use crate::relations::entry::{Column, Entry};
use crate::relations::function::TableFunction;

const ENTRY: Entry = Entry {
    name: "clv_model",
    family: "lift",
    description: "The models that clv_forecast fits to the same rows: one row per parameter.",
    arguments: &ARGUMENTS,
    columns: &[
        Column::of("part", "text", "`purchases`, or `value` for Gamma-Gamma."),
        Column::of(
            "parameter",
            "text",
            "The parameter: `r`, `alpha`, `a` and `b`, or `s` and `beta`; `p`, `q` and `gamma`.",
        ),
        Column::of(
            "estimate",
            "double precision",
            "Its value; `alpha` and `beta` are in units of time, `gamma` in money.",
        ),
        Column::of("std_error", "double precision", "Its standard error; NULL at the boundary of the model."),
        Column::of("n", "bigint", "Customers it was fitted to: all, or those with repeats."),
        Column::of("log_likelihood", "double precision", "The log-likelihood of its part."),
        Column::of("note", "text", "What to mind of its part; NULL where there is nothing."),
    ],
    nulls: "rows count as for clv_forecast. Without repeats, and where no maximum of the likelihood is found, there is no estimate; at the \
            boundary of the model, as where nobody seems to leave, there is no standard error.",
    errors: "42883 for an unknown argument; 42804 for an amount that is no number; 22023 for an unknown model or unit.",
    cost: "40 bytes per customer, then about twenty steps over all of them.",
    source: "As clv_forecast.",
    example: "SELECT part, parameter, round(estimate, 3) AS estimate, round(std_error / estimate, 2) AS error, n, note\n\
              FROM clv_model((SELECT h.name || CAST(copy.i AS VARCHAR) AS account_id,\n    \
              DATE '2025-01-01' + CAST(7 * (39 - h.t) + CASE buy.k WHEN h.x THEN 7 * h.t_x ELSE buy.k END AS INT) AS occurred_at,\n    \
              5 + (copy.i * 9 + h.x * h.t) % 13 * 4 AS amount\n  \
              FROM (VALUES ('a', 0, 0, 39, 60), ('b', 0, 0, 30, 30), ('c', 1, 1, 39, 10), ('d', 1, 10, 35, 8), ('e', 2, 30, 39, 4), ('f', 2, 5, 35, 5),\n    \
              ('g', 3, 20, 38, 3), ('h', 4, 12, 36, 2), ('i', 6, 35, 38, 2), ('j', 10, 36, 37, 1), ('k', 5, 4, 33, 1), ('l', 15, 38, 39, 1))\n    \
              AS h(name, x, t_x, t, customers)\n  \
              JOIN generate_series(1, 60) AS copy(i) ON copy.i <= h.customers\n  \
              JOIN generate_series(0, 15) AS buy(k) ON buy.k <= h.x),\n  \
              as_of => DATE '2025-10-01');",
    output: "\
+-----------+-----------+----------+-------+-----+------+
| part      | parameter | estimate | error | n   | note |
+-----------+-----------+----------+-------+-----+------+
| purchases | r         | 0.106    | 0.22  | 127 |      |
| purchases | alpha     | 1.346    | 0.46  | 127 |      |
| purchases | a         | 0.906    | 0.63  | 127 |      |
| purchases | b         | 1.222    | 0.8   | 127 |      |
| value     | p         | 3.868    | 0.63  | 37  |      |
| value     | q         | 6.154    | 0.59  | 37  |      |
| value     | gamma     | 41.047   | 1.21  | 37  |      |
+-----------+-----------+----------+-------+-----+------+",
};

/// Above it, what customers spend depends on how often they buy.
const MOST_CORRELATION: f64 = 0.3;

pub(in crate::relations) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let model = call.word("model", &MODELS)?.unwrap_or(Model::Bg);
    let unit = call.word("unit", &UNITS)?.unwrap_or(Unit::Week);
    let histories = Histories::read(&mut call, unit)?;
    let of = |part: &'static str| move |field: &str| get_field(col(part), field);
    let (purchases, spending) = (of(PURCHASES), of(SPENDING));
    let buying = model.parameters().map(|name| Row { part: "purchases", name, field: &purchases, note: 0 });
    let value = ["p", "q", "gamma"].map(|name| Row { part: "value", name, field: &spending, note: 1 });
    let notes = [note_on_purchases(&purchases)?, note_on_value(&spending)?];
    let rows: Vec<Row<'_>> = buying.into_iter().chain(value).collect();
    let column = |of: &dyn Fn(&Row<'_>) -> Expr, name: &str| make_array(rows.iter().map(of).collect()).alias(name);
    let columns = [
        column(&|row| lit(row.part), "part"),
        column(&|row| lit(row.name), "parameter"),
        column(&|row| (row.field)(row.name), "estimate"),
        column(&|row| (row.field)(&format!("{}_std_error", row.name)), "std_error"),
        column(&|row| (row.field)("n"), "n"),
        column(&|row| (row.field)("log_likelihood"), "log_likelihood"),
        column(&|row| notes[row.note].clone(), "note"),
    ];
    let names = ENTRY.columns.iter().map(|column| column.name.into()).collect();
    let answer = LogicalPlanBuilder::from(fit(&histories, model)?)
        .project(columns)?
        .unnest_columns_with_options(names, Default::default())?;
    Ok(answer.build()?)
}

/// One row of the answer.
struct Row<'a> {
    part: &'static str,
    name: &'static str,
    field: &'a dyn Fn(&str) -> Expr,
    note: usize,
}

fn note_on_purchases(fitted: &dyn Fn(&str) -> Expr) -> Result<Expr> {
    let note = when(fitted("repeating").eq(lit(0_i64)), lit("nobody bought again: any rate of leaving explains that"))
        .when(fitted("r").is_null(), lit("no maximum of the likelihood was found"))
        .when(
            fitted("r_std_error").is_null(),
            lit("at the boundary of the model: the data don't tell some of its parameters, as where nobody seems to leave"),
        )
        .end()?;
    Ok(note)
}

fn note_on_value(fitted: &dyn Fn(&str) -> Expr) -> Result<Expr> {
    let note = when(fitted("n").lt(lit(3_i64)), lit("fewer than three customers bought again"))
        .when(fitted("p").is_null(), lit("no maximum of the likelihood was found"))
        .when(fitted("q").lt_eq(lit(1.0)), lit("q is at most 1: customers without repeats have no expected value"))
        .when(
            fitted("correlation").gt(lit(MOST_CORRELATION)),
            lit("what customers spend depends on how often they buy: their correlation is above .3"),
        )
        .when(
            fitted("p_std_error").is_null(),
            lit("at the boundary of the model: the data don't tell some of its parameters"),
        )
        .end()?;
    Ok(note)
}
