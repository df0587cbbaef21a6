//! `journeydb serve`: the database for every Postgres client.

use std::path::{Path, PathBuf};

use clap::Args;

use journeydb::server::{Certificate, Options, Server};
use journeydb::{Database, Result};

use super::exit::Exit;
use super::logging::Logging;
use super::memory::Memory;
use super::output::say;
use super::target::DEFAULT_FOLDER;

/// Serve a database to Postgres clients
///
/// As long as the database has no users, clients connect without a password, and only addresses of this machine are listened
/// on; `journeydb user add` makes one. Beyond this machine, connections are encrypted: `journeydb cert` makes a certificate.
/// SQL can read and write no file of the server but the database's own. Ctrl-C or SIGTERM lets running statements finish for
/// a few seconds, then ends.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  journeydb serve
  journeydb serve --data /srv/journeys --listen 127.0.0.1:6000
  journeydb serve -c max_connections=200 -c statement_timeout=5min
  journeydb serve --metrics 127.0.0.1:9187 --log-format json -c log_min_duration_statement=1s
  journeydb serve --data /srv/journeys --listen 0.0.0.0:5433 --tls-cert server.crt --tls-key server.key")]
pub struct Serve {
    /// Folder of the database; it is made where it is missing
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    data: PathBuf,

    #[command(flatten)]
    listen: Listen,

    #[command(flatten)]
    memory: Memory,

    /// A setting for the server and all sessions, as in statement_timeout=5min; SHOW ALL lists them; may be repeated
    #[arg(short = 'c', long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    settings: Vec<(String, String)>,

    #[command(flatten)]
    pub logging: Logging,
}

/// Where clients connect, and how they are kept apart from others.
#[derive(Debug, Args)]
pub struct Listen {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5433")]
    listen: String,

    /// Certificate to encrypt connections with, PEM, followed by those that vouch for it
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// Key of the certificate, PEM, readable by nobody else
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Refuse connections that are not encrypted, on this machine too
    #[arg(long, requires = "tls_cert")]
    tls_required: bool,

    /// Listen beyond this machine without users, without a certificate, or for connections that are not encrypted
    #[arg(long)]
    insecure: bool,

    /// Address that answers GET /metrics for Prometheus and GET /healthz, as in 127.0.0.1:9187; of this machine, since it asks
    /// for no password
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,
}

/// Queries to begin with, in the order of the KPI layers.
const FIRST_QUERIES: [&str; 3] = [
    "SELECT track, state, velocity, ci_low, ci_high FROM velocity ORDER BY track, state;",
    "SELECT experiment, arm, clv_lift, ci_low, ci_high, p_value FROM clv_lift;",
    "SELECT account_id, ppp FROM ppp_account ORDER BY ppp DESC LIMIT 5;",
];

/// Runs the command.
pub async fn run(command: Serve) -> Result<Exit> {
    let database = Database::open(&command.data).await?;
    command.memory.apply(&database);
    for (name, value) in &command.settings {
        database.configure(name, value)?;
    }
    let server = command.listen.bind(database.clone()).await?;
    serve(server, &database, &command.data).await?;
    Ok(Exit::Success)
}

/// Says how to connect and what to ask, and serves until the process is asked to end.
pub async fn serve(server: Server, database: &Database, folder: &Path) -> Result<()> {
    let address = server.local_addr();
    // Before anybody learns where to connect, and that there is something to end.
    let interrupted = interrupted();
    database.announce(&format!("postgres://{address}/journeydb"))?;
    if !server.asks_for_passwords() {
        say("the database has no users yet: whoever connects owns it, without a password");
    }
    say(format_args!("serving {}; connect with", folder.display()));
    let user = if server.asks_for_passwords() { "-U USER " } else { "" };
    say(format_args!("    psql -h {} -p {} {user}journeydb", address.ip(), address.port()));
    if let Some(metrics) = server.metrics_addr() {
        say(format_args!("metrics are at http://{metrics}/metrics"));
    }
    say("and ask, for a start,");
    FIRST_QUERIES.iter().for_each(|query| say(format_args!("    {query}")));
    tokio::select! {
        () = server.run(interrupted) => {}
        () = reload_on_hangup(database) => {}
    }
    Ok(())
}

impl Listen {
    /// Listens for clients of a database.
    pub async fn bind(&self, database: Database) -> Result<Server> {
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        let options = Options {
            listen: self.listen.clone(),
            certificate: files.map(|(certificate, key)| Certificate { certificate, key }),
            tls_required: self.tls_required,
            insecure: self.insecure,
            metrics: self.metrics.clone(),
        };
        Server::bind(database, options).await
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is no setting: write it as name=value"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Resolves when the process is asked to end, from the moment of this call on.
fn interrupted() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async move {
        #[cfg(unix)]
        if let Ok(mut terminated) = terminated {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
        tokio::signal::ctrl_c().await.ok();
    }
}

/// A SIGHUP has the certificate read anew, as in Postgres.
async fn reload_on_hangup(database: &Database) {
    #[cfg(unix)]
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
        Ok(mut hangup) => {
            while hangup.recv().await.is_some() {
                database.reload();
            }
        }
        Err(error) => tracing::warn!(%error, "SIGHUP will not have the certificate read anew"),
    }
    std::future::pending().await
}
