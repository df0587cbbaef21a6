//! Keys that a table gets, loses or calls otherwise after it was made.
//!
//! A table that gets a key is made anew with the rows of the old one, as when its columns change: whoever was adding rows to the old
//! one meanwhile, without a look at the key, fails.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Column;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast;

use super::super::context::Context;
use super::super::{names, references, tables};
use super::declare::{Declaration, of_column, of_constraint, of_index, several_primary};
use super::enforce::{enforce, first};
use crate::catalog::{Block, Body, Key, KeyKind, RelationRecord};
use crate::error::{Error, Result, SqlState, Subject};
use crate::outcome::{Notice, Tag};
use crate::storage::{Snapshot, Table};

/// ALTER TABLE ... ADD PRIMARY KEY or UNIQUE.
pub(in crate::statements) async fn add(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    constraint: &ast::TableConstraint,
) -> Result<RelationRecord> {
    add_declared(context, block, relation, of_constraint(constraint)?).await
}

/// CREATE UNIQUE INDEX.
pub(in crate::statements) async fn create_index(context: &Context, create: &ast::CreateIndex) -> Result<Tag> {
    let declaration = of_index(create)?;
    let table = names::reference(&create.table_name)?;
    let mut block = context.block().await;
    context.lock(&mut block, &table).await?;
    let found = block.state().find(table.schema(), table.table(), &context.search_path()).cloned();
    let relation =
        found.ok_or_else(|| Error::new(SqlState::UndefinedTable, format!("relation \"{table}\" does not exist")))?;
    block.state().require_owner(context.role(), &relation)?;
    if let Some(name) = declaration.name.as_ref().filter(|_| create.if_not_exists)
        && block.state().record.is_taken(&relation.schema, name)
    {
        let message = format!("relation \"{name}\" already exists, skipping");
        context.notice(Notice::information(SqlState::DuplicateTable, message));
        return Ok(Tag::of("CREATE INDEX"));
    }
    add_declared(context, &mut block, relation, declaration).await?;
    block.finish().await?;
    Ok(Tag::of("CREATE INDEX"))
}

/// What ALTER TABLE ... ADD COLUMN says of keys, once the column is there.
pub(in crate::statements) async fn add_of_column(
    context: &Context,
    block: &mut Block,
    mut relation: RelationRecord,
    column: &ast::ColumnDef,
) -> Result<RelationRecord> {
    for option in &column.options {
        if let Some(declaration) = of_column(column, option.name.as_ref(), &option.option)? {
            relation = add_declared(context, block, relation, declaration).await?;
        }
    }
    Ok(relation)
}

async fn add_declared(
    context: &Context,
    block: &mut Block,
    mut relation: RelationRecord,
    declaration: Declaration,
) -> Result<RelationRecord> {
    let table = tables::table_of(block, &relation)?;
    let schema = Arc::clone(block.at(&table)?.schema());
    let Body::Table { checks, keys, .. } = &mut relation.body else {
        return Err(Error::internal("a table that is none"));
    };
    if declaration.kind == KeyKind::Primary && keys.iter().any(|key| key.kind == KeyKind::Primary) {
        return Err(several_primary(&relation.name));
    }
    let record = &block.state().record;
    let is_taken = |name: &str| record.is_taken(&relation.schema, name);
    let key = declaration.key(&relation.name, &schema, &is_taken, checks)?;
    keys.push(key.clone());
    keys.sort_by_key(|key| key.kind != KeyKind::Primary);
    let columns = columns_with(&schema, &key);
    let all = (0..schema.fields().len()).collect();
    block.rebuild(&table).await?;
    if key.kind == KeyKind::Primary {
        require_known(context, &relation, &table, &block.at(&table)?, &key).await?;
    }
    let relation = tables::rebuild(context, block, relation, columns, all, None).await?;
    let table = tables::table_of(block, &relation)?;
    let (rows, none) = (block.at(&table)?, table.snapshot());
    let done = enforce(context, &relation, &table, std::slice::from_ref(&key), [rows, none]).await;
    done.map(|()| relation).map_err(|error| not_made(error, &key))
}

/// The columns of a table with a key: those of a primary one are never NULL.
pub(in crate::statements) fn columns_with(schema: &SchemaRef, key: &Key) -> SchemaRef {
    let field = |field: &Arc<arrow::datatypes::Field>| {
        let is_required = key.kind == KeyKind::Primary && key.columns.contains(field.name());
        field.as_ref().clone().with_nullable(field.is_nullable() && !is_required)
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// 23502 where a column of a primary key is NULL in some row.
async fn require_known(
    context: &Context,
    relation: &RelationRecord,
    table: &Arc<Table>,
    at: &Arc<Snapshot>,
    key: &Key,
) -> Result<()> {
    for column in &key.columns {
        let rows = LogicalPlanBuilder::scan("t", provider_as_source(table.provider(Arc::clone(at))), None)?;
        let unknown = rows.filter(Expr::Column(Column::from_name(column)).is_null())?.limit(0, Some(1))?.build()?;
        if first(context, unknown).await?.is_some() {
            let message = format!("column \"{column}\" of relation \"{}\" contains null values", relation.name);
            let subject = Subject {
                schema: relation.schema.clone(),
                table: relation.name.clone(),
                column: Some(column.clone()),
                ..Subject::default()
            };
            return Err(Error::new(SqlState::NotNullViolation, message).about(subject));
        }
    }
    Ok(())
}

/// What Postgres says where rows that are there already stand in a key's way.
fn not_made(error: Error, key: &Key) -> Error {
    match (error.state(), error.detail(), error.subject()) {
        (SqlState::UniqueViolation, Some(detail), Some(subject)) => {
            let detail = detail.replace(" already exists.", " is duplicated.");
            let message = format!("could not create unique index \"{}\"", key.name);
            Error::new(SqlState::UniqueViolation, message).with_detail(detail).about(subject.clone())
        }
        _ => error,
    }
}

/// ALTER TABLE ... DROP CONSTRAINT, of a key, a foreign key or a CHECK.
pub(in crate::statements) fn drop_constraint(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    name: &ast::Ident,
    if_exists: bool,
) -> Result<RelationRecord> {
    let name = names::fold(name);
    let missing = missing(&relation, &name);
    if let Some(key) = relation.keys().iter().find(|key| key.name == name) {
        let called = format!("constraint {name} on table {}", relation.name);
        references::require_unused_key(block, &relation, key, &called)?;
    }
    let record = tables::record_of(block, &relation)?;
    let Body::Table { checks, keys, references, .. } = &mut record.body else {
        return Err(tables::not_a_table(&relation.name));
    };
    let before = checks.len() + keys.len() + references.len();
    checks.retain(|check| check.name != name);
    references.retain(|reference| reference.name != name);
    keys.retain(|key| key.name != name || key.kind == KeyKind::Index);
    match before == checks.len() + keys.len() + references.len() {
        true if if_exists => {
            let message = format!("{}, skipping", missing.message());
            context.notice(Notice::information(SqlState::SuccessfulCompletion, message));
            Ok(relation)
        }
        true => Err(missing),
        false => Ok(record.clone()),
    }
}

/// ALTER TABLE ... RENAME CONSTRAINT.
pub(in crate::statements) fn rename_constraint(
    block: &mut Block,
    relation: RelationRecord,
    old: &ast::Ident,
    new: &ast::Ident,
) -> Result<RelationRecord> {
    let (old, new) = (names::fold(old), names::fold(new));
    let is_taken = block.state().record.is_taken(&relation.schema, &new);
    let missing = missing(&relation, &old);
    let record = tables::record_of(block, &relation)?;
    let Body::Table { checks, keys, references, .. } = &mut record.body else {
        return Err(tables::not_a_table(&relation.name));
    };
    let is_own = checks.iter().any(|check| check.name == new) || references.iter().any(|own| own.name == new);
    if is_own {
        let message = format!("constraint \"{new}\" for relation \"{}\" already exists", relation.name);
        return Err(Error::new(SqlState::DuplicateObject, message));
    }
    if let Some(check) = checks.iter_mut().find(|check| check.name == old) {
        check.name = new;
    } else if let Some(reference) = references.iter_mut().find(|reference| reference.name == old) {
        reference.name = new;
    } else {
        let key = keys.iter_mut().find(|key| key.name == old && key.kind != KeyKind::Index).ok_or(missing)?;
        if is_taken {
            return Err(Error::new(SqlState::DuplicateTable, format!("relation \"{new}\" already exists")));
        }
        key.name = new;
    }
    Ok(record.clone())
}

fn missing(relation: &RelationRecord, constraint: &str) -> Error {
    let message = format!("constraint \"{constraint}\" of relation \"{}\" does not exist", relation.name);
    Error::new(SqlState::UndefinedObject, message)
}

/// DROP INDEX: what was made by CREATE UNIQUE INDEX.
pub(in crate::statements) async fn drop_indexes(
    context: &Context,
    indexes: &[ast::ObjectName],
    if_exists: bool,
) -> Result<Tag> {
    let mut block = context.block().await;
    for name in indexes {
        let index = names::reference(name)?;
        let path = context.search_path();
        let schemas = index.schema().map_or(path, |schema| vec![schema.to_owned()]);
        let record = &block.state().record;
        let of_schema = |schema: &String| {
            let mut inside = record.relations.iter().filter(|relation| relation.schema == *schema);
            inside.find(|relation| relation.keys().iter().any(|key| key.name == index.table())).cloned()
        };
        let Some(relation) = schemas.iter().find_map(of_schema) else {
            let message = format!("index \"{index}\" does not exist");
            if if_exists {
                context.notice(Notice::information(SqlState::SuccessfulCompletion, format!("{message}, skipping")));
                continue;
            }
            return Err(Error::new(SqlState::UndefinedObject, message));
        };
        block.state().require_owner(context.role(), &relation)?;
        if relation.keys().iter().any(|key| key.name == index.table() && key.kind != KeyKind::Index) {
            let (name, table) = (index.table(), &relation.name);
            let message = format!("cannot drop index {name} because constraint {name} on table {table} requires it");
            return Err(Error::new(SqlState::DependentObjectsStillExist, message)
                .with_hint(format!("You can drop constraint {name} on table {table} instead.")));
        }
        if let Some(key) = relation.keys().iter().find(|key| key.name == index.table()) {
            references::require_unused_key(&block, &relation, key, &format!("index {}", key.name))?;
        }
        if let Body::Table { keys, .. } = &mut tables::record_of(&mut block, &relation)?.body {
            keys.retain(|key| key.name != index.table());
        }
    }
    block.finish().await?;
    Ok(Tag::of("DROP INDEX"))
}
