//! JourneyDB, served on loopback and asked over the wire as any client would.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Instant, UNIX_EPOCH};

use tokio_postgres::SimpleQueryMessage;

use crate::answer::Answer;
use crate::rows::Rows;
use crate::server::{Server, connect};
use crate::status;
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
        let server = Server::start(&self.binary, &self.data, &["--column-cache", self.column_cache])?;
        let (client, _) = connect(&server.address()).await?;
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
        let memory = status::memory(server.process.id(), "VmHWM:").unwrap_or_default();
        self.highest_memory.set(self.highest_memory.get().max(memory));
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
