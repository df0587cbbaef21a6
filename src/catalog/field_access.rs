//! `(velocity_summary(a, b)).ci_low`: the field of a struct as Postgres writes it.
//!
//! The parser gives the field as an identifier, which DataFusion would look up as a column; it takes a string.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Statement, Value, visit_expressions_mut};

use super::identifier::fold;

/// Turns the identifiers of field accesses into the strings that DataFusion takes.
pub(super) fn name_fields(statement: &mut Statement) {
    let _ = visit_expressions_mut(statement, |expr| {
        if let Expr::CompoundFieldAccess { root, access_chain } = expr {
            // `t.tags[1]`: what directly follows a name is a column of it.
            let is_name = matches!(root.as_ref(), Expr::Identifier(_));
            let fields = access_chain.iter_mut().skip_while(|access| is_name && matches!(access, AccessExpr::Dot(_)));
            fields.for_each(name_field);
        }
        ControlFlow::<()>::Continue(())
    });
}

fn name_field(access: &mut AccessExpr) {
    if let AccessExpr::Dot(Expr::Identifier(ident)) = access {
        *access = AccessExpr::Dot(Expr::Value(Value::SingleQuotedString(fold(ident)).into()));
    }
}
