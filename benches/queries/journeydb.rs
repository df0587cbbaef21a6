//! JourneyDB, served on loopback and asked over the wire as any client would.

use std::cell::Cell;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Instant, UNIX_EPOCH};

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::answer::Answer;
use crate::rows::Rows;
use crate::{Database, Result};

#[derive(Clone)]
pub struct JourneyDb {
    binary: PathBuf,
    /// Decoded columns that it keeps in memory.
    column_cache: &'static str,
    settings: Vec<String>,
    data: PathBuf,
    highest_memory: Rc<Cell<u64>>,
}

impl JourneyDb {
    /// The database in this folder; its sessions have settings `name=value`.
    pub fn new(binary: &Path, data: PathBuf, settings: &[String]) -> Self {
        let (settings, highest_memory) = (settings.to_vec(), Rc::default());
        Self { binary: binary.into(), column_cache: "4GB", data, settings, highest_memory }
    }

    /// The same, decoding its files for every question.
    pub fn without_cache(&self) -> Self {
        Self { column_cache: "0", ..self.clone() }
    }

    /// Simulates so many interactions. What lies in the folder of the database, and beside it, goes away, unless it was made by
    /// the very same binary: another may store it otherwise.
    pub fn simulate(&self, interactions: u64) -> Result<()> {
        let folder = self.data.parent().ok_or("the data has a folder around it")?;
        let binary = fs::metadata(&self.binary).map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let made_by = format!("{} {:?}", binary.len(), binary.modified()?.duration_since(UNIX_EPOCH)?);
        let stamp = folder.join("made_by");
        if fs::read_to_string(&stamp).is_ok_and(|found| found == made_by) {
            return Ok(());
        }
        eprintln!("simulating {interactions} interactions");
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let simulation = ["demo", "--no-serve", "--interactions", &interactions.to_string(), "--data"];
        let made = Command::new(&self.binary).args(simulation).arg(&self.data).stdout(Stdio::null()).status()?;
        if !made.success() {
            return Err("the simulation failed".into());
        }
        Ok(fs::write(stamp, made_by)?)
    }

    /// Makes the table of these rows, unless it is there. Returns the table's folder, in Delta's format.
    pub fn prepare(&self, rows: &Rows) -> Result<PathBuf> {
        let tables = self.data.join("tables");
        if rows.as_simulated() {
            return Ok(tables.join("journey").join(rows.table()));
        }
        let stamp = self.data.with_file_name(rows.table());
        if !stamp.exists() {
            eprintln!("making {}", rows.table());
            for statement in rows.statements() {
                self.ask(&statement, 1)?;
            }
            fs::write(stamp, "")?;
        }
        Ok(tables.join("public").join(rows.table()))
    }

    /// The most memory that one of its processes took, in KiB; 0 where the system doesn't say.
    pub fn highest_memory(&self) -> u64 {
        self.highest_memory.get()
    }

    async fn measure(&self, sql: &str, times: usize) -> Result<Answer> {
        let server = Server::start(self)?;
        let client = server.connect().await?;
        for setting in &self.settings {
            let (name, value) = setting.split_once('=').ok_or("a setting is NAME=VALUE")?;
            client.batch_execute(&format!("SET {name} = '{value}'")).await.map_err(told)?;
        }
        // The first query of a process sets up what later ones share.
        client.simple_query("SELECT count(*) FROM demand_states").await.map_err(told)?;
        let mut answer = Answer::default();
        for _ in 0..times {
            let start = Instant::now();
            let messages = client.simple_query(sql).await.map_err(told)?;
            answer.milliseconds.push(start.elapsed().as_secs_f64() * 1000.0);
            answer.rows = messages.iter().filter_map(row).collect();
        }
        self.highest_memory.set(self.highest_memory.get().max(server.highest_memory()));
        Ok(answer)
    }
}

impl Database for JourneyDb {
    fn name(&self) -> &'static str {
        "journeydb"
    }

    fn store(&self) -> &Path {
        &self.data
    }

    fn ask(&self, sql: &str, times: usize) -> Result<Answer> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(self.measure(sql, times))
    }
}

fn row(message: &SimpleQueryMessage) -> Option<Vec<Option<String>>> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    Some((0..row.len()).map(|cell| row.get(cell).map(str::to_owned)).collect())
}

/// What the server said, which the client's error leaves out of its text.
fn told(error: tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(database: &JourneyDb) -> Result<Self> {
        let mut process = Command::new(&database.binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--column-cache", database.column_cache, "--data"])
            .arg(&database.data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let port = BufReader::new(output).lines().map_while(std::result::Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("-p ")?;
            rest.split_whitespace().next()?.parse().ok()
        });
        let server = Self { process, port: port.unwrap_or_default() };
        if server.port == 0 { Err("the server didn't say where it listens".into()) } else { Ok(server) }
    }

    async fn connect(&self) -> Result<Client> {
        let address = format!("host=127.0.0.1 port={} user=bench dbname=journeydb", self.port);
        let (client, connection) = tokio_postgres::connect(&address, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    fn highest_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
        line.and_then(|kib| kib.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
