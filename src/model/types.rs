//! The SQL types a column of a table may have, and the Arrow types that hold them.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, TimeUnit};
use datafusion::sql::sqlparser::ast::{DataType as SqlType, ExactNumberInfo, TimezoneInfo};

use crate::error::{Error, Result, SqlState};

/// Digits of a NUMERIC column that names none: wide enough for money, and what the engine sums without overflow.
const DEFAULT_NUMERIC: (u8, i8) = (38, 10);

/// The type of instants: UTC, microseconds, as in Postgres. Zone-less times would raise the Delta protocol and shut
/// other readers out, so `TIMESTAMP` columns keep the zone-less type in SQL and are stored as UTC.
pub fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The Arrow type of a column declared with a SQL type; 0A000 where tables can't hold it.
pub fn column_type(sql: &SqlType) -> Result<DataType> {
    Ok(match sql {
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::SmallInt(_) | SqlType::Int2(_) => DataType::Int16,
        SqlType::Int(_) | SqlType::Integer(_) | SqlType::Int4(_) => DataType::Int32,
        SqlType::BigInt(_) | SqlType::Int8(_) => DataType::Int64,
        SqlType::Real | SqlType::Float4 | SqlType::Float(ExactNumberInfo::Precision(1..=24)) => DataType::Float32,
        SqlType::Double(_) | SqlType::DoublePrecision | SqlType::Float8 | SqlType::Float(_) => DataType::Float64,
        SqlType::Numeric(info) | SqlType::Decimal(info) | SqlType::Dec(info) => numeric(info)?,
        SqlType::Text
        | SqlType::Varchar(_)
        | SqlType::CharacterVarying(_)
        | SqlType::Char(_)
        | SqlType::Character(_)
        | SqlType::String(_) => DataType::Utf8View,
        SqlType::Bytea => DataType::BinaryView,
        SqlType::Date => DataType::Date32,
        SqlType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => instant(),
        SqlType::Timestamp(_, _) => DataType::Timestamp(TimeUnit::Microsecond, None),
        other => {
            return Err(Error::unsupported(format!("a column of type {other}"))
                .with_hint("use boolean, smallint, integer, bigint, real, double precision, numeric, text, bytea, date, timestamp or timestamptz"));
        }
    })
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

/// The type a column has that is made from values of another type: the nearest that tables can hold; 0A000 without one.
pub fn stored_type(value: &DataType) -> Result<DataType> {
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
        DataType::Timestamp(_, Some(_)) => instant(),
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        other => {
            return Err(
                Error::unsupported(format!("a column of type {other}")).with_hint("cast it to a type of columns")
            );
        }
    })
}
