//! `velocity_quantile(p, started_at, ended_at [, observed_until])`: days by which a share has ended.

use super::FAMILY;
use super::spell::{self, COST, ENDED_AT, NULLS, OBSERVED_UNTIL, SOURCE, STARTED_AT};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::stats::spells::Spells;
use crate::stats::survival::Curve;

static ENTRY: Entry = Entry {
    name: "velocity_quantile",
    family: FAMILY,
    description: "The first day by which a share `p` of all spells have ended, by Kaplan-Meier.",
    arguments: &[
        Argument::required("p", Kind::Share, "The share, a constant: .5 for the median."),
        STARTED_AT,
        ENDED_AT,
        OBSERVED_UNTIL,
    ],
    returns: Returns::Number,
    nulls: NULLS,
    errors: "22023 where `p` is not a constant strictly between 0 and 1.",
    cost: COST,
    source: SOURCE,
    example: "SELECT velocity_quantile(.25, DATE '2026-01-01', DATE '2026-01-01' + CAST(value AS INT)) AS quarter\n\
              FROM generate_series(1, 8);",
    output: "\
+---------+
| quarter |
+---------+
| 2.0     |
+---------+",
};

pub(super) fn function() -> Function {
    aggregate::<VelocityQuantile>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct VelocityQuantile;

impl Aggregate for VelocityQuantile {
    type State = Spells;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Spells, row: &Row) -> Result<()> {
        spell::insert(state, row, 1);
        Ok(())
    }

    fn evaluate(state: &Spells, constants: &Constants, answer: &mut Writer) {
        answer.number(constants.get(0).and_then(|p| Curve::of(state.durations()).quantile(p)));
    }
}
