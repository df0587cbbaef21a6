//! `velocity_mean_summary(started_at, ended_at [, observed_until] [, horizon] [, level])`: mean days up to a horizon with their
//! uncertainty.

use super::FAMILY;
use super::spell::{self, COST, ENDED_AT, HORIZON, MEAN_NULLS, MEAN_SOURCE, OBSERVED_UNTIL, STARTED_AT};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Column, Entry, LEVEL, Returns};
use crate::functions::function::Function;
use crate::stats::spells::Spells;

static ENTRY: Entry = Entry {
    name: "velocity_mean_summary",
    family: FAMILY,
    description: "Mean days from start to end up to a horizon, as `velocity_mean` gives them, with interval and counts.",
    arguments: &[STARTED_AT, ENDED_AT, OBSERVED_UNTIL, HORIZON, LEVEL],
    returns: Returns::Summary(&[
        Column::count("n", "spells, open ones included"),
        Column::count("open", "spells whose end was not seen"),
        Column::count("dropped", "rows left out because they end, or were watched last, before they start"),
        Column::number("horizon", "the horizon in days"),
        Column::number("velocity_mean", "mean days up to it"),
        Column::number("std_error", "standard error of the mean; 0 where nothing varies before the horizon"),
        Column::number("ci_low", "lower end of the interval of the mean"),
        Column::number("ci_high", "upper end of the interval of the mean"),
    ]),
    nulls: MEAN_NULLS,
    errors: "22023 where `horizon` is not a constant, or has months, whose length varies, or `level` is not a constant strictly \
             between 0 and 1.",
    cost: COST,
    source: MEAN_SOURCE,
    example: "SELECT s['n'] AS n, s['horizon'] AS horizon, round(s['velocity_mean'], 4) AS mean, round(s['std_error'], 4) AS std_error,\n       \
              round(s['ci_low'], 4) AS ci_low, round(s['ci_high'], 4) AS ci_high\n\
              FROM (SELECT velocity_mean_summary(DATE '2026-01-01', DATE '2026-01-01' + CAST(value AS INT),\n                                   \
              NULL, INTERVAL '10 days') AS s\n      \
              FROM generate_series(1, 20));",
    output: "\
+----+---------+------+-----------+--------+---------+
| n  | horizon | mean | std_error | ci_low | ci_high |
+----+---------+------+-----------+--------+---------+
| 20 | 10.0    | 7.75 | 0.6778    | 6.4216 | 9.0784  |
+----+---------+------+-----------+--------+---------+",
};

pub(super) fn function() -> Function {
    aggregate::<VelocityMeanSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct VelocityMeanSummary;

impl Aggregate for VelocityMeanSummary {
    type State = Spells;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Spells, row: &Row) -> Result<()> {
        spell::insert(state, row, 0);
        Ok(())
    }

    fn evaluate(state: &Spells, constants: &Constants, answer: &mut Writer) {
        let (horizon, found) = spell::restricted_mean(state, constants);
        let interval = found.map(|found| found.interval(constants.level(4)));
        answer.count(state.n());
        answer.count(state.open());
        answer.count(state.dropped);
        answer.number(horizon);
        answer.number(found.map(|found| found.mean));
        answer.number(found.map(|found| found.std_error));
        answer.number(interval.map(|interval| interval.low));
        answer.number(interval.map(|interval| interval.high));
    }
}
