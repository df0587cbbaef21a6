//! The names of a query's outputs, as Postgres gives them: `count` for `count(*)`, `?column?` for `1 + 1`.
//!
//! DataFusion names an output after its whole expression. Clients show these names and drivers look columns up by them.

use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{self, SelectItem, SetExpr};

use super::identifier::fold;
use crate::error::{Error, Result, SqlState};

const NAMELESS: &str = "?column?";

/// The plan with its outputs renamed, the first ones as `given`; for views and tables made from queries, whose columns need
/// distinct names (42701).
pub fn name_outputs(statement: &ast::Statement, plan: LogicalPlan, given: &[String]) -> Result<LogicalPlan> {
    let mut names = output_names(statement, &plan);
    if given.len() > names.len() {
        return Err(Error::new(SqlState::SyntaxError, "more column names were specified than the query has columns"));
    }
    names[..given.len()].clone_from_slice(given);
    let columns = plan.schema().columns();
    if columns.iter().zip(&names).all(|(column, name)| column.name == *name) {
        return Ok(plan);
    }
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(Error::new(SqlState::DuplicateColumn, message).with_hint("name it with AS"));
        }
    }
    let named = columns.into_iter().zip(names).map(|(column, name)| Expr::Column(column).alias(name));
    Ok(LogicalPlanBuilder::from(plan).project(named.collect::<Vec<_>>())?.build()?)
}

/// The name of each output of a planned statement; names may repeat, as in Postgres.
pub fn output_names(statement: &ast::Statement, plan: &LogicalPlan) -> Vec<String> {
    let mut names: Vec<String> = plan.schema().fields().iter().map(|field| field.name().clone()).collect();
    let ast::Statement::Query(query) = statement else { return names };
    let Some(items) = items(&query.body) else { return names };
    let wildcard = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    // What a wildcard stands for is known only by counting what is left and right of it.
    let before = items.iter().take_while(|item| !wildcard(item)).count();
    let after = if before == items.len() { 0 } else { items.iter().rev().take_while(|item| !wildcard(item)).count() };
    let last = names.len();
    for (name, item) in names.iter_mut().zip(&items[..before]) {
        rename(name, item);
    }
    for (name, item) in names[last.saturating_sub(after)..].iter_mut().zip(&items[items.len() - after..]) {
        rename(name, item);
    }
    names
}

fn items(body: &SetExpr) -> Option<&[SelectItem]> {
    match body {
        SetExpr::Select(select) => Some(&select.projection),
        SetExpr::Query(query) => items(&query.body),
        SetExpr::SetOperation { left, .. } => items(left),
        _ => None,
    }
}

fn rename(name: &mut String, item: &SelectItem) {
    match item {
        SelectItem::UnnamedExpr(expr) => *name = output_name(expr),
        SelectItem::ExprWithAlias { alias, .. } => *name = fold(alias),
        _ => {}
    }
}

/// The name of an output that nothing names but its expression.
pub(super) fn output_name(expr: &ast::Expr) -> String {
    of(expr).unwrap_or_else(|| NAMELESS.to_owned())
}

/// The name an expression gives its output; `None` for the nameless.
fn of(expr: &ast::Expr) -> Option<String> {
    ranked(expr).map(|(_, name)| name)
}

/// How good a name is: around a weak one, a cast gives its type's name and CASE its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Weak,
    Strong,
}

/// The rules of PostgreSQL's `FigureColname`.
fn ranked(expr: &ast::Expr) -> Option<(Rank, String)> {
    use ast::Expr as E;
    let strong = |name: &str| Some((Rank::Strong, name.to_owned()));
    let column = |name: String| (Rank::Strong, name);
    let unless_strong = |inner: Option<(Rank, String)>, name: String| match inner {
        Some((Rank::Strong, inner)) => Some((Rank::Strong, inner)),
        _ => Some((Rank::Weak, name)),
    };
    match expr {
        E::Identifier(ident) => Some(column(fold(ident))),
        E::CompoundIdentifier(parts) => parts.last().map(fold).map(column),
        E::Nested(inner) | E::Collate { expr: inner, .. } => ranked(inner),
        E::Function(function) => function.name.0.last().and_then(|part| part.as_ident()).map(fold).map(column),
        E::Cast { expr: inner, data_type, .. } => unless_strong(ranked(inner), type_name(data_type)),
        E::TypedString(typed) => Some((Rank::Weak, type_name(&typed.data_type))),
        E::Interval(_) => Some((Rank::Weak, "interval".into())),
        E::Case { else_result, .. } => unless_strong(else_result.as_deref().and_then(ranked), "case".into()),
        E::Exists { .. } => strong("exists"),
        E::Subquery(query) => match items(&query.body)?.first()? {
            SelectItem::UnnamedExpr(expr) => of(expr).map(column),
            SelectItem::ExprWithAlias { alias, .. } => Some(column(fold(alias))),
            _ => None,
        },
        E::Array(_) => strong("array"),
        E::Tuple(_) => strong("row"),
        E::Extract { .. } => strong("extract"),
        E::Substring { shorthand, .. } => strong(if *shorthand { "substr" } else { "substring" }),
        E::Overlay { .. } => strong("overlay"),
        E::Trim { trim_where, .. } => strong(match trim_where {
            Some(ast::TrimWhereField::Leading) => "ltrim",
            Some(ast::TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        }),
        E::Position { .. } => strong("position"),
        E::Ceil { .. } => strong("ceil"),
        E::Floor { .. } => strong("floor"),
        E::AtTimeZone { .. } => strong("timezone"),
        E::CompoundFieldAccess { root, access_chain } => {
            access_chain.last().and_then(field).map(column).or_else(|| ranked(root))
        }
        _ => None,
    }
}

fn field(access: &ast::AccessExpr) -> Option<String> {
    match access {
        ast::AccessExpr::Dot(expr) => of(expr).or_else(|| text(expr)),
        ast::AccessExpr::Subscript(ast::Subscript::Index { index }) => text(index),
        ast::AccessExpr::Subscript(_) => None,
    }
}

fn text(expr: &ast::Expr) -> Option<String> {
    match expr {
        ast::Expr::Value(value) => match &value.value {
            ast::Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn type_name(data_type: &ast::DataType) -> String {
    use ast::{DataType as T, TimezoneInfo};
    match data_type {
        T::Int(_) | T::Integer(_) | T::Int4(_) => "int4".into(),
        T::BigInt(_) | T::Int8(_) => "int8".into(),
        T::SmallInt(_) | T::Int2(_) => "int2".into(),
        T::Double(_) | T::DoublePrecision | T::Float(_) | T::Float8 => "float8".into(),
        T::Real | T::Float4 => "float4".into(),
        T::Boolean | T::Bool => "bool".into(),
        T::Decimal(_) | T::Numeric(_) | T::Dec(_) => "numeric".into(),
        T::Varchar(_) | T::CharacterVarying(_) => "varchar".into(),
        T::Char(_) | T::Character(_) => "bpchar".into(),
        T::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => "timestamptz".into(),
        T::Timestamp(..) => "timestamp".into(),
        T::Time(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => "timetz".into(),
        T::Time(..) => "time".into(),
        T::Interval { .. } => "interval".into(),
        T::Array(ast::ArrayElemTypeDef::SquareBracket(element, _) | ast::ArrayElemTypeDef::AngleBracket(element)) => {
            type_name(element)
        }
        T::Custom(name, _) => name.0.last().and_then(|part| part.as_ident()).map(fold).unwrap_or_default(),
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Postgres;
    use datafusion::prelude::SessionContext;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    /// The names were read off PostgreSQL 15.
    #[tokio::test]
    async fn outputs_are_named_as_in_postgres() {
        let cases = [
            ("SELECT 1, 'a', 1 + 1", vec!["?column?", "?column?", "?column?"]),
            ("SELECT count(*), COUNT(*), max(x) AS top FROM (VALUES (1)) t(x)", vec!["count", "count", "top"]),
            ("SELECT x::int, '5'::int, (y) FROM (VALUES (1, 2)) t(x, y)", vec!["x", "int4", "y"]),
            ("SELECT CASE WHEN x > 0 THEN 1 END, true FROM (VALUES (1)) t(x)", vec!["case", "?column?"]),
            (
                "SELECT CASE WHEN true THEN 1 ELSE x END, (CASE WHEN true THEN 1 END)::text FROM (VALUES (1)) t(x)",
                vec!["x", "text"],
            ),
            (
                "SELECT '1'::int::text, substr('a', 1), ltrim('a'), x::text FROM (VALUES (1)) t(x)",
                vec!["text", "substr", "ltrim", "x"],
            ),
            ("SELECT -x, t.*, x + 1 FROM (VALUES (1, 2)) t(x, y)", vec!["?column?", "x", "y", "?column?"]),
            ("SELECT '5'::text::int, x::text::int FROM (VALUES (1)) t(x)", vec!["int4", "x"]),
            ("SELECT upper('a') UNION SELECT 'b'", vec!["upper"]),
            ("SELECT DATE '2026-01-01', extract(year FROM DATE '2026-01-01')", vec!["date", "extract"]),
        ];
        for (sql, expected) in cases {
            let statement = Parser::parse_sql(&Postgres, sql).unwrap().remove(0);
            let plan = SessionContext::new().sql(&sql.replacen("COUNT(*)", "COUNT(1)", 1)).await.unwrap();
            assert_eq!(output_names(&statement, plan.logical_plan()), expected, "{sql}");
        }
    }
}
