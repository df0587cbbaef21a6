//! Binds, accepts, caps the connections, and shuts down.

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, lookup_host};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection::{Limits, Shared, serve};
use super::endpoint::expose;
use super::interrupt::Shutdown;
use super::metrics::Metrics;
use super::places::{Openings, Places};
use super::tls::Tls;
use crate::database::Database;
use crate::error::{Error, Result, SqlState};

/// How long running statements may go on after shutdown was asked for.
const GRACE: Duration = Duration::from_secs(5);

/// How long stopped statements may take to end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The pause after an accept that failed: out of descriptors, it would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a server listens.
#[derive(Debug, Clone)]
pub struct Options {
    /// Host and port; port 0 takes a free one. Beyond this machine only where the database has users and connections are
    /// encrypted, unless `insecure`.
    pub listen: String,
    /// What connections are encrypted with; without it they are not.
    pub certificate: Option<Certificate>,
    /// Refuse connections that are not encrypted. Beyond this machine they are refused anyway, unless `insecure`.
    pub tls_required: bool,
    /// Let anybody in who reaches the address, and read what they send: for networks that are trusted as they are.
    pub insecure: bool,
    /// Host and port that answer `GET /metrics` for Prometheus and `GET /healthz`, without a password and not encrypted: an
    /// address of this machine, unless `insecure`.
    pub metrics: Option<String>,
}

/// The files of a certificate and its key, PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, followed by those that vouch for it.
    pub certificate: PathBuf,
    /// Its key, which nobody but its owner may read.
    pub key: PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:5433".to_owned(),
            certificate: None,
            tls_required: false,
            insecure: false,
            metrics: None,
        }
    }
}

/// A database served over the Postgres wire protocol.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    database: Database,
    tls: Option<Tls>,
    tls_required: bool,
    metrics: Option<TcpListener>,
}

impl Server {
    /// Listens, but accepts nobody before [`Server::run`]. Errors: an address that is none or in use, a certificate that
    /// can't be used (F0000), 42501 for an address beyond this machine without what [`Options::listen`] asks for.
    pub async fn bind(database: Database, options: Options) -> Result<Self> {
        let addresses = addresses(&options.listen).await?;
        let tls = options.certificate.as_ref().map(Tls::load).transpose()?;
        let open = beyond_this_machine(&addresses);
        if let Some(open) = open.filter(|_| !options.insecure) {
            refuse_unprotected(open, database.roles().have_users(), tls.is_some())?;
        }
        if options.tls_required && tls.is_none() {
            let error = Error::new(SqlState::ConfigFileError, "TLS is required, but there is no certificate");
            return Err(error.with_hint("give --tls-cert and --tls-key"));
        }
        let tls_required = options.tls_required || (open.is_some() && !options.insecure);
        let listener = listen(&options.listen, &addresses).await?;
        let address = listener.local_addr()?;
        let metrics = match &options.metrics {
            Some(place) => Some(listen_for_metrics(place, options.insecure).await?),
            None => None,
        };
        Ok(Self { listener, address, database, tls, tls_required, metrics })
    }

    /// Whether whoever connects needs a password.
    pub fn asks_for_passwords(&self) -> bool {
        self.database.roles().have_users()
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where it tells its metrics, if it does.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref()?.local_addr().ok()
    }

    /// Serves until `shutdown` resolves: then idle connections end at once and running statements have five seconds.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let (stage, stages) = watch::channel(Shutdown::No);
        let settings = self.database.settings();
        let shared = Shared {
            places: Arc::new(Places::new(&settings)),
            openings: Arc::new(Openings::new(&settings)),
            limits: Limits::new(&settings),
            database: self.database,
            shutdown: stages,
            tls: self.tls,
            tls_required: self.tls_required,
            delays: Arc::default(),
            metrics: Arc::new(Metrics::new()),
        };
        let mut exposing = JoinSet::new();
        if let Some(listener) = self.metrics {
            exposing.spawn(expose(listener, shared.metrics.clone(), shared.database.clone()));
        }
        let mut connections = JoinSet::new();
        let mut reloads = shared.database.activity().reloads();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((socket, _)) => {
                        shared.metrics.accepted();
                        connections.spawn(serve(socket, shared.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Ok(()) = reloads.changed() => reload(shared.tls.as_ref()),
                Some(_) = connections.join_next() => {}
            }
        }
        drop(self.listener);
        tracing::info!(connections = connections.len(), "shutting down");
        for (next, patience) in [(Shutdown::Draining, GRACE), (Shutdown::Now, LAST_WORDS)] {
            stage.send_replace(next);
            let drained = async { while connections.join_next().await.is_some() {} };
            if timeout(patience, drained).await.is_ok() {
                return;
            }
        }
        connections.shutdown().await;
    }
}

/// Shows the certificate that lies in its file now to those who connect from here on.
fn reload(tls: Option<&Tls>) {
    match tls.map_or(Ok(()), Tls::reload) {
        Ok(()) => tracing::info!("configuration read anew"),
        Err(error) => tracing::warn!(%error, "the certificate stays as it was"),
    }
}

/// The addresses of a host and port.
async fn addresses(place: &str) -> Result<Vec<SocketAddr>> {
    match lookup_host(place).await {
        Ok(addresses) => Ok(addresses.collect()),
        Err(_) => {
            let message = format!("cannot listen on \"{place}\": not an address");
            let error = Error::new(SqlState::InvalidParameterValue, message);
            Err(error.with_hint("use host:port, such as 127.0.0.1:5433"))
        }
    }
}

fn beyond_this_machine(addresses: &[SocketAddr]) -> Option<&SocketAddr> {
    addresses.iter().find(|address| !address.ip().is_loopback())
}

async fn listen(place: &str, addresses: &[SocketAddr]) -> Result<TcpListener> {
    TcpListener::bind(addresses).await.map_err(|error| refused(place, &error))
}

/// Metrics are told without a password and not encrypted.
async fn listen_for_metrics(place: &str, insecure: bool) -> Result<TcpListener> {
    let addresses = addresses(place).await?;
    if let Some(open) = beyond_this_machine(&addresses).filter(|_| !insecure) {
        let message = format!("cannot tell metrics on {open}: other machines could read them without a password");
        let error = Error::new(SqlState::InsufficientPrivilege, message);
        return Err(error.with_hint("use a loopback address, such as 127.0.0.1:9187"));
    }
    listen(place, &addresses).await
}

/// Whoever reaches an address beyond this machine must need a password, and nobody in between may read along.
fn refuse_unprotected(open: &SocketAddr, users: bool, tls: bool) -> Result<()> {
    let (reason, hint) = match (users, tls) {
        (true, true) => return Ok(()),
        (false, _) => ("other machines could connect without a password", "make a user with `journeydb user add`"),
        (true, false) => ("what clients send could be read on the way", "give --tls-cert and --tls-key"),
    };
    let error = Error::new(SqlState::InsufficientPrivilege, format!("cannot listen on {open}: {reason}"));
    Err(error.with_hint(format!("{hint}, or listen on a loopback address such as 127.0.0.1:5433")))
}

fn refused(listen: &str, error: &std::io::Error) -> Error {
    let (reason, hint) = match error.kind() {
        ErrorKind::AddrInUse => ("the port is in use", "stop what uses it, or listen on another port"),
        ErrorKind::PermissionDenied => ("the port needs privileges", "listen on a port above 1023"),
        ErrorKind::AddrNotAvailable => ("this machine has no such address", "use 127.0.0.1:5433"),
        _ => return Error::new(SqlState::IoError, format!("cannot listen on {listen}: {error}")),
    };
    Error::new(SqlState::IoError, format!("cannot listen on {listen}: {reason}")).with_hint(hint)
}
