//! Plans an INSERT: which value goes to which column.
//!
//! VALUES are planned by the engine, which types their parameters by the table. A query is planned here: the engine would
//! give the table's columns to any VALUES inside of it.

use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::{Column, TableReference};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::returning::{Change, Returning};
use super::{conflict, names, write};
use crate::catalog::{Privilege, Resolver};
use crate::error::{Error, Result, SqlState};

/// Plans an INSERT; rows shorter than the table fill its first columns, as in Postgres.
pub(super) fn plan(resolver: &Resolver<'_>, insert: &ast::Insert) -> Result<Change> {
    let ast::TableObject::TableName(name) = &insert.table else {
        return Err(Error::unsupported("INSERT into a function"));
    };
    let Some(source) = &insert.source else { return Err(Error::unsupported("INSERT ... DEFAULT VALUES")) };
    let rows = match source.body.as_ref() {
        ast::SetExpr::Values(values) if source.with.is_none() => plan_values(resolver, insert, name, values)?,
        _ => plan_query(resolver, insert, name, source)?,
    };
    if let Some(conflict) = on_conflict(insert)? {
        return conflict::plan(resolver, insert, conflict, rows, name);
    }
    let values = rows.schema().fields().len();
    if insert.returning.is_none() {
        return Change::new(rows, values, None);
    }
    let (table, called) = target_table(insert, name)?;
    let returning = Returning::plan(resolver, insert.returning.as_deref(), &[table])?;
    let qualified = |column: Column| {
        let name = column.name.clone();
        Expr::Column(column).alias_qualified(Some(called.clone()), name)
    };
    let columns: Vec<Expr> = rows.schema().columns().into_iter().map(qualified).collect();
    Change::new(LogicalPlanBuilder::from(rows).project(columns)?.build()?, values, returning)
}

/// What becomes of rows whose key is there already, if the statement says so.
pub(super) fn on_conflict(insert: &ast::Insert) -> Result<Option<&ast::OnConflict>> {
    match &insert.on {
        None => Ok(None),
        Some(ast::OnInsert::OnConflict(conflict)) => Ok(Some(conflict)),
        Some(_) => Err(Error::unsupported("INSERT ... ON DUPLICATE KEY").with_hint("use ON CONFLICT")),
    }
}

/// The target as a table of a query, and what columns of it are called by.
pub(super) fn target_table(
    insert: &ast::Insert,
    name: &ast::ObjectName,
) -> Result<(ast::TableWithJoins, TableReference)> {
    let mut query = Parser::parse_sql(&PostgreSqlDialect {}, "SELECT * FROM t").map_err(DataFusionError::from)?;
    if let Some(ast::Statement::Query(query)) = query.first_mut()
        && let ast::SetExpr::Select(select) = query.body.as_mut()
        && let Some(mut table) = select.from.pop()
        && let ast::TableFactor::Table { name: named, alias, .. } = &mut table.relation
    {
        *named = name.clone();
        let called = match &insert.table_alias {
            None => names::reference(name)?,
            Some(given) => {
                *alias = Some(ast::TableAlias { explicit: true, name: given.alias.clone(), columns: vec![], at: None });
                TableReference::bare(names::fold(&given.alias))
            }
        };
        return Ok((table, called));
    }
    Err(Error::internal("a query that is none"))
}

fn plan_values(
    resolver: &Resolver<'_>,
    insert: &ast::Insert,
    name: &ast::ObjectName,
    values: &ast::Values,
) -> Result<LogicalPlan> {
    let schema = write::target(resolver, &names::reference(name)?, Privilege::Insert)?.schema();
    let width = values.rows.first().map_or(0, |row| row.content.len());
    let columns = columns(insert, &schema, width)?;
    let quoted = columns.into_iter().map(|at| ast::Ident::with_quote('"', schema.field(at).name()));
    let mut insert = ast::Insert { columns: quoted.map(ast::ObjectName::from).collect(), ..insert.clone() };
    if let Some(source) = &mut insert.source
        && let ast::SetExpr::Values(values) = source.body.as_mut()
    {
        values.rows.iter_mut().flat_map(|row| &mut row.content).for_each(write::default_to_null);
    }
    (insert.on, insert.returning, insert.table_alias) = (None, None, None);
    match resolver.plan(ast::Statement::Insert(insert))? {
        LogicalPlan::Dml(write) => Ok(Arc::unwrap_or_clone(write.input)),
        other => Err(Error::internal(format!("an INSERT was planned as {}", other.display()))),
    }
}

fn plan_query(
    resolver: &Resolver<'_>,
    insert: &ast::Insert,
    name: &ast::ObjectName,
    source: &ast::Query,
) -> Result<LogicalPlan> {
    let name = names::reference(name)?;
    let target = write::target(resolver, &name, Privilege::Insert)?;
    let schema = target.schema();
    let query = resolver.plan(ast::Statement::Query(Box::new(source.clone())))?;
    let given = query.schema().columns();
    let columns = columns(insert, &schema, given.len())?;
    let value = |(at, field): (usize, &FieldRef)| {
        let value = match columns.iter().position(|column| *column == at) {
            Some(place) => Expr::Column(given[place].clone()),
            None => Expr::Literal(ScalarValue::Null, None),
        };
        cast(value, field.data_type().clone()).alias(field.name())
    };
    let values: Vec<Expr> = schema.fields().iter().enumerate().map(value).collect();
    Ok(LogicalPlanBuilder::from(query).project(values)?.build()?)
}

/// The table's columns that an INSERT fills, in the order of its values.
fn columns(insert: &ast::Insert, schema: &SchemaRef, width: usize) -> Result<Vec<usize>> {
    let mut named: Vec<usize> = Vec::new();
    for column in &insert.columns {
        let column = names::parts(column)?.pop().unwrap_or_default();
        let at = schema
            .index_of(&column)
            .map_err(|_| Error::new(SqlState::UndefinedColumn, format!("column \"{column}\" does not exist")))?;
        if named.contains(&at) {
            let message = format!("column \"{column}\" specified more than once");
            return Err(Error::new(SqlState::DuplicateColumn, message));
        }
        named.push(at);
    }
    let columns = if named.is_empty() { (0..schema.fields().len()).collect() } else { named };
    if width > columns.len() {
        return Err(Error::new(SqlState::SyntaxError, "INSERT has more expressions than target columns"));
    }
    if width < columns.len() && !insert.columns.is_empty() {
        return Err(Error::new(SqlState::SyntaxError, "INSERT has more target columns than expressions"));
    }
    Ok(columns[..width].to_vec())
}
