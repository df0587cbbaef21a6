//! CREATE VIEW.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast;

use super::context::Context;
use super::names;
use crate::catalog::{Body, Change, RelationRecord, Resolver, View};
use crate::error::{Error, Result, SqlState};
use crate::model::journey_tables;
use crate::outcome::Tag;

pub(super) async fn create(context: &Context, create: &ast::CreateView) -> Result<Tag> {
    if create.materialized || create.temporary {
        return Err(
            Error::unsupported("a materialized or temporary view").with_hint("CREATE VIEW is planned when read")
        );
    }
    let (schema, name) = names::new_relation(context, &create.name)?;
    let relation = RelationRecord {
        oid: 0,
        schema,
        name,
        comment: None,
        column_comments: BTreeMap::new(),
        body: Body::View(View {
            query: create.query.to_string(),
            path: context.search_path(),
            columns: create.columns.iter().map(|column| names::fold(&column.name)).collect(),
            shipped: false,
        }),
    };
    let mut change = context.catalog.change().await;
    match change.state.record.relation(&relation.schema, &relation.name).cloned() {
        Some(_) if create.if_not_exists => return Ok(Tag::of("CREATE VIEW")),
        Some(present) if create.or_replace => replace(&mut change, &present, relation.clone()).await?,
        _ => change.add(relation.clone(), None)?,
    }
    plan(context, &change, &relation)?;
    change.commit().await?;
    Ok(Tag::of("CREATE VIEW"))
}

/// Puts a view in the place of what stands there: another view, or a journey table without rows.
async fn replace(change: &mut Change, present: &RelationRecord, relation: RelationRecord) -> Result<()> {
    if let Some(table) = change.state.table(present).cloned() {
        let is_journey = present.schema == "journey" && journey_tables().iter().any(|t| t.name == present.name);
        if !is_journey {
            return Err(Error::new(SqlState::WrongObjectType, format!("\"{}\" is not a view", present.name)));
        }
        change.close(&table).await;
        if table.snapshot().rows() != Some(0) {
            let message = format!("journey table \"{}\" holds rows that a view in its place would hide", present.name);
            return Err(Error::new(SqlState::ObjectNotInPrerequisiteState, message)
                .with_hint(format!("TRUNCATE {} first, if they may go", present.full_name())));
        }
    }
    let place = change.state.record.relation_mut(&present.schema, &present.name);
    let place = place.ok_or_else(|| Error::internal("a relation vanished from its own change"))?;
    *place = RelationRecord { oid: present.oid, comment: present.comment.clone(), ..relation };
    change.state.tables.remove(&present.oid);
    Ok(())
}

/// A view must plan in the catalog that it makes: its names exist, and it does not read itself.
fn plan(context: &Context, change: &Change, relation: &RelationRecord) -> Result<()> {
    let catalog = Arc::new(change.state.clone());
    let resolver = Resolver::new(&context.engine, catalog, &context.system, context.search_path());
    let view = relation.view().ok_or_else(|| Error::internal("a view that is none"))?;
    resolver.plan_view(view).map(|_| ())
}
