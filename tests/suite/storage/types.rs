//! Every column type, from its least value to its greatest: stored, read back, found by a filter, answered from
//! statistics.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int16Array, Int32Array, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Int64Type, Schema};
use arrow::util::display::array_value_to_string;
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use journeydb::storage::{Home, Table};

use super::{query, stream};

fn every_type() -> RecordBatch {
    let long = format!("{}z", "ü".repeat(80));
    let highest = "\u{10FFFF}".repeat(80);
    let texts = vec![Some(""), Some(&highest), Some("it's \"quoted\"\n"), None, Some(&long)];
    let binary: Vec<Option<&[u8]>> = vec![Some(b""), Some(&[0, 255]), Some(b"x"), None, Some(&[128])];
    let instants = vec![Some(i64::MIN), Some(i64::MAX), Some(0), None, Some(1_700_000_000_000_001)];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("boolean", Arc::new(BooleanArray::from(vec![Some(true), Some(false), Some(true), None, Some(true)]))),
        ("smallint", Arc::new(Int16Array::from(vec![Some(i16::MIN), Some(i16::MAX), Some(0), None, Some(7)]))),
        ("integer", Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(i32::MAX), Some(0), None, Some(7)]))),
        ("bigint", Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), Some(0), None, Some(7)]))),
        ("real", Arc::new(Float32Array::from(vec![Some(f32::MIN), Some(f32::INFINITY), Some(-0.0), None, Some(0.1)]))),
        ("double", Arc::new(Float64Array::from(vec![Some(f64::MIN), Some(f64::NAN), Some(-0.0), None, Some(0.1)]))),
        ("text", Arc::new(StringViewArray::from(texts))),
        ("bytea", Arc::new(BinaryViewArray::from(binary))),
        ("date", Arc::new(Date32Array::from(vec![Some(i32::MIN), Some(i32::MAX), Some(0), None, Some(19_000)]))),
        ("timestamptz", Arc::new(TimestampMicrosecondArray::from(instants.clone()).with_timezone("UTC"))),
        ("timestamp", Arc::new(TimestampMicrosecondArray::from(instants))),
        ("money", decimals(vec![Some(-999_999_999_999), Some(999_999_999_999), Some(0), None, Some(1234)], 12, 2)),
        (
            "numeric",
            decimals(vec![Some(-(10i128.pow(38) - 1)), Some(10i128.pow(38) - 1), Some(0), None, Some(5)], 38, 10),
        ),
    ];
    let fields = columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, column)| column).collect()).unwrap()
}

fn decimals(values: Vec<Option<i128>>, precision: u8, scale: i8) -> ArrayRef {
    Arc::new(Decimal128Array::from(values).with_precision_and_scale(precision, scale).unwrap())
}

async fn stored(home: &Home, rows: &RecordBatch) -> Arc<Table> {
    let table = home.create_table("t", rows.schema()).await.unwrap();
    home.commit(vec![table.stage_append(&table.snapshot(), stream(vec![rows.clone()])).await.unwrap()]).await.unwrap();
    table
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_comes_back_as_it_went_in() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let rows = every_type();
    let table = stored(&home, &rows).await;
    let (log, checkpoint) = (home.open_table("t").await.unwrap(), table.checkpoint().await);
    checkpoint.unwrap();
    for table in [&table, &log, &home.open_table("t").await.unwrap()] {
        assert_eq!(table.schema(), rows.schema());
        assert_eq!(table.snapshot().files(), log.snapshot().files());
        let read = query(table, table.snapshot(), "SELECT * FROM t").await;
        let read = concat_batches(&read[0].schema(), &read).unwrap();
        for column in rows.schema().fields() {
            let (left, right) =
                (rows.column_by_name(column.name()).unwrap(), read.column_by_name(column.name()).unwrap());
            assert_eq!(left.to_data(), right.to_data(), "{column}");
        }
    }
}

/// One file per row, so that pruning has something to leave out: each value is found in its own file, by a filter that
/// statistics could answer wrongly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pruning_leaves_no_row_out() {
    let home = Home::in_memory().unwrap();
    let rows = every_type();
    let table = home.create_table("t", rows.schema()).await.unwrap();
    for row in 0..rows.num_rows() {
        let one = stream(vec![rows.slice(row, 1)]);
        home.commit(vec![table.stage_append(&table.snapshot(), one).await.unwrap()]).await.unwrap();
    }
    let context = SessionContext::new();
    context.register_table("t", table.provider(table.snapshot())).unwrap();
    context.register_batch("whole", rows.clone()).unwrap();
    for column in rows.schema().fields() {
        let name = column.name();
        for comparison in ["=", "<", ">", "<=", ">=", "<>", "IS DISTINCT FROM"] {
            let count = |from: &str, row: i64| {
                format!(
                    "SELECT count(*) FROM {from} WHERE {name} {comparison} (SELECT {name} FROM whole LIMIT 1 OFFSET {row})"
                )
            };
            for row in [0, 1, 2, 4] {
                assert_eq!(
                    number(&context, &count("t", row)).await,
                    number(&context, &count("whole", row)).await,
                    "{name} {comparison} {}",
                    array_value_to_string(rows.column_by_name(name).unwrap(), row as usize).unwrap_or_default()
                );
            }
        }
        let nulls = format!("SELECT count(*) FROM t WHERE {name} IS NULL");
        assert_eq!(number(&context, &nulls).await, 1, "{name}");
    }
}

/// The same with the values in the text, where the planner sees them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn literals_prune_files_and_lose_no_row() {
    let home = Home::in_memory().unwrap();
    let rows = every_type();
    let table = home.create_table("t", rows.schema()).await.unwrap();
    for row in 0..rows.num_rows() {
        let one = stream(vec![rows.slice(row, 1)]);
        home.commit(vec![table.stage_append(&table.snapshot(), one).await.unwrap()]).await.unwrap();
    }
    let context = SessionContext::new();
    context.register_table("t", table.provider(table.snapshot())).unwrap();
    for (condition, expected) in [
        ("integer = 7", 1),
        ("integer > 0", 2),
        ("double > 5", 1),
        ("double > 0", 2),
        ("NOT double < 5", 1),
        ("real > 5", 1),
        ("text > 'zzz'", 2),
        ("text LIKE 'üüü%'", 1),
        ("text = ''", 1),
        ("timestamp > '2023-11-14'", 2),
        ("timestamptz >= '2023-11-14T22:13:20.000001Z'", 2),
        ("timestamptz > '2023-11-14T22:13:20.000001Z'", 1),
        ("timestamp = '2023-11-14T22:13:20.000001'", 1),
        ("date < '1970-01-01'", 1),
        ("money = 12.34", 1),
        ("numeric > 1", 1),
        ("boolean", 3),
    ] {
        assert_eq!(
            number(&context, &format!("SELECT count(*) FROM t WHERE {condition}")).await,
            expected,
            "{condition}"
        );
    }
    let plan = context.sql("EXPLAIN SELECT * FROM t WHERE integer = 7").await.unwrap().collect().await.unwrap();
    let plan = pretty_format_batches(&plan).unwrap().to_string();
    assert!(plan.contains("pruning_predicate"), "{plan}");
    assert_eq!(plan.matches(".parquet").count(), 1, "{plan}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_and_bounds_are_answered_from_the_log() {
    let home = Home::in_memory().unwrap();
    let table = stored(&home, &every_type()).await;
    let context = SessionContext::new();
    context.register_table("t", table.provider(table.snapshot())).unwrap();
    for (select, read) in [
        ("count(*)", false),
        ("count(integer)", false),
        ("min(integer), max(smallint)", false),
        ("max(money)", false),
        // Their bounds are not what the rows hold: cut, rounded, or a NaN.
        ("max(text)", true),
        ("max(double)", true),
        ("max(timestamptz)", true),
        ("max(numeric)", true),
    ] {
        let sql = format!("EXPLAIN SELECT {select} FROM t");
        let plan = context.sql(&sql).await.unwrap().collect().await.unwrap();
        let plan = pretty_format_batches(&plan).unwrap().to_string();
        assert_eq!(plan.contains(".parquet"), read, "{plan}");
    }
    assert_eq!(number(&context, "SELECT count(*) FROM t").await, 5);
    assert_eq!(number(&context, "SELECT count(*) FROM t WHERE isnan((SELECT max(double) FROM t))").await, 5);
}

async fn number(context: &SessionContext, sql: &str) -> i64 {
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}
