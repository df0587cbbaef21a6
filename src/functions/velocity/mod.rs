//! Velocity: how long things take, with those still under way counted for as long as they have been seen.
//!
//! A row is one spell from `started_at` to `ended_at`. Without an end it is open, and leaves the count at
//! `observed_until`; without that, at the latest start or end in the group.
//!
//! | row | is |
//! |---|---|
//! | `started_at` NULL | ignored |
//! | `ended_at` before `started_at` | dropped, counted in `dropped` |
//! | `observed_until` before `started_at` | dropped, counted in `dropped` |
//! | `ended_at` equal to `started_at` | a spell of 0 days |
//! | `ended_at` after `observed_until` | open at `observed_until`: the end had not been seen then |
//! | `observed_until` NULL | open until the latest start or end of the group's rows that are not dropped |
//!
//! | group | `velocity`, `velocity_quantile` | `velocity_summary` |
//! |---|---|---|
//! | no rows | NULL | n, open and dropped 0, the rest NULL |
//! | one row, closed | its days | no std_error, no interval |
//! | too many open for the quantile to be reached | NULL | NULL; ci_low may still be known |
//!
//! | group | `velocity_mean`, `velocity_mean_summary` | `velocity_test` |
//! |---|---|---|
//! | no rows | NULL; n, open and dropped 0 | n, open, dropped and groups 0, the rest NULL |
//! | one group | its mean | no statistic |
//! | nobody watched up to the horizon | NULL where some are open | |
//! | no end was seen | the horizon, std_error 0 | no statistic |
//! | a group that nobody of is left in at the first end | | is left out of the statistic |
//!
//! `cumulative_incidence_summary` reads rows alike, and asks in addition whether the end is the outcome in question:
//!
//! | row or group | is |
//! |---|---|
//! | `occurred` NULL, with an end | another outcome |
//! | `occurred`, without an end | open |
//! | no rows | n, events, competing, open and dropped 0, the rest NULL |
//! | nobody came to the outcome | incidence and std_error 0, no interval, no median |
//! | everybody did | incidence 1, std_error 0, no interval |

mod cumulative_incidence_summary;
mod spell;
mod velocity_mean;
mod velocity_mean_summary;
mod velocity_median;
mod velocity_quantile;
mod velocity_summary;
mod velocity_test;

use super::function::Function;

/// The family's functions.
pub(super) fn functions() -> Vec<Function> {
    vec![
        velocity_median::function(),
        velocity_quantile::function(),
        velocity_summary::function(),
        velocity_mean::function(),
        velocity_mean_summary::function(),
        velocity_test::function(),
        cumulative_incidence_summary::function(),
    ]
}

/// The heading of the family in the reference.
const FAMILY: &str = "Velocity";
