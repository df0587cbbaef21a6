//! What a Postgres client sees over the wire: both protocols, errors, limits, and that a statement can be stopped.

mod activity;
mod attacks;
mod captures;
mod copy;
mod extended;
mod keys;
mod limits;
mod login;
mod metrics;
mod notices;
mod references;
mod scripts;
mod sequences;
mod simple;
mod stopping;
mod tls;
mod transactions;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use journeydb::Database;
use journeydb::server::{Options, Server};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A server of an empty database; it shuts down when told to.
struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Served {
    async fn start() -> Self {
        Self::with_connections(20).await
    }

    async fn with_connections(most: usize) -> Self {
        Self::configured(&[("max_connections", &most.to_string())]).await
    }

    async fn configured(settings: &[(&str, &str)]) -> Self {
        let database = Database::in_memory().await.unwrap();
        for (name, value) in settings {
            database.configure(name, value).unwrap();
        }
        Self::serve(database, Options::default()).await
    }

    async fn serve(database: Database, options: Options) -> Self {
        let server = Server::bind(database, Options { listen: "127.0.0.1:0".to_owned(), ..options }).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        Self { address, stop, ended }
    }

    async fn connect(&self) -> Client {
        self.connect_with("").await.unwrap()
    }

    async fn connect_with(&self, parameters: &str) -> Result<Client, tokio_postgres::Error> {
        let config = format!("host=127.0.0.1 port={} user=tester {parameters}", self.address.port());
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Asks for shutdown and waits for its end.
    async fn shut_down(self) {
        let _ = self.stop.send(());
        self.ended.await.unwrap();
    }
}

/// The rows of a simple query as text, NULL as `~`; columns by comma, rows by semicolon, results by bar.
async fn rows(client: &Client, sql: &str) -> Result<String, tokio_postgres::Error> {
    let mut results = Vec::new();
    let mut current = Vec::new();
    for message in client.simple_query(sql).await? {
        match message {
            SimpleQueryMessage::Row(row) => {
                let cells: Vec<_> = (0..row.len()).map(|at| row.get(at).unwrap_or("~")).collect();
                current.push(cells.join(","));
            }
            SimpleQueryMessage::CommandComplete(_) => results.push(std::mem::take(&mut current).join(";")),
            _ => {}
        }
    }
    Ok(results.join("|"))
}

/// The SQLSTATE of an error.
fn state(error: &tokio_postgres::Error) -> &str {
    error.code().map_or("none", |state| state.code())
}

/// The result of something that must not take long.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it ends in time")
}
