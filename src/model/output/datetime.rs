//! Dates, times and intervals as text: ISO 8601 as Postgres writes it, `postgres` style for intervals.
//!
//! The calendar is computed here because Arrow's dates reach further than the calendar libraries': every value has a
//! text and none panics. The ends of the range are Postgres' `infinity` and `-infinity`.

use arrow::array::timezone::Tz;
use arrow::datatypes::IntervalMonthDayNano;
use bytes::{BufMut, BytesMut};
use chrono::{DateTime, Offset, TimeZone};

use super::text::formatted;

const MICROSECONDS_PER_SECOND: i64 = 1_000_000;
const MICROSECONDS_PER_DAY: i64 = 86_400 * MICROSECONDS_PER_SECOND;

/// A date of days since 1970.
pub(super) fn date(days: i32, out: &mut BytesMut) {
    match days {
        i32::MAX => out.put_slice(b"infinity"),
        i32::MIN => out.put_slice(b"-infinity"),
        _ => {
            let before_christ = calendar_date(i64::from(days), out);
            era(before_christ, out);
        }
    }
}

/// A time of microseconds since midnight.
pub(super) fn time(microseconds: i64, out: &mut BytesMut) {
    let seconds = microseconds.div_euclid(MICROSECONDS_PER_SECOND);
    formatted(format_args!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60), out);
    fraction(microseconds.rem_euclid(MICROSECONDS_PER_SECOND), out);
}

/// A time without zone of microseconds since 1970.
pub(super) fn timestamp(microseconds: i64, out: &mut BytesMut) {
    if !infinite(microseconds, out) {
        let before_christ = date_and_time(i128::from(microseconds), out);
        era(before_christ, out);
    }
}

/// An instant of microseconds since 1970 UTC, in a zone.
pub(super) fn timestamptz(microseconds: i64, zone: &Tz, out: &mut BytesMut) {
    if infinite(microseconds, out) {
        return;
    }
    let offset = offset(microseconds, zone);
    let local = i128::from(microseconds) + i128::from(offset) * i128::from(MICROSECONDS_PER_SECOND);
    let before_christ = date_and_time(local, out);
    let (sign, ahead) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
    formatted(format_args!("{sign}{:02}", ahead / 3600), out);
    if ahead % 3600 != 0 {
        formatted(format_args!(":{:02}", ahead / 60 % 60), out);
    }
    if ahead % 60 != 0 {
        formatted(format_args!(":{:02}", ahead % 60), out);
    }
    era(before_christ, out);
}

/// An interval, as `1 year 2 mons -3 days +04:05:06.5`.
pub(super) fn interval(value: IntervalMonthDayNano, out: &mut BytesMut) {
    let microseconds = value.nanoseconds / 1000;
    let (years, months) = (value.months / 12, value.months % 12);
    let start = out.len();
    let mut after_negative = false;
    for (count, unit) in [(years, "year"), (months, "mon"), (value.days, "day")] {
        if count != 0 {
            let space = if out.len() > start { " " } else { "" };
            let plus = if after_negative && count > 0 { "+" } else { "" };
            let plural = if count == 1 { "" } else { "s" };
            formatted(format_args!("{space}{plus}{count} {unit}{plural}"), out);
            after_negative = count < 0;
        }
    }
    if microseconds != 0 || out.len() == start {
        let space = if out.len() > start { " " } else { "" };
        let sign = match (microseconds < 0, after_negative) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        formatted(format_args!("{space}{sign}"), out);
        // Nanoseconds of 64 bits, so their microseconds have a positive counterpart.
        time(microseconds.abs(), out);
    }
}

/// How far ahead of UTC a zone is at an instant, in seconds. Instants outside of the zone library's calendar have the
/// offset of its nearest end.
fn offset(microseconds: i64, zone: &Tz) -> i64 {
    let instant = DateTime::from_timestamp_micros(microseconds).unwrap_or(match microseconds {
        ..0 => DateTime::<chrono::Utc>::MIN_UTC,
        _ => DateTime::<chrono::Utc>::MAX_UTC,
    });
    i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc())
}

fn infinite(microseconds: i64, out: &mut BytesMut) -> bool {
    match microseconds {
        i64::MAX => out.put_slice(b"infinity"),
        i64::MIN => out.put_slice(b"-infinity"),
        _ => return false,
    }
    true
}

/// Writes the date and the time of day; answers whether the year is before Christ.
fn date_and_time(microseconds: i128, out: &mut BytesMut) -> bool {
    let day = i128::from(MICROSECONDS_PER_DAY);
    let before_christ = calendar_date(microseconds.div_euclid(day) as i64, out);
    out.put_u8(b' ');
    time(microseconds.rem_euclid(day) as i64, out);
    before_christ
}

/// Writes year, month and day of days since 1970 in the proleptic Gregorian calendar; answers whether the year is before
/// Christ. Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, `civil_from_days`.
fn calendar_date(days: i64, out: &mut BytesMut) -> bool {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let shown = if year > 0 { year } else { 1 - year };
    formatted(format_args!("{shown:04}-{month:02}-{day:02}"), out);
    year <= 0
}

fn era(before_christ: bool, out: &mut BytesMut) {
    if before_christ {
        out.put_slice(b" BC");
    }
}

/// Microseconds of a second, without trailing zeros.
fn fraction(microseconds: i64, out: &mut BytesMut) {
    if microseconds != 0 {
        let digits = format!("{microseconds:06}");
        formatted(format_args!(".{}", digits.trim_end_matches('0')), out);
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::timezone::Tz;
    use bytes::BytesMut;
    use proptest::prelude::*;

    use crate::model::input::temporal;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(microseconds in any::<i64>(), days in -2_440_588i64..=2_145_042_905, at in 0usize..4) {
            let zone: Tz = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata"][at].parse().unwrap();
            let written = |write: &dyn Fn(&mut BytesMut)| {
                let mut out = BytesMut::new();
                write(&mut out);
                String::from_utf8(out.to_vec()).unwrap()
            };
            let text = written(&|out| super::date(days as i32, out));
            prop_assert_eq!(temporal::date(&text).unwrap(), days as i32);
            // From 4713 BC, where Postgres' times start.
            let microseconds = microseconds.max(-210_866_000_000_000_000);
            let text = written(&|out| super::timestamp(microseconds, out));
            prop_assert_eq!(temporal::timestamp(&text).unwrap(), microseconds);
            let text = written(&|out| super::timestamptz(microseconds, &zone, out));
            prop_assert_eq!(temporal::timestamptz(&text, &zone).unwrap(), microseconds, "{}", text);
        }
    }
}
