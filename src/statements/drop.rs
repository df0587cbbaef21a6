//! DROP, of what is named and with CASCADE of what depends on it: views on what they read, relations on their schema.

use datafusion::sql::sqlparser::ast::{ObjectName, ObjectType};

use super::context::Context;
use super::dependants::{Dependant, dependants};
use super::followers::Follower;
use super::{names, references, sequences, tables};
use crate::catalog::{Block, Body, RelationRecord, SHIPPED_SCHEMAS, ship_table, shipped_view};
use crate::error::{Error, Result, SqlState};
use crate::model::{TableDefinition, journey_tables};
use crate::outcome::{Notice, Tag};

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
        ObjectType::Sequence => "DROP SEQUENCE",
        other => return Err(Error::unsupported(format!("DROP {other}"))),
    };
    let mut block = context.block().await;
    let (mut schemas, mut relations) = (vec![], vec![]);
    for name in dropped {
        if object == ObjectType::Schema {
            schemas.extend(schema(context, &mut block, &names::schema(name)?, if_exists).await?);
        } else {
            relations.extend(relation(context, &mut block, object, name, if_exists).await?);
        }
    }
    let (going, dependants) = dependants(context, &block, &schemas, &relations);
    if !cascade {
        require_uncounted(&block, &relations)?;
    }
    let all: Vec<_> = dependants.iter().map(|dependant| &dependant.relation).chain(&relations).collect();
    let constraints = references::dependants(context, &block, &all);
    let told: Vec<_> = dependants.iter().map(Dependant::told).chain(constraints).collect();
    match cascade {
        true => tell_cascade(context, &told),
        false => require_independent(&going, &told)?,
    }
    for relation in dependants.iter().map(|dependant| &dependant.relation).chain(&relations) {
        take_out(&mut block, relation).await?;
    }
    block.state_mut().record.schemas.retain(|schema| !schemas.contains(&schema.name));
    block.finish().await?;
    Ok(Tag::of(tag))
}

/// What goes with columns of a table: the views that give or read them, and what depends on those.
pub(super) async fn with_columns(
    context: &Context,
    block: &mut Block,
    table: &RelationRecord,
    columns: &[&str],
    views: Vec<Follower>,
    cascade: bool,
) -> Result<()> {
    let columns = match columns {
        [only] => format!("column {only} of table {}", table.name),
        several => format!("columns {} of table {}", several.join(", "), table.name),
    };
    let mut all: Vec<Dependant> = Vec::new();
    for Follower { relation, name, behind, .. } in views {
        let own = Dependant { relation, name, on: columns.clone() };
        for dependant in std::iter::once(own).chain(behind) {
            if !all.iter().any(|known| known.relation.oid == dependant.relation.oid) {
                all.push(dependant);
            }
        }
    }
    let told: Vec<_> = all.iter().map(Dependant::told).collect();
    match cascade {
        true => tell_cascade(context, &told),
        false => require_independent(&[columns], &told)?,
    }
    for dependant in &all {
        take_out(block, &dependant.relation).await?;
    }
    Ok(())
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

/// A schema that may be dropped; its tables are locked.
async fn schema(context: &Context, block: &mut Block, name: &str, if_exists: bool) -> Result<Option<String>> {
    let Some(schema) = block.state().record.schema(name) else {
        let missing = Error::new(SqlState::InvalidSchemaName, format!("schema \"{name}\" does not exist"));
        return skip(context, if_exists, missing);
    };
    block.state().require_schema_owner(context.role(), schema)?;
    if SHIPPED_SCHEMAS.contains(&name) {
        return Err(required(&format!("schema {name}")));
    }
    let inside = block.state().record.relations.iter().filter(|relation| relation.schema == name);
    let tables: Vec<_> = inside.filter_map(|relation| block.state().table(relation).cloned()).collect();
    for table in tables {
        context.lock_table(block, &table).await?;
    }
    Ok(Some(name.to_owned()))
}

/// A relation that may be dropped, locked.
async fn relation(
    context: &Context,
    block: &mut Block,
    object: ObjectType,
    name: &ObjectName,
    if_exists: bool,
) -> Result<Option<RelationRecord>> {
    let reference = names::reference(name)?;
    context.lock(block, &reference).await?;
    let found = block.state().find(reference.schema(), reference.table(), &context.search_path()).cloned();
    let Some(relation) = found else {
        let kind = match object {
            ObjectType::View => "view",
            ObjectType::Sequence => "sequence",
            _ => "table",
        };
        let missing = match names::missing(block.state(), &reference) {
            missing if missing.state() == SqlState::InvalidSchemaName => missing,
            _ => Error::new(SqlState::UndefinedTable, format!("{kind} \"{reference}\" does not exist")),
        };
        return skip(context, if_exists, missing);
    };
    block.state().require_owner(context.role(), &relation)?;
    match (object, relation.sequence()) {
        (ObjectType::Sequence, None) => return Err(wrong_kind(&relation, "sequence", &drop_words(&relation))),
        (ObjectType::Sequence, Some(_)) => return Ok(Some(relation)),
        (_, Some(_)) => {
            let wanted = if object == ObjectType::View { "view" } else { "table" };
            return Err(wrong_kind(&relation, wanted, "DROP SEQUENCE"));
        }
        _ => {}
    }
    match (object, relation.view()) {
        (ObjectType::Table, Some(_)) => Err(wrong_kind(&relation, "table", "DROP VIEW")),
        (ObjectType::View, None) => Err(wrong_kind(&relation, "view", "DROP TABLE")),
        (_, None) if shipped_table(&relation).is_some() => {
            Err(required(&format!("table {}", relation.full_name())).with_hint("TRUNCATE empties it"))
        }
        (_, Some(view)) if view.shipped => Err(required(&format!("view {}", relation.full_name()))
            .with_hint("CREATE OR REPLACE VIEW puts your own in its place")),
        _ => Ok(Some(relation)),
    }
}

/// What isn't there is an error, or with IF EXISTS a notice.
fn skip<T>(context: &Context, if_exists: bool, missing: Error) -> Result<Option<T>> {
    if !if_exists {
        return Err(missing);
    }
    let message = format!("{}, skipping", missing.message());
    context.notice(Notice::information(SqlState::SuccessfulCompletion, message));
    Ok(None)
}

/// 2BP01 where a default counts a sequence that goes, of a table that stays.
fn require_uncounted(block: &Block, relations: &[RelationRecord]) -> Result<()> {
    for sequence in relations.iter().filter(|relation| relation.sequence().is_some()) {
        let counting = sequences::counted_by(block, sequence.oid);
        let stays = |(table, _): &&(RelationRecord, String)| !relations.iter().any(|going| going.oid == table.oid);
        if let Some((table, column)) = counting.iter().find(stays) {
            let name = &sequence.name;
            let message = format!("cannot drop sequence {name} because other objects depend on it");
            let detail =
                format!("default value for column {column} of table {} depends on sequence {name}", table.name);
            return Err(Error::new(SqlState::DependentObjectsStillExist, message)
                .with_detail(detail)
                .with_hint("Use DROP ... CASCADE to drop the dependent objects too."));
        }
    }
    Ok(())
}

/// 2BP01 where something depends on what goes, told as Postgres tells it.
fn require_independent(going: &[String], dependants: &[(String, String)]) -> Result<()> {
    if dependants.is_empty() {
        return Ok(());
    }
    let message = match going {
        [only] => format!("cannot drop {only} because other objects depend on it"),
        _ => "cannot drop desired object(s) because other objects depend on them".to_owned(),
    };
    let lines = dependants.iter().map(|(name, on)| format!("{name} depends on {on}"));
    Err(Error::new(SqlState::DependentObjectsStillExist, message)
        .with_detail(lines.collect::<Vec<_>>().join("\n"))
        .with_hint("Use DROP ... CASCADE to drop the dependent objects too."))
}

/// Tells the client what goes besides.
fn tell_cascade(context: &Context, dependants: &[(String, String)]) {
    let lines = dependants.iter().map(|(name, _)| format!("drop cascades to {name}"));
    let lines: Vec<String> = lines.collect();
    let told = |message: &str| Notice::information(SqlState::SuccessfulCompletion, message);
    match lines.as_slice() {
        [] => {}
        [only] => context.notice(told(only)),
        _ => {
            let message = format!("drop cascades to {} other objects", lines.len());
            context.notice(told(&message).with_detail(lines.join("\n")));
        }
    }
}

/// Takes a relation out. Where the user had put it in the place of one that ships, that comes back.
async fn take_out(block: &mut Block, relation: &RelationRecord) -> Result<()> {
    block.remove(&relation.schema, &relation.name);
    sequences::leave(block, relation.oid);
    references::leave(block, relation.oid);
    for (table, column) in sequences::counted_by(block, relation.oid) {
        if let Body::Table { defaults, .. } = &mut tables::record_of(block, &table)?.body {
            defaults.remove(&column);
        }
    }
    if let Some(definition) = shipped_table(relation) {
        return ship_table(block, definition).await;
    }
    match shipped_view(&relation.schema, &relation.name) {
        Some(view) => block.add(view, None),
        None => Ok(()),
    }
}

fn shipped_table(relation: &RelationRecord) -> Option<&'static TableDefinition> {
    journey_tables().iter().find(|table| relation.schema == "journey" && table.name == relation.name)
}

fn required(what: &str) -> Error {
    let message = format!("cannot drop {what} because the database system requires it");
    Error::new(SqlState::DependentObjectsStillExist, message)
}

fn drop_words(relation: &RelationRecord) -> String {
    format!("DROP {}", relation.kind().to_uppercase())
}

fn wrong_kind(relation: &RelationRecord, wanted: &str, instead: &str) -> Error {
    Error::new(SqlState::WrongObjectType, format!("\"{}\" is not a {wanted}", relation.name))
        .with_hint(format!("use {instead}"))
}
