//! `nps(score)`: the net promoter score.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::stats::satisfaction::Promoters;

/// The one argument of both functions of the score.
pub(super) const SCORE: Argument = Argument::required("score", Kind::Number, "The answer on 0 to 10; NULL for none.");

static ENTRY: Entry = Entry {
    name: "nps",
    family: FAMILY,
    description: "The net promoter score, -100 to 100: the percentage of promoters (9 and 10) minus that of detractors \
                  (0 to 6) among those who answered.",
    arguments: &[SCORE],
    returns: Returns::Number,
    nulls: "a NULL score is no answer and is ignored; NULL without answers.",
    errors: "22023 where a score is outside 0 to 10.",
    cost: "constant time per row, 24 bytes per group.",
    source: "Reichheld (2003), The one number you need to grow.",
    example: "SELECT nps(score) AS nps FROM (VALUES (10), (9), (8), (3), (NULL)) AS t(score);",
    output: "\
+------+
| nps  |
+------+
| 25.0 |
+------+",
};

pub(super) fn function() -> Function {
    aggregate::<Nps>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Nps;

impl Aggregate for Nps {
    type State = Promoters;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Promoters, row: &Row) -> Result<()> {
        insert(state, row)
    }

    fn evaluate(state: &Promoters, _: &Constants, answer: &mut Writer) {
        answer.number(state.score());
    }
}

/// Counts the row's answer.
pub(super) fn insert(state: &mut Promoters, row: &Row) -> Result<()> {
    if let Some(score) = row.number(0)? {
        if !(0.0..=10.0).contains(&score) {
            return Err(row.refuse(0, "between 0 and 10", score));
        }
        state.insert(score);
    }
    Ok(())
}
