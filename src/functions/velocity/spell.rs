//! What the family's functions share: their arguments, and how a row becomes a spell.

use crate::functions::adapter::{Constants, Row};
use crate::functions::entry::{Argument, Kind};
use crate::stats::spells::Spells;
use crate::stats::survival::{Curve, RestrictedMean};

pub(super) const STARTED_AT: Argument = Argument::required("started_at", Kind::Instant, "When the spell began.");
pub(super) const ENDED_AT: Argument =
    Argument::required("ended_at", Kind::Instant, "When it ended; NULL while it is open.");
pub(super) const OBSERVED_UNTIL: Argument = Argument::optional(
    "observed_until",
    Kind::Instant,
    "Until when the row was watched: an open spell counts as open until then, a later end as not yet seen. NULL, or left \
     out, stands for the latest start or end in the group.",
);

pub(super) const HORIZON: Argument = Argument::optional(
    "horizon",
    Kind::Span,
    "Days up to which time counts, a constant interval without months; by default the longest time that any spell of the group was \
     watched.",
);

pub(super) const NULLS: &str = "a row without `started_at` is ignored, one without `ended_at` is open. NULL where so many \
                                are open that the quantile is not reached, and without rows.";
pub(super) const MEAN_NULLS: &str = "a row without `started_at` is ignored, one without `ended_at` is open. NULL where nobody was \
                                     watched up to the horizon and some are open, and without rows.";
pub(super) const COST: &str = "8 bytes per row, kept until the group is answered, and a sort of each group.";
pub(super) const SOURCE: &str = "Kaplan & Meier (1958), Nonparametric estimation from incomplete observations.";

pub(super) const MEAN_SOURCE: &str = "Irwin (1949); Karrison (1987), Restricted mean life with adjustment for covariates; variance \
                                      after Klein & Moeschberger (2003), Survival Analysis, 4.5.";

/// The mean up to the horizon of argument 3, and that horizon in days.
pub(super) fn restricted_mean(state: &Spells, constants: &Constants) -> (Option<f64>, Option<RestrictedMean>) {
    let curve = Curve::of(state.durations());
    let horizon = constants.get(3).or((state.n() > 0).then_some(curve.observed_until));
    (horizon, horizon.and_then(|horizon| curve.restricted_mean(horizon)))
}

/// Adds the row's spell, whose start is the argument with this number.
pub(super) fn insert(state: &mut Spells, row: &Row, start: usize) {
    if let Some(started) = row.instant(start) {
        state.insert(started, row.instant(start + 1), row.instant(start + 2));
    }
}
