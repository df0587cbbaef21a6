//! Literals are of the type of what they are compared with, as in Postgres, where the engine would find another one for both.
//!
//! A moment in quotes is read in the session's zone, and may lie beyond the years that nanoseconds reach; a number with a point
//! has the digits that were written beside a numeric, not those of the nearest binary fraction.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, lit};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::expression::Scope;
use crate::model::read;

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
        _ => {}
    }
    Ok(expression)
}

/// Gives literals among expressions the type of the first that is none.
fn together<'a>(expressions: impl IntoIterator<Item = &'a mut Expr>, inputs: &DFSchema, zone: &str) -> Result<()> {
    let (literals, others): (Vec<_>, Vec<_>) =
        expressions.into_iter().partition(|expression| matches!(expression, Expr::Literal(..)));
    if literals.is_empty() {
        return Ok(());
    }
    let Some(kind) = others.iter().find_map(|other| other.get_type(inputs).ok().filter(|kind| !kind.is_null())) else {
        return Ok(());
    };
    literals.into_iter().try_for_each(|literal| settle(literal, &kind, zone))
}

fn settle(literal: &mut Expr, kind: &DataType, zone: &str) -> Result<()> {
    let Expr::Literal(value, _) = literal else { return Ok(()) };
    let typed = match (&*value, kind) {
        (ScalarValue::Float64(Some(number)), DataType::Decimal128(..) | DataType::Decimal256(..)) => {
            // It stays what it is where it has more digits than a numeric.
            read(&Type::NUMERIC, &number.to_string(), zone).ok()
        }
        (ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), kind) => match quoted(kind) {
            Some(postgres) => Some(read(&postgres, text, zone)?),
            None => None,
        },
        _ => None,
    };
    if let Some(typed) = typed {
        *literal = lit(typed);
    }
    Ok(())
}

/// The type that quoted text is read as; `None` where the engine's own reading will do.
fn quoted(kind: &DataType) -> Option<Type> {
    match kind {
        DataType::Timestamp(TimeUnit::Microsecond, None) => Some(Type::TIMESTAMP),
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Some(Type::TIMESTAMPTZ),
        _ => None,
    }
}
