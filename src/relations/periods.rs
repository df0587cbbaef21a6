//! Periods of the calendar, numbered: day, week (from Monday), month, quarter, year, all of UTC.

use chrono::{Datelike, NaiveDate};

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The periods by their names in SQL.
pub(super) const PERIODS: [(&str, Period); 5] = [
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
    ("quarter", Period::Quarter),
    ("year", Period::Year),
];

impl Period {
    /// The number of the period that a day lies in; days count from 1970-01-01, a Thursday. Beyond the years that a calendar
    /// can tell, the first or last one.
    pub fn number(self, day: i64) -> i64 {
        match self {
            Self::Day => day,
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => months(day),
            Self::Quarter => months(day).div_euclid(3),
            Self::Year => months(day).div_euclid(12),
        }
    }

    /// The first day of a period.
    pub fn first_day(self, number: i64) -> i64 {
        match self {
            Self::Day => number,
            Self::Week => number * 7 - 3,
            Self::Month => first_of_month(number),
            Self::Quarter => first_of_month(number * 3),
            Self::Year => first_of_month(number * 12),
        }
    }
}

/// Months since January of the year 0.
fn months(day: i64) -> i64 {
    let date = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days);
    let date = date.unwrap_or(if day < 0 { NaiveDate::MIN } else { NaiveDate::MAX });
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

fn first_of_month(number: i64) -> i64 {
    let year = i32::try_from(number.div_euclid(12)).ok();
    let first = year.and_then(|year| NaiveDate::from_ymd_opt(year, number.rem_euclid(12) as u32 + 1, 1));
    i64::from(first.unwrap_or(NaiveDate::MAX).to_epoch_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i64 {
        i64::from(text.parse::<NaiveDate>().unwrap().to_epoch_days())
    }

    #[test]
    fn periods_begin_where_the_calendar_says() {
        for (period, within, first) in [
            (Period::Day, "2024-02-29", "2024-02-29"),
            (Period::Week, "2025-01-05", "2024-12-30"),
            (Period::Week, "2025-01-06", "2025-01-06"),
            (Period::Week, "1969-12-31", "1969-12-29"),
            (Period::Month, "2024-02-29", "2024-02-01"),
            (Period::Quarter, "2023-12-31", "2023-10-01"),
            (Period::Year, "1969-07-20", "1969-01-01"),
        ] {
            assert_eq!(period.first_day(period.number(day(within))), day(first), "{period:?} of {within}");
        }
    }

    #[test]
    fn periods_follow_one_another() {
        for (_, period) in PERIODS {
            for today in (-200_000..200_000).step_by(37) {
                let number = period.number(today);
                assert!(
                    (period.first_day(number)..period.first_day(number + 1)).contains(&today),
                    "{period:?} {today}"
                );
            }
        }
    }
}
