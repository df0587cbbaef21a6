//! INSERT, UPDATE, DELETE and TRUNCATE.
//!
//! DataFusion's own hooks for UPDATE and DELETE lose parts of the WHERE clause, so both run as an ordinary query here: the
//! planned input, read through a scan that also gives each row's address, says which rows go and what stands in their place.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::compute::CastOptions;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::Column;
use datafusion::common::TableReference;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{DmlStatement, Expr, Filter, LogicalPlan, LogicalPlanBuilder, SubqueryAlias};
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use futures::{StreamExt, TryStreamExt};

use super::constraints::Constraints;
use super::context::Context;
use super::{insert, names, query};
use crate::catalog::{Block, Privilege, RelationRecord, Resolver};
use crate::error::{Error, Result, SqlState};
use crate::outcome::Tag;
use crate::storage::{FILE, ROW, RowAddresses, Snapshot, Table};

/// INSERT: runs the source and appends its rows.
pub(super) async fn insert(context: &Context, insert: &ast::Insert, values: Vec<ScalarValue>) -> Result<Tag> {
    let mut block = context.block().await;
    let (target, source) = {
        let resolver = context.resolver_at(block.moment()).for_insert();
        let dml = dml(query::bind(insert::plan(&resolver, insert)?, values)?)?;
        let target = target(&resolver, &dml.table_name, Privilege::Insert)?;
        (target, context.engine.create_physical_plan(&dml.input).await?)
    };
    let rows = execute_stream(source, context.task())?;
    let count = append_to(context, &mut block, target, rows).await?;
    block.finish().await?;
    Ok(Tag::counted("INSERT", count))
}

/// Plans an UPDATE.
pub(super) fn plan_update(resolver: &Resolver<'_>, update: &ast::Update) -> Result<LogicalPlan> {
    if update.from.is_some() || !update.table.joins.is_empty() {
        return Err(Error::unsupported("UPDATE from other tables").with_hint("use a subquery in SET and WHERE"));
    }
    if update.limit.is_some() || !update.order_by.is_empty() {
        return Err(Error::unsupported("UPDATE with LIMIT or ORDER BY"));
    }
    refuse_returning(update.returning.as_deref())?;
    let mut update = update.clone();
    let mut assigned = Vec::new();
    for assignment in &mut update.assignments {
        let ast::AssignmentTarget::ColumnName(column) = &assignment.target else {
            return Err(Error::unsupported("SET of several columns at once").with_hint("write SET a = ..., b = ..."));
        };
        let column = names::parts(column)?.pop().unwrap_or_default();
        if assigned.contains(&column) {
            let message = format!("multiple assignments to same column \"{column}\"");
            return Err(Error::new(SqlState::SyntaxError, message));
        }
        assigned.push(column);
        default_to_null(&mut assignment.value);
    }
    resolver.plan(ast::Statement::Update(update))
}

/// Plans a DELETE as the query of the rows that go: the engine's own plan of it forgets the table's alias.
pub(super) fn plan_delete(resolver: &Resolver<'_>, delete: &ast::Delete) -> Result<LogicalPlan> {
    let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
    target(resolver, &target_name(from.first())?, Privilege::Delete)?;
    resolver.plan(doomed(delete)?)
}

/// The query of the rows that a DELETE removes.
pub(super) fn doomed(delete: &ast::Delete) -> Result<ast::Statement> {
    if delete.limit.is_some() || !delete.order_by.is_empty() {
        return Err(Error::unsupported("DELETE with LIMIT or ORDER BY"));
    }
    if delete.using.is_some() {
        return Err(Error::unsupported("DELETE ... USING").with_hint("use a subquery in WHERE"));
    }
    refuse_returning(delete.returning.as_deref())?;
    let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
    target_name(from.first())?;
    let mut rows = Parser::parse_sql(&PostgreSqlDialect {}, "SELECT * FROM t").map_err(DataFusionError::from)?;
    if let Some(ast::Statement::Query(query)) = rows.first_mut()
        && let ast::SetExpr::Select(select) = query.body.as_mut()
    {
        select.from.clone_from(from);
        select.selection.clone_from(&delete.selection);
    }
    rows.pop().ok_or_else(|| Error::internal("a query that is none"))
}

pub(super) fn refuse_returning(returning: Option<&[ast::SelectItem]>) -> Result<()> {
    match returning {
        Some(_) => Err(Error::unsupported("RETURNING").with_hint("read the rows with SELECT")),
        None => Ok(()),
    }
}

/// DEFAULT is NULL: columns have no other.
pub(super) fn default_to_null(value: &mut ast::Expr) {
    if let ast::Expr::Identifier(ident) = value
        && ident.quote_style.is_none()
        && ident.value.eq_ignore_ascii_case("default")
    {
        *value = ast::Expr::Value(ast::Value::Null.into());
    }
}

/// Adds rows to a table; columns are matched by name, absent ones are NULL.
pub(crate) async fn append(context: &Context, table: &str, rows: SendableRecordBatchStream) -> Result<u64> {
    let mut block = context.block().await;
    let target = target(&context.resolver_at(block.moment()), &TableReference::parse_str(table), Privilege::Insert)?;
    let by_name = by_name(rows, target.schema())?;
    let count = append_to(context, &mut block, target, by_name).await?;
    block.finish().await?;
    Ok(count)
}

/// Adds rows with the columns of a table, by position, to what a block does; [`Working::finish`](super::context::Working::finish)
/// makes them last.
pub(super) async fn append_to(
    context: &Context,
    block: &mut Block,
    target: Target,
    rows: SendableRecordBatchStream,
) -> Result<u64> {
    let constraints = Constraints::of(&context.engine, &target.relation, target.schema())?;
    let staged = target.table.stage_append(&target.at, checked(rows, target.schema(), constraints)).await?;
    let count = staged.inserted();
    block.stage(staged)?;
    Ok(count)
}

/// DELETE.
pub(super) async fn delete(context: &Context, delete: &ast::Delete, values: Vec<ScalarValue>) -> Result<Tag> {
    let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
    let name = target_name(from.first())?;
    let mut block = context.block().await;
    // Before the wait: who may not write keeps nobody from it.
    target(&context.resolver_at(block.moment()), &name, Privilege::Delete)?;
    context.lock(&mut block, &name).await?;
    let (target, plan) = {
        let resolver = context.resolver_at(block.moment());
        let doomed = query::bind(plan_delete(&resolver, delete)?, values)?;
        let target = target(&resolver, &name, Privilege::Delete)?;
        let addressed = address(&doomed, &target.table.addressed(Arc::clone(&target.at)))?;
        let addresses = address_columns(&addressed)?;
        (target, LogicalPlanBuilder::from(addressed).project(addresses)?.build()?)
    };
    let mut addresses = RowAddresses::new();
    let mut rows = run(context, &plan).await?;
    while let Some(batch) = rows.try_next().await? {
        note_addresses(&batch, &mut addresses)?;
    }
    let count = addresses.len();
    if count > 0 {
        block.stage(target.table.stage_rewrite(target.at, addresses, None).await?)?;
    }
    drop((rows, plan));
    block.finish().await?;
    Ok(Tag::counted("DELETE", count))
}

/// UPDATE.
pub(super) async fn update(context: &Context, update: &ast::Update, values: Vec<ScalarValue>) -> Result<Tag> {
    let name = target_name(Some(&update.table))?;
    let mut block = context.block().await;
    // Before the wait: who may not write keeps nobody from it.
    target(&context.resolver_at(block.moment()), &name, Privilege::Update)?;
    context.lock(&mut block, &name).await?;
    let (target, plan) = {
        let resolver = context.resolver_at(block.moment());
        let dml = dml(query::bind(plan_update(&resolver, update)?, values)?)?;
        let target = target(&resolver, &name, Privilege::Update)?;
        let plan = address(&dml.input, &target.table.addressed(Arc::clone(&target.at)))?;
        (target, plan)
    };
    let table_schema = target.schema();
    let constraints = Constraints::of(&context.engine, &target.relation, target.schema())?;
    let addresses = Arc::new(Mutex::new(RowAddresses::default()));
    let (noted, width) = (addresses.clone(), table_schema.fields().len());
    let values = run(context, &plan).await?.map(move |batch| {
        let batch = batch?;
        note_addresses(&batch, &mut noted.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(batch.project(&(0..width).collect::<Vec<_>>())?)
    });
    let schema = Arc::new(plan.schema().as_arrow().project(&(0..width).collect::<Vec<_>>())?);
    drop(plan);
    let values: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, values));
    let added = target.table.stage_append(&target.at, checked(values, table_schema, constraints)).await?;
    let addresses = std::mem::take(&mut *addresses.lock().unwrap_or_else(PoisonError::into_inner));
    let count = added.inserted();
    if count > 0 {
        let removed = target.table.stage_rewrite(target.at, addresses, None).await?;
        block.stage(removed.with(added)?)?;
    }
    block.finish().await?;
    Ok(Tag::counted("UPDATE", count))
}

/// TRUNCATE: of several tables all or none.
pub(super) async fn truncate(context: &Context, truncate: &ast::Truncate) -> Result<Tag> {
    let tables = truncate.table_names.iter().map(|named| names::reference(&named.name)).collect::<Result<Vec<_>>>()?;
    let mut block = context.block().await;
    let truncated =
        |block: &Block, name: &TableReference| target(&context.resolver_at(block.moment()), name, Privilege::Truncate);
    tables.iter().try_for_each(|name| truncated(&block, name).map(|_| ()))?;
    for name in &tables {
        context.lock(&mut block, name).await?;
    }
    for name in &tables {
        let target = truncated(&block, name)?;
        block.stage(target.table.stage_truncate(&target.at))?;
    }
    block.finish().await?;
    Ok(Tag::of("TRUNCATE TABLE"))
}

/// The table that a statement writes to, and the version of it that the statement sees.
pub(super) struct Target {
    pub relation: RelationRecord,
    pub table: Arc<Table>,
    pub at: Arc<Snapshot>,
}

impl Target {
    /// The table's columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(self.at.schema())
    }
}

/// The table whose rows a statement changes, if it changes nothing else.
pub(super) fn rows_of(statement: &ast::Statement) -> Option<TableReference> {
    match statement {
        ast::Statement::Insert(ast::Insert { table: ast::TableObject::TableName(name), .. }) => {
            names::reference(name).ok()
        }
        ast::Statement::Update(update) => target_name(Some(&update.table)).ok(),
        ast::Statement::Delete(delete) => {
            let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
            target_name(from.first()).ok()
        }
        _ => None,
    }
}

/// The table a write goes to, and that it needs this privilege on; 42809 for a view.
pub(super) fn target(resolver: &Resolver<'_>, name: &TableReference, privilege: Privilege) -> Result<Target> {
    let relation = resolver.relation(name)?;
    let table = resolver.moment().state.table(relation).ok_or_else(|| {
        let verb = match privilege {
            Privilege::Insert => "insert into",
            Privilege::Update => "update",
            Privilege::Delete => "delete from",
            _ => "truncate",
        };
        Error::new(SqlState::WrongObjectType, format!("cannot {verb} view \"{}\"", relation.name))
            .with_hint("write to the tables it reads")
    })?;
    resolver.require(privilege, relation)?;
    Ok(Target { relation: relation.clone(), table: Arc::clone(table), at: resolver.snapshot(relation)? })
}

fn target_name(from: Option<&ast::TableWithJoins>) -> Result<TableReference> {
    match from.map(|from| (&from.relation, from.joins.is_empty())) {
        Some((ast::TableFactor::Table { name, .. }, true)) => names::reference(name),
        _ => Err(Error::unsupported("a write to more than one table")),
    }
}

fn dml(plan: LogicalPlan) -> Result<DmlStatement> {
    match plan {
        LogicalPlan::Dml(dml) => Ok(dml),
        other => Err(Error::internal(format!("a write was planned as {}", other.display()))),
    }
}

async fn run(context: &Context, plan: &LogicalPlan) -> Result<SendableRecordBatchStream> {
    let physical = context.engine.create_physical_plan(plan).await?;
    Ok(execute_stream(physical, context.task())?)
}

/// The input of an UPDATE or DELETE, its target read through the scan that gives addresses; an UPDATE's projection of
/// new values keeps them as its last columns.
fn address(input: &LogicalPlan, scan: &Arc<dyn datafusion::datasource::TableProvider>) -> Result<LogicalPlan> {
    Ok(match input {
        LogicalPlan::TableScan(old) => {
            LogicalPlanBuilder::scan(old.table_name.clone(), provider_as_source(scan.clone()), None)?.build()?
        }
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

fn address_columns(input: &LogicalPlan) -> Result<[Expr; 2]> {
    let column = |name: &str| -> Result<Expr> {
        let (qualifier, field) = input.schema().qualified_field_with_unqualified_name(name)?;
        Ok(Expr::Column(Column::new(qualifier.cloned(), field.name())))
    };
    Ok([column(FILE)?, column(ROW)?])
}

/// The last two columns of a batch are the addresses of its rows.
fn note_addresses(batch: &RecordBatch, addresses: &mut RowAddresses) -> Result<()> {
    let width = batch.num_columns();
    addresses.insert(batch.column(width - 2), batch.column(width - 1)).map(|_| ())
}

/// Rows in the table's own types, each satisfying the table's constraints.
fn checked(rows: SendableRecordBatchStream, schema: SchemaRef, constraints: Constraints) -> SendableRecordBatchStream {
    let table = schema.clone();
    let batches = rows.map(move |batch| {
        let batch = conform(&batch?, &table)?;
        constraints.enforce(&batch)?;
        Ok(batch)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

/// A batch with the columns of a schema, by position, each cast to the schema's type; a value that doesn't fit is an error.
pub(super) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let cast = |(column, field): (&Arc<dyn arrow::array::Array>, &Arc<arrow::datatypes::Field>)| {
        if column.data_type() == field.data_type() {
            return Ok(column.clone());
        }
        Ok(arrow::compute::cast_with_options(column, field.data_type(), &options)?)
    };
    let columns = batch.columns().iter().zip(schema.fields()).map(cast).collect::<Result<Vec<_>>>()?;
    // NOT NULL is the constraints' to report, by name: the batch itself allows NULL.
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let nullable = Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
    Ok(RecordBatch::try_new(nullable, columns)?)
}

/// Rows with the columns of a schema, matched by name in any case; a column the table lacks is 42703.
fn by_name(rows: SendableRecordBatchStream, schema: SchemaRef) -> Result<SendableRecordBatchStream> {
    let given = rows.schema();
    let place = |name: &str| given.fields().iter().position(|field| field.name().eq_ignore_ascii_case(name));
    for field in given.fields() {
        if !schema.fields().iter().any(|column| column.name().eq_ignore_ascii_case(field.name())) {
            let message = format!("column \"{}\" does not exist", field.name());
            return Err(Error::new(SqlState::UndefinedColumn, message));
        }
    }
    let places: Vec<Option<usize>> = schema.fields().iter().map(|field| place(field.name())).collect();
    let fields = schema.fields().iter().zip(&places).map(|(field, place)| match place {
        Some(at) => given.field(*at).clone().with_name(field.name()),
        None => field.as_ref().clone().with_nullable(true),
    });
    let matched = Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
    let output = matched.clone();
    let batches = rows.map(move |batch| {
        let batch = batch?;
        let column = |(place, field): (&Option<usize>, &Arc<arrow::datatypes::Field>)| match place {
            Some(at) => batch.column(*at).clone(),
            None => arrow::array::new_null_array(field.data_type(), batch.num_rows()),
        };
        let columns = places.iter().zip(matched.fields()).map(column).collect();
        Ok(RecordBatch::try_new(matched.clone(), columns)?)
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(output, batches)))
}
