//! Integer arithmetic fails where its result doesn't fit, wherever the expression stands. The limits are those of two's
//! complement: 2^63 - 1, 2^31 - 1, 2^15 - 1.

use arrow::util::pretty::pretty_format_batches;
use datafusion::execution::SessionStateBuilder;
use datafusion::optimizer::Analyzer;
use datafusion::prelude::SessionContext;
use journeydb::{Error, SqlState, rules};

async fn run(sql: &str) -> Result<String, Error> {
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_analyzer_rules(rules::analyzer(Analyzer::new().rules))
        .build();
    let context = SessionContext::new_with_state(state);
    let rows = "(9223372036854775807, 2147483647, 32767), (1, 1, 1)";
    let columns = "b, CAST(i AS INT) i, CAST(s AS SMALLINT) s";
    context
        .sql(&format!("CREATE TABLE t AS SELECT {columns} FROM (VALUES {rows}) v(b, i, s)"))
        .await?
        .collect()
        .await?;
    let batches = context.sql(sql).await?.collect().await?;
    Ok(pretty_format_batches(&batches)?.to_string())
}

/// The one value of a query.
async fn value(sql: &str) -> String {
    let table = run(sql).await.unwrap();
    table.lines().nth(3).unwrap().trim_matches(['|', ' ']).to_owned()
}

async fn overflows(sql: &str, expected: &str) {
    let error = run(sql).await.expect_err(sql);
    assert_eq!((error.state(), error.message()), (SqlState::NumericValueOutOfRange, expected), "{sql}");
}

#[tokio::test]
async fn constants() {
    overflows("SELECT 9223372036854775807 + 1", "bigint out of range").await;
    overflows("SELECT -9223372036854775807 - 2", "bigint out of range").await;
    overflows("SELECT 4611686018427387904 * 2", "bigint out of range").await;
    overflows("SELECT CAST(2147483647 AS INT) + CAST(1 AS INT)", "integer out of range").await;
    overflows("SELECT CAST(32767 AS SMALLINT) * CAST(2 AS SMALLINT)", "smallint out of range").await;
    overflows("SELECT -(-9223372036854775807 - 1)", "bigint out of range").await;
}

#[tokio::test]
async fn columns_in_every_clause() {
    for sql in [
        "SELECT b + 1 FROM t",
        "SELECT -(-b - 1) FROM t",
        "SELECT count(*) FROM t WHERE b * 2 > 0",
        "SELECT max(b + 1) FROM t",
        "SELECT b + 1, count(*) FROM t GROUP BY b + 1",
        "SELECT b % 2, max(b) FROM t GROUP BY 1 HAVING max(b) + 1 > 0",
        "SELECT b FROM t ORDER BY b + 1",
        "SELECT count(*) FROM t JOIN t u ON t.b + 1 = u.b",
        "SELECT count(*) FROM t JOIN t u ON t.b + u.b > 0",
        "SELECT max(b) OVER (PARTITION BY b + 1) FROM t",
        "SELECT CASE WHEN b > 5 THEN b + 1 END FROM t",
        "SELECT (SELECT max(b + 1) FROM t)",
        "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM t u WHERE u.b + t.b > 0)",
    ] {
        overflows(sql, "bigint out of range").await;
    }
    overflows("SELECT i + i FROM t", "integer out of range").await;
    overflows("SELECT s * s FROM t", "smallint out of range").await;
}

#[tokio::test]
async fn sums() {
    for sql in [
        "SELECT sum(b) FROM t",
        "SELECT i % 2, sum(b) FROM t GROUP BY 1",
        "SELECT sum(b) + 0 FROM t",
        "SELECT sum(b) OVER () FROM t",
        "SELECT sum(b) OVER (ORDER BY b ROWS 1 PRECEDING) FROM t",
        "SELECT sum(CAST(CAST(b AS NUMERIC(20, 0)) AS BIGINT)) FROM t",
    ] {
        let error = run(sql).await.expect_err(sql);
        assert_eq!(error.state(), SqlState::NumericValueOutOfRange, "{sql}: {error}");
    }
}

#[tokio::test]
async fn what_fits_is_unchanged() {
    assert_eq!(value("SELECT 9223372036854775806 + 1").await, "9223372036854775807");
    assert_eq!(value("SELECT -9223372036854775807 - 1").await, "-9223372036854775808");
    assert_eq!(value("SELECT -9223372036854775808").await, "-9223372036854775808");
    assert_eq!(value("SELECT sum(b - 1) FROM t").await, "9223372036854775806");
    assert_eq!(
        value("SELECT sum(x) FROM (VALUES (9223372036854775807), (9223372036854775807), (-9223372036854775807)) v(x)")
            .await,
        "9223372036854775807"
    );
    assert_eq!(value("SELECT arrow_typeof(sum(b)) FROM t WHERE b < 5").await, "Int64");
    assert_eq!(value("SELECT sum(i) FROM t").await, "2147483648");
    assert_eq!(value("SELECT sum(b) FROM t WHERE false").await, "");
    assert_eq!(value("SELECT 1 + NULL").await, "");
    assert_eq!(value("SELECT CASE WHEN b < 5 THEN b + 1 ELSE b END FROM t ORDER BY b LIMIT 1").await, "2");
    assert_eq!(value("SELECT DATE '2026-01-31' + INTERVAL '1 day'").await, "2026-02-01");
    assert_eq!(value("SELECT 1.5 + 1.5").await, "3.0");
}

#[tokio::test]
async fn columns_keep_their_names() {
    let header = run("SELECT i + 1, -i, sum(b) - 1 * 2 FROM t WHERE b < 5 GROUP BY i").await.unwrap();
    let header = header.lines().nth(1).unwrap().to_owned();
    for name in ["t.i + Int64(1)", "(- t.i)", "sum(t.b) - Int64(1) * Int64(2)"] {
        assert!(header.contains(name), "{name} is not in {header}");
    }
}
