//! CREATE SCHEMA, DROP and COMMENT ON.

use datafusion::sql::sqlparser::ast::{CommentObject, ObjectName, ObjectType, SchemaName};

use super::context::Context;
use super::{names, roles};
use crate::catalog::{Access, Block, RelationRecord, SHIPPED_SCHEMAS, SchemaRecord, ship_table, shipped_view};
use crate::error::{Error, Result, SqlState};
use crate::model::journey_tables;
use crate::outcome::{Notice, Tag};

pub(super) async fn create(context: &Context, name: &SchemaName, if_not_exists: bool) -> Result<Tag> {
    let (name, owner) = match name {
        SchemaName::Simple(name) => (names::schema(name)?, None),
        SchemaName::NamedAuthorization(name, owner) => (names::schema(name)?, Some(owner)),
        SchemaName::UnnamedAuthorization(owner) => (names::fold(owner), Some(owner)),
    };
    let mut block = context.block().await;
    block.state().require_database_owner(context.role(), "permission denied for database journeydb")?;
    let owner = match owner {
        Some(owner) => block.state().record.roles.require(&roles::role_name(context, owner))?.oid,
        None => context.role(),
    };
    let exists = block.state().record.schema(&name).is_some() || name == "information_schema";
    match (exists, if_not_exists) {
        (true, true) => {
            let message = format!("schema \"{name}\" already exists, skipping");
            context.notice(Notice::information(SqlState::DuplicateSchema, message));
            return Ok(Tag::of("CREATE SCHEMA"));
        }
        (true, false) => {
            return Err(Error::new(SqlState::DuplicateSchema, format!("schema \"{name}\" already exists")));
        }
        (false, _) if name.starts_with("pg_") => {
            let message = format!("unacceptable schema name \"{name}\"");
            return Err(Error::new(SqlState::ReservedName, message).with_hint("the prefix pg_ is reserved"));
        }
        (false, _) => {}
    }
    let oid = block.take_oid();
    block.state_mut().record.schemas.push(SchemaRecord { oid, name, comment: None, access: Access::of(owner) });
    block.finish().await?;
    Ok(Tag::of("CREATE SCHEMA"))
}

pub(super) async fn drop(
    context: &Context,
    object: ObjectType,
    if_exists: bool,
    dropped: &[ObjectName],
    cascade: bool,
) -> Result<Tag> {
    let tag = match object {
        ObjectType::Table => "DROP TABLE",
        ObjectType::View => "DROP VIEW",
        ObjectType::Schema => "DROP SCHEMA",
        other => return Err(Error::unsupported(format!("DROP {other}"))),
    };
    let mut block = context.block().await;
    for name in dropped {
        if object == ObjectType::Schema {
            drop_schema(context, &mut block, &names::schema(name)?, if_exists, cascade).await?;
        } else {
            drop_relation(context, &mut block, object, name, if_exists).await?;
        }
    }
    block.finish().await?;
    Ok(Tag::of(tag))
}

async fn drop_schema(context: &Context, block: &mut Block, name: &str, if_exists: bool, cascade: bool) -> Result<()> {
    let Some(schema) = block.state().record.schema(name) else {
        let missing = Error::new(SqlState::InvalidSchemaName, format!("schema \"{name}\" does not exist"));
        return skip(context, if_exists, missing);
    };
    block.state().require_schema_owner(context.role(), schema)?;
    if SHIPPED_SCHEMAS.contains(&name) {
        return Err(required(&format!("schema {name}")));
    }
    let inside = |block: &Block| -> Vec<RelationRecord> {
        block.state().record.relations.iter().filter(|relation| relation.schema == name).cloned().collect()
    };
    for relation in inside(block) {
        if let Some(table) = block.state().table(&relation).cloned() {
            context.lock_table(block, &table).await?;
        }
    }
    let inside: Vec<String> = inside(block).into_iter().map(|relation| relation.name).collect();
    if !inside.is_empty() && !cascade {
        let message = format!("cannot drop schema {name} because it holds {}", inside.join(", "));
        return Err(Error::new(SqlState::DependentObjectsStillExist, message)
            .with_hint("DROP SCHEMA ... CASCADE drops them too"));
    }
    for relation in inside {
        block.remove(name, &relation);
    }
    block.state_mut().record.schemas.retain(|schema| schema.name != name);
    Ok(())
}

/// What isn't there is an error, or with IF EXISTS a notice.
fn skip(context: &Context, if_exists: bool, missing: Error) -> Result<()> {
    if !if_exists {
        return Err(missing);
    }
    let message = format!("{}, skipping", missing.message());
    context.notice(Notice::information(SqlState::SuccessfulCompletion, message));
    Ok(())
}

/// Views that read a dropped relation stay, and say so when they are read: names are resolved at every reading.
async fn drop_relation(
    context: &Context,
    block: &mut Block,
    object: ObjectType,
    name: &ObjectName,
    if_exists: bool,
) -> Result<()> {
    let reference = names::reference(name)?;
    context.lock(block, &reference).await?;
    let found = block.state().find(reference.schema(), reference.table(), &context.search_path()).cloned();
    let Some(relation) = found else {
        let kind = if object == ObjectType::View { "view" } else { "table" };
        let missing = match reference.schema() {
            Some(schema) if block.state().record.schema(schema).is_none() => {
                Error::new(SqlState::InvalidSchemaName, format!("schema \"{schema}\" does not exist"))
            }
            _ => Error::new(SqlState::UndefinedTable, format!("{kind} \"{reference}\" does not exist")),
        };
        return skip(context, if_exists, missing);
    };
    block.state().require_owner(context.role(), &relation)?;
    match (object, relation.view().is_some()) {
        (ObjectType::Table, true) => return Err(wrong_kind(&relation, "table", "DROP VIEW")),
        (ObjectType::View, false) => return Err(wrong_kind(&relation, "view", "DROP TABLE")),
        _ => {}
    }
    let table = journey_tables().iter().find(|t| relation.schema == "journey" && t.name == relation.name);
    let view = shipped_view(&relation.schema, &relation.name);
    match (table, view) {
        (Some(_), _) if relation.view().is_none() => {
            Err(required(&format!("table {}", relation.full_name())).with_hint("TRUNCATE empties it"))
        }
        (_, Some(_)) if relation.view().is_some_and(|view| view.shipped) => {
            Err(required(&format!("view {}", relation.full_name()))
                .with_hint("CREATE OR REPLACE VIEW puts your own in its place"))
        }
        // What the user had put in the place of a shipped relation goes, and the shipped one comes back.
        (Some(definition), _) => {
            block.remove(&relation.schema, &relation.name);
            ship_table(block, definition).await
        }
        (None, Some(view)) => {
            block.remove(&relation.schema, &relation.name);
            block.add(view, None)
        }
        (None, None) => {
            block.remove(&relation.schema, &relation.name);
            Ok(())
        }
    }
}

/// Drops the session's temporary relations.
pub(super) async fn drop_temporary(context: &Context) -> Result<()> {
    let mut block = context.block().await;
    let Some(schema) = block.state().temporary_schema().map(str::to_owned) else { return block.finish().await };
    let own = block.state().record.relations.iter().filter(|relation| relation.schema == schema);
    for name in own.map(|relation| relation.name.clone()).collect::<Vec<_>>() {
        block.remove(&schema, &name);
    }
    block.finish().await
}

pub(super) async fn comment(
    context: &Context,
    object: CommentObject,
    name: &ObjectName,
    comment: Option<String>,
    if_exists: bool,
) -> Result<Tag> {
    let mut block = context.block().await;
    match set_comment(context, &mut block, object, name, comment) {
        Ok(()) => block.finish().await?,
        Err(error) if if_exists && error.state() == SqlState::UndefinedTable => {}
        Err(error) => return Err(error),
    }
    Ok(Tag::of("COMMENT"))
}

fn set_comment(
    context: &Context,
    block: &mut Block,
    object: CommentObject,
    name: &ObjectName,
    comment: Option<String>,
) -> Result<()> {
    let comment = comment.filter(|text| !text.is_empty());
    if object == CommentObject::Schema {
        let name = names::schema(name)?;
        let missing = || Error::new(SqlState::InvalidSchemaName, format!("schema \"{name}\" does not exist"));
        let found = block.state().record.schema(&name).ok_or_else(missing)?;
        block.state().require_schema_owner(context.role(), found)?;
        let schema = block.state_mut().record.schemas.iter_mut().find(|schema| schema.name == name);
        schema.ok_or_else(missing)?.comment = comment;
        return Ok(());
    }
    let mut name = name.clone();
    let column = match object {
        CommentObject::Column => name.0.pop().as_ref().and_then(|part| part.as_ident()).map(names::fold),
        CommentObject::Table | CommentObject::View => None,
        other => return Err(Error::unsupported(format!("COMMENT ON {other}"))),
    };
    let reference = names::reference(&name)?;
    let (schema, relation) = (reference.schema(), reference.table());
    let found = block.state().find(schema, relation, &context.search_path()).cloned();
    let missing = || Error::new(SqlState::UndefinedTable, format!("relation \"{relation}\" does not exist"));
    let found = found.ok_or_else(missing)?;
    block.state().require_owner(context.role(), &found)?;
    if let (Some(column), Some(table)) = (&column, block.state().table(&found))
        && table.schema().field_with_name(column).is_err()
    {
        let message = format!("column \"{column}\" of relation \"{relation}\" does not exist");
        return Err(Error::new(SqlState::UndefinedColumn, message));
    }
    let record = block.state_mut().record.relation_mut(&found.schema, &found.name);
    let record = record.ok_or_else(|| Error::internal("a relation vanished from its own change"))?;
    match (column, comment) {
        (None, comment) => record.comment = comment,
        (Some(column), Some(comment)) => {
            record.column_comments.insert(column, comment);
        }
        (Some(column), None) => {
            record.column_comments.remove(&column);
        }
    }
    Ok(())
}

fn required(what: &str) -> Error {
    let message = format!("cannot drop {what} because the database system requires it");
    Error::new(SqlState::DependentObjectsStillExist, message)
}

fn wrong_kind(relation: &RelationRecord, wanted: &str, instead: &str) -> Error {
    Error::new(SqlState::WrongObjectType, format!("\"{}\" is not a {wanted}", relation.name))
        .with_hint(format!("use {instead}"))
}
