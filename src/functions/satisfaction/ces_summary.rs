//! `ces_summary(score [, level])`: the mean customer effort score with its uncertainty.

use super::FAMILY;
use super::ces::{self, SCORE};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Column, Entry, LEVEL, Returns};
use crate::functions::function::Function;
use crate::stats::moments::Moments;

static ENTRY: Entry = Entry {
    name: "ces_summary",
    family: FAMILY,
    description: "The customer effort score of those who answered, with Student's t interval.",
    arguments: &[SCORE, LEVEL],
    returns: Returns::Summary(&[
        Column::count("n", "answers"),
        Column::number("ces", "their mean, 1 to 7"),
        Column::number("std_error", "standard error of the mean"),
        Column::number("ci_low", "lower end of the interval"),
        Column::number("ci_high", "upper end of the interval"),
    ]),
    nulls: "a NULL score is no answer and is ignored. Below two answers there is no standard error and no interval.",
    errors: "22023 where a score is outside 1 to 7, or `level` is not a constant strictly between 0 and 1.",
    cost: "constant time per row, 24 bytes per group.",
    source: "Student (1908), The probable error of a mean.",
    example: "SELECT s['n'] AS n, round(s['ces'], 4) AS ces, round(s['ci_low'], 4) AS ci_low, round(s['ci_high'], 4) AS ci_high\n\
              FROM (SELECT ces_summary(score) AS s FROM (VALUES (7), (6), (2), (5), (6), (NULL)) AS t(score));",
    output: "\
+---+-----+--------+---------+
| n | ces | ci_low | ci_high |
+---+-----+--------+---------+
| 5 | 5.2 | 2.8116 | 7.5884  |
+---+-----+--------+---------+",
};

pub(super) fn function() -> Function {
    aggregate::<CesSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CesSummary;

impl Aggregate for CesSummary {
    type State = Moments;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Moments, row: &Row) -> Result<()> {
        ces::insert(state, row)
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
