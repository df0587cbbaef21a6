//! Casts as Postgres does them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::common::Result;
use datafusion::functions::datetime::to_local_time;
use datafusion::functions::math::round;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Expr, ExprSchemable, cast, lit};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::declared::fitted;
use super::doubles::{is_double, round_to_even};
use super::expression::Scope;
use super::literals::quoted;
use super::precision::{digits, rounded};
use super::text_of::{as_text, differs};
use crate::model::input::Fit;
use crate::model::{mark, read};

/// Digits of a bigint.
const BIGINT_DIGITS: u8 = 19;

/// A cast that gives what Postgres would give: a quoted literal is read as Postgres reads it, a type of limited length cuts, a
/// fraction is rounded to an integer, a numeric that says no digits keeps those that are there.
pub(super) fn cast_as_postgres(to: Cast, scope: &Scope<'_>) -> Result<Expr> {
    let digits = digits(&to.field);
    let whole = cast_to(to, scope)?;
    Ok(match digits {
        Some(digits) => rounded(whole, digits),
        None => whole,
    })
}

fn cast_to(to: Cast, scope: &Scope<'_>) -> Result<Expr> {
    if let Some(text) = quoted(&to.expr)
        && let Some((postgres, zone)) = input_type(&to.field)
    {
        let value = lit(read(&postgres, text, &zone)?);
        return Ok(if is_any_numeric(&to.field) { value } else { into(value, to.field) });
    }
    let Ok(from) = to.expr.get_type(scope.inputs) else { return Ok(Expr::Cast(to)) };
    let digits = |value: &ScalarValue| read(&Type::NUMERIC, &value.to_string(), "UTC");
    Ok(match (&from, to.field.data_type(), *to.expr) {
        // A literal with a point has the digits that were written, not those of the nearest binary fraction.
        (DataType::Float64, DataType::Decimal128(..), Expr::Literal(value, metadata)) => match digits(&value) {
            Ok(value) if is_any_numeric(&to.field) => lit(value),
            Ok(value) => into(lit(value), to.field),
            Err(_) => into(Expr::Literal(value, metadata), to.field),
        },
        (kind, _, number) if is_any_numeric(&to.field) => match kind {
            DataType::Decimal128(..) => number,
            kind if kind.is_integer() => cast(number, DataType::Decimal128(BIGINT_DIGITS, 0)),
            _ => cast(number, to.field.data_type().clone()),
        },
        (kind, DataType::Int16 | DataType::Int32 | DataType::Int64, number)
            if kind.is_floating() && is_double(&number, scope.below) =>
        {
            into(round_to_even(number), to.field)
        }
        (kind, DataType::Int16 | DataType::Int32 | DataType::Int64, number)
            if kind.is_floating() || kind.is_decimal() =>
        {
            into(round().call(vec![number]), to.field)
        }
        // What the engine makes of AT TIME ZONE: explicit types are of microseconds.
        (DataType::Timestamp(_, has), DataType::Timestamp(TimeUnit::Nanosecond, Some(zone)), moment) => {
            let there = cast(moment, DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(zone))));
            if has.is_some() { to_local_time().call(vec![there]) } else { there }
        }
        // In UTC, which moments are stored in, local time is what is stored.
        (
            DataType::Timestamp(_, Some(_)),
            kind @ (DataType::Timestamp(TimeUnit::Microsecond, None) | DataType::Date32),
            moment,
        ) if scope.zone != "UTC" => {
            let here = cast(moment, DataType::Timestamp(TimeUnit::Microsecond, Some(scope.zone.into())));
            cast(to_local_time().call(vec![here]), kind.clone())
        }
        (kind, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8, value) if differs(kind) => {
            let text = as_text(value, scope.inputs, scope.zone);
            return cast_as_postgres(Cast::new_from_field(Box::new(text), to.field), scope);
        }
        (DataType::Time64(unit), DataType::Interval(_), time) => {
            into(cast(cast(time, DataType::Int64), DataType::Duration(*unit)), to.field)
        }
        (kind, _, text) if mark(&to.field).is_some() && is_text_of(&to.field, kind) => {
            fitted(text, &to.field, Some(Fit::Cut))
        }
        (kind, _, value) if mark(&to.field).is_some() && !kind.is_nested() => {
            fitted(cast(value, DataType::Utf8View), &to.field, Some(Fit::Cut))
        }
        (_, _, value) => into(value, to.field),
    })
}

fn into(expression: Expr, field: Arc<Field>) -> Expr {
    Expr::Cast(Cast::new_from_field(Box::new(expression), field))
}

/// Whether a type has what a marked field is to hold: text, or arrays of it.
fn is_text_of(field: &Field, kind: &DataType) -> bool {
    match (field.data_type(), kind) {
        (DataType::List(_), DataType::List(element)) => element.data_type().is_string(),
        (DataType::List(_), _) => false,
        (_, kind) => kind.is_string(),
    }
}

fn is_any_numeric(field: &Field) -> bool {
    field.metadata().contains_key(ANY_NUMERIC)
}

/// Says of the field of a cast that its numeric names no digits.
pub(in crate::catalog) const ANY_NUMERIC: &str = "postgres.numeric";

/// The type that a text is read as for a cast to a field, and the zone for instants; `None` where the engine's own reading
/// will do.
fn input_type(field: &Field) -> Option<(Type, Arc<str>)> {
    let utc: Arc<str> = Arc::from("UTC");
    if let Some((postgres, _)) = mark(field) {
        return (!matches!(postgres, Type::VARCHAR | Type::BPCHAR | Type::NAME)).then_some((postgres, utc));
    }
    let postgres = match field.data_type() {
        DataType::List(element) => {
            let (element, zone) = input_type(element)?;
            let (_, array) = ARRAYS.iter().find(|(of, _)| *of == element)?;
            return Some((array.clone(), zone));
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => return Some((Type::TIMESTAMPTZ, Arc::clone(zone))),
        DataType::Timestamp(TimeUnit::Microsecond, None) => Type::TIMESTAMP,
        DataType::Boolean => Type::BOOL,
        DataType::Int16 => Type::INT2,
        DataType::Int32 => Type::INT4,
        DataType::Int64 => Type::INT8,
        DataType::Float32 => Type::FLOAT4,
        DataType::Float64 => Type::FLOAT8,
        DataType::Decimal128(..) | DataType::Decimal256(..) => Type::NUMERIC,
        DataType::Binary | DataType::BinaryView => Type::BYTEA,
        DataType::Date32 => Type::DATE,
        DataType::Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond) => Type::TIME,
        DataType::Interval(_) => Type::INTERVAL,
        DataType::Utf8 | DataType::Utf8View => Type::TEXT,
        _ => return None,
    };
    Some((postgres, utc))
}

/// The arrays of types.
const ARRAYS: [(Type, Type); 14] = [
    (Type::BOOL, Type::BOOL_ARRAY),
    (Type::INT2, Type::INT2_ARRAY),
    (Type::INT4, Type::INT4_ARRAY),
    (Type::INT8, Type::INT8_ARRAY),
    (Type::FLOAT4, Type::FLOAT4_ARRAY),
    (Type::FLOAT8, Type::FLOAT8_ARRAY),
    (Type::NUMERIC, Type::NUMERIC_ARRAY),
    (Type::BYTEA, Type::BYTEA_ARRAY),
    (Type::DATE, Type::DATE_ARRAY),
    (Type::TIME, Type::TIME_ARRAY),
    (Type::TIMESTAMP, Type::TIMESTAMP_ARRAY),
    (Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY),
    (Type::INTERVAL, Type::INTERVAL_ARRAY),
    (Type::TEXT, Type::TEXT_ARRAY),
];
