//! ALTER TABLE and ALTER VIEW.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion::sql::sqlparser::ast::{
    self, AlterColumnOperation, AlterTableOperation, ColumnOption, RenameTableNameKind, TableConstraint,
};

use super::context::Context;
use super::defaults::{self, Computed};
use super::tables::{declared, rebuild, record_of, table_of};
use super::{drop, followers, grants, keys, names, references, sequences};
use crate::catalog::postgres::quote_identifier;
use crate::catalog::{Block, Body, RelationRecord, Sequence};
use crate::error::{Error, Result, SqlState};
use crate::model::journey_tables;
use crate::outcome::{Notice, Tag};

/// ALTER TABLE; as in Postgres, a view may be renamed by it too.
pub(super) async fn alter(context: &Context, alter: &ast::AlterTable) -> Result<Tag> {
    alter_relation(context, alter, Named::Table).await.map(|()| Tag::of("ALTER TABLE"))
}

/// ALTER VIEW: RENAME TO and OWNER TO.
pub(super) async fn alter_view(context: &Context, alter: &ast::AlterTable) -> Result<Tag> {
    alter_relation(context, alter, Named::View).await.map(|()| Tag::of("ALTER VIEW"))
}

/// ALTER SEQUENCE: RENAME TO and OWNER TO.
pub(super) async fn alter_sequence(context: &Context, alter: &ast::AlterTable) -> Result<Tag> {
    alter_relation(context, alter, Named::Sequence).await.map(|()| Tag::of("ALTER SEQUENCE"))
}

/// What a statement calls the relation that it alters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Table,
    View,
    Sequence,
}

/// One operation after the other, in one change of the catalog.
async fn alter_relation(context: &Context, alter: &ast::AlterTable, named: Named) -> Result<()> {
    let name = names::reference(&alter.name)?;
    let mut block = context.block().await;
    context.lock(&mut block, &name).await?;
    let found = block.state().find(name.schema(), name.table(), &context.search_path()).cloned();
    let Some(mut relation) = found else {
        let missing = names::missing(block.state(), &name);
        if alter.if_exists {
            let message = format!("{}, skipping", missing.message());
            context.notice(Notice::information(SqlState::SuccessfulCompletion, message));
            return Ok(());
        }
        return Err(missing);
    };
    let (is_so, called) = match named {
        Named::Table => (true, "a table"),
        Named::View => (relation.view().is_some(), "a view"),
        Named::Sequence => (relation.sequence().is_some(), "a sequence"),
    };
    if !is_so {
        return Err(Error::new(SqlState::WrongObjectType, format!("\"{}\" is not {called}", relation.name)));
    }
    block.state().require_owner(context.role(), &relation)?;
    for operation in &alter.operations {
        relation = match operation {
            AlterTableOperation::RenameTable { table_name } => rename(context, &mut block, relation, table_name)?,
            AlterTableOperation::AddColumn { column_def, if_not_exists, .. } => {
                add_column(context, &mut block, relation, column_def, *if_not_exists).await?
            }
            AlterTableOperation::AddConstraint {
                constraint: TableConstraint::ForeignKey(constraint),
                not_valid: false,
            } => {
                let relation = made_anew(context, &mut block, relation).await?;
                references::add(context, &mut block, relation, constraint).await?
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
            AlterTableOperation::DropColumn { column_names, if_exists, drop_behavior, .. } => {
                let cascade = *drop_behavior == Some(ast::DropBehavior::Cascade);
                drop_columns(context, &mut block, relation, column_names, *if_exists, cascade).await?
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                rename_column(context, &mut block, relation, old_column_name, new_column_name).await?
            }
            AlterTableOperation::AlterColumn { column_name, op: AlterColumnOperation::SetDefault { value } } => {
                set_default(context, &mut block, relation, column_name, Some(value))?
            }
            AlterTableOperation::AlterColumn { column_name, op: AlterColumnOperation::DropDefault } => {
                set_default(context, &mut block, relation, column_name, None)?
            }
            AlterTableOperation::OwnerTo { new_owner } => {
                if let Some(table) = relation.sequence().and_then(Sequence::table) {
                    return Err(owned(&block, &relation, table));
                }
                grants::give_relation(context, &mut block, relation, new_owner)?
            }
            other => return Err(Error::unsupported(format!("ALTER TABLE ... {other}"))),
        };
    }
    block.finish().await
}

fn rename(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    new_name: &RenameTableNameKind,
) -> Result<RelationRecord> {
    let (RenameTableNameKind::As(new_name) | RenameTableNameKind::To(new_name)) = new_name;
    let new_name = names::parts(new_name)?.pop().unwrap_or_default();
    refuse_shipped(&relation, "renamed")?;
    if block.state().record.is_taken(&relation.schema, &new_name) {
        return Err(Error::new(SqlState::DuplicateTable, format!("relation \"{new_name}\" already exists")));
    }
    let followers = followers::of(context, block, &relation)?;
    let record = record_of(block, &relation)?;
    record.name = new_name;
    let renamed = record.clone();
    followers::follow(context, block, followers, |_| quoted(&renamed))?;
    Ok(renamed)
}

/// The name of a relation as SQL, with its schema.
fn quoted(relation: &RelationRecord) -> String {
    format!("{}.{}", quote_identifier(&relation.schema), quote_identifier(&relation.name))
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
    let (relation, true) = added else { return Ok(added.0) };
    let mut relation = keys::add_of_column(context, block, relation, column).await?;
    for constraint in references::declared(std::slice::from_ref(column), &[]) {
        relation = references::add(context, block, relation, &constraint).await?;
    }
    Ok(relation)
}

/// The same rows in a new table: whoever was adding some to the old one, without a look at what is new, fails.
async fn made_anew(context: &Context, block: &mut Block, relation: RelationRecord) -> Result<RelationRecord> {
    let schema = Arc::clone(block.at(&table_of(block, &relation)?)?.schema());
    let all = (0..schema.fields().len()).collect();
    rebuild(context, block, relation, schema, all, None).await
}

/// The same without its keys, and whether there is something to add.
async fn add_plain_column(
    context: &Context,
    block: &mut Block,
    mut relation: RelationRecord,
    column: &ast::ColumnDef,
    if_not_exists: bool,
) -> Result<(RelationRecord, bool)> {
    let table = table_of(block, &relation)?;
    let schema = Arc::clone(block.at(&table)?.schema());
    let name = names::fold(&column.name);
    if schema.field_with_name(&name).is_ok() {
        let message = format!("column \"{name}\" of relation \"{}\" already exists", relation.name);
        return if if_not_exists { Ok((relation, false)) } else { Err(Error::new(SqlState::DuplicateColumn, message)) };
    }
    let place = [relation.schema.as_str(), &relation.name];
    let (columns, counted) = sequences::written_out(context, block, place, std::slice::from_ref(column))?;
    let column = &columns[0];
    let field = declared(&columns)?.field(0).clone();
    let default = defaults::written(column);
    if field.is_nullable() && default.is_none() {
        block.stage(table.stage_add_column(&block.at(&table)?, field)?)?;
        return Ok((relation, true));
    }
    if !counted.is_empty() && block.at(&table)?.rows() != Some(0) {
        return Err(Error::unsupported("ADD COLUMN of a column that counts, to a table with rows")
            .with_hint("CREATE SEQUENCE first, and add the column with DEFAULT nextval(...)"));
    }
    sequences::own(block, relation.oid, counted);
    block.rebuild(&table).await?;
    if default.is_none() && block.at(&table)?.rows() != Some(0) {
        let message = format!("column \"{}\" of relation \"{}\" contains null values", field.name(), relation.name);
        return Err(
            Error::new(SqlState::NotNullViolation, message).with_hint("give it a DEFAULT, or add it without NOT NULL")
        );
    }
    let added = {
        let resolver = context.resolver_at(block.moment());
        if let (Some(default), Body::Table { defaults, .. }) = (default, &mut relation.body) {
            defaults.insert(field.name().clone(), defaults::declared(context, &resolver, default, &field)?);
        }
        Computed::of(context, &resolver, &relation, &field)?
    };
    let fields = schema.fields().iter().map(|f| f.as_ref().clone()).chain([field]).collect::<Vec<_>>();
    let all = (0..schema.fields().len()).collect();
    Ok((rebuild(context, block, relation, Arc::new(Schema::new(fields)), all, Some(added)).await?, true))
}

/// SET DEFAULT and DROP DEFAULT: for the rows to come.
fn set_default(
    context: &Context,
    block: &mut Block,
    mut relation: RelationRecord,
    column: &ast::Ident,
    default: Option<&ast::Expr>,
) -> Result<RelationRecord> {
    let (column, table) = (names::fold(column), table_of(block, &relation)?);
    let schema = Arc::clone(block.at(&table)?.schema());
    let field = schema.field_with_name(&column).map_err(|_| no_column(&relation, &column))?;
    let default = default.map(|default| {
        let resolver = context.resolver_at(block.moment());
        defaults::declared(context, &resolver, default, field)
    });
    let default = default.transpose()?;
    if let Body::Table { defaults, .. } = &mut relation.body {
        match default {
            Some(default) => defaults.insert(column, default),
            None => defaults.remove(&column),
        };
    }
    record_of(block, &relation)?.body.clone_from(&relation.body);
    Ok(relation)
}

async fn drop_columns(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    columns: &[ast::Ident],
    if_exists: bool,
    cascade: bool,
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
    for at in &gone {
        sequences::follow(block, relation.oid, schema.field(*at).name(), None);
    }
    if let Body::Table { keys, defaults, .. } = &mut relation.body {
        let is_gone = |column: &String| gone.iter().any(|at| schema.field(*at).name() == column);
        keys.retain(|key| !key.columns.iter().any(is_gone));
        defaults.retain(|column, _| !is_gone(column));
    }
    let kept: Vec<usize> = (0..schema.fields().len()).filter(|at| !gone.contains(at)).collect();
    if kept.is_empty() {
        return Err(Error::unsupported("a table without columns"));
    }
    if gone.is_empty() {
        return Ok(relation);
    }
    let gone: Vec<&str> = gone.iter().map(|at| schema.field(*at).name().as_str()).collect();
    references::columns_go(context, block, &mut relation, &gone, cascade)?;
    let followers = followers::of(context, block, &relation)?;
    let relation = rebuild(context, block, relation, Arc::new(schema.project(&kept)?), kept, None).await?;
    let broken = followers::broken(context, block, followers);
    drop::with_columns(context, block, &relation, &gone, broken, cascade).await?;
    Ok(relation)
}

async fn rename_column(
    context: &Context,
    block: &mut Block,
    mut relation: RelationRecord,
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
    let followers = followers::of(context, block, &relation)?;
    sequences::follow(block, relation.oid, &old, Some(&new));
    references::rename_column(block, &mut relation, &old, &new);
    if let Body::Table { keys, defaults, .. } = &mut relation.body {
        let columns = keys.iter_mut().flat_map(|key| &mut key.columns);
        columns.filter(|column| **column == old).for_each(|column| column.clone_from(&new));
        if let Some(default) = defaults.remove(&old) {
            defaults.insert(new.clone(), default);
        }
    }
    let mut relation = rebuild(context, block, relation, renamed, all, None).await?;
    if let Some(comment) = relation.column_comments.remove(&old) {
        relation.column_comments.insert(new.clone(), comment);
    }
    if let Some(record) = block.state_mut().record.relation_mut(&relation.schema, &relation.name) {
        record.column_comments.clone_from(&relation.column_comments);
    }
    // Views go on reading the column by its old name.
    let column = |field: &Arc<Field>| match field.name() {
        name if *name == old => format!("{} AS {}", quote_identifier(&new), quote_identifier(&old)),
        name => quote_identifier(name),
    };
    followers::follow(context, block, followers, |follower| {
        let read = schema.fields().iter().filter(|field| *field.name() == old || follower.mentions(field.name()));
        format!("(SELECT {} FROM {})", read.map(column).collect::<Vec<_>>().join(", "), quoted(&relation))
    })?;
    Ok(relation)
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

/// The error of a sequence that is to have another owner than the table it goes with.
fn owned(block: &Block, sequence: &RelationRecord, table: u32) -> Error {
    let message = format!("cannot change owner of sequence \"{}\"", sequence.name);
    let error = Error::new(SqlState::FeatureNotSupported, message);
    match block.state().record.relations.iter().find(|relation| relation.oid == table) {
        Some(table) => {
            error.with_detail(format!("Sequence \"{}\" is linked to table \"{}\".", sequence.name, table.name))
        }
        None => error,
    }
}

fn no_column(relation: &RelationRecord, column: &str) -> Error {
    let message = format!("column \"{column}\" of relation \"{}\" does not exist", relation.name);
    Error::new(SqlState::UndefinedColumn, message)
}
