//! A value in the binary format: what `typsend` of PostgreSQL 15 writes.

use bytes::{BufMut, BytesMut};
use postgres_types::Type;

use super::field::write_field;
use super::parameter::Format;
use crate::error::{Error, Result, SqlState};
use crate::model::invalid;
use crate::model::output::{Column, Values, is_vector, text};

/// Days from 1970-01-01 to 2000-01-01, where Postgres' binary dates start.
pub(super) const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
pub(super) const EPOCH_MICROSECONDS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

const NUMERIC_POSITIVE: u16 = 0x0000;
const NUMERIC_NEGATIVE: u16 = 0x4000;

/// Appends the value of a row that is not NULL; 22008 for a date before what the format holds.
pub(super) fn write(column: &Column, row: usize, out: &mut BytesMut) -> Result<()> {
    match &column.values {
        Values::Bool(values) => out.put_u8(u8::from(values.value(row))),
        Values::Int2(values) => out.put_i16(values.value(row)),
        Values::Int4(values) => out.put_i32(values.value(row)),
        Values::Int8(values) => out.put_i64(values.value(row)),
        Values::Oid(values) => out.put_u32(values.value(row)),
        Values::Float4(values) => out.put_f32(values.value(row)),
        Values::Float8(values) => out.put_f64(values.value(row)),
        Values::Numeric(values) => numeric(&values.value(row).to_string(), values.scale(), out),
        Values::WideNumeric(values) => numeric(&values.value(row).to_string(), values.scale(), out),
        Values::Text(values) => text_of(&column.postgres, values.value(row), out)?,
        Values::Bytea(values) => out.put_slice(values.value(row)),
        Values::Uuid(values) => out.put_slice(values.value(row)),
        Values::Date(values) => out.put_i32(match values.value(row) {
            infinite @ (i32::MAX | i32::MIN) => infinite,
            days => days.checked_sub(EPOCH_DAYS).ok_or_else(out_of_range)?,
        }),
        Values::Time(values) => out.put_i64(values.value(row)),
        Values::Timestamp(values) | Values::Timestamptz(values, _) => out.put_i64(match values.value(row) {
            infinite @ (i64::MAX | i64::MIN) => infinite,
            microseconds => microseconds.checked_sub(EPOCH_MICROSECONDS).ok_or_else(out_of_range)?,
        }),
        Values::Interval(values) => {
            let value = values.value(row);
            out.put_i64(value.nanoseconds / 1000);
            out.put_i32(value.days);
            out.put_i32(value.months);
        }
        Values::List(..) => array(column, row, out)?,
        Values::Record(columns) => {
            out.put_i32(columns.len() as i32);
            for column in columns {
                out.put_u32(column.postgres.oid());
                write_field(column, row, Format::Binary, out)?;
            }
        }
    }
    Ok(())
}

/// What is text here and has a binary form of its own.
fn text_of(postgres: &Type, text: &str, out: &mut BytesMut) -> Result<()> {
    const JSONB_VERSION: u8 = 1;
    match *postgres {
        Type::UUID => {
            let syntax = |_| invalid(postgres, text, SqlState::InvalidTextRepresentation);
            out.put_slice(uuid::Uuid::parse_str(text).map_err(syntax)?.as_bytes());
        }
        Type::JSONB => {
            out.put_u8(JSONB_VERSION);
            out.put_slice(text.as_bytes());
        }
        _ => out.put_slice(text.as_bytes()),
    }
    Ok(())
}

fn out_of_range() -> Error {
    Error::new(SqlState::DatetimeFieldOverflow, "date out of range for the binary format")
        .with_hint("read it as text, or filter it out")
}

/// Base 10000 digits: count, weight of the first, sign, decimals to show, digits; without zeros at either end.
fn numeric(unscaled: &str, scale: i8, out: &mut BytesMut) {
    let mut plain = BytesMut::new();
    text::numeric(unscaled, scale, &mut plain);
    let negative = plain.starts_with(b"-");
    let plain = plain.strip_prefix(b"-").unwrap_or(&plain);
    let point = plain.iter().position(|&byte| byte == b'.').unwrap_or(plain.len());
    let (whole, decimals) = (&plain[..point], plain.get(point + 1..).unwrap_or_default());

    let whole_groups = whole.rchunks(4).rev().map(|group| base_10000(group, group.len()));
    let decimal_groups = decimals.chunks(4).map(|group| base_10000(group, 4));
    let groups: Vec<u16> = whole_groups.chain(decimal_groups).collect();
    let first = groups.iter().position(|&group| group != 0);
    let last = groups.iter().rposition(|&group| group != 0);
    let (digits, weight) = match (first, last) {
        (Some(first), Some(last)) => (&groups[first..=last], whole.len().div_ceil(4) as i16 - 1 - first as i16),
        _ => (&groups[..0], 0),
    };
    out.put_u16(digits.len() as u16);
    out.put_i16(weight);
    out.put_u16(if negative { NUMERIC_NEGATIVE } else { NUMERIC_POSITIVE });
    out.put_u16(decimals.len() as u16);
    digits.iter().for_each(|&digit| out.put_u16(digit));
}

/// Up to four decimal digits as a number, as if followed by zeros up to `width`.
fn base_10000(digits: &[u8], width: usize) -> u16 {
    (0..width).fold(0, |number, at| number * 10 + u16::from(digits.get(at).map_or(0, |digit| digit - b'0')))
}

/// Dimensions, whether any element is NULL, element type, length and first index of each dimension, elements.
fn array(column: &Column, row: usize, out: &mut BytesMut) -> Result<()> {
    let mut dimensions = Vec::new();
    let mut elements = column;
    let mut rows = row..row + 1;
    while let Values::List(lists, children) = &elements.values {
        let length = |row: usize| if elements.is_null(row) { 0 } else { lists.value_length(row) };
        let first = length(rows.start);
        if rows.clone().any(|row| length(row) != first || elements.is_null(row)) {
            return Err(Error::unsupported("an array whose inner arrays differ in length in the binary format")
                .with_hint("read it as text"));
        }
        if first == 0 {
            dimensions.clear();
            rows = 0..0;
            elements = innermost(children);
            break;
        }
        dimensions.push(first);
        let offsets = lists.value_offsets();
        rows = offsets[rows.start] as usize..offsets[rows.end] as usize;
        elements = children;
    }
    out.put_i32(dimensions.len() as i32);
    out.put_i32(i32::from(rows.clone().any(|row| elements.is_null(row))));
    out.put_u32(elements.postgres.oid());
    let first = if is_vector(&column.postgres) { 0 } else { 1 };
    for length in dimensions {
        out.put_i32(length);
        out.put_i32(first);
    }
    rows.into_iter().try_for_each(|row| write_field(elements, row, Format::Binary, out))
}

fn innermost(column: &Column) -> &Column {
    match &column.values {
        Values::List(_, children) => innermost(children),
        _ => column,
    }
}
