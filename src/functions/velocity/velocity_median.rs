//! `velocity(started_at, ended_at [, observed_until])`: median days from start to end.

use super::FAMILY;
use super::spell::{self, COST, ENDED_AT, NULLS, OBSERVED_UNTIL, SOURCE, STARTED_AT};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Entry, Returns};
use crate::functions::function::Function;
use crate::stats::spells::Spells;
use crate::stats::survival::Curve;

static ENTRY: Entry = Entry {
    name: "velocity",
    family: FAMILY,
    description: "Median days from start to end by Kaplan-Meier: open spells count for as long as they have been seen, so \
                  that a backlog of slow ones does not make the rest look fast. The median is the first day by which half \
                  of all spells have ended.",
    arguments: &[STARTED_AT, ENDED_AT, OBSERVED_UNTIL],
    returns: Returns::Number,
    nulls: NULLS,
    errors: "none of its own. Rows that end, or were watched last, before they start are left out; `velocity_summary` \
             counts them.",
    cost: COST,
    source: SOURCE,
    example: "SELECT velocity(started_at, ended_at) AS days\n\
              FROM (VALUES (DATE '2026-01-01', DATE '2026-01-11'), (DATE '2026-01-01', DATE '2026-01-31'),\n             \
              (DATE '2026-01-05', NULL))\n  \
              AS t(started_at, ended_at);",
    output: "\
+------+
| days |
+------+
| 30.0 |
+------+",
};

pub(super) fn function() -> Function {
    aggregate::<Velocity>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Velocity;

impl Aggregate for Velocity {
    type State = Spells;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Spells, row: &Row) -> Result<()> {
        spell::insert(state, row, 0);
        Ok(())
    }

    fn evaluate(state: &Spells, _: &Constants, answer: &mut Writer) {
        answer.number(Curve::of(state.durations()).quantile(0.5));
    }
}
