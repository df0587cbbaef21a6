//! What a client is told beside the results of its statements.

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use super::Served;

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

#[tokio::test]
async fn a_client_says_what_it_wants_to_be_told() {
    let served = Served::start().await;
    let (client, mut messages) = listening(&served).await;
    client.batch_execute("SET client_min_messages = warning").await.unwrap();
    assert!(notices(&client, &mut messages, "DROP TABLE IF EXISTS nosuch").await.is_empty());
    client.batch_execute("SET client_min_messages = debug1").await.unwrap();
    assert_eq!(notices(&client, &mut messages, "DROP TABLE IF EXISTS nosuch").await.len(), 1);
}
