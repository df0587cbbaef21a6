//! `roi(value, cost)`: return on investment.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Row, Scalar, scalar};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;

static ENTRY: Entry = Entry {
    name: "roi",
    family: FAMILY,
    description: "Return on investment, `(value - cost) / cost`: 0 where the value just pays the cost, -1 where all is lost.",
    arguments: &[
        Argument::required("value", Kind::Number, "What came back."),
        Argument::required("cost", Kind::Number, "What was spent."),
    ],
    returns: Returns::Number,
    nulls: "NULL where either argument is, and where the cost is not above 0.",
    errors: "22003 where the result exceeds the type's range.",
    cost: "constant time per row.",
    source: "the usual definition.",
    example: "SELECT channel, roi(value, cost) AS roi\n\
              FROM (VALUES ('webinar', 300.0, 200.0), ('mail', 50.0, 200.0), ('referral', 90.0, 0.0)) AS t(channel, value, cost);",
    output: "\
+----------+-------+
| channel  | roi   |
+----------+-------+
| webinar  | 0.5   |
| mail     | -0.75 |
| referral |       |
+----------+-------+",
};

pub(super) fn function() -> Function {
    scalar::<Roi>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Roi;

impl Scalar for Roi {
    const ENTRY: &'static Entry = &ENTRY;

    fn evaluate(row: &Row) -> Result<Option<f64>> {
        let (Some(value), Some(cost)) = (row.number(0)?, row.number(1)?) else { return Ok(None) };
        Ok((cost > 0.0).then(|| value / cost - 1.0))
    }
}
