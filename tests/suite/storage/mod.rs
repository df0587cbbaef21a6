//! Tables on disk: what is written is read, under any order of events.

mod compaction;
mod conflicts;
mod folder;
mod merging;
mod model;
mod owners;
mod power_cut;
mod python;
mod shadow;
mod tables;
mod together;
mod types;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionContext;
use journeydb::Result;
use journeydb::storage::{Home, RowAddresses, Snapshot, Staged, Table};

/// `id bigint not null, name text`
fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false), Field::new("name", DataType::Utf8View, true)]))
}

fn batch(ids: impl IntoIterator<Item = i64>) -> RecordBatch {
    let ids: Vec<i64> = ids.into_iter().collect();
    let names: StringViewArray = ids.iter().map(|id| (id % 3 > 0).then(|| format!("name {id}"))).collect();
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(ids)), Arc::new(names)];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn stream(batches: Vec<RecordBatch>) -> SendableRecordBatchStream {
    let schema = batches[0].schema();
    Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches.into_iter().map(Ok))))
}

async fn append(home: &Home, table: &Arc<Table>, ids: impl IntoIterator<Item = i64>) -> Result<()> {
    home.commit(vec![table.stage_append(&table.snapshot(), stream(vec![batch(ids)])).await?]).await
}

/// The rows of a query in which the table is `t` and its addressed form `a`.
async fn try_query(table: &Arc<Table>, at: Arc<Snapshot>, sql: &str) -> Result<Vec<RecordBatch>> {
    let context = SessionContext::new();
    context.register_table("t", table.provider(Arc::clone(&at)))?;
    context.register_table("a", table.addressed(at))?;
    Ok(context.sql(sql).await?.collect().await?)
}

/// The first column of a query's rows.
async fn try_integers(table: &Arc<Table>, at: Arc<Snapshot>, sql: &str) -> Result<Vec<i64>> {
    let batches = try_query(table, at, sql).await?;
    Ok(batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect())
}

async fn query(table: &Arc<Table>, at: Arc<Snapshot>, sql: &str) -> Vec<RecordBatch> {
    try_query(table, at, sql).await.unwrap()
}

async fn integers(table: &Arc<Table>, at: Arc<Snapshot>, sql: &str) -> Vec<i64> {
    try_integers(table, at, sql).await.unwrap()
}

async fn ids(table: &Arc<Table>) -> Vec<i64> {
    integers(table, table.snapshot(), "SELECT id FROM t ORDER BY id").await
}

/// The addresses of the rows that pass a condition.
async fn addresses(table: &Arc<Table>, at: Arc<Snapshot>, condition: &str) -> RowAddresses {
    let mut set = RowAddresses::new();
    for batch in query(table, at, &format!("SELECT _file, _row FROM a WHERE {condition}")).await {
        set.insert(batch.column(0), batch.column(1)).unwrap();
    }
    set
}

async fn stage_delete(table: &Arc<Table>, condition: &str) -> Result<Staged> {
    let at = table.snapshot();
    let removed = addresses(table, Arc::clone(&at), condition).await;
    table.stage_rewrite(at, removed, None).await
}
