//! The limit on memory: what can goes on on disk, what can't is told so, and kept columns make room.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use journeydb::{Database, SqlState};

const LIMIT: u64 = 64 << 20;

async fn number(database: &Database, sql: &str) -> i64 {
    database.sql(sql).await.unwrap()[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_keep_to_the_limit() {
    let database = Database::in_memory().await.unwrap();
    database.set_memory_limit(LIMIT);
    // A million rows with a text of thirty bytes take twice the limit.
    let rows = "(SELECT value AS n, (value * 7919) % 1000003 AS k, 'a text of some thirty bytes ' || value AS text FROM generate_series(1, 1000000))";
    let sorted = format!(
        "SELECT sum(n % 7) FROM (SELECT *, row_number() OVER (ORDER BY k, text) AS place FROM {rows} AS t) AS s WHERE place % 3 = 0 OR place % 3 > 0"
    );
    assert_eq!(number(&database, &sorted).await, (1..=1_000_000_i64).map(|n| n % 7).sum::<i64>());
    let joined = format!("SELECT count(*) FROM {rows} AS a JOIN {rows} AS b ON a.text = b.text AND a.k < b.n + 1e12");
    let error = database.sql(&joined).await.unwrap_err();
    assert_eq!(error.state(), SqlState::OutOfMemory, "{error}");
    assert!(error.message().contains("queries may hold 67108864 in all") && !error.message().contains('\n'), "{error}");
    assert_eq!(number(&database, "SELECT count(*) FROM generate_series(1, 10)").await, 10);
    let capacity = "SELECT capacity_bytes FROM pg_stat_column_cache";
    assert_eq!(number(&database, capacity).await as u64, LIMIT);
    database.set_memory_limit(u64::MAX);
    assert_eq!(number(&database, capacity).await, 1 << 30);
    assert_eq!(number(&database, &joined).await, 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_whose_sides_do_not_fit_ends() {
    let database = Database::in_memory().await.unwrap();
    database.set_memory_limit(LIMIT);
    let rows = "generate_series(1::bigint, 20000000)";
    for join in ["JOIN", "LEFT JOIN"] {
        let sql = format!("SELECT count(*) FROM {rows} AS a(n) {join} {rows} AS b(m) ON a.n + b.m = 0");
        let error = database.sql(&sql).await.unwrap_err();
        assert_eq!(error.state(), SqlState::OutOfMemory, "{error}");
    }
    assert_eq!(number(&database, "SELECT count(*) FROM generate_series(1, 10)").await, 10);
}
