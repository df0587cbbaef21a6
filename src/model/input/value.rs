//! A value of any type from its text.

use std::str::FromStr;

use arrow::array::timezone::Tz;
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::{Fit, array, decimal, fit_text, temporal};
use crate::error::{Error, Result, SqlState};
use crate::model::text_forms;

/// A value of a type from its text; instants without a zone are read in `zone`. 22P02 for text that is no value of it, 22007
/// for text that is no moment, 22003 and 22008 for what its type can't hold.
pub fn read(postgres: &Type, text: &str, zone: &str) -> Result<ScalarValue> {
    let trimmed = text.trim();
    let syntax = || invalid(postgres, text, SqlState::InvalidTextRepresentation);
    Ok(match *postgres {
        Type::BOOL => ScalarValue::Boolean(Some(boolean(trimmed).ok_or_else(syntax)?)),
        Type::INT2 => ScalarValue::Int16(Some(integer(postgres, trimmed)?)),
        Type::INT4 => ScalarValue::Int32(Some(integer(postgres, trimmed)?)),
        Type::INT8 | Type::OID => ScalarValue::Int64(Some(integer(postgres, trimmed)?)),
        Type::FLOAT4 => ScalarValue::Float32(Some(real(trimmed)?)),
        Type::FLOAT8 => ScalarValue::Float64(Some(double(trimmed)?)),
        Type::NUMERIC => decimal::parse(trimmed)?,
        Type::BYTEA => ScalarValue::Binary(Some(bytea(text)?)),
        Type::UUID | Type::JSON | Type::JSONB => {
            ScalarValue::Utf8(Some(fit_text(text, postgres, -1, Fit::Refuse)?.into_owned()))
        }
        Type::DATE => ScalarValue::Date32(Some(temporal::date(trimmed)?)),
        Type::TIME => ScalarValue::Time64Microsecond(Some(temporal::time(trimmed)?)),
        Type::TIMESTAMP => ScalarValue::TimestampMicrosecond(Some(temporal::timestamp(trimmed)?), None),
        Type::TIMESTAMPTZ => {
            ScalarValue::TimestampMicrosecond(Some(temporal::timestamptz(trimmed, &known(zone)?)?), Some("UTC".into()))
        }
        Type::INTERVAL => temporal::interval(trimmed)?,
        _ => match postgres.kind() {
            postgres_types::Kind::Array(element) => array::parse(postgres, element, text, zone)?,
            _ => ScalarValue::Utf8(Some(text.to_owned())),
        },
    })
}

/// The error of PostgreSQL for a text that is no value of a type.
pub fn invalid(postgres: &Type, text: &str, state: SqlState) -> Error {
    Error::new(state, format!("invalid input syntax for type {}: \"{text}\"", sql_name(postgres)))
}

/// The name of a type in SQL.
fn sql_name(postgres: &Type) -> &str {
    match *postgres {
        Type::BOOL => "boolean",
        Type::INT2 => "smallint",
        Type::INT4 => "integer",
        Type::INT8 => "bigint",
        Type::FLOAT4 => "real",
        Type::FLOAT8 => "double precision",
        Type::TIMESTAMPTZ => "timestamp with time zone",
        _ => postgres.name(),
    }
}

/// Any beginning of a word that is no beginning of its opposite, as `parse_bool` of Postgres reads it.
pub fn boolean(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let begins = |word: &str, at_least: usize| text.len() >= at_least && word.starts_with(&text);
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || text == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}

/// A whole number; 22003 where its type is too narrow for it.
pub fn integer<T: FromStr<Err = std::num::ParseIntError>>(postgres: &Type, text: &str) -> Result<T> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        PosOverflow | NegOverflow => Error::new(
            SqlState::NumericValueOutOfRange,
            format!("value \"{text}\" is out of range for type {}", sql_name(postgres)),
        ),
        _ => invalid(postgres, text, SqlState::InvalidTextRepresentation),
    })
}

/// A real; 22003 where it is too large or too near to zero for one.
pub fn real(text: &str) -> Result<f32> {
    let value: f32 = text.parse().map_err(|_| invalid(&Type::FLOAT4, text, SqlState::InvalidTextRepresentation))?;
    in_range(&Type::FLOAT4, text, value.is_infinite(), value == 0.0).map(|()| value)
}

/// A double precision; 22003 where it is too large or too near to zero for one.
pub fn double(text: &str) -> Result<f64> {
    let value: f64 = text.parse().map_err(|_| invalid(&Type::FLOAT8, text, SqlState::InvalidTextRepresentation))?;
    in_range(&Type::FLOAT8, text, value.is_infinite(), value == 0.0).map(|()| value)
}

/// Digits that became infinity or zero didn't fit.
fn in_range(postgres: &Type, text: &str, infinite: bool, zero: bool) -> Result<()> {
    let mut mantissa = text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E'));
    let overflow = infinite && mantissa.clone().any(|byte| byte.is_ascii_digit());
    if overflow || (zero && mantissa.any(|byte| matches!(byte, b'1'..=b'9'))) {
        let message = format!("\"{text}\" is out of range for type {}", sql_name(postgres));
        return Err(Error::new(SqlState::NumericValueOutOfRange, message));
    }
    Ok(())
}

/// The session's zone.
fn known(zone: &str) -> Result<Tz> {
    zone.parse().map_err(|_| Error::internal(format!("TimeZone \"{zone}\" is not known")))
}

/// `\x` and hexadecimal digits, or the older form with octal escapes; 22023 or 22P02 for text that is neither.
pub fn bytea(text: &str) -> Result<Vec<u8>> {
    text_forms::bytes(text).ok_or_else(|| match text.starts_with("\\x") {
        true => Error::new(SqlState::InvalidParameterValue, "invalid hexadecimal data of a bytea"),
        false => invalid(&Type::BYTEA, text, SqlState::InvalidTextRepresentation),
    })
}
