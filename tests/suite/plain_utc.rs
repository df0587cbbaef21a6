//! Moments of UTC are truncated to the same values with the rule as by the engine alone, whatever clause they stand in.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray, TimestampNanosecondArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::execution::SessionStateBuilder;
use datafusion::optimizer::{Analyzer, AnalyzerRule};
use datafusion::prelude::SessionContext;
use journeydb::rules;
use rand::{RngExt, SeedableRng};

type Rules = Vec<Arc<dyn AnalyzerRule + Send + Sync>>;

/// Moments from 1700 to 2200 (the engine truncates in nanoseconds, which begin in 1677), the edges of days, months and years among them, in UTC under both its names, in a zone with
/// an offset, and in nanoseconds.
fn moments() -> RecordBatch {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let second = 1_000_000;
    let mut micros: Vec<Option<i64>> =
        (0..3000).map(|_| Some(random.random_range(-8_520_336_000 * second..7_258_118_400 * second))).collect();
    micros.extend([None, Some(0), Some(-1), Some(1)]);
    for edge in ["1999-12-31T23:59:59.999999Z", "2000-01-01T00:00:00Z", "2024-02-29T12:00:00Z", "2024-03-01T00:00:00Z"]
    {
        micros.push(Some(edge.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_micros()));
    }
    let nanos = micros.iter().map(|micros| micros.map(|micros| micros * 1000 + 7)).collect::<Vec<_>>();
    let zoned = |zone: &str| Arc::new(TimestampMicrosecondArray::from(micros.clone()).with_timezone(zone)) as ArrayRef;
    let nanos = Arc::new(TimestampNanosecondArray::from(nanos).with_timezone("UTC")) as ArrayRef;
    RecordBatch::try_from_iter_with_nullable([
        ("utc", zoned("UTC"), true),
        ("zero", zoned("+00:00"), true),
        ("berlin", zoned("Europe/Berlin"), true),
        ("nano", nanos, true),
    ])
    .unwrap()
}

async fn run(rules: Rules, sql: &str) -> String {
    let state = SessionStateBuilder::new().with_default_features().with_analyzer_rules(rules).build();
    let context = SessionContext::new_with_state(state);
    context.register_batch("moments", moments()).unwrap();
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}

async fn plan(sql: &str) -> String {
    run(rules::analyzer(Analyzer::new().rules), &format!("EXPLAIN {sql}")).await
}

async fn same(sql: &str) {
    let with = run(rules::analyzer(Analyzer::new().rules), sql).await;
    let without = run(Analyzer::new().rules, sql).await;
    assert!(with.lines().count() > 4, "{sql}: {with}");
    assert_eq!(with, without, "{sql}");
}

#[tokio::test]
async fn the_values_and_names_are_the_engines() {
    for precision in ["microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"] {
        for moment in ["utc", "zero", "berlin", "nano"] {
            same(&format!("SELECT {moment}, date_trunc('{precision}', {moment}) FROM moments ORDER BY 1, 2")).await;
        }
    }
    for moment in ["utc", "zero", "berlin", "nano"] {
        same(&format!("SELECT {moment}, CAST({moment} AS DATE) AS day FROM moments ORDER BY 1, 2")).await;
    }
}

#[tokio::test]
async fn in_every_clause() {
    for sql in [
        "SELECT date_trunc('year', utc), count(*) FROM moments GROUP BY date_trunc('year', utc) ORDER BY 1",
        "SELECT CAST(date_trunc('month', utc) AS DATE), count(*) FROM moments GROUP BY 1 HAVING count(*) > 0 ORDER BY 1",
        "SELECT utc FROM moments WHERE date_trunc('year', utc) >= '1900-01-01T00:00:00Z' ORDER BY 1",
        "SELECT utc FROM moments WHERE CAST(utc AS DATE) BETWEEN '1900-01-01' AND '1950-01-01' ORDER BY utc",
        "SELECT utc FROM moments ORDER BY date_trunc('quarter', utc), utc",
        "SELECT a.utc, b.utc FROM moments a JOIN moments b ON date_trunc('month', a.utc) = date_trunc('month', b.utc)
         WHERE a.utc < b.utc ORDER BY 1, 2",
        "SELECT utc, rank() OVER (PARTITION BY date_trunc('year', utc) ORDER BY CAST(utc AS DATE)) FROM moments ORDER BY 1, 2",
        "SELECT (SELECT max(date_trunc('year', utc)) FROM moments), utc FROM moments ORDER BY 2",
    ] {
        same(sql).await;
    }
}

#[tokio::test]
async fn only_utc_is_taken_for_plain() {
    let trunc = |moment: &str| format!("SELECT date_trunc('month', {moment}), CAST({moment} AS DATE) FROM moments");
    assert!(plan(&trunc("utc")).await.contains("CAST(moments.utc AS Timestamp(µs))"), "{}", plan(&trunc("utc")).await);
    assert!(!plan(&trunc("berlin")).await.contains("AS Timestamp(µs))"), "{}", plan(&trunc("berlin")).await);
}
