//! A server that a benchmark starts on loopback, and that ends with the benchmark.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

/// A server of its own process.
pub struct Server {
    pub process: Child,
    pub port: u16,
}

impl Server {
    /// Serves the database in a folder; `arguments` are more of `journeydb serve`. What it logs of errors is shown.
    pub fn start(binary: &Path, folder: &Path, arguments: &[&str]) -> io::Result<Self> {
        let mut process = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .args(arguments)
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()?;
        let said = process.stdout.take().map(|output| BufReader::new(output).lines().map_while(Result::ok));
        // It says how psql reaches it.
        let port = said.into_iter().flatten().find_map(|line| {
            let (_, rest) = line.split_once("-p ")?;
            rest.split_whitespace().next()?.parse().ok()
        });
        let server = Self { process, port: port.unwrap_or_default() };
        if server.port == 0 { Err(io::Error::other("the server didn't say where it listens")) } else { Ok(server) }
    }

    /// Where clients find it.
    pub fn address(&self) -> String {
        format!("host=127.0.0.1 port={} user=bench dbname=journeydb", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already where this fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client of a server of any kind, and the task that holds its socket.
pub async fn connect(address: &str) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    let socket = tokio::spawn(async {
        // What ends a connection its client is told by what it asks next.
        let _ = connection.await;
    });
    Ok((client, socket))
}
