//! Lets a query give the same output twice, as Postgres does.
//!
//! DataFusion refuses `SELECT a, a`: each output of a projection needs a name of its own. The second gets one here, which
//! nobody sees, because [`super::output_names`] names outputs by the statement as the user wrote it.

use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem, SetExpr, Statement};

use super::identifier::fold;

/// Gives repeated outputs of the outermost query aliases of their own.
pub(super) fn make_outputs_distinct(statement: &mut Statement) {
    match statement {
        Statement::Query(query) => distinct(&mut query.body),
        Statement::Insert(insert) => {
            if let Some(source) = &mut insert.source {
                distinct(&mut source.body);
            }
        }
        Statement::Explain { statement, .. } => make_outputs_distinct(statement),
        _ => {}
    }
}

fn distinct(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => {
            let mut taken: Vec<String> = Vec::new();
            // A column may be one of those that a wildcard stands for.
            let wild = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
            let any_wild = select.projection.iter().any(wild);
            for (at, item) in select.projection.iter_mut().enumerate() {
                let Some(name) = engine_name(item) else { continue };
                if taken.contains(&name) || any_wild && is_column(item) {
                    alias(item, Ident::with_quote('"', format!("{name} #{at}")));
                } else {
                    taken.push(name);
                }
            }
        }
        SetExpr::Query(query) => distinct(&mut query.body),
        SetExpr::SetOperation { left, right, .. } => {
            distinct(left);
            distinct(right);
        }
        _ => {}
    }
}

fn is_column(item: &SelectItem) -> bool {
    matches!(item, SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)))
}

/// The name by which the engine tells an output from others; `None` for a wildcard.
fn engine_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::UnnamedExpr(Expr::Identifier(ident)) => Some(fold(ident)),
        SelectItem::UnnamedExpr(expr) => Some(expr.to_string().to_lowercase()),
        SelectItem::ExprWithAlias { alias, .. } => Some(fold(alias)),
        _ => None,
    }
}

fn alias(item: &mut SelectItem, alias: Ident) {
    *item = match std::mem::replace(item, SelectItem::Wildcard(Default::default())) {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            SelectItem::ExprWithAlias { expr, alias }
        }
        other => other,
    };
}
