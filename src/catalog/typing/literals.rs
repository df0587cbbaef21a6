//! Literals are of the type of what they are compared with, as in Postgres, where the engine would find another one for both.
//!
//! A moment in quotes is read in the session's zone, and may lie beyond the years that nanoseconds reach; a number with a point
//! has the digits that were written beside a numeric, not those of the nearest binary fraction.

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, lit};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::expression::Scope;
use super::interval_order::{by_length, is_interval};
use crate::model::output::ColumnType;
use crate::model::{mark, read};

/// A comparison with its literals typed; any other expression as it is. 22007, 22P02 for quoted text that is not of the type.
pub(super) fn compared(mut expression: Expr, scope: &Scope<'_>) -> Result<Expr> {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    match &mut expression {
        Expr::BinaryExpr(comparison)
            if matches!(comparison.op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom) =>
        {
            together([comparison.left.as_mut(), comparison.right.as_mut()], scope.inputs, scope.zone)?;
        }
        Expr::Between(between) => {
            let parts = [between.expr.as_mut(), between.low.as_mut(), between.high.as_mut()];
            together(parts, scope.inputs, scope.zone)?;
        }
        Expr::InList(list) => {
            together(std::iter::once(list.expr.as_mut()).chain(&mut list.list), scope.inputs, scope.zone)?;
        }
        _ => return Ok(expression),
    }
    by_lengths(&mut expression, scope.inputs);
    Ok(expression)
}

/// Compares intervals by their length.
fn by_lengths(expression: &mut Expr, inputs: &DFSchema) {
    let operands: Vec<&mut Expr> = match expression {
        Expr::BinaryExpr(comparison) => vec![comparison.left.as_mut(), comparison.right.as_mut()],
        Expr::Between(between) => vec![between.expr.as_mut(), between.low.as_mut(), between.high.as_mut()],
        Expr::InList(list) => std::iter::once(list.expr.as_mut()).chain(&mut list.list).collect(),
        _ => return,
    };
    if operands.iter().all(|operand| is_interval(operand, inputs)) {
        operands.into_iter().for_each(|interval| *interval = by_length(std::mem::take(interval), inputs));
    }
}

/// Gives literals among expressions the type of the first that is none.
pub(super) fn together<'a>(
    expressions: impl IntoIterator<Item = &'a mut Expr>,
    inputs: &DFSchema,
    zone: &str,
) -> Result<()> {
    let (literals, others): (Vec<_>, Vec<_>) =
        expressions.into_iter().partition(|expression| matches!(expression, Expr::Literal(..)));
    if literals.is_empty() {
        return Ok(());
    }
    let field = |other: &&mut Expr| other.to_field(inputs).ok().map(|(_, field)| field);
    let Some(field) = others.iter().find_map(|other| field(other).filter(|field| !field.data_type().is_null())) else {
        return Ok(());
    };
    literals.into_iter().try_for_each(|literal| read_literal(literal, &field, zone))
}

/// The text of a literal in quotes.
pub(super) fn quoted(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => Some(text),
        _ => None,
    }
}

/// Gives a literal the type of a field.
pub(super) fn read_literal(literal: &mut Expr, field: &Field, zone: &str) -> Result<()> {
    let typed = match (quoted(literal), &*literal, field.data_type()) {
        (_, Expr::Literal(ScalarValue::Float64(Some(number)), _), kind) if kind.is_decimal() => {
            // It stays what it is where it has more digits than a numeric.
            read(&Type::NUMERIC, &number.to_string(), zone).ok()
        }
        (Some(text), _, _) => match read_as(field) {
            // Blanks at its end mean nothing.
            Some((Type::BPCHAR, _)) => Some(ScalarValue::Utf8View(Some(text.trim_end_matches(' ').to_owned()))),
            Some((postgres, _)) => Some(read(&postgres, text, zone)?),
            None => None,
        },
        _ => None,
    };
    if let Some(typed) = typed {
        *literal = lit(typed);
    }
    Ok(())
}

/// The type, with its modifier, that quoted text beside a field is read as; `None` where the engine's own reading will do.
fn read_as(field: &Field) -> Option<(Type, i32)> {
    mark(field).or_else(|| {
        let postgres = match field.data_type() {
            DataType::Timestamp(TimeUnit::Microsecond, None) => Type::TIMESTAMP,
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Type::TIMESTAMPTZ,
            DataType::Time64(TimeUnit::Microsecond) => Type::TIME,
            DataType::Interval(_) | DataType::Duration(_) => Type::INTERVAL,
            DataType::List(_) => ColumnType::of(field).ok()?.postgres,
            _ => return None,
        };
        Some((postgres, -1))
    })
}
