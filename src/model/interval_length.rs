//! How long an interval is: what Postgres compares intervals by.

use arrow::datatypes::IntervalMonthDayNano;

/// Digits of the longest interval's microseconds, as a decimal: 64 bits of months alone would not be enough.
pub const LENGTH_DIGITS: u8 = 38;

/// PostgreSQL's `interval_cmp_value`: microseconds, with months of thirty days and days of 24 hours.
pub fn interval_length(interval: IntervalMonthDayNano) -> i128 {
    const PER_DAY: i128 = 86_400_000_000;
    const DAYS_PER_MONTH: i128 = 30;
    let days = i128::from(interval.months) * DAYS_PER_MONTH + i128::from(interval.days);
    days * PER_DAY + i128::from(interval.nanoseconds / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `extract(epoch ...)` says otherwise of years; these are from comparisons in PostgreSQL 15.
    #[test]
    fn lengths_are_of_months_of_thirty_days() {
        let of = |months, days, nanoseconds| interval_length(IntervalMonthDayNano::new(months, days, nanoseconds));
        assert_eq!(of(1, 0, 0), of(0, 30, 0));
        assert_eq!(of(0, 1, 0), of(0, 0, 86_400_000_000_000));
        assert_eq!(of(12, 0, 0), of(0, 360, 0));
        assert!(of(1, -30, 1000) > 0 && of(i32::MAX, i32::MAX, i64::MAX) > of(i32::MAX, 0, 0));
    }
}
