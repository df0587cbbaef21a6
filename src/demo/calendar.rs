//! The window of observation: 156 whole weeks, so that weekly spend and outcomes line up. Instants are microseconds since
//! 1970 in UTC, days are days since 1970.

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;
/// Microseconds of a second, the grain of simulated instants.
const SECOND: i64 = 1_000_000;
/// Weeks observed.
pub(super) const WEEKS: usize = 156;
/// The first day observed, Monday 2022-01-03.
pub(super) const FIRST_DAY: i32 = 18_995;
/// The first instant observed.
pub(super) const START: i64 = FIRST_DAY as i64 * DAY;
/// The last instant observed, 2024-12-30 00:00: nothing later is known, and one row holds it.
pub(super) const END: i64 = START + WEEKS as i64 * 7 * DAY;
/// [`START`] as ISO 8601.
pub(super) const START_TEXT: &str = "2022-01-03T00:00:00Z";
/// [`END`] as ISO 8601.
pub(super) const END_TEXT: &str = "2024-12-30T00:00:00Z";

/// The instant some days after another, cut to whole seconds.
pub(super) fn after(instant: i64, days: f64) -> i64 {
    let later = instant + (days * DAY as f64) as i64;
    later - later.rem_euclid(SECOND)
}

/// Days from one instant to another.
pub(super) fn days_between(from: i64, to: i64) -> f64 {
    (to - from) as f64 / DAY as f64
}

/// The first day of a week of the window.
pub(super) fn first_day_of_week(week: usize) -> i32 {
    FIRST_DAY + 7 * week as i32
}
