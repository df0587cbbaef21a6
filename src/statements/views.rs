//! CREATE VIEW.

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::ast;

use super::context::Context;
use super::names;
use crate::catalog::{Access, Block, Body, Privilege, RelationRecord, View};
use crate::error::{Error, Result, SqlState};
use crate::model::journey_tables;
use crate::outcome::Tag;

pub(super) async fn create(context: &Context, create: &ast::CreateView) -> Result<Tag> {
    if create.materialized || create.temporary {
        return Err(
            Error::unsupported("a materialized or temporary view").with_hint("CREATE VIEW is planned when read")
        );
    }
    let mut block = context.block().await;
    let (schema, name) = names::new_relation(context, &block, &create.name)?;
    let relation = RelationRecord {
        oid: 0,
        schema,
        name,
        comment: None,
        column_comments: BTreeMap::new(),
        access: Access::of(context.role()),
        body: Body::View(View {
            query: create.query.to_string(),
            path: context.search_path(),
            columns: create.columns.iter().map(|column| names::fold(&column.name)).collect(),
            shipped: false,
        }),
    };
    block.state().require_in_schema(context.role(), Privilege::Create, &relation.schema)?;
    match block.state().record.relation(&relation.schema, &relation.name).cloned() {
        Some(_) if create.if_not_exists => return Ok(Tag::of("CREATE VIEW")),
        Some(present) if create.or_replace => {
            block.state().require_owner(context.role(), &present)?;
            replace(context, &mut block, &present, relation.clone()).await?;
        }
        _ => block.add(relation.clone(), None)?,
    }
    plan(context, &block, &relation)?;
    block.finish().await?;
    Ok(Tag::of("CREATE VIEW"))
}

/// Puts a view in the place of what stands there: another view, or a journey table without rows.
async fn replace(
    context: &Context,
    block: &mut Block,
    present: &RelationRecord,
    relation: RelationRecord,
) -> Result<()> {
    if let Some(table) = block.state().table(present).cloned() {
        let is_journey = present.schema == "journey" && journey_tables().iter().any(|t| t.name == present.name);
        if !is_journey {
            return Err(Error::new(SqlState::WrongObjectType, format!("\"{}\" is not a view", present.name)));
        }
        context.lock_table(block, &table).await?;
        block.rebuild(&table).await?;
        if block.at(&table)?.rows() != Some(0) {
            let message = format!("journey table \"{}\" holds rows that a view in its place would hide", present.name);
            return Err(Error::new(SqlState::ObjectNotInPrerequisiteState, message)
                .with_hint(format!("TRUNCATE {} first, if they may go", present.full_name())));
        }
    }
    let state = block.state_mut();
    let place = state.record.relation_mut(&present.schema, &present.name);
    let place = place.ok_or_else(|| Error::internal("a relation vanished from its own change"))?;
    let (comment, access) = (present.comment.clone(), present.access.clone());
    *place = RelationRecord { oid: present.oid, comment, access, ..relation };
    state.tables.remove(&present.oid);
    Ok(())
}

/// A view must plan in the catalog that it makes: its names exist, who makes it may read them, and it does not read itself.
fn plan(context: &Context, block: &Block, relation: &RelationRecord) -> Result<()> {
    let resolver = context.resolver_at(block.moment());
    let view = relation.view().ok_or_else(|| Error::internal("a view that is none"))?;
    resolver.plan_view(view, context.role()).map(|_| ())
}
