//! `clv(amount)`: customer lifetime value.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::stats::sum::Sum;

static ENTRY: Entry = Entry {
    name: "clv",
    family: FAMILY,
    description: "Customer lifetime value to date: the sum of all transactions, refunds and contractions being negative.",
    arguments: &[Argument::required("amount", Kind::Number, "Signed amount of a transaction.")],
    returns: Returns::Number,
    nulls: "a NULL amount is ignored; NULL without amounts.",
    errors: "22003 where the sum exceeds the type's range.",
    cost: "constant time per row, 24 bytes per group.",
    source: "compensated summation of Neumaier (1974): the order of rows does not show in the result.",
    example: "SELECT account, clv(amount) AS clv\n\
              FROM (VALUES ('a', 1200.0), ('a', -200.0), ('b', 50.0), ('b', NULL)) AS t(account, amount)\n\
              GROUP BY account ORDER BY account;",
    output: "\
+---------+--------+
| account | clv    |
+---------+--------+
| a       | 1000.0 |
| b       | 50.0   |
+---------+--------+",
};

pub(super) fn function() -> Function {
    aggregate::<Clv>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Clv;

impl Aggregate for Clv {
    type State = Sum;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Sum, row: &Row) -> Result<()> {
        if let Some(amount) = row.number(0)? {
            state.insert(amount);
        }
        Ok(())
    }

    fn evaluate(state: &Sum, _: &Constants, answer: &mut Writer) {
        answer.number(state.value());
    }
}
