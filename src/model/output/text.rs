//! A value in the text format, as PostgreSQL 15 prints it with its default settings.

use std::fmt::Write;

use bytes::{BufMut, BytesMut};
use postgres_types::Type;

use super::column::{Column, Values};
use super::datetime;
use crate::model::type_functions;

/// Appends the value of a row that is not NULL.
pub fn write(column: &Column, row: usize, out: &mut BytesMut) {
    match &column.values {
        Values::Bool(values) => out.put_u8(if values.value(row) { b't' } else { b'f' }),
        Values::Int2(values) => display(values.value(row), out),
        Values::Int4(values) => display(values.value(row), out),
        Values::Int8(values) => display(values.value(row), out),
        Values::Oid(values) => {
            match type_functions::name(values.value(row)).filter(|_| column.postgres == Type::REGPROC) {
                Some(name) => out.put_slice(name.as_bytes()),
                None => display(values.value(row), out),
            }
        }
        Values::Float4(values) => {
            let value = values.value(row);
            let fixed = value == 0.0 || (1e-4..1e6).contains(&value.abs());
            float(value, fixed, value.is_nan(), value.is_infinite(), value.is_sign_negative(), out);
        }
        Values::Float8(values) => {
            let value = values.value(row);
            let fixed = value == 0.0 || (1e-4..1e15).contains(&value.abs());
            float(value, fixed, value.is_nan(), value.is_infinite(), value.is_sign_negative(), out);
        }
        Values::Numeric(values) => numeric(&values.value(row).to_string(), values.scale(), out),
        Values::WideNumeric(values) => numeric(&values.value(row).to_string(), values.scale(), out),
        Values::Text(values) => out.put_slice(values.value(row).as_bytes()),
        Values::Bytea(values) => {
            out.put_slice(b"\\x");
            values.value(row).iter().for_each(|byte| formatted(format_args!("{byte:02x}"), out));
        }
        Values::Uuid(values) => {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(values.value(row));
            display(uuid::Uuid::from_bytes(bytes).hyphenated(), out);
        }
        Values::Date(values) => datetime::date(values.value(row), out),
        Values::Time(values) => datetime::time(values.value(row), out),
        Values::Timestamp(values) => datetime::timestamp(values.value(row), out),
        Values::Timestamptz(values, zone) => datetime::timestamptz(values.value(row), zone, out),
        Values::Interval(values) => datetime::interval(values.value(row), out),
        Values::List(lists, elements) => {
            let offsets = lists.value_offsets();
            if is_vector(&column.postgres) {
                return vector(elements, offsets[row] as usize..offsets[row + 1] as usize, out);
            }
            array(elements, offsets[row] as usize..offsets[row + 1] as usize, out);
        }
        Values::Record(columns) => record(columns, row, out),
    }
}

fn display(value: impl std::fmt::Display, out: &mut BytesMut) {
    formatted(format_args!("{value}"), out);
}

pub(super) fn formatted(arguments: std::fmt::Arguments<'_>, out: &mut BytesMut) {
    out.write_fmt(arguments).expect("a growing buffer takes every write");
}

/// The shortest digits that read back as the same number; exponents below -4 and from the type's decimal digits on, as
/// PostgreSQL chooses. Where the shortest digits lie exactly on the edge of what reads back (8.41e+21), PostgreSQL prints
/// one digit more; both are the same number.
fn float(
    value: impl std::fmt::Display + std::fmt::LowerExp,
    fixed: bool,
    nan: bool,
    infinite: bool,
    negative: bool,
    out: &mut BytesMut,
) {
    match (nan, infinite, negative) {
        (true, _, _) => out.put_slice(b"NaN"),
        (_, true, false) => out.put_slice(b"Infinity"),
        (_, true, true) => out.put_slice(b"-Infinity"),
        _ if fixed => display(value, out),
        _ => {
            let digits = format!("{value:e}");
            let (mantissa, exponent) = digits.split_once('e').expect("the exponent form has an e");
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            formatted(format_args!("{mantissa}e{sign}{exponent:0>2}"), out);
        }
    }
}

/// Digits of an unscaled integer with the decimal point moved `scale` places to the left.
pub fn numeric(unscaled: &str, scale: i8, out: &mut BytesMut) {
    let (sign, digits) = unscaled.strip_prefix('-').map_or(("", unscaled), |rest| ("-", rest));
    out.put_slice(sign.as_bytes());
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        out.put_slice(digits.as_bytes());
        if digits != "0" {
            out.put_bytes(b'0', places);
        }
        return;
    }
    let whole = digits.len().saturating_sub(places);
    out.put_slice(if whole == 0 { b"0" } else { &digits.as_bytes()[..whole] });
    out.put_u8(b'.');
    out.put_bytes(b'0', places.saturating_sub(digits.len()));
    out.put_slice(&digits.as_bytes()[whole..]);
}

fn array(elements: &Column, range: std::ops::Range<usize>, out: &mut BytesMut) {
    let nested = matches!(elements.values, Values::List(..));
    out.put_u8(b'{');
    let start = range.start;
    for row in range {
        if row > start {
            out.put_u8(b',');
        }
        if elements.is_null(row) {
            out.put_slice(b"NULL");
        } else if nested {
            write(elements, row, out);
        } else {
            let mut element = BytesMut::new();
            write(elements, row, &mut element);
            let special = |byte: &u8| matches!(byte, b'{' | b'}' | b',' | b'"' | b'\\') || is_space(*byte);
            if element.is_empty() || element.eq_ignore_ascii_case(b"NULL") || element.iter().any(special) {
                quoted(&element, b'\\', out);
            } else {
                out.put_slice(&element);
            }
        }
    }
    out.put_u8(b'}');
}

/// Whether a type is one of the catalogs' own arrays, which count from 0 and print without braces.
pub fn is_vector(postgres: &Type) -> bool {
    matches!(*postgres, Type::INT2_VECTOR | Type::OID_VECTOR)
}

/// Elements by blanks.
fn vector(elements: &Column, range: std::ops::Range<usize>, out: &mut BytesMut) {
    let start = range.start;
    for row in range {
        if row > start {
            out.put_u8(b' ');
        }
        write(elements, row, out);
    }
}

fn record(columns: &[Column], row: usize, out: &mut BytesMut) {
    out.put_u8(b'(');
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.put_u8(b',');
        }
        if column.is_null(row) {
            continue;
        }
        let mut field = BytesMut::new();
        write(column, row, &mut field);
        let special = |byte: &u8| matches!(byte, b'(' | b')' | b',' | b'"' | b'\\') || is_space(*byte);
        if field.is_empty() || field.iter().any(special) {
            quoted(&field, b'"', out);
        } else {
            out.put_slice(&field);
        }
    }
    out.put_u8(b')');
}

/// The value in double quotes; a quote in it is preceded by `escape`, a backslash by a backslash.
fn quoted(value: &[u8], escape: u8, out: &mut BytesMut) {
    out.put_u8(b'"');
    for &byte in value {
        match byte {
            b'"' => out.put_u8(escape),
            b'\\' => out.put_u8(b'\\'),
            _ => {}
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}
