//! sqlx: prepares and describes every statement, asks the catalog for types it does not know, pools connections.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use futures::TryStreamExt;
use journeydb_clients::{ENDLESS, Failure, Probe, equal, rows, url};
use sqlx::postgres::{PgPool, PgPoolCopyExt, PgPoolOptions};
use sqlx::types::Decimal;
use sqlx::{Acquire, Column, Executor, Row, TypeInfo};

fn state<T>(result: Result<T, sqlx::Error>) -> String {
    match result {
        Ok(_) => "no error".to_owned(),
        Err(error) => {
            let code = error.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned());
            code.unwrap_or_else(|| error.to_string())
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let pool = PgPoolOptions::new().max_connections(3).connect_lazy(&url())?;
    let mut probe = Probe::default();
    probe.check("connect", connect(&pool)).await;
    probe.check("read", names(&pool, "SELECT name FROM probe.items ORDER BY id", &["one", "two", "three"])).await;
    probe.check("types", types(&pool)).await;
    probe.check("parameters", parameters(&pool)).await;
    probe.check("nulls", nulls(&pool)).await;
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'probe' AND table_type = 'BASE TABLE' ORDER BY 1";
    probe.check("tables", names(&pool, tables, &["items", "kinds"])).await;
    let views = "SELECT viewname::text FROM pg_views WHERE schemaname = 'probe' ORDER BY 1";
    probe.check("views", names(&pool, views, &["expressions", "filled"])).await;
    let functions = "SELECT DISTINCT proname::text FROM pg_proc WHERE proname IN ('funnel', 'velocity') ORDER BY 1";
    probe.check("functions", names(&pool, functions, &["funnel", "velocity"])).await;
    probe.check("columns", columns(&pool)).await;
    probe.check("prepared", prepared(&pool)).await;
    probe.check("big_result", big_result(&pool)).await;
    probe.check("transaction", transaction(&pool)).await;
    probe.check("savepoint", savepoint(&pool)).await;
    probe.check("copy_in", copy_in(&pool)).await;
    probe.check("copy_out", copy_out(&pool)).await;
    probe.check("errors", errors(&pool)).await;
    probe.check("timeout", timeout(&pool)).await;
    probe.check("load", load(&pool)).await;
    probe.check("temp_table", temp_table(&pool)).await;
    probe.finish();
    Ok(())
}

async fn connect(pool: &PgPool) -> Result<(), Failure> {
    equal(sqlx::query_scalar::<_, i32>("SELECT 1::integer").fetch_one(pool).await?, 1)
}

async fn names(pool: &PgPool, sql: &str, expected: &[&str]) -> Result<(), Failure> {
    let found: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await?;
    equal(found, expected.iter().map(|name| (*name).to_owned()).collect())
}

async fn types(pool: &PgPool) -> Result<(), Failure> {
    let row = sqlx::query("SELECT * FROM probe.kinds WHERE id = $1").bind(1i32).fetch_one(pool).await?;
    let instant: DateTime<Utc> = "2024-02-29T12:34:56.789012Z".parse()?;
    equal(
        (row.get::<bool, _>("flag"), row.get::<i16, _>("small"), row.get::<i32, _>("whole")),
        (true, i16::MIN, i32::MAX),
    )?;
    equal((row.get::<i64, _>("big"), row.get::<f32, _>("single"), row.get::<f64, _>("double")), (i64::MIN, 1.5, 0.1))?;
    equal(row.get::<Decimal, _>("money").to_string(), "1234567890.12".to_owned())?;
    equal(row.get::<Vec<u8>, _>("bytes"), vec![0, 255, 16])?;
    equal(Some(row.get::<NaiveDate, _>("day")), NaiveDate::from_ymd_opt(2024, 2, 29))?;
    equal(row.get::<NaiveDateTime, _>("moment"), instant.naive_utc())?;
    equal(row.get::<DateTime<Utc>, _>("instant"), instant)?;
    let row = sqlx::query("SELECT clock, numbers, texts FROM probe.expressions").fetch_one(pool).await?;
    equal(Some(row.get::<NaiveTime, _>(0)), NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999))?;
    equal(row.get::<Vec<Option<i32>>, _>(1), vec![Some(1), Some(2), None])?;
    equal(row.get::<Vec<String>, _>(2), vec!["a".to_owned(), "b c".to_owned()])
}

async fn parameters(pool: &PgPool) -> Result<(), Failure> {
    let found =
        sqlx::query_scalar::<_, String>("SELECT name FROM probe.items WHERE id = $1 AND price < $2 AND name LIKE $3");
    equal(found.bind(2i64).bind(Decimal::new(35, 1)).bind("t%").fetch_one(pool).await?, "two".to_owned())?;
    let found = sqlx::query_scalar::<_, i64>("SELECT id FROM probe.items WHERE id = ANY($1) ORDER BY id");
    equal(found.bind(vec![1i64, 3]).fetch_all(pool).await?, vec![1, 3])
}

async fn nulls(pool: &PgPool) -> Result<(), Failure> {
    let row = sqlx::query("SELECT words, instant, money FROM probe.kinds WHERE id = 2").fetch_one(pool).await?;
    let found =
        (row.get::<Option<String>, _>(0), row.get::<Option<DateTime<Utc>>, _>(1), row.get::<Option<Decimal>, _>(2));
    equal(found, (None, None, None))?;
    let found =
        sqlx::query_scalar::<_, String>("SELECT coalesce($1, 'none')").bind(None::<String>).fetch_one(pool).await?;
    equal(found, "none".to_owned())
}

async fn columns(pool: &PgPool) -> Result<(), Failure> {
    let row = sqlx::query("SELECT id, name, price FROM probe.items LIMIT 1").fetch_one(pool).await?;
    let columns: Vec<_> = row.columns().iter().map(|c| (c.name(), c.type_info().name())).collect();
    equal(columns, vec![("id", "INT8"), ("name", "TEXT"), ("price", "NUMERIC")])
}

async fn prepared(pool: &PgPool) -> Result<(), Failure> {
    for (id, name) in [(1i64, "one"), (2, "two"), (3, "three")] {
        let found = sqlx::query_scalar::<_, String>("SELECT name FROM probe.items WHERE id = $1")
            .bind(id)
            .fetch_one(pool)
            .await?;
        equal(found.as_str(), name)?;
    }
    Ok(())
}

async fn big_result(pool: &PgPool) -> Result<(), Failure> {
    let mut stream =
        sqlx::query_scalar::<_, i64>("SELECT n FROM generate_series(1, $1) AS a(n)").bind(rows()).fetch(pool);
    let mut total = 0;
    while let Some(n) = stream.try_next().await? {
        total += n;
    }
    equal(total, rows() * (rows() + 1) / 2)
}

async fn transaction(pool: &PgPool) -> Result<(), Failure> {
    let mut transaction = pool.begin().await?;
    let deleted = sqlx::query("DELETE FROM probe.items WHERE id = $1").bind(1i64).execute(&mut *transaction).await?;
    equal(deleted.rows_affected(), 1)?;
    transaction.rollback().await?;
    equal(sqlx::query_scalar::<_, i64>("SELECT count(*) FROM probe.items").fetch_one(pool).await?, 3)
}

async fn savepoint(pool: &PgPool) -> Result<(), Failure> {
    let mut transaction = pool.begin().await?;
    let mut inner = transaction.begin().await?;
    equal(state((&mut *inner).execute("SELECT 1 / 0").await), "22012".to_owned())?;
    inner.rollback().await?;
    equal(sqlx::query_scalar::<_, i64>("SELECT count(*) FROM probe.items").fetch_one(&mut *transaction).await?, 3)
}

async fn copy_in(pool: &PgPool) -> Result<(), Failure> {
    pool.execute("DROP TABLE IF EXISTS probe.copied").await?;
    pool.execute("CREATE TABLE probe.copied (id integer, name text)").await?;
    let mut copy = pool.copy_in_raw("COPY probe.copied FROM STDIN").await?;
    copy.send(&b"1\tone\n2\t\\N\n"[..]).await?;
    equal(copy.finish().await?, 2)?;
    pool.execute("DROP TABLE probe.copied").await?;
    Ok(())
}

async fn copy_out(pool: &PgPool) -> Result<(), Failure> {
    let mut stream = pool.copy_out_raw("COPY (SELECT id, name FROM probe.items ORDER BY id) TO STDOUT").await?;
    let mut out = Vec::new();
    while let Some(chunk) = stream.try_next().await? {
        out.extend_from_slice(&chunk);
    }
    equal(String::from_utf8(out)?, "1\tone\n2\ttwo\n3\tthree\n".to_owned())
}

async fn errors(pool: &PgPool) -> Result<(), Failure> {
    for (sql, code) in [("SELECT 1 FROM nowhere", "42P01"), ("SELEC 1", "42601"), ("SELECT 1 / 0", "22012")] {
        equal(state(sqlx::query(sql).fetch_all(pool).await), code.to_owned())?;
    }
    Ok(())
}

async fn timeout(pool: &PgPool) -> Result<(), Failure> {
    let mut connection = pool.acquire().await?.detach();
    (&mut connection).execute("SET statement_timeout = '300ms'").await?;
    equal(state(sqlx::query(ENDLESS).fetch_all(&mut connection).await), "57014".to_owned())
}

async fn load(pool: &PgPool) -> Result<(), Failure> {
    pool.execute("DROP TABLE IF EXISTS probe.loaded").await?;
    pool.execute("CREATE TABLE probe.loaded (id integer, name text)").await?;
    for id in 0..50i32 {
        sqlx::query("INSERT INTO probe.loaded VALUES ($1, $2)")
            .bind(id)
            .bind(format!("name {id}"))
            .execute(pool)
            .await?;
    }
    equal(sqlx::query_scalar::<_, i64>("SELECT count(*) FROM probe.loaded").fetch_one(pool).await?, 50)?;
    pool.execute("DROP TABLE probe.loaded").await?;
    Ok(())
}

async fn temp_table(pool: &PgPool) -> Result<(), Failure> {
    let mut connection = pool.acquire().await?;
    (&mut *connection).execute("CREATE TEMP TABLE mine (id integer)").await?;
    sqlx::query("INSERT INTO mine VALUES ($1)").bind(7i32).execute(&mut *connection).await?;
    equal(sqlx::query_scalar::<_, i32>("SELECT id FROM mine").fetch_one(&mut *connection).await?, 7)
}
