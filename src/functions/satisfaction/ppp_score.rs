//! `ppp_score(csat, clv)`: satisfaction times lifetime value.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Row, Scalar, scalar};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;

static ENTRY: Entry = Entry {
    name: "ppp_score",
    family: FAMILY,
    description: "The PPP score of a customer: `coalesce(csat, 0) * coalesce(clv, 0)`.",
    arguments: &[
        Argument::required("csat", Kind::Number, "Customer satisfaction on 1 to 10, or 0 for no answer."),
        Argument::required("clv", Kind::Number, "Customer lifetime value: the sum of the customer's transactions."),
    ],
    returns: Returns::Number,
    nulls: "a NULL counts as 0: a customer who never answered has a CSAT of 0. The result is never NULL.",
    errors: "22023 where `csat` is outside 0 to 10.",
    cost: "constant time per row.",
    source: "the definition of the PPP score by its author.",
    example: "SELECT csat, clv, ppp_score(csat, clv) AS ppp\n\
              FROM (VALUES (8, 1200.0), (NULL, 900.0), (10, NULL)) AS t(csat, clv);",
    output: "\
+------+--------+--------+
| csat | clv    | ppp    |
+------+--------+--------+
| 8    | 1200.0 | 9600.0 |
|      | 900.0  | 0.0    |
| 10   |        | 0.0    |
+------+--------+--------+",
};

pub(super) fn function() -> Function {
    scalar::<PppScore>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PppScore;

impl Scalar for PppScore {
    const ENTRY: &'static Entry = &ENTRY;

    fn evaluate(row: &Row) -> Result<Option<f64>> {
        let csat = row.number(0)?.unwrap_or(0.0);
        if !(0.0..=10.0).contains(&csat) {
            return Err(row.refuse(0, "between 0 and 10", csat));
        }
        Ok(Some(csat * row.number(1)?.unwrap_or(0.0)))
    }
}
