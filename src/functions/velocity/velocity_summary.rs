//! `velocity_summary(started_at, ended_at [, observed_until] [, level])`: median days with their uncertainty.

use super::FAMILY;
use super::spell::{self, COST, ENDED_AT, OBSERVED_UNTIL, STARTED_AT};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Column, Entry, LEVEL, Returns};
use crate::functions::function::Function;
use crate::stats::spells::Spells;
use crate::stats::survival::Curve;

static ENTRY: Entry = Entry {
    name: "velocity_summary",
    family: FAMILY,
    description: "Median days from start to end by Kaplan-Meier, with quartiles, interval and counts.",
    arguments: &[STARTED_AT, ENDED_AT, OBSERVED_UNTIL, LEVEL],
    returns: Returns::Summary(&[
        Column::count("n", "spells, open ones included"),
        Column::count("open", "spells whose end was not seen"),
        Column::count("dropped", "rows left out because they end, or were watched last, before they start"),
        Column::number("velocity", "median days"),
        Column::number("std_error", "standard error of the median"),
        Column::number("ci_low", "lower end of the interval of the median"),
        Column::number("ci_high", "upper end of the interval of the median"),
        Column::number("q25", "days by which a quarter has ended"),
        Column::number("q75", "days by which three quarters have ended"),
    ]),
    nulls: "a row without `started_at` is ignored, one without `ended_at` is open. What the data do not reach is NULL: \
            each quantile and each end of the interval by itself.",
    errors: "22023 where `level` is not a constant strictly between 0 and 1.",
    cost: COST,
    source: "Kaplan & Meier (1958) with Greenwood's variance; interval of Brookmeyer & Crowley (1982) on the log-log \
             scale; standard error after Collett (2003), Modelling Survival Data in Medical Research, 2.4.",
    example: "SELECT s['n'] AS n, s['open'] AS open, s['dropped'] AS dropped, s['velocity'] AS velocity,\n       \
              s['ci_low'] AS ci_low, s['ci_high'] AS ci_high, s['q25'] AS q25, s['q75'] AS q75\n\
              FROM (SELECT velocity_summary(DATE '2026-01-01', DATE '2026-01-01' + CAST(value AS INT)) AS s\n      \
              FROM generate_series(-1, 20));",
    output: "\
+----+------+---------+----------+--------+---------+-----+------+
| n  | open | dropped | velocity | ci_low | ci_high | q25 | q75  |
+----+------+---------+----------+--------+---------+-----+------+
| 21 | 0    | 1       | 10.0     | 5.0    | 14.0    | 5.0 | 15.0 |
+----+------+---------+----------+--------+---------+-----+------+",
};

pub(super) fn function() -> Function {
    aggregate::<VelocitySummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct VelocitySummary;

impl Aggregate for VelocitySummary {
    type State = Spells;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Spells, row: &Row) -> Result<()> {
        spell::insert(state, row, 0);
        Ok(())
    }

    fn evaluate(state: &Spells, constants: &Constants, answer: &mut Writer) {
        let curve = Curve::of(state.durations());
        let (low, high) = curve.quantile_interval(0.5, constants.level(3));
        answer.count(state.n());
        answer.count(state.open());
        answer.count(state.dropped);
        answer.number(curve.quantile(0.5));
        answer.number(curve.quantile_std_error(0.5));
        answer.number(low);
        answer.number(high);
        answer.number(curve.quantile(0.25));
        answer.number(curve.quantile(0.75));
    }
}
