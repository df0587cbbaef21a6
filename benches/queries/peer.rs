//! DuckDB and ClickHouse, each in a Python process of its own: `benches/peers/peer.py` opens and asks them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::answer::Answer;
use crate::rows::Rows;
use crate::{Database, Result, processors};

pub struct Peer {
    name: &'static str,
    python: PathBuf,
    store: PathBuf,
}

impl Peer {
    /// The peer of this name, its table filled from the files of JourneyDB's.
    pub fn load(name: &'static str, python: &Path, store: PathBuf, rows: &Rows, folder: &Path) -> Result<Self> {
        let peer = Self { name, python: python.into(), store };
        eprintln!("loading {} into {name}", rows.table());
        let key = format!("{}, occurred_at, channel", rows.entity());
        peer.run(&["load", &rows.table(), &folder.to_string_lossy(), &key])?;
        Ok(peer)
    }

    fn run(&self, task: &[&str]) -> Result<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/peer.py");
        let output = Command::new(&self.python)
            .arg(script)
            .arg(self.name)
            .arg(&self.store)
            .args(task)
            .env("THREADS", processors().to_string())
            .stderr(Stdio::inherit())
            .output()?;
        if output.status.success() { Ok(String::from_utf8(output.stdout)?) } else { Err(self.name.into()) }
    }
}

impl Database for Peer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn store(&self) -> &Path {
        &self.store
    }

    fn ask(&self, sql: &str, times: usize) -> Result<Answer> {
        Ok(serde_json::from_str(&self.run(&["ask", &times.to_string(), sql])?)?)
    }
}

/// A Python with the peers' packages, made below `home` unless it has them already.
pub fn python(home: &Path) -> Result<PathBuf> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/requirements.txt");
    let environment = home.join("python");
    let python = environment.join("bin/python");
    let installed = environment.join("requirements.txt");
    if fs::read(&installed).ok() == Some(fs::read(&requirements)?) {
        return Ok(python);
    }
    eprintln!("installing the peers");
    succeed(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements))?;
    fs::copy(requirements, installed)?;
    Ok(python)
}

fn succeed(command: &mut Command) -> Result<()> {
    if command.status()?.success() { Ok(()) } else { Err(format!("failed: {command:?}").into()) }
}
