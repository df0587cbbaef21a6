//! One expression's type.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DFSchemaRef, ExprSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, cast};
use datafusion::scalar::ScalarValue;

use super::casts::cast_as_postgres;
use super::declared::fitted;
use super::literals::{compared, quoted, read_literal, together};
use super::octet_length::octet_length;
use super::similar::as_regular_expression;
use super::text_of::as_text;
use crate::model::{array_of, mark, marked, with_mark_of};

/// Functions of integers, to Postgres, that count in 64 bits without a sign here.
const INTEGER_FUNCTIONS: [&str; 4] = ["array_length", "array_ndims", "array_position", "cardinality"];

/// Functions whose arguments have one type.
const ALIKE: [&str; 4] = ["coalesce", "greatest", "least", "nullif"];

/// Where an expression stands.
pub(super) struct Scope<'a> {
    /// The columns it reads.
    pub inputs: &'a DFSchemaRef,
    /// Those of the queries around its own, the innermost last.
    pub outer: &'a [DFSchemaRef],
    /// Whether literals of integers are `integer`.
    pub narrow: bool,
    /// Whether it says how many rows there are, which is a bigint.
    pub counts_rows: bool,
    /// The zone that moments are local in.
    pub zone: &'a str,
}

/// An expression, whose parts have their types, with its own.
pub(super) fn retype(expression: Expr, scope: &Scope<'_>) -> Result<Transformed<Expr>> {
    Ok(match expression {
        Expr::Literal(ScalarValue::Int64(Some(number)), metadata) if scope.narrow && !scope.counts_rows => {
            match integer(number) {
                Some(number) => Transformed::yes(Expr::Literal(ScalarValue::Int32(Some(number)), metadata)),
                None => Transformed::no(Expr::Literal(ScalarValue::Int64(Some(number)), metadata)),
            }
        }
        Expr::OuterReferenceColumn(field, column) => {
            let found = scope.outer.iter().rev().find_map(|schema| schema.field_from_column(&column).ok());
            let kind = found.map_or(field.data_type(), |found| found.data_type()).clone();
            Transformed::yes(Expr::OuterReferenceColumn(Arc::new(field.as_ref().clone().with_data_type(kind)), column))
        }
        Expr::Cast(mut to) => {
            give(&mut to.expr, &to.field);
            Transformed::yes(cast_as_postgres(to, scope)?)
        }
        Expr::SimilarTo(similar) => Transformed::yes(as_regular_expression(similar)?),
        Expr::BinaryExpr(difference) if is_days(&difference, scope.inputs) => {
            Transformed::yes(cast(Expr::BinaryExpr(difference), DataType::Int32))
        }
        Expr::BinaryExpr(joined) if joined.op == Operator::StringConcat => {
            Transformed::yes(Expr::BinaryExpr(texts_joined(joined, scope)))
        }
        comparison @ (Expr::BinaryExpr(_) | Expr::Between(_) | Expr::InList(_)) => {
            Transformed::yes(compared(comparison, scope)?)
        }
        Expr::Placeholder(_) if scope.counts_rows => {
            let mut parameter = expression;
            give(&mut parameter, &Field::new("", DataType::Int64, true));
            Transformed::yes(parameter)
        }
        Expr::Case(mut case) => {
            let mut results: Vec<&mut Expr> = case.when_then_expr.iter_mut().map(|(_, then)| then.as_mut()).collect();
            results.extend(case.else_expr.as_deref_mut());
            let mark = alike(results, scope)?;
            Transformed::yes(marked_as(Expr::Case(case), mark))
        }
        Expr::ScalarFunction(call) => Transformed::yes(function(call, scope)?),
        other => Transformed::no(other),
    })
}

/// The value of a literal that is an `integer`: as in Postgres, where the sign is an operator, -2147483648 is a bigint.
pub(super) fn integer(number: i64) -> Option<i32> {
    i32::try_from(number).ok().filter(|number| *number > i32::MIN)
}

fn function(mut call: ScalarFunction, scope: &Scope<'_>) -> Result<Expr> {
    let inputs = scope.inputs;
    let name = call.name().to_owned();
    let is_bytes = |value: &Expr| {
        value
            .get_type(inputs)
            .is_ok_and(|kind| matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView))
    };
    match (name.as_str(), call.args.as_mut_slice()) {
        // The engine measures texts alone.
        ("length" | "character_length", [bytes]) if is_bytes(bytes) => {
            return Ok(octet_length().call(vec![bytes.clone()]));
        }
        ("concat" | "concat_ws", values) => {
            values.iter_mut().for_each(|value| *value = as_text(std::mem::take(value), inputs, scope.zone));
        }
        // x = ANY($1)
        ("array_has", [array, element]) => {
            if let Ok((_, field)) = element.to_field(inputs)
                && !field.data_type().is_null()
            {
                give(array, &array_of(&field));
                read_literal(array, &array_of(&field), scope.zone)?;
            }
        }
        (name, arguments) if ALIKE.contains(&name) => {
            let mark = alike(arguments.iter_mut().collect(), scope)?;
            return Ok(marked_as(Expr::ScalarFunction(call), mark));
        }
        _ => {}
    }
    let call = Expr::ScalarFunction(call);
    Ok(match call.get_type(inputs) {
        Ok(DataType::UInt64) if INTEGER_FUNCTIONS.contains(&name.as_str()) => cast(call, DataType::Int32),
        Ok(DataType::UInt64) => cast(call, DataType::Int64),
        _ => call,
    })
}

/// `text || value`: the value as text, unless it is an array, which the text is to become an element of.
fn texts_joined(joined: BinaryExpr, scope: &Scope<'_>) -> BinaryExpr {
    let kind = |side: &Expr| side.get_type(scope.inputs).unwrap_or(DataType::Null);
    let (left, right) = (kind(&joined.left), kind(&joined.right));
    let text = |side: Box<Expr>, own: &DataType, other: &DataType| match other.is_string() && !own.is_nested() {
        true => Box::new(as_text(*side, scope.inputs, scope.zone)),
        false => side,
    };
    BinaryExpr { left: text(joined.left, &left, &right), op: joined.op, right: text(joined.right, &right, &left) }
}

/// Whether an expression is the days between two dates.
fn is_days(difference: &BinaryExpr, inputs: &DFSchema) -> bool {
    let is_date = |operand: &Expr| operand.get_type(inputs).is_ok_and(|kind| kind == DataType::Date32);
    difference.op == Operator::Minus && is_date(&difference.left) && is_date(&difference.right)
}

/// Gives parameters among expressions of one type the type of the first that has one, and literals, where that is marked; gives back
/// what all are marked with.
fn alike(mut expressions: Vec<&mut Expr>, scope: &Scope<'_>) -> Result<Option<Field>> {
    let fields = expressions.iter().filter_map(|expression| match expression {
        Expr::Placeholder(_) => None,
        known => known.to_field(scope.inputs).ok().map(|(_, field)| (quoted(known).is_some(), field)),
    });
    let fields: Vec<(bool, FieldRef)> = fields.filter(|(_, field)| !field.data_type().is_null()).collect();
    let said = || fields.iter().filter(|(is_literal, _)| !is_literal).map(|(_, field)| field);
    let Some(known) = said().next().or(fields.first().map(|(_, field)| field)) else { return Ok(None) };
    expressions.iter_mut().for_each(|expression| give(expression, known));
    let Some((postgres, modifier)) = mark(known) else { return Ok(None) };
    let marks = || said().map(|field| mark(field));
    if !marks().all(|mark| mark.is_some_and(|(other, _)| other == postgres)) {
        return Ok(None);
    }
    // A literal is of no length yet.
    let alike = said().count() == fields.len() && marks().flatten().all(|(_, other)| other == modifier);
    together(expressions, scope.inputs, scope.zone)?;
    Ok(Some(marked(&postgres, if alike { modifier } else { -1 })))
}

/// An expression whose values are of the type that a field is marked with.
fn marked_as(expression: Expr, field: Option<Field>) -> Expr {
    match field {
        Some(field) => fitted(expression, &field, None),
        None => expression,
    }
}

/// Says the type of a parameter that has none yet.
pub(super) fn give(expression: &mut Expr, kind: &Field) {
    if let Expr::Placeholder(parameter) = expression
        && parameter.field.is_none()
    {
        let plain = Field::new("", kind.data_type().clone(), true);
        parameter.field = Some(Arc::new(with_mark_of(plain, kind)));
    }
}
