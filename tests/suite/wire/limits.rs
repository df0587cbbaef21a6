//! Where the server listens, how many it takes, and how it ends.

use std::time::{Duration, Instant};

use journeydb::server::{Options, Server};
use journeydb::{Database, SqlState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

use super::{Served, rows, soon, state};

async fn bind(listen: &str) -> Result<Server, journeydb::Error> {
    let database = Database::in_memory().await.unwrap();
    Server::bind(database, Options { listen: listen.to_owned(), ..Options::default() }).await
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

/// How a connection ends that its client does nothing with.
async fn ends_by_itself(served: &Served, set_up: &str) -> String {
    let config = format!("host=127.0.0.1 port={} user=tester", served.address.port());
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    let driving = tokio::spawn(connection);
    client.batch_execute(set_up).await.unwrap();
    state(&soon(driving).await.unwrap().unwrap_err()).to_owned()
}

#[tokio::test]
async fn sessions_that_wait_for_too_long_end() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("SET idle_in_transaction_session_timeout = 50").await.unwrap();
    assert_eq!(ends_by_itself(&served, "SET idle_session_timeout = 100").await, "57P05");
    let idle = "SET idle_session_timeout = 10; SET idle_in_transaction_session_timeout = 100; BEGIN";
    assert_eq!(ends_by_itself(&served, idle).await, "25P03");
    assert_eq!(ends_by_itself(&served, "SET transaction_timeout = 100; BEGIN").await, "25P04");
    // Outside of a transaction the limit on idle ones is none.
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_transaction_that_lasts_too_long_ends_at_work_too() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("SET transaction_timeout = 200; BEGIN").await.unwrap();
    let endless = "SELECT count(*) FROM generate_series(1, 100000000000)";
    assert_eq!(state(&soon(rows(&client, endless)).await.unwrap_err()), "25P04");
}

#[tokio::test]
async fn a_statement_keeps_to_its_memory_and_its_files() {
    let served = Served::start().await;
    let (client, other) = (served.connect().await, served.connect().await);
    let join = "SELECT count(*) FROM generate_series(1, 300000) a(n) JOIN generate_series(1, 300000) b(m) ON a.n = b.m";
    client.batch_execute("SET query_memory_limit = '1MB'").await.unwrap();
    let error = rows(&client, join).await.unwrap_err();
    assert_eq!(state(&error), "53200");
    assert_eq!(error.as_db_error().unwrap().hint(), Some("ask for less at once, or raise query_memory_limit"));
    assert_eq!(rows(&other, join).await.unwrap(), "300000");
    let sort = "SELECT max(place) FROM (SELECT row_number() OVER (ORDER BY n::bigint * 7919 % 1000003, text) AS place
                FROM (SELECT n, 'a text of some fifty bytes, as there are in the world ' || n AS text
                      FROM generate_series(1, 700000) AS t(n)))";
    client.batch_execute("SET query_memory_limit = '72MB'").await.unwrap();
    assert_eq!(rows(&client, sort).await.unwrap(), "700000");
    client.batch_execute("SET temp_file_limit = '64kB'").await.unwrap();
    let error = rows(&client, sort).await.unwrap_err();
    assert_eq!(state(&error), "53400");
    assert_eq!(error.as_db_error().unwrap().message(), "temporary file size exceeds temp_file_limit");
    client.batch_execute("RESET query_memory_limit").await.unwrap();
    assert_eq!(rows(&client, sort).await.unwrap(), "700000");
}

#[tokio::test]
async fn a_session_keeps_so_many_statements_and_portals() {
    let served = Served::configured(&[("max_prepared_statements", "2"), ("max_portals", "1")]).await;
    let mut client = served.connect().await;
    let (one, _two) = (client.prepare("SELECT 1").await.unwrap(), client.prepare("SELECT 2").await.unwrap());
    assert_eq!(state(&client.prepare("SELECT 3").await.unwrap_err()), "53400");
    assert_eq!(client.query(&one, &[]).await.unwrap().len(), 1);
    let transaction = client.transaction().await.unwrap();
    let _portal = transaction.bind(&one, &[]).await.unwrap();
    assert_eq!(state(&transaction.bind(&one, &[]).await.err().unwrap()), "53400");
    transaction.rollback().await.unwrap();
    drop(one);
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn long_texts_and_messages_are_refused() {
    let served = Served::configured(&[("max_statement_length", "1kB"), ("max_message_size", "64kB")]).await;
    let client = served.connect().await;
    let long = format!("SELECT '{}'", "x".repeat(2000));
    assert_eq!(state(&rows(&client, &long).await.unwrap_err()), "54000");
    assert_eq!(state(&client.prepare(&long).await.unwrap_err()), "54000");
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
    assert_eq!(state(&rows(&client, &"x".repeat(70_000)).await.unwrap_err()), "54000");
    assert!(rows(&client, "SELECT 1").await.is_err());
    assert_eq!(rows(&served.connect().await, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_parameter_that_no_message_can_bind_is_none() {
    let served = Served::start().await;
    let client = served.connect().await;
    for number in ["65536", "4294967296", "99999999999999999999"] {
        assert_eq!(state(&client.prepare(&format!("SELECT ${number}")).await.unwrap_err()), "42P02", "{number}");
    }
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_storm_of_silent_connections_crowds_out_its_own() {
    let served = Served::configured(&[("max_opening_connections", "8")]).await;
    let early = served.connect().await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(served.address).await.unwrap());
    }
    assert_eq!(rows(&soon(served.connect()).await, "SELECT 1").await.unwrap(), "1");
    assert_eq!(rows(&early, "SELECT 1").await.unwrap(), "1");
    assert_eq!(soon(silent[0].read(&mut [0; 16])).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go() {
    let served = Served::configured(&[("authentication_timeout", "100ms")]).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(soon(silent.read(&mut [0; 16])).await.unwrap(), 0);
}
