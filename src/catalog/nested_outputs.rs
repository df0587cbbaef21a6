//! Names the outputs of queries inside FROM and WITH as Postgres does: `SELECT s.count FROM (SELECT count(*) FROM t) s`.
//!
//! DataFusion would name that column `count(*)`. Of the outermost query, [`super::output_names`] names the outputs.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, Query, Select, SelectItem, SetExpr, Statement, TableFactor, VisitMut, VisitorMut,
};

use super::identifier::fold;
use super::output_names::output_name;

/// Gives aliases to the outputs of nested queries that are neither columns nor named.
pub(super) fn name_nested_outputs(statement: &mut Statement) {
    let _ = statement.visit(&mut Namer);
}

struct Namer;

impl VisitorMut for Namer {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        query.with.iter_mut().flat_map(|with| &mut with.cte_tables).for_each(|cte| name(&mut cte.query.body));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Derived { subquery, .. } = factor {
            name(&mut subquery.body);
        }
        ControlFlow::Continue(())
    }
}

fn name(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => name_select(select),
        SetExpr::Query(query) => name(&mut query.body),
        SetExpr::SetOperation { left, .. } => name(left),
        _ => {}
    }
}

fn name_select(select: &mut Select) {
    let mut taken: Vec<String> = grouped_by(&select.group_by);
    taken.extend(select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(fold(alias)),
        SelectItem::UnnamedExpr(expr) if is_column(expr) => Some(output_name(expr)),
        _ => None,
    }));
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item
            && !is_column(expr)
        {
            let name = output_name(expr);
            // Of outputs with one name, which nobody can ask for, the others keep the engine's.
            if !taken.contains(&name) {
                let alias = Ident::with_quote('"', name.clone());
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
                taken.push(name);
            }
        }
    }
}

/// Whether the engine names an output as Postgres does: a column, or the cast of one.
fn is_column(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => is_column(inner),
        _ => false,
    }
}

/// Columns that GROUP BY names: an alias like one of them would be taken for it.
fn grouped_by(group_by: &GroupByExpr) -> Vec<String> {
    match group_by {
        GroupByExpr::Expressions(expressions, _) => {
            expressions.iter().filter(|expr| is_column(expr)).map(output_name).collect()
        }
        GroupByExpr::All(_) => vec![],
    }
}
