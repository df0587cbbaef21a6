//! Array literals such as `{1,NULL,"a b"}`; of one dimension.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, TimeUnit};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::value::{invalid, read};
use crate::error::{Result, SqlState};

/// An array literal.
pub(super) fn parse(array: &Type, element: &Type, text: &str, zone: &str) -> Result<ScalarValue> {
    let malformed = || invalid(array, text, SqlState::InvalidTextRepresentation);
    let body = text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or_else(malformed)?;
    let mut values = Vec::new();
    let mut rest = body.trim();
    while !rest.is_empty() {
        let (item, tail) = item(rest).ok_or_else(malformed)?;
        values.push(match item {
            Some(item) => read(element, &item, zone)?,
            None => ScalarValue::Null,
        });
        rest = match tail.trim_start().strip_prefix(',') {
            Some(tail) if tail.trim().is_empty() => return Err(malformed()),
            Some(tail) => tail.trim_start(),
            None if tail.trim().is_empty() => "",
            None => return Err(malformed()),
        };
    }
    list(element, values)
}

/// One item and what follows it; the item is `None` for NULL. Inner arrays are refused as malformed.
fn item(text: &str) -> Option<(Option<String>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', '{', '}', '"']).unwrap_or(text.len());
        let word = text[..end].trim();
        let value = (!word.eq_ignore_ascii_case("null")).then(|| word.to_owned());
        return (!word.is_empty()).then_some((value, &text[end..]));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((Some(value), &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
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
