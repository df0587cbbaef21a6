//! INSERT, UPDATE, DELETE and TRUNCATE.
//!
//! UPDATE and DELETE run as ordinary queries: what `changes` plans, read through a scan that also gives each row's address, says
//! which rows go and what stands in their place.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::compute::{CastOptions, filter_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::TableReference;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast;
use futures::{StreamExt, TryStreamExt};

use super::constraints::Constraints;
use super::context::Context;
use super::returning::{Change, Returned};
use super::{alter_sequence, changes, conflict, defaults, insert, keys, names, query, references};
use crate::catalog::{Block, Privilege, RelationRecord, Resolver};
use crate::error::{Error, Result, SqlState};
use crate::model::input::{Fit, fit};
use crate::outcome::{Outcome, Prepared, Tag};
use crate::storage::{RowAddresses, Snapshot, Staged, Table};

/// INSERT: runs the source and appends its rows.
pub(super) async fn insert(
    context: &Context,
    prepared: &Prepared,
    statement: &ast::Statement,
    values: Vec<ScalarValue>,
) -> Result<Outcome> {
    if let ast::Statement::Insert(given) = statement
        && let Some(conflict) = insert::on_conflict(given)?
    {
        return conflict::insert(context, prepared, statement, conflict, values).await;
    }
    let mut block = context.block().await;
    let change = query::bind_change(query::change_at(context, block.moment(), statement, &[])?, values)?;
    let target = changed(context, &block, statement, Privilege::Insert)?;
    let rows = run(context, prepared, &change, &change.plan).await?;
    let (rows, kept) = change.part(rows)?;
    let (count, returned) = tokio::try_join!(append_to(context, &mut block, target, rows), change.keep(context, kept))?;
    block.finish().await?;
    Ok(Returned::answer(returned, Tag::counted("INSERT", count)))
}

/// Adds rows to a table; columns are matched by name, absent ones have their defaults.
pub(crate) async fn append(context: &Context, table: &str, rows: SendableRecordBatchStream) -> Result<u64> {
    let mut block = context.block().await;
    let resolver = context.resolver_at(block.moment());
    let target = target(&resolver, &TableReference::parse_str(table), Privilege::Insert)?;
    let (given, rows) = by_name(rows, target.schema())?;
    let rows = defaults::complete(context, &resolver, &target, &given, rows)?;
    drop(resolver);
    let count = append_to(context, &mut block, target, rows).await?;
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
    let constraints = Constraints::of(context, &target.relation, target.schema())?;
    let staged = target.table.stage_append(&target.at, checked(rows, target.schema(), constraints)).await?;
    let count = staged.inserted();
    if !target.relation.keys().is_empty() && count > 0 {
        admit(context, block, &target, &staged).await?;
    }
    let relation = &target.relation;
    let refers = count > 0 && !relation.references().is_empty();
    let new = if refers { Some(block.beside(&staged, &staged.added())?) } else { None };
    block.stage(staged)?;
    if let Some([new, _]) = new {
        references::referring(context, block, relation, relation.references(), new).await?;
    }
    Ok(count)
}

/// Takes the lock of a table with keys to the end of the block, and checks the rows that are to be added. Only then: whoever brings
/// many rows keeps nobody waiting while they come.
async fn admit(context: &Context, block: &mut Block, target: &Target, staged: &Staged) -> Result<()> {
    context.lock_table(block, &target.table).await?;
    let relation = block.state().record.relations.iter().find(|relation| relation.oid == target.relation.oid).cloned();
    let is_there = |relation: &RelationRecord| {
        block.state().table(relation).is_some_and(|table| Arc::ptr_eq(table, &target.table))
    };
    let Some(relation) = relation.filter(is_there) else {
        let message = format!("could not serialize access: relation \"{}\" was changed", target.relation.name);
        return Err(Error::new(SqlState::SerializationFailure, message).with_hint("run the statement again"));
    };
    let rows = block.beside(staged, &staged.added())?;
    keys::enforce(context, &relation, &target.table, relation.keys(), rows).await
}

/// DELETE.
pub(super) async fn delete(
    context: &Context,
    prepared: &Prepared,
    delete: &ast::Statement,
    values: Vec<ScalarValue>,
) -> Result<Outcome> {
    let mut block = context.block().await;
    let target = locked(context, &mut block, delete, Privilege::Delete).await?;
    let change = query::bind_change(query::change_at(context, block.moment(), delete, &[])?, values)?;
    let plan = {
        let rows = changes::address(&change.plan, &target.table.addressed(Arc::clone(&target.at)))?;
        let returned = change.places().into_iter().map(|at| Expr::from(rows.schema().qualified_field(at)));
        let columns: Vec<Expr> = returned.chain(changes::address_columns(&rows)?).collect();
        LogicalPlanBuilder::from(rows).project(columns)?.build()?
    };
    let rows = run(context, prepared, &change, &plan).await?;
    drop(plan);
    let addresses = Arc::new(Mutex::new(RowAddresses::new()));
    let (rows, kept) = change.part(first_of(rows, &addresses))?;
    let ((), returned) = tokio::try_join!(drain(rows), change.keep(context, kept))?;
    let addresses = std::mem::take(&mut *addresses.lock().unwrap_or_else(PoisonError::into_inner));
    let count = addresses.len();
    if count > 0 {
        block.stage(target.table.stage_rewrite(target.at, addresses, None).await?)?;
        references::referenced(context, &block, &target.relation, None).await?;
    }
    block.finish().await?;
    Ok(Returned::answer(returned, Tag::counted("DELETE", count)))
}

/// UPDATE.
pub(super) async fn update(
    context: &Context,
    prepared: &Prepared,
    update: &ast::Statement,
    values: Vec<ScalarValue>,
) -> Result<Outcome> {
    let mut block = context.block().await;
    let target = locked(context, &mut block, update, Privilege::Update).await?;
    let change = query::bind_change(query::change_at(context, block.moment(), update, &[])?, values)?;
    let plan = changes::address(&change.plan, &target.table.addressed(Arc::clone(&target.at)))?;
    let rows = run(context, prepared, &change, &plan).await?;
    drop(plan);
    let constraints = Constraints::of(context, &target.relation, target.schema())?;
    let addresses = Arc::new(Mutex::new(RowAddresses::new()));
    let (rows, kept) = change.part(first_of(rows, &addresses))?;
    let rows = checked(rows, target.schema(), constraints);
    let (added, returned) = tokio::try_join!(target.table.stage_append(&target.at, rows), change.keep(context, kept))?;
    let addresses = std::mem::take(&mut *addresses.lock().unwrap_or_else(PoisonError::into_inner));
    let count = added.inserted();
    if count > 0 {
        let new = added.added();
        let staged = target.table.stage_rewrite(target.at, addresses, None).await?.with(added)?;
        let (relation, assigned) = (&target.relation, changes::assigned(update)?);
        let refers = relation.references().iter().any(|own| own.columns.iter().any(|c| assigned.contains(c)));
        if keys::touches(relation.keys(), &assigned) || refers {
            let rows = block.beside(&staged, &new)?;
            let new = Arc::clone(&rows[0]);
            keys::enforce(context, relation, &target.table, relation.keys(), rows).await?;
            block.stage(staged)?;
            references::referring(context, &mut block, relation, relation.references(), new).await?;
        } else {
            block.stage(staged)?;
        }
        references::referenced(context, &block, relation, Some(&assigned)).await?;
    }
    block.finish().await?;
    Ok(Returned::answer(returned, Tag::counted("UPDATE", count)))
}

/// The table that a write goes to.
fn changed(context: &Context, block: &Block, write: &ast::Statement, privilege: Privilege) -> Result<Target> {
    analyzed_target(&context.resolver_at(block.moment()), &name_of_target(write)?, privilege)
}

/// The same, locked to the end of the block. Asked before the wait too: who may not write keeps nobody from it.
pub(super) async fn locked(
    context: &Context,
    block: &mut Block,
    write: &ast::Statement,
    privilege: Privilege,
) -> Result<Target> {
    changed(context, block, write, privilege)?;
    context.lock(block, &name_of_target(write)?).await?;
    changed(context, block, write, privilege)
}

fn name_of_target(write: &ast::Statement) -> Result<TableReference> {
    rows_of(write).ok_or_else(|| Error::unsupported("a write to what is not one table"))
}

/// TRUNCATE: of several tables all or none.
pub(super) async fn truncate(context: &Context, truncate: &ast::Truncate) -> Result<Tag> {
    let mut tables =
        truncate.table_names.iter().map(|named| names::reference(&named.name)).collect::<Result<Vec<_>>>()?;
    let mut block = context.block().await;
    let truncated =
        |block: &Block, name: &TableReference| target(&context.resolver_at(block.moment()), name, Privilege::Truncate);
    tables.iter().try_for_each(|name| truncated(&block, name).map(|_| ()))?;
    for name in &tables {
        context.lock(&mut block, name).await?;
    }
    let named = tables.iter().map(|name| Ok(truncated(&block, name)?.relation)).collect::<Result<Vec<_>>>()?;
    let cascade = truncate.cascade == Some(ast::CascadeOption::Cascade);
    for child in references::truncated_with(context, &block, &named, cascade)? {
        let name = TableReference::partial(child.schema, child.name);
        truncated(&block, &name)?;
        context.lock(&mut block, &name).await?;
        tables.push(name);
    }
    let mut emptied = vec![];
    for name in &tables {
        let target = truncated(&block, name)?;
        block.stage(target.table.stage_truncate(&target.at))?;
        if truncate.identity == Some(ast::TruncateIdentityOption::Restart) {
            alter_sequence::restart_identity(&mut block, target.relation.oid)?;
        }
        emptied.push(target.relation);
    }
    for relation in &emptied {
        references::referenced(context, &block, relation, None).await?;
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

/// The same for a statement that Postgres analyzes like a query: 42P01 where the schema is missing too.
pub(super) fn analyzed_target(resolver: &Resolver<'_>, name: &TableReference, privilege: Privilege) -> Result<Target> {
    target(resolver, name, privilege).map_err(|error| match error.state() {
        SqlState::InvalidSchemaName => {
            Error::new(SqlState::UndefinedTable, format!("relation \"{name}\" does not exist"))
        }
        _ => error,
    })
}

pub(super) fn target_name(from: Option<&ast::TableWithJoins>) -> Result<TableReference> {
    match from.map(|from| (&from.relation, from.joins.is_empty())) {
        Some((ast::TableFactor::Table { name, .. }, true)) => names::reference(name),
        _ => Err(Error::unsupported("a write to more than one table")),
    }
}

/// The rows of a change, if those that its RETURNING gives are what the client was told.
pub(super) async fn run(
    context: &Context,
    prepared: &Prepared,
    change: &Change,
    plan: &LogicalPlan,
) -> Result<SendableRecordBatchStream> {
    let physical = match counts(plan)? {
        true => in_order(context).create_physical_plan(plan).await?,
        false => context.engine.create_physical_plan(plan).await?,
    };
    if change.returned.is_some() {
        query::keep_promise(prepared, change.columns(&physical.schema())?.as_ref())?;
    }
    Ok(execute_stream(physical, context.task())?)
}

/// Whether a plan takes numbers of sequences.
pub(super) fn counts(plan: &LogicalPlan) -> Result<bool> {
    let mut counts = false;
    plan.apply(|node| {
        node.apply_expressions(|expression| {
            let is_next = |part: &Expr| Ok(matches!(part, Expr::ScalarFunction(call) if call.name() == "nextval"));
            counts |= expression.exists(is_next)?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(counts)
}

/// The engine on one thread: numbers go to rows in the order in which they come.
pub(super) fn in_order(context: &Context) -> SessionState {
    let mut engine = context.engine.clone();
    engine.config_mut().options_mut().execution.target_partitions = 1;
    engine
}

/// Reads rows to their end.
async fn drain(mut rows: SendableRecordBatchStream) -> Result<()> {
    while rows.try_next().await?.is_some() {}
    Ok(())
}

/// The rows that come for the first time, by their addresses, which are the last two columns: one that several others match in FROM
/// or USING is changed once, by the first of them.
fn first_of(rows: SendableRecordBatchStream, addresses: &Arc<Mutex<RowAddresses>>) -> SendableRecordBatchStream {
    let (schema, addresses) = (rows.schema(), Arc::clone(addresses));
    let rows = rows.map(move |batch| {
        let batch = batch?;
        let width = batch.num_columns();
        let mut addresses = addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let first = addresses.insert(batch.column(width - 2), batch.column(width - 1))?;
        Ok(if first.true_count() < first.len() { filter_record_batch(&batch, &first)? } else { batch })
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// Rows in the table's own types, each satisfying the table's constraints.
pub(super) fn checked(
    rows: SendableRecordBatchStream,
    schema: SchemaRef,
    constraints: Constraints,
) -> SendableRecordBatchStream {
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
    Ok(RecordBatch::try_new(nullable(schema), columns)?)
}

/// The schema with NULL allowed in every column: that is the constraints' to report, by name.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}

/// Rows with the columns of a schema, matched by name in any case, and which of them were given; a column the table lacks is 42703.
fn by_name(rows: SendableRecordBatchStream, schema: SchemaRef) -> Result<(Vec<usize>, SendableRecordBatchStream)> {
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
    let output = nullable(&schema);
    let named = (0..places.len()).filter(|at| places[*at].is_some()).collect();
    let batches = rows.map(move |batch| {
        let batch = batch?;
        let column = |(place, field): (&Option<usize>, &Arc<arrow::datatypes::Field>)| match place {
            Some(at) => batch.column(*at).clone(),
            None => arrow::array::new_null_array(field.data_type(), batch.num_rows()),
        };
        let columns = places.iter().zip(matched.fields()).map(column).collect();
        let rows = conform(&RecordBatch::try_new(matched.clone(), columns)?, &schema)?;
        let fitted = rows.columns().iter().zip(schema.fields()).map(|(column, field)| fit(column, field, Fit::Refuse));
        Ok(RecordBatch::try_new(rows.schema(), fitted.collect::<Result<_>>()?)?)
    });
    Ok((named, Box::pin(RecordBatchStreamAdapter::new(output, batches))))
}
