//! Foreign keys between sessions: no two of them, in whatever order they come, leave a row that refers to nothing.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::{Served, rows, soon, state};

/// A server with a table that refers to another, and two clients.
async fn two() -> (Served, Client, Client) {
    let server = Served::start().await;
    let (one, other) = (server.connect().await, server.connect().await);
    let tables = "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (pid int REFERENCES parent);
                  INSERT INTO parent VALUES (1), (2)";
    one.batch_execute(tables).await.unwrap();
    (server, one, other)
}

/// A statement that is to fail, once it may go on.
fn failing(client: Client, statement: &'static str) -> JoinHandle<(Client, String)> {
    tokio::spawn(async move {
        let error = client.batch_execute(statement).await.unwrap_err();
        let state = state(&error).to_owned();
        (client, state)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_constraint_and_the_row() {
    let (server, one, _) = two().await;
    let error = one.batch_execute("INSERT INTO child VALUES (3)").await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(
        error.message(),
        "insert or update on table \"child\" violates foreign key constraint \"child_pid_fkey\""
    );
    assert_eq!(error.detail(), Some("Key (pid)=(3) is not present in table \"parent\"."));
    assert_eq!((error.table(), error.constraint()), (Some("child"), Some("child_pid_fkey")));
    one.batch_execute("INSERT INTO child VALUES (1)").await.unwrap();
    let error = one.batch_execute("DELETE FROM parent").await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(error.detail(), Some("Key (id)=(1) is still referenced from table \"child\"."));
    assert_eq!((error.table(), error.constraint()), (Some("child"), Some("child_pid_fkey")));
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_row_waits_for_who_refers_to_it() {
    assert_waits("INSERT INTO child VALUES (1)", "DELETE FROM parent WHERE id = 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refers_to_a_row_waits_for_who_takes_it() {
    assert_waits("DELETE FROM parent WHERE id = 2", "INSERT INTO child VALUES (2)").await;
}

/// While a block holds what one statement did, the other waits, and is refused once the block is over.
async fn assert_waits(held: &str, waits: &'static str) {
    let (server, one, other) = two().await;
    one.batch_execute(&format!("BEGIN; {held}")).await.unwrap();
    let waiting = failing(other, waits);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    one.batch_execute("COMMIT").await.unwrap();
    assert_eq!(soon(waiting).await.unwrap().1, "23503");
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_after_a_blocks_moment_counts() {
    let (server, one, other) = two().await;
    one.batch_execute("BEGIN; SELECT count(*) FROM child").await.unwrap();
    other.batch_execute("INSERT INTO child VALUES (1)").await.unwrap();
    let refused = one.batch_execute("DELETE FROM parent WHERE id = 1").await.unwrap_err();
    assert_eq!(state(&refused), "23503");
    one.batch_execute("ROLLBACK; BEGIN; SELECT count(*) FROM child").await.unwrap();
    other.batch_execute("DELETE FROM parent WHERE id = 2").await.unwrap();
    let refused = one.batch_execute("INSERT INTO child VALUES (2)").await.unwrap_err();
    assert_eq!(state(&refused), "23503");
    one.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(rows(&one, "SELECT pid FROM child").await.unwrap(), "1");
    server.shut_down().await;
}
