//! What the scan of a sorted table says of its partitions is so: each is in order, holds one range of the first column, and all of
//! them together are the table.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::physical_expr::RangePartitioning;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};
use datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use futures::TryStreamExt;
use journeydb::model::AnyOrder;
use journeydb::storage::{Home, Sorting, Table};
use proptest::prelude::*;

use super::stream;

/// `amount bigint, account text, time bigint`: the order's columns are not the first.
fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("amount", DataType::Int64, true),
        Field::new("account", DataType::Utf8View, true),
        Field::new("time", DataType::Int64, true),
    ]))
}

type Row = (Option<u8>, Option<i64>);

fn batch(rows: &[Row], first: i64) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(first..first + rows.len() as i64)),
        Arc::new(rows.iter().map(|(account, _)| account.map(|a| format!("{a:03}"))).collect::<StringViewArray>()),
        Arc::new(rows.iter().map(|(_, time)| *time).collect::<Int64Array>()),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

async fn table(home: &Home, writes: &[Vec<Row>]) -> Arc<Table> {
    let sorting = Sorting::new(vec!["account".into(), "time".into()], &schema()).unwrap();
    let table = home.create_sorted_table("t", schema(), Some(&sorting)).await.unwrap();
    let mut first = 0;
    for rows in writes {
        home.commit(vec![table.stage_append(&table.snapshot(), stream(vec![batch(rows, first)])).await.unwrap()])
            .await
            .unwrap();
        first += rows.len() as i64;
    }
    table
}

fn writes() -> impl Strategy<Value = Vec<Vec<Row>>> {
    // A write's accounts lie within a window, some of them over much of the table.
    let write = (0..200_u8, 1..56_u8, 1..120_usize).prop_flat_map(|(low, width, count)| {
        let account = prop_oneof![12 => (low..low.saturating_add(width)).prop_map(Some), 1 => Just(None)];
        let time = prop_oneof![12 => (0..9_i64).prop_map(Some), 1 => Just(None)];
        proptest::collection::vec((account, time), 1..count + 1)
    });
    proptest::collection::vec(write, 1..9)
}

/// The rows' order, NULL last.
fn sort_key(account: Option<&str>, time: Option<i64>) -> (bool, String, bool, i64) {
    (account.is_none(), account.unwrap_or_default().to_owned(), time.is_none(), time.unwrap_or_default())
}

fn keys(rows: &RecordBatch) -> Vec<(bool, String, bool, i64)> {
    let account = rows.column_by_name("account").unwrap();
    let account = account.as_any().downcast_ref::<StringViewArray>().unwrap();
    let time = rows.column_by_name("time").unwrap().as_any().downcast_ref::<Int64Array>().unwrap();
    account.iter().zip(time.iter()).map(|(account, time)| sort_key(account, time)).collect()
}

async fn partitions(plan: &Arc<dyn ExecutionPlan>, context: &SessionContext) -> Vec<RecordBatch> {
    let mut partitions = vec![];
    for partition in 0..plan.output_partitioning().partition_count() {
        let batches: Vec<_> = plan.execute(partition, context.task_ctx()).unwrap().try_collect().await.unwrap();
        partitions.push(concat_batches(&plan.schema(), &batches).unwrap());
    }
    partitions
}

async fn check(writes: Vec<Vec<Row>>, target: usize, batch_size: usize) {
    let home = Home::in_memory().unwrap();
    let table = table(&home, &writes).await;
    let config = SessionConfig::new().with_target_partitions(target).with_batch_size(batch_size);
    let context = SessionContext::new_with_config(config);
    let provider = table.provider(table.snapshot());
    let plan = provider.scan(&context.state(), Some(&vec![2, 1, 0]), &[], None).await.unwrap();
    let ordering = plan.output_ordering().expect("every file is in order").to_string();
    assert_eq!(ordering, "account@1 ASC NULLS LAST, time@0 ASC NULLS LAST");
    let Partitioning::Range(ranges) = plan.output_partitioning().clone() else {
        panic!("{}", plan.output_partitioning())
    };
    let in_order = partitions(&plan, &context).await;
    for (at, rows) in in_order.iter().enumerate() {
        assert!(keys(rows).is_sorted(), "partition {at} of {target}: {:?}", keys(rows));
    }
    let all: usize = writes.iter().map(Vec::len).sum();
    check_ranges(&in_order, &ranges, all);
    if let Some(released) = plan.with_new_state(Arc::new(AnyOrder)) {
        assert_eq!(released.output_ordering(), None);
        assert_eq!(released.output_partitioning(), plan.output_partitioning());
        check_ranges(&partitions(&released, &context).await, &ranges, all);
    }
    // A column that the order needs and the question doesn't, a filter, and a limit.
    let some =
        provider.scan(&context.state(), Some(&vec![0]), &[col("account").gt(lit("100"))], Some(5)).await.unwrap();
    assert_eq!(some.schema().fields().len(), 1);
    let found: usize = partitions(&some, &context).await.iter().map(|rows| rows.num_rows()).sum();
    assert!(found <= 5 * some.output_partitioning().partition_count());
}

/// Each row is there once, in the partition of its account.
fn check_ranges(partitions: &[RecordBatch], ranges: &RangePartitioning, count: usize) {
    let mut amounts: Vec<i64> = vec![];
    for (at, rows) in partitions.iter().enumerate() {
        let bound = |split: usize| {
            ranges.split_points().get(split).map(|split| match &split.values()[0] {
                ScalarValue::Utf8View(Some(text)) => (false, text.clone()),
                null => (null.is_null(), String::new()),
            })
        };
        for (unknown, account, ..) in &keys(rows) {
            let place = (*unknown, account.clone());
            assert!(at == 0 || bound(at - 1).is_some_and(|low| low <= place), "{account} is below partition {at}");
            assert!(bound(at).is_none_or(|high| place < high), "{account} is above partition {at}");
        }
        let column = rows.column_by_name("amount").unwrap().as_any().downcast_ref::<Int64Array>().unwrap();
        amounts.extend(column.values());
    }
    amounts.sort_unstable();
    assert_eq!(amounts, (0..count as i64).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn partitions_are_what_the_scan_says(
        writes in writes(),
        target in 1..9_usize,
        batch_size in prop_oneof![Just(1_usize), Just(3), Just(8192)],
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(check(writes, target, batch_size));
    }
}
