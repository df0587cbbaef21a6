//! `csat(score)`: mean customer satisfaction.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::stats::moments::Moments;

static ENTRY: Entry = Entry {
    name: "csat",
    family: FAMILY,
    description: "Mean customer satisfaction of those who answered, on the scale of the scores given.",
    arguments: &[Argument::required("score", Kind::Number, "The answer; NULL for none.")],
    returns: Returns::Number,
    nulls: "a NULL score is no answer and is ignored; NULL without answers. Silence is informative: read it beside the \
            coverage, `count(score)` of `count(*)`.",
    errors: "none of its own.",
    cost: "constant time per row, 24 bytes per group.",
    source: "arithmetic mean by Welford's update and Chan's merge.",
    example: "SELECT csat(score) AS csat FROM (VALUES (9), (7), (NULL), (8)) AS t(score);",
    output: "\
+------+
| csat |
+------+
| 8.0  |
+------+",
};

pub(super) fn function() -> Function {
    aggregate::<Csat>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Csat;

impl Aggregate for Csat {
    type State = Moments;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Moments, row: &Row) -> Result<()> {
        if let Some(score) = row.number(0)? {
            state.insert(score);
        }
        Ok(())
    }

    fn evaluate(state: &Moments, _: &Constants, answer: &mut Writer) {
        answer.number(state.mean());
    }
}
