//! Literals with a point that numerics are compared with: they have the digits that were written, as in Postgres, not those of
//! the nearest binary fraction.

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, lit};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use crate::model::read;

/// A comparison with its literals exact where the other side is a numeric; any other expression as it is.
pub(super) fn exact(mut expression: Expr, inputs: &DFSchema) -> Expr {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    match &mut expression {
        Expr::BinaryExpr(comparison)
            if matches!(comparison.op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom) =>
        {
            let (left, right) = (is_numeric(&comparison.left, inputs), is_numeric(&comparison.right, inputs));
            if left {
                make_exact(&mut comparison.right);
            }
            if right {
                make_exact(&mut comparison.left);
            }
        }
        Expr::Between(between) if is_numeric(&between.expr, inputs) => {
            make_exact(&mut between.low);
            make_exact(&mut between.high);
        }
        Expr::InList(list) if is_numeric(&list.expr, inputs) => list.list.iter_mut().for_each(make_exact),
        _ => {}
    }
    expression
}

fn is_numeric(expression: &Expr, inputs: &DFSchema) -> bool {
    expression.get_type(inputs).is_ok_and(|kind| matches!(kind, DataType::Decimal128(..) | DataType::Decimal256(..)))
}

/// A literal keeps its binary fraction where that has more digits than a numeric.
fn make_exact(literal: &mut Expr) {
    if let Expr::Literal(ScalarValue::Float64(Some(number)), _) = literal
        && let Ok(digits) = read(&Type::NUMERIC, &number.to_string(), "UTC")
    {
        *literal = lit(digits);
    }
}
