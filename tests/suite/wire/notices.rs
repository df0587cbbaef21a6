//! What a client is told beside the results of its statements, and what sessions do to each other.

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use super::{Served, soon};

/// A client, and what it is told beside the results.
async fn listening(served: &Served) -> (Client, mpsc::UnboundedReceiver<AsyncMessage>) {
    let config = format!("host=127.0.0.1 port={} user=tester", served.address.port());
    let (client, mut connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut messages = futures::stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    (client, receiver)
}

/// The notices that a statement gives, as severity, SQLSTATE and message.
async fn notices(client: &Client, messages: &mut mpsc::UnboundedReceiver<AsyncMessage>, sql: &str) -> Vec<String> {
    client.batch_execute(sql).await.unwrap();
    let mut notices = Vec::new();
    while let Ok(message) = messages.try_recv() {
        if let AsyncMessage::Notice(notice) = message {
            notices.push(format!("{} {} {}", notice.severity(), notice.code().code(), notice.message()));
        }
    }
    notices
}

#[tokio::test]
async fn what_is_passed_over_is_told() {
    let served = Served::start().await;
    let (client, mut messages) = listening(&served).await;
    client.batch_execute("CREATE TABLE t (a int); CREATE SCHEMA s").await.unwrap();
    for (sql, expected) in [
        ("DROP TABLE IF EXISTS nosuch", "NOTICE 00000 table \"nosuch\" does not exist, skipping"),
        ("DROP VIEW IF EXISTS nosuch", "NOTICE 00000 view \"nosuch\" does not exist, skipping"),
        ("DROP TABLE IF EXISTS nowhere.t", "NOTICE 00000 schema \"nowhere\" does not exist, skipping"),
        ("DROP SCHEMA IF EXISTS nosuch", "NOTICE 00000 schema \"nosuch\" does not exist, skipping"),
        ("CREATE TABLE IF NOT EXISTS t (a int)", "NOTICE 42P07 relation \"t\" already exists, skipping"),
        ("CREATE SCHEMA IF NOT EXISTS s", "NOTICE 42P06 schema \"s\" already exists, skipping"),
    ] {
        assert_eq!(notices(&client, &mut messages, sql).await, [expected], "{sql}");
    }
    assert!(notices(&client, &mut messages, "DROP TABLE IF EXISTS t").await.is_empty());
}

/// In the words of PostgreSQL 15.
#[tokio::test]
async fn what_goes_with_what_is_dropped_is_told() {
    let served = Served::start().await;
    let (client, mut messages) = listening(&served).await;
    let setup = "CREATE TABLE base (a int); CREATE SCHEMA shop; CREATE VIEW shop.r AS SELECT a FROM public.base; \
                 CREATE VIEW r2 AS SELECT a FROM shop.r; CREATE VIEW r3 AS SELECT a FROM base";
    client.batch_execute(setup).await.unwrap();
    for (sql, message, detail) in [
        (
            "DROP TABLE base",
            "cannot drop table base because other objects depend on it",
            "view shop.r depends on table base\nview r2 depends on view shop.r\nview r3 depends on table base",
        ),
        (
            "DROP VIEW shop.r, r3",
            "cannot drop desired object(s) because other objects depend on them",
            "view r2 depends on view shop.r",
        ),
        (
            "DROP SCHEMA shop",
            "cannot drop schema shop because other objects depend on it",
            "view shop.r depends on schema shop\nview r2 depends on view shop.r",
        ),
    ] {
        let error = client.batch_execute(sql).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "2BP01");
        assert_eq!((error.message(), error.detail()), (message, Some(detail)));
        assert_eq!(error.hint(), Some("Use DROP ... CASCADE to drop the dependent objects too."));
    }
    let told = notices(&client, &mut messages, "DROP TABLE base CASCADE").await;
    assert_eq!(told, ["NOTICE 00000 drop cascades to 3 other objects"]);
    client.batch_execute("CREATE VIEW shop.r AS SELECT 1 AS a").await.unwrap();
    let told = notices(&client, &mut messages, "DROP SCHEMA shop CASCADE").await;
    assert_eq!(told, ["NOTICE 00000 drop cascades to view shop.r"]);
}

#[tokio::test]
async fn a_client_says_what_it_wants_to_be_told() {
    let served = Served::start().await;
    let (client, mut messages) = listening(&served).await;
    client.batch_execute("SET client_min_messages = warning").await.unwrap();
    assert!(notices(&client, &mut messages, "DROP TABLE IF EXISTS nosuch").await.is_empty());
    client.batch_execute("SET client_min_messages = debug1").await.unwrap();
    assert_eq!(notices(&client, &mut messages, "DROP TABLE IF EXISTS nosuch").await.len(), 1);
}

#[tokio::test]
async fn what_others_say_is_heard_when_they_commit() {
    let served = Served::start().await;
    let (client, mut messages) = listening(&served).await;
    let other = served.connect().await;
    client.batch_execute("LISTEN news").await.unwrap();
    other.batch_execute("NOTIFY elsewhere; BEGIN").await.unwrap();
    other.batch_execute("NOTIFY news, 'once'").await.unwrap();
    other.batch_execute("NOTIFY news, 'once'").await.unwrap();
    other.batch_execute("SELECT pg_notify('news', 'twice')").await.unwrap();
    client.batch_execute("SELECT 1").await.unwrap();
    assert!(messages.try_recv().is_err(), "the transaction is open");
    other.batch_execute("COMMIT").await.unwrap();
    for expected in ["once", "twice"] {
        // It comes without being asked for.
        let Some(AsyncMessage::Notification(heard)) = soon(messages.recv()).await else { panic!("{expected}") };
        assert_eq!((heard.channel(), heard.payload()), ("news", expected));
    }
    other.batch_execute("BEGIN").await.unwrap();
    other.batch_execute("NOTIFY news, 'never'").await.unwrap();
    other.batch_execute("ROLLBACK").await.unwrap();
    // What was said before a savepoint outlives an error after it.
    other.batch_execute("BEGIN").await.unwrap();
    other.batch_execute("NOTIFY news, 'before'").await.unwrap();
    other.batch_execute("SAVEPOINT s").await.unwrap();
    other.batch_execute("NOTIFY news, 'after'").await.unwrap();
    other.batch_execute("SELECT 1 / 0").await.unwrap_err();
    other.batch_execute("ROLLBACK TO s").await.unwrap();
    other.batch_execute("COMMIT").await.unwrap();
    let Some(AsyncMessage::Notification(heard)) = soon(messages.recv()).await else { panic!("before") };
    assert_eq!(heard.payload(), "before");
    client.batch_execute("UNLISTEN *").await.unwrap();
    other.batch_execute("NOTIFY news, 'unheard'").await.unwrap();
    client.batch_execute("SELECT 1").await.unwrap();
    assert!(messages.try_recv().is_err());
}

#[tokio::test]
async fn advisory_locks_keep_sessions_apart() {
    let served = Served::start().await;
    let (one, other) = (served.connect().await, served.connect().await);
    one.batch_execute("SELECT pg_advisory_lock(7)").await.unwrap();
    assert_eq!(super::rows(&other, "SELECT pg_try_advisory_lock(7)").await.unwrap(), "f");
    other.batch_execute("SET statement_timeout = '200ms'").await.unwrap();
    let late = other.batch_execute("SELECT pg_advisory_lock(7)").await.unwrap_err();
    assert_eq!(super::state(&late), "57014");
    other.batch_execute("SET statement_timeout = 0").await.unwrap();
    let waiting = tokio::spawn(async move { other.batch_execute("SELECT pg_advisory_lock(7)").await.map(|()| other) });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(super::rows(&one, "SELECT pg_advisory_unlock(7)").await.unwrap(), "t");
    let other = soon(waiting).await.unwrap().unwrap();
    assert_eq!(super::rows(&one, "SELECT pg_try_advisory_lock(7)").await.unwrap(), "f");
    drop(other);
    soon(one.batch_execute("SELECT pg_advisory_lock(7)")).await.unwrap();
}
