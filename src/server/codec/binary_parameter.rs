//! Bound values of the binary format: what `typreceive` of Postgres reads.

use arrow::datatypes::IntervalMonthDayNano;
use bytes::{Buf, Bytes};
use datafusion::scalar::ScalarValue;
use postgres_types::{Kind, Type};

use super::array_parameter;
use super::binary::{EPOCH_DAYS, EPOCH_MICROSECONDS};
use super::parameter::utf8;
use crate::error::{Error, Result, SqlState};
use crate::model::read;

/// A value that is not NULL; 22P03 where the bytes are no value of the type.
pub(super) fn decode(postgres: &Type, bytes: &Bytes) -> Result<ScalarValue> {
    let utc = || Some("UTC".into());
    Ok(match *postgres {
        Type::BOOL => ScalarValue::Boolean(Some(fixed::<1>(bytes)? != [0])),
        Type::INT2 => ScalarValue::Int16(Some(i16::from_be_bytes(fixed(bytes)?))),
        Type::INT4 => ScalarValue::Int32(Some(i32::from_be_bytes(fixed(bytes)?))),
        Type::INT8 => ScalarValue::Int64(Some(i64::from_be_bytes(fixed(bytes)?))),
        Type::OID => ScalarValue::Int64(Some(u32::from_be_bytes(fixed(bytes)?).into())),
        Type::FLOAT4 => ScalarValue::Float32(Some(f32::from_be_bytes(fixed(bytes)?))),
        Type::FLOAT8 => ScalarValue::Float64(Some(f64::from_be_bytes(fixed(bytes)?))),
        Type::NUMERIC => numeric(bytes.clone())?,
        Type::BYTEA => ScalarValue::Binary(Some(bytes.to_vec())),
        Type::UUID => ScalarValue::Utf8(Some(uuid::Uuid::from_bytes(fixed(bytes)?).to_string())),
        Type::JSONB => match bytes.split_first() {
            Some((1, json)) => ScalarValue::Utf8(Some(utf8(json)?.to_owned())),
            _ => return Err(malformed()),
        },
        Type::DATE => ScalarValue::Date32(Some(date(bytes)?)),
        Type::TIME => ScalarValue::Time64Microsecond(Some(time(bytes)?)),
        Type::TIMESTAMP => ScalarValue::TimestampMicrosecond(Some(instant(bytes)?), None),
        Type::TIMESTAMPTZ => ScalarValue::TimestampMicrosecond(Some(instant(bytes)?), utc()),
        Type::INTERVAL => interval(bytes)?,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
            ScalarValue::Utf8(Some(utf8(bytes)?.to_owned()))
        }
        _ if matches!(postgres.kind(), Kind::Array(_)) => array_parameter::decode_binary(bytes)?,
        _ => {
            return Err(
                Error::unsupported(format!("a binary parameter of type {postgres}")).with_hint("send it as text")
            );
        }
    })
}

/// The error of PostgreSQL for bytes that are no value.
pub(super) fn malformed() -> Error {
    Error::new(SqlState::InvalidBinaryRepresentation, "incorrect binary data format")
}

pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| malformed())
}

/// Days from 1970.
pub(super) fn date(bytes: &[u8]) -> Result<i32> {
    match i32::from_be_bytes(fixed(bytes)?) {
        infinite @ (i32::MAX | i32::MIN) => Ok(infinite),
        days => days.checked_add(EPOCH_DAYS).ok_or_else(malformed),
    }
}

/// Microseconds from midnight; 22008 where no day has them.
pub(super) fn time(bytes: &[u8]) -> Result<i64> {
    let microseconds = i64::from_be_bytes(fixed(bytes)?);
    match (0..=86_400_000_000).contains(&microseconds) {
        true => Ok(microseconds),
        false => Err(Error::new(SqlState::DatetimeFieldOverflow, "time out of range")),
    }
}

/// Microseconds from 1970.
pub(super) fn instant(bytes: &[u8]) -> Result<i64> {
    match i64::from_be_bytes(fixed(bytes)?) {
        infinite @ (i64::MAX | i64::MIN) => Ok(infinite),
        microseconds => microseconds.checked_add(EPOCH_MICROSECONDS).ok_or_else(malformed),
    }
}

fn interval(bytes: &[u8]) -> Result<ScalarValue> {
    let mut bytes = &fixed::<16>(bytes)?[..];
    let (microseconds, days, months) = (bytes.get_i64(), bytes.get_i32(), bytes.get_i32());
    let nanoseconds = microseconds.checked_mul(1000).ok_or_else(|| {
        Error::new(SqlState::DatetimeFieldOverflow, "an interval of more than 292 years of hours does not fit")
            .with_hint("give it in months or days")
    })?;
    Ok(ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano::new(months, days, nanoseconds))))
}

/// Base 10000 digits to decimal text, and that to a number.
pub(super) fn numeric(mut bytes: Bytes) -> Result<ScalarValue> {
    let short = |_| malformed();
    let count = bytes.try_get_u16().map_err(short)?;
    let weight = i32::from(bytes.try_get_i16().map_err(short)?);
    let sign = match bytes.try_get_u16().map_err(short)? {
        0x0000 => "",
        0x4000 => "-",
        0xC000 => return read(&Type::NUMERIC, "NaN", "UTC"),
        0xD000 => return read(&Type::NUMERIC, "Infinity", "UTC"),
        0xF000 => return read(&Type::NUMERIC, "-Infinity", "UTC"),
        _ => return Err(malformed()),
    };
    let scale = usize::from(bytes.try_get_u16().map_err(short)?);
    let mut groups = Vec::with_capacity(count.into());
    for _ in 0..count {
        groups.push(bytes.try_get_u16().ok().filter(|&group| group < 10_000).ok_or_else(malformed)?);
    }
    let group = |at: i32| usize::try_from(at).ok().and_then(|at| groups.get(at)).copied().unwrap_or(0);
    let whole: String = (0..=weight).map(|at| format!("{:04}", group(at))).collect();
    let decimals = (0..scale.div_ceil(4) as i32).map(|at| format!("{:04}", group(weight + 1 + at))).collect::<String>();
    read(&Type::NUMERIC, &format!("{sign}0{whole}.{}", &decimals[..scale]), "UTC")
}
