//! The types and values of bound parameters.
//!
//! A parameter has the type its client declared, else the type the statement gives it, else text. Numbers keep the type
//! and the digits they came with: the engine coerces them as it does literals, so `price = 1.234` is not rounded to the
//! column's two decimals.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::binary_parameter;
use crate::error::{Error, Result, SqlState};
use crate::model::output::ColumnType;
use crate::model::{marked, read, with_mark_of};

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
    pub fn of(declared: u32, inferred: Option<&Field>) -> Result<Self> {
        if let Some(postgres) = declared_type(declared)? {
            let arrow = arrow_type(&postgres).or_else(|| inferred.map(|field| field.data_type().clone()));
            return Ok(Self { arrow, postgres });
        }
        match inferred.filter(|field| !field.data_type().is_null()) {
            Some(field) => {
                let postgres = ColumnType::of(field)?.postgres;
                Ok(Self { postgres, arrow: Some(field.data_type().clone()) })
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
            Format::Text => read(&self.postgres, utf8(bytes)?, zone),
        }
    }
}

/// A declared parameter, for planning; `None` where the client left it open. A numeric's digits are known only with its value: for
/// planning it has some. 42704 for an unknown oid.
pub(in crate::server) fn hint(oid: u32) -> Result<Option<FieldRef>> {
    const SOME_NUMERIC: DataType = DataType::Decimal128(DECIMAL128_MAX_PRECISION, 10);
    let Some(declared) = declared_type(oid)? else { return Ok(None) };
    let arrow = if declared == Type::NUMERIC { Some(SOME_NUMERIC) } else { arrow_type(&declared) };
    let plain = arrow.map(|arrow| Field::new("", arrow, true));
    Ok(plain.map(|plain| Arc::new(with_mark_of(plain, &marked(&declared, -1)))))
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
