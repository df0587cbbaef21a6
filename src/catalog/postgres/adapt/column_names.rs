//! The names Postgres gives to computed columns, made unique, since DataFusion refuses two columns of one name.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Ident, OrderBy, Query, Select, SelectItem, SetExpr, visit_expressions};

use crate::catalog::output_names::output_name;

/// The system column of Postgres that tells which relation a row is from.
pub(super) const TABLE_OID: &str = "tableoid";

/// Names every computed column of a query that has no name.
pub(super) fn name_columns(query: &mut Query) {
    // DataFusion can't tell an output column from an input column of the same name that only ORDER BY uses.
    let ordered_by = query.order_by.as_ref().map(qualified_columns).unwrap_or_default();
    name_body(&mut query.body, &ordered_by);
}

fn name_body(body: &mut SetExpr, ordered_by: &HashSet<String>) {
    match body {
        SetExpr::Select(select) => name_items(select, ordered_by),
        SetExpr::SetOperation { left, right, .. } => {
            name_body(left, ordered_by);
            name_body(right, ordered_by);
        }
        _ => {}
    }
}

fn name_items(select: &mut Select, ordered_by: &HashSet<String>) {
    let mut taken: HashSet<String> = select.projection.iter().filter_map(given_name).collect();
    taken.extend(ordered_by.iter().cloned());
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if is_column(expr) {
            continue;
        }
        let name = output_name(expr);
        let mut unique = name.clone();
        let mut number = 1;
        while !taken.insert(unique.clone()) {
            number += 1;
            unique = format!("{name}_{number}");
        }
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', unique) };
    }
}

/// The columns that ORDER BY names by their table.
fn qualified_columns(order: &OrderBy) -> HashSet<String> {
    let mut names = HashSet::new();
    let _ = visit_expressions(order, |expr| {
        if let Expr::CompoundIdentifier(parts) = expr {
            names.extend(parts.last().map(|part| part.value.clone()));
        }
        ControlFlow::<()>::Continue(())
    });
    names
}

/// Whether an expression is just a column; `tableoid` is computed here.
pub(super) fn is_column(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_) => true,
        Expr::CompoundIdentifier(parts) => parts.last().is_none_or(|part| part.value != TABLE_OID),
        _ => false,
    }
}

fn given_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(expr) if is_column(expr) => Some(output_name(expr)),
        _ => None,
    }
}
