//! Plans UPDATE and DELETE as queries: of the rows that go, and of what stands in their place.
//!
//! DataFusion's own hooks for both lose parts of the WHERE clause, and it has no plan for other tables beside the target.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::Column;
use datafusion::datasource::{TableProvider, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::{Expr, Filter, Join, LogicalPlan, LogicalPlanBuilder, SubqueryAlias};
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::parser::Parser;

use super::returning::{Change, Returning};
use super::write::Target;
use super::{defaults, names, write};
use crate::catalog::{Privilege, Resolver, as_column};
use crate::error::{Error, Result, SqlState};
use crate::model::Postgres;
use crate::storage::{FILE, ROW};

/// Plans an UPDATE as the query of the new values of all columns, over the target and what it is joined with.
pub(super) fn plan_update(resolver: &Resolver<'_>, update: &ast::Update) -> Result<Change> {
    let target = write::analyzed_target(resolver, &write::target_name(Some(&update.table))?, Privilege::Update)?;
    if update.limit.is_some() || !update.order_by.is_empty() {
        return Err(Error::unsupported("UPDATE with LIMIT or ORDER BY"));
    }
    let (assigned, values) = assigned_values(&target, &update.assignments)?;
    let from = match &update.from {
        Some(ast::UpdateTableFromKind::BeforeSet(from) | ast::UpdateTableFromKind::AfterSet(from)) => from.as_slice(),
        None => &[],
    };
    let tables: Vec<_> = std::iter::once(&update.table).chain(from).cloned().collect();
    let returning = Returning::plan(resolver, update.returning.as_deref(), &tables)?;
    let (values, rows) = parts(resolver.plan(select(values, tables, update.selection.clone())?)?, "UPDATE")?;
    // The target comes first among the tables, so its columns come first among theirs.
    let new = |(at, field): (usize, &Arc<Field>)| {
        let (qualifier, column) = rows.schema().qualified_field(at);
        let Some(place) = assigned.iter().position(|name| name == field.name()) else {
            return Expr::from((qualifier, column));
        };
        let value = as_column(typed(values[place].clone().unalias(), field), field);
        value.alias_qualified(qualifier.cloned(), field.name())
    };
    let new: Vec<Expr> = target.at.schema().fields().iter().enumerate().map(new).collect();
    let width = new.len();
    let others = (width..rows.schema().fields().len()).filter(|_| returning.is_some());
    let columns: Vec<Expr> = new.into_iter().chain(others.map(|at| rows.schema().qualified_field(at).into())).collect();
    Change::new(LogicalPlanBuilder::from(rows).project(columns)?.build()?, width, returning)
}

/// The columns that SET gives values, and the values as the list of a SELECT.
pub(super) fn assigned_values(target: &Target, set: &[ast::Assignment]) -> Result<(Vec<String>, Vec<ast::SelectItem>)> {
    let (mut assigned, mut values) = (vec![], vec![]);
    for (at, (written, value)) in assignments(set)?.into_iter().enumerate() {
        let column = names::parts(written)?.pop().unwrap_or_default();
        if assigned.contains(&column) {
            let message = format!("multiple assignments to same column \"{column}\"");
            return Err(Error::new(SqlState::SyntaxError, message));
        }
        if target.at.schema().field_with_name(&column).is_err() {
            let message = format!("column \"{column}\" of relation \"{}\" does not exist", target.relation.name);
            return Err(names::place(Error::new(SqlState::UndefinedColumn, message), written));
        }
        let mut value = value.clone();
        defaults::put(&mut value, &target.relation, &column)?;
        values.push(ast::SelectItem::ExprWithAlias { expr: value, alias: ast::Ident::with_quote('"', at.to_string()) });
        assigned.push(column);
    }
    Ok((assigned, values))
}

/// The columns that an UPDATE gives values.
pub(super) fn assigned(update: &ast::Statement) -> Result<Vec<String>> {
    let ast::Statement::Update(update) = update else { return Ok(vec![]) };
    let column = |(column, _): (&ast::ObjectName, _)| Ok(names::parts(column)?.pop().unwrap_or_default());
    assignments(&update.assignments)?.into_iter().map(column).collect()
}

/// Plans a DELETE as the query of the rows that go.
pub(super) fn plan_delete(resolver: &Resolver<'_>, delete: &ast::Delete) -> Result<Change> {
    let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
    write::analyzed_target(resolver, &write::target_name(from.first())?, Privilege::Delete)?;
    if delete.limit.is_some() || !delete.order_by.is_empty() {
        return Err(Error::unsupported("DELETE with LIMIT or ORDER BY"));
    }
    let tables: Vec<_> = from.iter().chain(delete.using.iter().flatten()).cloned().collect();
    let returning = Returning::plan(resolver, delete.returning.as_deref(), &tables)?;
    let all = ast::SelectItem::Wildcard(ast::WildcardAdditionalOptions::default());
    let (_, rows) = parts(resolver.plan(select(vec![all], tables, delete.selection.clone())?)?, "DELETE")?;
    Change::new(rows, 0, returning)
}

/// Which column becomes what; `(a, b) = (1, 2)` is one of each.
fn assignments(set: &[ast::Assignment]) -> Result<Vec<(&ast::ObjectName, &ast::Expr)>> {
    let mut assignments = vec![];
    for ast::Assignment { target, value } in set {
        match (target, value) {
            (ast::AssignmentTarget::ColumnName(column), value) => assignments.push((column, value)),
            (ast::AssignmentTarget::Tuple(columns), ast::Expr::Tuple(values)) if columns.len() == values.len() => {
                assignments.extend(columns.iter().zip(values));
            }
            (ast::AssignmentTarget::Tuple(_), ast::Expr::Tuple(_)) => {
                let message = "number of columns does not match number of values";
                return Err(Error::new(SqlState::SyntaxError, message));
            }
            (ast::AssignmentTarget::Tuple(_), _) => {
                return Err(Error::unsupported("SET of several columns to a query")
                    .with_hint("name the query in FROM and write SET (a, b) = (q.a, q.b)"));
            }
        }
    }
    Ok(assignments)
}

/// A parameter that stands alone has the type of the column that it goes to.
pub(super) fn typed(value: Expr, column: &Arc<Field>) -> Expr {
    match value {
        Expr::Placeholder(Placeholder { id, field: None }) => {
            Expr::Placeholder(Placeholder { id, field: Some(Arc::clone(column)) })
        }
        value => value,
    }
}

/// A query of some tables' rows; 42712 where two have one name.
pub(super) fn select(
    values: Vec<ast::SelectItem>,
    from: Vec<ast::TableWithJoins>,
    selection: Option<ast::Expr>,
) -> Result<ast::Statement> {
    let mut known = HashSet::new();
    for table in from
        .iter()
        .flat_map(|table| std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation)))
    {
        if let ast::TableFactor::Table { name, alias, .. } = table {
            let name = alias.as_ref().map_or_else(|| names::parts(name), |alias| Ok(vec![names::fold(&alias.name)]))?;
            if !known.insert(name.clone()) {
                let message = format!("table name \"{}\" specified more than once", name.join("."));
                return Err(Error::new(SqlState::DuplicateAlias, message));
            }
        }
    }
    let mut rows = Parser::parse_sql(&Postgres, "SELECT * FROM t").map_err(DataFusionError::from)?;
    if let Some(ast::Statement::Query(query)) = rows.first_mut()
        && let ast::SetExpr::Select(select) = query.body.as_mut()
    {
        (select.projection, select.from, select.selection) = (values, from, selection);
    }
    rows.pop().ok_or_else(|| Error::internal("a query that is none"))
}

/// What a query without grouping selects, and of which rows; 42803 and 42P20 say where that was asked.
pub(super) fn parts(plan: LogicalPlan, clause: &str) -> Result<(Vec<Expr>, LogicalPlan)> {
    let unexpected = |plan: &LogicalPlan| Error::internal(format!("a write was planned as {}", plan.display()));
    let LogicalPlan::Projection(selected) = plan else { return Err(unexpected(&plan)) };
    let refused = |state, what: &str| Err(Error::new(state, format!("{what} are not allowed in {clause}")));
    let mut rows = &selected.input;
    // Between a window function and what is selected, its type is brought to Postgres'.
    while let LogicalPlan::Projection(typed) = rows.as_ref() {
        rows = &typed.input;
    }
    match rows.as_ref() {
        LogicalPlan::Aggregate(_) => refused(SqlState::GroupingError, "aggregate functions"),
        LogicalPlan::Window(_) => refused(SqlState::WindowingError, "window functions"),
        _ if Arc::ptr_eq(rows, &selected.input) => Ok((selected.expr, Arc::unwrap_or_clone(selected.input))),
        _ => Err(unexpected(&selected.input)),
    }
}

/// The query of a change, its target read through the scan that also gives each row's address; the addresses are the last columns.
pub(super) fn address(input: &LogicalPlan, scan: &Arc<dyn TableProvider>) -> Result<LogicalPlan> {
    Ok(match input {
        LogicalPlan::TableScan(old) => {
            LogicalPlanBuilder::scan(old.table_name.clone(), provider_as_source(scan.clone()), None)?.build()?
        }
        // The target is the first of several tables.
        LogicalPlan::Join(join) => LogicalPlan::Join(Join::try_new(
            Arc::new(address(&join.left, scan)?),
            Arc::clone(&join.right),
            join.on.clone(),
            join.filter.clone(),
            join.join_type,
            join.join_constraint,
            join.null_equality,
            join.null_aware,
        )?),
        LogicalPlan::Filter(filter) => {
            LogicalPlan::Filter(Filter::try_new(filter.predicate.clone(), Arc::new(address(&filter.input, scan)?))?)
        }
        LogicalPlan::SubqueryAlias(alias) => LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(
            Arc::new(address(&alias.input, scan)?),
            alias.alias.clone(),
        )?),
        LogicalPlan::Projection(projection) => {
            let input = address(&projection.input, scan)?;
            let columns = projection.expr.iter().cloned().chain(address_columns(&input)?);
            LogicalPlanBuilder::from(input.clone()).project(columns.collect::<Vec<_>>())?.build()?
        }
        other => return Err(Error::unsupported(format!("a write over {}", other.display()))),
    })
}

/// Where the rows of an addressed query stand.
pub(super) fn address_columns(input: &LogicalPlan) -> Result<[Expr; 2]> {
    let column = |name: &str| -> Result<Expr> {
        let (qualifier, field) = input.schema().qualified_field_with_unqualified_name(name)?;
        Ok(Expr::Column(Column::new(qualifier.cloned(), field.name())))
    };
    Ok([column(FILE)?, column(ROW)?])
}
