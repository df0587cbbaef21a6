//! Dates and times from text in ISO 8601, as `datetime` writes them: years of any length, `BC`, offsets down to the second.
//!
//! The engine's own parser ends at the calendar libraries' years and turns a zone-less time with an offset into UTC; it is
//! left what is written otherwise (`Jan 2, 2026`).

use arrow::array::timezone::Tz;
use chrono::offset::LocalResult;
use chrono::{DateTime, Duration, NaiveDateTime, Offset, TimeZone};

const MICROSECONDS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// The first and last day of Postgres' dates, from 1970: 4714-11-24 BC and 5874897-12-31.
const FIRST_DAY: i64 = -2_440_588;
const LAST_DAY: i64 = 2_145_042_905;

/// What a text was read as.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read<T> {
    /// A value.
    Value(T),
    /// Written as one, but none: the thirteenth month, or a year too far.
    OutOfRange,
    /// Written in another way.
    Other,
}

/// A date, in days from 1970; of a date with a time the date.
pub(super) fn date(text: &str) -> Read<i32> {
    if let Some(later) = infinity(text) {
        return Read::Value(if later { i32::MAX } else { i32::MIN });
    }
    let days = |moment: Moment| (FIRST_DAY..=LAST_DAY).contains(&moment.days).then_some(moment.days as i32);
    read(text, days)
}

/// A time without zone, in microseconds from 1970; an offset has no meaning in it, as in Postgres.
pub(super) fn timestamp(text: &str) -> Read<i64> {
    if let Some(later) = infinity(text) {
        return Read::Value(if later { i64::MAX } else { i64::MIN });
    }
    read(text, |moment| in_range(moment.local()?))
}

/// An instant, in microseconds from 1970 UTC; a time without an offset is read in a zone.
pub(super) fn timestamptz(text: &str, zone: &Tz) -> Read<i64> {
    if let Some(later) = infinity(text) {
        return Read::Value(if later { i64::MAX } else { i64::MIN });
    }
    read(text, |moment| {
        let local = moment.local()?;
        let ahead = moment.ahead.unwrap_or_else(|| ahead(local, zone));
        in_range(local - i128::from(ahead * MICROSECONDS_PER_SECOND))
    })
}

/// A time of day, in microseconds from midnight; of a moment its time. An offset has no meaning in it, as in Postgres.
pub(super) fn time(text: &str) -> Read<i64> {
    let mut letters = Letters(text.as_bytes());
    match letters.time() {
        Some(time) if letters.offset().is_some() && letters.0.is_empty() => time.map_or(Read::OutOfRange, Read::Value),
        _ => match Moment::read(text) {
            Read::Value(moment) => Read::Value(moment.microseconds),
            _ => Read::Other,
        },
    }
}

/// Whether the text is the later of the two ends of time; `None` where it is neither.
fn infinity(text: &str) -> Option<bool> {
    // Two letters tell almost every value from them.
    let word = text.trim_start_matches(['-', '+']);
    word.eq_ignore_ascii_case("infinity").then(|| !text.starts_with('-'))
}

fn read<T>(text: &str, value: impl FnOnce(Moment) -> Option<T>) -> Read<T> {
    match Moment::read(text.trim()) {
        Read::Value(moment) => value(moment).map_or(Read::OutOfRange, Read::Value),
        Read::OutOfRange => Read::OutOfRange,
        Read::Other => Read::Other,
    }
}

/// A day, a time of it, and how far ahead of UTC, in seconds, where the text says so.
struct Moment {
    days: i64,
    microseconds: i64,
    ahead: Option<i64>,
}

impl Moment {
    fn read(text: &str) -> Read<Self> {
        match Letters(text.as_bytes()).moment() {
            Some(Some(moment)) => Read::Value(moment),
            Some(None) => Read::OutOfRange,
            None => Read::Other,
        }
    }

    /// Microseconds from 1970 on the clock of wherever it is; `None` before Postgres' first day.
    fn local(&self) -> Option<i128> {
        let day = i128::from(self.days) * i128::from(SECONDS_PER_DAY * MICROSECONDS_PER_SECOND);
        (self.days >= FIRST_DAY).then_some(day + i128::from(self.microseconds))
    }
}

fn in_range(microseconds: i128) -> Option<i64> {
    // The two ends stand for infinity.
    i64::try_from(microseconds).ok().filter(|value| !matches!(*value, i64::MIN | i64::MAX))
}

/// How far ahead of UTC a zone is at a local time: before the leap where the clock leaps over it, after it where it comes
/// twice, as in Postgres. Times outside of the zone library's calendar have the offset of its nearest end.
fn ahead(local: i128, zone: &Tz) -> i64 {
    let moment = i64::try_from(local).ok().and_then(DateTime::from_timestamp_micros);
    let moment =
        moment.map_or(if local < 0 { NaiveDateTime::MIN } else { NaiveDateTime::MAX }, |moment| moment.naive_utc());
    let offset = match zone.offset_from_local_datetime(&moment) {
        LocalResult::Single(offset) | LocalResult::Ambiguous(_, offset) => offset,
        LocalResult::None => {
            let before = moment.checked_sub_signed(Duration::days(1)).unwrap_or(moment);
            zone.offset_from_utc_datetime(&before)
        }
    };
    i64::from(offset.fix().local_minus_utc())
}

/// What is left of a text.
struct Letters<'a>(&'a [u8]);

impl Letters<'_> {
    /// `None` for another form, `Some(None)` for a value that is none.
    fn moment(&mut self) -> Option<Option<Moment>> {
        let (year, month, day) = (self.number(4, 7)?, self.after(b'-', 2)?, self.after(b'-', 2)?);
        let (mut time, mut ahead) = (Some(0), None);
        if self.take(b'T') || (self.0.get(1).is_some_and(u8::is_ascii_digit) && self.take(b' ')) {
            time = self.time()?;
            ahead = self.offset()?;
        }
        let before_christ = match self.0.trim_ascii() {
            [] => false,
            era if era.eq_ignore_ascii_case(b"BC") => true,
            era if era.eq_ignore_ascii_case(b"AD") => false,
            _ => return None,
        };
        let days = if year == 0 { None } else { days(if before_christ { 1 - year } else { year }, month, day) };
        Some(days.zip(time).map(|(days, microseconds)| Moment { days, microseconds, ahead }))
    }

    /// `hh:mm[:ss[.fraction]]` in microseconds.
    fn time(&mut self) -> Option<Option<i64>> {
        let (hours, minutes) = (self.number(1, 2)?, self.after(b':', 2)?);
        let seconds = if self.0.first() == Some(&b':') { self.after(b':', 2)? } else { 0 };
        let microseconds = if self.take(b'.') { self.fraction()? } else { 0 };
        let time = ((hours * 60 + minutes) * 60 + seconds) * MICROSECONDS_PER_SECOND + microseconds;
        let day = SECONDS_PER_DAY * MICROSECONDS_PER_SECOND;
        Some((minutes < 60 && seconds <= 60 && time <= day).then_some(time))
    }

    /// Digits behind the point, rounded to microseconds.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (fraction, rest) = self.0.split_at(digits);
        self.0 = rest;
        let digit = |at: usize| i64::from(fraction.get(at).map_or(0, |byte| byte - b'0'));
        let microseconds = (0..6).fold(0, |number, at| number * 10 + digit(at));
        (digits > 0).then(|| microseconds + i64::from(digit(6) >= 5))
    }

    /// `Z` or a sign and hours, minutes, seconds; nothing where none stands.
    fn offset(&mut self) -> Option<Option<i64>> {
        let spaced = self.0.trim_ascii_start();
        let (sign, rest) = match spaced {
            [b'Z' | b'z', rest @ ..] => {
                self.0 = rest;
                return Some(Some(0));
            }
            [b'+', rest @ ..] => (1, rest),
            [b'-', rest @ ..] => (-1, rest),
            _ => return Some(None),
        };
        self.0 = rest;
        let mut seconds = self.number(1, 2)? * 3600;
        for unit in [60, 1] {
            let colon = self.take(b':');
            if colon || self.0.first().is_some_and(u8::is_ascii_digit) {
                seconds += self.number(2, 2).filter(|number| *number < 60)? * unit;
            }
        }
        (seconds < 16 * 3600).then_some(Some(sign * seconds))
    }

    /// A number behind a letter.
    fn after(&mut self, letter: u8, most: usize) -> Option<i64> {
        if self.take(letter) { self.number(1, most) } else { None }
    }

    /// So many digits at most.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if digits < least {
            return None;
        }
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        Some(number.iter().fold(0, |number, byte| number * 10 + i64::from(byte - b'0')))
    }

    fn take(&mut self, letter: u8) -> bool {
        match self.0 {
            [first, rest @ ..] if *first == letter => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }
}

/// Days from 1970 of a date of the proleptic Gregorian calendar; `None` for a day that no month has. Howard Hinnant,
/// chrono-Compatible Low-Level Date Algorithms, `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Tz {
        name.parse().unwrap()
    }

    /// `extract(epoch from ..)` of PostgreSQL 15.
    #[test]
    fn times_are_those_of_postgres() {
        let berlin = zone("Europe/Berlin");
        for (text, seconds) in [
            ("2026-01-02 03:04:05", 1_767_319_445),
            ("2026-01-02T03:04:05Z", 1_767_323_045),
            ("2026-01-02 03:04:05 +0530", 1_767_303_245),
            ("2026-01-02", 1_767_308_400),
            // The clock leaps from two to three, and comes by half past two twice.
            ("2026-03-29 02:30:00", 1_774_747_800),
            ("2026-10-25 02:30:00", 1_792_891_800),
            ("1880-01-01 00:53:28", -2_840_140_800),
        ] {
            assert_eq!(timestamptz(text, &berlin), Read::Value(seconds * MICROSECONDS_PER_SECOND), "{text}");
        }
        assert_eq!(timestamp("2026-01-02 03:04:05+07"), Read::Value(1_767_323_045_000_000));
        assert_eq!(timestamp("2026-01-02 24:00:00"), timestamp("2026-01-03"));
        assert_eq!(timestamp("1999-12-31 23:59:59.9999995"), timestamp("2000-01-01"));
    }

    /// `'...'::time` of PostgreSQL 15.
    #[test]
    fn times_of_day_are_those_of_postgres() {
        let seconds = |hours: i64, minutes: i64, seconds: i64| (hours * 60 + minutes) * 60 + seconds;
        for (text, expected) in [
            ("04:05:06", seconds(4, 5, 6)),
            ("04:05", seconds(4, 5, 0)),
            ("4:05:06+02", seconds(4, 5, 6)),
            ("24:00:00", seconds(24, 0, 0)),
            ("2026-01-02 04:05:06", seconds(4, 5, 6)),
        ] {
            assert_eq!(time(text), Read::Value(expected * MICROSECONDS_PER_SECOND), "{text}");
        }
        assert_eq!(time("04:05:06.7895"), Read::Value(14_706_789_500));
        for text in ["25:00:00", "24:00:01", "04:60", "04:05:61"] {
            assert_eq!(time(text), Read::OutOfRange, "{text}");
        }
        for text in ["", "noon", "04:05 PM", "04"] {
            assert_eq!(time(text), Read::Other, "{text}");
        }
    }

    #[test]
    fn what_no_calendar_holds_is_told_from_what_is_written_otherwise() {
        for text in ["2026-13-01", "2026-02-29", "2026-00-10", "0000-01-01", "5874898-01-01", "4714-11-23 BC"] {
            assert_eq!(date(text), Read::OutOfRange, "{text}");
        }
        for text in ["2026-01-02 25:00:00", "2026-01-02 10:60", "2026-01-02 24:00:01", "300000-01-01"] {
            assert_eq!(timestamp(text), Read::OutOfRange, "{text}");
        }
        for text in
            ["", "soon", "Jan 2, 2026", "2026", "2026-01", "2026-01-02 x", "2026-01-02 03", "2026-01-02 03:04:05."]
        {
            assert_eq!(timestamp(text), Read::Other, "{text}");
        }
    }
}
