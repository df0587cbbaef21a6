//! `cp(amount, cost)`: customer profitability.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::stats::sum::Sum;

static ENTRY: Entry = Entry {
    name: "cp",
    family: FAMILY,
    description: "Customer profitability to date: the sum of amounts minus the sum of costs.",
    arguments: &[
        Argument::required("amount", Kind::Number, "Signed amount of a transaction."),
        Argument::required("cost", Kind::Number, "What it, or going to market, cost."),
    ],
    returns: Returns::Number,
    nulls: "a NULL amount or cost is ignored, the other of the row is not: a customer who only cost has a negative CP. NULL \
            without either.",
    errors: "22003 where a sum exceeds the type's range.",
    cost: "constant time per row, 24 bytes per group.",
    source: "compensated summation of Neumaier (1974): the order of rows does not show in the result.",
    example: "SELECT account, cp(amount, cost) AS cp\n\
              FROM (VALUES ('a', 1200.0, 700.0), ('a', -200.0, NULL), ('b', NULL, 30.0)) AS t(account, amount, cost)\n\
              GROUP BY account ORDER BY account;",
    output: "\
+---------+-------+
| account | cp    |
+---------+-------+
| a       | 300.0 |
| b       | -30.0 |
+---------+-------+",
};

pub(super) fn function() -> Function {
    aggregate::<Cp>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Cp;

impl Aggregate for Cp {
    type State = Sum;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Sum, row: &Row) -> Result<()> {
        for term in [row.number(0)?, row.number(1)?.map(|cost| -cost)].into_iter().flatten() {
            state.insert(term);
        }
        Ok(())
    }

    fn evaluate(state: &Sum, _: &Constants, answer: &mut Writer) {
        answer.number(state.value());
    }
}
