//! What one session sees of the others, and how it stops them.

use std::time::Duration;

use futures::{TryStreamExt, pin_mut};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

use super::{Served, rows, soon, state};

/// Counts far longer than any test waits.
const HEAVY: &str = "SELECT count(*), sum(value % 7) FROM generate_series(1, 100000000000)";

async fn pid(client: &Client) -> String {
    rows(client, "SELECT pg_backend_pid()").await.unwrap()
}

/// What a session shows, asked until it is what is expected.
async fn becomes(watcher: &Client, sql: &str, expected: &str) {
    soon(async {
        loop {
            let now = rows(watcher, sql).await.unwrap();
            if now == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_running_statement_is_seen_and_cancelled() {
    let served = Served::start().await;
    let (busy, watcher) = (served.connect_with("application_name=report").await.unwrap(), served.connect().await);
    let pid = pid(&busy).await;
    let query = tokio::spawn(async move { (rows(&busy, HEAVY).await, busy) });
    let seen = format!("SELECT username, application, state, statement FROM journey.activity WHERE pid = {pid}");
    becomes(&watcher, &seen, &format!("tester,report,active,{HEAVY}")).await;
    let same = format!(
        "SELECT datname, usename, application_name, client_addr, state, query, backend_type, xact_start = query_start,
         backend_start <= query_start FROM pg_stat_activity WHERE pid = {pid}"
    );
    let expected = format!("journeydb,tester,report,127.0.0.1,active,{HEAVY},client backend,t,t");
    assert_eq!(rows(&watcher, &same).await.unwrap(), expected);
    assert_eq!(rows(&watcher, &format!("SELECT pg_cancel_backend({pid})")).await.unwrap(), "t");
    let (result, busy) = soon(query).await.unwrap();
    assert_eq!(state(&result.unwrap_err()), "57014");
    assert_eq!(rows(&busy, "SELECT 1").await.unwrap(), "1");
    becomes(&watcher, &seen, "tester,report,idle,SELECT 1").await;
    assert_eq!(rows(&watcher, "SELECT pg_cancel_backend(0), pg_terminate_backend(-5)").await.unwrap(), "f,f");
}

#[tokio::test]
async fn a_session_is_ended_idle_or_at_work() {
    let served = Served::start().await;
    let watcher = served.connect().await;
    for at_work in [false, true] {
        let config = format!("host=127.0.0.1 port={} user=tester", served.address.port());
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
        let driving = tokio::spawn(connection);
        let pid = pid(&client).await;
        let end = format!("SELECT pg_terminate_backend({pid})");
        if at_work {
            let query = tokio::spawn(async move { rows(&client, HEAVY).await });
            becomes(&watcher, &format!("SELECT state FROM journey.activity WHERE pid = {pid}"), "active").await;
            assert_eq!(rows(&watcher, &end).await.unwrap(), "t");
            assert_eq!(state(&soon(query).await.unwrap().unwrap_err()), "57P01");
        } else {
            assert_eq!(rows(&watcher, &end).await.unwrap(), "t");
            assert_eq!(state(&soon(driving).await.unwrap().unwrap_err()), "57P01");
        }
        becomes(&watcher, &format!("SELECT count(*) FROM journey.activity WHERE pid = {pid}"), "0").await;
    }
}

#[tokio::test]
async fn transactions_are_seen_from_their_begin_to_their_end() {
    let served = Served::start().await;
    let (client, watcher) = (served.connect().await, served.connect().await);
    let seen =
        format!("SELECT state, transaction_began IS NOT NULL FROM journey.activity WHERE pid = {}", pid(&client).await);
    becomes(&watcher, &seen, "idle,f").await;
    client.batch_execute("BEGIN").await.unwrap();
    becomes(&watcher, &seen, "idle in transaction,t").await;
    client.batch_execute("SELECT nonsense").await.unwrap_err();
    becomes(&watcher, &seen, "idle in transaction (aborted),t").await;
    client.batch_execute("ROLLBACK").await.unwrap();
    becomes(&watcher, &seen, "idle,f").await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_waited_for() {
    let served = Served::start().await;
    let (stalled, watcher) = (served.connect().await, served.connect().await);
    let pid = pid(&stalled).await;
    let none: [&(dyn ToSql + Sync); 0] = [];
    let unread = stalled.query_raw("SELECT value FROM generate_series(1, 100000000000)", none).await.unwrap();
    pin_mut!(unread);
    unread.try_next().await.unwrap();
    let seen = format!("SELECT state, wait, rows > 0 FROM journey.activity WHERE pid = {pid}");
    becomes(&watcher, &seen, "active,ClientWrite,t").await;
    assert_eq!(rows(&watcher, &format!("SELECT pg_cancel_backend({pid})")).await.unwrap(), "t");
}

#[tokio::test]
async fn what_a_statement_holds_of_the_memory_is_seen() {
    let served = Served::start().await;
    let (busy, watcher) = (served.connect().await, served.connect().await);
    let pid = pid(&busy).await;
    let groups = "SELECT count(*) FROM (SELECT value * 7919 % 100000007, count(*) FROM generate_series(1, 100000000000) GROUP BY 1)";
    let query = tokio::spawn(async move { (rows(&busy, groups).await, busy) });
    let seen = format!("SELECT memory_bytes > 1000000 FROM journey.activity WHERE pid = {pid}");
    becomes(&watcher, &seen, "t").await;
    rows(&watcher, &format!("SELECT pg_cancel_backend({pid})")).await.unwrap();
    let (result, _busy) = soon(query).await.unwrap();
    assert_eq!(state(&result.unwrap_err()), "57014");
    becomes(&watcher, &format!("SELECT memory_bytes FROM journey.activity WHERE pid = {pid}"), "0").await;
}

#[tokio::test]
async fn a_password_is_shown_to_nobody() {
    let served = Served::start().await;
    let (client, watcher) = (served.connect().await, served.connect().await);
    let pid = pid(&client).await;
    // Whether the statement succeeds is of no matter here.
    let _ = client.batch_execute("CREATE USER anna PASSWORD 'geheim-und-lang'").await;
    let shown = rows(&watcher, &format!("SELECT statement FROM journey.activity WHERE pid = {pid}")).await.unwrap();
    assert!(!shown.contains("geheim"), "{shown}");
}

#[tokio::test]
async fn the_database_says_since_when_and_how_much() {
    let served = Served::start().await;
    let (client, _other) = (served.connect().await, served.connect().await);
    let facts = "SELECT numbackends, sessions >= 2, stats_reset <= now() FROM pg_stat_database";
    assert_eq!(rows(&client, facts).await.unwrap(), "2,t,t");
}
