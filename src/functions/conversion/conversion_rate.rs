//! `conversion_rate(reached)`: the share that reached the goal.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::stats::proportion::Proportion;

/// The argument of both functions of a conversion.
pub(super) const REACHED: Argument = Argument::required(
    "reached",
    Kind::Boolean,
    "Whether the row reached the goal; NULL for a row that doesn't count.",
);

static ENTRY: Entry = Entry {
    name: "conversion_rate",
    family: FAMILY,
    description: "The share of rows that reached the goal, 0 to 1.",
    arguments: &[REACHED],
    returns: Returns::Number,
    nulls: "a NULL is ignored; NULL without rows.",
    errors: "none of its own.",
    cost: "constant time per row, 16 bytes per group.",
    source: "relative frequency.",
    example: "SELECT conversion_rate(won) AS rate FROM (VALUES (true), (false), (false), (NULL), (false)) AS t(won);",
    output: "\
+------+
| rate |
+------+
| 0.25 |
+------+",
};

pub(super) fn function() -> Function {
    aggregate::<ConversionRate>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ConversionRate;

impl Aggregate for ConversionRate {
    type State = Proportion;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Proportion, row: &Row) -> Result<()> {
        if let Some(reached) = row.boolean(0) {
            state.insert(reached);
        }
        Ok(())
    }

    fn evaluate(state: &Proportion, _: &Constants, answer: &mut Writer) {
        answer.number(state.rate());
    }
}
