//! Dates, times and intervals from text: ISO 8601 by `calendar`, other forms by the engine.

use arrow::array::timezone::Tz;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::calendar::{self, Read};
use super::interval as intervals;
use super::value::invalid;
use crate::error::{Error, Result, SqlState};

/// A date in days from 1970; 22007 for text that is none, 22008 for a day that no calendar has.
pub fn date(text: &str) -> Result<i32> {
    match calendar::date(text) {
        Read::Value(days) => Ok(days),
        Read::OutOfRange => Err(out_of_range(text)),
        Read::Other => match by_engine(text, &DataType::Date32) {
            Some(ScalarValue::Date32(Some(days))) => Ok(days),
            _ => Err(invalid(&Type::DATE, text, SqlState::InvalidDatetimeFormat)),
        },
    }
}

/// A time without zone in microseconds from 1970.
pub fn timestamp(text: &str) -> Result<i64> {
    match calendar::timestamp(text) {
        Read::Value(microseconds) => Ok(microseconds),
        Read::OutOfRange => Err(out_of_range(text)),
        Read::Other => match by_engine(text, &DataType::Timestamp(TimeUnit::Microsecond, None)) {
            Some(ScalarValue::TimestampMicrosecond(Some(microseconds), None)) => Ok(microseconds),
            _ => Err(invalid(&Type::TIMESTAMP, text, SqlState::InvalidDatetimeFormat)),
        },
    }
}

/// An instant in microseconds from 1970 UTC; without an offset it is read in a zone.
pub fn timestamptz(text: &str, zone: &Tz) -> Result<i64> {
    match calendar::timestamptz(text, zone) {
        Read::Value(microseconds) => Ok(microseconds),
        Read::OutOfRange => Err(out_of_range(text)),
        Read::Other => {
            let target = DataType::Timestamp(TimeUnit::Microsecond, Some(zone.to_string().into()));
            match by_engine(text, &target) {
                Some(ScalarValue::TimestampMicrosecond(Some(microseconds), _)) => Ok(microseconds),
                _ => Err(invalid(&Type::TIMESTAMPTZ, text, SqlState::InvalidDatetimeFormat)),
            }
        }
    }
}

/// A time of day in microseconds from midnight; 22007 for text that is none, 22008 for one that no day has.
pub fn time(text: &str) -> Result<i64> {
    match calendar::time(text) {
        Read::Value(microseconds) => Ok(microseconds),
        Read::OutOfRange => Err(out_of_range(text)),
        Read::Other => match by_engine(text, &DataType::Time64(TimeUnit::Microsecond)) {
            Some(ScalarValue::Time64Microsecond(Some(microseconds))) => Ok(microseconds),
            _ => Err(invalid(&Type::TIME, text, SqlState::InvalidDatetimeFormat)),
        },
    }
}

/// An interval; 22007 for text that is none.
pub fn interval(text: &str) -> Result<ScalarValue> {
    let parsed = intervals::parse(text);
    let parsed = parsed.ok_or_else(|| invalid(&Type::INTERVAL, text, SqlState::InvalidDatetimeFormat))?;
    Ok(ScalarValue::IntervalMonthDayNano(Some(parsed)))
}

fn by_engine(text: &str, target: &DataType) -> Option<ScalarValue> {
    ScalarValue::Utf8(Some(text.to_owned())).cast_to(target).ok()
}

fn out_of_range(text: &str) -> Error {
    Error::new(SqlState::DatetimeFieldOverflow, format!("date/time field value out of range: \"{text}\""))
}
