//! A query that is dropped stops within a second, whichever operator it is in, and pacing changes no result.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::util::pretty::pretty_format_batches;
use datafusion::execution::SessionStateBuilder;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use journeydb::rules;
use proptest::prelude::*;
use tokio::runtime::Builder;

fn context(paced: bool, config: SessionConfig) -> SessionContext {
    let rules = PhysicalOptimizer::new().rules;
    let rules = if paced { rules::physical(rules) } else { rules };
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .with_physical_optimizer_rules(rules)
        .build();
    SessionContext::new_with_state(state)
}

/// Runs a query that would take minutes, drops it, and waits for the last of its tasks.
fn stops_within_a_second_with(config: SessionConfig, sql: &str) {
    // As the database's own workers: see there for the interval.
    let runtime = Builder::new_multi_thread().worker_threads(2).global_queue_interval(3).enable_all().build().unwrap();
    let context = context(true, config.with_target_partitions(2));
    let query = sql.to_owned();
    let running = runtime.spawn(async move { context.sql(&query).await?.collect().await });
    std::thread::sleep(Duration::from_millis(500));
    assert!(!running.is_finished(), "ended by itself: {:?}", runtime.block_on(running));
    running.abort();
    let asked = Instant::now();
    while runtime.metrics().num_alive_tasks() > 0 {
        assert!(asked.elapsed() < Duration::from_secs(1), "still running a second after it was dropped: {sql}");
        std::thread::sleep(Duration::from_millis(1));
    }
    runtime.shutdown_background();
}

fn stops_within_a_second(sql: &str) {
    stops_within_a_second_with(SessionConfig::new(), sql);
}

/// Tables whose join takes minutes, while one row of the longer against the wider takes milliseconds even unoptimised.
const WIDE: &str = "generate_series(1, 10000)";
const LONG: &str = "generate_series(1, 10000000)";
const ENDLESS: &str = "generate_series(1, 100000000000)";

#[test]
fn nested_loop_joins() {
    for join in ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"] {
        stops_within_a_second(&format!("SELECT count(*) FROM {WIDE} a(x) {join} {LONG} b(y) ON x + y < 0"));
    }
}

#[test]
fn nested_loop_semi_anti_and_mark_joins() {
    for condition in ["EXISTS", "NOT EXISTS", "x < 0 OR EXISTS"] {
        let inner = format!("(SELECT 1 FROM {LONG} b(y) WHERE x + y < 0)");
        stops_within_a_second(&format!("SELECT count(*) FROM {WIDE} a(x) WHERE {condition} {inner}"));
    }
}

#[test]
fn cross_joins() {
    stops_within_a_second(&format!("SELECT sum(x + y) FROM {WIDE} a(x), {LONG} b(y)"));
}

#[test]
fn hash_joins_on_one_hot_key() {
    let join = format!("FROM {WIDE} a(x) JOIN {LONG} b(y) ON x % 1 = y % 1");
    stops_within_a_second(&format!("SELECT sum(x + y) {join}"));
    stops_within_a_second(&format!("SELECT count(*) {join} AND x + y < 0"));
    stops_within_a_second(&format!(
        "SELECT count(*) FROM {WIDE} a(x) WHERE EXISTS (SELECT 1 FROM {LONG} b(y) WHERE x % 1 = y % 1 AND x + y < 0)"
    ));
}

#[test]
fn sort_merge_joins_on_one_hot_key() {
    let mut config = SessionConfig::new();
    config.options_mut().optimizer.prefer_hash_join = false;
    let join = format!("FROM {WIDE} a(x) JOIN {LONG} b(y) ON x % 1 = y % 1");
    stops_within_a_second_with(config.clone(), &format!("SELECT sum(x + y) {join}"));
    stops_within_a_second_with(config, &format!("SELECT count(*) {join} AND x + y < 0"));
}

#[test]
fn sorts() {
    stops_within_a_second(&format!("SELECT x FROM {ENDLESS} a(x) ORDER BY -x"));
}

#[test]
fn windows() {
    stops_within_a_second(&format!("SELECT sum(x) OVER (ORDER BY x ROWS 1000 PRECEDING) FROM {ENDLESS} a(x)"));
    stops_within_a_second(&format!("SELECT count(*) OVER (PARTITION BY x % 7 ORDER BY x) FROM {ENDLESS} a(x)"));
}

#[test]
fn aggregates() {
    stops_within_a_second(&format!("SELECT sum(x) FROM {ENDLESS} a(x)"));
    stops_within_a_second(&format!("SELECT x % 100000, count(*) FROM {ENDLESS} a(x) GROUP BY 1"));
    stops_within_a_second(&format!("SELECT count(DISTINCT x % 100000) FROM {ENDLESS} a(x)"));
}

#[test]
fn unions() {
    stops_within_a_second(&format!(
        "SELECT sum(x) FROM (SELECT x FROM {ENDLESS} a(x) UNION ALL SELECT -x FROM {ENDLESS} b(x))"
    ));
}

#[test]
fn recursive_queries() {
    stops_within_a_second("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t");
}

#[test]
fn unnested_lists() {
    stops_within_a_second(&format!("SELECT sum(y) FROM (SELECT unnest(range(0, 1000)) AS y FROM {ENDLESS} a(x))"));
}

#[tokio::test]
async fn explain_shows_where_a_query_is_paced() {
    let context = context(true, SessionConfig::new().with_target_partitions(1));
    let sql = "SELECT count(*) FROM generate_series(1, 9) a(x) JOIN generate_series(1, 9) b(y) ON x < y";
    let plan = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
    let plan: Vec<String> = displayable(plan.as_ref())
        .indent(false)
        .to_string()
        .lines()
        .map(|line| {
            line.trim().split("Exec").next().unwrap().to_owned()
                + line.trim().strip_prefix("PaceExec").unwrap_or_default()
        })
        .collect();
    // The build side comes first.
    let build = ["Pace: once", "Projection", "Pace", "LazyMemory"];
    let probe = ["Pace: sliced", "Projection", "Pace", "LazyMemory"];
    let expected = [&["Projection", "Pace", "Aggregate", "Pace", "NestedLoopJoin"][..], &build, &probe].concat();
    assert_eq!(plan, expected);
}

#[tokio::test]
async fn a_constant_needs_no_pace() {
    let context = context(true, SessionConfig::new());
    let plan = context.sql("SELECT 1").await.unwrap().create_physical_plan().await.unwrap();
    assert!(!displayable(plan.as_ref()).indent(false).to_string().contains("PaceExec"));
}

/// Every kind of join, over tables `a(k, x)` and `b(k, y)`.
const JOINS: &[&str] = &[
    "SELECT * FROM a JOIN b ON x < y",
    "SELECT * FROM a LEFT JOIN b ON x < y",
    "SELECT * FROM a RIGHT JOIN b ON x < y",
    "SELECT * FROM a FULL JOIN b ON x < y",
    "SELECT * FROM a, b",
    "SELECT * FROM a JOIN b ON a.k = b.k",
    "SELECT * FROM a LEFT JOIN b ON a.k = b.k AND x < y",
    "SELECT * FROM a RIGHT JOIN b ON a.k = b.k AND x < y",
    "SELECT * FROM a FULL JOIN b ON a.k = b.k AND x < y",
    "SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b WHERE x < y)",
    "SELECT * FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE x < y)",
    "SELECT * FROM a WHERE x < 2 OR EXISTS (SELECT 1 FROM b WHERE x < y)",
    "SELECT * FROM a WHERE k IN (SELECT k FROM b)",
    "SELECT * FROM a WHERE k NOT IN (SELECT k FROM b)",
    "SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b WHERE a.k = b.k AND x < y)",
    "SELECT * FROM a JOIN b USING (k) JOIN a c USING (k) ORDER BY k LIMIT 3",
    "SELECT k, unnest(make_array(x, x + 1)) FROM a",
];

async fn sorted_rows(paced: bool, hash: bool, a: &str, b: &str, sql: &str) -> Vec<String> {
    let mut config = SessionConfig::new().with_target_partitions(2).with_batch_size(4);
    config.options_mut().optimizer.prefer_hash_join = hash;
    let context = context(paced, config);
    for (name, column, rows) in [("a", "x", a), ("b", "y", b)] {
        let table = format!(
            "CREATE TABLE {name} AS SELECT nullif(k, -1) k, nullif(v, -1) {column} FROM (VALUES {rows}) t(k, v)"
        );
        context.sql(&table).await.unwrap().collect().await.unwrap();
    }
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    let mut rows: Vec<String> =
        pretty_format_batches(&batches).unwrap().to_string().lines().map(str::to_owned).collect();
    if sql.ends_with("LIMIT 3") {
        // Ties make the rows themselves a free choice; their keys are not.
        rows = rows.iter().map(|row| row.split('|').nth(1).unwrap_or_default().to_owned()).collect();
    }
    rows.sort();
    rows
}

fn rows() -> impl Strategy<Value = String> {
    let number = |limit: i64| prop::option::weighted(0.9, 0..limit);
    prop::collection::vec((number(4), number(6)), 1..12).prop_map(|rows| {
        let text = |number: Option<i64>| number.map_or("CAST(NULL AS BIGINT)".to_owned(), |n| n.to_string());
        let texts = rows.into_iter().map(|(key, value)| format!("({}, {})", text(key), text(value)));
        texts.collect::<Vec<_>>().join(", ")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pacing_changes_no_result(a in rows(), b in rows(), hash: bool, join in 0..JOINS.len()) {
        let runtime = Arc::new(tokio::runtime::Runtime::new().unwrap());
        let (plain, paced) = runtime.block_on(async {
            (sorted_rows(false, hash, &a, &b, JOINS[join]).await, sorted_rows(true, hash, &a, &b, JOINS[join]).await)
        });
        prop_assert_eq!(plain, paced, "{}", JOINS[join]);
    }
}
