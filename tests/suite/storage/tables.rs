//! Create, append, rewrite, truncate, add a column, reopen.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::prelude::{SessionConfig, SessionContext};
use journeydb::SqlState;
use journeydb::storage::Home;

use super::{addresses, append, batch, ids, integers, query, schema, stage_delete, stream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_survive_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("journey/interactions", schema()).await.unwrap();
    assert_eq!(ids(&table).await, Vec::<i64>::new());
    append(&home, &table, 0..5).await.unwrap();
    append(&home, &table, 5..10).await.unwrap();
    assert_eq!(ids(&table).await, (0..10).collect::<Vec<_>>());
    assert_eq!(table.snapshot().rows(), Some(10));
    let written = table.snapshot();
    drop((home, table));

    let home = Home::open(folder.path()).await.unwrap();
    let table = home.open_table("journey/interactions").await.unwrap();
    assert_eq!(table.schema(), schema());
    assert_eq!(ids(&table).await, (0..10).collect::<Vec<_>>());
    assert_eq!(table.snapshot().files(), written.files());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory_is_a_database_too() {
    let home = Home::in_memory().unwrap();
    let table = home.create_table("public/T \"x\" é", schema()).await.unwrap();
    append(&home, &table, 0..5).await.unwrap();
    home.commit(vec![stage_delete(&table, "id < 2").await.unwrap()]).await.unwrap();
    assert_eq!(ids(&home.open_table("public/T \"x\" é").await.unwrap()).await, [2, 3, 4]);
    home.write_catalog(1, b"{}".to_vec()).await.unwrap();
    assert_eq!(home.read_catalog().await.unwrap(), Some((1, b"{}".to_vec())));
    home.drop_table("public/T \"x\" é").await.unwrap();
    let error = home.open_table("public/T \"x\" é").await.unwrap_err();
    assert_eq!(error.state(), SqlState::UndefinedTable, "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_stays_what_it_was() {
    let home = Home::in_memory().unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    append(&home, &table, 0..10).await.unwrap();
    let before = table.snapshot();
    home.commit(vec![stage_delete(&table, "id % 2 = 0").await.unwrap()]).await.unwrap();
    append(&home, &table, 10..12).await.unwrap();
    assert_eq!(ids(&table).await, [1, 3, 5, 7, 9, 10, 11]);
    assert_eq!(integers(&table, before, "SELECT id FROM t ORDER BY id").await, (0..10).collect::<Vec<_>>());
    home.commit(vec![table.stage_truncate(&table.snapshot())]).await.unwrap();
    assert_eq!(ids(&table).await, Vec::<i64>::new());
    assert_eq!(table.snapshot().rows(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_added_column_is_null_in_the_rows_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    append(&home, &table, 0..4).await.unwrap();
    let late = table.stage_append(&table.snapshot(), stream(vec![batch(4..5)])).await.unwrap();
    let column = Field::new("score", DataType::Float64, true);
    home.commit(vec![table.stage_add_column(&table.snapshot(), column.clone()).unwrap()]).await.unwrap();
    let error = home.commit(vec![late]).await.unwrap_err();
    assert_eq!(error.state(), SqlState::SerializationFailure, "{error}");
    let error = table.stage_add_column(&table.snapshot(), column).unwrap_err();
    assert_eq!(error.state(), SqlState::DuplicateColumn, "{error}");
    let error = table.stage_add_column(&table.snapshot(), Field::new("must", DataType::Int32, false)).unwrap_err();
    assert_eq!(error.state(), SqlState::NotNullViolation, "{error}");
    for table in [&table, &home.open_table("t").await.unwrap()] {
        let batches = query(table, table.snapshot(), "SELECT count(*), count(score), count(name) FROM t").await;
        let counts: Vec<i64> = batches[0].columns().iter().map(|c| c.as_primitive::<Int64Type>().value(0)).collect();
        assert_eq!(counts, [4, 0, 2]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_are_right_under_filters_and_in_pieces() {
    let home = Home::in_memory().unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    for start in 0..20 {
        append(&home, &table, (0..50).map(|row| start * 1000 + row)).await.unwrap();
    }
    let at = table.snapshot();
    let wrong = "SELECT id FROM a WHERE id <> _file * 1000 + _row";
    assert_eq!(integers(&table, Arc::clone(&at), wrong).await, Vec::<i64>::new());
    let far = "SELECT id FROM a WHERE id > 7040 AND _row > 45 AND id < 9000 ORDER BY id";
    let expected: Vec<i64> = [7046..7050, 8046..8050].into_iter().flatten().collect();
    assert_eq!(integers(&table, Arc::clone(&at), far).await, expected);
    let nameless =
        (0..20).flat_map(|start| (0..50).map(move |row| start * 1000 + row)).filter(|id| id % 3 == 0).count();
    assert_eq!(addresses(&table, at, "name IS NULL").await.len(), nameless as u64);
}

/// A file of two row groups, of which the filter leaves one out, read in several byte ranges at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_count_the_row_groups_that_are_not_read() {
    let home = Home::in_memory().unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    let rows = 1_100_000;
    let batches = (0..rows / 10_000).map(|part| batch(part * 10_000..(part + 1) * 10_000)).collect();
    home.commit(vec![table.stage_append(&table.snapshot(), stream(batches)).await.unwrap()]).await.unwrap();
    assert_eq!(table.snapshot().files().len(), 1);
    let config = SessionConfig::new().with_target_partitions(4).with_repartition_file_min_size(1);
    let context = SessionContext::new_with_config(config);
    context.register_table("a", table.addressed(table.snapshot())).unwrap();
    for (condition, count) in [("true", rows), ("id >= 1080000", 20_000), ("id < 10", 10)] {
        let sql = format!("SELECT count(*), count(*) FILTER (WHERE id = _row) FROM a WHERE {condition}");
        let batches = context.sql(&sql).await.unwrap().collect().await.unwrap();
        let counts: Vec<i64> = batches[0].columns().iter().map(|c| c.as_primitive::<Int64Type>().value(0)).collect();
        assert_eq!(counts, [count, count], "{condition}");
    }
    home.commit(vec![stage_delete(&table, "id % 11 > 0").await.unwrap()]).await.unwrap();
    let expected: Vec<i64> = (0..rows).step_by(11).collect();
    assert_eq!(ids(&table).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_do_not_fit_are_refused() {
    let home = Home::in_memory().unwrap();
    let table = home.create_table("journey/states", schema()).await.unwrap();
    let nulls = arrow::array::RecordBatch::try_from_iter_with_nullable([
        ("id", arrow::array::new_null_array(&DataType::Int64, 2), true),
        ("name", arrow::array::new_null_array(&DataType::Utf8View, 2), true),
    ]);
    let error = table.stage_append(&table.snapshot(), stream(vec![batch(0..3), nulls.unwrap()])).await.unwrap_err();
    assert_eq!(error.state(), SqlState::NotNullViolation);
    assert_eq!(error.message(), "null value in column \"id\" of relation \"states\" violates not-null constraint");
    let narrow = batch(0..3).project(&[0]).unwrap();
    let error = table.stage_append(&table.snapshot(), stream(vec![narrow])).await.unwrap_err();
    assert_eq!(error.state(), SqlState::DatatypeMismatch, "{error}");
    let swapped = batch(0..3).project(&[1, 0]).unwrap();
    let error = table.stage_append(&table.snapshot(), stream(vec![swapped])).await.unwrap_err();
    assert_eq!(error.state(), SqlState::DatatypeMismatch, "{error}");
    assert_eq!(table.snapshot().version(), 0);
    let nothing = table.stage_append(&table.snapshot(), stream(vec![batch([])])).await.unwrap();
    assert!(nothing.is_empty());
    home.commit(vec![nothing]).await.unwrap();
    assert_eq!(table.snapshot().version(), 0);
}
