//! The metrics over HTTP, as Prometheus reads them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use journeydb::Database;
use journeydb::server::{Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_postgres::{Client, NoTls};

use super::login::users;
use super::{rows, soon, state};

/// What an address answers to bytes: the head, and the body.
async fn answer(address: SocketAddr, request: &[u8]) -> (String, String) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut text = String::new();
    soon(socket.read_to_string(&mut text)).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), body.len());
    (head.to_owned(), body.to_owned())
}

/// The values of a page, read as the format's definition has it: families one after the other, each with HELP and TYPE first,
/// samples under the names that its type gives them, nothing twice, and the end said.
struct Page {
    values: BTreeMap<String, f64>,
    /// The families as a table of them has it: name, type, and what it is.
    families: Vec<String>,
    text: String,
}

impl Page {
    async fn of(address: SocketAddr) -> Self {
        let (head, body) = answer(address, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
        Self::read(body)
    }

    fn read(text: String) -> Self {
        let (mut values, mut types) = (BTreeMap::new(), BTreeMap::new());
        let (mut helped, mut about, mut family) = (String::new(), String::new(), String::new());
        let mut families = Vec::new();
        for line in text.strip_suffix("# EOF\n").unwrap().lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').unwrap();
                (helped, about) = (name.to_owned(), help.to_owned());
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, helped, "{line}");
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{line} comes twice");
                family = name.to_owned();
                families.push(format!("| `{family}` | {kind} | {about} |"));
            } else if let Some(unit) = line.strip_prefix("# UNIT ") {
                let (name, unit) = unit.split_once(' ').unwrap();
                assert!(name == family && name.ends_with(&format!("_{unit}")), "{line}");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let suffix = series.split('{').next().unwrap().strip_prefix(&family).unwrap();
                let allowed: &[&str] = match types[&family].as_str() {
                    "counter" => &["_total"],
                    "gauge" => &[""],
                    "histogram" => &["_bucket", "_sum", "_count"],
                    "info" => &["_info"],
                    other => panic!("{other}: {line}"),
                };
                assert!(allowed.contains(&suffix), "{line}");
                assert!(values.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{line} comes twice");
            }
        }
        Self { values, families, text }
    }

    fn value(&self, series: &str) -> f64 {
        self.values.get(series).copied().unwrap_or_else(|| panic!("no {series} in\n{}", self.text))
    }

    /// Checks that a document has each family in a line of its table, and no others.
    fn is_described_by(&self, document: &str) {
        let lines: Vec<_> = document.lines().filter(|line| line.starts_with("| `journeydb_")).collect();
        assert_eq!(self.families, lines, "docs/monitoring.md lists the families of the page, in their order");
    }

    fn is(&self, expected: &[(&str, f64)]) {
        for (series, expected) in expected {
            assert_eq!(self.value(series), *expected, "{series} in\n{}", self.text);
        }
    }
}

/// A server that tells its metrics: where it is, where they are, and what ends it.
async fn serve(database: Database) -> (SocketAddr, SocketAddr, oneshot::Sender<()>) {
    let (listen, metrics) = ("127.0.0.1:0".to_owned(), Some("127.0.0.1:0".to_owned()));
    let server = Server::bind(database, Options { listen, metrics, ..Options::default() }).await.unwrap();
    let (address, metrics) = (server.local_addr(), server.metrics_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
    (address, metrics, stop)
}

async fn connect(address: SocketAddr, user: &str, password: &str) -> Result<Client, tokio_postgres::Error> {
    let config = format!("host=127.0.0.1 port={} user={user} password={password}", address.port());
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::test]
async fn the_page_counts_what_happens() {
    let database = Database::in_memory().await.unwrap();
    database.set_memory_limit(1 << 30);
    let (address, page, stop) = serve(database).await;
    Page::of(page).await.is(&[("journeydb_connections_total", 0.0), ("journeydb_sent_bytes_total", 0.0)]);
    let client = connect(address, "tester", "none").await.unwrap();
    rows(&client, "CREATE TABLE t (a bigint); INSERT INTO t VALUES (1), (2)").await.unwrap();
    rows(&client, "SELECT a FROM t; WITH u AS (SELECT a FROM t) SELECT a FROM u").await.unwrap();
    assert_eq!(state(&client.query("SELECT nothing", &[]).await.unwrap_err()), "42703");
    assert_eq!(state(&rows(&client, "SELEC 1").await.unwrap_err()), "42601");
    client.query("SELECT a FROM t WHERE a > $1", &[&0_i64]).await.unwrap();
    client.batch_execute("SET statement_timeout = 20").await.unwrap();
    let endless = "SELECT count(*) FROM generate_series(1, 100000000000)";
    assert_eq!(state(&rows(&client, endless).await.unwrap_err()), "57014");
    client.batch_execute("BEGIN").await.unwrap();

    let now = Page::of(page).await;
    now.is(&[
        ("journeydb_build_info{version=\"0.1.0\"}", 1.0),
        ("journeydb_connections_total", 1.0),
        ("journeydb_authentication_failures_total", 0.0),
        ("journeydb_statements_total{command=\"SELECT\",outcome=\"done\"}", 3.0),
        ("journeydb_statements_total{command=\"SELECT\",outcome=\"failed\"}", 1.0),
        ("journeydb_statements_total{command=\"SELECT\",outcome=\"stopped\"}", 1.0),
        ("journeydb_statements_total{command=\"INSERT\",outcome=\"done\"}", 1.0),
        ("journeydb_statements_total{command=\"CREATE\",outcome=\"done\"}", 1.0),
        ("journeydb_statement_duration_seconds_count{command=\"SELECT\"}", 5.0),
        ("journeydb_statement_duration_seconds_bucket{le=\"+Inf\",command=\"SELECT\"}", 5.0),
        ("journeydb_rows_total{command=\"SELECT\"}", 6.0),
        ("journeydb_rows_total{command=\"INSERT\"}", 2.0),
        ("journeydb_errors_total{sqlstate=\"42703\"}", 1.0),
        ("journeydb_errors_total{sqlstate=\"42601\"}", 1.0),
        ("journeydb_errors_total{sqlstate=\"57014\"}", 1.0),
        ("journeydb_sessions{state=\"idle in transaction\"}", 1.0),
        ("journeydb_sessions{state=\"active\"}", 0.0),
        ("journeydb_sessions_limit", 100.0),
        ("journeydb_memory_bytes", 0.0),
        ("journeydb_memory_limit_bytes", (1u64 << 30) as f64),
        ("journeydb_spilled_bytes_total", 0.0),
        ("journeydb_table_versions_written_total", 1.0),
        ("journeydb_table_versions_joined_total", 0.0),
    ]);
    assert!(now.value("journeydb_sent_bytes_total") > 100.0 && now.value("journeydb_received_bytes_total") > 100.0);
    assert!(now.value("journeydb_statement_duration_seconds_sum{command=\"SELECT\"}") >= 0.02);
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((at - 60.0..=at).contains(&now.value("journeydb_opened_seconds")));

    now.is_described_by(include_str!("../../../docs/monitoring.md"));
    let session = |page: &Page, state: &str| page.value(&format!("journeydb_sessions{{state=\"{state}\"}}"));
    drop(client);
    soon(async { while session(&Page::of(page).await, "idle in transaction") > 0.0 {} }).await;
    stop.send(()).unwrap();
    soon(async { while TcpStream::connect(page).await.is_ok() {} }).await;
}

#[tokio::test]
async fn what_goes_to_disk_and_what_is_kept_is_counted() {
    let place = tempfile::tempdir().unwrap();
    let (address, page, _stop) = serve(Database::open(place.path()).await.unwrap()).await;
    let client = connect(address, "tester", "none").await.unwrap();
    client
        .batch_execute("CREATE TABLE t (a bigint); INSERT INTO t SELECT value FROM generate_series(1, 50000)")
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(rows(&client, "SELECT sum(a) FROM t").await.unwrap(), "1250025000");
    }
    let sort = "SELECT max(place) FROM (SELECT row_number() OVER (ORDER BY n::bigint * 7919 % 1000003, text) AS place
                FROM (SELECT n, 'a text of some fifty bytes, as there are in the world ' || n AS text
                      FROM generate_series(1, 700000) AS t(n)))";
    client.batch_execute("SET query_memory_limit = '72MB'").await.unwrap();
    assert_eq!(rows(&client, sort).await.unwrap(), "700000");
    soon(async { while Page::of(page).await.value("journeydb_spilled_bytes_total") < 1e6 {} }).await;
    let now = Page::of(page).await;
    assert!(now.value("journeydb_column_cache_bytes") >= 400_000.0, "{}", now.text);
    assert!(now.value("journeydb_column_cache_hits_total") >= 1.0, "{}", now.text);
    assert!(now.value("journeydb_column_cache_misses_total") >= 1.0, "{}", now.text);
}

#[tokio::test]
async fn logins_that_are_refused_are_counted() {
    let (address, page, _stop) = serve(users().await).await;
    for user in ["anna", "nobody"] {
        assert_eq!(state(&soon(connect(address, user, "wrong")).await.err().unwrap()), "28P01");
    }
    let anna = soon(connect(address, "anna", "right")).await.unwrap();
    rows(&anna, "SELECT 1").await.unwrap();
    Page::of(page).await.is(&[
        ("journeydb_connections_total", 3.0),
        ("journeydb_authentication_failures_total", 2.0),
        ("journeydb_errors_total{sqlstate=\"28P01\"}", 2.0),
    ]);
}

#[tokio::test]
async fn other_requests_are_answered_as_they_should_be() {
    let (_, page, _stop) = serve(Database::in_memory().await.unwrap()).await;
    assert_eq!(answer(page, b"GET /healthz HTTP/1.0\r\n\r\n").await.1, "ok\n");
    for (request, expected) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "404 Not Found"),
        (&b"GET /metrics?x HTTP/1.1\r\n\r\n"[..], "404 Not Found"),
        (&b"POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n"[..], "405 Method Not Allowed"),
        (&b"nonsense\r\n\r\n"[..], "400 Bad Request"),
        (&b"GET /metrics HTTP/2\r\n\r\n"[..], "400 Bad Request"),
        (&b"\0\0\0\x08\x04\xd2\x16\x2f"[..], "400 Bad Request"),
        (&[b'x'; 8192][..], "400 Bad Request"),
    ] {
        let (head, _) = answer(page, request).await;
        assert_eq!(head.lines().next().unwrap(), format!("HTTP/1.1 {expected}"));
    }
    // Who says nothing keeps nobody else from an answer.
    let mut silent = Vec::new();
    for _ in 0..7 {
        silent.push(TcpStream::connect(page).await.unwrap());
    }
    assert_eq!(answer(page, b"GET /healthz HTTP/1.1\r\n\r\n").await.1, "ok\n");
}

#[tokio::test]
async fn the_page_is_for_this_machine() {
    for (metrics, expected) in [("0.0.0.0:0", "42501"), ("[::]:0", "42501"), ("nowhere", "22023")] {
        let (listen, metrics) = ("127.0.0.1:0".to_owned(), Some(metrics.to_owned()));
        let options = Options { listen, metrics, ..Options::default() };
        let error = Server::bind(Database::in_memory().await.unwrap(), options.clone()).await.err().unwrap();
        assert_eq!(error.state().code(), expected);
        assert!(error.hint().is_some());
        let told = Server::bind(Database::in_memory().await.unwrap(), Options { insecure: true, ..options }).await;
        assert_eq!(told.is_ok(), expected == "42501");
    }
}
