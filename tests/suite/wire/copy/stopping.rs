//! A COPY that ends otherwise than by its client's word stores nothing, and the session goes on.

use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, pin_mut};
use tokio_postgres::{Client, NoTls};

use super::super::{Served, rows, soon, state};
use super::{copy_in, copy_out};

/// Rows of a piece: about as many bytes as the server takes in at once.
fn piece() -> Bytes {
    Bytes::from((0..20_000).map(|n| format!("{n}\tsome text of row {n}\n")).collect::<String>())
}

async fn with_table(served: &Served) -> Client {
    let client = served.connect().await;
    client.batch_execute("CREATE TABLE IF NOT EXISTS t (a int, b text)").await.unwrap();
    client
}

#[tokio::test]
async fn a_cancel_stores_nothing() {
    let served = Served::start().await;
    let client = with_table(&served).await;
    let sink = client.copy_in("COPY t FROM STDIN").await.unwrap();
    pin_mut!(sink);
    sink.send(piece()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.cancel_token().cancel_query(NoTls).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    // What the client sends before it reads of the cancel is passed over.
    let _ = sink.send(piece()).await;
    assert_eq!(state(&soon(sink.finish()).await.unwrap_err()), "57014");
    assert_eq!(rows(&client, "SELECT count(*) FROM t").await.unwrap(), "0");
    assert_eq!(copy_in(&client, "COPY t FROM STDIN", b"1\tx\n").await.unwrap(), 1);
}

#[tokio::test]
async fn a_statement_timeout_stores_nothing() {
    let served = Served::start().await;
    let client = with_table(&served).await;
    client.batch_execute("SET statement_timeout = '200ms'").await.unwrap();
    let sink = client.copy_in("COPY t FROM STDIN").await.unwrap();
    pin_mut!(sink);
    sink.send(piece()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(state(&soon(sink.finish()).await.unwrap_err()), "57014");
    client.batch_execute("RESET statement_timeout").await.unwrap();
    assert_eq!(rows(&client, "SELECT count(*) FROM t").await.unwrap(), "0");
}

#[tokio::test]
async fn a_client_that_gives_up_or_leaves_stores_nothing() {
    let served = Served::start().await;
    let client = with_table(&served).await;
    {
        // A sink that is dropped sends CopyFail.
        let sink = client.copy_in("COPY t FROM STDIN").await.unwrap();
        pin_mut!(sink);
        sink.send(piece()).await.unwrap();
    }
    assert_eq!(rows(&client, "SELECT count(*) FROM t").await.unwrap(), "0");

    let config = format!("host=127.0.0.1 port={} user=tester", served.address.port());
    let (leaving, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    let driving = tokio::spawn(connection);
    let sink = leaving.copy_in("COPY t FROM STDIN").await.unwrap();
    pin_mut!(sink);
    sink.send(piece()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    driving.abort();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(rows(&client, "SELECT count(*) FROM t").await.unwrap(), "0");
}

#[tokio::test]
async fn a_mistake_late_in_much_data_stores_nothing_and_is_told_at_once() {
    let served = Served::start().await;
    let client = with_table(&served).await;
    let sink = client.copy_in("COPY t FROM STDIN").await.unwrap();
    pin_mut!(sink);
    sink.send(piece()).await.unwrap();
    sink.send(Bytes::from_static(b"no number\tx\n")).await.unwrap();
    // The server tells it before the client is done; the client library sends on until then.
    for _ in 0..20 {
        let _ = sink.send(piece()).await;
    }
    let error = soon(sink.finish()).await.unwrap_err();
    assert_eq!(state(&error), "22P02");
    assert_eq!(error.as_db_error().unwrap().where_(), Some("COPY t, line 20001, column a: \"no number\""));
    assert_eq!(rows(&client, "SELECT count(*) FROM t").await.unwrap(), "0");
}

#[tokio::test]
async fn a_query_that_fails_among_its_rows_ends_the_copy_with_its_error() {
    let served = Served::start().await;
    let client = with_table(&served).await;
    let failing = "COPY (SELECT 1 / (100000 - value) FROM generate_series(1, 200000)) TO STDOUT";
    assert_eq!(state(&copy_out(&client, failing).await.unwrap_err()), "22012");
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
    let endless = "COPY (SELECT value FROM generate_series(1, 100000000000)) TO STDOUT";
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        client.cancel_token().cancel_query(NoTls).await.unwrap();
    };
    let (copied, ()) = soon(async { tokio::join!(copy_out(&client, endless), cancel) }).await;
    assert_eq!(state(&copied.unwrap_err()), "57014");
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_session_that_only_reads_copies_nothing_in() {
    let served = Served::start().await;
    let client = with_table(&served).await;
    client.batch_execute("SET default_transaction_read_only = on").await.unwrap();
    let error = client.batch_execute("COPY t FROM STDIN").await.unwrap_err();
    assert_eq!(state(&error), "25006");
    assert_eq!(error.as_db_error().unwrap().message(), "cannot execute COPY FROM in a read-only transaction");
    assert!(copy_out(&client, "COPY t TO STDOUT").await.unwrap().is_empty());
}

#[tokio::test]
async fn files_and_programs_of_the_server_are_out_of_reach() {
    let served = Served::start().await;
    let client = with_table(&served).await;
    for sql in [
        "COPY t FROM '/etc/passwd'",
        "COPY t TO '/tmp/out'",
        "COPY (SELECT 1) TO '/tmp/out'",
        "COPY t FROM PROGRAM 'id'",
        "COPY t TO PROGRAM 'cat'",
    ] {
        let error = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(state(&error), "42501", "{sql}");
        assert!(error.as_db_error().unwrap().hint().unwrap().contains("\\copy"), "{sql}");
    }
}
