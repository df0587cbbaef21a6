//! `= ANY ('{r,v}')` and `= ANY ($1)`: Postgres reads the text as an array of what stands on the left. And arrays that a
//! select joins element by element, which is the same question.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Array, ArrayElemTypeDef, BinaryOperator, CastKind, DataType, Expr, Ident, JoinOperator, Select, TableFactor, Value,
    ValueWithSpan, visit_expressions_mut,
};

use super::reference::folded;
use crate::catalog::postgres::relations::definitions;
use crate::model::text_forms::array_elements;

/// The right side of ANY or ALL as an array.
pub(super) fn read_array(left: &Expr, right: &mut Expr) {
    match right {
        Expr::Nested(inner) => read_array(left, inner),
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => {
            if let Some(elements) = array_elements(text) {
                *right = array(left, elements);
            }
        }
        Expr::Value(ValueWithSpan { value: Value::Placeholder(_), .. }) => {
            let element = if is_number(left) { DataType::BigInt(None) } else { DataType::Text };
            *right = Expr::Cast {
                kind: CastKind::DoubleColon,
                expr: Box::new(right.clone()),
                data_type: DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(element), None)),
                array: false,
                format: None,
            };
        }
        _ => {}
    }
}

/// `CROSS JOIN unnest(conkey) AS key ... attnum = key` as `attnum = ANY (conkey)`: the arrays of catalogs repeat no element.
pub(super) fn join_by_element(select: &mut Select) {
    let mut elements: Vec<(String, Expr)> = vec![];
    for from in &mut select.from {
        from.joins.retain(|join| {
            let element = match (&join.relation, &join.join_operator) {
                (TableFactor::UNNEST { alias: Some(alias), array_exprs, .. }, JoinOperator::CrossJoin(_))
                    if alias.columns.is_empty() =>
                {
                    match array_exprs.as_slice() {
                        [array] => Some((folded(&alias.name), array.clone())),
                        _ => None,
                    }
                }
                _ => None,
            };
            let kept = element.is_none();
            elements.extend(element);
            kept
        });
    }
    for (name, array) in elements {
        let is_element = |expr: &Expr| matches!(expr, Expr::Identifier(ident) if folded(ident) == name);
        let _ = visit_expressions_mut(select, |expr| {
            if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr
                && (is_element(left) || is_element(right))
            {
                let other = if is_element(left) { right } else { left };
                *expr = Expr::AnyOp {
                    left: other.clone(),
                    compare_op: BinaryOperator::Eq,
                    right: Box::new(array.clone()),
                    is_some: false,
                };
            }
            ControlFlow::<()>::Continue(())
        });
    }
}

fn array(left: &Expr, elements: Vec<Option<String>>) -> Expr {
    let number = is_number(left);
    let literal = |text: Option<String>| {
        let value = match text {
            Some(text) if number => Value::Number(text, false),
            Some(text) => Value::SingleQuotedString(text),
            None => Value::Null,
        };
        Expr::Value(value.into())
    };
    Expr::Array(Array { elem: elements.into_iter().map(literal).collect(), named: true })
}

/// Whether an expression is a column that the system relations know as a number.
fn is_number(expr: &Expr) -> bool {
    let name: Option<&Ident> = match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    };
    let Some(name) = name.map(folded) else { return false };
    let columns = definitions().iter().flat_map(|relation| &relation.columns);
    columns.filter(|column| column.name == name).any(|column| column.pg_type.category == 'N')
}
