//! Clients that mean harm: each is refused, and the others are served meanwhile.
//!
//! Passwords and messages of a login are in `login`, encryption in `tls`, storms of connections and long messages in `limits`, files
//! of the server in `server_files`, statements by role in `privileges`.

use std::time::{Duration, Instant};

use journeydb::Database;
use journeydb::server::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::{Client, NoTls};

use super::login::users;
use super::tls::Secured;
use super::{Served, rows, soon, state};

const STARTUP: &[u8] = b"\0\0\0\x12\0\x03\0\0user\0raw\0\0";

/// What a table `t (a int)` of somebody else must be safe from, and the server's files, with the SQLSTATE of the refusal.
const BY_A_READER: [(&str, &str); 19] = [
    ("INSERT INTO t VALUES (2)", "42501"),
    ("UPDATE t SET a = 2", "42501"),
    ("DELETE FROM t", "42501"),
    ("TRUNCATE t", "42501"),
    ("DROP TABLE t", "42501"),
    ("ALTER TABLE t ADD COLUMN b int", "42501"),
    ("WITH w AS (SELECT 2) INSERT INTO t SELECT * FROM w", "42501"),
    ("EXPLAIN ANALYZE INSERT INTO t VALUES (2)", "0A000"),
    ("PREPARE p AS INSERT INTO t VALUES (2); EXECUTE p", "42501"),
    ("COPY t FROM STDIN", "42501"),
    ("CREATE OR REPLACE VIEW t AS SELECT 1", "42501"),
    ("GRANT ALL ON t TO ria", "42501"),
    ("SET ROLE owner", "42501"),
    ("ALTER USER anna PASSWORD 'mine'", "42501"),
    ("COPY t FROM '/etc/passwd'", "42501"),
    ("COPY t TO PROGRAM 'id'", "42501"),
    ("SELECT pg_read_file('/etc/passwd')", "42883"),
    ("SET datafusion.execution.batch_size = 1", "42704"),
    ("CREATE EXTERNAL TABLE e (a int) STORED AS CSV LOCATION '/etc/passwd'", "42601"),
];

/// What holds more than there is, each in its own way.
const HOGS: [&str; 8] = [
    "SELECT cardinality(array_agg(n)) FROM generate_series(1, 100000000000) AS t(n)",
    "SELECT length(string_agg(n::text, ',')) FROM generate_series(1, 100000000000) AS t(n)",
    "SELECT count(DISTINCT n) FROM generate_series(1, 100000000000) AS t(n)",
    "SELECT count(*) FROM generate_series(1, 100000000) AS a(n) JOIN generate_series(1, 100000000) AS b(m) ON a.n = b.m",
    "SELECT count(*) FROM generate_series(1, 3000000) AS a(n), generate_series(1, 3000000) AS b(m) WHERE a.n + b.m = 0",
    "SELECT length(repeat('x', 2000000000))",
    "SELECT length(lpad('x', 2000000000))",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n) FROM generate_series(1, 100000000000) AS t(n)",
];

async fn log_in(served: &Served, user: &str, password: &str) -> Result<Client, tokio_postgres::Error> {
    let config = format!("host=127.0.0.1 port={} user={user} password={password}", served.address.port());
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::test]
async fn a_refusal_takes_the_same_time_whoever_is_asked_for() {
    let mut times = Vec::new();
    for user in ["anna", "nobody"] {
        // The first failure at each server: later ones wait longer.
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let served = Served::serve(users().await, Options::default()).await;
            let began = Instant::now();
            assert_eq!(state(&soon(log_in(&served, user, "wrong")).await.err().unwrap()), "28P01");
            best = best.min(began.elapsed());
        }
        times.push(best);
    }
    assert!(times[0].abs_diff(times[1]) < Duration::from_millis(60), "{times:?}");
}

/// Sends a byte at a time; how long until the server hangs up.
async fn dribbled(socket: &mut TcpStream, bytes: &[u8]) -> Duration {
    let began = Instant::now();
    let (mut reader, mut writer) = socket.split();
    let dribble = async {
        for byte in bytes.iter().cycle() {
            if writer.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        _ = soon(reader.read_to_end(&mut answer)) => {}
        () = dribble => {}
    }
    began.elapsed()
}

#[tokio::test]
async fn who_dribbles_is_let_go() {
    let secured = Secured::new();
    let database = users().await;
    database.configure("authentication_timeout", "300ms").unwrap();
    let served = Served::serve(database, secured.options()).await;
    // A startup message that never ends, a handshake of TLS that never ends, and an answer to the request for proof.
    let long = [&b"\0\0\x20\0\0\x03\0\0user\0"[..], &[b'x'; 4000]].concat();
    let mut plain = TcpStream::connect(served.address).await.unwrap();
    let mut encrypted = TcpStream::connect(served.address).await.unwrap();
    encrypted.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
    assert_eq!(encrypted.read_u8().await.unwrap(), b'S');
    let mut asked = TcpStream::connect(served.address).await.unwrap();
    asked.write_all(STARTUP).await.unwrap();
    assert_eq!(asked.read_u8().await.unwrap(), b'R');
    let hello = [&b"\x16\x03\x01\x20\0\x01\0\x1f\xfc\x03\x03"[..], &[0; 4000]].concat();
    let proof = [&b"p\0\0\x20\0SCRAM-SHA-256\0"[..], &[b'x'; 4000]].concat();
    let times = tokio::join!(
        dribbled(&mut plain, &long),
        dribbled(&mut encrypted, &hello),
        dribbled(&mut asked, &proof),
        soon(log_in(&served, "anna", "right")),
    );
    for time in [times.0, times.1, times.2] {
        assert!(time < Duration::from_secs(5), "{time:?}");
    }
    assert_eq!(rows(&times.3.unwrap(), "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn half_a_message_is_nothing() {
    let served = Served::start().await;
    let mut halves = Vec::new();
    for message in
        [&b"Q\0\0\0\x20SELECT 1"[..], b"Q\0", b"P\0\0\x10\0\0CREATE TABLE t (a int)\0", b"d\0\0\0\x08ab", b"B\0\0\0"]
    {
        let mut socket = TcpStream::connect(served.address).await.unwrap();
        socket.write_all(&[STARTUP, message].concat()).await.unwrap();
        halves.push(socket);
    }
    let client = served.connect().await;
    assert_eq!(rows(&client, "SELECT count(*) FROM journey.activity").await.unwrap(), "6");
    drop(halves);
    soon(async { while rows(&client, "SELECT count(*) FROM journey.activity").await.unwrap() != "1" {} }).await;
    assert_eq!(rows(&client, "SELECT count(*) FROM pg_class WHERE relname = 't'").await.unwrap(), "0");
}

#[tokio::test]
async fn a_reader_reads() {
    let database = users().await;
    database.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1); GRANT SELECT ON t TO ria").await.unwrap();
    let served = Served::serve(database, Options::default()).await;
    let ria = soon(log_in(&served, "ria", "right")).await.unwrap();
    for (attack, expected) in BY_A_READER {
        let refused = soon(ria.batch_execute(attack)).await.err().map(|error| state(&error).to_owned());
        assert_eq!(refused.as_deref(), Some(expected), "{attack}");
        assert_eq!(rows(&ria, "SELECT a FROM t").await.unwrap(), "1", "{attack}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_all_memory_gets_none_and_the_others_theirs() {
    let database = Database::in_memory().await.unwrap();
    for (name, value) in [("memory_limit", "64MB"), ("temp_file_limit", "64MB"), ("statement_timeout", "20s")] {
        database.configure(name, value).unwrap();
    }
    let served = Served::serve(database, Options::default()).await;
    let mut hogs = Vec::new();
    for hog in HOGS {
        let client = served.connect().await;
        hogs.push(tokio::spawn(async move { (hog, rows(&client, hog).await, rows(&client, "SELECT 1").await) }));
    }
    let other = served.connect().await;
    other.batch_execute("SET statement_timeout = 0").await.unwrap();
    while hogs.iter().any(|hog| !hog.is_finished()) {
        assert_eq!(soon(rows(&other, "SELECT count(*) FROM generate_series(1, 1000)")).await.unwrap(), "1000");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for hog in hogs {
        let (hog, answer, after) = hog.await.unwrap();
        let refused = answer.err().map(|error| state(&error).to_owned());
        let refused = refused.as_deref().unwrap_or("nothing");
        assert!(["53200", "53400", "54000", "57014"].contains(&refused), "{refused}: {hog}");
        assert_eq!(after.unwrap(), "1", "{hog}");
    }
    soon(async { while rows(&other, "SELECT sum(memory_bytes) FROM journey.activity").await.unwrap() != "0" {} }).await;
}
