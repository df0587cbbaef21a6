//! Plans an INSERT: which value goes to which column.
//!
//! VALUES are planned by the engine, which types their parameters by the table. A query is planned here: the engine would
//! give the table's columns to any VALUES inside of it.

use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{DmlStatement, Expr, LogicalPlan, LogicalPlanBuilder, WriteOp, cast};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast;

use super::{names, write};
use crate::catalog::{Privilege, Resolver};
use crate::error::{Error, Result, SqlState};

/// Plans an INSERT; rows shorter than the table fill its first columns, as in Postgres.
pub(super) fn plan(resolver: &Resolver<'_>, insert: &ast::Insert) -> Result<LogicalPlan> {
    if insert.on.is_some() {
        return Err(Error::unsupported("INSERT ... ON CONFLICT").with_hint("tables have no unique keys"));
    }
    write::refuse_returning(insert.returning.as_deref())?;
    let ast::TableObject::TableName(name) = &insert.table else {
        return Err(Error::unsupported("INSERT into a function"));
    };
    let Some(source) = &insert.source else { return Err(Error::unsupported("INSERT ... DEFAULT VALUES")) };
    match source.body.as_ref() {
        ast::SetExpr::Values(values) if source.with.is_none() => plan_values(resolver, insert, name, values),
        _ => plan_query(resolver, insert, name, source),
    }
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
    resolver.plan(ast::Statement::Insert(insert))
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
    let rows = LogicalPlanBuilder::from(query).project(values)?.build()?;
    let target = provider_as_source(target.table.provider(target.at));
    Ok(LogicalPlan::Dml(DmlStatement::new(name, target, WriteOp::Insert(InsertOp::Append), Arc::new(rows))))
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
