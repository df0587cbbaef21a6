//! A prepared statement that keeps its plan answers as one that is planned anew each time.

use arrow::util::pretty::pretty_format_batches;
use datafusion::scalar::ScalarValue;
use futures::{StreamExt, TryStreamExt};
use journeydb::{Database, Outcome, Prepared, Session};

async fn prepare(session: &Session, sql: &str) -> Prepared {
    session.prepare(&session.parse(sql).unwrap()[0], &[]).await.unwrap()
}

async fn run(session: &Session, sql: &str) {
    for statement in session.parse(sql).unwrap() {
        let prepared = session.prepare(&statement, &[]).await.unwrap();
        let Outcome::Rows(rows) = session.execute(&prepared, vec![]).await.unwrap() else { continue };
        rows.try_collect::<Vec<_>>().await.unwrap();
    }
}

async fn ask(session: &Session, prepared: &Prepared, values: &[ScalarValue]) -> Result<String, String> {
    let rows = match session.execute(prepared, values.to_vec()).await {
        Ok(Outcome::Rows(rows)) => rows,
        Ok(Outcome::Done(tag)) => return Ok(tag.to_string()),
        Err(error) => return Err(error.message().to_owned()),
        Ok(_) => panic!("nothing is copied"),
    };
    let batches: Vec<_> = rows.try_collect().await.map_err(|error| error.to_string())?;
    Ok(pretty_format_batches(&batches).unwrap().to_string())
}

/// Asks often enough to have a plan kept, if it can be.
async fn warm(session: &Session, sql: &str, values: &[ScalarValue]) -> Prepared {
    let prepared = prepare(session, sql).await;
    for _ in 0..3 {
        ask(session, &prepared, values).await.unwrap();
    }
    prepared
}

fn is_kept(prepared: &Prepared) -> bool {
    format!("{prepared:?}").contains("has_plan: true")
}

async fn database() -> (Database, Session) {
    let database = Database::in_memory().await.unwrap();
    let session = database.session();
    run(&session, "CREATE TABLE t AS SELECT n::bigint AS id, 'name ' || n AS name, CAST(n AS NUMERIC(12, 2)) / 4 AS price FROM generate_series(1, 1000) AS g(n)").await;
    run(&session, "CREATE VIEW v AS SELECT id, name FROM t WHERE id % 2 = 0").await;
    (database, session)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_plan_answers_for_any_values() {
    let (_database, session) = database().await;
    let texts = [
        "SELECT name, price FROM t WHERE id = $1",
        "SELECT count(*), sum(price) FROM t WHERE id < $1",
        "SELECT id, name FROM v WHERE id > $1 ORDER BY name DESC LIMIT 3",
        "SELECT a.id, b.name FROM t AS a JOIN v AS b ON a.id = b.id + 1 WHERE b.id < $1 ORDER BY 1",
        "SELECT (SELECT max(name) FROM v WHERE v.id < $1), id FROM t WHERE id = $1",
        "SELECT id % 3, count(*) FROM t WHERE id IN (SELECT id FROM v WHERE id > $1) GROUP BY 1 ORDER BY 1",
        "SELECT id, row_number() OVER (ORDER BY name) FROM t WHERE id < $1 ORDER BY 2 LIMIT 5",
        "SELECT DISTINCT id % 5 AS m FROM t WHERE id > $1 ORDER BY m",
    ];
    for text in texts {
        let kept = warm(&session, text, &[ScalarValue::Int64(Some(5))]).await;
        assert!(is_kept(&kept), "{text}");
        for value in [Some(5), Some(400), None, Some(-1), Some(999), Some(5)] {
            let values = [ScalarValue::Int64(value)];
            let anew = ask(&session, &prepare(&session, text).await, &values).await;
            assert_eq!(ask(&session, &kept, &values).await, anew, "{text}: {value:?}");
        }
        assert!(is_kept(&kept), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_another_type_is_compared_as_it_is() {
    let (_database, session) = database().await;
    let text = "SELECT count(*) FROM t WHERE price = $1";
    let prepared = prepare(&session, text).await;
    let quarter = |unscaled, scale| ScalarValue::Decimal128(Some(unscaled), 14, scale);
    for _ in 0..3 {
        assert!(ask(&session, &prepared, &[quarter(25, 2)]).await.unwrap().contains("| 1 "));
        // .253 is no quarter, whatever it is rounded to.
        assert!(ask(&session, &prepared, &[quarter(253, 3)]).await.unwrap().contains("| 0 "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_seen() {
    let (database, session) = database().await;
    let other = database.session();
    let count = warm(&session, "SELECT count(*) FROM v", &[]).await;
    let seen = async |rows: &str| {
        // Twice by the plan that has just been kept.
        for _ in 0..4 {
            let answer = ask(&session, &count, &[]).await.unwrap();
            assert!(answer.contains(&format!("| {rows} ")), "{rows}: {answer}");
        }
        assert!(is_kept(&count));
    };
    seen("500").await;
    run(&other, "INSERT INTO t VALUES (2000, 'x', 1)").await;
    seen("501").await;
    run(&other, "DELETE FROM t WHERE id < 11").await;
    seen("496").await;
    run(&other, "CREATE OR REPLACE VIEW v AS SELECT id, name FROM t WHERE id > 2000").await;
    seen("0").await;
    run(&other, "DROP VIEW v").await;
    assert!(ask(&session, &count, &[]).await.unwrap_err().contains("does not exist"));
    run(&other, "CREATE VIEW v AS SELECT id, name FROM t").await;
    seen("991").await;
    // A schema that comes first on the search path.
    run(&session, "CREATE SCHEMA mine; CREATE TABLE mine.v AS SELECT 1 AS id").await;
    run(&session, "SET search_path = mine, public").await;
    seen("1").await;
    run(&session, "RESET search_path").await;
    seen("991").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_reads_its_own_moment() {
    let (database, session) = database().await;
    let other = database.session();
    let count = warm(&session, "SELECT count(*) FROM t", &[]).await;
    let seen = async |rows: &str| {
        for _ in 0..3 {
            let answer = ask(&session, &count, &[]).await.unwrap();
            assert!(answer.contains(&format!("| {rows} ")), "{rows}: {answer}");
        }
    };
    run(&session, "BEGIN").await;
    seen("1000").await;
    run(&other, "INSERT INTO t VALUES (2000, 'x', 1)").await;
    seen("1000").await;
    run(&session, "INSERT INTO t VALUES (2001, 'y', 1), (2002, 'z', 1)").await;
    seen("1002").await;
    run(&session, "ROLLBACK").await;
    seen("1001").await;
    run(&session, "BEGIN").await;
    assert!(ask(&session, &prepare(&session, "SELECT 1 / (id - id) FROM t").await, &[]).await.is_err());
    assert!(ask(&session, &count, &[]).await.unwrap_err().contains("aborted"));
    run(&session, "ROLLBACK").await;
    seen("1001").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_made_anew_now_and_then() {
    let (_database, session) = database().await;
    let count = warm(&session, "SELECT count(*) FROM t WHERE id <> $1", &[ScalarValue::Int64(Some(5))]).await;
    let mut kept = 0;
    for id in 0..300 {
        let rows = if (1..=1000).contains(&id) { 999 } else { 1000 };
        assert!(ask(&session, &count, &[ScalarValue::Int64(Some(id))]).await.unwrap().contains(&format!("| {rows} ")));
        kept += u32::from(is_kept(&count));
    }
    assert!((290..=300).contains(&kept), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_part_of_a_plan() {
    let (_database, session) = database().await;
    let zone =
        warm(&session, "SELECT CAST('2026-01-01 12:00:00' AS TIMESTAMPTZ) = '2026-01-01 12:00:00Z' AS same", &[]).await;
    let period = warm(&session, "SELECT current_setting('journey.period') AS p", &[]).await;
    assert!(is_kept(&zone) && is_kept(&period));
    assert!(ask(&session, &zone, &[]).await.unwrap().contains("true"));
    run(&session, "SET TIME ZONE 'Europe/Berlin'; SET journey.period = 'week'").await;
    for _ in 0..3 {
        assert!(ask(&session, &zone, &[]).await.unwrap().contains("false"));
        assert!(ask(&session, &period, &[]).await.unwrap().contains("week"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_for_who_may_read_what_it_reads() {
    let (_database, session) = database().await;
    let count = warm(&session, "SELECT count(*) FROM t", &[]).await;
    assert!(is_kept(&count));
    run(&session, "CREATE ROLE eve; SET ROLE eve").await;
    assert!(ask(&session, &count, &[]).await.unwrap_err().contains("permission denied"));
    run(&session, "RESET ROLE; GRANT USAGE ON SCHEMA public TO eve; GRANT SELECT ON t TO eve; SET ROLE eve").await;
    assert!(ask(&session, &count, &[]).await.unwrap().contains("1000"));
    run(&session, "RESET ROLE; REVOKE SELECT ON t FROM eve; SET ROLE eve").await;
    assert!(ask(&session, &count, &[]).await.unwrap_err().contains("permission denied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_statement_may_run_twice_at_a_time() {
    let (_database, session) = database().await;
    let prepared = warm(&session, "SELECT id FROM t WHERE id > $1 ORDER BY id", &[ScalarValue::Int64(Some(0))]).await;
    let start = async |value| match session.execute(&prepared, vec![ScalarValue::Int64(Some(value))]).await.unwrap() {
        Outcome::Rows(rows) => rows,
        _ => panic!("a query gives rows"),
    };
    let (mut one, mut two) = (start(0).await, start(990).await);
    let count = async |rows: &mut datafusion::execution::SendableRecordBatchStream| {
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            count += batch.unwrap().num_rows();
        }
        count
    };
    assert_eq!(count(&mut two).await, 10);
    assert_eq!(count(&mut one).await, 1000);
    // One that is not read to its end gives its plan back, too.
    drop(start(5).await);
    assert!(is_kept(&prepared));
    assert_eq!(count(&mut start(998).await).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_more_is_planned_anew() {
    let (_database, session) = database().await;
    run(&session, "CREATE TABLE large AS SELECT n FROM generate_series(1, 100001) AS g(n)").await;
    for (text, values) in [
        ("SELECT now() AS at", vec![]),
        ("SELECT count(*) FROM t WHERE current_date > '2020-01-01'", vec![]),
        ("SELECT count(*) FROM pg_class", vec![]),
        ("SELECT count(*) FROM large", vec![]),
        ("SELECT x FROM (VALUES ($1), (7::bigint)) AS v(x)", vec![ScalarValue::Int64(Some(3))]),
        ("SELECT id FROM t ORDER BY id LIMIT $1", vec![ScalarValue::Int64(Some(3))]),
    ] {
        assert!(!is_kept(&warm(&session, text, &values).await), "{text}");
    }
    let now = prepare(&session, "SELECT clock FROM (SELECT now() AS clock)").await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(ask(&session, &now, &[]).await.unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
}
