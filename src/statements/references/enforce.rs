//! The checks of foreign keys, at the end of each statement and as queries of the engine, over what would be there if the block
//! committed now.
//!
//! Whoever adds rows that refer to a table keeps that table's write lock to the end of the block, and so does whoever takes rows out of
//! it: of two such blocks the second waits, and sees what the first has done.

use std::sync::Arc;

use datafusion::common::{Column, NullEquality};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder};

use super::super::context::Context;
use super::super::keys::{first, told};
use crate::catalog::{Block, Reference, RelationRecord};
use crate::error::{Error, Result, SqlState, Subject};
use crate::storage::{Snapshot, Table};

/// What the rows that refer are called in the check, and those that they refer to.
const FROM: &str = "referring";
const TO: &str = "referenced";

/// 23503 where one of some rows refers to a row that is not there. To be called once the rows are part of the block.
pub(in crate::statements) async fn referring(
    context: &Context,
    block: &mut Block,
    relation: &RelationRecord,
    references: &[Reference],
    rows: Arc<Snapshot>,
) -> Result<()> {
    for reference in references.iter().filter(|_| rows.rows() != Some(0)) {
        let mut tables = block.state().record.relations.iter();
        let Some(parent) = tables.find(|parent| parent.oid == reference.table).cloned() else { continue };
        let [table, parent_table] = [relation, &parent].map(|relation| block.state().table(relation).cloned());
        let (Some(table), Some(parent_table)) = (table, parent_table) else { continue };
        context.lock_table(block, &parent_table).await?;
        let parent_rows = block.newest(&parent_table)?;
        let alone = without_referenced(reference, (&table, &rows), (&parent_table, &parent_rows))?;
        if let Some(found) = first(context, alone).await? {
            let (name, table) = (&reference.name, &relation.name);
            let message = format!("insert or update on table \"{table}\" violates foreign key constraint \"{name}\"");
            let key = told(context, &reference.columns, &found)?;
            let detail = format!("{key} is not present in table \"{}\".", parent.name);
            return Err(violation(message, detail, relation, reference));
        }
    }
    Ok(())
}

/// 23503 where rows refer to one that is no longer there: after rows of a table went, or changed these columns. To be called with the
/// table's lock, once the change is part of the block.
pub(in crate::statements) async fn referenced(
    context: &Context,
    block: &Block,
    parent: &RelationRecord,
    changed: Option<&[String]>,
) -> Result<()> {
    // A table may have come to refer to this one since the block began.
    let newest = context.catalog.shared().state();
    let states = [block.moment().state, newest];
    let mut seen: Vec<(u32, String)> = vec![];
    for state in states {
        for (relation, reference) in state.record.referring_to(parent.oid) {
            let is_changed = changed.is_none_or(|columns| reference.referenced.iter().any(|c| columns.contains(c)));
            let (Some(table), true) = (state.table(relation), is_changed) else { continue };
            let constraint = (relation.oid, reference.name.clone());
            if seen.contains(&constraint) {
                continue;
            }
            seen.push(constraint);
            still_referenced(context, block, parent, (relation, reference, table)).await?;
        }
    }
    Ok(())
}

async fn still_referenced(
    context: &Context,
    block: &Block,
    parent: &RelationRecord,
    (relation, reference, table): (&RelationRecord, &Reference, &Arc<Table>),
) -> Result<()> {
    let Some(parent_table) = block.state().table(parent).cloned() else { return Ok(()) };
    let (rows, parent_rows) = (block.newest(table)?, block.newest(&parent_table)?);
    if rows.rows() == Some(0) {
        return Ok(());
    }
    let alone = without_referenced(reference, (table, &rows), (&parent_table, &parent_rows))?;
    let Some(found) = first(context, alone).await? else { return Ok(()) };
    let (name, child) = (&reference.name, &relation.name);
    let message = format!(
        "update or delete on table \"{}\" violates foreign key constraint \"{name}\" on table \"{child}\"",
        parent.name
    );
    let key = told(context, &reference.referenced, &found)?;
    let detail = format!("{key} is still referenced from table \"{child}\".");
    Err(violation(message, detail, relation, reference))
}

/// The least of the keys that rows refer to and that no row has.
fn without_referenced(
    reference: &Reference,
    (table, rows): (&Arc<Table>, &Arc<Snapshot>),
    (parent, parent_rows): (&Arc<Table>, &Arc<Snapshot>),
) -> Result<LogicalPlan> {
    let named = |relation: &str, columns: &[String]| -> Vec<Column> {
        columns.iter().map(|column| Column::new(Some(relation), column)).collect()
    };
    let scan = |name: &str, table: &Arc<Table>, at: &Arc<Snapshot>, columns: &[Column]| -> Result<LogicalPlanBuilder> {
        let rows = LogicalPlanBuilder::scan(name, provider_as_source(table.provider(Arc::clone(at))), None)?;
        let known = columns.iter().map(|column| Expr::Column(column.clone()).is_not_null()).reduce(Expr::and);
        let rows = match known {
            Some(known) => rows.filter(known)?,
            None => rows,
        };
        Ok(rows.project(columns.iter().cloned().map(Expr::Column))?)
    };
    let (from, to) = (named(FROM, &reference.columns), named(TO, &reference.referenced));
    let there = scan(TO, parent, parent_rows, &to)?.build()?;
    let order: Vec<_> = from.iter().map(|column| Expr::Column(column.clone()).sort(true, false)).collect();
    Ok(scan(FROM, table, rows, &from)?
        .join_detailed(there, JoinType::LeftAnti, (from, to), None, NullEquality::NullEqualsNothing)?
        .sort(order)?
        .limit(0, Some(1))?
        .build()?)
}

fn violation(message: String, detail: String, relation: &RelationRecord, reference: &Reference) -> Error {
    let subject = Subject {
        schema: relation.schema.clone(),
        table: relation.name.clone(),
        constraint: Some(reference.name.clone()),
        ..Subject::default()
    };
    Error::new(SqlState::ForeignKeyViolation, message).with_detail(detail).about(subject)
}
