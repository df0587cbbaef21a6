//! What the server logs: who connects, what fails, what is slow; and what it keeps to itself.

use std::time::Duration;

use serde_json::Value;
use tokio_postgres::{Client, NoTls};

use super::{Place, Serving};

/// Serves with these arguments, does something, and gives the log as of when all connections of it are closed.
fn logged(arguments: &[&str], work: impl AsyncFnOnce(String) -> usize) -> String {
    let place = Place::new();
    let serving = Serving::start(&place, &[&["serve", "--data", "db", "--listen", "127.0.0.1:0"], arguments].concat());
    let connections = tokio::runtime::Runtime::new().unwrap().block_on(work(serving.port.clone()));
    loop {
        let log = place.read("log");
        if log.matches("connection closed").count() + log.matches("connection refused or ended").count() >= connections
        {
            return log;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

async fn connect(port: &str, user: &str, password: &str) -> Result<Client, tokio_postgres::Error> {
    let config = format!("host=127.0.0.1 port={port} user={user} password={password} dbname=journeydb");
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The lines of a log in JSON.
fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn of<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["message"] == message).collect()
}

#[test]
fn every_connection_statement_and_error_is_a_line_of_json() {
    let arguments = ["--log-format", "json", "-c", "log_min_duration_statement=0"];
    let log = logged(&arguments, async |port| {
        let client = connect(&port, "anna", "none").await.unwrap();
        client.query("SELECT $1::text || $2::text", &[&"bound-", &"value"]).await.unwrap();
        client.batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)").await.unwrap();
        client.batch_execute("SELECT nothing\nFROM t").await.unwrap_err();
        client.query("SELECT $1::text::int", &[&"no-number"]).await.unwrap_err();
        client.batch_execute("SELEC 1").await.unwrap_err();
        client.batch_execute("SET statement_timeout = 20").await.unwrap();
        client.batch_execute("SELECT count(*) FROM generate_series(1, 100000000000)").await.unwrap_err();
        1
    });
    let lines = lines(&log);
    let (opened, closed) = (of(&lines, "connection opened"), of(&lines, "connection closed"));
    assert_eq!((opened.len(), closed.len()), (1, 1), "{log}");
    assert_eq!((&opened[0]["tls"], &opened[0]["level"]), (&false.into(), &"INFO".into()));
    for line in [opened[0], closed[0]] {
        let span = &line["span"];
        assert_eq!((&span["user"], &span["database"]), (&"anna".into(), &"journeydb".into()), "{line}");
        assert!(span["client"].as_str().unwrap().starts_with("127.0.0.1:") && span["pid"].as_i64().unwrap() > 0);
    }
    assert!(closed[0]["seconds"].as_f64().unwrap() >= 0.02);

    let done = of(&lines, "statement done");
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    let told: Vec<_> =
        done.iter().map(|line| (text(line, "command"), line["rows"].as_u64(), text(line, "statement"))).collect();
    let expected = [
        ("SELECT", Some(1), "SELECT $1::text || $2::text"),
        ("CREATE", None, "CREATE TABLE t (a int)"),
        ("INSERT", Some(2), "INSERT INTO t VALUES (1), (2)"),
        ("SET", None, "SET statement_timeout = 20"),
    ];
    assert_eq!(told, expected.map(|(command, rows, text)| (command.to_owned(), rows, text.to_owned())));
    assert!(done.iter().all(|line| line["milliseconds"].as_f64().unwrap() > 0.0));

    let failed = of(&lines, "statement failed");
    let states: Vec<_> = failed.iter().map(|line| line["sqlstate"].as_str().unwrap()).collect();
    assert_eq!(states, ["42703", "22P02", "57014"], "{log}");
    assert_eq!(failed[0]["statement"], "SELECT nothing\nFROM t");
    assert_eq!(failed[0]["error"], "column \"nothing\" does not exist");
    assert_eq!(failed[2]["error"], "canceling statement due to statement timeout");
    let refused = of(&lines, "request failed");
    assert_eq!((refused.len(), &refused[0]["sqlstate"]), (1, &"42601".into()), "{log}");
}

#[test]
fn passwords_and_values_stay_out_of_the_log() {
    let arguments = ["--log", "trace", "--log-format", "json", "-c", "log_min_duration_statement=0"];
    let log = logged(&arguments, async |port| {
        let client = connect(&port, "anna", "none").await.unwrap();
        client.query("SELECT $1::text", &[&"geheim-bound"]).await.unwrap();
        client.query("SELECT $1::text::int", &[&"geheim-number"]).await.unwrap_err();
        client.batch_execute("CREATE TABLE t (a text CHECK (a = 'x'))").await.unwrap();
        client.execute("INSERT INTO t VALUES ($1)", &[&"geheim-row"]).await.unwrap_err();
        client.batch_execute("CREATE USER anna PASSWORD 'geheim-typed' IN ROLE owner").await.unwrap();
        client.batch_execute("ALTER USER anna PASSWORD 'geheim-twice' TWICE").await.unwrap_err();
        client.batch_execute("ALTER USER bert PASSWORD 'geheim-for-nobody'").await.unwrap_err();
        connect(&port, "anna", "geheim-wrong").await.err().unwrap();
        connect(&port, "anna", "geheim-typed").await.unwrap();
        3
    });
    assert!(!log.contains("geheim"), "{}", log.lines().filter(|line| line.contains("geheim")).collect::<String>());
    let lines = lines(&log);
    let refused = of(&lines, "connection refused or ended");
    assert_eq!((refused.len(), &refused[0]["sqlstate"]), (1, &"28P01".into()), "{log}");
    let done = of(&lines, "statement done");
    assert!(done.iter().any(|line| line["statement"] == "CREATE USER anna PASSWORD ***"), "{log}");
}

#[test]
fn nothing_that_a_client_says_begins_a_line() {
    let log = logged(&["-c", "log_min_duration_statement=0"], async |port| {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(port.parse().unwrap()).user("eve\nFORGED\u{1b}[31m").dbname("x\nFORGED");
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("SELECT 1\n\nFORGED").await.unwrap();
        client.batch_execute("SELECT \"no\nFORGED\"").await.unwrap_err();
        client.batch_execute("nonsense\nFORGED").await.unwrap_err();
        1
    });
    assert!(log.lines().all(|line| !line.starts_with("FORGED") && line.starts_with("20")), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
}

#[test]
fn only_what_is_asked_for_is_logged() {
    let slow = "SELECT count(*) FROM generate_series(1, 100000000000)";
    let work = async |port: String| {
        let client = connect(&port, "anna", "none").await.unwrap();
        client.batch_execute("SELECT 1").await.unwrap();
        client.batch_execute(&format!("SET statement_timeout = 50; {slow}")).await.unwrap_err();
        1
    };
    let log = logged(&[], work);
    assert!(!log.contains("statement done") && log.contains("57014"), "{log}");
    let quiet = super::ran(Place::new().command(&["serve", "--log", "journeydb=loud"]).output().unwrap());
    assert!(quiet.code == 2 && quiet.err.contains("is no level"), "{}", quiet.err);
    let log = logged(&["-c", "log_min_duration_statement=1min"], work);
    assert!(!log.contains("statement done"), "{log}");
}
