//! Where the server listens, how many it takes, and how it ends.

use std::time::{Duration, Instant};

use journeydb::server::{Options, Server};
use journeydb::{Database, SqlState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Served, rows, soon, state};

async fn bind(listen: &str) -> Result<Server, journeydb::Error> {
    let database = Database::in_memory().await.unwrap();
    Server::bind(database, Options { listen: listen.to_owned() }).await
}

#[tokio::test]
async fn addresses_that_cannot_be_listened_on_are_explained() {
    let served = Served::start().await;
    let taken = bind(&served.address.to_string()).await.err().unwrap();
    assert!(taken.message().contains("in use"), "{taken}");
    assert!(taken.hint().is_some());
    let open = bind("0.0.0.0:0").await.err().unwrap();
    assert_eq!(open.state(), SqlState::InsufficientPrivilege);
    assert_eq!(bind("[::]:0").await.err().unwrap().state(), SqlState::InsufficientPrivilege);
    for nonsense in ["", "5432", "127.0.0.1", "127.0.0.1:99999"] {
        assert_eq!(bind(nonsense).await.err().unwrap().state(), SqlState::InvalidParameterValue, "{nonsense}");
    }
}

#[tokio::test]
async fn one_connection_too_many_is_refused_by_name() {
    let served = Served::with_connections(1).await;
    let first = served.connect().await;
    assert_eq!(state(&served.connect_with("").await.err().unwrap()), "53300");
    drop(first);
    let again = soon(async {
        loop {
            match served.connect_with("").await {
                Ok(client) => break client,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    });
    assert_eq!(rows(&again.await, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn encryption_is_declined_and_the_client_may_go_on() {
    let served = Served::start().await;
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    for request in [80_877_104i32, 80_877_103] {
        socket.write_i32(8).await.unwrap();
        socket.write_i32(request).await.unwrap();
        assert_eq!(soon(socket.read_u8()).await.unwrap(), b'N');
    }
    socket.write_all(b"\0\0\0\x12\0\x03\0\0user\0raw\0\0").await.unwrap();
    assert_eq!(soon(socket.read_u8()).await.unwrap(), b'R');
}

#[tokio::test]
async fn a_message_of_made_up_length_is_refused() {
    let served = Served::start().await;
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    socket.write_all(b"\0\0\0\x12\0\x03\0\0user\0raw\0\0").await.unwrap();
    socket.write_all(b"Q\x7f\xff\xff\xff").await.unwrap();
    let mut answer = Vec::new();
    soon(socket.read_to_end(&mut answer)).await.unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("54000"));
}

#[tokio::test]
async fn shutdown_ends_idle_connections_at_once_and_waits_for_running_statements() {
    let served = Served::start().await;
    let (idle, busy) = (served.connect().await, served.connect().await);
    let sum = "SELECT count(*) FROM generate_series(1, 3000000) WHERE value % 7 = 0";
    let running = tokio::spawn(async move { rows(&busy, sum).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    soon(served.shut_down()).await;
    assert!(began.elapsed() < Duration::from_secs(8));
    assert!(idle.simple_query("SELECT 1").await.is_err());
    if let Err(error) = running.await.unwrap() {
        assert_eq!(state(&error), "57P01");
    }
}
