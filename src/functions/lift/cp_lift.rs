//! `cp_lift(value, treated [, baseline])`: what a treatment adds to profitability.

use super::FAMILY;
use super::arms::{self, ARGUMENTS, COST, NULLS, SOURCE};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Entry, Returns};
use crate::functions::function::Function;
use crate::stats::difference::Arms;

static ENTRY: Entry = Entry {
    name: "cp_lift",
    family: FAMILY,
    description: "What a randomised treatment adds to profitability per customer: the mean of the treated minus the mean of \
                  the control arm. With a baseline, both means are first adjusted for it (CUPED).",
    arguments: ARGUMENTS,
    returns: Returns::Number,
    nulls: NULLS,
    errors: "22003 where the result exceeds the type's range.",
    cost: COST,
    source: SOURCE,
    example: "SELECT cp_lift(cp, treated) AS lift, round(cp_lift(cp, treated, before), 4) AS adjusted\n\
              FROM (VALUES (12, true, 10), (9, true, 8), (15, true, 11), (8, false, 9), (11, false, 10), (5, false, 6))\n  \
              AS t(cp, treated, before);",
    output: "\
+------+----------+
| lift | adjusted |
+------+----------+
| 4.0  | 1.5833   |
+------+----------+",
};

pub(super) fn function() -> Function {
    aggregate::<CpLift>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CpLift;

impl Aggregate for CpLift {
    type State = Arms;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Arms, row: &Row) -> Result<()> {
        arms::insert(state, row)
    }

    fn evaluate(state: &Arms, _: &Constants, answer: &mut Writer) {
        arms::difference(state, answer);
    }
}
