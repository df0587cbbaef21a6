//! Every row of the table and every arm by type, provoked by real SQL. The states and texts are those of PostgreSQL 15
//! where it refuses the same statement; the places are counted by hand.

use std::collections::BTreeSet;

use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::*;

async fn context() -> SessionContext {
    let config = SessionConfig::new().set_bool("datafusion.sql_parser.collect_spans", true);
    let context = SessionContext::new_with_config(config);
    let table = "CREATE TABLE t(a INT NOT NULL, b TEXT, c DECIMAL(10, 2)) AS VALUES (1, 'x', 1.5)";
    context.sql(table).await.unwrap().collect().await.unwrap();
    context
}

async fn raised(context: &SessionContext, sql: &str) -> DataFusionError {
    match context.sql(sql).await {
        Err(error) => error,
        Ok(frame) => frame.collect().await.expect_err(sql),
    }
}

/// Statement, SQLSTATE and message.
const PROVOKED: &[(&str, &str, &str)] = &[
    ("SELECT nosuch FROM t", "42703", "column \"nosuch\" does not exist"),
    ("SELECT t.nosuch FROM t", "42703", "column t.nosuch does not exist"),
    ("SELECT u.a FROM t", "42P01", "missing FROM-clause entry for table \"u\""),
    ("SELECT x.* FROM t", "42P01", "missing FROM-clause entry for table \"x\""),
    ("SELECT a FROM t t1, t t2", "42702", "column reference \"a\" is ambiguous"),
    ("CREATE TABLE d(x INT, x INT)", "42701", "column \"x\" specified more than once"),
    ("INSERT INTO t(a, a) VALUES (1, 1)", "42701", "column \"a\" specified more than once"),
    ("SELECT a, a FROM t", "42701", "two columns have the same name"),
    (
        "WITH x AS (SELECT 1), x AS (SELECT 2) SELECT * FROM x",
        "42712",
        "WITH query name \"x\" specified more than once",
    ),
    ("SELECT * FROM nosuch", "42P01", "relation \"nosuch\" does not exist"),
    ("SELECT * FROM s.nosuch", "42P01", "relation \"s.nosuch\" does not exist"),
    ("UPDATE nosuch SET a = 1", "42P01", "relation \"nosuch\" does not exist"),
    ("DROP TABLE nosuch", "42P01", "relation \"nosuch\" does not exist"),
    ("CREATE TABLE t(a INT)", "42P07", "relation \"t\" already exists"),
    ("EXECUTE nosuch", "26000", "prepared statement 'nosuch' does not exist"),
    ("SELECT nofunc(1)", "42883", "function nofunc does not exist"),
    ("SELECT * FROM nofunc(1)", "42883", "function nofunc does not exist"),
    ("SELECT lower(1, 2)", "42883", "function lower(bigint, bigint) does not exist"),
    ("SELECT sqrt(DATE '2026-01-01')", "42883", "function sqrt(date) does not exist"),
    ("SELECT sum(b) FROM t", "42883", "function sum(text) does not exist"),
    ("SELECT avg(a, a) FROM t", "42883", "function avg(integer, integer) does not exist"),
    ("SELECT 'x' + 1", "42883", "operator does not exist: text + bigint"),
    ("SELECT DATE '2026-01-01' + DATE '2026-01-01'", "42883", "operator does not exist: date + date"),
    (
        "SELECT a FROM t WHERE a LIKE 1",
        "42883",
        "there isn't a common type to coerce Int32 and Int64 in LIKE expression",
    ),
    (
        "SELECT b, count(*) FROM t",
        "42803",
        "column \"t.b\" must appear in the GROUP BY clause or be used in an aggregate function",
    ),
    (
        "SELECT a FROM t HAVING a",
        "42803",
        "HAVING clause references: t.a must appear in the GROUP BY clause or be used in an aggregate function",
    ),
    (
        "SELECT a FROM t WHERE count(*) > 1",
        "42803",
        "aggregate functions are not allowed in the WHERE clause. Consider using HAVING instead",
    ),
    (
        "SELECT sum(count(*)) FROM t",
        "42803",
        "aggregate function calls cannot be nested: 'count(Int64(1))' is nested inside 'sum(count(Int64(1)) AS count(*))'",
    ),
    ("SELECT 1/0", "22012", "division by zero"),
    ("SELECT a % 0 FROM t", "22012", "division by zero"),
    ("SELECT CAST('x' AS INT)", "22P02", "invalid input syntax for type integer: \"x\""),
    ("SELECT CAST('1.5' AS INT)", "22P02", "invalid input syntax for type integer: \"1.5\""),
    ("SELECT CAST('' AS BIGINT)", "22P02", "invalid input syntax for type bigint: \"\""),
    ("SELECT CAST('99999999999' AS INT)", "22003", "value \"99999999999\" is out of range for type integer"),
    ("SELECT CAST('x' AS DOUBLE)", "22P02", "invalid input syntax for type double precision: \"x\""),
    ("SELECT CAST('x' AS BOOLEAN)", "22P02", "invalid input syntax for type boolean: \"x\""),
    ("SELECT CAST('soon' AS DATE)", "22007", "invalid input syntax for type date: \"soon\""),
    ("SELECT CAST('2026-13-01' AS DATE)", "22008", "date/time field value out of range: \"2026-13-01\""),
    ("SELECT TIMESTAMP 'x'", "22007", "invalid input syntax for type timestamp: \"x\""),
    ("SELECT TIMESTAMP '2026-01-32T00:00:00'", "22008", "date/time field value out of range: \"2026-01-32T00:00:00\""),
    ("SELECT INTERVAL 'x'", "22007", "invalid input syntax for type interval: \"x\""),
    ("SELECT CAST(3000000000 AS INT)", "22003", "integer out of range"),
    ("SELECT CAST(1e30 AS BIGINT)", "22003", "bigint out of range"),
    ("SELECT CAST(CAST(1e19 AS DECIMAL(20, 0)) AS BIGINT)", "22003", "bigint out of range"),
    ("SELECT CAST(123456789.5 AS DECIMAL(5,2))", "22003", "numeric field overflow"),
    ("SELECT factorial(30)", "22003", "overflow happened on FACTORIAL(30)"),
    ("INSERT INTO t VALUES (NULL, 'x', 1)", "23502", "null value in column \"column1\" violates not-null constraint"),
    (
        "SELECT (SELECT x FROM generate_series(1, 2) g(x))",
        "21000",
        "more than one row returned by a subquery used as an expression",
    ),
    ("SELECT regexp_replace('a', '(', 'b')", "2201B", "invalid regular expression: unclosed group"),
    ("SELECT 'a' ~ '('", "2201B", "invalid regular expression: unclosed group"),
    ("SELECT sqrt(-1)", "2201F", "cannot take square root of a negative number"),
    ("SELECT power(0, -1)", "2201F", "zero raised to a negative power is undefined"),
    ("SELECT extract(nosuch FROM TIMESTAMP '2026-01-01')", "22023", "date part 'nosuch' not supported"),
    ("SELECT substr('abc', 1, -1)", "22011", "negative substring length not allowed"),
    (
        "SELECT repeat('abc', 10000000000)",
        "54000",
        "string size overflow on repeat, max size is 2147483647, but got 30000000000",
    ),
    ("SELECT 1 UNION SELECT 1, 2", "42601", "UNION queries have different number of columns"),
    ("SELECT a FROM t ORDER BY 5", "42P10", "order by column out of bounds, specified: 5, max: 1"),
    ("SELECT a FROM t ORDER BY 0", "42P10", "order by index starts at 1 for column indexes"),
    (
        "SELECT a FROM t GROUP BY 5",
        "42P10",
        "cannot find column with position 5 in SELECT clause. Valid columns: 1 to 1",
    ),
    ("SELECT a FROM t LIMIT -1", "2201W", "LIMIT must not be negative"),
    ("SELECT a FROM t OFFSET -1", "2201W", "OFFSET must not be negative"),
    ("SELECT a FROM t LIMIT 'x'", "42804", "expected LIMIT to be an integer or null, but got Utf8"),
    ("SELECT a FROM t WHERE b", "42804", "a condition must be boolean, not text"),
    ("SELECT NOT a FROM t", "42804", "unary operator 'NOT' requires a boolean expression, got Int32"),
    (
        "SELECT a AND true FROM t",
        "42804",
        "cannot infer common argument type for logical boolean operation Int32 AND Boolean",
    ),
    ("SELECT '1'::nosuchtype", "42704", "type \"nosuchtype\" does not exist"),
    ("GRANT SELECT ON t TO x", "0A000", "unsupported SQL statement: GRANT SELECT ON t TO x"),
    ("SELECT $1", "42P02", "there is no parameter $1"),
    (
        "SELECT * FROM generate_series('x')",
        "22023",
        "argument #1 must be an INTEGER, TIMESTAMP, DATE or NULL, got Utf8",
    ),
    (
        "SELECT encode('x', 'nosuch')",
        "22023",
        "there is no built-in encoding named 'nosuch', currently supported encodings are: base64, base64pad, hex",
    ),
    (
        "SELECT approx_percentile_cont(a, 2) FROM t",
        "22023",
        "percentile value must be between 0.0 and 1.0 inclusive, 2 is invalid",
    ),
    (
        "SELECT a FROM t WHERE b LIKE 'x' ESCAPE 'xy'",
        "22023",
        "invalid escape character in LIKE expression. Expected a single character wrapped with single quotes, got 'xy'",
    ),
    (
        "SELECT max(a) OVER (ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM t",
        "42P20",
        "invalid window frame: start bound (1 FOLLOWING) cannot be larger than end bound (1 PRECEDING)",
    ),
    ("SELECT 'x", "42601", "Unterminated string literal at Line: 1, Column: 8"),
];

#[tokio::test]
async fn every_error_has_its_state_and_text() {
    let context = context().await;
    let mut wrong = Vec::new();
    for (sql, state, message) in PROVOKED {
        let error = Error::from(raised(&context, sql).await);
        if (error.state().code(), error.message()) != (*state, *message) {
            wrong.push(format!(
                "{sql}\n  expected {state} {message}\n  got      {} {}",
                error.state(),
                error.message()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_row_is_provoked() {
    let context = context().await;
    let mut provoked = BTreeSet::new();
    for (sql, ..) in PROVOKED {
        let text = raised(&context, sql).await.find_root().to_string();
        provoked.extend(WORDS.iter().position(|(words, ..)| text.contains(words)));
    }
    let idle = WORDS.iter().enumerate().filter(|(row, _)| !provoked.contains(row)).map(|(_, (words, ..))| *words);
    assert_eq!(idle.collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test]
async fn hints_name_what_was_meant() {
    let context = context().await;
    context.sql("CREATE TABLE w AS SELECT 1 AS account_id, 2 AS occurred_at").await.unwrap().collect().await.unwrap();
    for (sql, hint) in [
        ("SELECT acount_id FROM w", Some("perhaps you meant \"account_id\"")),
        ("SELECT revenue FROM w", Some("the columns are account_id, occurred_at")),
        ("SELECT lowr('a')", Some("perhaps you meant lower")),
        ("SELECT nofunc(1)", None),
        ("SELECT lower(1, 2)", Some("there is lower(String); cast the arguments to it")),
        ("SELECT CAST(123456789.5 AS DECIMAL(5,2))", Some("the column holds at most 999.99")),
    ] {
        assert_eq!(Error::from(raised(&context, sql).await).hint(), hint, "{sql}");
    }
}

#[tokio::test]
async fn places_are_counted_in_characters() {
    let context = context().await;
    for (sql, position) in [
        ("SELECT nosuch FROM t", Some(8)),
        ("SELECT 'ä',\n  nosuch FROM t", Some(15)),
        ("SELECT * FROM nosuch", Some(15)),
        ("SELECT nofunc(1)", Some(8)),
        ("SELECT 1/0", None),
    ] {
        assert_eq!(Error::from(raised(&context, sql).await).in_text(sql).position(), position, "{sql}");
    }
}

#[test]
fn an_error_of_our_own_stays_what_it_was() {
    let own = Error::new(SqlState::CheckViolation, "no").with_hint("do").at(3);
    let travelled = DataFusionError::from(own.clone()).context("somewhere");
    assert_eq!(Error::from(travelled), own);
    let inside = arrow::error::ArrowError::ExternalError(Box::new(DataFusionError::from(own.clone())));
    assert_eq!(Error::from(DataFusionError::from(inside)), own);
}

#[test]
fn type_names_are_sql_names() {
    assert_eq!(
        sql_types("f(Int64, UInt64, Utf8View, List(Float64))"),
        "f(bigint, UInt64, text, List(double precision))"
    );
}

#[test]
fn resources_and_files_have_states() {
    let exhausted = DataFusionError::ResourcesExhausted("no memory".to_owned());
    assert_eq!(Error::from(exhausted).state(), SqlState::OutOfMemory);
    let file = DataFusionError::IoError(std::io::Error::other("gone"));
    assert_eq!(Error::from(file).state(), SqlState::IoError);
    let broken = DataFusionError::Internal("bug".to_owned());
    assert_eq!(Error::from(broken).state(), SqlState::InternalError);
}
