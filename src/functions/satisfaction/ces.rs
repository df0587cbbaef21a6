//! `ces(score)`: the mean customer effort score.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::stats::moments::Moments;

/// The argument of both functions of the score.
pub(super) const SCORE: Argument = Argument::required(
    "score",
    Kind::Number,
    "The answer, 7 for strong agreement that the company made it easy; NULL for none.",
);

static ENTRY: Entry = Entry {
    name: "ces",
    family: FAMILY,
    description: "The customer effort score, 1 to 7: the mean agreement of those who answered that the company made it easy.",
    arguments: &[SCORE],
    returns: Returns::Number,
    nulls: "a NULL score is no answer and is ignored; NULL without answers.",
    errors: "22023 where a score is outside 1 to 7.",
    cost: "constant time per row, 24 bytes per group.",
    source: "Dixon, Toman & DeLisi (2013), The effortless experience: the second version of the score, in which more is better.",
    example: "SELECT ces(score) AS ces FROM (VALUES (7), (5), (NULL), (3)) AS t(score);",
    output: "\
+-----+
| ces |
+-----+
| 5.0 |
+-----+",
};

pub(super) fn function() -> Function {
    aggregate::<Ces>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Ces;

impl Aggregate for Ces {
    type State = Moments;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Moments, row: &Row) -> Result<()> {
        insert(state, row)
    }

    fn evaluate(state: &Moments, _: &Constants, answer: &mut Writer) {
        answer.number(state.mean());
    }
}

/// Counts the row's answer.
pub(super) fn insert(state: &mut Moments, row: &Row) -> Result<()> {
    if let Some(score) = row.number(0)? {
        if !(1.0..=7.0).contains(&score) {
            return Err(row.refuse(0, "between 1 and 7", score));
        }
        state.insert(score);
    }
    Ok(())
}
