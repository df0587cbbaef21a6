//! `retention(at, condition [, ...])`: which conditions were met after the first one.

use super::FAMILY;
use super::steps::{AT, CONDITION};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Entry, Returns};
use crate::functions::function::Function;
use crate::sequence;

static ENTRY: Entry = Entry {
    name: "retention",
    family: FAMILY,
    description: "Which conditions were met after the first one. Element 1 says whether condition 1 was met, element k \
                  whether condition k was met at a time after condition 1 first was; at the same time is not after.",
    arguments: &[AT, CONDITION],
    returns: Returns::Booleans,
    nulls: "a condition that is NULL is false; a row without `at` is left out. Without condition 1 every element is false.",
    errors: "none of its own.",
    cost: "constant time per row and condition, 8 bytes per condition and group.",
    source: "ClickHouse's retention, which asks only that both conditions were met, in whatever order.",
    example: "SELECT contact, retention(at, what = 'signup', what = 'use', what = 'renew') AS met\n\
              FROM (VALUES ('ann', DATE '2026-01-01', 'signup'), ('ann', DATE '2026-01-03', 'use'),\n             \
              ('bob', DATE '2026-01-01', 'use'), ('bob', DATE '2026-01-02', 'signup')) AS t(contact, at, what)\n\
              GROUP BY contact ORDER BY contact;",
    output: "\
+---------+----------------------+
| contact | met                  |
+---------+----------------------+
| ann     | [true, true, false]  |
| bob     | [true, false, false] |
+---------+----------------------+",
};

pub(super) fn function() -> Function {
    aggregate::<Retention>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Retention;

impl Aggregate for Retention {
    type State = sequence::retention::Retention;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Self::State, row: &Row) -> Result<()> {
        if let Some(at) = row.time(0) {
            state.insert(at, row.conditions(1));
        }
        Ok(())
    }

    fn evaluate(state: &Self::State, constants: &Constants, answer: &mut Writer) {
        let met = state.finish();
        answer.booleans((0..constants.given_from(1)).map(|k| met >> k & 1 == 1));
    }
}
