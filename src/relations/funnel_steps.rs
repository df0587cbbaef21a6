//! `funnel_steps(input, steps => ..., by => ...)`: how many came to each step of a funnel, and how long it took them. It is SQL
//! over `funnel`, in one pass.

use std::ops::ControlFlow;

use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::parser::Parser;

use super::call::Call;
use super::entry::{AS_OF, AT, Argument, Column, ENTITY, Entry, INPUT, TIEBREAK};
use super::function::TableFunction;
use super::funnel;
use crate::error::Result;
use crate::model::Postgres;

const ENTRY: Entry = Entry {
    name: "funnel_steps",
    family: "conversion",
    description: "How many entities came to each step of a `funnel`, how many of those before the step went on, and how long \
                  that took. A breakdown labels each entity by its row at one step; grouping rows by a property would tear \
                  sequences apart.",
    arguments: &[
        INPUT,
        funnel::STEPS,
        funnel::WITHIN,
        ENTITY,
        AT,
        TIEBREAK,
        funnel::MODE,
        funnel::ENTRY_MODE,
        funnel::EXCLUDE,
        funnel::OPTIONAL,
        funnel::HOLD,
        funnel::GRACE,
        AS_OF,
        Argument::optional("by", "expression", "What divides the entities: its value in the row of step `by_step`."),
        Argument::optional("by_step", "number", "The step whose row says it; 1 by default."),
    ],
    columns: &[
        Column::of("segment", "as by", "With `by`: its value; NULL for entities that did not reach the step."),
        Column::of("step", "bigint", "The step, from 1."),
        Column::of("entered", "bigint", "Entities at the required step before it; for step 1, all entities."),
        Column::of("reached", "bigint", "How many of them reached the step."),
        Column::of("rate", "double precision", "Their share."),
        Column::of(
            "ci_low",
            "double precision",
            "Lower end of the share's Wilson interval, at journey.confidence_level.",
        ),
        Column::of("ci_high", "double precision", "Upper end."),
        Column::of(
            "rate_from_start",
            "double precision",
            "Entities that reached the step, as a share of those at step 1.",
        ),
        Column::of("dropped", "bigint", "Entities whose window passed before the step."),
        Column::of("in_window", "bigint", "Entities that may still reach it."),
        Column::of("excluded", "bigint", "Entities that an exclusion kept from it."),
        Column::of("median", "double precision", "Median days from the required step before it."),
        Column::of("q25", "double precision", "Lower quartile of the same."),
        Column::of("q75", "double precision", "Upper quartile of the same."),
    ],
    nulls: "as `funnel`; rate and quantiles are NULL where nobody was at the step before, or reached it.",
    errors: "as `funnel`; 22023 for a by_step that is no step.",
    cost: "as `funnel`, and the times of all steps are kept for their quantiles.",
    source: "PostHog's and Mixpanel's funnel report; the breakdown by a row of the chosen chain is PostHog's.",
    example: "SELECT step, entered, reached, round(rate, 2) AS rate, dropped, median FROM funnel_steps((SELECT * FROM (VALUES \
              ('ann', TIMESTAMP '2025-01-01', 'visit'), ('ann', TIMESTAMP '2025-01-03', 'trial'), \
              ('bob', TIMESTAMP '2025-01-02', 'visit'), ('cyd', TIMESTAMP '2025-03-10', 'visit')) \
              AS t(contact_id, occurred_at, what)), steps => ARRAY[what = 'visit', what = 'trial']) ORDER BY step;",
    output: "\
+------+---------+---------+------+---------+--------+
| step | entered | reached | rate | dropped | median |
+------+---------+---------+------+---------+--------+
| 1    | 3       | 3       | 1.0  | 0       |        |
| 2    | 3       | 1       | 0.33 | 1       | 2.0    |
+------+---------+---------+------+---------+--------+",
};

pub(super) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let steps = call.count("steps");
    let optional = call.numbers("optional")?;
    let by_step = match call.numbers("by_step")?.as_slice() {
        [] => 1,
        [step] if (1..=steps as u64).contains(step) => *step,
        other => return Err(call.invalid("by_step", &format!("a step, 1 to {steps}"), format!("{other:?}"))),
    };
    let by = call.gives("by");
    let mut arguments = call.written(&["by", "by_step"]);
    arguments.extend(call.renamed("by", "id"));
    let required = |step: &usize| !optional.contains(&(*step as u64));
    let steps: Vec<Step> =
        (1..=steps).map(|number| Step { number, before: (1..number).rev().find(required) }).collect();
    let sql = report(&steps, by.then_some(by_step), call.confidence_level());
    let mut report = Parser::new(&Postgres)
        .try_with_sql(&sql)
        .and_then(|mut parser| parser.parse_query())
        .map_err(datafusion::error::DataFusionError::from)?;
    give(&mut report, &arguments);
    call.subquery(*report)
}

/// A step and the required one before it.
struct Step {
    number: usize,
    before: Option<usize>,
}

/// The report as SQL over a funnel whose arguments are to be given.
fn report(steps: &[Step], by_step: Option<u64>, level: &str) -> String {
    let each = |of: &dyn Fn(&Step) -> String| steps.iter().map(of).collect::<Vec<_>>().join(", ");
    let aggregates = each(&|step| {
        let Step { number, before } = step;
        let reached = format!("reached_at[{number}] IS NOT NULL");
        let entered = before.map_or("true".to_owned(), |before| format!("reached_at[{before}] IS NOT NULL"));
        let stopped =
            |status: &str| format!("count(*) FILTER (WHERE {entered} AND NOT ({reached}) AND status = '{status}')");
        let days = match before {
            Some(before) => format!("date_part('epoch', reached_at[{number}] - reached_at[{before}]) / 86400.0"),
            None => "CAST(NULL AS DOUBLE PRECISION)".to_owned(),
        };
        let quantile = |q: &str| format!("percentile_cont({q}) WITHIN GROUP (ORDER BY {days})");
        format!(
            "conversion_summary({reached}, {level}) FILTER (WHERE {entered}) AS s{number}, {} AS d{number}, {} AS w{number}, \
             {} AS e{number}, {} AS m{number}, {} AS l{number}, {} AS u{number}",
            stopped("dropped"),
            stopped("in_window"),
            stopped("excluded"),
            quantile("0.5"),
            quantile("0.25"),
            quantile("0.75"),
        )
    });
    let rows = each(&|Step { number: k, .. }| {
        format!(
            "named_struct('step', {k}, 's', s{k}, 'first', s1['reached'], 'd', d{k}, 'w', w{k}, 'e', e{k}, 'm', m{k}, 'l', l{k}, \
             'u', u{k})"
        )
    });
    let (label, by, segment) = match by_step {
        Some(step) => (format!("matched[{step}] AS segment,"), "GROUP BY segment", "segment,"),
        None => (String::new(), "", ""),
    };
    format!(
        "SELECT {segment} r['step'] AS step, coalesce(r['s']['n'], 0) AS entered, coalesce(r['s']['reached'], 0) AS reached,
             r['s']['conversion_rate'] AS rate, r['s']['ci_low'] AS ci_low, r['s']['ci_high'] AS ci_high,
             CAST(coalesce(r['s']['reached'], 0) AS DOUBLE PRECISION) / nullif(r['first'], 0) AS rate_from_start,
             r['d'] AS dropped, r['w'] AS in_window, r['e'] AS excluded, r['m'] AS median, r['l'] AS q25, r['u'] AS q75
         FROM (SELECT {segment} unnest([{rows}]) AS r FROM (
             SELECT {segment} {aggregates} FROM (SELECT {label} reached_at, status FROM funnel()) AS told {by}
         ) AS counted) AS report"
    )
}

/// Gives the funnel in a query its arguments.
fn give(query: &mut ast::Query, arguments: &[ast::FunctionArg]) {
    struct Giver<'a>(&'a [ast::FunctionArg]);
    impl ast::VisitorMut for Giver<'_> {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &mut ast::TableFactor) -> ControlFlow<()> {
            match factor {
                ast::TableFactor::Table { args: Some(args), .. } => {
                    args.args = self.0.to_vec();
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let _ = ast::VisitMut::visit(query, &mut Giver(arguments));
}
