//! A running statement ends soon after it is cancelled, timed out or left by its client, and leaves the processor alone.

use std::time::{Duration, Instant};

use futures::{TryStreamExt, pin_mut};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

use super::{Served, rows, soon, state};

/// Counts far longer than any test waits.
const HEAVY: &str = "SELECT count(*), sum(value % 7) FROM generate_series(1, 100000000000)";

/// Rows without end.
const ENDLESS: &str = "SELECT value FROM generate_series(1, 100000000000)";

async fn cancel_in(client: &Client, wait: Duration) {
    tokio::time::sleep(wait).await;
    client.cancel_token().cancel_query(NoTls).await.unwrap();
}

#[tokio::test]
async fn a_cancel_stops_an_aggregate_and_the_session_goes_on() {
    let served = Served::start().await;
    let client = served.connect().await;
    let began = Instant::now();
    let (result, ()) =
        soon(async { tokio::join!(rows(&client, HEAVY), cancel_in(&client, Duration::from_millis(300))) }).await;
    assert_eq!(state(&result.unwrap_err()), "57014");
    assert!(began.elapsed() < Duration::from_millis(300 + 1000), "{:?}", began.elapsed());
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_cancel_stops_rows_on_their_way() {
    let served = Served::start().await;
    let client = served.connect().await;
    let read = async {
        let none: [&(dyn ToSql + Sync); 0] = [];
        let rows = client.query_raw(ENDLESS, none).await?;
        pin_mut!(rows);
        while rows.try_next().await?.is_some() {}
        Ok::<(), tokio_postgres::Error>(())
    };
    let (result, ()) = soon(async { tokio::join!(read, cancel_in(&client, Duration::from_millis(300))) }).await;
    assert_eq!(state(&result.unwrap_err()), "57014");
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_late_cancel_hits_nothing() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.cancel_token().cancel_query(NoTls).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_statement_ends_at_its_timeout_in_both_protocols() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("SET statement_timeout = '200ms'").await.unwrap();
    let began = Instant::now();
    assert_eq!(state(&soon(rows(&client, HEAVY)).await.unwrap_err()), "57014");
    assert_eq!(state(&soon(client.query(HEAVY, &[])).await.unwrap_err()), "57014");
    assert_eq!(state(&soon(rows(&client, ENDLESS)).await.unwrap_err()), "57014");
    assert!(began.elapsed() < Duration::from_millis(3 * 1200), "{:?}", began.elapsed());
    client.batch_execute("SET statement_timeout = 0").await.unwrap();
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place() {
    let served = Served::with_connections(1).await;
    let config = format!("host=127.0.0.1 port={} user=tester", served.address.port());
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    let driving = tokio::spawn(connection);
    let query = tokio::spawn(async move { client.simple_query(HEAVY).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(300)).await;
    // The socket closes while the server computes; nothing is read or written any more.
    driving.abort();
    query.abort();
    let began = Instant::now();
    let next = soon(async {
        loop {
            match served.connect_with("").await {
                Ok(client) => break client,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    });
    assert_eq!(rows(&next.await, "SELECT 1").await.unwrap(), "1");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_nobody() {
    let served = Served::start().await;
    let (stalled, other) = (served.connect().await, served.connect().await);
    let none: [&(dyn ToSql + Sync); 0] = [];
    let unread = stalled.query_raw(ENDLESS, none).await.unwrap();
    pin_mut!(unread);
    unread.try_next().await.unwrap();
    assert_eq!(soon(rows(&other, "SELECT 1")).await.unwrap(), "1");
}
