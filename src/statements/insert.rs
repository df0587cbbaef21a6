//! Plans an INSERT: which value goes to which column.
//!
//! VALUES are planned by the engine, which types their parameters by the table. A query is planned here: the engine would
//! give the table's columns to any VALUES inside of it.

use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::{Column, TableReference};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{self, Spanned};
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Location;

use super::overriding_syntax::{self, Overriding};
use super::returning::{Change, Returning};
use super::write::Target;
use super::{conflict, defaults, names, parameters, sequences, write};
use crate::catalog::{Privilege, Resolver, as_column};
use crate::error::{Error, Result, SqlState};
use crate::model::{Postgres, mark};

/// Plans an INSERT; rows shorter than the table fill its first columns, as in Postgres.
pub(super) fn plan(resolver: &Resolver<'_>, insert: &ast::Insert) -> Result<Change> {
    let ast::TableObject::TableName(name) = &insert.table else {
        return Err(Error::unsupported("INSERT into a function"));
    };
    let target = write::analyzed_target(resolver, &names::reference(name)?, Privilege::Insert)?;
    let rows = match &insert.source {
        None => plan_values(resolver, insert, &target, &one_row_of_defaults(&target))?,
        Some(source) => match source.body.as_ref() {
            ast::SetExpr::Values(values) if source.with.is_none() => plan_values(resolver, insert, &target, values)?,
            _ => plan_query(resolver, insert, &target, source)?,
        },
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
    let mut query = Parser::parse_sql(&Postgres, "SELECT * FROM t").map_err(DataFusionError::from)?;
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

/// `DEFAULT VALUES`.
fn one_row_of_defaults(target: &Target) -> ast::Values {
    let default = ast::Expr::Identifier(ast::Ident::new("DEFAULT"));
    let row = ast::Parens {
        opening_token: AttachedToken::empty(),
        content: vec![default; target.schema().fields().len()],
        closing_token: AttachedToken::empty(),
    };
    ast::Values { explicit_row: false, value_keyword: false, rows: vec![row] }
}

fn plan_values(
    resolver: &Resolver<'_>,
    insert: &ast::Insert,
    target: &Target,
    values: &ast::Values,
) -> Result<LogicalPlan> {
    let (schema, relation) = (target.schema(), &target.relation);
    let width = values.rows.first().map_or(0, |row| row.content.len());
    let surplus = values.rows.iter().find_map(|row| row.content.get(schema.fields().len()));
    let mut columns = columns(insert, &schema, width, surplus.map(|value| value.span().start))?;
    let says_something = |at: &usize| values.rows.iter().any(|row| !row.content.get(*at).is_none_or(defaults::is_word));
    let said = (0..columns.len()).filter(says_something).map(|at| schema.field(columns[at]).name().clone());
    let overriding = overriding_syntax::of(insert);
    sequences::refuse_given(resolver, relation, overriding, said)?;
    let of_sequence = |at: usize| {
        overriding == Some(Overriding::User) && sequences::is_identity(resolver, relation, schema.field(at).name())
    };
    let mut values = values.clone();
    for row in &mut values.rows {
        for (value, at) in row.content.iter_mut().zip(&columns) {
            if of_sequence(*at) {
                *value = ast::Expr::Identifier(ast::Ident::new("DEFAULT"));
            }
            defaults::put(value, relation, schema.field(*at).name())?;
        }
    }
    for at in (0..schema.fields().len()).filter(|at| !columns.contains(at)).collect::<Vec<_>>() {
        if let Some(default) = defaults::of(relation, schema.field(at).name())? {
            columns.push(at);
            values.rows.iter_mut().for_each(|row| row.content.push(default.clone()));
        }
    }
    let quoted = columns.into_iter().map(|at| ast::Ident::with_quote('"', schema.field(at).name()));
    let insert = ast::Insert {
        columns: quoted.map(ast::ObjectName::from).collect(),
        source: Some(Box::new(query_of(values)?)),
        on: None,
        returning: None,
        table_alias: None,
        overwrite: false,
        has_table_keyword: false,
        ..insert.clone()
    };
    match resolver.plan(ast::Statement::Insert(insert))? {
        LogicalPlan::Dml(write) => as_columns(Arc::unwrap_or_clone(write.input), &schema),
        other => Err(Error::internal(format!("an INSERT was planned as {}", other.display()))),
    }
}

/// VALUES as a query.
fn query_of(values: ast::Values) -> Result<ast::Query> {
    match Parser::parse_sql(&Postgres, "VALUES (NULL)").map_err(DataFusionError::from)?.pop() {
        Some(ast::Statement::Query(query)) => Ok(ast::Query { body: Box::new(ast::SetExpr::Values(values)), ..*query }),
        _ => Err(Error::internal("a query that is none")),
    }
}

/// Rows with the values that the table's columns take, where these are of a type that is marked on them.
fn as_columns(rows: LogicalPlan, schema: &SchemaRef) -> Result<LogicalPlan> {
    if schema.fields().iter().all(|field| mark(field).is_none()) {
        return Ok(rows);
    }
    let given = rows.schema().columns().into_iter().zip(schema.fields());
    let values: Vec<Expr> =
        given.map(|(column, field)| as_column(Expr::Column(column), field).alias(field.name())).collect();
    Ok(LogicalPlanBuilder::from(rows).project(values)?.build()?)
}

fn plan_query(
    resolver: &Resolver<'_>,
    insert: &ast::Insert,
    target: &Target,
    source: &ast::Query,
) -> Result<LogicalPlan> {
    let schema = target.schema();
    let widest = if insert.columns.is_empty() { schema.fields().len() } else { insert.columns.len() };
    let taken = columns(insert, &schema, widest, None)?.into_iter().map(|at| parameters::of_column(schema.field(at)));
    let resolver = &resolver.for_columns(source, &taken.collect::<Vec<_>>());
    let query = resolver.plan(ast::Statement::Query(Box::new(source.clone())))?;
    let given = query.schema().columns();
    let columns = columns(insert, &schema, given.len(), None)?;
    let said = columns.iter().map(|at| schema.field(*at).name().clone());
    let overriding = overriding_syntax::of(insert);
    sequences::refuse_given(resolver, &target.relation, overriding, said)?;
    let of_sequence = |field: &FieldRef| {
        overriding == Some(Overriding::User) && sequences::is_identity(resolver, &target.relation, field.name())
    };
    let value = |(at, field): (usize, &FieldRef)| -> Result<Expr> {
        let value = match columns.iter().position(|column| *column == at && !of_sequence(field)) {
            Some(place) => Expr::Column(given[place].clone()),
            None => match defaults::planned(resolver, &target.relation, field)? {
                Some(default) => default,
                None => Expr::Literal(ScalarValue::Null, None),
            },
        };
        Ok(as_column(value, field).alias(field.name()))
    };
    let values = schema.fields().iter().enumerate().map(value).collect::<Result<Vec<_>>>()?;
    Ok(LogicalPlanBuilder::from(query).project(values)?.build()?)
}

/// The table's columns that an INSERT fills, in the order of its values; where there is a value too many, it stands at `surplus`.
fn columns(insert: &ast::Insert, schema: &SchemaRef, width: usize, surplus: Option<Location>) -> Result<Vec<usize>> {
    let mut named: Vec<usize> = Vec::new();
    for written in &insert.columns {
        let column = names::parts(written)?.pop().unwrap_or_default();
        let at = schema
            .index_of(&column)
            .map_err(|_| Error::new(SqlState::UndefinedColumn, format!("column \"{column}\" does not exist")))?;
        if named.contains(&at) {
            let message = format!("column \"{column}\" specified more than once");
            return Err(names::place(Error::new(SqlState::DuplicateColumn, message), written));
        }
        named.push(at);
    }
    let columns = if named.is_empty() { (0..schema.fields().len()).collect() } else { named };
    if width > columns.len() {
        let error = Error::new(SqlState::SyntaxError, "INSERT has more expressions than target columns");
        return Err(match surplus {
            Some(at) => error.at_place(at.line, at.column),
            None => error,
        });
    }
    if let Some(unfilled) = insert.columns.get(width) {
        let error = Error::new(SqlState::SyntaxError, "INSERT has more target columns than expressions");
        return Err(names::place(error, unfilled));
    }
    Ok(columns[..width].to_vec())
}
