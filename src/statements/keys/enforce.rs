//! The check of keys, as queries of the engine: among the rows that a change adds, and of those beside the rows that stay. So it
//! keeps to the memory of a statement, and skips the files whose bounds lie elsewhere.
//!
//! It reads what is committed and what the block has done, and so is right only under the table's write lock, which whoever adds
//! rows to a table with keys keeps to the end of the block.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::record_batch::RecordBatch;
use datafusion::common::{Column, NullEquality};
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, col, lit};
use datafusion::physical_plan::execute_stream;
use futures::TryStreamExt;

use super::super::context::Context;
use crate::catalog::postgres::quote_identifier;
use crate::catalog::{Key, RelationRecord};
use crate::error::{Error, Result, SqlState, Subject};
use crate::model::output;
use crate::storage::{Snapshot, Table};

/// What rows that come are called in the check, and those that are there.
const NEW: &str = "new";
const OLD: &str = "old";

/// 23505 where two rows of a version share a key: two that come (`new`), or one of them and one that stays (`old`).
pub(in crate::statements) async fn enforce(
    context: &Context,
    relation: &RelationRecord,
    table: &Arc<Table>,
    keys: &[Key],
    [new, old]: [Arc<Snapshot>; 2],
) -> Result<()> {
    for key in keys.iter().filter(|_| new.rows() != Some(0)) {
        let mut found = None;
        if new.rows() != Some(1) {
            found = first(context, repeated(key, rows(table, &new, key, NEW)?)?).await?;
        }
        if found.is_none() && old.rows() != Some(0) {
            found = first(context, shared(key, table, &new, &old)?).await?;
        }
        if let Some(found) = found {
            return Err(violation(context, relation, key, &found)?);
        }
    }
    Ok(())
}

/// Whether a change of some columns can give a row a key that it has not.
pub(in crate::statements) fn touches(keys: &[Key], columns: &[String]) -> bool {
    keys.iter().any(|key| key.columns.iter().any(|column| columns.contains(column)))
}

/// The rows of a version that have a key, with its columns alone.
fn rows(table: &Arc<Table>, at: &Arc<Snapshot>, key: &Key, name: &str) -> Result<LogicalPlan> {
    let rows = LogicalPlanBuilder::scan(name, provider_as_source(table.provider(Arc::clone(at))), None)?;
    let known = key.columns.iter().filter(|_| !key.nulls_alike).map(|column| col(named(name, column)).is_not_null());
    let rows = match known.reduce(Expr::and) {
        Some(known) => rows.filter(known)?,
        None => rows,
    };
    Ok(rows.project(key.columns.iter().map(|column| col(named(name, column))))?.build()?)
}

/// A key that several of some rows have.
fn repeated(key: &Key, rows: LogicalPlan) -> Result<LogicalPlan> {
    let columns: Vec<Expr> = key.columns.iter().map(|column| col(named(NEW, column))).collect();
    let several = LogicalPlanBuilder::from(rows)
        .aggregate(columns.clone(), [count(lit(1)).alias("rows")])?
        .filter(col("rows").gt(lit(1)))?;
    smallest(several, columns)
}

/// A key that a row that comes has, and one that is there too.
fn shared(key: &Key, table: &Arc<Table>, new: &Arc<Snapshot>, old: &Arc<Snapshot>) -> Result<LogicalPlan> {
    let mut there = LogicalPlanBuilder::from(rows(table, old, key, OLD)?);
    if let Some(bounds) = bounds(table, new, key) {
        there = there.filter(bounds)?;
    }
    let columns = |name| key.columns.iter().map(|column| named(name, column)).collect::<Vec<Column>>();
    let nulls = if key.nulls_alike { NullEquality::NullEqualsNull } else { NullEquality::NullEqualsNothing };
    let both = LogicalPlanBuilder::from(rows(table, new, key, NEW)?).join_detailed(
        there.build()?,
        JoinType::LeftSemi,
        (columns(NEW), columns(OLD)),
        None,
        nulls,
    )?;
    smallest(both, columns(NEW).into_iter().map(Expr::Column).collect())
}

/// Where the keys of the rows that come lie: files of others need not be read.
fn bounds(table: &Arc<Table>, new: &Arc<Snapshot>, key: &Key) -> Option<Expr> {
    let known = table.provider(Arc::clone(new)).statistics().filter(|_| !key.nulls_alike)?;
    let within = |column: &String| {
        let at = new.schema().index_of(column).ok()?;
        // NaN lies beyond the bounds of floating point.
        let known = known.column_statistics.get(at).filter(|_| !new.schema().field(at).data_type().is_floating())?;
        let (least, most) = (known.min_value.get_value()?, known.max_value.get_value()?);
        Some(col(named(OLD, column)).between(lit(least.clone()), lit(most.clone())))
    };
    key.columns.iter().filter_map(within).reduce(Expr::and)
}

/// The first of the rows in their order: which one is told does not depend on who was faster.
fn smallest(rows: LogicalPlanBuilder, columns: Vec<Expr>) -> Result<LogicalPlan> {
    let order: Vec<_> = columns.iter().map(|column| column.clone().sort(true, false)).collect();
    Ok(rows.project(columns)?.sort(order)?.limit(0, Some(1))?.build()?)
}

fn named(relation: &str, column: &str) -> Column {
    Column::new(Some(relation), column)
}

/// The first row of a query, if it has one.
pub(in crate::statements) async fn first(context: &Context, plan: LogicalPlan) -> Result<Option<RecordBatch>> {
    let physical = context.engine.create_physical_plan(&plan).await?;
    let mut rows = execute_stream(physical, context.task())?;
    while let Some(batch) = rows.try_next().await? {
        if batch.num_rows() > 0 {
            return Ok(Some(batch));
        }
    }
    Ok(None)
}

fn violation(context: &Context, relation: &RelationRecord, key: &Key, row: &RecordBatch) -> Result<Error> {
    let message = format!("duplicate key value violates unique constraint \"{}\"", key.name);
    let subject = Subject {
        schema: relation.schema.clone(),
        table: relation.name.clone(),
        constraint: Some(key.name.clone()),
        ..Subject::default()
    };
    let detail = format!("{} already exists.", told(context, &key.columns, row)?);
    Ok(Error::new(SqlState::UniqueViolation, message).with_detail(detail).about(subject))
}

/// `Key (a, b)=(1, x)`, as Postgres prints the values.
pub(in crate::statements) fn told(context: &Context, columns: &[String], row: &RecordBatch) -> Result<String> {
    let zone = context.engine.config_options().execution.time_zone.as_deref().unwrap_or("UTC");
    let zone: Tz = zone.parse().map_err(|_| Error::internal(format!("the time zone {zone} is unknown")))?;
    let schema = row.schema();
    let text = |(field, values): (&Arc<_>, _)| {
        let column = output::Column::new(values, &output::ColumnType::of(field)?, zone)?;
        Ok(column.text(0).unwrap_or_else(|| "null".to_owned()))
    };
    let values = schema.fields().iter().zip(row.columns()).map(text).collect::<Result<Vec<_>>>()?;
    let columns: Vec<String> = columns.iter().map(|column| quote_identifier(column)).collect();
    Ok(format!("Key ({})=({})", columns.join(", "), values.join(", ")))
}
