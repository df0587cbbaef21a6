//! `velocity_mean(started_at, ended_at [, observed_until] [, horizon])`: mean days from start to end, up to a horizon.

use super::FAMILY;
use super::spell::{self, COST, ENDED_AT, HORIZON, MEAN_NULLS, MEAN_SOURCE, OBSERVED_UNTIL, STARTED_AT};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Entry, Returns};
use crate::functions::function::Function;
use crate::stats::spells::Spells;

static ENTRY: Entry = Entry {
    name: "velocity_mean",
    family: FAMILY,
    description: "Mean days from start to end of those that end by the horizon, and the horizon of the others: the area under \
                  Kaplan-Meier's curve. It is known where the mean is not, because some are open. Groups are comparable at one \
                  horizon only: give it.",
    arguments: &[STARTED_AT, ENDED_AT, OBSERVED_UNTIL, HORIZON],
    returns: Returns::Number,
    nulls: MEAN_NULLS,
    errors: "22023 where `horizon` is not a constant, or has months, whose length varies.",
    cost: COST,
    source: MEAN_SOURCE,
    example: "SELECT round(velocity_mean(started_at, ended_at, NULL, INTERVAL '20 days'), 4) AS days\n\
              FROM (VALUES (DATE '2026-01-01', DATE '2026-01-11'), (DATE '2026-01-01', DATE '2026-01-31'),\n             \
              (DATE '2026-01-05', NULL))\n  \
              AS t(started_at, ended_at);",
    output: "\
+---------+
| days    |
+---------+
| 16.6667 |
+---------+",
};

pub(super) fn function() -> Function {
    aggregate::<VelocityMean>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct VelocityMean;

impl Aggregate for VelocityMean {
    type State = Spells;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Spells, row: &Row) -> Result<()> {
        spell::insert(state, row, 0);
        Ok(())
    }

    fn evaluate(state: &Spells, constants: &Constants, answer: &mut Writer) {
        answer.number(spell::restricted_mean(state, constants).1.map(|found| found.mean));
    }
}
