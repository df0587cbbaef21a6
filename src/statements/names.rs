//! Names as statements write them.

use datafusion::common::TableReference;
use datafusion::sql::sqlparser::ast::ObjectName;

use super::context::Context;
pub(super) use crate::catalog::fold;
use crate::catalog::{Block, DATABASE, PG_TEMP, State};
use crate::error::{Error, Result, SqlState};

/// The parts of a name, folded.
pub(super) fn parts(name: &ObjectName) -> Result<Vec<String>> {
    let part = |part: &datafusion::sql::sqlparser::ast::ObjectNamePart| {
        part.as_ident().map(fold).ok_or_else(|| Error::new(SqlState::SyntaxError, format!("\"{name}\" is not a name")))
    };
    name.0.iter().map(part).collect()
}

/// An error about a name, at its place in the text.
pub(super) fn place(error: Error, name: &ObjectName) -> Error {
    match name.0.first().and_then(|part| part.as_ident()) {
        Some(ident) => error.at_place(ident.span.start.line, ident.span.start.column),
        None => error,
    }
}

/// The name of a relation to look up.
pub(super) fn reference(name: &ObjectName) -> Result<TableReference> {
    let reference = match parts(name)?.as_slice() {
        [table] => TableReference::bare(table.as_str()),
        [schema, table] => TableReference::partial(schema.as_str(), table.as_str()),
        [database, schema, table] => TableReference::full(database.as_str(), schema.as_str(), table.as_str()),
        _ => return Err(Error::new(SqlState::SyntaxError, format!("improper relation name: {name}"))),
    };
    refuse_other_database(reference.catalog(), name)?;
    Ok(reference)
}

/// What a definition says of a relation that isn't there: 3F000 where its schema isn't either, else 42P01.
pub(super) fn missing(state: &State, name: &TableReference) -> Error {
    match name.schema() {
        Some(schema) if schema != PG_TEMP && state.record.schema(schema).is_none() => {
            Error::new(SqlState::InvalidSchemaName, format!("schema \"{schema}\" does not exist"))
        }
        _ => Error::new(SqlState::UndefinedTable, format!("relation \"{name}\" does not exist")),
    }
}

/// The name of a schema.
pub(super) fn schema(name: &ObjectName) -> Result<String> {
    match parts(name)?.as_slice() {
        [schema] => Ok(schema.clone()),
        [database, schema] => refuse_other_database(Some(database), name).map(|()| schema.clone()),
        _ => Err(Error::new(SqlState::SyntaxError, format!("improper schema name: {name}"))),
    }
}

fn refuse_other_database(database: Option<&str>, name: &ObjectName) -> Result<()> {
    match database {
        Some(database) if database != DATABASE => {
            let message = format!("cross-database references are not implemented: {name}");
            Err(Error::new(SqlState::FeatureNotSupported, message))
        }
        _ => Ok(()),
    }
}

/// Where a new relation of a name goes: its schema, or the first of the search path that exists; a temporary one into the
/// session's own.
pub(super) fn new_relation(
    context: &Context,
    block: &mut Block,
    name: &ObjectName,
    temporary: bool,
) -> Result<(String, String)> {
    let reference = reference(name)?;
    let table = reference.table().to_owned();
    let schema = match reference.schema() {
        Some("pg_catalog" | "information_schema") => {
            return Err(Error::new(SqlState::InsufficientPrivilege, "system schemas hold no relations of users"));
        }
        Some(PG_TEMP) => block.temporary_schema(),
        Some(schema) if temporary && block.state().temporary_schema() != Some(schema) => {
            let message = "cannot create temporary relation in non-temporary schema";
            return Err(place(Error::new(SqlState::InvalidTableDefinition, message), name));
        }
        Some(schema) => schema.to_owned(),
        None if temporary => block.temporary_schema(),
        None => {
            let path = context.settings().search_path();
            let record = &block.state().record;
            match path.into_iter().find(|schema| schema == PG_TEMP || record.schema(schema).is_some()) {
                Some(schema) if schema == PG_TEMP => block.temporary_schema(),
                Some(schema) => schema,
                None => {
                    let message = "no schema has been selected to create in";
                    return Err(Error::new(SqlState::InvalidSchemaName, message).with_hint("SET search_path TO public"));
                }
            }
        }
    };
    Ok((schema, table))
}
