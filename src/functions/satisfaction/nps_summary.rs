//! `nps_summary(score [, level])`: the net promoter score with its uncertainty.

use super::FAMILY;
use super::nps::{self, SCORE};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Column, Entry, LEVEL, Returns};
use crate::functions::function::Function;
use crate::stats::satisfaction::Promoters;

static ENTRY: Entry = Entry {
    name: "nps_summary",
    family: FAMILY,
    description: "The net promoter score with an interval that also holds where nearly all answers agree: its centre lies \
                  a little nearer to 0 than the score.",
    arguments: &[SCORE, LEVEL],
    returns: Returns::Summary(&[
        Column::count("n", "answers"),
        Column::count("promoters", "answers of 9 and 10"),
        Column::count("detractors", "answers of 0 to 6"),
        Column::number("nps", "the score, -100 to 100"),
        Column::number("std_error", "`100 sqrt((P + D - (P - D)^2) / n)`"),
        Column::number("ci_low", "lower end of the interval"),
        Column::number("ci_high", "upper end of the interval"),
    ]),
    nulls: "a NULL score is no answer and is ignored. Without answers there is no score.",
    errors: "22023 where a score is outside 0 to 10, or `level` is not a constant strictly between 0 and 1.",
    cost: "constant time per row, 24 bytes per group.",
    source: "adjusted Wald interval of Rocks (2016), Interval estimation for the Net Promoter Score.",
    example: "SELECT s['n'] AS n, round(s['nps'], 4) AS nps, round(s['std_error'], 4) AS std_error,\n       \
              round(s['ci_low'], 4) AS ci_low, round(s['ci_high'], 4) AS ci_high\n\
              FROM (SELECT nps_summary(score) AS s\n      \
              FROM (VALUES (10), (9), (9), (8), (3), (5), (NULL)) AS t(score));",
    output: "\
+---+---------+-----------+----------+---------+
| n | nps     | std_error | ci_low   | ci_high |
+---+---------+-----------+----------+---------+
| 6 | 16.6667 | 36.6414   | -43.9339 | 66.1562 |
+---+---------+-----------+----------+---------+",
};

pub(super) fn function() -> Function {
    aggregate::<NpsSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct NpsSummary;

impl Aggregate for NpsSummary {
    type State = Promoters;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Promoters, row: &Row) -> Result<()> {
        nps::insert(state, row)
    }

    fn evaluate(state: &Promoters, constants: &Constants, answer: &mut Writer) {
        let interval = state.interval(constants.level(1));
        answer.count(state.n);
        answer.count(state.promoters);
        answer.count(state.detractors);
        answer.number(state.score());
        answer.number(state.std_error());
        answer.number(interval.map(|interval| interval.low));
        answer.number(interval.map(|interval| interval.high));
    }
}
