//! What the functions of a pattern share: the argument, and how a call's pattern is read.

use crate::error::{Error, Result, SqlState};
use crate::functions::adapter::sequence::{Call, Ordered};
use crate::functions::entry::{Argument, Kind};
use crate::functions::units_per_second;
use crate::sequence::events::Events;
use crate::sequence::pattern::Pattern;

pub(super) const PATTERN: Argument = Argument::required(
    "pattern",
    Kind::Text,
    "`(?N)` is a row that satisfies condition N, `.` any row, `.*` any run of rows, also none; `(?t<=n)`, or `<`, `>`, `>=`, \
     `==`, compares the seconds between the rows before and after, with any rows between. What follows without one of these \
     between is the next row; rows that satisfy no condition don't count as rows. A constant.",
);

pub(super) const NULLS: &str = "a condition that is NULL is false; a row without `at` is left out. Rows of one time are taken \
                                by their conditions: those that satisfy the earlier ones alone come first. Nothing matches \
                                without rows.";

pub(super) const ERRORS: &str = "22023 where `pattern` varies by row, is NULL or is no pattern, with the position at which it \
                                 stops being one, and where it names a condition that isn't given.";

pub(super) const COST: &str = "24 bytes per row that satisfies a condition, kept until the group is answered, and a sort of \
                               each group by time.";

/// The pattern of a call, its first argument.
pub(super) fn of(function: &str, call: &Call) -> Result<Pattern> {
    let refused = |error| Error::new(SqlState::InvalidParameterValue, format!("{function}: pattern, {error}"));
    Pattern::new(call.text(0)?, call.conditions(), units_per_second(call.at_type()), None).map_err(refused)
}

pub(super) fn events(rows: Ordered<'_>) -> Events<'_> {
    Events { times: rows.times, conditions: rows.masks }
}
