//! Arrays bound as parameters, in either format; of one dimension.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType};
use bytes::{Buf, Bytes};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::binary_parameter;
use super::parameter::{decode_text, invalid};
use crate::error::{Error, Result, SqlState};

/// An array literal such as `{1,NULL,"a b"}`.
pub(super) fn decode(array: &Type, element: &Type, text: &str, zone: &str) -> Result<ScalarValue> {
    let malformed = || invalid(array, text, SqlState::InvalidTextRepresentation);
    let body = text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or_else(malformed)?;
    let mut values = Vec::new();
    let mut rest = body.trim();
    while !rest.is_empty() {
        let (item, tail) = item(rest).ok_or_else(malformed)?;
        values.push(match item {
            Some(item) => decode_text(element, &item, zone)?,
            None => ScalarValue::Null,
        });
        rest = match tail.trim_start().strip_prefix(',') {
            Some(tail) if tail.trim().is_empty() => return Err(malformed()),
            Some(tail) => tail.trim_start(),
            None if tail.trim().is_empty() => "",
            None => return Err(malformed()),
        };
    }
    list(values)
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

/// What `array_send` writes.
pub(super) fn decode_binary(bytes: &Bytes) -> Result<ScalarValue> {
    let short = |_| binary_parameter::malformed();
    let mut bytes = bytes.clone();
    let dimensions = bytes.try_get_i32().map_err(short)?;
    let _has_null = bytes.try_get_i32().map_err(short)?;
    let element = Type::from_oid(bytes.try_get_u32().map_err(short)?).ok_or_else(binary_parameter::malformed)?;
    let length = match dimensions {
        0 => 0,
        1 => {
            let length = bytes.try_get_i32().map_err(short)?;
            bytes.try_get_i32().map_err(short)?;
            length
        }
        _ => return Err(Error::unsupported("a parameter that is an array of arrays")),
    };
    let mut values = Vec::new();
    for _ in 0..length {
        let size = bytes.try_get_i32().map_err(short)?;
        values.push(match usize::try_from(size) {
            Err(_) => ScalarValue::Null,
            Ok(size) if size <= bytes.remaining() => binary_parameter::decode(&element, &bytes.split_to(size))?,
            Ok(_) => return Err(binary_parameter::malformed()),
        });
    }
    list(values)
}

/// A list of one type: decimals take the widest digits among them, an empty list is of text.
fn list(mut values: Vec<ScalarValue>) -> Result<ScalarValue> {
    let types = values.iter().map(ScalarValue::data_type).filter(|arrow| !arrow.is_null());
    let element = types.reduce(|a, b| wider(&a, &b).unwrap_or(a));
    let element = element.unwrap_or(DataType::Utf8);
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
