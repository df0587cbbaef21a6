//! tokio-postgres: prepared statements, values in binary, portals, COPY, cancel.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use futures::{SinkExt, TryStreamExt, pin_mut};
use journeydb_clients::{ENDLESS, Failure, Probe, equal, rows, url};
use tokio_postgres::{Client, NoTls};

async fn connect() -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(&url(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn state<T>(result: Result<T, tokio_postgres::Error>) -> String {
    let code = |error: tokio_postgres::Error| error.code().map_or(error.to_string(), |code| code.code().to_owned());
    result.err().map_or("no error".to_owned(), code)
}

#[tokio::main]
async fn main() {
    let mut probe = Probe::default();
    probe
        .check("connect", async {
            equal(connect().await?.query_one("SELECT 1::integer", &[]).await?.get::<_, i32>(0), 1)
        })
        .await;
    probe.check("read", read()).await;
    probe.check("types", types()).await;
    probe.check("parameters", parameters()).await;
    probe.check("nulls", nulls()).await;
    probe.check("tables", names("SELECT table_name FROM information_schema.tables WHERE table_schema = 'probe' AND table_type = 'BASE TABLE' ORDER BY 1", &["items", "kinds"])).await;
    probe
        .check(
            "views",
            names("SELECT viewname FROM pg_views WHERE schemaname = 'probe' ORDER BY 1", &["expressions", "filled"]),
        )
        .await;
    probe
        .check(
            "functions",
            names(
                "SELECT DISTINCT proname FROM pg_proc WHERE proname IN ('funnel', 'velocity') ORDER BY 1",
                &["funnel", "velocity"],
            ),
        )
        .await;
    probe.check("columns", columns()).await;
    probe.check("prepared", prepared()).await;
    probe.check("cursor", cursor()).await;
    probe.check("big_result", big_result()).await;
    probe.check("transaction", transaction()).await;
    probe.check("savepoint", savepoint()).await;
    probe.check("copy_in", copy_in()).await;
    probe.check("copy_out", copy_out()).await;
    probe.check("errors", errors()).await;
    probe.check("cancel", cancel()).await;
    probe.check("timeout", timeout()).await;
    probe.check("load", load()).await;
    probe.check("temp_table", temp_table()).await;
    probe.finish();
}

async fn names(sql: &str, expected: &[&str]) -> Result<(), Failure> {
    let rows = connect().await?.query(sql, &[]).await?;
    equal(rows.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>(), expected.to_vec())
}

async fn read() -> Result<(), Failure> {
    names("SELECT name FROM probe.items ORDER BY id", &["one", "two", "three"]).await
}

async fn types() -> Result<(), Failure> {
    let client = connect().await?;
    let row = client.query_one("SELECT * FROM probe.kinds WHERE id = 1", &[]).await?;
    let instant: DateTime<Utc> = "2024-02-29T12:34:56.789012Z".parse()?;
    equal((row.get::<_, i32>("id"), row.get::<_, bool>("flag"), row.get::<_, i16>("small")), (1, true, i16::MIN))?;
    equal((row.get::<_, i32>("whole"), row.get::<_, i64>("big")), (i32::MAX, i64::MIN))?;
    equal((row.get::<_, f32>("single"), row.get::<_, f64>("double")), (1.5, 0.1))?;
    equal(row.get::<_, &str>("words"), "Zürich 'quoted' \"d\" \\ , tab\tend")?;
    equal(row.get::<_, &[u8]>("bytes"), &[0, 255, 16][..])?;
    equal(Some(row.get::<_, NaiveDate>("day")), NaiveDate::from_ymd_opt(2024, 2, 29))?;
    equal(row.get::<_, NaiveDateTime>("moment"), instant.naive_utc())?;
    equal(row.get::<_, DateTime<Utc>>("instant"), instant)?;
    let row = client.query_one("SELECT clock, numbers, texts FROM probe.expressions", &[]).await?;
    equal(Some(row.get::<_, NaiveTime>(0)), NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999))?;
    equal(row.get::<_, Vec<Option<i32>>>(1), vec![Some(1), Some(2), None])?;
    equal(row.get::<_, Vec<&str>>(2), vec!["a", "b c"])
}

async fn parameters() -> Result<(), Failure> {
    let client = connect().await?;
    let sql = "SELECT name FROM probe.items WHERE id = $1 AND name LIKE $2 AND price < $3::double precision";
    equal(client.query_one(sql, &[&2i64, &"t%", &3.5f64]).await?.get::<_, &str>(0), "two")?;
    let sql = "SELECT id FROM probe.kinds WHERE instant < $1 AND flag = $2 AND bytes = $3";
    equal(client.query_one(sql, &[&SystemTime::now(), &true, &[0u8, 255, 16].as_slice()]).await?.get::<_, i32>(0), 1)?;
    let found =
        client.query("SELECT id FROM probe.items WHERE id = ANY($1::bigint[]) ORDER BY id", &[&vec![1i64, 3]]).await?;
    equal(found.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), vec![1, 3])
}

async fn nulls() -> Result<(), Failure> {
    let client = connect().await?;
    let row = client.query_one("SELECT words, instant, big FROM probe.kinds WHERE id = 2", &[]).await?;
    equal(
        (row.get::<_, Option<&str>>(0), row.get::<_, Option<DateTime<Utc>>>(1), row.get::<_, Option<i64>>(2)),
        (None, None, None),
    )?;
    let row = client.query_one("SELECT coalesce($1, 'none')", &[&None::<&str>]).await?;
    equal(row.get::<_, &str>(0), "none")
}

async fn columns() -> Result<(), Failure> {
    let client = connect().await?;
    let statement = client.prepare("SELECT id, name, price FROM probe.items").await?;
    let columns: Vec<_> = statement.columns().iter().map(|c| (c.name(), c.type_().name())).collect();
    equal(columns, vec![("id", "int8"), ("name", "text"), ("price", "numeric")])
}

async fn prepared() -> Result<(), Failure> {
    let client = connect().await?;
    let statement = client.prepare("SELECT name FROM probe.items WHERE id = $1").await?;
    for (id, name) in [(1i64, "one"), (2, "two"), (3, "three")] {
        equal(client.query_one(&statement, &[&id]).await?.get::<_, &str>(0), name)?;
    }
    Ok(())
}

async fn cursor() -> Result<(), Failure> {
    let mut client = connect().await?;
    let transaction = client.transaction().await?;
    let count = rows() / 10;
    let portal = transaction.bind(&format!("SELECT n::bigint FROM generate_series(1, {count}) AS a(n)"), &[]).await?;
    let mut total = 0;
    loop {
        let page = transaction.query_portal(&portal, 1000).await?;
        total += page.iter().map(|row| row.get::<_, i64>(0)).sum::<i64>();
        if page.len() < 1000 {
            return equal(total, count * (count + 1) / 2);
        }
    }
}

async fn big_result() -> Result<(), Failure> {
    let client = connect().await?;
    let sql = format!("SELECT n::bigint FROM generate_series(1, {}) AS a(n)", rows());
    let stream = client.query_raw(&sql, Vec::<i32>::new()).await?;
    pin_mut!(stream);
    let mut total = 0;
    while let Some(row) = stream.try_next().await? {
        total += row.get::<_, i64>(0);
    }
    equal(total, rows() * (rows() + 1) / 2)
}

async fn transaction() -> Result<(), Failure> {
    let mut client = connect().await?;
    let transaction = client.transaction().await?;
    equal(transaction.execute("DELETE FROM probe.items WHERE id = $1", &[&1i64]).await?, 1)?;
    transaction.rollback().await?;
    equal(client.query_one("SELECT count(*) FROM probe.items", &[]).await?.get::<_, i64>(0), 3)
}

async fn savepoint() -> Result<(), Failure> {
    let mut client = connect().await?;
    let mut transaction = client.transaction().await?;
    let inner = transaction.savepoint("here").await?;
    equal(state(inner.batch_execute("SELECT 1 / 0").await), "22012".to_owned())?;
    inner.rollback().await?;
    equal(transaction.query_one("SELECT count(*) FROM probe.items", &[]).await?.get::<_, i64>(0), 3)
}

async fn copy_in() -> Result<(), Failure> {
    let client = connect().await?;
    client
        .batch_execute("DROP TABLE IF EXISTS probe.copied; CREATE TABLE probe.copied (id integer, name text)")
        .await?;
    let sink = client.copy_in("COPY probe.copied FROM STDIN").await?;
    pin_mut!(sink);
    sink.send(&b"1\tone\n2\t\\N\n"[..]).await?;
    equal(sink.finish().await?, 2)?;
    Ok(client.batch_execute("DROP TABLE probe.copied").await?)
}

async fn copy_out() -> Result<(), Failure> {
    let client = connect().await?;
    let stream = client.copy_out("COPY (SELECT id, name FROM probe.items ORDER BY id) TO STDOUT").await?;
    pin_mut!(stream);
    let mut out = Vec::new();
    while let Some(chunk) = stream.try_next().await? {
        out.extend_from_slice(&chunk);
    }
    equal(String::from_utf8(out)?, "1\tone\n2\ttwo\n3\tthree\n".to_owned())
}

async fn errors() -> Result<(), Failure> {
    let client = connect().await?;
    for (sql, code) in [
        ("SELECT 1 FROM nowhere", "42P01"),
        ("SELECT nothing FROM probe.items", "42703"),
        ("SELEC 1", "42601"),
        ("SELECT 1 / 0", "22012"),
    ] {
        equal(state(client.query(sql, &[]).await), code.to_owned())?;
    }
    Ok(())
}

async fn cancel() -> Result<(), Failure> {
    let client = connect().await?;
    let token = client.cancel_token();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        token.cancel_query(NoTls).await
    });
    equal(state(client.query(ENDLESS, &[]).await), "57014".to_owned())?;
    equal(client.query_one("SELECT 1::integer", &[]).await?.get::<_, i32>(0), 1)
}

async fn timeout() -> Result<(), Failure> {
    let client = connect().await?;
    client.batch_execute("SET statement_timeout = '300ms'").await?;
    equal(state(client.query(ENDLESS, &[]).await), "57014".to_owned())
}

async fn load() -> Result<(), Failure> {
    let client = connect().await?;
    client
        .batch_execute("DROP TABLE IF EXISTS probe.loaded; CREATE TABLE probe.loaded (id integer, name text)")
        .await?;
    let statement = client.prepare("INSERT INTO probe.loaded VALUES ($1, $2)").await?;
    for id in 0..50i32 {
        client.execute(&statement, &[&id, &format!("name {id}")]).await?;
    }
    equal(client.query_one("SELECT count(*) FROM probe.loaded", &[]).await?.get::<_, i64>(0), 50)?;
    Ok(client.batch_execute("DROP TABLE probe.loaded").await?)
}

async fn temp_table() -> Result<(), Failure> {
    let client = connect().await?;
    client.batch_execute("CREATE TEMP TABLE mine (id integer); INSERT INTO mine VALUES (7)").await?;
    equal(client.query_one("SELECT id FROM mine", &[]).await?.get::<_, i32>(0), 7)
}
