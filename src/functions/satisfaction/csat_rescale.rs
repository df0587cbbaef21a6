//! `csat_rescale(score, scale_min, scale_max)`: a score of any scale on 1 to 10.

use super::FAMILY;
use crate::error::{Error, Result};
use crate::functions::adapter::{Row, Scalar, scalar};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;

static ENTRY: Entry = Entry {
    name: "csat_rescale",
    family: FAMILY,
    description: "A satisfaction score moved linearly from its survey's scale to 1 to 10: \
                  `1 + 9 (score - scale_min) / (scale_max - scale_min)`.",
    arguments: &[
        Argument::required("score", Kind::Number, "The answer."),
        Argument::required("scale_min", Kind::Number, "The lowest answer possible."),
        Argument::required("scale_max", Kind::Number, "The highest answer possible."),
    ],
    returns: Returns::Number,
    nulls: "NULL where any argument is.",
    errors: "22023 where `scale_min` is not below `scale_max`, or the score is outside of them.",
    cost: "constant time per row.",
    source: "linear rescaling; the ends of one scale are the ends of the other.",
    example: "SELECT score, csat_rescale(score, 1, 5) AS csat FROM (VALUES (1), (3), (5), (NULL)) AS t(score);",
    output: "\
+-------+------+
| score | csat |
+-------+------+
| 1     | 1.0  |
| 3     | 5.5  |
| 5     | 10.0 |
|       |      |
+-------+------+",
};

pub(super) fn function() -> Function {
    scalar::<CsatRescale>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CsatRescale;

impl Scalar for CsatRescale {
    const ENTRY: &'static Entry = &ENTRY;

    fn evaluate(row: &Row) -> Result<Option<f64>> {
        let (Some(score), Some(least), Some(most)) = (row.number(0)?, row.number(1)?, row.number(2)?) else {
            return Ok(None);
        };
        if least >= most {
            let expected = format!("below scale_max, {most}");
            return Err(Error::argument(ENTRY.name, "scale_min", &expected, least));
        }
        if !(least..=most).contains(&score) {
            return Err(row.refuse(0, &format!("between {least} and {most}"), score));
        }
        // Halving first keeps scales as wide as the type's whole range finite.
        Ok(Some(1.0 + 9.0 * ((score / 2.0 - least / 2.0) / (most / 2.0 - least / 2.0))))
    }
}
