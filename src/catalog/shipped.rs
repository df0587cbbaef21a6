//! The relations that ship with JourneyDB: journey tables, made where they are missing, and KPI views, whose text is
//! refreshed at every start so that a new release brings its own. A user's view in the place of either is left alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{CommentObject, CreateView, Statement};
use datafusion::sql::sqlparser::parser::Parser;

use super::access::Access;
use super::block::Block;
use super::record::{Body, Check, RelationRecord, View};
use super::session_catalog::SessionCatalog;
use super::store::Catalog;
use crate::error::Result;
use crate::model::{Postgres, TableDefinition, journey_tables};

/// The SQL of the KPI views, by family.
const KPI_SQL: &[&str] = &[
    include_str!("../../sql/kpi/journey.sql"),
    include_str!("../../sql/kpi/levers.sql"),
    include_str!("../../sql/kpi/conversion.sql"),
    include_str!("../../sql/kpi/velocity.sql"),
    include_str!("../../sql/kpi/lift.sql"),
    include_str!("../../sql/kpi/satisfaction.sql"),
    include_str!("../../sql/activity.sql"),
];

/// Brings the shipped relations of an open catalog up to date.
pub async fn ship(catalog: &Arc<Catalog>) -> Result<()> {
    let mut block = Arc::new(SessionCatalog::new(Arc::clone(catalog))).begin();
    for definition in journey_tables() {
        ship_table(&mut block, definition).await?;
    }
    ship_views(&mut block)?;
    block.commit().await
}

/// Makes a journey table where nothing stands in its place.
pub async fn ship_table(block: &mut Block, definition: &TableDefinition) -> Result<()> {
    if block.state().record.relation("journey", &definition.name).is_some() {
        return Ok(());
    }
    let (columns, order) = (definition.schema(), definition.sorted_by.clone());
    let (location, table) = block.make_table("journey", &definition.name, columns, order).await?;
    let checks = definition.checks.iter().enumerate().map(|(i, expression)| Check {
        name: format!("{}_check{}", definition.name, if i == 0 { String::new() } else { i.to_string() }),
        expression: expression.clone(),
    });
    let comments = definition.columns.iter().map(|c| (c.name.clone(), c.comment.clone()));
    let relation = RelationRecord {
        oid: 0,
        schema: "journey".into(),
        name: definition.name.clone(),
        comment: Some(definition.comment.clone()),
        column_comments: comments.collect(),
        access: Access::default(),
        body: Body::Table {
            location,
            checks: checks.collect(),
            keys: vec![],
            defaults: BTreeMap::new(),
            references: vec![],
        },
    };
    block.add(relation, Some(table))
}

/// The definition of the journey table or the text of the shipped view of a name, if one ships.
pub fn shipped_view(schema: &str, name: &str) -> Option<RelationRecord> {
    views().into_iter().find(|view| view.schema == schema && view.name == name)
}

fn ship_views(block: &mut Block) -> Result<()> {
    let shipped = views();
    let names: Vec<_> = shipped.iter().map(|view| (view.schema.clone(), view.name.clone())).collect();
    let is_shipped = |relation: &RelationRecord| relation.view().is_some_and(|view| view.shipped);
    let gone = block.state().record.relations.iter().filter(|r| is_shipped(r));
    let gone: Vec<_> = gone.map(|r| (r.schema.clone(), r.name.clone())).filter(|name| !names.contains(name)).collect();
    for (schema, name) in gone {
        block.remove(&schema, &name);
    }
    for view in shipped {
        match block.state_mut().record.relation_mut(&view.schema, &view.name) {
            Some(present) if is_shipped(present) => {
                *present = RelationRecord { oid: present.oid, access: present.access.clone(), ..view };
            }
            Some(_) => {}
            None => block.add(view, None)?,
        }
    }
    Ok(())
}

/// The shipped views in the order of their files.
fn views() -> Vec<RelationRecord> {
    let mut views: Vec<RelationRecord> = Vec::new();
    for text in KPI_SQL {
        for statement in Parser::parse_sql(&Postgres, text).expect("sql/kpi holds valid SQL") {
            match statement {
                Statement::CreateView(create) => views.push(view(create)),
                Statement::Comment { object_type, object_name, comment, .. } => {
                    let name: Vec<_> = object_name.0.iter().map(|part| part.to_string()).collect();
                    comment_on(&mut views, object_type, &name, comment);
                }
                other => panic!("sql/kpi holds only CREATE VIEW and COMMENT ON, not {other}"),
            }
        }
    }
    views
}

fn view(create: CreateView) -> RelationRecord {
    let name: Vec<_> = create.name.0.iter().map(|part| part.to_string()).collect();
    let [schema, name] = name.as_slice() else { panic!("shipped views name their schema, {name:?} does not") };
    RelationRecord {
        oid: 0,
        schema: schema.clone(),
        name: name.clone(),
        comment: None,
        column_comments: BTreeMap::new(),
        access: Access::default(),
        body: Body::View(View {
            query: create.query.to_string(),
            path: vec!["journey".into(), "kpi".into()],
            columns: create.columns.iter().map(|column| column.name.value.clone()).collect(),
            shipped: true,
        }),
    }
}

fn comment_on(views: &mut [RelationRecord], object: CommentObject, name: &[String], comment: Option<String>) {
    let (schema, view) = (&name[0], &name[1]);
    let found = views.iter_mut().find(|v| v.schema == *schema && v.name == *view);
    let found = found.expect("sql/kpi comments on views it made");
    match object {
        CommentObject::View => found.comment = comment,
        CommentObject::Column => {
            found.column_comments.insert(name[2].clone(), comment.unwrap_or_default());
        }
        other => panic!("sql/kpi comments on views and columns only, not {other}"),
    }
}
