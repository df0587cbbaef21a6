//! Executable documentation: every file under `tests/slt` runs against the embedded database and over the wire, and both
//! must print the same answers. A file starts from an empty database; `connection <name>` opens another session on it.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use futures::TryStreamExt;
use journeydb::server::{Options, Printed, Server};
use journeydb::{Database, Outcome, Session};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};
use tokio::sync::oneshot;
use tokio_postgres::{NoTls, SimpleQueryMessage};

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    run_every_file(async |file| {
        let database = Database::in_memory().await.unwrap();
        let mut runner = Runner::new(async || Ok(Embedded(database.session())));
        runner.run_file_async(file).await.map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_wire() {
    run_every_file(async |file| {
        let database = Database::in_memory().await.unwrap();
        let options = Options { listen: "127.0.0.1:0".to_owned(), ..Options::default() };
        let server = Server::bind(database, options).await.unwrap();
        let port = server.local_addr().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
        let mut runner = Runner::new(async || OverTheWire::connect(port).await);
        let result = runner.run_file_async(file).await.map_err(|error| error.to_string());
        runner.shutdown_async().await;
        stop.send(()).unwrap();
        serving.await.unwrap();
        result
    })
    .await;
}

/// Runs all files and reports every one that fails, not only the first. SLT_FILES narrows them to paths that contain it.
async fn run_every_file(run: impl AsyncFn(&Path) -> Result<(), String>) {
    let wanted = std::env::var("SLT_FILES").unwrap_or_default();
    let mut files = files_under(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt"));
    files.retain(|file| file.to_string_lossy().contains(&wanted));
    files.sort();
    assert!(!files.is_empty(), "no file under tests/slt has \"{wanted}\" in its path");
    let mut failures = Vec::new();
    for file in files {
        if let Err(failure) = run(&file).await {
            failures.push(failure);
        }
    }
    assert!(failures.is_empty(), "{} failed:\n\n{}", failures.len(), failures.join("\n\n"));
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

/// A failure with what both ways of asking must agree on.
#[derive(Debug)]
struct Failure {
    state: String,
    message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<journeydb::Error> for Failure {
    fn from(error: journeydb::Error) -> Self {
        Self { state: error.state().code().to_owned(), message: error.message().to_owned() }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(told) => Self { state: told.code().code().to_owned(), message: told.message().to_owned() },
            None => Self { state: String::new(), message: error.to_string() },
        }
    }
}

/// A value as the files write it.
fn shown(value: Option<&str>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.to_owned(),
    }
}

fn rows(columns: usize, rows: Vec<Vec<String>>) -> DBOutput<DefaultColumnType> {
    DBOutput::Rows { types: vec![DefaultColumnType::Any; columns], rows }
}

struct Embedded(Session);

#[async_trait]
impl AsyncDB for Embedded {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let mut output = DBOutput::StatementComplete(0);
        for statement in self.0.parse(sql)? {
            let prepared = self.0.prepare(&statement, &[]).await?;
            // The second time a query's plan is kept, if it can be, and the third time it is the one that runs. What gives another
            // answer each time is asked once.
            let again = prepared.tag() == "SELECT"
                && !["advisory_", "pg_notify", "set_config", "nextval", "setval"].iter().any(|f| sql.contains(f));
            for _ in 0..if again { 2 } else { 0 } {
                if let Outcome::Rows(rows) = self.0.execute(&prepared, vec![]).await? {
                    rows.try_collect::<Vec<_>>().await.map_err(journeydb::Error::from)?;
                }
            }
            output = match self.0.execute(&prepared, vec![]).await? {
                Outcome::Done(tag) => DBOutput::StatementComplete(tag.rows.unwrap_or(0)),
                Outcome::CopyOut(_) | Outcome::CopyIn(_) => panic!("these files hold no COPY"),
                Outcome::Rows(stream) => {
                    let schema = stream.schema();
                    let batches: Vec<_> = stream.try_collect().await.map_err(journeydb::Error::from)?;
                    let printed = Printed::of(&schema, &self.0.setting("TimeZone").unwrap_or_default())?;
                    let mut lines = Vec::new();
                    for batch in &batches {
                        let values = printed.rows(batch)?;
                        lines.extend(values.iter().map(|row| row.iter().map(|v| shown(v.as_deref())).collect()));
                    }
                    rows(schema.fields().len(), lines)
                }
            };
        }
        Ok(output)
    }

    async fn shutdown(&mut self) {}

    fn error_sql_state(error: &Failure) -> Option<String> {
        Some(error.state.clone())
    }
}

struct OverTheWire(Option<tokio_postgres::Client>);

impl OverTheWire {
    async fn connect(port: u16) -> Result<Self, Failure> {
        let address = format!("host=127.0.0.1 port={port} user=journeydb dbname=journeydb");
        let (client, connection) = tokio_postgres::connect(&address, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self(Some(client)))
    }
}

#[async_trait]
impl AsyncDB for OverTheWire {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let client = self.0.as_ref().expect("no record follows the shutdown");
        let (mut columns, mut lines, mut touched) = (None, Vec::new(), 0);
        for message in client.simple_query(sql).await? {
            match message {
                SimpleQueryMessage::RowDescription(described) => columns = Some(described.len()),
                SimpleQueryMessage::Row(row) => lines.push((0..row.len()).map(|i| shown(row.get(i))).collect()),
                SimpleQueryMessage::CommandComplete(count) => touched = count,
                _ => {}
            }
        }
        Ok(columns.map_or(DBOutput::StatementComplete(touched), |columns| rows(columns, lines)))
    }

    async fn shutdown(&mut self) {
        self.0 = None;
    }

    fn error_sql_state(error: &Failure) -> Option<String> {
        Some(error.state.clone())
    }
}
