//! CREATE SCHEMA and COMMENT ON.

use datafusion::sql::sqlparser::ast::{CommentObject, ObjectName, SchemaName};

use super::context::Context;
use super::{names, roles};
use crate::catalog::{Access, Block, SchemaRecord};
use crate::error::{Error, Result, SqlState};
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
    let found = found.ok_or_else(|| names::missing(block.state(), &reference))?;
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
