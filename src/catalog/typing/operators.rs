//! Operands of arithmetic whose type nobody says: quoted literals and parameters.

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, cast};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::expression::{give, integer};
use super::interval_scale::scale;
use super::json;
use super::unions::is_open;
use crate::error::{Error, SqlState};

/// Gives operands of unknown type the type of the other operand, as Postgres does; beside a moment that something is added
/// to, an interval.
#[derive(Debug)]
pub struct UnknownOperands;

impl ExprPlanner for UnknownOperands {
    fn plan_binary_op(&self, mut raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        use BinaryOperator::{Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Plus, StringConcat};
        if let Some(call) = json::operator(&raw, schema)? {
            return Ok(PlannerResult::Planned(call));
        }
        if matches!(raw.op, Eq | NotEq | Lt | LtEq | Gt | GtEq) {
            let known = |operand: &Expr| {
                let kind = type_of(operand, schema).ok()?;
                let narrowed = matches!(operand, Expr::Literal(..)) && kind == DataType::Int32;
                (narrowed || matches!(kind, DataType::Boolean | DataType::Interval(_))).then_some(kind)
            };
            if let Some(kind) = known(&raw.left) {
                settle(&mut raw.right, &kind, false);
            } else if let Some(kind) = known(&raw.right) {
                settle(&mut raw.left, &kind, false);
            }
        }
        if raw.op == StringConcat && is_open(&raw.left) && is_open(&raw.right) {
            let text = Field::new("", DataType::Utf8View, true);
            [&mut raw.left, &mut raw.right].into_iter().for_each(|side| give(side, &text));
        }
        if matches!(raw.op, Multiply | Divide) && is_interval(&raw.left, schema) {
            give(&mut raw.right, &Field::new("", DataType::Float64, true));
        }
        if raw.op == Multiply && is_interval(&raw.right, schema) {
            give(&mut raw.left, &Field::new("", DataType::Float64, true));
        }
        if matches!(raw.op, Plus | Minus | Multiply | Divide | Modulo) {
            let types = (type_of(&raw.left, schema), type_of(&raw.right, schema));
            let added = raw.op == Plus;
            refuse_ambiguous(&raw, &types)?;
            if let Ok(kind) = types.1 {
                settle(&mut raw.left, &kind, added);
            }
            if let Ok(kind) = types.0 {
                settle(&mut raw.right, &kind, added);
            }
            return Ok(moments(raw, schema));
        }
        Ok(PlannerResult::Original(raw))
    }
}

/// What is added to a date may be days, a time or an interval: 42725 for a quoted literal, which doesn't say.
fn refuse_ambiguous(raw: &RawBinaryExpr, types: &(Result<DataType>, Result<DataType>)) -> Result<()> {
    let is_date = |kind: &Result<DataType>| matches!(kind, Ok(DataType::Date32));
    let operands = match raw.op {
        BinaryOperator::Plus if is_date(&types.0) && is_quoted(&raw.right) => "date + unknown",
        BinaryOperator::Plus if is_date(&types.1) && is_quoted(&raw.left) => "unknown + date",
        _ => return Ok(()),
    };
    let error = Error::new(SqlState::AmbiguousFunction, format!("operator is not unique: {operands}"));
    Err(error.with_hint("say what it is, as in INTERVAL '1 day'").into())
}

fn is_interval(operand: &Expr, schema: &DFSchema) -> bool {
    operand.get_type(schema).is_ok_and(|kind| matches!(kind, DataType::Interval(_)))
}

fn is_quoted(operand: &Expr) -> bool {
    matches!(operand, Expr::Literal(ScalarValue::Utf8(Some(_)) | ScalarValue::Utf8View(Some(_)), _))
}

/// An operand's type as it will be.
fn type_of(operand: &Expr, schema: &DFSchema) -> Result<DataType> {
    match operand {
        Expr::Literal(ScalarValue::Int64(Some(number)), _) if integer(*number).is_some() => Ok(DataType::Int32),
        operand => operand.get_type(schema),
    }
}

/// Arithmetic of dates and intervals that the engine has not, or answers with another type.
fn moments(raw: RawBinaryExpr, schema: &DFSchema) -> PlannerResult<RawBinaryExpr> {
    use BinaryOperator::{Divide, Minus, Multiply, Plus};
    let (Ok(left), Ok(right)) = (raw.left.get_type(schema), raw.right.get_type(schema)) else {
        return PlannerResult::Original(raw);
    };
    let is_interval = |kind: &DataType| matches!(kind, DataType::Interval(_));
    let moment = |date: Expr| cast(date, DataType::Timestamp(TimeUnit::Microsecond, None));
    match raw.op {
        Multiply if is_interval(&left) && right.is_numeric() => {
            PlannerResult::Planned(scale(raw.left, raw.right, false))
        }
        Multiply if left.is_numeric() && is_interval(&right) => {
            PlannerResult::Planned(scale(raw.right, raw.left, false))
        }
        Divide if is_interval(&left) && right.is_numeric() => PlannerResult::Planned(scale(raw.left, raw.right, true)),
        Plus | Minus if left == DataType::Date32 && is_interval(&right) => {
            PlannerResult::Original(RawBinaryExpr { left: moment(raw.left), ..raw })
        }
        Plus if is_interval(&left) && right == DataType::Date32 => {
            PlannerResult::Original(RawBinaryExpr { right: moment(raw.right), ..raw })
        }
        _ => PlannerResult::Original(raw),
    }
}

/// Gives an operand its type, if it has none, by that of the other one.
fn settle(operand: &mut Expr, other: &DataType, added: bool) {
    let kind = match other {
        DataType::Timestamp(..) if added => DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::Date32 if added => return,
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => return,
        kind => kind.clone(),
    };
    give(operand, &Field::new("", kind.clone(), true));
    if is_quoted(operand) {
        *operand = cast(operand.clone(), kind);
    }
}
