//! Keys as clients see them: what an error says, and that no two sessions ever make one twice.

use std::time::Duration;

use journeydb::Database;
use journeydb::server::Options;
use tempfile::TempDir;
use tokio_postgres::Client;

use super::copy::copy_in;
use super::{Served, rows, soon, state};

/// A server with a table that has a key, and two clients.
async fn two() -> (Served, Client, Client) {
    let server = Served::start().await;
    let (one, other) = (server.connect().await, server.connect().await);
    one.batch_execute("CREATE TABLE t (id int PRIMARY KEY, \"Name\" text, UNIQUE (id, \"Name\"))").await.unwrap();
    (server, one, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_key_and_what_it_belongs_to() {
    let (server, one, _) = two().await;
    one.batch_execute("ALTER TABLE t DROP CONSTRAINT t_pkey; INSERT INTO t VALUES (1, 'a,b')").await.unwrap();
    let error = one.batch_execute("INSERT INTO t VALUES (1, 'a,b')").await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(error.message(), "duplicate key value violates unique constraint \"t_id_Name_key\"");
    assert_eq!(error.detail(), Some("Key (id, \"Name\")=(1, a,b) already exists."));
    assert_eq!((error.schema(), error.table()), (Some("public"), Some("t")));
    assert_eq!((error.column(), error.constraint()), (None, Some("t_id_Name_key")));
    let error = one.batch_execute("INSERT INTO t VALUES (NULL, 'c')").await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!((error.table(), error.column(), error.constraint()), (Some("t"), Some("id"), None));
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_blocks_with_one_key_the_second_waits_and_fails() {
    let (server, one, other) = two().await;
    one.batch_execute("BEGIN; INSERT INTO t VALUES (1, 'one')").await.unwrap();
    // Its moment is settled before the first block commits.
    other.batch_execute("BEGIN; SELECT count(*) FROM t").await.unwrap();
    let waiting = tokio::spawn(async move {
        let error = other.batch_execute("INSERT INTO t VALUES (1, 'other')").await.unwrap_err();
        (other, state(&error).to_owned())
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    one.batch_execute("COMMIT").await.unwrap();
    let (other, refused) = soon(waiting).await.unwrap();
    assert_eq!(refused, "23505");
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(rows(&other, "SELECT id, \"Name\" FROM t").await.unwrap(), "1,one");
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_block_that_rolls_back_is_free() {
    let (server, one, other) = two().await;
    one.batch_execute("BEGIN; INSERT INTO t VALUES (1, 'one')").await.unwrap();
    let waiting = tokio::spawn(async move {
        other.batch_execute("INSERT INTO t VALUES (1, 'other')").await.unwrap();
        other
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    one.batch_execute("ROLLBACK").await.unwrap();
    let other = soon(waiting).await.unwrap();
    assert_eq!(rows(&other, "SELECT id, \"Name\" FROM t").await.unwrap(), "1,other");
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_race_for_the_same_keys_make_each_once() {
    let server = Served::start().await;
    let first = server.connect().await;
    first.batch_execute("CREATE TABLE t (id int UNIQUE, by int)").await.unwrap();
    let mut racing = vec![];
    for by in 0..4 {
        let client = server.connect().await;
        racing.push(tokio::spawn(async move {
            let mut made = 0;
            for id in 0..20 {
                let sql = match (by + id) % 3 {
                    0 => format!("INSERT INTO t VALUES ({id}, {by})"),
                    1 => format!("INSERT INTO t VALUES (-1 - {id} * 4 - {by}, {by}); UPDATE t SET id = {id} WHERE id = -1 - {id} * 4 - {by}"),
                    _ => format!("BEGIN; SELECT count(*) FROM t; INSERT INTO t VALUES ({id}, {by}); COMMIT"),
                };
                match client.batch_execute(&sql).await {
                    Ok(()) => made += 1,
                    Err(error) => {
                        assert_eq!(state(&error), "23505");
                        client.batch_execute("ROLLBACK").await.unwrap();
                    }
                }
            }
            made
        }));
    }
    let mut made = 0;
    for race in racing {
        made += soon(race).await.unwrap();
    }
    assert_eq!(made, 20);
    assert_eq!(
        rows(&first, "SELECT count(*), count(DISTINCT id), min(id), max(id) FROM t").await.unwrap(),
        "20,20,0,19"
    );
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_comes_while_rows_are_added_misses_none() {
    let server = Served::start().await;
    let (one, other) = (server.connect().await, server.connect().await);
    one.batch_execute("CREATE TABLE t (id int)").await.unwrap();
    one.batch_execute("BEGIN; INSERT INTO t VALUES (1), (1)").await.unwrap();
    other.batch_execute("ALTER TABLE t ADD UNIQUE (id)").await.unwrap();
    assert_eq!(state(&one.batch_execute("COMMIT").await.unwrap_err()), "40001");
    other.batch_execute("INSERT INTO t VALUES (1)").await.unwrap();
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copied_rows_keep_to_keys() {
    let (server, one, _) = two().await;
    let copy = async |lines: &str| copy_in(&one, "COPY t FROM STDIN", lines.as_bytes()).await;
    assert_eq!(copy("1\ta\n2\tb\n").await.unwrap(), 2);
    assert_eq!(state(&copy("3\tc\n2\td\n").await.unwrap_err()), "23505");
    assert_eq!(state(&copy("4\tc\n4\td\n").await.unwrap_err()), "23505");
    assert_eq!(rows(&one, "SELECT count(*) FROM t").await.unwrap(), "2");
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_there_when_the_database_is_opened_again() {
    let folder = TempDir::new().unwrap();
    let server = Served::serve(Database::open(folder.path()).await.unwrap(), Options::default()).await;
    let client = server.connect().await;
    client.batch_execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await.unwrap();
    server.shut_down().await;
    let server = Served::serve(Database::open(folder.path()).await.unwrap(), Options::default()).await;
    let client = server.connect().await;
    assert_eq!(state(&client.batch_execute("INSERT INTO t VALUES (1)").await.unwrap_err()), "23505");
    server.shut_down().await;
}
