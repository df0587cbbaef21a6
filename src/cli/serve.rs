//! `journeydb serve`: the database for every Postgres client.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use journeydb::server::{Options, Server};
use journeydb::{Database, Result};

use super::exit::Exit;
use super::output::say;
use super::target::{DEFAULT_FOLDER, open};

/// Serve a database to Postgres clients
///
/// Clients connect without a password, so only addresses of this machine are listened on. SQL can read and write no file
/// of the server but the database's own. Ctrl-C or SIGTERM lets running statements finish for a few seconds, then ends.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  journeydb serve
  journeydb serve --data /srv/journeys --listen 127.0.0.1:6000")]
pub struct Serve {
    /// Folder of the database; it is made where it is missing
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    data: PathBuf,

    #[command(flatten)]
    listen: Listen,
}

/// `--listen`.
#[derive(Debug, Args)]
pub struct Listen {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5433")]
    listen: String,
}

/// Runs the command.
pub async fn run(command: Serve) -> Result<Exit> {
    let database = open(&command.data).await?;
    let server = command.listen.bind(database).await?;
    say(format_args!("serving {}; connect with", command.data.display()));
    say(format_args!("    {}", psql(server.local_addr())));
    server.run(interrupted()).await;
    Ok(Exit::Success)
}

impl Listen {
    /// Listens for clients of a database.
    pub async fn bind(&self, database: Database) -> Result<Server> {
        Server::bind(database, Options { listen: self.listen.clone(), ..Options::default() }).await
    }
}

/// The command that connects to a server.
pub fn psql(address: SocketAddr) -> String {
    format!("psql -h {} -p {} journeydb", address.ip(), address.port())
}

/// Resolves when the process is asked to end.
pub async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    tokio::signal::ctrl_c().await.ok();
}
