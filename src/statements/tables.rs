//! CREATE TABLE, with columns or from a query, and ALTER TABLE.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::new_null_array;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{self, AlterTableOperation, ColumnOption, RenameTableNameKind, TableConstraint};
use futures::StreamExt;

use super::constraints::Constraints;
use super::context::Context;
use super::write::Target;
use super::{grants, keys, names, query, write};
use crate::catalog::{Access, Block, Body, Check, OnCommit, Privilege, RelationRecord, name_outputs};
use crate::error::{Error, Result, SqlState};
use crate::model::{column_type, journey_tables, order_of, stored_type};
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
    block.require_schema(&schema)?;
    block.state().require_in_schema(context.role(), Privilege::Create, &schema)?;
    if create.if_not_exists && block.state().record.is_taken(&schema, &name) {
        let message = format!("relation \"{name}\" already exists, skipping");
        context.notice(Notice::information(SqlState::DuplicateTable, message));
        return Ok(made(create, None));
    }
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
    let mut relation = RelationRecord {
        oid: 0,
        schema,
        name,
        comment: None,
        column_comments: BTreeMap::new(),
        access: Access::of(context.role()),
        body: Body::Table { location: String::new(), checks, keys },
    };
    if block.state().record.is_taken(&relation.schema, &relation.name) {
        let message = format!("relation \"{}\" already exists", relation.name);
        return Err(Error::new(SqlState::DuplicateTable, message));
    }
    Constraints::of(&context.engine, &relation, columns.clone())?;
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

/// ALTER TABLE; as in Postgres, a view may be renamed by it too.
pub(super) async fn alter(context: &Context, alter: &ast::AlterTable) -> Result<Tag> {
    alter_relation(context, alter, false).await.map(|()| Tag::of("ALTER TABLE"))
}

/// ALTER VIEW: RENAME TO and OWNER TO.
pub(super) async fn alter_view(context: &Context, alter: &ast::AlterTable) -> Result<Tag> {
    alter_relation(context, alter, true).await.map(|()| Tag::of("ALTER VIEW"))
}

/// One operation after the other, in one change of the catalog.
async fn alter_relation(context: &Context, alter: &ast::AlterTable, as_view: bool) -> Result<()> {
    let name = names::reference(&alter.name)?;
    let mut block = context.block().await;
    context.lock(&mut block, &name).await?;
    let found = block.state().find(name.schema(), name.table(), &context.search_path()).cloned();
    let Some(mut relation) = found else {
        let message = format!("relation \"{name}\" does not exist");
        if alter.if_exists {
            context.notice(Notice::information(SqlState::SuccessfulCompletion, format!("{message}, skipping")));
            return Ok(());
        }
        return Err(Error::new(SqlState::UndefinedTable, message));
    };
    if as_view && relation.view().is_none() {
        return Err(Error::new(SqlState::WrongObjectType, format!("\"{}\" is not a view", relation.name)));
    }
    block.state().require_owner(context.role(), &relation)?;
    for operation in &alter.operations {
        relation = match operation {
            AlterTableOperation::RenameTable { table_name } => rename(&mut block, relation, table_name)?,
            AlterTableOperation::AddColumn { column_def, if_not_exists, .. } => {
                add_column(context, &mut block, relation, column_def, *if_not_exists).await?
            }
            AlterTableOperation::AddConstraint { constraint, .. } => {
                keys::add(context, &mut block, relation, constraint).await?
            }
            AlterTableOperation::DropConstraint { if_exists, name, .. } => {
                keys::drop_constraint(context, &mut block, relation, name, *if_exists)?
            }
            AlterTableOperation::RenameConstraint { old_name, new_name } => {
                keys::rename_constraint(&mut block, relation, old_name, new_name)?
            }
            AlterTableOperation::DropColumn { column_names, if_exists, .. } => {
                drop_columns(context, &mut block, relation, column_names, *if_exists).await?
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                rename_column(context, &mut block, relation, old_column_name, new_column_name).await?
            }
            AlterTableOperation::OwnerTo { new_owner } => {
                grants::give_relation(context, &mut block, relation, new_owner)?
            }
            other => return Err(Error::unsupported(format!("ALTER TABLE ... {other}"))),
        };
    }
    block.finish().await
}

fn rename(block: &mut Block, relation: RelationRecord, new_name: &RenameTableNameKind) -> Result<RelationRecord> {
    let (RenameTableNameKind::As(new_name) | RenameTableNameKind::To(new_name)) = new_name;
    let new_name = names::parts(new_name)?.pop().unwrap_or_default();
    refuse_shipped(&relation, "renamed")?;
    if block.state().record.is_taken(&relation.schema, &new_name) {
        return Err(Error::new(SqlState::DuplicateTable, format!("relation \"{new_name}\" already exists")));
    }
    let record = record_of(block, &relation)?;
    record.name = new_name;
    Ok(record.clone())
}

async fn add_column(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    column: &ast::ColumnDef,
    if_not_exists: bool,
) -> Result<RelationRecord> {
    if column.options.iter().any(|option| matches!(option.option, ColumnOption::Check(_))) {
        return Err(Error::unsupported("ADD COLUMN ... CHECK").with_hint("a table takes CHECK when it is made"));
    }
    let added = add_plain_column(context, block, relation, column, if_not_exists).await?;
    match added {
        (relation, true) => keys::add_of_column(context, block, relation, column).await,
        (relation, false) => Ok(relation),
    }
}

/// The same without its keys, and whether there is something to add.
async fn add_plain_column(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    column: &ast::ColumnDef,
    if_not_exists: bool,
) -> Result<(RelationRecord, bool)> {
    let table = table_of(block, &relation)?;
    let schema = Arc::clone(block.at(&table)?.schema());
    let field = declared(std::slice::from_ref(column))?.field(0).clone();
    if schema.field_with_name(field.name()).is_ok() {
        let message = format!("column \"{}\" of relation \"{}\" already exists", field.name(), relation.name);
        return if if_not_exists { Ok((relation, false)) } else { Err(Error::new(SqlState::DuplicateColumn, message)) };
    }
    if field.is_nullable() {
        block.stage(table.stage_add_column(&block.at(&table)?, field)?)?;
        return Ok((relation, true));
    }
    block.rebuild(&table).await?;
    if block.at(&table)?.rows() != Some(0) {
        let message = format!("column \"{}\" of relation \"{}\" contains null values", field.name(), relation.name);
        return Err(Error::new(SqlState::NotNullViolation, message).with_hint("add it without NOT NULL"));
    }
    let fields = schema.fields().iter().map(|f| f.as_ref().clone()).chain([field]).collect::<Vec<_>>();
    let all = (0..schema.fields().len()).collect();
    Ok((rebuild(context, block, relation, Arc::new(Schema::new(fields)), all).await?, true))
}

async fn drop_columns(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    columns: &[ast::Ident],
    if_exists: bool,
) -> Result<RelationRecord> {
    refuse_shipped(&relation, "stripped of columns")?;
    let schema = Arc::clone(block.at(&table_of(block, &relation)?)?.schema());
    let mut gone = Vec::new();
    for column in columns.iter().map(names::fold) {
        match schema.index_of(&column) {
            Ok(at) => gone.push(at),
            Err(_) if if_exists => {}
            Err(_) => return Err(no_column(&relation, &column)),
        }
        refuse_checked(&relation, &column)?;
    }
    let mut relation = relation;
    if let Body::Table { keys, .. } = &mut relation.body {
        keys.retain(|key| !gone.iter().any(|at| key.columns.contains(schema.field(*at).name())));
    }
    let kept: Vec<usize> = (0..schema.fields().len()).filter(|at| !gone.contains(at)).collect();
    if kept.is_empty() {
        return Err(Error::unsupported("a table without columns"));
    }
    if gone.is_empty() {
        return Ok(relation);
    }
    rebuild(context, block, relation, Arc::new(schema.project(&kept)?), kept).await
}

async fn rename_column(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    old: &ast::Ident,
    new: &ast::Ident,
) -> Result<RelationRecord> {
    refuse_shipped(&relation, "stripped of columns")?;
    let (old, new) = (names::fold(old), names::fold(new));
    let schema = Arc::clone(block.at(&table_of(block, &relation)?)?.schema());
    let at = schema.index_of(&old).map_err(|_| no_column(&relation, &old))?;
    if schema.index_of(&new).is_ok() {
        let message = format!("column \"{new}\" of relation \"{}\" already exists", relation.name);
        return Err(Error::new(SqlState::DuplicateColumn, message));
    }
    refuse_checked(&relation, &old)?;
    let fields = schema.fields().iter().enumerate().map(|(i, field)| match i == at {
        true => field.as_ref().clone().with_name(&new),
        false => field.as_ref().clone(),
    });
    let renamed = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let all = (0..schema.fields().len()).collect();
    let mut relation = relation;
    if let Body::Table { keys, .. } = &mut relation.body {
        let columns = keys.iter_mut().flat_map(|key| &mut key.columns);
        columns.filter(|column| **column == old).for_each(|column| column.clone_from(&new));
    }
    let mut relation = rebuild(context, block, relation, renamed, all).await?;
    if let Some(comment) = relation.column_comments.remove(&old) {
        relation.column_comments.insert(new, comment);
    }
    if let Some(record) = block.state_mut().record.relation_mut(&relation.schema, &relation.name) {
        record.column_comments.clone_from(&relation.column_comments);
    }
    Ok(relation)
}

/// Copies the rows of a table, of each the columns at `places` and NULL in those that follow, into a new Delta table that
/// takes its place: Delta drops and renames columns only by a mapping that would shut other readers out.
pub(super) async fn rebuild(
    context: &Context,
    block: &mut Block,
    mut relation: RelationRecord,
    columns: SchemaRef,
    places: Vec<usize>,
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
    let rows = rows.map(move |batch| Ok(write::conform(&widened(&batch?, &renamed)?, &renamed)?));
    let rows = Box::pin(RecordBatchStreamAdapter::new(columns, rows));
    let staged = new.stage_append(&block.at(&new)?, rows).await?;
    block.stage(staged)?;
    record_of(block, &relation)?.body = relation.body.clone();
    block.state_mut().tables.insert(relation.oid, new);
    Ok(relation)
}

/// A batch with NULL in the columns of a schema that come after its own.
fn widened(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let added = &schema.fields()[batch.num_columns()..];
    let fields =
        batch.schema().fields().iter().chain(added).map(|f| f.as_ref().clone().with_nullable(true)).collect::<Vec<_>>();
    let nulls = added.iter().map(|field| new_null_array(field.data_type(), batch.num_rows()));
    let columns = batch.columns().iter().cloned().chain(nulls).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
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
    block
        .state()
        .table(relation)
        .cloned()
        .ok_or_else(|| Error::new(SqlState::WrongObjectType, format!("\"{}\" is not a table", relation.name)))
}

fn refuse_shipped(relation: &RelationRecord, what: &str) -> Result<()> {
    if relation.schema == "journey" && journey_tables().iter().any(|table| table.name == relation.name) {
        let message = format!("journey table \"{}\" cannot be {what}", relation.name);
        return Err(Error::new(SqlState::InsufficientPrivilege, message)
            .with_hint("columns may be added to it, and a view may stand in its place"));
    }
    if relation.view().is_some_and(|view| view.shipped) {
        let message = format!("shipped view \"{}\" cannot be {what}", relation.name);
        return Err(Error::new(SqlState::InsufficientPrivilege, message)
            .with_hint("CREATE OR REPLACE VIEW puts your own in its place"));
    }
    Ok(())
}

fn refuse_checked(relation: &RelationRecord, column: &str) -> Result<()> {
    let Body::Table { checks, .. } = &relation.body else { return Ok(()) };
    match checks
        .iter()
        .find(|check| check.expression.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == column))
    {
        None => Ok(()),
        Some(check) => {
            let message = format!("constraint \"{}\" depends on column \"{column}\"", check.name);
            Err(Error::new(SqlState::DependentObjectsStillExist, message))
        }
    }
}

fn no_column(relation: &RelationRecord, column: &str) -> Error {
    let message = format!("column \"{column}\" of relation \"{}\" does not exist", relation.name);
    Error::new(SqlState::UndefinedColumn, message)
}

/// The columns of a table made from a query.
fn columns_of(output: &Schema) -> Result<SchemaRef> {
    let field = |field: &Arc<Field>| Ok(Field::new(field.name(), stored_type(field.data_type())?, true));
    Ok(Arc::new(Schema::new(output.fields().iter().map(field).collect::<Result<Vec<_>>>()?)))
}

fn declared(columns: &[ast::ColumnDef]) -> Result<SchemaRef> {
    let field = |column: &ast::ColumnDef| {
        let mut nullable = true;
        for option in &column.options {
            match &option.option {
                ColumnOption::NotNull => nullable = false,
                ColumnOption::Null | ColumnOption::Check(_) | ColumnOption::PrimaryKey(_) | ColumnOption::Unique(_) => {
                }
                other => {
                    return Err(Error::unsupported(format!("column option {other}"))
                        .with_hint("columns take NOT NULL, CHECK, UNIQUE and PRIMARY KEY"));
                }
            }
        }
        Ok(Field::new(names::fold(&column.name), column_type(&column.data_type)?, nullable))
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
    for constraint in create.constraints.iter().filter(|constraint| !keys::is_key(constraint)) {
        let TableConstraint::Check(check) = constraint else {
            return Err(Error::unsupported(format!("table constraint {constraint}"))
                .with_hint("tables take CHECK, UNIQUE and PRIMARY KEY"));
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
