//! CREATE TABLE, with columns or from a query, and tables made anew from their own rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{self, ColumnOption, TableConstraint};
use futures::StreamExt;

use super::constraints::Constraints;
use super::context::Context;
use super::defaults::{self, Computed};
use super::write::Target;
use super::{keys, names, query, references, sequences, write};
use crate::catalog::{Access, Block, Body, Check, OnCommit, Privilege, RelationRecord, name_outputs};
use crate::error::{Error, Result, SqlState};
use crate::model::{column_type, order_of, stored_field};
use crate::outcome::{Notice, Tag};
use crate::storage::Table;

/// CREATE TABLE: the table is made, and filled if it comes from a query, before the catalog names it.
pub(super) async fn create(context: &Context, create: &ast::CreateTable) -> Result<Tag> {
    refuse_options(create)?;
    let mut block = context.block().await;
    let (schema, name) = names::new_relation(context, &mut block, &create.name, create.temporary)?;
    if create.on_commit.is_some() && block.state().temporary_schema() != Some(schema.as_str()) {
        let message = "ON COMMIT can only be used on temporary tables";
        return Err(Error::new(SqlState::InvalidTableDefinition, message));
    }
    block.require_schema(&schema).map_err(|error| names::place(error, &create.name))?;
    block.state().require_in_schema(context.role(), Privilege::Create, &schema)?;
    if create.if_not_exists && block.state().record.is_taken(&schema, &name) {
        let message = format!("relation \"{name}\" already exists, skipping");
        context.notice(Notice::information(SqlState::DuplicateTable, message));
        return Ok(made(create, None));
    }
    let (written, counted) = sequences::written_out(context, &mut block, [&schema, &name], &create.columns)?;
    let create = &ast::CreateTable { columns: written, ..create.clone() };
    let source = match &create.query {
        Some(source) => {
            let statement = ast::Statement::Query(source.clone());
            let given: Vec<_> = create.columns.iter().map(|column| names::fold(&column.name)).collect();
            let plan = query::plan_at(context, block.moment(), &statement, &[])?;
            Some(name_outputs(&statement, plan, &given)?)
        }
        None => None,
    };
    let mut columns = match &source {
        Some(plan) => columns_of(plan.schema().as_arrow())?,
        None => declared(&create.columns)?,
    };
    let checks = checks(&name, create)?;
    let keys = keys::declared(&block.state().record, [&schema, &name], create, &columns, &checks)?;
    if source.is_some() && !keys.is_empty() {
        return Err(Error::unsupported("a key of CREATE TABLE AS").with_hint("ALTER TABLE adds it"));
    }
    for key in &keys {
        columns = keys::columns_with(&columns, key);
    }
    let defaults = match &create.query {
        Some(_) => BTreeMap::new(),
        None => defaults::of_columns(context, &context.resolver_at(block.moment()), &create.columns, &columns)?,
    };
    let mut relation = RelationRecord {
        oid: 0,
        schema,
        name,
        comment: None,
        column_comments: BTreeMap::new(),
        access: Access::of(context.role()),
        body: Body::Table { location: String::new(), checks, keys, defaults, references: vec![] },
    };
    if block.state().record.is_taken(&relation.schema, &relation.name) {
        let message = format!("relation \"{}\" already exists", relation.name);
        return Err(Error::new(SqlState::DuplicateTable, message));
    }
    Constraints::of(context, &relation, columns.clone())?;
    let table = make(&mut block, &mut relation, columns, order_of(&create.table_options)?).await?;
    let rows = match source {
        Some(plan) => {
            let physical = context.engine.create_physical_plan(&plan).await?;
            let rows = execute_stream(physical, context.task())?;
            let target = Target { relation: relation.clone(), table: Arc::clone(&table), at: block.at(&table)? };
            Some(write::append_to(context, &mut block, target, rows).await?)
        }
        None => None,
    };
    let (schema, name) = (relation.schema.clone(), relation.name.clone());
    block.add(relation, Some(table))?;
    let oid = block.state().record.relation(&schema, &name).map(|table| table.oid);
    sequences::own(&mut block, oid.unwrap_or_default(), counted);
    for constraint in references::declared(&create.columns, &create.constraints) {
        let made = block.state().record.relation(&schema, &name).cloned();
        let made = made.ok_or_else(|| Error::internal("a table vanished from its own change"))?;
        references::add(context, &mut block, made, &constraint).await?;
    }
    match create.on_commit {
        Some(ast::OnCommit::Drop) => block.on_commit(&schema, &name, OnCommit::Drop),
        Some(ast::OnCommit::DeleteRows) => block.on_commit(&schema, &name, OnCommit::DeleteRows),
        Some(ast::OnCommit::PreserveRows) | None => {}
    }
    match block.finish().await {
        // Somebody else has made it meanwhile.
        Err(error) if create.if_not_exists && error.state() == SqlState::DuplicateTable => {
            return Ok(made(create, None));
        }
        done => done?,
    }
    Ok(made(create, rows))
}

/// The tag of a CREATE TABLE that has stored so many rows of its query.
fn made(create: &ast::CreateTable, rows: Option<u64>) -> Tag {
    match rows {
        Some(rows) => Tag::counted("SELECT", rows),
        None if create.query.is_some() => Tag::of("CREATE TABLE AS"),
        None => Tag::of("CREATE TABLE"),
    }
}

/// Copies the rows of a table, of each the columns at `places` and what is added after them, into a new Delta table that takes
/// its place: Delta drops and renames columns only by a mapping that would shut other readers out.
pub(super) async fn rebuild(
    context: &Context,
    block: &mut Block,
    mut relation: RelationRecord,
    columns: SchemaRef,
    places: Vec<usize>,
    added: Option<Computed>,
) -> Result<RelationRecord> {
    let old = table_of(block, &relation)?;
    block.rebuild(&old).await?;
    let at = block.at(&old)?;
    let scan = old.provider(Arc::clone(&at)).scan(&context.engine, Some(&places), &[], None).await?;
    // An order by a column that goes, goes too.
    let order = at.sorting().map(|sorting| sorting.columns().to_vec());
    let order = order.filter(|order| order.iter().all(|column| columns.field_with_name(column).is_ok()));
    let new = make(block, &mut relation, columns.clone(), order.unwrap_or_default()).await?;
    let rows = execute_stream(scan, context.task())?;
    let renamed = columns.clone();
    let rows = rows.map(move |batch| Ok(write::conform(&widened(&batch?, &renamed, added.as_ref())?, &renamed)?));
    let rows = Box::pin(RecordBatchStreamAdapter::new(columns, rows));
    let staged = new.stage_append(&block.at(&new)?, rows).await?;
    block.stage(staged)?;
    record_of(block, &relation)?.body = relation.body.clone();
    block.state_mut().tables.insert(relation.oid, new);
    Ok(relation)
}

/// A batch with the values of an added column, which is the last of a schema.
fn widened(batch: &RecordBatch, schema: &SchemaRef, added: Option<&Computed>) -> Result<RecordBatch> {
    let mut columns = batch.columns().to_vec();
    if let Some(added) = added {
        columns.push(added.rows(batch.num_rows())?);
    }
    let fields = schema.fields().iter().zip(&columns);
    let fields = fields.map(|(field, values)| Field::new(field.name(), values.data_type().clone(), true));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)?)
}

/// Makes the Delta table of a relation and notes its folder in the record.
async fn make(
    block: &mut Block,
    relation: &mut RelationRecord,
    columns: SchemaRef,
    sorted_by: Vec<String>,
) -> Result<Arc<Table>> {
    let (folder, table) = block.make_table(&relation.schema, &relation.name, columns, sorted_by).await?;
    if let Body::Table { location, .. } = &mut relation.body {
        *location = folder;
    }
    Ok(table)
}

/// The record of a relation as the block has it, to change it.
pub(super) fn record_of<'a>(block: &'a mut Block, relation: &RelationRecord) -> Result<&'a mut RelationRecord> {
    let record = block.state_mut().record.relation_mut(&relation.schema, &relation.name);
    record.ok_or_else(|| Error::internal("a relation vanished from its own change"))
}

pub(super) fn table_of(block: &Block, relation: &RelationRecord) -> Result<Arc<Table>> {
    block.state().table(relation).cloned().ok_or_else(|| not_a_table(&relation.name))
}

/// 42809.
pub(super) fn not_a_table(relation: &str) -> Error {
    Error::new(SqlState::WrongObjectType, format!("\"{relation}\" is not a table"))
}

/// The columns of a table made from a query.
fn columns_of(output: &Schema) -> Result<SchemaRef> {
    let field = |field: &Arc<Field>| stored_field(field);
    Ok(Arc::new(Schema::new(output.fields().iter().map(field).collect::<Result<Vec<_>>>()?)))
}

/// The columns that definitions say.
pub(super) fn declared(columns: &[ast::ColumnDef]) -> Result<SchemaRef> {
    let field = |column: &ast::ColumnDef| {
        let mut nullable = true;
        for option in &column.options {
            match &option.option {
                ColumnOption::NotNull => nullable = false,
                ColumnOption::Null
                | ColumnOption::Check(_)
                | ColumnOption::PrimaryKey(_)
                | ColumnOption::Unique(_)
                | ColumnOption::ForeignKey(_)
                | ColumnOption::Default(_) => {}
                other => {
                    return Err(Error::unsupported(format!("column option {other}"))
                        .with_hint("columns take NOT NULL, CHECK, UNIQUE, PRIMARY KEY, REFERENCES and DEFAULT"));
                }
            }
        }
        Ok(column_type(&column.data_type)?.with_name(names::fold(&column.name)).with_nullable(nullable))
    };
    let fields = columns.iter().map(field).collect::<Result<Vec<_>>>()?;
    if fields.is_empty() {
        return Err(Error::unsupported("a table without columns"));
    }
    distinct(Arc::new(Schema::new(fields)))
}

fn distinct(schema: SchemaRef) -> Result<SchemaRef> {
    for (at, field) in schema.fields().iter().enumerate() {
        if schema.fields()[..at].iter().any(|other| other.name() == field.name()) {
            let message = format!("column \"{}\" specified more than once", field.name());
            return Err(Error::new(SqlState::DuplicateColumn, message));
        }
    }
    Ok(schema)
}

/// The CHECK constraints of a new table, named as Postgres names them.
fn checks(table: &str, create: &ast::CreateTable) -> Result<Vec<Check>> {
    let mut checks: Vec<Check> = Vec::new();
    let mut add = |name: Option<String>, base: String, expression: String| {
        let taken = |name: &String| checks.iter().any(|check: &Check| check.name == *name);
        let numbered = |n: usize| if n == 0 { base.clone() } else { format!("{base}{n}") };
        let free = || (0..).map(numbered).find(|name| !taken(name)).expect("the numbers do not end");
        let name = name.unwrap_or_else(free);
        checks.push(Check { name, expression });
    };
    for column in &create.columns {
        for option in &column.options {
            if let ColumnOption::Check(check) = &option.option {
                let base = format!("{table}_{}_check", names::fold(&column.name));
                add(option.name.as_ref().map(names::fold), base, check.expr.to_string());
            }
        }
    }
    let is_other = |constraint: &&TableConstraint| !keys::is_key(constraint) && !references::is_reference(constraint);
    for constraint in create.constraints.iter().filter(is_other) {
        let TableConstraint::Check(check) = constraint else {
            return Err(Error::unsupported(format!("table constraint {constraint}"))
                .with_hint("tables take CHECK, UNIQUE, PRIMARY KEY and FOREIGN KEY"));
        };
        add(check.name.as_ref().map(names::fold), format!("{table}_check"), check.expr.to_string());
    }
    Ok(checks)
}

fn refuse_options(create: &ast::CreateTable) -> Result<()> {
    let refused = [
        (create.external || create.location.is_some(), "CREATE EXTERNAL TABLE"),
        (create.hive_formats.as_ref().is_some_and(|format| format.location.is_some()), "CREATE TABLE ... LOCATION"),
        (create.or_replace, "CREATE OR REPLACE TABLE"),
        (create.like.is_some() || create.clone.is_some(), "CREATE TABLE ... LIKE"),
        (create.inherits.is_some() || create.partition_of.is_some(), "table inheritance"),
        (create.partition_by.is_some(), "PARTITION BY"),
    ];
    match refused.iter().find(|(given, _)| *given) {
        Some((_, what)) => Err(Error::unsupported(what)),
        None => Ok(()),
    }
}
