//! Spans of time in the resolution of the times they are added to.

use arrow::array::timezone::Tz;
use arrow::array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use datafusion::common::ScalarValue;

use crate::error::{Error, Result, SqlState};

/// A span of time as a call gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(IntervalMonthDayNano);

impl Span {
    /// The mean length of a month of the Gregorian calendar.
    pub const DAYS_OF_MONTH: f64 = 365.2425 / 12.0;

    /// The value of an argument; 22023 if it is NULL or negative.
    pub fn of(function: &str, argument: &str, value: &ScalarValue) -> Result<Self> {
        let ScalarValue::IntervalMonthDayNano(Some(span)) = value else {
            return Err(invalid(function, argument, "an interval", "NULL"));
        };
        if span.months < 0 || span.days < 0 || span.nanoseconds < 0 {
            return Err(invalid(function, argument, "an interval that isn't negative", &written(span)));
        }
        Ok(Self(*span))
    }

    /// Its length in units of the times' resolution; 22023 if it has months, whose length varies.
    pub fn fixed(self, function: &str, argument: &str, at: &DataType) -> Result<i64> {
        if !self.is_fixed() {
            return Err(invalid(function, argument, "days or less, as months vary in length", &written(&self.0)));
        }
        Ok(self.units(at))
    }

    /// The same; 22023 if it is nothing too.
    pub fn positive(self, function: &str, argument: &str, at: &DataType) -> Result<i64> {
        match self.fixed(function, argument, at)? {
            0 => Err(invalid(function, argument, "longer than nothing in the resolution of the times", "0")),
            length => Ok(length),
        }
    }

    /// Its length in days, where months have their mean one.
    pub fn mean_days(self) -> f64 {
        let days = f64::from(self.0.days) + self.0.nanoseconds as f64 / 86_400e9;
        f64::from(self.0.months) * Self::DAYS_OF_MONTH + days
    }

    /// Whether it has the same length whenever it begins: months don't.
    pub fn is_fixed(self) -> bool {
        self.0.months == 0
    }

    /// The last instant of a window of this length, months being calendar months in UTC; the end of time where it lies
    /// beyond what the resolution can say.
    pub fn end(self, start: i64, at: &DataType) -> i64 {
        if self.is_fixed() {
            return start.saturating_add(self.units(at));
        }
        let end = || {
            let utc: Tz = "+00:00".parse().ok()?;
            match at {
                DataType::Timestamp(TimeUnit::Second, _) => TimestampSecondType::add_month_day_nano(start, self.0, utc),
                DataType::Timestamp(TimeUnit::Millisecond, _) => {
                    TimestampMillisecondType::add_month_day_nano(start, self.0, utc)
                }
                DataType::Timestamp(TimeUnit::Microsecond, _) => {
                    TimestampMicrosecondType::add_month_day_nano(start, self.0, utc)
                }
                _ => TimestampNanosecondType::add_month_day_nano(start, self.0, utc),
            }
        };
        end().unwrap_or(i64::MAX)
    }

    fn units(self, at: &DataType) -> i64 {
        const DAY: i128 = 86_400_000_000_000;
        let nanos = i128::from(self.0.days) * DAY + i128::from(self.0.nanoseconds);
        i64::try_from(nanos * i128::from(units_per_second(at)) / 1_000_000_000).unwrap_or(i64::MAX)
    }
}

/// How many units of the resolution of these times make a second.
pub(crate) fn units_per_second(at: &DataType) -> i64 {
    match at {
        DataType::Timestamp(TimeUnit::Second, _) => 1,
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000_000,
        _ => 1_000_000_000,
    }
}

/// An interval as SQL writes it.
fn written(span: &IntervalMonthDayNano) -> String {
    let parts = [
        (i64::from(span.months), "months"),
        (i64::from(span.days), "days"),
        (span.nanoseconds / 1_000_000_000, "seconds"),
        (span.nanoseconds % 1_000_000_000 / 1_000, "microseconds"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count != 0).map(|(count, unit)| format!("{count} {unit}"));
    parts.collect::<Vec<_>>().join(" ")
}

fn invalid(function: &str, argument: &str, expected: &str, got: &str) -> Error {
    let message = format!("{function}: {argument} must be {expected}, got {got}");
    Error::new(SqlState::InvalidParameterValue, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: DataType = DataType::Timestamp(TimeUnit::Second, None);
    const DAY: i64 = 86_400;

    fn span(months: i32, days: i32, nanoseconds: i64) -> Span {
        Span(IntervalMonthDayNano { months, days, nanoseconds })
    }

    #[test]
    fn a_fixed_length_is_rounded_down_to_the_resolution() {
        assert_eq!(span(0, 1, 1_999_999_999).fixed("f", "within", &SECONDS), Ok(DAY + 1));
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        assert_eq!(span(0, 0, 1_999_999_999).fixed("f", "within", &micros), Ok(1_999_999));
        let nanos = DataType::Timestamp(TimeUnit::Nanosecond, None);
        assert_eq!(span(0, i32::MAX, 0).fixed("f", "within", &nanos), Ok(i64::MAX));
        assert!(span(1, 0, 0).fixed("f", "within", &nanos).is_err());
    }

    /// 1970-01-31 plus a month is 1970-02-28, plus thirteen months 1971-02-28.
    #[test]
    fn months_are_calendar_months() {
        assert_eq!(span(1, 0, 0).end(30 * DAY + 7, &SECONDS), 58 * DAY + 7);
        assert_eq!(span(1, 1, 1_000_000_000).end(30 * DAY, &SECONDS), 59 * DAY + 1);
        assert_eq!(span(13, 0, 0).end(30 * DAY, &SECONDS), (365 + 58) * DAY);
    }

    #[test]
    fn nothing_ends_after_the_end_of_time() {
        assert_eq!(span(1, 0, 0).end(i64::MAX - 1, &SECONDS), i64::MAX);
        assert_eq!(span(0, 1, 0).end(i64::MAX - 1, &SECONDS), i64::MAX);
    }
}
