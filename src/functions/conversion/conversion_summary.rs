//! `conversion_summary(reached [, level])`: the share that reached the goal, with its uncertainty.

use super::FAMILY;
use super::conversion_rate::REACHED;
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Column, Entry, LEVEL, Returns};
use crate::functions::function::Function;
use crate::stats::proportion::Proportion;

static ENTRY: Entry = Entry {
    name: "conversion_summary",
    family: FAMILY,
    description: "The share of rows that reached the goal, with Wilson's score interval, which stays within 0 to 1 and has \
                  a width where none or all reached it.",
    arguments: &[REACHED, LEVEL],
    returns: Returns::Summary(&[
        Column::count("n", "rows"),
        Column::count("reached", "rows that reached the goal"),
        Column::number("conversion_rate", "`reached / n`"),
        Column::number("std_error", "`sqrt(p (1 - p) / n)`"),
        Column::number("ci_low", "lower end of the interval"),
        Column::number("ci_high", "upper end of the interval"),
    ]),
    nulls: "a NULL is ignored. Without rows there is no rate.",
    errors: "22023 where `level` is not a constant strictly between 0 and 1.",
    cost: "constant time per row, 16 bytes per group.",
    source: "Wilson (1927), Probable inference, the law of succession, and statistical inference.",
    example: "SELECT s['n'] AS n, s['reached'] AS reached, s['conversion_rate'] AS conversion_rate,\n       \
              round(s['ci_low'], 4) AS ci_low, round(s['ci_high'], 4) AS ci_high\n\
              FROM (SELECT conversion_summary(value <= 3) AS s FROM generate_series(1, 8));",
    output: "\
+---+---------+-----------------+--------+---------+
| n | reached | conversion_rate | ci_low | ci_high |
+---+---------+-----------------+--------+---------+
| 8 | 3       | 0.375           | 0.1368 | 0.6943  |
+---+---------+-----------------+--------+---------+",
};

pub(super) fn function() -> Function {
    aggregate::<ConversionSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ConversionSummary;

impl Aggregate for ConversionSummary {
    type State = Proportion;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Proportion, row: &Row) -> Result<()> {
        if let Some(reached) = row.boolean(0) {
            state.insert(reached);
        }
        Ok(())
    }

    fn evaluate(state: &Proportion, constants: &Constants, answer: &mut Writer) {
        let interval = state.wilson(constants.level(1));
        answer.count(state.n);
        answer.count(state.reached);
        answer.number(state.rate());
        answer.number(state.std_error());
        answer.number(interval.map(|interval| interval.low));
        answer.number(interval.map(|interval| interval.high));
    }
}
