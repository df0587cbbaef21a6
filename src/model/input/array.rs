//! Array literals such as `{1,NULL,"a b"}`; of one dimension.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, TimeUnit};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::value::{invalid, read};
use crate::error::{Result, SqlState};
use crate::model::text_forms::array_elements;

/// An array literal.
pub(super) fn parse(array: &Type, element: &Type, text: &str, zone: &str) -> Result<ScalarValue> {
    let elements = array_elements(text).ok_or_else(|| invalid(array, text, SqlState::InvalidTextRepresentation))?;
    let values = elements.into_iter().map(|value| match value {
        Some(value) => read(element, &value, zone),
        None => Ok(ScalarValue::Null),
    });
    list(element, values.collect::<Result<_>>()?)
}

/// A list of one type: decimals take the widest digits among them.
pub fn list(postgres: &Type, mut values: Vec<ScalarValue>) -> Result<ScalarValue> {
    let types = values.iter().map(ScalarValue::data_type).filter(|arrow| !arrow.is_null());
    let element = types.reduce(|a, b| wider(&a, &b).unwrap_or(a));
    let element = element.unwrap_or_else(|| empty(postgres));
    for value in &mut values {
        *value = value.cast_to(&element)?;
    }
    Ok(ScalarValue::List(ScalarValue::new_list(&values, &element, true)))
}

/// The decimal that holds the digits of two; `None` where they are no decimals.
fn wider(a: &DataType, b: &DataType) -> Option<DataType> {
    let digits = |arrow: &DataType| match arrow {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            Some((i16::from(*precision) - i16::from(*scale), i16::from(*scale)))
        }
        _ => None,
    };
    let ((whole_a, scale_a), (whole_b, scale_b)) = (digits(a)?, digits(b)?);
    let scale = scale_a.max(scale_b);
    let precision = (whole_a.max(whole_b) + scale).min(DECIMAL256_MAX_PRECISION.into()) as u8;
    Some(match precision {
        0..=DECIMAL128_MAX_PRECISION => DataType::Decimal128(precision, scale as i8),
        _ => DataType::Decimal256(precision, scale as i8),
    })
}

/// The type of elements that are all NULL, or of none.
fn empty(postgres: &Type) -> DataType {
    match *postgres {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::Int16,
        Type::INT4 => DataType::Int32,
        Type::INT8 => DataType::Int64,
        Type::FLOAT4 => DataType::Float32,
        Type::FLOAT8 => DataType::Float64,
        Type::NUMERIC => DataType::Decimal128(DECIMAL128_MAX_PRECISION, 10),
        Type::DATE => DataType::Date32,
        Type::TIME => DataType::Time64(TimeUnit::Microsecond),
        Type::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::TIMESTAMPTZ => super::super::instant(),
        Type::BYTEA => DataType::Binary,
        _ => DataType::Utf8,
    }
}
