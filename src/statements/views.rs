//! CREATE VIEW.

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::ast;

use super::context::Context;
use super::names;
use crate::catalog::{Access, Block, Body, PG_TEMP, Privilege, RelationRecord, View};
use crate::error::{Error, Result, SqlState};
use crate::model::journey_tables;
use crate::outcome::{Notice, Tag};

pub(super) async fn create(context: &Context, create: &ast::CreateView) -> Result<Tag> {
    if create.materialized {
        return Err(Error::unsupported("a materialized view").with_hint("CREATE VIEW is planned when read"));
    }
    let mut block = context.block().await;
    let mut view = View {
        query: create.query.to_string(),
        path: context.search_path(),
        columns: create.columns.iter().map(|column| names::fold(&column.name)).collect(),
        shipped: false,
    };
    let temporary = create.temporary || reads_temporary(context, &block, &view)?;
    let (schema, name) = names::new_relation(context, &mut block, &create.name, temporary)?;
    if block.state().temporary_schema() != Some(schema.as_str()) {
        // Others read it too, and later temporary relations of its maker are not what it means.
        view.path.retain(|schema| schema != PG_TEMP);
    } else if !create.temporary && temporary {
        let message = format!("view \"{name}\" will be a temporary view");
        context.notice(Notice::information(SqlState::SuccessfulCompletion, message));
    }
    let relation = RelationRecord {
        oid: 0,
        schema,
        name,
        comment: None,
        column_comments: BTreeMap::new(),
        access: Access::of(context.role()),
        body: Body::View(view),
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

/// Whether a view's query means temporary relations of the session: then so is the view.
fn reads_temporary(context: &Context, block: &Block, view: &View) -> Result<bool> {
    let state = block.state();
    let Some(schema) = state.temporary_schema() else { return Ok(false) };
    let read = context.resolver_at(block.moment()).relations_of(view, context.role())?;
    let relations = state.record.relations.iter().filter(|relation| relation.schema == schema);
    Ok(relations.into_iter().any(|relation| read.contains(&relation.oid)))
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
