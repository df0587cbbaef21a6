//! What the family's functions share: their arguments, and how a row becomes a spell.

use crate::functions::adapter::Row;
use crate::functions::entry::{Argument, Kind};
use crate::stats::spells::Spells;

pub(super) const STARTED_AT: Argument = Argument::required("started_at", Kind::Instant, "When the spell began.");
pub(super) const ENDED_AT: Argument =
    Argument::required("ended_at", Kind::Instant, "When it ended; NULL while it is open.");
pub(super) const OBSERVED_UNTIL: Argument = Argument::optional(
    "observed_until",
    Kind::Instant,
    "Until when the row was watched: an open spell counts as open until then, a later end as not yet seen. NULL, or left \
     out, stands for the latest start or end in the group.",
);

pub(super) const NULLS: &str = "a row without `started_at` is ignored, one without `ended_at` is open. NULL where so many \
                                are open that the quantile is not reached, and without rows.";
pub(super) const COST: &str = "8 bytes per row, kept until the group is answered, and a sort of each group.";
pub(super) const SOURCE: &str = "Kaplan & Meier (1958), Nonparametric estimation from incomplete observations.";

/// Adds the row's spell, whose start is the argument with this number.
pub(super) fn insert(state: &mut Spells, row: &Row, start: usize) {
    if let Some(started) = row.instant(start) {
        state.insert(started, row.instant(start + 1), row.instant(start + 2));
    }
}
