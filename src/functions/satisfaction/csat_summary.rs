//! `csat_summary(score [, level])`: mean customer satisfaction with its uncertainty.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Column, Entry, Kind, LEVEL, Returns};
use crate::functions::function::Function;
use crate::stats::moments::Moments;

static ENTRY: Entry = Entry {
    name: "csat_summary",
    family: FAMILY,
    description: "Mean customer satisfaction of those who answered, with Student's t interval.",
    arguments: &[Argument::required("score", Kind::Number, "The answer; NULL for none."), LEVEL],
    returns: Returns::Summary(&[
        Column::count("n", "answers"),
        Column::number("csat", "their mean"),
        Column::number("std_error", "standard error of the mean"),
        Column::number("ci_low", "lower end of the interval"),
        Column::number("ci_high", "upper end of the interval"),
    ]),
    nulls: "a NULL score is no answer and is ignored. Below two answers there is no standard error and no interval.",
    errors: "22023 where `level` is not a constant strictly between 0 and 1.",
    cost: "constant time per row, 24 bytes per group.",
    source: "Student (1908), The probable error of a mean.",
    example: "SELECT s['n'] AS n, round(s['csat'], 4) AS csat, round(s['ci_low'], 4) AS ci_low, round(s['ci_high'], 4) AS ci_high\n\
              FROM (SELECT csat_summary(score) AS s\n      \
              FROM (VALUES (9), (7), (10), (4), (8), (8), (6), (NULL)) AS t(score));",
    output: "\
+---+--------+--------+---------+
| n | csat   | ci_low | ci_high |
+---+--------+--------+---------+
| 7 | 7.4286 | 5.5899 | 9.2672  |
+---+--------+--------+---------+",
};

pub(super) fn function() -> Function {
    aggregate::<CsatSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CsatSummary;

impl Aggregate for CsatSummary {
    type State = Moments;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Moments, row: &Row) -> Result<()> {
        if let Some(score) = row.number(0)? {
            state.insert(score);
        }
        Ok(())
    }

    fn evaluate(state: &Moments, constants: &Constants, answer: &mut Writer) {
        let interval = state.t_interval(constants.level(1));
        answer.count(state.n);
        answer.number(state.mean());
        answer.number(state.std_error());
        answer.number(interval.map(|interval| interval.low));
        answer.number(interval.map(|interval| interval.high));
    }
}
