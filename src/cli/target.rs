//! Where a command finds the database: a folder it opens itself, or a server that has it open.

use std::path::{Path, PathBuf};

use clap::Args;
use tokio_postgres::Client;
use tokio_postgres::config::{Host, SslMode};

use journeydb::{Database, Error, Result, Session, SqlState};

use super::tls::Encryption;

/// The folder of the database, where none is given.
pub const DEFAULT_FOLDER: &str = "journeydb-data";

/// `--data` or `--url`.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Folder of the database; it is made where it is missing
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    data: PathBuf,

    /// Go through a running server, as in postgres://127.0.0.1:5433/journeydb
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    url: Option<String>,

    /// Encrypt, and trust servers with these certificates alone, PEM; without it any certificate will do
    #[arg(long, value_name = "FILE", requires = "url")]
    tls_ca: Option<PathBuf>,
}

/// A session to run statements in.
pub enum Connection {
    /// In this process.
    Embedded(Session),
    /// On a server.
    Remote(Client),
}

impl Target {
    /// Opens the folder or connects to the server.
    pub async fn connect(&self) -> Result<Connection> {
        match &self.url {
            Some(url) => Ok(Connection::Remote(connect(url, self.tls_ca.as_deref()).await?)),
            None => Ok(Connection::Embedded(Database::open(&self.data).await?.session())),
        }
    }
}

async fn connect(url: &str, trusted: Option<&Path>) -> Result<Client> {
    let mut config: tokio_postgres::Config = url.parse().map_err(|error| {
        Error::new(SqlState::InvalidParameterValue, format!("--url: {}", causes(&error)))
            .with_hint("write it as postgres://127.0.0.1:5433/journeydb")
    })?;
    if config.get_user().is_none() {
        config.user("journeydb");
    }
    if let (None, Ok(password)) = (config.get_password(), std::env::var("PGPASSWORD")) {
        config.password(password);
    }
    if trusted.is_some() {
        config.ssl_mode(SslMode::Require);
    }
    let (client, connection) = config.connect(Encryption::new(trusted)?).await.map_err(|error| {
        if error.as_db_error().is_some() {
            return remote(&error);
        }
        Error::new(SqlState::CannotConnectNow, format!("can't connect to {}: {}", place(&config), causes(&error)))
            .with_hint("start the server with journeydb serve, and give the address that it prints")
    })?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("connection closed: {error}");
        }
    });
    Ok(client)
}

/// Where a server is: its URL may hold a password.
fn place(config: &tokio_postgres::Config) -> String {
    let host = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    };
    let hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
    let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
    format!("postgres://{}:{}/{}", hosts.join(","), ports.join(","), config.get_dbname().unwrap_or_default())
}

/// An error that a server answered with, or that befell the connection to it.
pub fn remote(error: &tokio_postgres::Error) -> Error {
    let Some(answer) = error.as_db_error() else {
        return Error::new(SqlState::IoError, format!("the server does not answer: {}", causes(error)));
    };
    let state = SqlState::from_code(answer.code().code()).unwrap_or(SqlState::InternalError);
    let error = Error::new(state, answer.message());
    let error = match answer.where_() {
        Some(context) => error.with_context(context),
        None => error,
    };
    match answer.hint() {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// An error with the causes that its own message leaves out, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}
