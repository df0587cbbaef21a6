//! The SQL types a column of a table may have, and the Arrow types that hold them.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, IntervalUnit, TimeUnit};
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType as SqlType, ExactNumberInfo, TimezoneInfo,
};
use postgres_types::Type;

use super::marked::{LENGTH_HEADER, mark, marked, marked_array, with_mark_of};
use crate::error::{Error, Result, SqlState};

/// Digits of a NUMERIC column that names none: wide enough for money, and what the engine sums without overflow.
const DEFAULT_NUMERIC: (u8, i8) = (38, 10);

/// The most letters that a `varchar` or a `char` may name, as in Postgres.
const LONGEST: u64 = 10_485_760;

/// The type of instants: UTC, microseconds, as in Postgres. Zone-less times would raise the Delta protocol and shut other
/// readers out, so `TIMESTAMP` columns keep the zone-less type in SQL and are stored as UTC.
pub fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// A field without a name, of the type of a column declared with a SQL type; 0A000 where tables can't hold it.
pub fn column_type(sql: &SqlType) -> Result<Field> {
    if let Some(text) = text_type(sql)? {
        return Ok(text);
    }
    let plain = match sql {
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::SmallInt(_) | SqlType::Int2(_) => DataType::Int16,
        SqlType::Int(_) | SqlType::Integer(_) | SqlType::Int4(_) => DataType::Int32,
        SqlType::BigInt(_) | SqlType::Int8(_) => DataType::Int64,
        SqlType::Real | SqlType::Float4 | SqlType::Float(ExactNumberInfo::Precision(1..=24)) => DataType::Float32,
        SqlType::Double(_) | SqlType::DoublePrecision | SqlType::Float8 | SqlType::Float(_) => DataType::Float64,
        SqlType::Numeric(info) | SqlType::Decimal(info) | SqlType::Dec(info) => numeric(info)?,
        SqlType::Text | SqlType::String(_) => DataType::Utf8View,
        SqlType::Bytea => DataType::BinaryView,
        SqlType::Date => DataType::Date32,
        SqlType::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => DataType::Time64(TimeUnit::Microsecond),
        SqlType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => instant(),
        SqlType::Timestamp(_, _) => DataType::Timestamp(TimeUnit::Microsecond, None),
        SqlType::Interval { .. } => DataType::Interval(IntervalUnit::MonthDayNano),
        SqlType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => {
            let element = column_type(element)?;
            // Types of Postgres do not count dimensions, but values of columns have one.
            match element.data_type() {
                DataType::List(_) => return Err(unsupported(sql)),
                element => DataType::new_list(element.clone(), true),
            }
        }
        other => return Err(unsupported(other)),
    };
    Ok(Field::new("", plain, true))
}

fn unsupported(sql: &SqlType) -> Error {
    Error::unsupported(format!("a column of type {sql}")).with_hint(
        "use boolean, smallint, integer, bigint, real, double precision, numeric, text, varchar, char, bytea, date, time, \
         timestamp, timestamptz, interval, uuid, json, jsonb, or an array of one of them",
    )
}

/// The marked field of a SQL type that is text here, or an array of one; `None` for any other type. 22023 for a length that a type
/// can't have.
pub fn text_type(sql: &SqlType) -> Result<Option<Field>> {
    let (postgres, modifier) = match sql {
        SqlType::Uuid => (Type::UUID, -1),
        SqlType::JSON => (Type::JSON, -1),
        SqlType::JSONB => (Type::JSONB, -1),
        SqlType::Varchar(length) | SqlType::CharacterVarying(length) => {
            (Type::VARCHAR, length.as_ref().map_or(Ok(-1), |length| limit("varchar", length))?)
        }
        SqlType::Char(length) | SqlType::Character(length) => {
            let one = CharacterLength::IntegerLength { length: 1, unit: None };
            (Type::BPCHAR, limit("char", length.as_ref().unwrap_or(&one))?)
        }
        SqlType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => {
            let element = text_type(element)?;
            return Ok(element.and_then(|element| {
                let (element, modifier) = mark(&element)?;
                Some(marked(&marked_array(&element)?, modifier))
            }));
        }
        _ => return Ok(None),
    };
    Ok(Some(marked(&postgres, modifier)))
}

/// The modifier of a text of limited length.
fn limit(name: &str, length: &CharacterLength) -> Result<i32> {
    let refused = |what| {
        let message = format!("length for type {name} {what}");
        Err(Error::new(SqlState::InvalidParameterValue, message))
    };
    match length {
        CharacterLength::Max => Ok(-1),
        CharacterLength::IntegerLength { length: 0, .. } => refused("must be at least 1".to_owned()),
        CharacterLength::IntegerLength { length: length @ 1..=LONGEST, .. } => Ok(*length as i32 + LENGTH_HEADER),
        CharacterLength::IntegerLength { .. } => refused(format!("cannot exceed {LONGEST}")),
    }
}

fn numeric(info: &ExactNumberInfo) -> Result<DataType> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => DEFAULT_NUMERIC,
        ExactNumberInfo::Precision(p) => (u8::try_from(*p).unwrap_or(u8::MAX), 0),
        ExactNumberInfo::PrecisionAndScale(p, s) => {
            (u8::try_from(*p).unwrap_or(u8::MAX), i8::try_from(*s).unwrap_or(i8::MAX))
        }
    };
    if precision == 0 || precision > DECIMAL128_MAX_PRECISION || scale < 0 || scale as u8 > precision {
        return Err(Error::new(
            SqlState::InvalidParameterValue,
            format!("numeric precision must be 1 to {DECIMAL128_MAX_PRECISION} and its scale 0 to the precision"),
        ));
    }
    Ok(DataType::Decimal128(precision, scale))
}

/// The field of a column that is made from values of another one: of the nearest type that tables can hold; 0A000 without one.
pub fn stored_field(value: &Field) -> Result<Field> {
    let marked = match (value.data_type(), mark(value)) {
        (_, Some((postgres, modifier))) => Some(marked(&postgres, modifier)),
        // Arrays that are computed have their mark on their elements.
        (DataType::List(element), None) => {
            mark(element).and_then(|(element, modifier)| Some(marked(&marked_array(&element)?, modifier)))
        }
        _ => None,
    };
    let field = Field::new(value.name(), stored_type(value.data_type())?, true);
    Ok(marked.map_or(field.clone(), |marked| with_mark_of(field, &marked)))
}

fn stored_type(value: &DataType) -> Result<DataType> {
    Ok(match value {
        DataType::Boolean | DataType::Int16 | DataType::Int32 | DataType::Int64 => value.clone(),
        DataType::Float32 | DataType::Float64 | DataType::Date32 => value.clone(),
        DataType::Decimal128(..) => value.clone(),
        DataType::Int8 | DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => DataType::Decimal128(*p, *s),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::BinaryView
        }
        DataType::Dictionary(_, values) => stored_type(values)?,
        DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Timestamp(_, Some(_)) => instant(),
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _)
            if !element.data_type().is_nested() =>
        {
            DataType::List(Arc::new(Field::new_list_field(stored_type(element.data_type())?, true)))
        }
        other => {
            return Err(
                Error::unsupported(format!("a column of type {other}")).with_hint("cast it to a type of columns")
            );
        }
    })
}
