//! Transactions of two connections: who waits for whom, who is told to try again, what a message of several statements is.

use std::time::Duration;

use tokio_postgres::Client;

use super::{Served, rows, soon, state};

/// A server with a table of three rows, and two clients.
async fn two() -> (Served, Client, Client) {
    let server = Served::start().await;
    let (one, other) = (server.connect().await, server.connect().await);
    one.batch_execute("CREATE TABLE t (a int, b int); CREATE TABLE u (a int)").await.unwrap();
    one.batch_execute("INSERT INTO t VALUES (1, 0), (2, 0), (3, 0); INSERT INTO u VALUES (1)").await.unwrap();
    (server, one, other)
}

async fn refused(client: &Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await.expect_err(sql);
    state(&error).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_waits_for_the_block_that_changed_the_table() {
    let (server, one, other) = two().await;
    one.batch_execute("BEGIN; UPDATE t SET b = 1 WHERE a = 1").await.unwrap();
    assert_eq!(refused(&other, "SET lock_timeout = '50ms'; UPDATE t SET b = 2 WHERE a = 2").await, "55P03");
    // The SET went with the message that failed.
    let waiting = tokio::spawn(async move {
        other.batch_execute("UPDATE t SET b = b + 10 WHERE a = 1").await.unwrap();
        other
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    one.batch_execute("COMMIT").await.unwrap();
    let other = soon(waiting).await.unwrap();
    assert_eq!(rows(&other, "SELECT b FROM t ORDER BY a").await.unwrap(), "11;0;0");
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_block_is_left_by_statements_of_the_extended_protocol() {
    let (server, one, _) = two().await;
    for (way_out, left) in [("ROLLBACK TO SAVEPOINT here", "4"), ("ROLLBACK", "3"), ("COMMIT", "3")] {
        one.batch_execute("BEGIN; INSERT INTO t VALUES (4, 0); SAVEPOINT here").await.unwrap();
        assert_eq!(refused(&one, "SELECT 1 / 0").await, "22012");
        assert_eq!(state(&one.execute("SELECT 1", &[]).await.unwrap_err()), "25P02");
        one.execute(way_out, &[]).await.unwrap();
        assert_eq!(rows(&one, "SELECT count(*) FROM t").await.unwrap(), left, "{way_out}");
        one.batch_execute("ROLLBACK").await.unwrap();
    }
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_whose_connection_goes_lets_others_go_on() {
    let (server, one, other) = two().await;
    one.batch_execute("BEGIN; DELETE FROM t; CREATE TABLE gone (a int); INSERT INTO gone VALUES (1)").await.unwrap();
    drop(one);
    soon(other.batch_execute("UPDATE t SET b = 5")).await.unwrap();
    assert_eq!(rows(&other, "SELECT count(*), sum(b) FROM t").await.unwrap(), "3,15");
    other.batch_execute("CREATE TABLE gone (b text)").await.unwrap();
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_wait_for_each_other_one_is_told() {
    let (server, one, other) = two().await;
    one.batch_execute("BEGIN; UPDATE t SET b = 1").await.unwrap();
    other.batch_execute("BEGIN; UPDATE u SET a = 2").await.unwrap();
    let waiting = tokio::spawn(async move {
        one.batch_execute("UPDATE u SET a = 3").await.unwrap();
        one.batch_execute("COMMIT").await.unwrap();
        one
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(soon(refused(&other, "UPDATE t SET b = 2")).await, "40P01");
    other.batch_execute("ROLLBACK").await.unwrap();
    let one = soon(waiting).await.unwrap();
    assert_eq!(rows(&one, "SELECT sum(b), (SELECT a FROM u) FROM t").await.unwrap(), "3,3");
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_one_message_are_one_transaction() {
    let (server, one, other) = two().await;
    let results =
        rows(&one, "INSERT INTO u VALUES (2); SELECT count(*) FROM u; DELETE FROM u WHERE a = 1").await.unwrap();
    assert_eq!(results, "|2|");
    assert_eq!(
        refused(&one, "INSERT INTO u VALUES (3); CREATE TABLE x (a int); SELECT 1 / 0; SELECT 1").await,
        "22012"
    );
    assert_eq!(rows(&other, "SELECT a FROM u").await.unwrap(), "2");
    assert_eq!(refused(&other, "SELECT * FROM x").await, "42P01");
    // Their own COMMIT parts them, and their own BEGIN takes over what was before it.
    assert_eq!(
        refused(&one, "INSERT INTO u VALUES (4); COMMIT; INSERT INTO u VALUES (5); SELECT 1 / 0").await,
        "22012"
    );
    assert_eq!(rows(&other, "SELECT a FROM u ORDER BY a").await.unwrap(), "2;4");
    one.batch_execute("INSERT INTO u VALUES (6); BEGIN; INSERT INTO u VALUES (7)").await.unwrap();
    assert_eq!(rows(&other, "SELECT a FROM u ORDER BY a").await.unwrap(), "2;4");
    one.batch_execute("INSERT INTO u VALUES (8)").await.unwrap();
    one.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(rows(&other, "SELECT a FROM u ORDER BY a").await.unwrap(), "2;4");
    assert_eq!(refused(&one, "SELECT 1; VACUUM").await, "25001");
    assert_eq!(refused(&one, "SELECT 1; SAVEPOINT s").await, "25P01");
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_statements_work_in_a_block() {
    let (server, mut one, other) = two().await;
    let insert = one.prepare("INSERT INTO u VALUES ($1)").await.unwrap();
    let count = one.prepare("SELECT count(*) FROM u").await.unwrap();
    let block = one.transaction().await.unwrap();
    for a in 10..13_i32 {
        assert_eq!(block.execute(&insert, &[&a]).await.unwrap(), 1);
    }
    assert_eq!(block.query_one(&count, &[]).await.unwrap().get::<_, i64>(0), 4);
    assert_eq!(rows(&other, "SELECT count(*) FROM u").await.unwrap(), "1");
    block.commit().await.unwrap();
    assert_eq!(rows(&other, "SELECT count(*) FROM u").await.unwrap(), "4");
    let mut block = one.transaction().await.unwrap();
    let inner = block.savepoint("s").await.unwrap();
    assert!(inner.query("SELECT 1 / (a - a) FROM u", &[]).await.is_err());
    inner.rollback().await.unwrap();
    assert_eq!(block.query_one(&count, &[]).await.unwrap().get::<_, i64>(0), 4);
    block.commit().await.unwrap();
    server.shut_down().await;
}
