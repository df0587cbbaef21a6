//! The types and values of bound parameters.
//!
//! A parameter has the type its client declared, else the type the statement gives it, else text. Numbers keep the type
//! and the digits they came with: the engine coerces them as it does literals, so `price = 1.234` is not rounded to the
//! column's two decimals.

use std::str::FromStr;

use arrow::array::timezone::Tz;
use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::types::ColumnType;
use super::{array_parameter, binary_parameter, decimal, temporal};
use crate::error::{Error, Result, SqlState};

/// The two formats of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Format {
    /// As printed.
    Text,
    /// As `typsend` writes it.
    Binary,
}

impl Format {
    /// Its number in the protocol.
    pub fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }
}

impl TryFrom<i16> for Format {
    type Error = Error;

    fn try_from(code: i16) -> Result<Self> {
        match code {
            0 => Ok(Self::Text),
            1 => Ok(Self::Binary),
            _ => Err(Error::new(SqlState::InvalidParameterValue, format!("unsupported format code: {code}"))),
        }
    }
}

/// The type of a parameter.
#[derive(Debug, Clone)]
pub(in crate::server) struct ParameterType {
    postgres: Type,
    /// `None` where neither the client nor the statement says.
    arrow: Option<DataType>,
}

impl ParameterType {
    /// The type a client declared by oid (0 and `unknown`: none), else the one the statement gives the parameter.
    pub fn of(declared: u32, inferred: Option<&DataType>) -> Result<Self> {
        if let Some(postgres) = declared_type(declared)? {
            return Ok(Self { arrow: arrow_type(&postgres).or_else(|| inferred.cloned()), postgres });
        }
        match inferred.filter(|arrow| !arrow.is_null()) {
            Some(arrow) => {
                let postgres = ColumnType::of(&Field::new("parameter", arrow.clone(), true))?.postgres;
                Ok(Self { postgres, arrow: Some(arrow.clone()) })
            }
            None => Ok(Self { postgres: Type::TEXT, arrow: None }),
        }
    }

    /// The oid told to the client.
    pub fn oid(&self) -> u32 {
        self.postgres.oid()
    }

    /// A bound value; `None` is NULL. Zone-less instants are read in `zone`.
    pub fn decode(&self, bytes: Option<&Bytes>, format: Format, zone: &str) -> Result<ScalarValue> {
        let Some(bytes) = bytes else {
            return Ok(match &self.arrow {
                Some(arrow) => ScalarValue::try_from(arrow)?,
                None => ScalarValue::Null,
            });
        };
        match format {
            Format::Binary => binary_parameter::decode(&self.postgres, bytes),
            Format::Text => decode_text(&self.postgres, utf8(bytes)?, zone),
        }
    }
}

/// The Arrow type of a declared parameter, for planning; `None` where the client left it open, and for numeric, whose
/// scale only the value tells. 42704 for an unknown oid.
pub(in crate::server) fn hint(oid: u32) -> Result<Option<DataType>> {
    Ok(declared_type(oid)?.as_ref().and_then(arrow_type))
}

fn declared_type(oid: u32) -> Result<Option<Type>> {
    if oid == 0 || oid == Type::UNKNOWN.oid() {
        return Ok(None);
    }
    let unknown = || Error::new(SqlState::UndefinedObject, format!("type with OID {oid} does not exist"));
    Type::from_oid(oid).ok_or_else(unknown).map(Some)
}

fn arrow_type(postgres: &Type) -> Option<DataType> {
    if let postgres_types::Kind::Array(element) = postgres.kind() {
        return Some(DataType::new_list(arrow_type(element)?, true));
    }
    Some(match *postgres {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::Int16,
        Type::INT4 => DataType::Int32,
        Type::INT8 | Type::OID => DataType::Int64,
        Type::FLOAT4 => DataType::Float32,
        Type::FLOAT8 => DataType::Float64,
        Type::BYTEA => DataType::Binary,
        Type::DATE => DataType::Date32,
        Type::TIME => DataType::Time64(TimeUnit::Microsecond),
        Type::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Type::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        Type::NUMERIC => return None,
        _ => DataType::Utf8,
    })
}

/// Bytes as text; 22021 where they are no UTF-8 or hold the zero that Postgres' text can't.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str> {
    let broken = match std::str::from_utf8(bytes) {
        Ok(text) => match bytes.iter().position(|&byte| byte == 0) {
            Some(zero) => zero,
            None => return Ok(text),
        },
        Err(error) => error.valid_up_to(),
    };
    // The letter is told as long as its first byte says it is, as in Postgres.
    let length = match bytes[broken] {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    let letter: Vec<String> = bytes[broken..].iter().take(length).map(|byte| format!("0x{byte:02x}")).collect();
    let message = format!("invalid byte sequence for encoding \"UTF8\": {}", letter.join(" "));
    Err(Error::new(SqlState::CharacterNotInRepertoire, message))
}

pub(super) fn decode_text(postgres: &Type, text: &str, zone: &str) -> Result<ScalarValue> {
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
        Type::BYTEA => ScalarValue::Binary(Some(bytea(text).ok_or_else(syntax)?)),
        Type::UUID => ScalarValue::Utf8(Some(uuid::Uuid::from_str(trimmed).map_err(|_| syntax())?.to_string())),
        Type::DATE => ScalarValue::Date32(Some(temporal::date(trimmed)?)),
        Type::TIME => temporal::time(trimmed)?,
        Type::TIMESTAMP => ScalarValue::TimestampMicrosecond(Some(temporal::timestamp(trimmed)?), None),
        Type::TIMESTAMPTZ => {
            ScalarValue::TimestampMicrosecond(Some(temporal::timestamptz(trimmed, &known(zone)?)?), Some("UTC".into()))
        }
        Type::INTERVAL => temporal::interval(trimmed)?,
        _ => match postgres.kind() {
            postgres_types::Kind::Array(element) => array_parameter::decode(postgres, element, text, zone)?,
            _ => ScalarValue::Utf8(Some(text.to_owned())),
        },
    })
}

/// The error of PostgreSQL for a text that is no value of a type.
pub(super) fn invalid(postgres: &Type, text: &str, state: SqlState) -> Error {
    Error::new(state, format!("invalid input syntax for type {}: \"{text}\"", sql_name(postgres)))
}

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
pub(super) fn boolean(text: &str) -> Option<bool> {
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

pub(super) fn integer<T: FromStr<Err = std::num::ParseIntError>>(postgres: &Type, text: &str) -> Result<T> {
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
pub(super) fn real(text: &str) -> Result<f32> {
    let value: f32 = text.parse().map_err(|_| invalid(&Type::FLOAT4, text, SqlState::InvalidTextRepresentation))?;
    in_range(&Type::FLOAT4, text, value.is_infinite(), value == 0.0).map(|()| value)
}

/// A double precision; 22003 where it is too large or too near to zero for one.
pub(super) fn double(text: &str) -> Result<f64> {
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

/// `\x` and hexadecimal digits, or the older form with octal escapes.
pub(super) fn bytea(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("\\x") {
        let pairs = digits.as_bytes().chunks(2);
        return pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|p| p.len() == 2)?, 16).ok())
            .collect();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let (value, after) = match (byte, tail) {
            (b'\\', [b'\\', tail @ ..]) => (b'\\', tail),
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) => {
                ((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'), tail)
            }
            (b'\\', _) => return None,
            (byte, tail) => (byte, tail),
        };
        bytes.push(value);
        rest = after;
    }
    Some(bytes)
}
