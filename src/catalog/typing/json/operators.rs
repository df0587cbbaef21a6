//! Operators over JSON as the calls that they stand for.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::planner::RawBinaryExpr;
use datafusion::logical_expr::{Expr, ExprSchemable, cast};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use postgres_types::Type;

use super::change::Change;
use super::extract::{Extract, Steps};
use super::facts::Fact;
use super::json_type;
use crate::catalog::typing::declared::fitted;
use crate::catalog::typing::expression::give;
use crate::catalog::typing::literals::quoted;
use crate::model::input::Fit;
use crate::model::marked;

/// The call that an operator stands for where one side is JSON; none for any other operator.
pub(in crate::catalog::typing) fn operator(raw: &RawBinaryExpr, schema: &DFSchema) -> Result<Option<Expr>> {
    use BinaryOperator::{
        Arrow, ArrowAt, AtArrow, HashArrow, HashLongArrow, HashMinus, LongArrow, Minus, Question, QuestionAnd,
        QuestionPipe, StringConcat,
    };
    let is_json = |side: &Expr| side.to_field(schema).is_ok_and(|(_, field)| json_type(&field).is_some());
    let is_jsonb = |side: &Expr| {
        side.to_field(schema).is_ok_and(|(_, field)| json_type(&field).is_some_and(|json| json == Type::JSONB))
    };
    let (left, right) = (&raw.left, &raw.right);
    let changed = |change: Change| change.call(left.clone(), right.clone());
    let extracted = |steps, as_text, asked: Expr| Some(Extract::call(steps, as_text, left.clone(), asked));
    Ok(match raw.op {
        Arrow | LongArrow if is_json(left) => extracted(Steps::One, raw.op == LongArrow, right.clone()),
        HashArrow | HashLongArrow if is_json(left) => {
            let path = cast(right.clone(), DataType::new_list(DataType::Utf8View, true));
            extracted(Steps::Path, raw.op == HashLongArrow, path)
        }
        Question if is_json(left) => Some(Fact::Has.call(vec![left.clone(), right.clone()])),
        AtArrow if is_json(left) => Some(Fact::Contains.call(vec![left.clone(), as_jsonb(right)])),
        ArrowAt if is_json(right) => Some(Fact::Contains.call(vec![right.clone(), as_jsonb(left)])),
        QuestionPipe if is_jsonb(left) => changed(Change::HasAny),
        QuestionAnd if is_jsonb(left) => changed(Change::HasAll),
        Minus if is_jsonb(left) => changed(Change::Delete),
        HashMinus if is_jsonb(left) => changed(Change::DeletePath),
        StringConcat
            if is_jsonb(left) && (is_jsonb(right) || quoted(right).is_some())
                || is_jsonb(right) && quoted(left).is_some() =>
        {
            Change::Concat.call(as_jsonb(left), as_jsonb(right))
        }
        _ => None,
    })
}

/// A literal in quotes or a parameter as the `jsonb` that it is compared with.
fn as_jsonb(side: &Expr) -> Expr {
    let (mut side, jsonb) = (side.clone(), marked(&Type::JSONB, -1));
    give(&mut side, &jsonb);
    match quoted(&side) {
        Some(_) => fitted(side, &jsonb, Some(Fit::Cut)),
        None => side,
    }
}
