//! What the family's functions over sequences of rows share.

use crate::functions::entry::{Argument, Kind};

pub(super) const AT: Argument = Argument::required(
    "at",
    Kind::Time,
    "When the row happened, in the resolution it has; a date is its first instant. NULL leaves the row out.",
);

pub(super) const CONDITION: Argument = Argument::repeated(
    "condition",
    Kind::Boolean,
    "Whether the row satisfies condition 1, 2 and so on, 64 at most. NULL is false.",
);
