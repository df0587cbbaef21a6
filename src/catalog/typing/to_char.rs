//! `to_char` of moments and dates with Postgres' patterns; the engine's own takes others, and would print these as they stand.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, FixedOffset, Offset, TimeZone, Timelike};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Error, SqlState};

/// The function.
pub(super) fn to_char() -> ScalarUDF {
    ScalarUDF::from(ToChar { signature: Signature::any(2, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ToChar {
    signature: Signature,
}

impl ScalarUDFImpl for ToChar {
    fn name(&self) -> &str {
        "to_char"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Timestamp(..) | DataType::Date32 | DataType::Null, pattern]
                if pattern.is_string() || pattern.is_null() =>
            {
                Ok(DataType::Utf8)
            }
            [other, _] => {
                let error = Error::unsupported(format!("to_char of {other}"));
                Err(error.with_hint("it prints dates and timestamps; round() and || print numbers").into())
            }
            _ => Err(Error::new(SqlState::UndefinedFunction, "to_char takes a moment and a pattern").into()),
        }
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&call.args)?;
        let zone = match arrays[0].data_type() {
            DataType::Timestamp(_, Some(zone)) => zone.parse::<Tz>()?,
            _ => "UTC".parse::<Tz>()?,
        };
        let has_zone = matches!(arrays[0].data_type(), DataType::Timestamp(_, Some(_)));
        let unit = |zone: Option<Arc<str>>| DataType::Timestamp(TimeUnit::Microsecond, zone);
        let moments = match arrays[0].data_type() {
            DataType::Timestamp(_, zone) => cast(&arrays[0], &unit(zone.clone()))?,
            _ => cast(&arrays[0], &unit(None))?,
        };
        let patterns = cast(&arrays[1], &DataType::Utf8)?;
        let (moments, patterns) = (moments.as_primitive::<TimestampMicrosecondType>(), patterns.as_string::<i32>());
        let printed = moments.iter().zip(patterns).map(|(moment, pattern)| {
            let moment = moment.zip(pattern).map(|(moment, pattern)| {
                let utc = DateTime::from_timestamp_micros(moment)
                    .ok_or_else(|| Error::new(SqlState::DatetimeFieldOverflow, "timestamp out of range for to_char"))?;
                let offset = zone.offset_from_utc_datetime(&utc.naive_utc()).fix();
                printed(&utc.with_timezone(&offset), pattern, has_zone)
            });
            moment.transpose()
        });
        let printed = printed.collect::<Result<StringArray, Error>>()?;
        Ok(ColumnarValue::Array(Arc::new(printed) as ArrayRef))
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// The Julian day of 0001-01-01.
const JULIAN_OF_YEAR_ONE: i64 = 1_721_426;

/// The width of months and days without FM.
const WORD: usize = 9;

/// Patterns, the longer ones before those they begin with.
const PATTERNS: [&str; 60] = [
    "HH24", "HH12", "YYYY", "IYYY", "Y,YYY", "MONTH", "Month", "month", "IDDD", "A.M.", "P.M.", "a.m.", "p.m.", "DDD",
    "DAY", "Day", "day", "MON", "Mon", "mon", "YYY", "IYY", "TZH", "TZM", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6",
    "SSSSS", "SSSS", "HH", "MI", "SS", "MS", "US", "AM", "PM", "am", "pm", "YY", "IY", "MM", "DD", "DY", "Dy", "dy",
    "ID", "WW", "IW", "CC", "OF", "TZ", "tz", "RM", "rm", "D", "Q", "J",
];

/// A moment by a pattern. 0A000 for patterns that are Postgres' and not here.
fn printed(at: &DateTime<FixedOffset>, pattern: &str, has_zone: bool) -> Result<String, Error> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            out.push_str(&quoted[..end]);
            rest = quoted.get(end + 1..).unwrap_or_default();
            continue;
        }
        let (plain, after) = match rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
            Some(after) => (true, after),
            None => (false, rest),
        };
        if let Some((name, after)) = pattern_of(after) {
            let mut field = field(at, name, has_zone)?;
            if plain {
                field = without_padding(&field);
            }
            rest = match (after.strip_prefix("TH"), after.strip_prefix("th")) {
                (Some(after), _) => {
                    field += &ordinal(&field).to_uppercase();
                    after
                }
                (_, Some(after)) => {
                    field += ordinal(&field);
                    after
                }
                _ => after,
            };
            out.push_str(&field);
        } else if plain {
            rest = after;
        } else {
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    Ok(out)
}

/// The pattern at the beginning of a text, in capitals unless its letters tell how to write a word, and what follows it.
fn pattern_of(text: &str) -> Option<(&'static str, &str)> {
    let exact = PATTERNS.iter().find(|name| text.starts_with(**name));
    let folded = || {
        let begins = |name: &&&str| text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        PATTERNS.iter().find(begins)
    };
    let name = *exact.or_else(folded)?;
    Some((name, &text[name.len()..]))
}

fn field(at: &DateTime<FixedOffset>, name: &str, has_zone: bool) -> Result<String, Error> {
    let (year, week) = (at.year(), at.iso_week());
    let shown = if year > 0 { year } else { 1 - year };
    let month = MONTHS[at.month0() as usize];
    let day = DAYS[at.weekday().num_days_from_sunday() as usize];
    let microseconds = at.nanosecond() / 1000 % 1_000_000;
    let hour12 = if at.hour().is_multiple_of(12) { 12 } else { at.hour() % 12 };
    let seconds = at.offset().local_minus_utc();
    let word = |text: String| format!("{text:<WORD$}");
    let half = |am: &str, pm: &str| if at.hour() < 12 { am.to_owned() } else { pm.to_owned() };
    let sign = if seconds < 0 { '-' } else { '+' };
    Ok(match name {
        "YYYY" => format!("{shown:04}"),
        "Y,YYY" => format!("{},{:03}", shown / 1000, shown % 1000),
        "YYY" => format!("{:03}", shown % 1000),
        "YY" => format!("{:02}", shown % 100),
        "IYYY" => format!("{:04}", week.year()),
        "IYY" => format!("{:03}", week.year() % 1000),
        "IY" => format!("{:02}", week.year() % 100),
        "MONTH" => word(month.to_uppercase()),
        "Month" => word(month.to_owned()),
        "month" => word(month.to_lowercase()),
        "MON" => month[..3].to_uppercase(),
        "Mon" => month[..3].to_owned(),
        "mon" => month[..3].to_lowercase(),
        "MM" => format!("{:02}", at.month()),
        "DAY" => word(day.to_uppercase()),
        "Day" => word(day.to_owned()),
        "day" => word(day.to_lowercase()),
        "DY" => day[..3].to_uppercase(),
        "Dy" => day[..3].to_owned(),
        "dy" => day[..3].to_lowercase(),
        "DDD" => format!("{:03}", at.ordinal()),
        "IDDD" => format!("{:03}", week.week0() * 7 + at.weekday().number_from_monday()),
        "DD" => format!("{:02}", at.day()),
        "D" => at.weekday().number_from_sunday().to_string(),
        "ID" => at.weekday().number_from_monday().to_string(),
        "WW" => format!("{:02}", at.ordinal0() / 7 + 1),
        "IW" => format!("{:02}", week.week()),
        "Q" => (at.month0() / 3 + 1).to_string(),
        "RM" => format!("{:<4}", ROMAN[at.month0() as usize]),
        "rm" => format!("{:<4}", ROMAN[at.month0() as usize].to_lowercase()),
        "J" => (i64::from(at.num_days_from_ce()) + JULIAN_OF_YEAR_ONE - 1).to_string(),
        "CC" => format!("{:02}", (shown + 99) / 100),
        "HH24" => format!("{:02}", at.hour()),
        "HH" | "HH12" => format!("{hour12:02}"),
        "MI" => format!("{:02}", at.minute()),
        "SS" => format!("{:02}", at.second()),
        "MS" => format!("{:03}", microseconds / 1000),
        "US" => format!("{microseconds:06}"),
        "SSSS" | "SSSSS" => at.num_seconds_from_midnight().to_string(),
        "AM" | "PM" => half("AM", "PM"),
        "am" | "pm" => half("am", "pm"),
        "A.M." | "P.M." => half("A.M.", "P.M."),
        "a.m." | "p.m." => half("a.m.", "p.m."),
        "TZH" => format!("{sign}{:02}", seconds.abs() / 3600),
        "TZM" => format!("{:02}", seconds.abs() / 60 % 60),
        "OF" => {
            let mut offset = format!("{sign}{:02}", seconds.abs() / 3600);
            if seconds % 3600 != 0 {
                write!(offset, ":{:02}", seconds.abs() / 60 % 60).expect("a string takes every write");
            }
            offset
        }
        "TZ" | "tz" if !has_zone => String::new(),
        name if name.starts_with("FF") => {
            let digits = usize::from(name.as_bytes()[2] - b'0');
            format!("{microseconds:06}")[..digits].to_owned()
        }
        other => return Err(Error::unsupported(format!("the pattern {other} of to_char")).with_hint("use OF")),
    })
}

/// What FM leaves: no blanks after words, no zeros before numbers.
fn without_padding(field: &str) -> String {
    let trimmed = field.trim_end();
    let digits = trimmed.trim_start_matches('0');
    match trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
        true if digits.is_empty() => "0".to_owned(),
        true => digits.to_owned(),
        false => trimmed.to_owned(),
    }
}

/// What English puts after a number.
fn ordinal(number: &str) -> &'static str {
    match number.trim_end().as_bytes() {
        [.., b'1', _] => "th",
        [.., b'1'] => "st",
        [.., b'2'] => "nd",
        [.., b'3'] => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SELECT to_char(TIMESTAMPTZ '2026-01-02 15:04:05.678901+05:30', ...)` with TimeZone Asia/Kolkata in PostgreSQL 15.
    #[test]
    fn moments_are_printed_as_by_postgres() {
        let at = DateTime::parse_from_rfc3339("2026-01-02T15:04:05.678901+05:30").unwrap();
        for (pattern, expected) in [
            ("YYYY-MM-DD HH24:MI:SS", "2026-01-02 15:04:05"),
            ("yyyy-mm-dd", "2026-01-02"),
            ("Mon DD, YYYY", "Jan 02, 2026"),
            ("FMMonth FMDDth", "January 2nd"),
            ("Day|DY|dy", "Friday   |FRI|fri"),
            ("HH12:MI:SS AM p.m.", "03:04:05 PM p.m."),
            ("MS US FF3", "678 678901 678"),
            ("DDD D ID WW IW IYYY Q CC", "002 6 5 01 01 2026 1 21"),
            ("\"Week\" IW", "Week 01"),
            ("YYYY\"Q\"Q", "2026Q1"),
            ("OF TZH:TZM", "+05:30 +05:30"),
            ("YY Y,YYY", "26 2,026"),
            ("SSSS", "54245"),
            ("FMMM/FMDD/YYYY", "1/2/2026"),
        ] {
            assert_eq!(printed(&at, pattern, true).unwrap(), expected, "{pattern}");
        }
        assert_eq!(printed(&at, "TZ", true).unwrap_err().state(), SqlState::FeatureNotSupported);
    }
}
